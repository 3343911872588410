"""Read won deals whole, in batches: the deal, its line items, its company and its contact. Called inside a step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ledgerloop.flows.facts import tax_rates
from ledgerloop.flows.parts import parts
from ledgerloop.flows.writing import id_name
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Association, Record
from ledgerloop.rules.customers import COMPANY_PROPERTIES, CONTACT_PROPERTIES
from ledgerloop.rules.edits import asked_of_deal, asked_of_line
from ledgerloop.rules.invoices import DEAL_PROPERTIES, LINE_PROPERTIES

INDEX_LAG = timedelta(minutes=2)
"""How far HubSpot's search may lag behind its records."""

_KINDS = ("company", "contact")


@dataclass(frozen=True, slots=True)
class Sale:
    """A deal with all that an invoice needs."""

    deal: Record
    lines: tuple[Record, ...] = ()
    company: Record | None = None
    contact: Record | None = None
    payer: str = ""
    """The kind and id of the record that pays: the company, else the contact; known though neither was read."""


def read_deals(client: HubSpotClient, ids: Sequence[str], properties: Sequence[str]) -> dict[str, Record]:
    """Read deals by id; those deleted meanwhile are absent. A merged deal comes under the id it has now."""
    asked = [name for route in parts().routes for name in asked_of_deal(route.terms)]
    asked += [name for route in parts().routes for name, _ in route.conditions.properties]
    found = client.read("deals", ids, tuple(dict.fromkeys((*DEAL_PROPERTIES, *asked, *properties))))
    return {deal.id: deal for deal in found.values()}


def entered(stage: str) -> str:
    """Return the name of the property that says when a deal entered a stage."""
    return f"hs_v2_date_entered_{stage}"


def won_at(deal: Record, stages: Sequence[str]) -> datetime | None:
    """Say when a deal was won last; None where HubSpot does not say. A missed invoice is worse than a late question."""
    moments = [_moment(deal.properties.get(entered(stage))) for stage in stages]
    return max((moment for moment in moments if moment), default=None)


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def read_sales(client: HubSpotClient, portal: str, deals: Sequence[Record], *, customers: bool = True) -> list[Sale]:
    """Read what hangs on the deals: one call for a thousand associations, one for a hundred records.

    Without ``customers`` companies and contacts are not read, unless a route asks for their country.
    """
    ids = [deal.id for deal in deals]
    lines_of = read_lines(client, portal, ids)
    whole = customers or any(route.conditions.country for route in parts().routes)
    company_of = {deal: primary(found) or "" for deal, found in client.associated("deals", "companies", ids).items()}
    lonely = ids if whole else [deal for deal in ids if not company_of.get(deal)]
    contacts = client.associated("deals", "contacts", lonely) if lonely else {}
    contact_of = {deal: primary(found) or "" for deal, found in contacts.items()}
    sales = [
        Sale(deal, lines_of[deal.id], payer=_payer(company_of.get(deal.id, ""), contact_of.get(deal.id, "")))
        for deal in deals
    ]
    return _with_customers(client, sales, company_of, contact_of) if whole else sales


def with_payers(client: HubSpotClient, sales: Sequence[Sale]) -> list[Sale]:
    """Read the records that pay for deals, and no others."""
    named = {
        kind: {one.deal.id: one.payer.split()[1] for one in sales if one.payer.startswith(kind)} for kind in _KINDS
    }
    return _with_customers(client, sales, named["company"], named["contact"])


def _with_customers(
    client: HubSpotClient, sales: Sequence[Sale], company_of: Mapping[str, str], contact_of: Mapping[str, str]
) -> list[Sale]:
    companies = _read(client, "companies", company_of, (*COMPANY_PROPERTIES, id_name()))
    contacts = _read(client, "contacts", contact_of, (*CONTACT_PROPERTIES, id_name()))
    return [
        replace(
            sale,
            company=companies.get(company_of.get(sale.deal.id, "")),
            contact=contacts.get(contact_of.get(sale.deal.id, "")),
        )
        for sale in sales
    ]


def _read(client: HubSpotClient, kind: str, of: Mapping[str, str], properties: Sequence[str]) -> dict[str, Record]:
    ids = [one for one in of.values() if one]
    return client.read(kind, ids, properties) if ids else {}


def _payer(company: str, contact: str) -> str:
    if company:
        return f"company {company}"
    return f"contact {contact}" if contact else ""


def read_lines(client: HubSpotClient, portal: str, deals: Sequence[str]) -> dict[str, tuple[Record, ...]]:
    """Read the line items of deals, each with its tax rate, also where only the rate's id stands on it."""
    asked = [name for route in parts().routes for name in asked_of_line(route.terms)]
    tied = client.associated("deals", "line_items", deals)
    wanted = [one.to_id for found in tied.values() for one in found]
    items = client.read("line_items", wanted, tuple(dict.fromkeys((*LINE_PROPERTIES, *asked))))
    if any(_rate_by_id(item) for item in items.values()):
        rates = tax_rates(portal)
        items = {key: _with_rate(item, rates.get(_rate_by_id(item), "")) for key, item in items.items()}
    return {deal: tuple(items[one.to_id] for one in tied.get(deal, ()) if one.to_id in items) for deal in deals}


def _rate_by_id(item: Record) -> str:
    """Return the id of a line item's tax rate where HubSpot does not tell the percentage beside it."""
    return "" if item.properties.get("hs_tax_rate") else item.properties.get("hs_tax_rate_group_id") or ""


def _with_rate(item: Record, rate: str) -> Record:
    return item.model_copy(update={"properties": {**item.properties, "hs_tax_rate": rate}}) if rate else item


def primary(found: Sequence[Association]) -> str | None:
    """Choose the primary company, else the record with the lowest id, so that the choice is stable."""
    marked = [one.to_id for one in found if one.primary_company] or [one.to_id for one in found]
    return min(marked, key=lambda each: (len(each), each), default=None)
