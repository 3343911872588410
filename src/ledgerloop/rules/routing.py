"""Say which organisation a deal is invoiced in, and with what terms. Does no I/O.

One route for now: the terms come from the [route] settings and hold for every deal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledgerloop.records import Hold, Organisation


@dataclass(frozen=True, slots=True)
class Terms:
    """How a deal's invoice is made."""

    status: str = "DRAFT"
    """DRAFT, SUBMITTED or AUTHORISED: what Xero is asked to make."""
    account_code: str = "200"
    tax_type: str = ""
    """Empty leaves the choice to the account's default tax in Xero."""
    line_amount_types: str = "Exclusive"
    due_days: int = 30


@dataclass(frozen=True, slots=True)
class Route:
    """Which organisation, and with what terms. ``organisation`` may stay empty while only one is connected."""

    organisation: str = ""
    terms: Terms = Terms()


def route_for(
    deal: Mapping[str, str | None], routes: Sequence[Route], organisations: Sequence[Organisation]
) -> tuple[Organisation, Terms] | Hold:
    """Return the organisation and terms for a deal: the first route that fits wins, and no fit is a hold.

    ``organisations`` are the connected ones. ``deal`` is not looked at yet; routes by pipeline, currency or owner are.
    """
    for route in routes:
        fitting = [one for one in organisations if route.organisation in ("", one.id, one.name)]
        if len(fitting) == 1:
            return fitting[0], route.terms
        if len(fitting) > 1:
            names = ", ".join(f"{one.name}: {one.id}" for one in sorted(fitting, key=lambda one: (one.name, one.id)))
            return Hold(
                (
                    f"Several Xero organisations fit this deal ({names}), and none is chosen. Write the right one's id"
                    " at `organisation` under [route].",
                )
            )
    if not organisations:
        return Hold(
            ("No Xero organisation is connected. Connect one in the console, and this deal goes on by itself.",)
        )
    return Hold(("No route fits this deal: the organisation named under [route] is not connected. Connect it.",))
