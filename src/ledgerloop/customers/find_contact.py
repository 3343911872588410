"""Take the contacts that have customers' addresses, unless the address is another's. Called inside a step."""

from __future__ import annotations

from ledgerloop.customers.claims import Customers, apart, claim
from ledgerloop.customers.halves import Halves
from ledgerloop.customers.neighbourhood import Around
from ledgerloop.hubspot.models import Record
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Choice, Hold, Organisation
from ledgerloop.rules.identity import questions
from ledgerloop.rules.identity.persons import firm_behind, is_another_person
from ledgerloop.rules.identity.sharing import Sharing
from ledgerloop.store import links, rulings


def choose_contacts(
    organisation: Organisation, everyone: Customers, asked: Customers, around: Around, sharing: Sharing, found: Halves
) -> None:
    """Take the contacts that have customers' addresses, unless the address is another firm's or person's."""
    with parts().database.reading() as tx:
        housed = links.find(tx, organisation.id, "company", list(asked))
        ended = rulings.ended(tx, organisation.id, list(asked))
    fits: dict[str, Record] = {}
    for key, customer in asked.items():
        contact = around.contacts.get(key)
        if contact is not None and ("contact", contact.id) in ended.get(key, ()):
            found.without_contact[key] = contact.id
            continue
        theirs = housed[key].hubspot_id if key in housed else ""
        own = found.companies[key][0] if key in found.companies else around.companies.get(theirs)
        works_at = around.companies.get(around.company_of.get(contact.id, "")) if contact else None
        firm = firm_behind(customer, own, contact, works_at, around.companies.values())
        carries = contact is not None and (contact.properties.get(id_name()) or "").strip().lower() == key.lower()
        stranger = contact is not None and is_another_person(customer, contact, works_at, own, sharing.shared)
        if firm is None and contact is not None and stranger and not carries:
            said = questions.address_of_person(customer, contact)
            choice = Choice("contact", contact.id, questions.contact_named(contact))
            found.unsure_contacts[key] = Hold((said,), (contact.id,), choices=(choice,))
        elif firm is None:
            fits |= {key: contact} if contact else {}
        elif firm.id in found.unsure_companies.get(key, Hold(())).candidates:
            # Whose contact it is, the answer about the company will tell; until then it is not made or taken either.
            found.unsure_contacts[key] = found.unsure_companies[key]
        elif contact is None:
            found.unsure_contacts[key] = Hold((questions.address_of_firm(customer, firm),), (firm.id,))
        elif carries:
            fits[key] = contact  # a person has said so
        else:
            said = questions.address_of_others(customer, contact, firm)
            choice = Choice("contact", contact.id, questions.contact_named(contact))
            found.unsure_contacts[key] = Hold((said,), (contact.id,), choices=(choice,))
    by_email, unsure = claim(organisation, "contact", asked, fits, "email")
    found.contacts, shared = apart("contact", everyone, found.contacts | by_email)
    found.unsure_contacts |= unsure | shared
