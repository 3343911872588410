"""List what deals say though their invoices stand, for those who look after all of them. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.report.naming import in_organisation
from ledgerloop.rules.remarks import differs, for_people
from ledgerloop.rules.standing import GONE
from ledgerloop.store import intents, mirror
from ledgerloop.subjects import Subject


@dataclass(frozen=True, slots=True)
class Told:
    """What one deal says, in whole sentences."""

    portal: str
    deal: str
    name: str
    """What the deal is called, where that is known."""
    invoice: str
    """The number of its invoice."""
    where: str
    """In which organisation that is, in words; nothing where there is one alone."""
    sentence: str
    differs: bool
    """Whether the deal and its invoice say different things."""

    @property
    def subject(self) -> Subject:
        """Return what the journal calls the deal."""
        return subjects.deal(self.deal)


def told_on_deals(tx: Connection, held: Collection[Subject]) -> list[Told]:
    """List the deals that say something of their invoices that somebody may want to put right, the oldest first.

    What a ``held`` deal is held for stands among the holds, and of an invoice that is gone nothing else is told.
    """
    noted = intents.noted(tx)
    gone: set[str] = set()
    where = {organisation: in_organisation(tx, organisation) for organisation in {one.organisation for one in noted}}
    for organisation in where:
        ids = [one.invoice for one in noted if one.organisation == organisation]
        gone |= {key for key, one in mirror.receivables(tx, organisation, ids).items() if one.status in GONE}
    listed = []
    for one in noted:
        sentence = for_people(one.note, one.deal, held=subjects.deal(one.deal) in held)
        if sentence and one.invoice not in gone:
            named = (one.deal_name, one.number, where[one.organisation])
            listed.append(Told(one.portal, one.deal, *named, sentence, differs(one.note)))
    return listed
