"""Go the whole way of the real work with writes turned off, and tell what it would have written.

There is no second path: the flow works with other parts. Its clients may only read, which is made sure of where calls
leave, and answer some writes as if they had been made; its database is a copy that forgets. What would be written is
what the flow puts into that copy's journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ledgerloop import subjects
from ledgerloop.customers import company_index, drift, held, show
from ledgerloop.hubspot.dry_run import Rehearsing
from ledgerloop.invoices import write_back
from ledgerloop.ledger import pull
from ledgerloop.parts import instead, parts
from ledgerloop.records import Entry, Organisation
from ledgerloop.store import journal, provenance
from ledgerloop.store.db import Database
from ledgerloop.store.provenance import Provenance
from ledgerloop.store.scratch import scratch, take_lines
from ledgerloop.store.write_counts import Written

AT_ONCE = 200
"""Customers looked at together, here and where planned work is done: who shares an email shows only among these."""


def rehearse(organisation: Organisation, customers: Sequence[str], *, anew: bool = False) -> Iterator[list[Entry]]:
    """Rehearse showing these customers, and give the journal of some after the other.

    Where it is to be ``anew``, what is due is pulled first, and what HubSpot shows now is looked at.
    Holds are among the lines: they are what the work would ask a person.
    """
    at = parts()
    company_index.ready()
    with scratch(at.database) as forgetful:
        client = Rehearsing(at.hubspot())
        rehearsed = replace(
            at,
            database=forgetful,
            books_read={},
            hubspot=lambda: client,
            xero=lambda organisation_id: at.xero(organisation_id).reading_only(),
            nudge=lambda: None,
        )
        if anew:
            with instead(rehearsed):
                pull.pull(parts().xero(organisation.id), organisation.id, (), held.look_at_held)
        for start in range(0, len(customers), AT_ONCE):
            some = customers[start : start + AT_ONCE]
            with instead(rehearsed), provenance.bound(Provenance(organisation.id)):
                if anew:
                    drift.look_at(organisation, some)
                show.show_standings(organisation, some, write_back.show_invoices)
            lines = take_lines(forgetful)
            yield [*lines, *_still_asked(organisation, forgetful, some, lines)]


def _still_asked(
    organisation: Organisation, forgetful: Database, customers: Sequence[str], lines: Sequence[Entry]
) -> list[Entry]:
    """Return what was asked before about these customers and is asked still: the work finds nothing new in it."""
    told = {line.subject for line in lines if line.decision == "hold"}
    wanted = {subjects.customer(one) for one in customers} - told
    with forgetful.reading() as tx:
        holds = [one for one in journal.holds(tx) if one.lane == organisation.id and one.subject in wanted]
    return [
        Entry(
            at=one.since,
            lane=organisation.id,
            turn=0,
            subject=one.subject,
            decision="hold",
            rule="rules.identity",
            reason=" ".join(one.reasons),
        )
        for one in holds
    ]


def count(lines: Iterable[Entry]) -> Written:
    """Count the records that these lines would make and change."""
    decisions = [line.decision for line in lines]
    return Written(decisions.count("create"), decisions.count("update"))
