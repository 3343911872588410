"""Tell what invoice a deal would become, or why it is held, and write nothing.

The way is that of the real work: the same decision, the same customer. It works on a copy of the database that forgets,
with clients that only read; a customer who would be created has no id yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from ledgerloop.hubspot.dry_run import Rehearsing
from ledgerloop.invoices import restored, unanswered
from ledgerloop.invoices.deals import Sale, sides
from ledgerloop.invoices.decide import Ready, decide
from ledgerloop.invoices.outbox import find_customers, remark
from ledgerloop.ledger.reference_data import books_of
from ledgerloop.parts import instead, parts
from ledgerloop.records import Hold, Organisation, Portal
from ledgerloop.rules.identity.wording import by
from ledgerloop.rules.totals import Totals, totals_of
from ledgerloop.store import intents, links, mirror
from ledgerloop.store.links import Kept
from ledgerloop.store.scratch import scratch
from ledgerloop.xero.client import Outcome, XeroClient
from ledgerloop.xero.models import Contact


@dataclass(frozen=True, slots=True)
class Quote:
    """What a deal would become: an invoice, or reasons why not."""

    deal: str
    organisation: str = ""
    customer: str = ""
    """The customer's name, and how it is known."""
    found: str = ""
    """On what evidence it was found, and beside which others."""
    invoice: Mapping[str, Any] = field(default_factory=dict)
    totals: Totals | None = None
    reasons: tuple[str, ...] = ()
    note: str = ""
    """What is to be known beside it: that the deal is not won yet, what of lines that recur is not billed, and whether
    nothing says who receives the invoice."""


EARLY = "The deal is not won yet; this is what would become of it if it were won now."


def quote(portal: Portal, deals: Sequence[str]) -> list[Quote]:
    """Rehearse deciding these deals, and tell of each what would become of it."""
    at = parts()
    with scratch(at.database) as copy:
        client = Rehearsing(at.hubspot())
        rehearsed = replace(
            at,
            database=copy,
            books_read={},
            hubspot=lambda: client,
            xero=lambda organisation: _Reading(at.xero(organisation).api.reading_only()),
            nudge=lambda: None,
        )
        with instead(rehearsed):
            return _quotes(portal, deals)


def _quotes(portal: Portal, deals: Sequence[str]) -> list[Quote]:
    at = parts()
    with at.database.reading() as tx:
        made = {deal: one for deal, one in intents.get(tx, portal.id, deals).items() if one.state in ("sent", "made")}
        sent = {deal: unanswered.told(tx, one) for deal, one in made.items() if one.state == "sent"}
    quotes = {
        deal: Quote(deal, reasons=(sent.get(deal) or f"Invoice {one.number} was made for this deal.",))
        for deal, one in made.items()
    }
    decided = decide(portal, [deal for deal in deals if deal not in made], early=True)
    quotes |= {
        deal: Quote(deal, reasons=(f"Invoice {one.number} stands in Xero with this deal's mark. It is followed.",))
        for deal, one in decided.standing.items()
    }
    verdicts = {deal: verdict for deal, verdict in decided.verdicts.items() if deal not in decided.standing}
    verdicts |= {deal: hold for deal, (hold, _) in restored.hold_back(verdicts).items()}
    payers = find_customers(verdicts, decided.troubles)
    decided.troubles.insist()
    for deal, verdict in verdicts.items():
        note = EARLY if deal in decided.early else ""
        if not isinstance(verdict, Ready):
            reasons = verdict.reasons if isinstance(verdict, Hold) else (verdict.reason,)
            quotes[deal] = Quote(deal, reasons=reasons, note=note)
            continue
        payer, organisation = payers[deal], verdict.organisation
        with at.database.reading() as tx:
            customer = mirror.customers(tx, organisation.id, [payer.id]).get(payer.id)
            linked = _linked(tx, organisation, verdict.sale) if payer.how == "link" else None
        quotes[deal] = Quote(
            deal,
            organisation=organisation.name,
            customer=f"{customer.name if customer else payer.id} ({payer.how})",
            found=payer.said or (_said(linked) if linked else by(payer.how)),
            invoice=verdict.draft.body,
            totals=totals_of(verdict.draft.body, books_of(organisation, ("accounts", "tax_rates"))),
            note=" ".join(filter(None, (note, verdict.draft.billed, remark(verdict.sale, payer)))),
        )
    return [quotes[deal] for deal in deals]


def _linked(tx: Connection, organisation: Organisation, sale: Sale) -> Kept | None:
    """Return the link of the record that pays."""
    kind, record = sides(sale)[0]
    link = links.find_by_hubspot(tx, organisation.id, kind, [record.id]).get(record.id)
    return (
        next((one for one in links.listed(tx, organisation.id, [link.xero_id]) if one.link == link), None)
        if link
        else None
    )


def _said(one: Kept) -> str:
    return f"Its {one.link.kind} {one.link.hubspot_id} is linked to it since {one.made_at:%Y-%m-%d}. {by(one.link.how)}"


class _Reading(XeroClient):
    """Read from Xero, and write nothing."""

    def create_contacts(self, contacts: Sequence[Mapping[str, Any]], key: str) -> list[Outcome[Contact]]:
        """Answer as if the contacts had been created."""
        return [
            Outcome(True, Contact.model_validate({**one, "ContactID": f"(new {place})"}))
            for place, one in enumerate(contacts, 1)
        ]
