"""Tell which invoices bill a deal once more, beside the one that it shows, and word that. Does no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ledgerloop.records import Intent, Receivable
from ledgerloop.rules.edits import done_away
from ledgerloop.rules.standing import bills_nothing
from ledgerloop.rules.telling_apart import called


def doubles(intent: Intent, own: Receivable | None, marked: Iterable[Receivable]) -> list[Receivable]:
    """Return those invoices among the ``marked`` that bill the deal of an intent beside its ``own``.

    There is none where its own bills nothing: then the other takes its place.
    """
    if own is not None and bills_nothing(own):
        return []
    others = (one for one in marked if one.kind == "invoice" and one.mark == intent.marker and not bills_nothing(one))
    return [one for one in others if one.id != intent.invoice]


def double_told(intent: Intent, own: Receivable | None, other: Receivable, organisations: Mapping[str, str]) -> str:
    """Say that a deal has two invoices, and what ends that. Where they are in two organisations, these are named.

    ``organisations`` are their names by their ids.
    """
    shown = called(intent.number or intent.invoice, intent.organisation, other.organisation, organisations)
    second = called(other.number or other.id, other.organisation, intent.organisation, organisations)
    return (
        f"Deal {intent.deal} has two invoices in Xero: {shown}, which it shows, and {second} ({other.status},"
        f" {other.total} {other.currency}). {done_away(own).capitalize()} {shown} or {done_away(other)} {second},"
        f" whichever is wrong; if both are right, take {intent.marker} out of the reference of {second}."
    )
