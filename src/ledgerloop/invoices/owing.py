"""Say what customers owe, and hold the deals of archived ones with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from ledgerloop.invoices.buyers import describe_buyer, made_to_show, search_keys
from ledgerloop.invoices.deals import Sale
from ledgerloop.parts import parts
from ledgerloop.records import Customer, Hold, Organisation
from ledgerloop.rules.customers import number_of
from ledgerloop.rules.identity import payer_questions
from ledgerloop.rules.identity.payers import Known, Payer, archived_ones
from ledgerloop.rules.identity.sharing import Sharing
from ledgerloop.store import links, mirror, rulings


def open_sums(organisation: Organisation, customers: Sequence[str]) -> dict[str, str]:
    """Say what customers owe, as people read it."""
    with parts().database.reading() as tx:
        documents = mirror.receivables_of(tx, organisation.id, customers)
    owed: dict[str, str] = {}
    for customer, some in documents.items():
        sums: defaultdict[str, Decimal] = defaultdict(Decimal)
        for one in some:
            if one.kind == "invoice" and one.status == "AUTHORISED":
                sums[one.currency] += one.due
        owed[customer] = " and ".join(f"{sums[one]:,.2f} {one}" for one in sorted(sums) if sums[one])
    return owed


def held_as_archived(organisation: Organisation, owners: Mapping[str, Customer]) -> dict[str, Payer]:
    """Hold deals whose customers are archived, each with what its customer still owes."""
    owed = open_sums(organisation, sorted({one.id for one in owners.values()})) if owners else {}
    return {
        deal: Hold((payer_questions.archived(deal, one, owed.get(one.id, "")),), (one.id,))
        for deal, one in owners.items()
    }


def archived_owing(organisation: Organisation, sale: Sale) -> dict[str, str]:
    """Return what is still open on the archived customers that a deal's buyer may be, by customer."""
    buyer = describe_buyer(organisation, sale, made_to_show(organisation, [sale]))
    number = number_of(buyer.kind, buyer.record.id)
    with parts().database.reading() as tx:
        by_key = mirror.customers_by_keys(tx, organisation.id, search_keys(buyer))
        numbered = mirror.customers_by_number(tx, organisation.id, [number]).get(number, [])
        linked = links.find_by_hubspot(tx, organisation.id, buyer.kind, [buyer.record.id]).get(buyer.record.id)
        own = list(mirror.customers(tx, organisation.id, [linked.xero_id] if linked else []).values())
        fitting = {one.id: one for some in (*by_key.values(), numbered) for one in some if not one.merged_into}
        ended = rulings.ended(tx, organisation.id, list(fitting))
    mine = [one for one in fitting.values() if (buyer.kind, buyer.record.id) not in ended.get(one.id, ())]
    shared = Sharing.among(by_key).shared
    known = Known(mine, {one.id for one in numbered}, shared=shared, country=organisation.country)
    gone = dict.fromkeys([*(one.id for one in own if not one.active), *archived_ones(buyer, known)])
    return {key: owed for key, owed in open_sums(organisation, list(gone)).items() if owed}
