"""Say which organisation a deal is invoiced in, and with what terms. Does no I/O.

Routes are looked at in their order, and the first whose conditions a deal meets wins. No route is a hold, and so is a
route whose organisation is not connected: the next one would invoice in the wrong organisation. A deal that is not won
meets only a route that names its stage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledgerloop.records import Hold, Organisation


@dataclass(frozen=True, slots=True)
class Terms:
    """How a deal's invoice is made. The settings say what each means."""

    status: str = "DRAFT"
    """DRAFT, SUBMITTED or AUTHORISED: what Xero is asked to make."""
    account_code: str = "200"
    account_property: str = ""
    """The line items' property whose value chooses the account."""
    accounts: tuple[tuple[str, str], ...] = ()
    """Account codes by the values of that property; a value that is not here is an account code itself."""
    tax_type: str = ""
    """Empty leaves the choice to the account's default tax in Xero."""
    tax: tuple[tuple[str, str], ...] = ()
    """TaxTypes by HubSpot's tax rates: by percentage, or by label."""
    line_amount_types: str = "Exclusive"
    due_days: int = 30
    due_date_property: str = ""
    due_terms: str = "route"
    """``xero`` takes the customer's payment terms in Xero before the route's days."""
    branding_theme: str = ""
    reference: str = "{marker}"
    number: str = ""
    """Empty leaves the invoice's number to Xero."""
    tracking: tuple[tuple[str, str], ...] = ()
    """Options by tracking category."""
    tracking_properties: tuple[tuple[str, str], ...] = ()
    """Line items' properties whose values are the options, by tracking category."""
    email: bool = False
    billing_label: str = ""
    """What people label the contact with that receives the invoices."""
    online_invoice: bool = False
    no_lines: str = "hold"
    recurring: str = "hold"
    """What becomes of lines that are billed again and again: a hold, or ``first`` bills their first period."""
    rounding: str = "report"
    rounding_account: str = ""
    edits: str = "update"
    paid_stage: str = ""
    approval: bool = False


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a deal must have for a route; an empty condition is met by every deal."""

    pipeline: str = ""
    stage: str = ""
    currency: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    """Values by deal property."""
    country: str = ""
    """Of the deal's company, as it stands there."""
    owner: str = ""
    """The email of the deal's owner."""


@dataclass(frozen=True, slots=True)
class Route:
    """Which organisation, and with what terms. ``organisation`` may stay empty while only one is connected."""

    organisation: str = ""
    terms: Terms = Terms()
    conditions: Conditions = Conditions()
    name: str = "[route]"
    """What people find it by in the settings."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a route may ask of a deal beyond its own properties."""

    currency: str = ""
    """The deal's, or the portal's where the deal has none."""
    country: str = ""
    owner: str = ""


def route_for(
    deal: Mapping[str, str | None],
    routes: Sequence[Route],
    organisations: Sequence[Organisation],
    facts: Facts | None = None,
    *,
    won: bool = True,
    chosen: str = "",
    ended: Sequence[Organisation] = (),
) -> tuple[Organisation, Terms] | Hold | None:
    """Return the organisation and terms for a deal: the first route that fits wins, and no fit is a hold.

    ``organisations`` are the connected ones, ``ended`` those that a person has disconnected, and ``chosen`` is the id
    of the one that a person chose for routes that name none. None is for a deal that is not ``won`` and has no route of
    its stage.
    """
    if not won:
        routes = [one for one in routes if one.conditions.stage]
        if not any(_meets(deal, facts or Facts(), one.conditions) for one in routes):
            return None
    if not organisations and not ended:
        return Hold(
            ("No Xero organisation is connected. Connect one in the console, and this deal goes on by itself.",)
        )
    route = next((one for one in routes if _meets(deal, facts or Facts(), one.conditions)), None)
    if route is None:
        return Hold(("No route fits this deal. Add one for it under [[routes]], or a last one without conditions.",))
    gone = _disconnected(route, organisations, ended, chosen)
    if gone is not None:
        cures = ["Choose another with `ledgerloop connect choose` to have every such deal invoiced there instead."]
        return Hold(
            (
                f"{gone.name}, in which this deal is to be invoiced, is disconnected. Connect it again with `ledgerloop"
                " connect xero` or in the console, and this deal goes on by itself.",
                *(cures if organisations and not route.organisation else ()),
            )
        )
    fitting = _fitting(route, organisations, chosen)
    if len(fitting) == 1:
        return fitting[0], route.terms
    if fitting:
        names = ", ".join(f"{one.name}: {one.id}" for one in sorted(fitting, key=lambda one: (one.name, one.id)))
        if route.organisation:
            return Hold(
                (
                    f"Several Xero organisations fit this deal ({names}), and none is chosen. Write the right one's id"
                    f" at `organisation` under {route.name}.",
                )
            )
        return Hold(
            (
                f"Several Xero organisations fit this deal ({names}), and none is chosen. Choose one in the console, or"
                f" with `ledgerloop connect choose`; or write its id at `organisation` under {route.name}.",
            )
        )
    if not route.organisation:
        return Hold(
            (
                "Every Xero organisation is disconnected. Connect one again with `ledgerloop connect xero` or in the"
                " console, and this deal goes on by itself.",
            )
        )
    return Hold(
        (
            f"No route fits this deal: “{route.organisation}”, named at `organisation` under {route.name}, is not"
            f" connected. Connect it, or correct what is written there; connected: {_names(organisations)}.",
        )
    )


def leading_nowhere(routes: Sequence[Route], known: Sequence[Organisation]) -> list[str]:
    """Say which routes name an organisation that is none of those ``known``, disconnected ones among them."""
    return [
        f"{one.name} names “{one.organisation}” at `organisation`, which is not connected, so its won deals are held."
        f" Connect it, or correct what is written there; known: {_names(known)}."
        for one in routes
        if one.organisation and not _fitting(one, known, "")
    ]


def _names(organisations: Sequence[Organisation]) -> str:
    return ", ".join(sorted(one.name for one in organisations)) or "none"


def leaves_open(routes: Sequence[Route]) -> bool:
    """Tell whether any route leaves the organisation to whoever chooses one."""
    return any(not one.organisation for one in routes)


def home_of_open(routes: Sequence[Route], organisations: Sequence[Organisation], chosen: str) -> Organisation | None:
    """Return the organisation in which deals are invoiced whose route names none; None where nobody can say."""
    fitting = next((_fitting(one, organisations, chosen) for one in routes if not one.organisation), [])
    return fitting[0] if len(fitting) == 1 else None


def leading_to(routes: Sequence[Route], organisation: Organisation, home: Organisation | None) -> list[str]:
    """Name the routes that lead to an organisation, where ``home`` is that of the routes which name none."""
    named = (organisation.id, organisation.name)
    return [one.name for one in routes if one.organisation in named or (not one.organisation and home == organisation)]


def undecided(
    routes: Sequence[Route],
    organisations: Sequence[Organisation],
    chosen: str,
    ended: Sequence[Organisation] = (),
) -> str:
    """Say that deals wait because nobody has chosen an organisation for them; nothing where none does.

    Several are connected and none is chosen; or the one that was is among those ``ended``, and others are connected.
    """
    gone = next((one for one in ended if one.id == chosen), None)
    if gone is not None and organisations:
        waiting = [one.name for one in routes if not one.organisation]
        return (
            f"{gone.name}, in which deals are invoiced whose route names no organisation, is disconnected, so every won"
            f" deal of {', '.join(waiting)} waits."
            if waiting
            else ""
        )
    open_ = [one.name for one in routes if not one.organisation and len(_fitting(one, organisations, chosen)) > 1]
    if not open_:
        return ""
    names = ", ".join(sorted(one.name for one in organisations))
    return (
        f"Several Xero organisations are connected ({names}), and none is chosen in which deals are invoiced, so every"
        f" won deal of {', '.join(open_)} waits."
    )


def _disconnected(
    route: Route, organisations: Sequence[Organisation], ended: Sequence[Organisation], chosen: str
) -> Organisation | None:
    """Return the organisation that a route leads to where a person has disconnected it."""
    if route.organisation:
        if _fitting(route, organisations, chosen):
            return None
        return next((one for one in ended if route.organisation in (one.id, one.name)), None)
    only = ended[0] if len(ended) == 1 and not organisations else None
    return next((one for one in ended if one.id == chosen), only)


def _fitting(route: Route, organisations: Sequence[Organisation], chosen: str) -> list[Organisation]:
    """List the organisations that a route may mean: by id or name, else the chosen one, else all of them."""
    if route.organisation:
        return [one for one in organisations if route.organisation in (one.id, one.name)]
    return [one for one in organisations if one.id == chosen] or list(organisations)


def _meets(deal: Mapping[str, str | None], facts: Facts, wanted: Conditions) -> bool:
    """Compare condition by condition: ids to the letter, what people write without case and outer space."""
    asked = (
        (wanted.currency, facts.currency),
        (wanted.country, facts.country),
        (wanted.owner, facts.owner),
        *((value, deal.get(name) or "") for name, value in wanted.properties),
    )
    return (
        wanted.pipeline in ("", deal.get("pipeline"))
        and wanted.stage in ("", deal.get("dealstage"))
        and all(not value or value.strip().casefold() == given.strip().casefold() for value, given in asked)
    )
