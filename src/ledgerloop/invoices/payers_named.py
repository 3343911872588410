"""Take the customers that people name for deals: by an id on the record that pays, or by an answer."""

from __future__ import annotations

from collections.abc import Sequence

from ledgerloop.customers.hubspot_records import PLURAL
from ledgerloop.invoices.buyers import id_carried
from ledgerloop.invoices.deals import Sale, Side, buyer_of, sides
from ledgerloop.invoices.owing import held_as_archived
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Customer, Hold, Organisation
from ledgerloop.rules.identity import payer_questions
from ledgerloop.rules.identity.payers import Found, Payer
from ledgerloop.store import connections, hubspot_changes, lanes, links, mirror, rulings
from ledgerloop.store.hubspot_changes import Heard


def by_id_carried(organisation: Organisation, sales: Sequence[Sale]) -> dict[str, Payer]:
    """Take the customers whose ids stand on the paying records: a person has said who pays.

    An id of another organisation's customer says nothing about who pays here.
    """
    found: dict[str, Payer] = {}
    archived: dict[str, Customer] = {}
    carried = _carried(organisation, sales)
    ids = list(carried.values())
    with parts().database.reading() as tx:
        customers = mirror.customers(tx, organisation.id, ids)
        elsewhere = {
            key
            for other in connections.known_organisations(tx)
            if other.id != organisation.id
            for key in mirror.customers(tx, other.id, ids)
        }
        for sale in sales:
            given = carried.get(sale.deal.id)
            if not given or (given not in customers and given in elsewhere):
                continue
            kind, record = sides(sale)[0]
            own = links.find_by_hubspot(tx, organisation.id, kind, [record.id]).get(record.id)
            if kind == "contact" and own is not None and (own.how, own.xero_id.lower()) == ("email", given):
                continue  # we wrote it there, since the contact has the customer's address
            customer = customers.get(given)
            payer = (mirror.survivor(tx, organisation.id, customer) or customer) if customer else None
            held = links.find(tx, organisation.id, kind, [payer.id]).get(payer.id) if payer else None
            if payer is None:
                found[sale.deal.id] = Hold((payer_questions.unknown_id(kind, given, organisation.name),))
            elif not payer.active:
                archived[sale.deal.id] = payer
            elif held is not None and held.hubspot_id != record.id:
                said = payer_questions.carried_twice(sale.deal.id, kind, payer, record.id, held.hubspot_id)
                found[sale.deal.id] = Hold((said,), (payer.id,))
            else:
                found[sale.deal.id] = Found(payer.id, "id")
    return found | held_as_archived(organisation, archived)


def _carried(organisation: Organisation, sales: Sequence[Sale]) -> dict[str, str]:
    """Return by deal the ids on the paying records, but for what we wrote there and a person has ended since.

    Such a record is emptied by another lane, which may have come after the deal was read: it is read anew. What stands
    there then, though it was emptied, a person has written.
    """
    carried = {sale.deal.id: one for sale in sales if (one := id_carried(sale))}
    with parts().database.reading() as tx:
        left = set(rulings.to_empty(tx, organisation.id, list(carried.values())))
        ended = rulings.ended(tx, organisation.id, list(carried.values()))
    anew: dict[Side, dict[str, str]] = {}
    for sale in sales:
        given = carried.get(sale.deal.id, "")
        for kind, record in sides(sale)[:1]:
            if (given, kind, record.id) in left:
                del carried[sale.deal.id]  # it is about to go
            elif (kind, record.id) in ended.get(given, ()):
                anew.setdefault(kind, {})[sale.deal.id] = record.id
    for kind, of in anew.items():
        there = parts().hubspot().read(PLURAL[kind], list(of.values()), (id_name(),))
        for deal, record_id in of.items():
            stands = there[record_id].properties.get(id_name()) if record_id in there else ""
            if (stands or "").strip().lower() != carried[deal]:
                del carried[deal]
    return carried


def look_at_ids(organisation: Organisation, sales: Sequence[Sale]) -> None:
    """Have the ids on the paying records of held deals looked at, which people may have moved there unheard.

    Where the customer's link goes there for it, the deal is tried again.
    """
    at = parts()
    now = at.now()
    carrying = [(kind, record.id) for sale in sales if id_carried(sale) for kind, record in sides(sale)[:1]]
    if carrying:
        with at.database.transaction() as tx:
            hubspot_changes.put(tx, [Heard(organisation.id, kind, record, "id", now) for kind, record in carrying])
            lanes.wake(tx, "standing", organisation.id, now)


def by_answer(organisation: Organisation, sales: Sequence[Sale]) -> dict[str, Payer]:
    """Take the customers that a person has named for the paying records."""
    with parts().database.reading() as tx:
        said = rulings.get(tx, organisation.id, [buyer_of(sale) for sale in sales if sides(sale)])
        customers = mirror.customers(tx, organisation.id, [answer for answer in said.values() if answer])
    found: dict[str, Payer] = {}
    archived: dict[str, Customer] = {}
    for sale in sales:
        answer = customers.get(said.get(buyer_of(sale), "")) if sides(sale) else None
        if answer is not None:
            found[sale.deal.id] = Found(answer.id, "ruling")
            archived |= {} if answer.active else {sale.deal.id: answer}
    return found | held_as_archived(organisation, archived)
