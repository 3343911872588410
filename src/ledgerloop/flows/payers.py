"""Find the Xero customer who pays for a deal: by link, id, number, email or name, else create it. Called inside a step.

Never doubled: the mirror is brought up to date before it is searched, a new customer carries its HubSpot id as its
ContactNumber (unique in Xero), and two deals of one company in the same batch share the customer that is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from ledgerloop.errors import Invalid
from ledgerloop.flows import pulling
from ledgerloop.flows.deals import Sale
from ledgerloop.flows.parts import parts
from ledgerloop.flows.writing import id_name
from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, Entry, Hold, Link, Organisation
from ledgerloop.rules.customers import contact_for_customer, customer_from_contact, number_of
from ledgerloop.rules.matching import Found, email_key, name_key
from ledgerloop.rules.payers import Fitting, agrees, carried_twice, choose, unknown_id
from ledgerloop.rules.saying import whole
from ledgerloop.store import connections, journal, links, mirror
from ledgerloop.store.survivors import survivors
from ledgerloop.xero.client import Outcome, XeroClient
from ledgerloop.xero.models import Contact

BATCH = 50
"""Xero advises about 50 elements a request."""

Payer = Found | Hold
Side = Literal["contact", "company"]


def find_payers(
    client: XeroClient, home: Organisation, sales: Sequence[Sale], portal: str, turn: int
) -> dict[str, Payer]:
    """Return for each deal its customer's ContactID and how it was found, or a hold."""
    found: dict[str, Payer] = dict(by_link(home, sales))
    strangers = [sale for sale in sales if sale.deal.id not in found]
    if strangers:
        pulling.pull_kind(client, home.id, "contacts", pulling.Seen())
        found |= _by_id(home, strangers)
        remember(home, strangers, found)  # so that nobody takes the same customer by its name
    for some in _apart([sale for sale in strangers if sale.deal.id not in found]):
        found |= _by_mirror(home, some)
        found |= _create(client, home, [sale for sale in some if sale.deal.id not in found], portal, turn)
        remember(home, some, found)
    remember(home, sales, found)
    return found


def id_carried(sale: Sale) -> str:
    """Return the Xero contact id that stands on the record which pays for a deal; a person may have written it."""
    return next((((record.properties.get(id_name()) or "").strip().lower()) for _, record in _sides(sale)), "")


def remember(home: Organisation, sales: Sequence[Sale], found: Mapping[str, Payer]) -> None:
    """Link each deal's company and contact to the customer that was found for it."""
    made = [
        Link(home.id, payer.id, kind, record.id, payer.how)
        for sale in sales
        if isinstance(payer := found.get(sale.deal.id), Found)
        for kind, record in _sides(sale)
    ]
    at = parts()
    with at.database.transaction() as tx:
        links.put(tx, made, at.now())


def by_link(home: Organisation, sales: Sequence[Sale]) -> dict[str, Found]:
    """Return the customers that the deals' companies are linked to; a contact counts where there is no company.

    A person may work for two companies, so a contact's link says nothing about who pays for another company's deal.
    """
    payer = {sale.deal.id: _sides(sale)[0] for sale in sales if _sides(sale)}
    found: dict[str, Found] = {}
    with parts().database.reading() as tx:
        for kind in {side for side, _ in payer.values()}:
            mine = {deal: record.id for deal, (side, record) in payer.items() if side == kind}
            known = links.find_by_hubspot(tx, home.id, kind, list(mine.values()))
            customers = mirror.customers(tx, home.id, [link.xero_id for link in known.values()])
            for deal, record in mine.items():
                if record in known:
                    customer = customers.get(known[record].xero_id)
                    # Xero takes no invoice for a customer that was merged away: its survivor pays.
                    payer_ = mirror.survivor(tx, home.id, customer) if customer else None
                    found[deal] = Found(payer_.id if payer_ else known[record].xero_id, "link")
    return found


def pays(home: Organisation, sale: Sale, customer: str) -> bool:
    """Tell whether a deal's company, or its contact where it has none, is a customer, as far as that is known."""
    if not _sides(sale):
        return True
    _, record = _sides(sale)[0]
    with parts().database.reading() as tx:
        known = mirror.customers(tx, home.id, [customer]).get(customer)
        payer = (mirror.survivor(tx, home.id, known) or known) if known else None
    if linked := by_link(home, [sale]).get(sale.deal.id):
        return linked.id == (payer.id if payer else customer)
    if payer is None or id_carried(sale) in (customer, payer.id):
        return True
    email = email_key(_of(sale, "contact", "email"))
    return agrees(payer, record) if sale.company else bool(email) and email == payer.email_key


def name_of(sale: Sale) -> str:
    """Return what people call the record that pays for a deal."""
    company = _of(sale, "company", "name")
    return company or " ".join(filter(None, (_of(sale, "contact", name) for name in ("firstname", "lastname"))))


def _by_id(home: Organisation, sales: Sequence[Sale]) -> dict[str, Payer]:
    """Take the customers whose ids stand on the paying records: a person has said who pays.

    An id of another organisation's customer says nothing about who pays here.
    """
    found: dict[str, Payer] = {}
    carried = {sale.deal.id: one for sale in sales if (one := id_carried(sale))}
    ids = list(carried.values())
    with parts().database.reading() as tx:
        customers = mirror.customers(tx, home.id, ids)
        elsewhere = {
            key
            for other in connections.organisations(tx)
            if other.id != home.id
            for key in mirror.customers(tx, other.id, ids)
        }
        for sale in sales:
            given = carried.get(sale.deal.id)
            if not given or (given not in customers and given in elsewhere):
                continue
            kind, record = _sides(sale)[0]
            customer = customers.get(given)
            payer = (mirror.survivor(tx, home.id, customer) or customer) if customer else None
            held = links.find(tx, home.id, kind, [payer.id]).get(payer.id) if payer else None
            if payer is None:
                found[sale.deal.id] = unknown_id(kind, given, home.name)
            elif not payer.active:
                found[sale.deal.id] = _archived(payer)
            elif held is not None and held.hubspot_id != record.id:
                found[sale.deal.id] = carried_twice(kind, payer, held.hubspot_id)
            else:
                found[sale.deal.id] = Found(payer.id, "id")
    return found


def _apart(sales: Sequence[Sale]) -> list[list[Sale]]:
    """Keep companies that are called alike out of one group, so that the second meets the customer of the first."""
    groups: list[tuple[dict[str, str], list[Sale]]] = []
    for sale in sales:
        name = name_key(_of(sale, "company", "name"))
        company = sale.company.id if sale.company else ""
        group = next((one for one in groups if not name or one[0].get(name, company) == company), None)
        if group is None:
            group = ({}, [])
            groups.append(group)
        group[0][name] = company
        group[1].append(sale)
    return [some for _, some in groups]


def _by_mirror(home: Organisation, sales: Sequence[Sale]) -> dict[str, Payer]:
    numbers = {sale.deal.id: [number_of(kind, record.id) for kind, record in _sides(sale)[:1]] for sale in sales}
    emails = {sale.deal.id: email_key(_of(sale, "contact", "email")) for sale in sales}
    names = {sale.deal.id: name_key(_of(sale, "company", "name")) for sale in sales}
    with parts().database.reading() as tx:
        by_number = mirror.customers_by_number(tx, home.id, [one for some in numbers.values() for one in some])
        by_email = mirror.customers_by_email(tx, home.id, [key for key in emails.values() if key])
        by_name = mirror.customers_by_name(tx, home.id, [key for key in names.values() if key])
        everyone = [one.id for index in (by_number, by_email, by_name) for some in index.values() for one in some]
        taken = links.find(tx, home.id, "company", everyone)
    holders = {key: link.hubspot_id for key, link in taken.items()}
    numbered = {one.id: one.number for some in by_email.values() for one in some}
    ours = {
        key
        for key, link in taken.items()
        if link.how == "created" and numbered.get(key) != number_of("company", link.hubspot_id)
    }
    found: dict[str, Payer] = {}
    for sale in sales:
        deal = sale.deal.id
        fitting = Fitting(
            _active(by_number, numbers[deal]), _active(by_email, [emails[deal]]), _active(by_name, [names[deal]])
        )
        answer = choose(sale.company, sale.contact, fitting, holders, ours)
        if answer is not None:
            found[deal] = answer
        if isinstance(answer, Found) and sale.company is not None:
            holders.setdefault(answer.id, sale.company.id)
    return found


def _create(client: XeroClient, home: Organisation, sales: Sequence[Sale], portal: str, turn: int) -> dict[str, Payer]:
    """Create the customers nobody knows: one for each company (or contact), however many of its deals are here."""
    found: dict[str, Payer] = {}
    wanted: dict[str, list[Sale]] = {}
    bodies: dict[str, dict[str, object]] = {}
    for sale in sales:
        body = contact_for_customer(sale.company, sale.contact)
        if isinstance(body, Hold):
            found[sale.deal.id] = body
            continue
        number = str(body["ContactNumber"])
        bodies.setdefault(number, body)
        wanted.setdefault(number, []).append(sale)
    at = parts()
    known = _owners(home, list(bodies))
    found |= {sale.deal.id: payer for number, payer in known.items() for sale in wanted[number]}
    numbers = sorted(bodies.keys() - known.keys())
    for start in range(0, len(numbers), BATCH):
        some = numbers[start : start + BATCH]
        outcomes = _send(client, [bodies[number] for number in some])
        made: list[Customer] = []
        entries: list[Entry] = []
        for number, outcome in zip(some, outcomes, strict=True):
            if outcome.ok and outcome.record is not None:
                customer = customer_from_contact(home.id, outcome.record)
                made.append(customer)
                found |= {sale.deal.id: Found(customer.id, "created") for sale in wanted[number]}
                entries.append(_entry(portal, turn, customer, bodies[number]))
            else:
                payer: Payer = _refused(bodies[number], outcome.problems)
                if any("contact number" in problem.lower() for problem in outcome.problems):
                    # An earlier request made it after all, or somebody just did: one more pull may bring it.
                    pulling.pull_kind(client, home.id, "contacts", pulling.Seen())
                    payer = _owners(home, [number]).get(number, payer)
                found |= {sale.deal.id: payer for sale in wanted[number]}
        with at.database.transaction() as tx:
            mirror.store_customers(tx, made, touch=False)
            journal.add(tx, entries)
    return found


def _send(client: XeroClient, bodies: Sequence[Mapping[str, Any]]) -> list[Outcome[Contact]]:
    """Send one request. One refused as a whole is sent again in halves, so that one customer holds back no other."""
    try:
        return client.create_contacts(bodies, parts().new_key())
    except Invalid as refusal:
        if len(bodies) == 1:
            said = tuple(sentence for _, _, sentence in refusal.problems) or (refusal.message,)
            return [Outcome(False, None, said)]
        half = len(bodies) // 2
        return [*_send(client, bodies[:half]), *_send(client, bodies[half:])]


def _owners(home: Organisation, numbers: Sequence[str]) -> dict[str, Payer]:
    """Return who has these numbers already, archived customers too: Xero gives a number to one contact only."""
    with parts().database.reading() as tx:
        holders = mirror.customers_by_number(tx, home.id, numbers)
        into = survivors(tx, home.id, [one.id for some in holders.values() for one in some])
        heirs = mirror.customers(tx, home.id, list(into.values()))
    owners: dict[str, Payer] = {}
    for number, some in holders.items():
        for one in some:
            owner = heirs.get(into.get(one.id, ""), one)
            owners[number] = Found(owner.id, "number") if owner.active else _archived(owner)
    return owners


def _archived(owner: Customer) -> Hold:
    return Hold(
        (
            f"The customer “{owner.name}” of this deal is archived in Xero."
            f" Restore “{owner.name}” in Xero, or give the deal another company.",
        ),
        (owner.id,),
    )


def _refused(body: Mapping[str, object], problems: Sequence[str]) -> Hold:
    said = whole(*problems)
    return Hold(
        (
            f"Xero would not create the customer “{body['Name']}”: {said} Correct it, or write the right customer's id"
            " into the Xero contact id of the deal's company, or of its contact where it has no company.",
        )
    )


def _entry(portal: str, turn: int, customer: Customer, body: Mapping[str, object]) -> Entry:
    return Entry(
        at=parts().now(),
        lane=portal,
        turn=turn,
        subject=f"customer {customer.id}",
        decision="create",
        rule="rules.customers.contact_for_customer",
        reason="A deal was won and no customer in Xero has its link, id, number, email or name.",
        target=f"xero contact {customer.id}",
        values={name: str(value) for name, value in body.items()},
    )


def _sides(sale: Sale) -> list[tuple[Side, Record]]:
    """Return the deal's company and contact, as far as it has them; the company first."""
    sides: list[tuple[Side, Record]] = []
    if sale.company:
        sides.append(("company", sale.company))
    if sale.contact:
        sides.append(("contact", sale.contact))
    return sides


def _of(sale: Sale, side: Side, name: str) -> str:
    record = sale.company if side == "company" else sale.contact
    return (record.properties.get(name) or "") if record else ""


def _active(index: Mapping[str, Sequence[Customer]], keys: Sequence[str]) -> list[Customer]:
    return [
        customer
        for key in keys
        for customer in index.get(key, ())
        if key and customer.active and not customer.merged_into
    ]
