"""Find the Xero customer who pays for a deal: by link, id or evidence, else create it. Called inside a step.

Never doubled: the mirror is brought up to date before it is searched, a new customer carries its HubSpot id as its
ContactNumber (unique in Xero), and two deals of one company in the same batch share the customer that is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ledgerloop.customers import succeed
from ledgerloop.invoices import new_customer
from ledgerloop.invoices.buyers import describe_buyer, id_carried, keys_of_employer, made_to_show, name_of, search_keys
from ledgerloop.invoices.deals import Sale, buyer_of, sides
from ledgerloop.invoices.owing import held_as_archived, open_sums
from ledgerloop.invoices.payer_links import by_link, in_question, parted_from, remember, weigh_links
from ledgerloop.invoices.payers_named import by_answer, by_id_carried, look_at_ids
from ledgerloop.ledger import pull
from ledgerloop.parts import parts
from ledgerloop.records import Hold, Organisation
from ledgerloop.rules.customers import number_of
from ledgerloop.rules.identity.evidence import Same
from ledgerloop.rules.identity.names import keys as name_keys
from ledgerloop.rules.identity.payers import Found, Known, Payer, choose_payer, weigh_payer
from ledgerloop.rules.identity.sharing import Sharing
from ledgerloop.store import links, mirror, rulings
from ledgerloop.xero.client import XeroClient


def find_payers(client: XeroClient, organisation: Organisation, sales: Sequence[Sale]) -> dict[str, Payer]:
    """Return for each deal its customer's ContactID and how it was found, or a hold."""
    found: dict[str, Payer] = dict(by_link(organisation, sales))
    found |= _of_archived(client, organisation, sales, found)
    weigh_links(organisation, [sale for sale in sales if sale.deal.id in found])
    found |= in_question(organisation, [sale for sale in sales if sale.deal.id in found])
    strangers = [sale for sale in sales if sale.deal.id not in found]
    if strangers:
        pull.pull_kind(client, organisation.id, "contacts", pull.Seen())
        found |= by_id_carried(organisation, strangers)
        look_at_ids(organisation, [sale for sale in strangers if isinstance(found.get(sale.deal.id), Hold)])
        found |= by_answer(organisation, [sale for sale in strangers if sale.deal.id not in found])
        remember(organisation, strangers, found)  # so that nobody takes the same customer by its name
    for some in _apart([sale for sale in strangers if sale.deal.id not in found]):
        found |= new_customer.lost(organisation, some)
        found |= by_evidence(organisation, [sale for sale in some if sale.deal.id not in found])
        found |= _make(client, organisation, [sale for sale in some if sale.deal.id not in found])
        remember(organisation, some, found)
    remember(organisation, sales, found)
    return found


def unknown(organisation: Organisation, sales: Sequence[Sale]) -> set[str]:
    """Return the deals whose customer would be new, as far as is known here: Xero is not asked."""
    if not sales:
        return set()
    known = {sale.deal.id for sale in sales if id_carried(sale)} | by_link(organisation, sales).keys()
    strangers = [sale for sale in sales if sale.deal.id not in known]
    return {sale.deal.id for sale in strangers} - by_evidence(organisation, strangers).keys()


def known(organisation: Organisation, sales: Sequence[Sale]) -> dict[str, str]:
    """Return the customers that deals belong to for certain, as known here: Xero is not asked, nothing kept."""
    found: dict[str, Payer] = dict(by_link(organisation, sales))
    found |= in_question(organisation, [sale for sale in sales if sale.deal.id in found])
    for look in (by_id_carried, by_answer, by_evidence):
        found |= look(organisation, [sale for sale in sales if sale.deal.id not in found])
    return {deal: payer.id for deal, payer in found.items() if isinstance(payer, Found)}


def pays(organisation: Organisation, sale: Sale, customer: str) -> bool:
    """Tell whether a deal's company, or its contact where it has none, is a customer, as far as that is known.

    It is weighed as for a deal that is won, and what a person has said stands above that.
    """
    if not sides(sale):
        return True
    with parts().database.reading() as tx:
        known = mirror.customers(tx, organisation.id, [customer]).get(customer)
        payer = (mirror.survivor(tx, organisation.id, known) or known) if known else None
    if linked := by_link(organisation, [sale]).get(sale.deal.id):
        return linked.id == (payer.id if payer else customer)
    if payer is None:
        return True
    buyer = describe_buyer(organisation, sale, made_to_show(organisation, [sale]))
    with parts().database.reading() as tx:
        parted = parted_from(tx, organisation, payer.id, sides(sale)[:1])
        said = rulings.get(tx, organisation.id, [buyer_of(sale)])
        shared = Sharing.among(mirror.customers_by_keys(tx, organisation.id, search_keys(buyer))).shared
        holders = {key: link.hubspot_id for key, link in links.find(tx, organisation.id, "company", [payer.id]).items()}
    if parted:
        return False
    if id_carried(sale) in (customer, payer.id):
        return True
    if said:
        return payer.id in said.values()
    numbered = {payer.id} if payer.number == number_of(buyer.kind, buyer.record.id) else ()
    one = Known((payer,), numbered, holders, shared=shared, country=organisation.country)
    return isinstance(weigh_payer(buyer, payer, one), Same)


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


def by_evidence(organisation: Organisation, sales: Sequence[Sale]) -> dict[str, Payer]:
    """Choose among the customers that the buyers' keys find, unless a person has said that a buyer is none of them."""
    ours = made_to_show(organisation, sales)
    buyers = [describe_buyer(organisation, sale, ours) for sale in sales if sides(sale)]
    numbers = {one.deal: number_of(one.kind, one.record.id) for one in buyers}
    keys = {one.deal: search_keys(one) for one in buyers}
    keys_of_firm = {one.deal: keys_of_employer(one) for one in buyers}
    with parts().database.reading() as tx:
        said = rulings.get(tx, organisation.id, [f"{one.kind} {one.record.id}" for one in buyers])
        buyers = [one for one in buyers if f"{one.kind} {one.record.id}" not in said]
        wanted = {key for one in buyers for key in (*keys[one.deal], *keys_of_firm[one.deal])}
        by_key = mirror.customers_by_keys(tx, organisation.id, wanted)
        by_number = mirror.customers_by_number(tx, organisation.id, [numbers[one.deal] for one in buyers])
        at_firms = [one.employer.id for one in buyers if one.employer]
        employing = links.find_by_hubspot(tx, organisation.id, "company", at_firms)
        firms = mirror.customers(tx, organisation.id, [link.xero_id for link in employing.values()])
        everyone = {one.id for index in (by_key, by_number) for some in index.values() for one in some} | firms.keys()
        taken = links.find(tx, organisation.id, "company", sorted(everyone))
        ended = rulings.ended(tx, organisation.id, sorted(everyone))
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
        its_firms = [one for key in keys_of_firm[buyer.deal] for one in by_key.get(key, ()) if not one.merged_into]
        if buyer.employer is not None and (link := employing.get(buyer.employer.id)) and link.xero_id in firms:
            its_firms.insert(0, firms[link.xero_id])
        known = Known(living, {one.id for one in numbered}, holders, shown, shared, {}, organisation.country, its_firms)
        answer = choose_payer(buyer, known)
        if isinstance(answer, Hold):
            gone = [one.id for one in living if not one.active]
            answer = choose_payer(buyer, replace(known, owed=open_sums(organisation, [*answer.candidates, *gone])))
        if answer is not None:
            found[buyer.deal] = answer
        if isinstance(answer, Found) and buyer.kind == "company":
            holders.setdefault(answer.id, buyer.record.id)
    return found


def _make(client: XeroClient, organisation: Organisation, sales: Sequence[Sale]) -> dict[str, Payer]:
    """Make the customers nobody knows. One whom our copy lacked, and who has the name already, is looked for once."""
    found, taken = new_customer.create(client, organisation, sales)
    if taken:
        pull.pull_kind(client, organisation.id, "contacts", pull.Seen())
        answers = by_evidence(organisation, taken)
        left = [sale for sale in taken if sale.deal.id not in answers]
        found |= answers | new_customer.create(client, organisation, left)[0]
    return found


def _of_archived(
    client: XeroClient, organisation: Organisation, sales: Sequence[Sale], found: Mapping[str, Payer]
) -> dict[str, Payer]:
    """Ask of those whose linked customer is archived: it may be active again, or another has taken its place."""
    linked = {sale.deal.id: payer.id for sale in sales if isinstance(payer := found.get(sale.deal.id), Found)}
    at = parts()
    with at.database.reading() as tx:
        gone = {
            key for key, one in mirror.customers(tx, organisation.id, list(linked.values())).items() if not one.active
        }
    if not gone:
        return {}
    pull.pull_kind(client, organisation.id, "contacts", pull.Seen())
    with at.database.reading() as tx:
        archived = mirror.customers(tx, organisation.id, gone)
    succeed.succeed(organisation, archived)
    asking = {sale.deal.id: sale for sale in sales if linked.get(sale.deal.id) in gone}
    payers: dict[str, Payer] = dict(by_link(organisation, list(asking.values())))
    left = {deal: archived[one.id] for deal, one in payers.items() if isinstance(one, Found) and one.id in archived}
    return payers | held_as_archived(organisation, {deal: one for deal, one in left.items() if not one.active})
