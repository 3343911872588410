"""Take what a person says of who is who: it is this one, it is that one, make a new one; and end links that are wrong.

What cannot be so is refused at once with a sentence, and nothing is kept of it. The rest is done by the service: at
once where it runs, at its next start where it does not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection

from ledgerloop.customers import unlink
from ledgerloop.customers.claims import carried_by, look_at_rivals, shown_elsewhere
from ledgerloop.customers.hubspot_records import PLURAL, properties_read
from ledgerloop.customers.named import customers_named, organisation_of, organisation_of_customer
from ledgerloop.engine import retries
from ledgerloop.errors import LedgerloopError
from ledgerloop.hubspot.models import Record
from ledgerloop.invoices import decide, owing, reissue
from ledgerloop.invoices.deals import Sale, buyer_of, new_customer, sides
from ledgerloop.invoices.reissue import Renewal
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Customer, Hold, Line, Link, LinkKind, Organisation, Portal
from ledgerloop.rules.customers import number_of
from ledgerloop.rules.identity.profiles import person_name
from ledgerloop.store import (
    connections,
    intents,
    journal,
    lanes,
    last_compared,
    links,
    mirror,
    pending_customers,
    rulings,
)

_RULE = "invoices.who_is_who"

Half = Literal["contact", "company"]
HALVES: tuple[Half, ...] = ("company", "contact")


@dataclass(frozen=True, slots=True)
class Ruled:
    """What was done about a customer, in a sentence that says what happens next as well."""

    organisation: str
    customer: str
    """Its id; empty where one is to be made."""
    sentence: str
    deals: tuple[str, ...] = ()
    """The deals that are tried again because of it."""


def it_is(home: Organisation, named: str, half: Half, record_id: str, by: str, *, replace: bool = False) -> Ruled:
    """Keep that a customer is a HubSpot record: link the two, and have both looked at again.

    ``replace`` a link that the customer has: ended first and on its own, it would have a new record made meanwhile.
    Whoever takes an ended link back need not say so about the company that was made since.
    """
    customer = _customer(home, named)
    record = _record(half, record_id)
    made = _made_meanwhile(home, customer, half, record)
    anew = _link(home, customer, half, record, by, shared=False, replace=replace or bool(made))
    deals = _again(home, [customer.id], [record.id])
    done = "is" if anew else "was linked already, and is now by what you say,"
    return Ruled(
        home.id,
        customer.id,
        f"“{customer.name}” {done} the HubSpot {half} {_called(half, record)}, which shows what it owes from now on."
        f"{_left(made)}",
        tuple(deals),
    )


def it_is_new(home: Organisation, named: str, by: str) -> Ruled:
    """Keep that a customer is no HubSpot company that there is, so that one of its own is made."""
    at = parts()
    customer = _customer(home, named)
    with at.database.transaction() as tx:
        if linked := links.find(tx, home.id, "company", [customer.id]).get(customer.id):
            raise LedgerloopError(
                f"“{customer.name}” is the HubSpot company {linked.hubspot_id} already. If that is wrong, run"
                f" `ledgerloop unlink --customer {customer.id} --company` first."
            )
        rulings.put(tx, home.id, f"customer {customer.id} company", "", at.now(), by)
        reason = f"{_who(by)} said that it is none of the HubSpot companies that there are: one of its own is made."
        journal.write(tx, [Line(f"customer {customer.id}", "skip", _RULE, reason)], at.now(), lane=home.id)
        _look_at(tx, home.id, [customer.id])
    _again(home, [customer.id], [])
    return Ruled(
        home.id,
        customer.id,
        f"“{customer.name}” is none of the HubSpot companies that there are, and a company of its own is made for it.",
    )


def it_pays(home: Organisation, deal: str, named: str, by: str, *, replace: bool = False) -> Ruled:
    """Keep that a customer pays for a deal: link it to the deal's company or contact, and try the deal again."""
    at = parts()
    sale = _sale(deal)
    half, record = sides(sale)[0]
    customer = _customer(home, named)
    gone = reissue.of_gone(deal, f"ledgerloop link --deal {deal} --customer {customer.id}")
    earlier = _answered(home, half, record)
    earlier = earlier if earlier and earlier.xero_id != customer.id else None
    made = _made_meanwhile(home, customer, half, record)
    _link(home, customer, half, record, by, shared=True, replace=replace or bool(made), earlier=earlier)
    with at.database.transaction() as tx:
        rulings.put(tx, home.id, f"{half} {record.id}", customer.id, at.now(), by)
    if gone:
        reissue.forget(gone)
    deals = _again(home, [customer.id], [record.id], deal)
    return Ruled(
        home.id,
        customer.id,
        f"“{customer.name}” pays for deal {deal}: it is the HubSpot {half} {_called(half, record)}. The deal is tried"
        f" again.{_left(made)}{_taken_back(home, earlier)}{_replaced(gone)}",
        tuple(deals),
    )


def new_one_pays(home: Organisation, deal: str, by: str, others: Collection[str] = ()) -> Ruled:
    """Keep that who pays for a deal is none of the customers that there are, and try the deal again.

    ``others`` are customers that a person names as others. An archived one that the buyer may be, and that still owes
    something, must be among them, unless the deal's question named it: nobody makes a second one for want of a look.
    """
    at = parts()
    sale = _sale(deal)
    half, record = sides(sale)[0]
    gone = reissue.of_gone(deal, f"ledgerloop link --deal {deal} --new")
    earlier = _answered(home, half, record)
    named = {_customer(home, one, living=False).id for one in others}
    _look_for_archived(home, deal, sale, named)
    with at.database.reading() as tx:
        linked = links.find_by_hubspot(tx, home.id, half, [record.id]).get(record.id)
    shown = shown_elsewhere(home, [linked] if linked else [])
    with at.database.transaction() as tx:
        linked = links.find_by_hubspot(tx, home.id, half, [record.id]).get(record.id)
        known = mirror.customers(tx, home.id, [linked.xero_id]).get(linked.xero_id) if linked else None
        # That a contact has a customer's address shows money there, and does not say who pays for its own deals.
        by_address = linked is not None and (half, linked.how) == ("contact", "email")
        ended = ""
        if linked and known is not None and not known.active:
            _end(tx, home, linked, by, to_empty=not shown)  # the sentence about an archived customer says to run this
            ended = known.id.lower()
            _look_at(tx, home.id, [known.id])  # which may have something open that nothing shows any more
        elif linked and linked == earlier:
            _end(tx, home, linked, by, to_empty=not shown)
            ended = linked.xero_id.lower()
            _look_at(tx, home.id, [linked.xero_id])
        elif linked and not by_address:
            name = _name(tx, home, linked.xero_id)
            raise LedgerloopError(
                f"The deal's {half} {_called(half, record)} is “{name}” in Xero already. If that is wrong, run"
                f" `ledgerloop unlink --customer {linked.xero_id} --{half}` first."
            )
        carried = (record.properties.get(id_name()) or "").strip().lower()
        if carried and carried != ended and not by_address and mirror.customers(tx, home.id, [carried]):
            raise LedgerloopError(
                f"The deal's {half} {_called(half, record)} carries the Xero contact id {carried}. Clear it in HubSpot"
                " first."
            )
        rulings.put(tx, home.id, f"{half} {record.id}", "", at.now(), by)
        held = journal.held(tx, f"deal {deal}")
        bearing = mirror.customers_by_number(tx, home.id, [number_of(half, record.id)])
        those = {*named, *(held.candidates if held else ()), *(one.id for some in bearing.values() for one in some)}
        for customer in sorted(those):
            rulings.put(tx, home.id, rulings.none_of(f"{half} {record.id}", customer), "", at.now(), by)
        reason = f"{_who(by)} said that the {half} {record.id} is none of the customers in Xero: one is made for it."
        journal.write(tx, [Line(f"deal {deal}", "skip", _RULE, reason)], at.now(), lane=home.id)
    if gone:
        reissue.forget(gone)
    made = new_customer(sale)
    lacks = f" First, for that: {' '.join(made.reasons)}" if isinstance(made, Hold) else ""
    deals = _again(home, [], [record.id], deal)
    return Ruled(
        home.id,
        "",
        f"The HubSpot {half} {_called(half, record)} is none of the customers in Xero, and one of its own is made for"
        f" it.{lacks} Deal {deal} is tried again.{_taken_back(home, earlier)}{_replaced(gone)}",
        tuple(deals),
    )


def part(home: Organisation, named: str, halves: Collection[Half], by: str) -> Ruled:
    """End a customer's links: its records are emptied with its next turn, and other ones are looked for."""
    at = parts()
    customer = _customer(home, named, living=False)
    ended: list[Link] = []
    with at.database.transaction() as tx:
        for half in HALVES:
            link = links.find(tx, home.id, half, [customer.id]).get(customer.id)
            if link is not None and half in halves:
                ended.append(link)
        if not ended:
            wanted = " or ".join(half for half in HALVES if half in halves)
            raise LedgerloopError(f"“{customer.name}” has no HubSpot {wanted}, so there is no link to end.")
    elsewhere = shown_elsewhere(home, ended)
    with at.database.transaction() as tx:
        for link in ended:
            _end(tx, home, link, by, to_empty=(link.kind, link.hubspot_id) not in elsewhere)
        _look_at(tx, home.id, [customer.id])
    deals = _again(home, [customer.id], [link.hubspot_id for link in ended])
    records = " and ".join(f"{link.kind} {link.hubspot_id}" for link in ended)
    return Ruled(
        home.id,
        customer.id,
        f"“{customer.name}” is no longer the HubSpot {records}: what was shown there is emptied, and it is looked for"
        " among the others."
        if customer.active
        else f"“{customer.name}” is no longer the HubSpot {records}: what was shown there is emptied. It is archived in"
        " Xero, so it gets no other.",
        tuple(deals),
    )


def _made_meanwhile(home: Organisation, customer: Customer, half: Half, record: Record) -> str:
    """Return the company that was made for a customer since its link to the one that is named now was ended."""
    with parts().database.reading() as tx:
        ended = rulings.ended(tx, home.id, [customer.id]).get(customer.id, ())
        held = links.find(tx, home.id, half, [customer.id]).get(customer.id)
    taken_back = half == "company" and (half, record.id) in ended
    return held.hubspot_id if taken_back and held is not None and held.how == "created" else ""


def _left(made: str) -> str:
    if not made:
        return ""
    return f" The company {made}, which was made for it meanwhile, is emptied: delete it in HubSpot if nobody uses it."


def _answered(home: Organisation, half: Half, record: Record) -> Link | None:
    """Return the link of a record that an earlier answer about who pays for a deal has made."""
    with parts().database.reading() as tx:
        said = rulings.get(tx, home.id, [f"{half} {record.id}"]).get(f"{half} {record.id}", "")
        link = links.find_by_hubspot(tx, home.id, half, [record.id]).get(record.id)
    return link if link is not None and (link.how, link.xero_id) == ("ruling", said) else None


def _taken_back(home: Organisation, earlier: Link | None) -> str:
    if earlier is None:
        return ""
    with parts().database.reading() as tx:
        name = _name(tx, home, earlier.xero_id)
    return f" “{name}” is no longer that {earlier.kind}, and what was shown of it there is emptied."


def _replaced(gone: Renewal | None) -> str:
    return f" Invoice {gone.intent.number} is {gone.status} in Xero, and another is made." if gone else ""


def _link(
    home: Organisation,
    customer: Customer,
    half: Half,
    record: Record,
    by: str,
    *,
    shared: bool,
    replace: bool,
    earlier: Link | None = None,
) -> bool:
    """Check that a customer may be a record, and link the two; tell whether they were not linked before.

    ``shared`` where the record may be another organisation's as well: its invoices go to this customer all the same.
    ``earlier`` is the link that an earlier answer made, and that this one replaces.
    """
    at = parts()
    now = at.now()
    with at.database.reading() as tx:
        old = links.find(tx, home.id, half, [customer.id]).get(customer.id)
    elsewhere = shown_elsewhere(home, [one for one in (old, earlier) if one])
    with at.database.transaction() as tx:
        if earlier and links.find_by_hubspot(tx, home.id, half, [record.id]).get(record.id) == earlier:
            _end(tx, home, earlier, by, to_empty=(half, record.id) not in elsewhere)
            _look_at(tx, home.id, [earlier.xero_id])
        before = links.find(tx, home.id, half, [customer.id]).get(customer.id)
        if replace and before is not None and before == old and before.hubspot_id != record.id:
            _end(tx, home, before, by, to_empty=(half, before.hubspot_id) not in elsewhere)
            before = None
        _check(tx, home, customer, half, record, shared=shared)
        link = Link(home.id, customer.id, half, record.id, "ruling")
        links.put(tx, [link], now)
        links.accept(tx, [link], "ruling")
        look_at_rivals(tx, home.id, [record.id], [customer.id])
        rulings.put(tx, home.id, f"customer {customer.id} {half}", record.id, now, by)
        rulings.forget(tx, home.id, f"customer {customer.id} not {half} {record.id}")
        if before is None:
            last_compared.forget(tx, home.id, half, [customer.id])
        reason = f"{_who(by)} said that it is the {half} {record.id}."
        line = Line(f"customer {customer.id}", "adopt", _RULE, reason, f"hubspot {half} {record.id}")
        journal.write(tx, [line], now, lane=home.id)
        _look_at(tx, home.id, [customer.id])
    return before is None


def _check(tx: Connection, home: Organisation, customer: Customer, half: Half, record: Record, *, shared: bool) -> None:
    """Raise an error where a record cannot be a customer."""
    called = _called(half, record)
    linked = links.find(tx, home.id, half, [customer.id]).get(customer.id)
    if linked is not None and linked.hubspot_id != record.id:
        raise LedgerloopError(
            f"“{customer.name}” is the HubSpot {half} {linked.hubspot_id} already. If the two are one, merge them in"
            " HubSpot; if the link is wrong, add --replace, and what is shown there is emptied."
        )
    holder = links.find_by_hubspot(tx, home.id, half, [record.id]).get(record.id)
    if holder is not None and holder.xero_id != customer.id:
        raise LedgerloopError(
            f"The HubSpot {half} {called} is “{_name(tx, home, holder.xero_id)}” in Xero, and a record is one customer."
            f" If that is wrong, run `ledgerloop unlink --customer {holder.xero_id} --{half}` first."
        )
    others = {one.id: one.name for one in connections.organisations(tx) if one.id != home.id}
    theirs = [one for one in links.of_records(tx, half, [record.id]) if one.organisation in others]
    carried = carried_by(record, customer.id)
    if carried and ("not " + f"{half} {record.id}") in _ended_of(tx, home, carried):
        carried = ""  # its link was ended, and it is about to be emptied
    belongs = [others[one.organisation] for one in theirs]
    belongs += [name for key, name in others.items() if carried and mirror.customers(tx, key, [carried.lower()])]
    if belongs and not shared:
        raise LedgerloopError(
            f"The HubSpot {half} {called} shows a customer of {belongs[0]}, and a record shows one organisation. Name"
            f" another {half}, or make one for {home.name}."
        )
    if carried and not belongs:
        raise LedgerloopError(
            f"The HubSpot {half} {called} carries the Xero contact id {carried}, which is not that of"
            f" “{customer.name}”. Clear the id in HubSpot first if it is out of date."
        )


def _ended_of(tx: Connection, home: Organisation, customer: str) -> set[str]:
    some = rulings.to_empty(tx, home.id, [customer, customer.lower()])
    return {f"not {kind} {record}" for _, kind, record in some}


def _end(tx: Connection, home: Organisation, link: Link, by: str, *, to_empty: bool) -> None:
    unlink.end(tx, home, link, to_empty=to_empty)
    target = f"hubspot {link.kind} {link.hubspot_id}"
    reason = f"{_who(by)} said that it is not the {link.kind} {link.hubspot_id}, so the link is ended."
    journal.write(tx, [Line(f"customer {link.xero_id}", "skip", _RULE, reason, target)], parts().now(), lane=home.id)


def _customer(home: Organisation, named: str, *, living: bool = True) -> Customer:
    """Find the one customer that a person means; an error where that is not one, or one that nothing is shown of."""
    with parts().database.reading() as tx:
        ids = customers_named(tx, [home], named)
        found = mirror.customers(tx, home.id, ids)
    if len(ids) > 1:
        some = "; ".join(f"“{found[key].name}” ({key})" for key in ids)
        raise LedgerloopError(f"Several customers are meant by “{named}”: {some}. Name one by its Xero id.")
    customer = found[ids[0]]
    if living and customer.merged_into:
        raise LedgerloopError(f"“{customer.name}” was merged in Xero: name {customer.merged_into} instead.")
    if living and not customer.active:
        raise LedgerloopError(f"“{customer.name}” is archived in Xero. Restore it there first.")
    return customer


def _record(half: LinkKind, given: str) -> Record:
    """Read the record that a person names; an error where it is not there, or under another id."""
    if not given.isdecimal():
        raise LedgerloopError(
            f"“{given}” is no id of a HubSpot {half}: that is the number at the end of its address in HubSpot."
        )
    record = parts().hubspot().read(PLURAL[half], [given], properties_read(half)).get(given)
    if record is None:
        raise LedgerloopError(f"HubSpot has no {half} {given}: it was deleted, or never was.")
    if record.id != given:
        raise LedgerloopError(f"The {half} {given} was merged in HubSpot: name {record.id} instead.")
    return record


def _look_for_archived(home: Organisation, deal: str, sale: Sale, named: Collection[str]) -> None:
    """Raise an error where an archived customer that a buyer may be still owes something, and nobody spoke of it."""
    owes = owing.archived_owing(home, sale)
    with parts().database.reading() as tx:
        held = journal.held(tx, f"deal {deal}")
        spoken_of = {*named, *(held.candidates if held else ())}
        before = {key: rulings.none_of(buyer_of(sale), key) for key in owes}
        denied = rulings.get(tx, home.id, list(before.values()))
        left = [key for key in owes if key not in spoken_of and before[key] not in denied]
        known = mirror.customers(tx, home.id, left)
    if left:
        some = "; ".join(f"“{known[key].name}” ({key}) with {owes[key]} still open" for key in left)
        others = " ".join(f"--not {key}" for key in left)
        raise LedgerloopError(
            f"The buyer of deal {deal} may be a customer that is archived in Xero: {some}. If it is, restore it in Xero"
            f" and run `ledgerloop link --deal {deal} --customer {left[0]}`; if it is another firm, run"
            f" `ledgerloop link --deal {deal} --new {others}`."
        )


def _sale(deal: str) -> Sale:
    """Read a deal that somebody pays for."""
    sale, _ = decide.routed_sale(_portal_of(deal), deal)
    if sale is None or not sides(sale):
        raise LedgerloopError(f"Deal {deal} has neither a company nor a contact in HubSpot. Give it one first.")
    return sale


def organisation_of_deal(deal: str, given: str, customer: str = "") -> Organisation:
    """Choose the organisation that is given; else the one that a deal's route, its question or its invoice names.

    Where none of them does it is that of the ``customer`` who is to pay. An error where that is not one. It must be fit
    to be shown.
    """
    at = parts()
    with at.database.reading() as tx:
        homes = connections.organisations(tx)
        if given or len(homes) < 2:
            return organisation_of(tx, given)
    portal = _portal_of(deal)
    _, routed = decide.routed_sale(portal, deal)
    with at.database.reading() as tx:
        held, made = journal.held(tx, f"deal {deal}"), intents.get(tx, portal.id, [deal]).get(deal)
        asked = [home for home in homes if held and mirror.customers(tx, home.id, held.candidates)]
        invoiced = [home for home in homes if made and home.id == made.organisation]
        for found in ([routed] if routed else [], asked, invoiced):
            if len(found) == 1:
                return organisation_of(tx, found[0].id)
        return organisation_of_customer(tx, given, customer) if customer else organisation_of(tx, given)


def _portal_of(deal: str) -> Portal:
    """Return the portal of a deal that is there; an error where it is not."""
    retries.check([deal])
    with parts().database.reading() as tx:
        portal = connections.only_portal(tx)
    if portal is None:
        raise LedgerloopError("No HubSpot portal is connected: run `ledgerloop connect hubspot`.")
    return portal


def _called(half: LinkKind, record: Record) -> str:
    name = person_name(record) or record.properties.get("email") if half == "contact" else record.properties.get("name")
    return f"“{name}” ({record.id})" if name else record.id


def _name(tx: Connection, home: Organisation, customer: str) -> str:
    known = mirror.customers(tx, home.id, [customer]).get(customer)
    return known.name if known else customer


def _look_at(tx: Connection, organisation: str, customers: Sequence[str]) -> None:
    pending_customers.mark(tx, organisation, customers)
    lanes.wake(tx, "standing", organisation, parts().now())


def _again(home: Organisation, customers: Sequence[str], records: Sequence[str], deal: str = "") -> list[str]:
    """Try the deals again that are held over these customers or records, and the one that is meant; wake the engine."""
    at = parts()
    concerned = {*customers, *records}
    with at.database.transaction() as tx:
        holds = journal.holds(tx)
        held = [
            one.subject.removeprefix("deal ")
            for one in holds
            if one.subject.startswith("deal ") and not concerned.isdisjoint(one.candidates)
        ]
        # Those that were held over the same record are looked at again too: what is one is none of the others.
        others = [
            one.subject.removeprefix("customer ")
            for one in holds
            if one.lane == home.id and one.subject.startswith("customer ") and not concerned.isdisjoint(one.candidates)
        ]
        if others:
            _look_at(tx, home.id, others)
    deals = list(dict.fromkeys([*([deal] if deal else []), *held]))
    if deals:
        retries.retry(deals)
    at.nudge()
    return deals


def _who(by: str) -> str:
    return f"A person ({by})" if by else "A person"
