"""Tell what is known of the record that pays for a deal, its buyer, and what customers are looked for by."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ledgerloop.invoices.deals import Sale, Side, sides
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Organisation
from ledgerloop.rules.identity.addresses import email_domain, mailbox
from ledgerloop.rules.identity.payers import Buyer, profile_of_buyer
from ledgerloop.rules.identity.profiles import (
    WORKS_AT,
    Profile,
    emails_of_contact,
    further_keys,
    keys_of_company,
    person_name,
    profile_of_company,
)
from ledgerloop.store import links


def name_of(sale: Sale) -> str:
    """Return what people call the record that pays for a deal."""
    company = _of(sale, "company", "name")
    return company or " ".join(filter(None, (_of(sale, "contact", name) for name in ("firstname", "lastname"))))


def id_carried(sale: Sale) -> str:
    """Return the Xero contact id that stands on the record which pays for a deal; a person may have written it."""
    return next((((record.properties.get(id_name()) or "").strip().lower()) for _, record in sides(sale)), "")


def made_to_show(organisation: Organisation, sales: Sequence[Sale]) -> set[str]:
    """Return the companies that we made for customers ourselves, as far as the deals' contacts are there."""
    works_at = {at for sale in sales for one in sale.contacts if (at := one.properties.get(WORKS_AT))}
    with parts().database.reading() as tx:
        known = links.find_by_hubspot(tx, organisation.id, "company", sorted(works_at))
    return {key for key, link in known.items() if link.how == "created"}


def describe_buyer(organisation: Organisation, sale: Sale, ours: Collection[str]) -> Buyer:
    """Put together what is known of the record that pays: of a company also the addresses of its people."""
    kind, record = sides(sale)[0]
    employer = firm = None
    people = sale.contacts or ((sale.contact,) if sale.contact else ())
    if kind == "company":
        profile = profile_of_buyer(record, people, ours=ours, numbered=parts().numbered, country=organisation.country)
    else:
        emails = emails_of_contact(record)
        domains = frozenset(domain for email in emails if (domain := email_domain(email)))
        profile = Profile(person_name(record), frozenset(map(mailbox, emails)), domains)
        works_at = record.properties.get(WORKS_AT)
        employer = next((one for one in sale.employers if one.id == works_at), None)
        firm = (
            profile_of_company(employer, numbered=parts().numbered, country=organisation.country) if employer else None
        )
    return Buyer(sale.deal.id, kind, record, profile, employer, firm)


def search_keys(buyer: Buyer) -> tuple[str, ...]:
    """Return what the customers are looked for by that a buyer may be."""
    profile = buyer.profile
    mine = keys_of_company(buyer.record, parts().numbered) if buyer.kind == "company" else ()
    return tuple(
        dict.fromkeys((*mine, *further_keys(profile.name, sorted(profile.emails), profile.domains | profile.hints)))
    )


def keys_of_employer(buyer: Buyer) -> tuple[str, ...]:
    """Return what the customers are looked for by that the company may be which a buyer works for; none without."""
    if buyer.employer is None or buyer.firm is None:
        return ()
    firm, mine = buyer.firm, keys_of_company(buyer.employer, parts().numbered)
    return tuple(dict.fromkeys((*mine, *further_keys(firm.name, sorted(firm.emails), firm.domains | firm.hints))))


def _of(sale: Sale, side: Side, name: str) -> str:
    record = sale.company if side == "company" else sale.contact
    return (record.properties.get(name) or "") if record else ""
