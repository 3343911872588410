"""Follow the links that deals' buyers have, and link the buyers whose customers were found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.customers import first_compared, review
from ledgerloop.customers.claims import look_at_rivals
from ledgerloop.customers.shared_keys import sharing_of
from ledgerloop.hubspot.models import Record
from ledgerloop.invoices.deals import Sale, Side, sides
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Customer, Hold, Line, Link, Organisation
from ledgerloop.rules.identity.payers import Found, Payer
from ledgerloop.rules.identity.persons import is_another_person
from ledgerloop.rules.identity.profiles import WORKS_AT, emails_of_contact
from ledgerloop.rules.identity.sharing import Sharing
from ledgerloop.store import journal, links, mirror, rulings


def by_link(organisation: Organisation, sales: Sequence[Sale]) -> dict[str, Found]:
    """Return the customers that the deals' companies are linked to; a contact counts where there is no company.

    A person may work for two companies, so a contact's link says nothing about who pays for another company's deal.
    """
    payer = {sale.deal.id: sides(sale)[0] for sale in sales if sides(sale)}
    found: dict[str, Found] = {}
    with parts().database.reading() as tx:
        for kind in {side for side, _ in payer.values()}:
            mine = {deal: record.id for deal, (side, record) in payer.items() if side == kind}
            known = links.find_by_hubspot(tx, organisation.id, kind, list(mine.values()))
            customers = mirror.customers(tx, organisation.id, [link.xero_id for link in known.values()])
            for deal, record in mine.items():
                # That a contact has a customer's address shows money there; whose invoice it is, the rule says.
                if record in known and not (kind == "contact" and known[record].how == "email"):
                    customer = customers.get(known[record].xero_id)
                    # Xero takes no invoice for a customer that was merged away: its survivor pays.
                    payer_ = mirror.survivor(tx, organisation.id, customer) if customer else None
                    found[deal] = Found(payer_.id if payer_ else known[record].xero_id, "link")
    return found


def weigh_links(organisation: Organisation, sales: Sequence[Sale]) -> None:
    """Weigh the buyers' links that an earlier release made and nobody has weighed yet."""
    review.weigh_now(organisation, list(_buyers_links(organisation, sales).values()))


def in_question(organisation: Organisation, sales: Sequence[Sale]) -> dict[str, Payer]:
    """Hold the deals whose buyer is linked to a customer by a link that a person is asked about."""
    known = _buyers_links(organisation, sales)
    with parts().database.reading() as tx:
        asks = links.asked(tx, list(known.values()))
    return {
        deal: Hold((asks[link.kind, link.hubspot_id],), (link.xero_id, link.hubspot_id))
        for deal, link in known.items()
        if (link.kind, link.hubspot_id) in asks
    }


def _buyers_links(organisation: Organisation, sales: Sequence[Sale]) -> dict[str, Link]:
    """Return, by deal, the link of the record that pays; a deal whose buyer has none is absent."""
    buyers = {sale.deal.id: (kind, record.id) for sale in sales for kind, record in sides(sale)[:1]}
    found: dict[tuple[str, str], Link] = {}
    with parts().database.reading() as tx:
        for kind in {side for side, _ in buyers.values()}:
            mine = [key for side, key in buyers.values() if side == kind]
            found |= {(kind, key): link for key, link in links.find_by_hubspot(tx, organisation.id, kind, mine).items()}
    return {deal: found[buyer] for deal, buyer in buyers.items() if buyer in found}


def remember(organisation: Organisation, sales: Sequence[Sale], found: Mapping[str, Payer]) -> None:
    """Link each deal's company and contact to the customer that was found for it, and say on what evidence."""
    at = parts()
    made: list[Link] = []
    said: dict[Link, str] = {}
    deals: dict[Link, list[str]] = {}
    payers = {one.id for one in found.values() if isinstance(one, Found)}
    with at.database.reading() as tx:
        known = mirror.customers(tx, organisation.id, sorted(payers))
        parted = {
            sale.deal.id: parted_from(tx, organisation, payer.id, sides(sale))
            for sale in sales
            if isinstance(payer := found.get(sale.deal.id), Found)
        }
    sharing = sharing_of(organisation, known)
    for sale in sales:
        payer = found.get(sale.deal.id)
        if not isinstance(payer, Found):
            continue
        for kind, record in sides(sale):
            if kind in parted[sale.deal.id]:
                continue
            customer = known.get(payer.id)
            if kind == "contact" and sale.company and not _its_own(payer, customer, sale.company, record, sharing):
                continue
            link = Link(organisation.id, payer.id, kind, record.id, payer.how)
            made.append(link)
            said[link] = payer.said
            deals.setdefault(link, []).append(sale.deal.id)
    with at.database.transaction() as tx:
        before = {
            (kind, key)
            for kind in ("company", "contact")
            for key in links.find_by_hubspot(
                tx, organisation.id, kind, [one.hubspot_id for one in made if one.kind == kind]
            )
        }
        kept = links.put(tx, made, at.now())
        fresh = {one for one in made if one in kept and (one.kind, one.hubspot_id) not in before}
        look_at_rivals(tx, organisation.id, [one.hubspot_id for one in fresh], [one.xero_id for one in fresh])
        news = {
            one: said[one]
            for one in dict.fromkeys(made)
            if one in kept and said[one] and (one.kind, one.hubspot_id) not in before
        }
        journal.write(
            tx, [_adopted(link, why, deals[link]) for link, why in news.items()], at.now(), lane=organisation.id
        )
        _remember_made(tx, organisation, sales, found)


def parted_from(
    tx: Connection, organisation: Organisation, customer: str, some: Sequence[tuple[Side, Record]]
) -> set[Side]:
    """Return of which of these records a person has ended the link to a customer, and has not said otherwise since.

    Who writes the customer's id on the record says otherwise; what we wrote there ourselves is about to be emptied.
    """
    ended = rulings.ended(tx, organisation.id, [customer]).get(customer, set())
    left = rulings.to_empty(tx, organisation.id, [customer]) if ended else []
    return {
        kind
        for kind, record in some
        if (kind, record.id) in ended
        and (
            (customer, kind, record.id) in left
            or (record.properties.get(id_name()) or "").strip().lower() != customer.lower()
        )
    }


def _its_own(payer: Found, customer: Customer | None, company: Record, contact: Record, sharing: Sharing) -> bool:
    """Tell whether the contact of a company's deal is the customer's own, which shows what the customer owes.

    The customer was made of it, or has its address; otherwise it may be anybody's, such as an agent's. One that works
    at another firm is not, even where the customer was made of it, nor is one with another's name or an address that
    several customers share: these are left to the customer's own turn.
    """
    works_at = contact.properties.get(WORKS_AT) or ""
    if works_at not in ("", company.id):
        return False
    if payer.how == "created":
        return True
    if customer is None or not customer.email_key or customer.email_key not in emails_of_contact(contact):
        return False
    if sharing.with_email(customer):
        return False
    return not is_another_person(customer, contact, company if works_at else None, company, sharing.shared)


def _adopted(link: Link, why: str, deals: Sequence[str]) -> Line:
    return Line(
        subject=subjects.customer(link.xero_id),
        decision="adopt",
        rule="rules.identity.payers.choose_payer",
        reason=f"A won deal's {link.kind} {link.hubspot_id} is this customer. {why}",
        target=subjects.hubspot(link.kind, link.hubspot_id),
        led_by=tuple(subjects.deal(one) for one in deals),
    )


def _remember_made(
    tx: Connection, organisation: Organisation, sales: Sequence[Sale], found: Mapping[str, Payer]
) -> None:
    made: dict[Side, dict[str, Record]] = {"contact": {}, "company": {}}
    for sale in sales:
        payer = found.get(sale.deal.id)
        if isinstance(payer, Found) and payer.how == "created":
            for side, record in sides(sale):
                made[side][payer.id] = record
    for side, records in made.items():
        first_compared.remember_made(tx, organisation.id, side, records)
