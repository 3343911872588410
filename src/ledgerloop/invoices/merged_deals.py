"""Follow deals that were merged in HubSpot: an invoice goes to the deal that survives. Called inside a step.

Where both deals have one, neither is given up: the survivor tells of both, and a person says what becomes of them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.records import Intent, Link
from ledgerloop.rules.standing import GONE
from ledgerloop.store import connections, intents, journal, last_written, links, mirror

MERGED_IDS = "hs_merged_object_ids"


@dataclass(slots=True)
class Merged:
    """What became of the invoices of deals that were merged, by the deals that survive."""

    moved: dict[str, str] = field(default_factory=dict)
    """Why the survivor has an invoice now."""
    twice: dict[str, Intent] = field(default_factory=dict)
    """The other invoice of a survivor that has one of its own."""


def follow(portal: str, deals: Collection[Record]) -> Merged:
    """Give the survivors among these deals the invoices of the deals that were merged into them."""
    at = parts()
    survivor_of = _survivors(portal, deals)
    merged = Merged()
    if not survivor_of:
        return merged
    with at.database.transaction() as tx:
        intents.settling(tx, portal)
        known = intents.get(tx, portal, [*survivor_of, *survivor_of.values()])
        for old, survivor in survivor_of.items():
            theirs, ours = known.get(old), known.get(survivor)
            if theirs is None:
                continue
            if not _left(theirs):
                intents.remove(tx, portal, old)  # the survivor is decided by itself, with the lines of both
            elif ours is None or not _left(ours) or (_is_gone(tx, ours) and not _is_gone(tx, theirs)):
                _move(tx, theirs, survivor)
                known[survivor] = replace(theirs, deal=survivor)
                number = theirs.number or "(not settled yet)"
                merged.moved[survivor] = f"HubSpot merged deal {old} into this one, and invoice {number} goes with it."
            elif not _is_gone(tx, theirs):
                merged.twice[survivor] = theirs
            journal.clear(tx, [subjects.deal(old)], at.now())
    return merged


def _survivors(portal: str, deals: Collection[Record]) -> dict[str, str]:
    """Return the survivors by the deals that were merged into them.

    HubSpot names the merged deals on the survivor. Where it made the survivor anew, the invoice that stands on it tells
    as well; but a copied deal names an invoice too, so the deal that has it is asked where it is now.
    """
    at = parts()
    named = {old: deal.id for deal in deals for old in _named(deal) if old != deal.id}
    shown = {invoice: deal.id for deal in deals if (invoice := deal.properties.get(_invoice_id()))}
    with at.database.reading() as tx:
        known = [
            one
            for organisation in connections.known_organisations(tx)
            for one in intents.by_invoice(tx, organisation.id, shown).values()
        ]
    asked = {one.deal: shown[one.invoice] for one in known if one.portal == portal}
    asked = {old: deal for old, deal in asked.items() if old != deal and old not in named}
    now = at.hubspot().read("deals", list(asked), ("dealstage",)) if asked else {}
    shows = {old: deal for old, deal in asked.items() if old in now and now[old].id == deal}
    return shows | named  # the one that the survivor shows comes first, and is its own from now on


def _move(tx: Connection, intent: Intent, survivor: str) -> None:
    """Let an invoice be the survivor's from now on; what the survivor shows is written anew."""
    now = parts().now()
    intents.move(tx, intent.portal, intent.deal, survivor)
    old = links.find(tx, intent.organisation, "deal", [intent.invoice]).get(intent.invoice) if intent.invoice else None
    if old is not None:
        links.move(tx, old, Link(intent.organisation, intent.invoice, "deal", survivor, "merged"), now)
    last_written.forget(tx, intent.portal, "deal", [intent.deal, survivor])


def _left(intent: Intent) -> bool:
    return intent.state in ("sent", "made")


def _is_gone(tx: Connection, intent: Intent) -> bool:
    invoice = mirror.receivables(tx, intent.organisation, [intent.invoice]).get(intent.invoice)
    return invoice is not None and invoice.status in GONE


def _named(deal: Record) -> list[str]:
    return [old for old in (deal.properties.get(MERGED_IDS) or "").split(";") if old]


def _invoice_id() -> str:
    return parts().names.get("xero_invoice_id", "xero_invoice_id")
