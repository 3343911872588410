"""Find the Xero customer who pays for a deal: by link, id or evidence, else create it. Called inside a step.

Never doubled: the mirror is brought up to date before it is searched, a new customer carries its HubSpot id as its
ContactNumber (unique in Xero), and two deals of one company in the same batch share the customer that is made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from sqlalchemy import Connection

from ledgerloop.customers import first_compared, review, succeed
from ledgerloop.customers.claims import look_at_rivals
from ledgerloop.customers.shared_keys import sharing_of
from ledgerloop.hubspot.models import Record
from ledgerloop.invoices import new_customer
from ledgerloop.invoices.deals import Sale, Side, buyer_of, sides
from ledgerloop.ledger import pull
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Customer, Hold, Line, Link, Organisation
from ledgerloop.rules.customers import number_of
from ledgerloop.rules.identity import payer_questions
from ledgerloop.rules.identity.addresses import email_domain, mailbox
from ledgerloop.rules.identity.evidence import Same
from ledgerloop.rules.identity.names import keys as name_keys
from ledgerloop.rules.identity.payers import (
    Buyer,
    Found,
    Known,
    archived_ones,
    choose_payer,
    profile_of_buyer,
    weigh_payer,
)
from ledgerloop.rules.identity.persons import is_another_person
from ledgerloop.rules.identity.profiles import (
    WORKS_AT,
    Profile,
    emails_of_contact,
    further_keys,
    keys_of_company,
    person_name,
    profile_of_company,
)
from ledgerloop.rules.identity.sharing import Sharing
from ledgerloop.store import connections, hubspot_changes, journal, lanes, links, mirror, rulings
from ledgerloop.store.hubspot_changes import Heard
from ledgerloop.xero.client import XeroClient

Payer = Found | Hold


def find_payers(client: XeroClient, home: Organisation, sales: Sequence[Sale]) -> dict[str, Payer]:
    """Return for each deal its customer's ContactID and how it was found, or a hold."""
    found: dict[str, Payer] = dict(by_link(home, sales))
    found |= _of_archived(client, home, sales, found)
    _weigh_links(home, [sale for sale in sales if sale.deal.id in found])
    found |= _in_question(home, [sale for sale in sales if sale.deal.id in found])
    strangers = [sale for sale in sales if sale.deal.id not in found]
    if strangers:
        pull.pull_kind(client, home.id, "contacts", pull.Seen())
        found |= _by_id(home, strangers)
        _look_at_ids(home, [sale for sale in strangers if isinstance(found.get(sale.deal.id), Hold)])
        found |= _by_ruling(home, [sale for sale in strangers if sale.deal.id not in found])
        remember(home, strangers, found)  # so that nobody takes the same customer by its name
    for some in _apart([sale for sale in strangers if sale.deal.id not in found]):
        found |= new_customer.lost(home, some)
        found |= by_evidence(home, [sale for sale in some if sale.deal.id not in found])
        found |= _make(client, home, [sale for sale in some if sale.deal.id not in found])
        remember(home, some, found)
    remember(home, sales, found)
    return found


def unknown(home: Organisation, sales: Sequence[Sale]) -> set[str]:
    """Return the deals whose customer would be new, as far as is known here: Xero is not asked."""
    if not sales:
        return set()
    known = {sale.deal.id for sale in sales if id_carried(sale)} | by_link(home, sales).keys()
    strangers = [sale for sale in sales if sale.deal.id not in known]
    return {sale.deal.id for sale in strangers} - by_evidence(home, strangers).keys()


def known(home: Organisation, sales: Sequence[Sale]) -> dict[str, str]:
    """Return the customers that deals belong to for certain, by what is known here: nobody is asked, nothing kept."""
    found: dict[str, Payer] = dict(by_link(home, sales))
    found |= _in_question(home, [sale for sale in sales if sale.deal.id in found])
    for look in (_by_id, _by_ruling, by_evidence):
        found |= look(home, [sale for sale in sales if sale.deal.id not in found])
    return {deal: payer.id for deal, payer in found.items() if isinstance(payer, Found)}


def id_carried(sale: Sale) -> str:
    """Return the Xero contact id that stands on the record which pays for a deal; a person may have written it."""
    return next((((record.properties.get(id_name()) or "").strip().lower()) for _, record in sides(sale)), "")


def remember(home: Organisation, sales: Sequence[Sale], found: Mapping[str, Payer]) -> None:
    """Link each deal's company and contact to the customer that was found for it, and say on what evidence."""
    at = parts()
    made: list[Link] = []
    said: dict[Link, str] = {}
    deals: dict[Link, list[str]] = {}
    payers = {one.id for one in found.values() if isinstance(one, Found)}
    with at.database.reading() as tx:
        known = mirror.customers(tx, home.id, sorted(payers))
        parted = {
            sale.deal.id: _parted(tx, home, payer.id, sides(sale))
            for sale in sales
            if isinstance(payer := found.get(sale.deal.id), Found)
        }
    sharing = sharing_of(home, known)
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
            link = Link(home.id, payer.id, kind, record.id, payer.how)
            made.append(link)
            said[link] = payer.said
            deals.setdefault(link, []).append(sale.deal.id)
    with at.database.transaction() as tx:
        before = {
            (kind, key)
            for kind in ("company", "contact")
            for key in links.find_by_hubspot(tx, home.id, kind, [one.hubspot_id for one in made if one.kind == kind])
        }
        kept = links.put(tx, made, at.now())
        fresh = {one for one in made if one in kept and (one.kind, one.hubspot_id) not in before}
        look_at_rivals(tx, home.id, [one.hubspot_id for one in fresh], [one.xero_id for one in fresh])
        news = {
            one: said[one]
            for one in dict.fromkeys(made)
            if one in kept and said[one] and (one.kind, one.hubspot_id) not in before
        }
        journal.write(tx, [_adopted(link, why, deals[link]) for link, why in news.items()], at.now(), lane=home.id)
        _remember_made(tx, home, sales, found)


def _parted(tx: Connection, home: Organisation, customer: str, some: Sequence[tuple[Side, Record]]) -> set[Side]:
    """Return of which of these records a person has ended the link to a customer, and has not said otherwise since.

    Who writes the customer's id on the record says otherwise; what we wrote there ourselves is about to be emptied.
    """
    ended = rulings.ended(tx, home.id, [customer]).get(customer, set())
    left = rulings.to_empty(tx, home.id, [customer]) if ended else []
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

    The customer was made of it, or has its address; otherwise it may be anybody's, such as an agent's. Who works at
    another firm, has another's name or an address of several customers is left to the customer's own turn.
    """
    if payer.how == "created":
        return True
    if customer is None or not customer.email_key or customer.email_key not in emails_of_contact(contact):
        return False
    works_at = contact.properties.get(WORKS_AT) or ""
    if works_at not in ("", company.id) or sharing.with_email(customer):
        return False
    return not is_another_person(customer, contact, company if works_at else None, company, sharing.shared)


def _adopted(link: Link, why: str, deals: Sequence[str]) -> Line:
    return Line(
        subject=f"customer {link.xero_id}",
        decision="adopt",
        rule="rules.identity.payers.choose_payer",
        reason=f"A won deal's {link.kind} {link.hubspot_id} is this customer. {why}",
        target=f"hubspot {link.kind} {link.hubspot_id}",
        led_by=tuple(f"deal {one}" for one in deals),
    )


def _remember_made(tx: Connection, home: Organisation, sales: Sequence[Sale], found: Mapping[str, Payer]) -> None:
    made: dict[Side, dict[str, Record]] = {"contact": {}, "company": {}}
    for sale in sales:
        payer = found.get(sale.deal.id)
        if isinstance(payer, Found) and payer.how == "created":
            for side, record in sides(sale):
                made[side][payer.id] = record
    for side, records in made.items():
        first_compared.remember_made(tx, home.id, side, records)


def by_link(home: Organisation, sales: Sequence[Sale]) -> dict[str, Found]:
    """Return the customers that the deals' companies are linked to; a contact counts where there is no company.

    A person may work for two companies, so a contact's link says nothing about who pays for another company's deal.
    """
    payer = {sale.deal.id: sides(sale)[0] for sale in sales if sides(sale)}
    found: dict[str, Found] = {}
    with parts().database.reading() as tx:
        for kind in {side for side, _ in payer.values()}:
            mine = {deal: record.id for deal, (side, record) in payer.items() if side == kind}
            known = links.find_by_hubspot(tx, home.id, kind, list(mine.values()))
            customers = mirror.customers(tx, home.id, [link.xero_id for link in known.values()])
            for deal, record in mine.items():
                # That a contact has a customer's address shows money there; whose invoice it is, the rule says.
                if record in known and not (kind == "contact" and known[record].how == "email"):
                    customer = customers.get(known[record].xero_id)
                    # Xero takes no invoice for a customer that was merged away: its survivor pays.
                    payer_ = mirror.survivor(tx, home.id, customer) if customer else None
                    found[deal] = Found(payer_.id if payer_ else known[record].xero_id, "link")
    return found


def _weigh_links(home: Organisation, sales: Sequence[Sale]) -> None:
    """Weigh the buyers' links that an earlier release made and nobody has weighed yet."""
    review.weigh_now(home, list(_buyers_links(home, sales).values()))


def _in_question(home: Organisation, sales: Sequence[Sale]) -> dict[str, Payer]:
    """Hold the deals whose buyer is linked to a customer by a link that a person is asked about."""
    known = _buyers_links(home, sales)
    with parts().database.reading() as tx:
        asks = links.asked(tx, list(known.values()))
    return {
        deal: Hold((asks[link.kind, link.hubspot_id],), (link.xero_id, link.hubspot_id))
        for deal, link in known.items()
        if (link.kind, link.hubspot_id) in asks
    }


def _buyers_links(home: Organisation, sales: Sequence[Sale]) -> dict[str, Link]:
    """Return, by deal, the link of the record that pays; a deal whose buyer has none is absent."""
    buyers = {sale.deal.id: (kind, record.id) for sale in sales for kind, record in sides(sale)[:1]}
    found: dict[tuple[str, str], Link] = {}
    with parts().database.reading() as tx:
        for kind in {side for side, _ in buyers.values()}:
            mine = [key for side, key in buyers.values() if side == kind]
            found |= {(kind, key): link for key, link in links.find_by_hubspot(tx, home.id, kind, mine).items()}
    return {deal: found[buyer] for deal, buyer in buyers.items() if buyer in found}


def pays(home: Organisation, sale: Sale, customer: str) -> bool:
    """Tell whether a deal's company, or its contact where it has none, is a customer, as far as that is known.

    It is weighed as for a deal that is won, and what a person has said stands above that.
    """
    if not sides(sale):
        return True
    with parts().database.reading() as tx:
        known = mirror.customers(tx, home.id, [customer]).get(customer)
        payer = (mirror.survivor(tx, home.id, known) or known) if known else None
    if linked := by_link(home, [sale]).get(sale.deal.id):
        return linked.id == (payer.id if payer else customer)
    if payer is None:
        return True
    buyer = _buyer(home, sale, _made_to_show(home, [sale]))
    with parts().database.reading() as tx:
        parted = _parted(tx, home, payer.id, sides(sale)[:1])
        said = rulings.get(tx, home.id, [buyer_of(sale)])
        shared = Sharing.among(mirror.customers_by_keys(tx, home.id, _keys(buyer))).shared
        holders = {key: link.hubspot_id for key, link in links.find(tx, home.id, "company", [payer.id]).items()}
    if parted:
        return False
    if id_carried(sale) in (customer, payer.id):
        return True
    if said:
        return payer.id in said.values()
    numbered = {payer.id} if payer.number == number_of(buyer.kind, buyer.record.id) else ()
    one = Known((payer,), numbered, holders, shared=shared, country=home.country)
    return isinstance(weigh_payer(buyer, payer, one), Same)


def name_of(sale: Sale) -> str:
    """Return what people call the record that pays for a deal."""
    company = _of(sale, "company", "name")
    return company or " ".join(filter(None, (_of(sale, "contact", name) for name in ("firstname", "lastname"))))


def _by_id(home: Organisation, sales: Sequence[Sale]) -> dict[str, Payer]:
    """Take the customers whose ids stand on the paying records: a person has said who pays.

    An id of another organisation's customer says nothing about who pays here.
    """
    found: dict[str, Payer] = {}
    archived: dict[str, Customer] = {}
    carried = {sale.deal.id: one for sale in sales if (one := id_carried(sale))}
    ids = list(carried.values())
    with parts().database.reading() as tx:
        customers = mirror.customers(tx, home.id, ids)
        ended = set(rulings.to_empty(tx, home.id, ids))
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
            kind, record = sides(sale)[0]
            if (given, kind, record.id) in ended:
                continue  # a person has ended that link, and what was written there is about to go
            own = links.find_by_hubspot(tx, home.id, kind, [record.id]).get(record.id)
            if kind == "contact" and own is not None and (own.how, own.xero_id.lower()) == ("email", given):
                continue  # we wrote it there, since the contact has the customer's address
            customer = customers.get(given)
            payer = (mirror.survivor(tx, home.id, customer) or customer) if customer else None
            held = links.find(tx, home.id, kind, [payer.id]).get(payer.id) if payer else None
            if payer is None:
                found[sale.deal.id] = Hold((payer_questions.unknown_id(kind, given, home.name),))
            elif not payer.active:
                archived[sale.deal.id] = payer
            elif held is not None and held.hubspot_id != record.id:
                said = payer_questions.carried_twice(sale.deal.id, kind, payer, record.id, held.hubspot_id)
                found[sale.deal.id] = Hold((said,), (payer.id,))
            else:
                found[sale.deal.id] = Found(payer.id, "id")
    return found | _archived(home, archived)


def _look_at_ids(home: Organisation, sales: Sequence[Sale]) -> None:
    """Have the ids on the paying records of held deals looked at, which people may have moved there unheard.

    Where the customer's link goes there for it, the deal is tried again.
    """
    at = parts()
    now = at.now()
    carrying = [(kind, record.id) for sale in sales if id_carried(sale) for kind, record in sides(sale)[:1]]
    if carrying:
        with at.database.transaction() as tx:
            hubspot_changes.put(tx, [Heard(home.id, kind, record, "id", now) for kind, record in carrying])
            lanes.wake(tx, "standing", home.id, now)


def _by_ruling(home: Organisation, sales: Sequence[Sale]) -> dict[str, Payer]:
    """Take the customers that a person has named for the paying records."""
    with parts().database.reading() as tx:
        said = rulings.get(tx, home.id, [buyer_of(sale) for sale in sales if sides(sale)])
        customers = mirror.customers(tx, home.id, [answer for answer in said.values() if answer])
    found: dict[str, Payer] = {}
    archived: dict[str, Customer] = {}
    for sale in sales:
        answer = customers.get(said.get(buyer_of(sale), "")) if sides(sale) else None
        if answer is not None:
            found[sale.deal.id] = Found(answer.id, "ruling")
            archived |= {} if answer.active else {sale.deal.id: answer}
    return found | _archived(home, archived)


def _apart(sales: Sequence[Sale]) -> list[list[Sale]]:
    """Keep buyers that are called alike out of one group, so that the second meets the customer of the first."""
    groups: list[tuple[dict[str, str], list[Sale]]] = []
    for sale in sales:
        names = name_keys(name_of(sale))
        buyer = buyer_of(sale) if sides(sale) else ""
        group = next((one for one in groups if all(one[0].get(name, buyer) == buyer for name in names)), None)
        if group is None:
            group = ({}, [])
            groups.append(group)
        group[0].update(dict.fromkeys(names, buyer))
        group[1].append(sale)
    return [some for _, some in groups]


def by_evidence(home: Organisation, sales: Sequence[Sale]) -> dict[str, Payer]:
    """Choose among the customers that the buyers' keys find, unless a person has said that a buyer is none of them."""
    ours = _made_to_show(home, sales)
    buyers = [_buyer(home, sale, ours) for sale in sales if sides(sale)]
    numbers = {one.deal: number_of(one.kind, one.record.id) for one in buyers}
    keys = {one.deal: _keys(one) for one in buyers}
    with parts().database.reading() as tx:
        said = rulings.get(tx, home.id, [f"{one.kind} {one.record.id}" for one in buyers])
        buyers = [one for one in buyers if f"{one.kind} {one.record.id}" not in said]
        by_key = mirror.customers_by_keys(tx, home.id, {key for one in buyers for key in keys[one.deal]})
        by_number = mirror.customers_by_number(tx, home.id, [numbers[one.deal] for one in buyers])
        everyone = {one.id for index in (by_key, by_number) for some in index.values() for one in some}
        taken = links.find(tx, home.id, "company", sorted(everyone))
        ended = rulings.ended(tx, home.id, sorted(everyone))
    holders = {key: link.hubspot_id for key, link in taken.items()}
    numbered_as = {one.id: one.number for some in by_key.values() for one in some}
    shown = {
        key
        for key, link in taken.items()
        if link.how == "created" and numbered_as.get(key) != number_of("company", link.hubspot_id)
    }
    shared = Sharing.among(by_key).shared
    found: dict[str, Payer] = {}
    for buyer in buyers:
        numbered = by_number.get(numbers[buyer.deal], ())
        fitting = {one.id: one for key in keys[buyer.deal] for one in by_key.get(key, ())}
        fitting |= {one.id: one for one in numbered}
        me = (buyer.kind, buyer.record.id)
        living = [one for one in fitting.values() if not one.merged_into and me not in ended.get(one.id, ())]
        known = Known(living, {one.id for one in numbered}, holders, shown, shared, {}, home.country)
        answer = choose_payer(buyer, known)
        if isinstance(answer, Hold):
            gone = [one.id for one in living if not one.active]
            answer = choose_payer(buyer, replace(known, owed=_owed(home, [*answer.candidates, *gone])))
        if answer is not None:
            found[buyer.deal] = answer
        if isinstance(answer, Found) and buyer.kind == "company":
            holders.setdefault(answer.id, buyer.record.id)
    return found


def _make(client: XeroClient, home: Organisation, sales: Sequence[Sale]) -> dict[str, Payer]:
    """Make the customers nobody knows. One whom our copy lacked, and who has the name already, is looked for once."""
    found, taken = new_customer.create(client, home, sales)
    if taken:
        pull.pull_kind(client, home.id, "contacts", pull.Seen())
        answers = by_evidence(home, taken)
        left = [sale for sale in taken if sale.deal.id not in answers]
        found |= answers | new_customer.create(client, home, left)[0]
    return found


def _of_archived(
    client: XeroClient, home: Organisation, sales: Sequence[Sale], found: Mapping[str, Payer]
) -> dict[str, Payer]:
    """Ask of those whose linked customer is archived: it may be active again, or another has taken its place."""
    linked = {sale.deal.id: payer.id for sale in sales if isinstance(payer := found.get(sale.deal.id), Found)}
    at = parts()
    with at.database.reading() as tx:
        gone = {key for key, one in mirror.customers(tx, home.id, list(linked.values())).items() if not one.active}
    if not gone:
        return {}
    pull.pull_kind(client, home.id, "contacts", pull.Seen())
    with at.database.reading() as tx:
        archived = mirror.customers(tx, home.id, gone)
    succeed.succeed(home, archived)
    asking = {sale.deal.id: sale for sale in sales if linked.get(sale.deal.id) in gone}
    payers: dict[str, Payer] = dict(by_link(home, list(asking.values())))
    left = {deal: archived[one.id] for deal, one in payers.items() if isinstance(one, Found) and one.id in archived}
    return payers | _archived(home, {deal: one for deal, one in left.items() if not one.active})


def archived_owing(home: Organisation, sale: Sale) -> dict[str, str]:
    """Return what is still open on the archived customers that a deal's buyer may be, by customer."""
    buyer = _buyer(home, sale, _made_to_show(home, [sale]))
    number = number_of(buyer.kind, buyer.record.id)
    with parts().database.reading() as tx:
        by_key = mirror.customers_by_keys(tx, home.id, _keys(buyer))
        numbered = mirror.customers_by_number(tx, home.id, [number]).get(number, [])
        linked = links.find_by_hubspot(tx, home.id, buyer.kind, [buyer.record.id]).get(buyer.record.id)
        own = list(mirror.customers(tx, home.id, [linked.xero_id] if linked else []).values())
        fitting = {one.id: one for some in (*by_key.values(), numbered) for one in some if not one.merged_into}
        ended = rulings.ended(tx, home.id, list(fitting))
    mine = [one for one in fitting.values() if (buyer.kind, buyer.record.id) not in ended.get(one.id, ())]
    shared = Sharing.among(by_key).shared
    known = Known(mine, {one.id for one in numbered}, shared=shared, country=home.country)
    gone = dict.fromkeys([*(one.id for one in own if not one.active), *archived_ones(buyer, known)])
    return {key: owed for key, owed in _owed(home, list(gone)).items() if owed}


def _owed(home: Organisation, customers: Sequence[str]) -> dict[str, str]:
    """Say what customers owe, as people read it."""
    with parts().database.reading() as tx:
        documents = mirror.receivables_of(tx, home.id, customers)
    owed: dict[str, str] = {}
    for customer, some in documents.items():
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for one in some:
            if one.kind == "invoice" and one.status == "AUTHORISED":
                sums[one.currency] += one.due
        owed[customer] = " and ".join(f"{sums[one]:,.2f} {one}" for one in sorted(sums) if sums[one])
    return owed


def _made_to_show(home: Organisation, sales: Sequence[Sale]) -> set[str]:
    """Return the companies that we made for customers ourselves, as far as the deals' contacts are there."""
    works_at = {at for sale in sales for one in sale.contacts if (at := one.properties.get(WORKS_AT))}
    with parts().database.reading() as tx:
        known = links.find_by_hubspot(tx, home.id, "company", sorted(works_at))
    return {key for key, link in known.items() if link.how == "created"}


def _buyer(home: Organisation, sale: Sale, ours: Collection[str]) -> Buyer:
    """Put together what is known of the record that pays: of a company also the addresses of its people."""
    kind, record = sides(sale)[0]
    employer = firm = None
    people = sale.contacts or ((sale.contact,) if sale.contact else ())
    if kind == "company":
        profile = profile_of_buyer(record, people, ours=ours, numbered=parts().numbered, country=home.country)
    else:
        emails = emails_of_contact(record)
        domains = frozenset(domain for email in emails if (domain := email_domain(email)))
        profile = Profile(person_name(record), frozenset(map(mailbox, emails)), domains)
        works_at = record.properties.get(WORKS_AT)
        employer = next((one for one in sale.employers if one.id == works_at), None)
        firm = profile_of_company(employer, numbered=parts().numbered, country=home.country) if employer else None
    return Buyer(sale.deal.id, kind, record, profile, employer, firm)


def _keys(buyer: Buyer) -> tuple[str, ...]:
    """Return what the customers are looked for by that a buyer may be."""
    profile = buyer.profile
    mine = keys_of_company(buyer.record, parts().numbered) if buyer.kind == "company" else ()
    return tuple(
        dict.fromkeys((*mine, *further_keys(profile.name, sorted(profile.emails), profile.domains | profile.hints)))
    )


def _archived(home: Organisation, owners: Mapping[str, Customer]) -> dict[str, Payer]:
    """Hold deals whose customers are archived, each with what its customer still owes."""
    owed = _owed(home, sorted({one.id for one in owners.values()})) if owners else {}
    return {
        deal: Hold((payer_questions.archived(deal, one, owed.get(one.id, "")),), (one.id,))
        for deal, one in owners.items()
    }


def _of(sale: Sale, side: Side, name: str) -> str:
    record = sale.company if side == "company" else sale.contact
    return (record.properties.get(name) or "") if record else ""
