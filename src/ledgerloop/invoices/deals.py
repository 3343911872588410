"""Read won deals whole, in batches: the deal, its line items, its company and its contacts. Called inside a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from ledgerloop.hubspot.associations import primary
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.portal.facts import tax_rates
from ledgerloop.records import Hold
from ledgerloop.rules.customers import COMPANY_PROPERTIES, CONTACT_PROPERTIES, contact_for_customer
from ledgerloop.rules.edits import asked_of_deal, asked_of_line
from ledgerloop.rules.identity.profiles import WORKS_AT
from ledgerloop.rules.invoices import DEAL_PROPERTIES, LINE_PROPERTIES
from ledgerloop.rules.recipients import Tie, recipient_of, undecided
from ledgerloop.rules.routing import Terms

Side = Literal["contact", "company"]
_KINDS = ("company", "contact")


@dataclass(frozen=True, slots=True)
class Sale:
    """A deal with all that an invoice needs."""

    deal: Record
    lines: tuple[Record, ...] = ()
    company: Record | None = None
    contact: Record | None = None
    """Who receives the invoice of a new customer; one of the deal's contacts."""
    payer: str = ""
    """The kind and id of the record that pays: the company, else the contact; known though neither was read."""
    contacts: tuple[Record, ...] = ()
    """All the deal's contacts, as far as they were read."""
    ties: tuple[Tie, ...] = ()
    """How each of them stands to the deal and its company."""
    employers: tuple[Record, ...] = ()
    """Where a deal has no company: those that its contacts are at."""
    left: tuple[Record, ...] = ()
    """The contacts of whom nothing says which receives the invoice, the one taken first; none where it is sure."""
    unseen: bool = False
    """Whether the invoice leaves by email before anybody has looked at it."""


def read_deals(client: HubSpotClient, ids: Sequence[str], properties: Sequence[str]) -> dict[str, Record]:
    """Read deals by id; those deleted meanwhile are absent. A merged deal comes under the id it has now."""
    asked = [name for route in parts().routes for name in asked_of_deal(route.terms)]
    asked += [name for route in parts().routes for name, _ in route.conditions.properties]
    found = client.read("deals", ids, tuple(dict.fromkeys((*DEAL_PROPERTIES, *asked, *properties))))
    return {deal.id: deal for deal in found.values()}


def entered(stage: str) -> str:
    """Return the name of the property that says when a deal entered a stage."""
    return f"hs_v2_date_entered_{stage}"


def entered_at(deal: Record, stage: str) -> datetime | None:
    """Say when a deal entered a stage last; None where it never did, or HubSpot does not say."""
    return _moment(deal.properties.get(entered(stage)))


def won_at(deal: Record, stages: Sequence[str]) -> datetime | None:
    """Say when a deal was won last; None where HubSpot does not say. A missed invoice is worse than a late question."""
    moments = [entered_at(deal, stage) for stage in stages]
    return max((moment for moment in moments if moment), default=None)


def won_before(deal: Record, stages: Sequence[str], connected: datetime) -> bool:
    """Tell whether a deal was won before the portal was connected, both by HubSpot's clock.

    However late HubSpot's search shows a deal, when it was won stands on the deal itself.
    """
    won = won_at(deal, stages)
    return won is not None and won < connected


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def read_sales(
    client: HubSpotClient, portal: str, deals: Sequence[Record], *, customers: bool = True, lines: bool = True
) -> list[Sale]:
    """Read what hangs on the deals: one call for a thousand associations, one for a hundred records.

    Without ``customers`` companies and contacts are not read, unless a route asks for their country; without ``lines``
    no line items are.
    """
    ids = [deal.id for deal in deals]
    lines_of = read_lines(client, portal, ids) if lines else {}
    whole = customers or any(route.conditions.country for route in parts().routes)
    company_of = {deal: primary(found) or "" for deal, found in client.associated("deals", "companies", ids).items()}
    lonely = ids if whole else [deal for deal in ids if not company_of.get(deal)]
    found = client.associated("deals", "contacts", lonely) if lonely else {}
    ties = {deal: tuple(Tie(one.to_id, one.labels) for one in some) for deal, some in found.items()}
    if customers:
        ties = _with_company(client, ties, company_of)
    sales = [
        Sale(deal, lines_of.get(deal.id, ()), payer=_payer(company_of.get(deal.id, "")), ties=ties.get(deal.id, ()))
        for deal in deals
    ]
    contacts_of = {deal: [tie.contact for tie in some] for deal, some in ties.items()}
    return _with_customers(client, sales, company_of, contacts_of) if whole else sales


def sides(sale: Sale) -> list[tuple[Side, Record]]:
    """Return the deal's company and contact, as far as it has them; the company first."""
    found: list[tuple[Side, Record]] = []
    if sale.company:
        found.append(("company", sale.company))
    if sale.contact:
        found.append(("contact", sale.contact))
    return found


def buyer_of(sale: Sale) -> str:
    """Return kind and id of the record that pays for a deal, which has one."""
    kind, record = sides(sale)[0]
    return f"{kind} {record.id}"


def for_route(sale: Sale, terms: Terms) -> Sale:
    """Choose the contact that receives the invoice, by the deal's route; where the deal has no company, it pays too."""
    chosen = recipient_of(sale.ties, terms.billing_label)
    records = {one.id: one for one in sale.contacts}
    left = tuple(records[one] for one in chosen.left if one in records)
    return replace(
        sale,
        contact=left[0] if left else None,
        payer=sale.payer if sale.payer.startswith("company") else _payer("", chosen.contact),
        left=left if len(left) > 1 else (),
        unseen=terms.email and terms.status == "AUTHORISED",
    )


def new_customer(sale: Sale) -> dict[str, Any] | Hold:
    """Return the Xero contact to create for a deal whose customer is new, or every reason why not."""
    made = contact_for_customer(sale.company, sale.contact)
    if not (sale.left and sale.unseen):
        return made
    reasons = made.reasons if isinstance(made, Hold) else ()
    return Hold((undecided(sale.left, sale.company), *reasons))


def _with_company(
    client: HubSpotClient, ties: Mapping[str, tuple[Tie, ...]], company_of: Mapping[str, str]
) -> dict[str, tuple[Tie, ...]]:
    """Add how the contacts stand to the deal's company, only where a deal has several: one call for a thousand."""
    asked = [tie.contact for deal, some in ties.items() if len(some) > 1 and company_of.get(deal) for tie in some]
    companies = client.associated("contacts", "companies", asked) if asked else {}

    def known(tie: Tie, company: str) -> Tie:
        mine = [one for one in companies.get(tie.contact, ()) if one.to_id == company]
        return replace(
            tie,
            labels=tie.labels + tuple(label for one in mine for label in one.labels),
            billing=any(one.billing_contact for one in mine),
            primary=any(one.primary_company for one in mine),
        )

    return {deal: tuple(known(tie, company_of.get(deal, "")) for tie in some) for deal, some in ties.items()}


def with_payers(client: HubSpotClient, sales: Sequence[Sale]) -> list[Sale]:
    """Read the records that pay for deals, and no others."""
    companies, contacts = (
        {one.deal.id: one.payer.split()[1] for one in sales if one.payer.startswith(kind)} for kind in _KINDS
    )
    read = _with_customers(client, sales, companies, {deal: [contact] for deal, contact in contacts.items()})
    return [replace(sale, contact=next(iter(sale.contacts), None)) for sale in read]


def _with_customers(
    client: HubSpotClient,
    sales: Sequence[Sale],
    company_of: Mapping[str, str],
    contacts_of: Mapping[str, Sequence[str]],
) -> list[Sale]:
    everyone = [one for some in contacts_of.values() for one in some]
    contacts = _read(client, "contacts", everyone, (*CONTACT_PROPERTIES, WORKS_AT, id_name()))
    employed = {
        deal: [contacts[one].properties.get(WORKS_AT) or "" for one in some if one in contacts]
        for deal, some in contacts_of.items()
        if not company_of.get(deal)
    }
    wanted = [*company_of.values(), *(one for some in employed.values() for one in some)]
    companies = _read(client, "companies", wanted, (*COMPANY_PROPERTIES, *parts().numbered.names, id_name()))
    return [
        replace(
            sale,
            company=companies.get(company_of.get(sale.deal.id, "")),
            contacts=tuple(contacts[one] for one in contacts_of.get(sale.deal.id, ()) if one in contacts),
            employers=tuple(
                companies[one] for one in dict.fromkeys(employed.get(sale.deal.id, ())) if one in companies
            ),
            # One that was merged away just now answers with the survivor; one that was deleted receives nothing.
            ties=tuple(replace(tie, contact=contacts[tie.contact].id) for tie in sale.ties if tie.contact in contacts),
        )
        for sale in sales
    ]


def _read(client: HubSpotClient, kind: str, ids: Iterable[str], properties: Sequence[str]) -> dict[str, Record]:
    wanted = [one for one in ids if one]
    return client.read(kind, wanted, properties) if wanted else {}


def _payer(company: str, contact: str = "") -> str:
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
