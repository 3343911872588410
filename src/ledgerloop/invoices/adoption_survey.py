"""Survey which invoices that stand in Xero belong to which won deals. Reads from both vendors, and writes nothing.

It works on a copy of the database that forgets, and brings that up to date first, so that whatever stands is in it: two
calls for an organisation in which little has changed. Xero is asked beyond that only for what the copy does not know,
what an invoice comes to before tax; by id, or page by page where that takes fewer calls.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import Connection

from ledgerloop.customers.named import organisation_of
from ledgerloop.engine import retries
from ledgerloop.errors import LedgerloopError
from ledgerloop.hubspot.client import MOST_A_SEARCH_PAGE, HubSpotClient
from ledgerloop.hubspot.dry_run import Rehearsing
from ledgerloop.hubspot.models import Record, moment_from
from ledgerloop.invoices import decide, payers
from ledgerloop.invoices.deals import Sale, entered, for_route, read_deals, read_sales, won_at
from ledgerloop.invoices.decide import invoice_id
from ledgerloop.invoices.merged_deals import MERGED_IDS
from ledgerloop.ledger import pull
from ledgerloop.parts import Traces, instead, parts
from ledgerloop.portal.facts import route_stages, won_stages
from ledgerloop.records import Intent, Organisation, Portal, Receivable
from ledgerloop.rules.edits import done_away
from ledgerloop.rules.invoice_markers import deal_linked, deal_of
from ledgerloop.rules.invoices import DEAL_PROPERTIES, currency_of, is_won
from ledgerloop.rules.pairing.candidates import Index
from ledgerloop.rules.pairing.evidence import chosen, weigh
from ledgerloop.rules.pairing.pairs import Former, Pair, Plan, Sold, Stands
from ledgerloop.rules.pairing.references import ids_in
from ledgerloop.rules.pairing.settling import beside, plan, within
from ledgerloop.rules.routing import Terms
from ledgerloop.rules.standing import GONE, bills_nothing
from ledgerloop.rules.totals import amount_of
from ledgerloop.store import connections, intents, mirror
from ledgerloop.store.scratch import scratch
from ledgerloop.xero.client import MOST_A_PAGE, MOST_IDS, XeroClient
from ledgerloop.xero.models import Invoice

Filter = Mapping[str, object]

_LISTED = 1000
"""Invoices of the copy that are looked at together."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What belongs to what, and what a deal's route says of its invoice."""

    plan: Plan
    terms: Mapping[str, Terms]
    """By deal; one that no route fits is absent."""
    named: Pair | None = None
    """The pair that a person named."""


@dataclass(frozen=True, slots=True)
class _Meant:
    """The pair that a person means: the deals that were named, an invoice's id or number, and where to look for it."""

    deals: Sequence[str]
    invoice: str
    homes: Collection[str]

    def means(self, invoice: Stands) -> bool:
        """Tell whether an invoice is the one."""
        names = (invoice.document.id.lower(), invoice.document.number.casefold())
        return invoice.organisation.id in self.homes and self.invoice.casefold() in names


def homes_of(given: str) -> list[Organisation]:
    """Return the organisation of this id or name, or all; an error where the ledger of one is still being read."""
    with parts().database.reading() as tx:
        if given:
            return [organisation_of(tx, given)]
        return [organisation_of(tx, organisation.id) for organisation in connections.organisations(tx)]


def survey(
    portal: Portal, organisations: Sequence[Organisation], deals: Sequence[str] = (), invoice: str = ""
) -> Survey:
    """read → index → weigh → settle, for every won deal without an invoice that stands, and for the ``deals`` named.

    All are looked at, whichever are named, and in every organisation, whichever ``organisations`` are told of: what
    else a deal may have, and who else an invoice may belong to, shows only so. ``invoice`` is the id or number of the
    one that a person means for the single deal.
    """
    at = parts()
    every, told = homes_of(""), {home.id for home in organisations}
    _check(portal, deals)
    with scratch(at.database) as forgetful:
        client = Rehearsing(at.hubspot())
        rehearsed = replace(
            at,
            database=forgetful,
            hubspot=lambda: client,
            xero=lambda organisation: at.xero(organisation).reading_only(),
            nudge=lambda: None,
        )
        with instead(rehearsed):
            for home in every:
                for kind in ("contacts", "invoices"):
                    pull.pull_kind(parts().xero(home.id), home.id, kind, pull.Seen())
            formers = _formers(portal, deals, named=bool(invoice))
            records = _read(portal, deals, formers)
            sales = read_sales(client, portal.id, list(records.values()), lines=False)
            routed = decide.route(portal, sales, list(records))
            ways = {deal: found for deal, found in routed.items() if isinstance(found, tuple)}
            terms = {deal: found for deal, (_, found) in ways.items()}
            sales = [for_route(one, terms.get(one.deal.id, at.routes[0].terms)) for one in sales]
            leads = {deal: home for deal, (home, _) in ways.items()}
            index = Index(_sold(portal, every, records, sales, leads, formers), at.traces.days)
            pairs, meant = _pairs(portal, every, index, _Meant(deals, invoice, told) if invoice else None)
    everywhere = plan(index, pairs)
    return Survey(within(everywhere, told), terms, beside(meant, everywhere) if meant else None)


def _check(portal: Portal, deals: Sequence[str]) -> None:
    """Raise an error where a person names what is no deal, or a deal whose invoice is under way."""
    retries.check(deals)
    with parts().database.reading() as tx:
        known = intents.get(tx, portal.id, deals)
    for deal, intent in known.items():
        if intent.state == "sent":
            raise LedgerloopError(f"An invoice for deal {deal} is under way. Look again in ten minutes.")
    for sentence in traces_lacking(parts().hubspot(), parts().traces):
        raise LedgerloopError(sentence)


def traces_lacking(client: HubSpotClient, traces: Traces) -> list[str]:
    """Say which properties are not there in which other tools are said to have written."""
    asked = {"invoice_id_property": traces.invoice_id, "invoice_number_property": traces.invoice_number}
    there = {one.name for one in client.properties("deals")} if any(asked.values()) else set()
    return [
        f"HubSpot has no property `{name}` of deals: correct `adopt.{setting}`."
        for setting, name in asked.items()
        if name and name not in there
    ]


def _formers(portal: Portal, deals: Sequence[str], *, named: bool) -> dict[str, Former]:
    """Return by named deal the invoice whose place another may take; an error where it has one that must stand.

    That is one that is deleted or voided; and where a person has ``named`` the other, one that can be neither.
    """
    with parts().database.reading() as tx:
        made = [one for one in intents.get(tx, portal.id, deals).values() if one.state == "made"]
        known = _receivables_of(tx, made)
    for one in made:
        stands = known.get(one.deal)
        verb = done_away(stands)
        if stands is None or (stands.status not in GONE and not (named and verb == "credit")):
            cure = f" {verb.capitalize()} it in Xero first if another is to take its place." if verb != "credit" else ""
            raise LedgerloopError(f"Deal {one.deal} has invoice {one.number or one.invoice} already.{cure}")
    names = _names()
    return {one.deal: _former(one, known[one.deal], names) for one in made}


def _receivables_of(tx: Connection, made: Sequence[Intent]) -> dict[str, Receivable]:
    """Return by deal the invoices as our copy has them."""
    known: dict[str, Receivable] = {}
    for organisation in {one.organisation for one in made}:
        mine = {one.invoice: one.deal for one in made if one.organisation == organisation}
        known |= {mine[key]: one for key, one in mirror.receivables(tx, organisation, list(mine)).items()}
    return known


def _former(intent: Intent, stands: Receivable, names: Mapping[str, str]) -> Former:
    where = names.get(intent.organisation, "")
    return Former(intent.organisation, intent.invoice, intent.number, stands.status, bills_nothing(stands), where)


def _names() -> dict[str, str]:
    """Return what the organisations are called, also those that are disconnected."""
    with parts().database.reading() as tx:
        return {one.id: one.name for one in connections.known_organisations(tx)}


def _read(portal: Portal, named: Sequence[str], formers: dict[str, Former]) -> dict[str, Record]:
    """Read the won deals that have no invoice that stands, two hundred a call, and those that are named.

    What became of the invoices of the former is added to the ``formers`` of the named.
    """
    at = parts()
    stages = sorted({*won_stages(portal.id), *route_stages()})
    traces = [at.traces.invoice_id, at.traces.invoice_number]
    asked = [name for name in (*traces, invoice_id(), *map(entered, stages)) if name]
    asked += [name for route in at.routes for name, _ in route.conditions.properties]
    found: dict[str, Record] = {}
    names = _names()
    for some in _won(at.hubspot(), list(dict.fromkeys((*DEAL_PROPERTIES, *asked)))):
        with at.database.reading() as tx:
            known = intents.get(tx, portal.id, [one.id for one in some])
            made = [one for one in known.values() if one.state == "made" and one.deal not in formers]
            gone = {deal: one for deal, one in _receivables_of(tx, made).items() if one.status in GONE}
        formers |= {deal: _former(known[deal], one, names) for deal, one in gone.items()}
        free = {deal for deal, one in known.items() if one.state in ("intended", "refused")} | formers.keys()
        found |= {one.id: one for one in some if one.id not in known or one.id in free}
    lacking = [deal for deal in named if deal not in found]  # HubSpot's search may lag behind
    found |= read_deals(at.hubspot(), lacking, asked) if lacking else {}
    for deal in named:
        if not is_won(found[deal], frozenset(stages)) and found[deal].properties.get("dealstage") not in stages:
            raise LedgerloopError(f"Deal {deal} is not won yet. Win it first.")
    return found


def _won(client: HubSpotClient, properties: Sequence[str]) -> Iterator[list[Record]]:
    """Give all won deals, and those in a stage that a route names, by their ids: search ends at 10,000 results else."""
    last = "0"
    while True:
        later: Filter = {"propertyName": "hs_object_id", "operator": "GT", "value": last}
        groups: list[Mapping[str, object]] = [
            {"filters": [{"propertyName": "hs_is_closed_won", "operator": "EQ", "value": "true"}, later]}
        ]
        if named := route_stages():
            groups.append({"filters": [{"propertyName": "dealstage", "operator": "IN", "values": named}, later]})
        sorts = [{"propertyName": "hs_object_id", "direction": "ASCENDING"}]
        page = client.search("deals", groups, properties, sorts, MOST_A_SEARCH_PAGE)
        if not page.results:
            return
        yield list(page.results)
        last = page.results[-1].id


def _sold(
    portal: Portal,
    organisations: Sequence[Organisation],
    records: Mapping[str, Record],
    sales: Sequence[Sale],
    leads: Mapping[str, Organisation],
    formers: Mapping[str, Former],
) -> Iterator[Sold]:
    """Tell of each deal what its invoice is known by, its customers as matching finds them among them.

    That it names the invoice which it has says nothing of the one that may take its place.
    """
    at = parts()
    stages = won_stages(portal.id)
    customers = {
        organisation.id: payers.known(organisation, [sale for sale in sales if sale.payer])
        for organisation in organisations
    }
    for deal, record in records.items():
        values, former = record.properties, formers.get(deal)
        yield Sold(
            id=deal,
            name=values.get("dealname") or "",
            amount=amount_of(values),
            currency=currency_of(record, portal),
            won_at=won_at(record, stages) or moment_from(values.get("closedate")),
            ids={
                name: text
                for name, text in _said(record, at.traces.invoice_id, invoice_id()).items()
                if not former or former.invoice.lower() not in ids_in(text)
            },
            numbers={
                name: text
                for name, text in _said(record, at.traces.invoice_number).items()
                if not former or former.number.casefold() != text.strip().casefold()
            },
            merged=tuple(old for old in (values.get(MERGED_IDS) or "").split(";") if old),
            customers={organisation: found[deal] for organisation, found in customers.items() if deal in found},
            organisation=leads.get(deal),
            former=former,
        )


def _said(deal: Record, *names: str) -> dict[str, str]:
    return {name: text for name in names if name and (text := deal.properties.get(name))}


def _pairs(
    portal: Portal, organisations: Sequence[Organisation], index: Index, named: _Meant | None
) -> tuple[list[Pair], Pair | None]:
    """Weigh every invoice against the deals that it may belong to; and the one that a person means against its deal."""
    days = parts().traces.days
    formers = {one.former.invoice for one in index.deals.values() if one.former}
    pairs: list[Pair] = []
    meant: list[Pair] = []
    for organisation in organisations:
        found: list[tuple[Stands, list[Sold]]] = []
        count = 0
        for invoice in _standing(portal, organisation):
            count += 1
            of = index.of(invoice) if invoice.document.id not in formers else []
            if named and named.means(invoice):
                of = [*of, *(index.deals[one] for one in named.deals if index.deals[one] not in of)]
                meant += [Pair(index.deals[one], invoice, "fits", ()) for one in named.deals]
            if of:
                found.append((invoice, of))
        whole = _known(organisation, found, count)
        pairs += [one for key, of in found for deal in of if (one := weigh(deal, whole[key.document.id], days))]
        meant = [
            chosen(one.deal, whole[one.invoice.document.id], days) if one.invoice.organisation == organisation else one
            for one in meant
        ]
    if named and len(meant) != 1:
        raise LedgerloopError(_not_one(named.invoice, meant))
    return pairs, meant[0] if meant else None


def _not_one(given: str, meant: Sequence[Pair]) -> str:
    if not meant:
        return f"No connected organisation has a sales invoice “{given}”."
    some = "; ".join(f"{one.invoice.document.id} in {one.invoice.organisation.name}" for one in meant)
    return f"Several invoices are called “{given}”: {some}. Name one by its id."


def _standing(portal: Portal, organisation: Organisation) -> Iterator[Stands]:
    """Give all sales invoices of our copy, a thousand at a time."""
    after = ""
    while True:
        with parts().database.reading() as tx:
            some = mirror.invoices_after(tx, organisation.id, after, _LISTED)
        for one in some:
            marked = deal_of(one.mark) if one.mark else deal_linked(portal, one.url)
            yield Stands(organisation, one, marked_for=marked)
        if len(some) < _LISTED:
            return
        after = some[-1].id


def _known(organisation: Organisation, found: Sequence[tuple[Stands, Sequence[Sold]]], count: int) -> dict[str, Stands]:
    """Add what is not in the list itself: who has an invoice already, its customer's name, and its sum before tax."""
    at = parts()
    ids = [invoice.document.id for invoice, _ in found]
    with at.database.reading() as tx:
        followed = intents.by_invoice(tx, organisation.id, ids)
        customers = mirror.customers(tx, organisation.id, {invoice.document.customer for invoice, _ in found})
    asked = [
        invoice.document.id
        for invoice, deals in found
        if any(deal.amount not in (None, invoice.document.total) for deal in deals)
    ]
    nets = _nets(at.xero(organisation.id), asked, count)
    return {
        invoice.document.id: replace(
            invoice,
            customer=customers[invoice.document.customer].name if invoice.document.customer in customers else "",
            net=nets.get(invoice.document.id),
            followed_for=followed[invoice.document.id].deal if invoice.document.id in followed else "",
        )
        for invoice, _ in found
    }


def _nets(client: XeroClient, ids: Sequence[str], count: int) -> dict[str, Decimal]:
    """Ask Xero what invoices come to before tax: forty a call, or a thousand where all of them are fewer calls."""
    wanted = set(ids)
    if -(-count // MOST_A_PAGE) < -(-len(ids) // MOST_IDS):
        pages = pull.pages(client, "invoices", None, 1)
        some = [one for _, page in pages for one in page.items if isinstance(one, Invoice)]
    else:
        parts_ = [ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS)]
        some = [one for part in parts_ for one in client.invoices_by_id(part)]
    return {one.InvoiceID: one.SubTotal for one in some if one.InvoiceID in wanted}
