"""Read won deals whole, in batches: the deal, its line items, its company and its contact. Called inside a step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Association, Record
from ledgerloop.rules.customers import COMPANY_PROPERTIES, CONTACT_PROPERTIES
from ledgerloop.rules.invoices import DEAL_PROPERTIES, LINE_PROPERTIES


@dataclass(frozen=True, slots=True)
class Sale:
    """A deal with all that an invoice needs."""

    deal: Record
    lines: tuple[Record, ...] = ()
    company: Record | None = None
    contact: Record | None = None


def read_deals(client: HubSpotClient, ids: Sequence[str], properties: Sequence[str]) -> dict[str, Record]:
    """Read deals by id; those deleted meanwhile are absent. A merged deal comes under the id it has now."""
    found = client.read("deals", ids, (*DEAL_PROPERTIES, *properties))
    return {deal.id: deal for deal in found.values()}


def read_sales(client: HubSpotClient, deals: Sequence[Record]) -> list[Sale]:
    """Read what hangs on the deals: one call for a thousand associations, one for a hundred records."""
    ids = [deal.id for deal in deals]
    lines_of = client.associated("deals", "line_items", ids)
    company_of = {deal: primary(found) for deal, found in client.associated("deals", "companies", ids).items()}
    contact_of = {deal: primary(found) for deal, found in client.associated("deals", "contacts", ids).items()}
    lines = client.read("line_items", [one.to_id for found in lines_of.values() for one in found], LINE_PROPERTIES)
    companies = client.read("companies", [one for one in company_of.values() if one], COMPANY_PROPERTIES)
    contacts = client.read("contacts", [one for one in contact_of.values() if one], CONTACT_PROPERTIES)
    return [
        Sale(
            deal=deal,
            lines=tuple(lines[one.to_id] for one in lines_of.get(deal.id, ()) if one.to_id in lines),
            company=companies.get(company_of.get(deal.id) or ""),
            contact=contacts.get(contact_of.get(deal.id) or ""),
        )
        for deal in deals
    ]


def primary(found: Sequence[Association]) -> str | None:
    """Choose the primary company, else the record with the lowest id, so that the choice is stable."""
    marked = [one.to_id for one in found if one.primary_company] or [one.to_id for one in found]
    return min(marked, key=lambda each: (len(each), each), default=None)
