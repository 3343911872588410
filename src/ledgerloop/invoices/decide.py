"""Decide what becomes of deals: an invoice that is ready to be made, a hold, or nothing. Called inside a step.

Nothing is kept here but what was read of the organisations' books. Before a deal is held because of the books, they are
read anew: somebody may just have added what was missing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ledgerloop import subjects
from ledgerloop.hubspot.models import Record
from ledgerloop.invoices import existing, hubspot_billing, merged_deals, stranded
from ledgerloop.invoices.deals import Sale, entered, for_route, new_customer, read_deals, read_sales, won_before
from ledgerloop.invoices.deferrals import Troubles
from ledgerloop.invoices.payers import unknown
from ledgerloop.ledger.reference_data import books_of, ever_read
from ledgerloop.parts import parts
from ledgerloop.portal.facts import owners, route_stages, won_stages
from ledgerloop.records import Hold, Organisation, Portal, Receivable, Skip
from ledgerloop.rules.edits import asked_by_routes, basis_of
from ledgerloop.rules.invoices import Draft, currency_of, invoice_from_deal, is_won
from ledgerloop.rules.naming import named_already
from ledgerloop.rules.reference_data import Books, Kind, kinds_asked
from ledgerloop.rules.routing import Facts, Terms, route_for
from ledgerloop.rules.templates import free_number
from ledgerloop.store import connections, intents, mirror, rulings


@dataclass(frozen=True, slots=True)
class Ready:
    """A deal whose invoice can be made once its customer is known."""

    sale: Sale
    organisation: Organisation
    terms: Terms
    draft: Draft


NOT_WON = Skip("The deal is not won.")
Verdict = Ready | Hold | Skip
Routed = tuple[Organisation, Terms] | Hold | Skip


@dataclass(slots=True)
class Decided:
    """What becomes of each deal; and for those held because of the books or of an invoice, whose or which that is."""

    verdicts: dict[str, Verdict]
    causes: dict[str, str]
    names: Mapping[str, str] = field(default_factory=dict)
    """What people call the deals."""
    early: frozenset[str] = frozenset()
    """The deals that were decided though they are not won yet."""
    standing: Mapping[str, Receivable] = field(default_factory=dict)
    """The invoices that stand for some of the deals, though nobody here may know of them."""
    billed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Why HubSpot itself bills some of the deals."""
    troubles: Troubles = field(default_factory=Troubles)
    """Which organisations could not be asked; their deals have no verdict."""


def decide(portal: Portal, ids: Sequence[str], *, early: bool = False, settled: Collection[str] = ()) -> Decided:
    """read → route → draft, or every reason why not. ``early`` decides deals too that are not won yet, as if they were.

    Nobody invoices on that: it is for those who ask beforehand. For deals that a person says are ``settled`` the books
    are read anew however lately they were.
    """
    client = parts().hubspot()
    deals, standing, skips = _read(portal, ids)
    not_won = frozenset(deal for deal, skip in skips.items() if early and skip == NOT_WON)
    skips = {deal: skip for deal, skip in skips.items() if deal not in not_won}
    merged = merged_deals.follow(portal.id, list(deals.values()))
    skips |= {deal: Skip(why) for deal, why in merged.moved.items()}
    names = {key: name for key, deal in deals.items() if (name := deal.properties.get("dealname"))}
    standing = {deal: one for deal, one in standing.items() if deal not in merged.moved}
    causes = {deal: _named_by(deals[deal]) for deal, why in skips.items() if isinstance(why, Hold)}
    decided = Decided(dict(skips), causes, names, not_won, standing)
    sales = read_sales(client, portal.id, [deals[deal] for deal in ids if deal not in decided.verdicts])
    stages = frozenset(won_stages(portal.id))
    decided.billed = hubspot_billing.billed_by_hubspot(portal.id, [sale.deal.id for sale in sales])
    won = not_won | {sale.deal.id for sale in sales if is_won(sale.deal, stages)}
    for organisation, mine in by_home(decided, route(portal, sales, won), sales):
        with decided.troubles.apart(organisation.id, [sale.deal.id for sale, _ in mine]):
            _decide_for(portal, organisation, mine, decided, settled)
    return stranded.without_second(decided)


def _read(
    portal: Portal, ids: Sequence[str]
) -> tuple[dict[str, Record], dict[str, Receivable], dict[str, Hold | Skip]]:
    """Read deals, find the invoices that stand for them, and say which of them need no decision."""
    with parts().database.reading() as tx:
        connected = connections.get(tx, "hubspot", portal.id)
        said = rulings.get(tx, portal.id, [rulings.another_of(deal) for deal in ids])
    stages = sorted({*won_stages(portal.id), *route_stages()})
    deals = read_deals(parts().hubspot(), ids, [invoice_id(), *map(entered, stages)])
    since = connected.since if connected is not None else None
    standing = existing.standing_for(portal, deals, invoice_id())
    named = _naming(deals, standing)
    ours = {deal for deal in ids if deal in standing or rulings.another_of(deal) in said}
    skips = {
        deal: why
        for deal in ids
        if (why := _not_ours(deals.get(deal), stages, None if deal in ours else since, named.get(deal)))
    }
    return deals, standing, skips


def _naming(deals: Mapping[str, Record], standing: Collection[str]) -> dict[str, Hold]:
    """Say of the deals that name an invoice without one standing for them what became of it, as far as we know."""
    named = {
        deal: text for deal, one in deals.items() if deal not in standing and (text := one.properties.get(invoice_id()))
    }
    known: dict[str, Receivable] = {}
    owners: dict[str, str] = {}
    with parts().database.reading() as tx:
        for organisation in connections.known_organisations(tx) if named else ():
            known |= mirror.receivables(tx, organisation.id, set(named.values()))
            made = intents.by_invoice(tx, organisation.id, set(named.values()))
            owners |= {invoice: one.deal for invoice, one in made.items()}
    return {deal: named_already(deal, one, known.get(one), owners.get(one, "")) for deal, one in named.items()}


def _named_by(deal: Record) -> str:
    """Name the invoice that a deal names, so that news of it has the deal decided anew."""
    return subjects.invoice(deal.properties.get(invoice_id()) or "")


def basis(sale: Sale, terms: Terms) -> str:
    """Return a hash of what a deal says about its invoice, who pays and what its route may depend on included."""
    return basis_of(sale.deal, sale.lines, terms, sale.payer, asked_by_routes(parts().routes))


def route(portal: Portal, sales: Sequence[Sale], won: Collection[str]) -> dict[str, Routed]:
    """Find the organisation and the terms of each deal; those not among the ``won`` need a route of their stage."""
    at = parts()
    with at.database.reading() as tx:
        organisations, chosen = connections.organisations(tx), connections.chosen(tx)
        ended = [one for one in connections.known_organisations(tx) if one not in organisations]
    asked = any(one.conditions.owner for one in at.routes)
    people = owners(portal.id) if asked else {}
    routed: dict[str, Routed] = {}
    for sale in sales:
        values = sale.deal.properties
        facts = Facts(
            currency=currency_of(sale.deal, portal),
            country=(sale.company.properties.get("country") or "") if sale.company else "",
            owner=people.get(values.get("hubspot_owner_id") or "", ""),
        )
        won_ = sale.deal.id in won
        found = route_for(values, at.routes, organisations, facts, won=won_, chosen=chosen, ended=ended)
        routed[sale.deal.id] = found or Skip("The deal is not won, and no route for its stage fits it.")
    return routed


def routed_sale(portal: Portal, deal: str) -> tuple[Sale | None, Organisation | None]:
    """Read a deal whole, and say whose it is by its route, as if it were won; None where there is none."""
    client = parts().hubspot()
    found = read_deals(client, [deal], ()).get(deal)
    sales = read_sales(client, portal.id, [found]) if found else []
    routed = route(portal, sales, [deal]).get(deal)
    organisation, terms = routed if isinstance(routed, tuple) else (None, parts().routes[0].terms)
    return (for_route(sales[0], terms) if sales else None), organisation


def by_home(
    decided: Decided, routed: Mapping[str, Routed], sales: Sequence[Sale]
) -> list[tuple[Organisation, list[tuple[Sale, Terms]]]]:
    """Gather the deals of each organisation; those without a route are held, or skipped where they are not won."""
    organisations: dict[str, tuple[Organisation, list[tuple[Sale, Terms]]]] = {}
    for sale in sales:
        found = routed[sale.deal.id]
        if isinstance(found, Hold | Skip):
            decided.verdicts[sale.deal.id] = found
        else:
            organisations.setdefault(found[0].id, (found[0], []))[1].append((for_route(sale, found[1]), found[1]))
    return list(organisations.values())


def books_for(
    portal: Portal,
    organisation: Organisation,
    mine: Sequence[tuple[Sale, Terms]],
    *,
    anew: bool = False,
    at_once: bool = False,
) -> Books:
    """Return as much of an organisation's books as these deals ask for."""
    kinds: set[Kind] = set()
    for sale, terms in mine:
        kinds |= kinds_asked(terms, sale.lines, foreign=currency_of(sale.deal, portal) != organisation.base_currency)
    if "organisation" not in kinds and "organisation" in ever_read(organisation.id):
        kinds.add("organisation")  # a draft is seldom refused for a lock date, so it asks only once one was
    return books_of(organisation, kinds, anew=anew, at_once=at_once)


def _decide_for(
    portal: Portal,
    organisation: Organisation,
    mine: list[tuple[Sale, Terms]],
    decided: Decided,
    settled: Collection[str],
) -> None:
    """Make the invoices as they would be, or hold: for what the lines lack, and at once for what a new customer lacks.

    Whether the customer of an invoice that can be made is new, only Xero can tell.
    """
    today = organisation.day(parts().now())
    books = books_for(portal, organisation, mine)
    taken = existing.numbers_of(portal, organisation.id, [sale.deal.id for sale, terms in mine if terms.number])

    def draft(sale: Sale, terms: Terms, books: Books) -> Draft | Hold:
        made = invoice_from_deal(sale.deal, sale.lines, terms, organisation, portal, today, books)
        if isinstance(made, Hold) or sale.deal.id not in taken:
            return made
        number = free_number(made.body["InvoiceNumber"], taken[sale.deal.id])
        return replace(made, body={**made.body, "InvoiceNumber": number})

    drafts = {sale.deal.id: draft(sale, terms, books) for sale, terms in mine}
    doubtful = [(sale, terms) for sale, terms in mine if _blames_books(drafts[sale.deal.id])]
    if doubtful:
        at_once = any(sale.deal.id in settled for sale, _ in doubtful)
        books = books_for(portal, organisation, doubtful, anew=True, at_once=at_once)
        drafts |= {sale.deal.id: draft(sale, terms, books) for sale, terms in doubtful}
    strangers = unknown(organisation, [sale for sale, _ in mine if isinstance(drafts[sale.deal.id], Hold)])
    for sale, terms in mine:
        deal = sale.deal.id
        twice = Hold(decided.billed[deal]) if deal in decided.billed else None
        made = drafts[deal]
        if isinstance(made, Draft) and twice is None:
            decided.verdicts[deal] = Ready(sale, organisation, terms, made)
            continue
        customer = new_customer(sale) if deal in strangers else None
        holds = [part for part in (twice, made, customer) if isinstance(part, Hold)]
        reasons = tuple(reason for hold in holds for reason in hold.reasons)
        decided.verdicts[deal] = replace(holds[0], reasons=reasons)
        if _blames_books(made):
            decided.causes[deal] = organisation.id


def _blames_books(made: Draft | Hold) -> bool:
    return isinstance(made, Hold) and made.books


def _not_ours(
    deal: Record | None, stages: Sequence[str], since: datetime | None, named: Hold | None
) -> Hold | Skip | None:
    """Say why nothing is to be decided about a deal; None where it needs a decision. ``named`` is why it has one.

    One that was won before ``since`` is nobody's affair here. There is no such moment for one whose invoice stands,
    which is decided like one that has none: what it would be tells whether anybody changed it; nor for one of which a
    person has said that it is to be invoiced.
    """
    if deal is None:
        return Skip("HubSpot has no such deal: it was deleted, merged into another, or never was.")
    if not is_won(deal, frozenset(stages)) and deal.properties.get("dealstage") not in route_stages():
        return NOT_WON
    if named is not None:
        return named
    if since is not None and won_before(deal, stages, since):
        return Skip(
            "The deal was won before HubSpot was connected, so no invoice is made. If Xero has one, `ledgerloop adopt`"
            " links it; if not, move the deal out of its stage and back to have one made."
        )
    return None


def invoice_id() -> str:
    """Return the name of the deals' property that carries the id of their invoice."""
    return parts().names.get("xero_invoice_id", "xero_invoice_id")
