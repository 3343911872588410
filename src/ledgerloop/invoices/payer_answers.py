"""Take what a person says of who pays for a deal: this customer, or a new one.

What cannot be so is refused at once with a sentence, and nothing is kept of it. The rest is done by the service, as
with ``customers.answers``.
"""

from __future__ import annotations

from collections.abc import Collection

from ledgerloop import subjects
from ledgerloop.customers import link_by_hand
from ledgerloop.customers.answers import Ruled
from ledgerloop.customers.claims import shown_elsewhere
from ledgerloop.customers.link_by_hand import Half, emptied_instead, in_words, name_of, said_by
from ledgerloop.customers.named import organisation_of, organisation_of_customer
from ledgerloop.engine import retries
from ledgerloop.errors import LedgerloopError
from ledgerloop.hubspot.models import Record
from ledgerloop.invoices import decide, owing, reissue
from ledgerloop.invoices.deals import Sale, buyer_of, new_customer, sides
from ledgerloop.invoices.reissue import Renewal
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Customer, Hold, Line, Link, Organisation, Portal
from ledgerloop.rules.customers import number_of
from ledgerloop.store import connections, intents, journal, links, mirror, rulings

_RULE = "invoices.payer_answers"


def it_pays(organisation: Organisation, deal: str, named: str, by: str, *, replace: bool = False) -> Ruled:
    """Keep that a customer pays for a deal: link it to the deal's company or contact, and try the deal again."""
    at = parts()
    sale = _sale(deal)
    half, record = sides(sale)[0]
    customer = link_by_hand.customer_meant(organisation, named)
    gone = reissue.of_gone(deal, f"ledgerloop link --deal {deal} --customer {customer.id}")
    earlier = _answered(organisation, half, record)
    earlier = earlier if earlier and earlier.xero_id != customer.id else None
    made = link_by_hand.made_meanwhile(organisation, customer, half, record)
    if half == "contact" and not replace:
        _refuse_another_person(organisation, deal, customer, record)
    link_by_hand.link(
        organisation, customer, half, record, by, shared=True, replace=replace or bool(made), earlier=earlier
    )
    with at.database.transaction() as tx:
        rulings.put(tx, organisation.id, f"{half} {record.id}", customer.id, at.now(), by)
    if gone:
        reissue.forget(gone)
    deals = link_by_hand.try_again(organisation, [customer.id], [record.id], deal)
    return Ruled(
        organisation.id,
        customer.id,
        f"“{customer.name}” pays for deal {deal}: it is the HubSpot {half} {in_words(half, record)}. The deal is tried"
        f" again.{emptied_instead(made)}{_taken_back(organisation, earlier)}{_replaced(gone)}",
        tuple(deals),
    )


def new_one_pays(organisation: Organisation, deal: str, by: str, others: Collection[str] = ()) -> Ruled:
    """Keep that who pays for a deal is none of the customers that there are, and try the deal again.

    ``others`` are customers that a person names as others. An archived one that the buyer may be, and that still owes
    something, must be among them, unless the deal's question named it: nobody makes a second one for want of a look.
    """
    at = parts()
    sale = _sale(deal)
    half, record = sides(sale)[0]
    gone = reissue.of_gone(deal, f"ledgerloop link --deal {deal} --new")
    earlier = _answered(organisation, half, record)
    named = {link_by_hand.customer_meant(organisation, one, living=False).id for one in others}
    _look_for_archived(organisation, deal, sale, named)
    with at.database.reading() as tx:
        linked = links.find_by_hubspot(tx, organisation.id, half, [record.id]).get(record.id)
    shown = shown_elsewhere(organisation, [linked] if linked else [])
    with at.database.transaction() as tx:
        linked = links.find_by_hubspot(tx, organisation.id, half, [record.id]).get(record.id)
        known = mirror.customers(tx, organisation.id, [linked.xero_id]).get(linked.xero_id) if linked else None
        # That a contact has a customer's address shows money there, and does not say who pays for its own deals.
        by_address = linked is not None and (half, linked.how) == ("contact", "email")
        ended = ""
        if linked and known is not None and not known.active:
            # The sentence about an archived customer says to run this.
            link_by_hand.end(tx, organisation, linked, by, to_empty=not shown)
            ended = known.id.lower()
            link_by_hand.look_at(
                tx, organisation.id, [known.id]
            )  # which may have something open that nothing shows any more
        elif linked and linked == earlier:
            link_by_hand.end(tx, organisation, linked, by, to_empty=not shown)
            ended = linked.xero_id.lower()
            link_by_hand.look_at(tx, organisation.id, [linked.xero_id])
        elif linked and not by_address:
            name = name_of(tx, organisation, linked.xero_id)
            raise LedgerloopError(
                f"The deal's {half} {in_words(half, record)} is “{name}” in Xero already. If that is wrong, run"
                f" `ledgerloop unlink --customer {linked.xero_id} --{half}` first."
            )
        carried = (record.properties.get(id_name()) or "").strip().lower()
        if carried and carried != ended and not by_address and mirror.customers(tx, organisation.id, [carried]):
            raise LedgerloopError(
                f"The deal's {half} {in_words(half, record)} carries the Xero contact id {carried}. Clear it in HubSpot"
                " first."
            )
        rulings.put(tx, organisation.id, f"{half} {record.id}", "", at.now(), by)
        held = journal.held(tx, subjects.deal(deal))
        bearing = mirror.customers_by_number(tx, organisation.id, [number_of(half, record.id)])
        those = {*named, *(held.candidates if held else ()), *(one.id for some in bearing.values() for one in some)}
        for customer in sorted(those):
            rulings.put(tx, organisation.id, rulings.none_of(f"{half} {record.id}", customer), "", at.now(), by)
        reason = f"{said_by(by)} said that the {half} {record.id} is none of the customers in Xero: one is made for it."
        journal.write(tx, [Line(subjects.deal(deal), "skip", _RULE, reason)], at.now(), lane=organisation.id)
    if gone:
        reissue.forget(gone)
    made = new_customer(sale)
    lacks = f" First, for that: {' '.join(made.reasons)}" if isinstance(made, Hold) else ""
    deals = link_by_hand.try_again(organisation, [], [record.id], deal)
    return Ruled(
        organisation.id,
        "",
        f"The HubSpot {half} {in_words(half, record)} is none of the customers in Xero, and one of its own is made for"
        f" it.{lacks} Deal {deal} is tried again.{_taken_back(organisation, earlier)}{_replaced(gone)}",
        tuple(deals),
    )


def _refuse_another_person(organisation: Organisation, deal: str, customer: Customer, contact: Record) -> None:
    """Raise an error where a customer is a company and another contact: only the company on the deal says it pays."""
    with parts().database.reading() as tx:
        own, company = (
            links.find(tx, organisation.id, half, [customer.id]).get(customer.id) for half in ("contact", "company")
        )
    if own is not None and company is not None and own.hubspot_id != contact.id:
        raise LedgerloopError(
            f"“{customer.name}” is the HubSpot company {company.hubspot_id}, and its contact is {own.hubspot_id}, not"
            f" the deal's contact {in_words('contact', contact)}. If “{customer.name}” pays, add the company"
            f" {company.hubspot_id} to deal {deal} in HubSpot; if the deal's contact is the customer's, add --replace,"
            " and what is shown at the other is emptied."
        )


def _answered(organisation: Organisation, half: Half, record: Record) -> Link | None:
    """Return the link of a record that an earlier answer about who pays for a deal has made."""
    with parts().database.reading() as tx:
        said = rulings.get(tx, organisation.id, [f"{half} {record.id}"]).get(f"{half} {record.id}", "")
        link = links.find_by_hubspot(tx, organisation.id, half, [record.id]).get(record.id)
    return link if link is not None and (link.how, link.xero_id) == ("ruling", said) else None


def _taken_back(organisation: Organisation, earlier: Link | None) -> str:
    if earlier is None:
        return ""
    with parts().database.reading() as tx:
        name = name_of(tx, organisation, earlier.xero_id)
    return f" “{name}” is no longer that {earlier.kind}, and what was shown of it there is emptied."


def _replaced(gone: Renewal | None) -> str:
    return f" Invoice {gone.intent.number} is {gone.status} in Xero, and another is made." if gone else ""


def _look_for_archived(organisation: Organisation, deal: str, sale: Sale, named: Collection[str]) -> None:
    """Raise an error where an archived customer that a buyer may be still owes something, and nobody spoke of it."""
    owes = owing.archived_owing(organisation, sale)
    with parts().database.reading() as tx:
        held = journal.held(tx, subjects.deal(deal))
        spoken_of = {*named, *(held.candidates if held else ())}
        before = {key: rulings.none_of(buyer_of(sale), key) for key in owes}
        denied = rulings.get(tx, organisation.id, list(before.values()))
        left = [key for key in owes if key not in spoken_of and before[key] not in denied]
        known = mirror.customers(tx, organisation.id, left)
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
        organisations = connections.organisations(tx)
        if given or len(organisations) < 2:
            return organisation_of(tx, given)
    portal = _portal_of(deal)
    _, routed = decide.routed_sale(portal, deal)
    with at.database.reading() as tx:
        held, made = journal.held(tx, subjects.deal(deal)), intents.get(tx, portal.id, [deal]).get(deal)
        asked = [
            organisation
            for organisation in organisations
            if held and mirror.customers(tx, organisation.id, held.candidates)
        ]
        invoiced = [organisation for organisation in organisations if made and organisation.id == made.organisation]
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
