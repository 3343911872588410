"""Take what a person says of which HubSpot record a customer is: this one, a new one, or not that one.

What cannot be so is refused at once with a sentence, and nothing is kept of it. The rest is done by the service: at
once where it runs, at its next start where it does not.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ledgerloop import subjects
from ledgerloop.customers import link_by_hand
from ledgerloop.customers.claims import shown_elsewhere
from ledgerloop.customers.link_by_hand import HALVES, Half, emptied_instead, in_words, said_by
from ledgerloop.errors import LedgerloopError
from ledgerloop.parts import parts
from ledgerloop.records import Line, Link, Organisation
from ledgerloop.store import journal, links, rulings

_RULE = "customers.answers"


@dataclass(frozen=True, slots=True)
class Ruled:
    """What was done about a customer, in a sentence that says what happens next as well."""

    organisation: str
    customer: str
    """Its id; empty where one is to be made."""
    sentence: str
    deals: tuple[str, ...] = ()
    """The deals that are tried again because of it."""


def it_is(
    organisation: Organisation, named: str, half: Half, record_id: str, by: str, *, replace: bool = False
) -> Ruled:
    """Keep that a customer is a HubSpot record: link the two, and have both looked at again.

    ``replace`` a link that the customer has: ended first and on its own, it would have a new record made meanwhile.
    Whoever takes an ended link back need not say so about the company that was made since.
    """
    customer = link_by_hand.customer_meant(organisation, named)
    record = link_by_hand.record_meant(half, record_id)
    made = link_by_hand.made_meanwhile(organisation, customer, half, record)
    anew = link_by_hand.link(organisation, customer, half, record, by, shared=False, replace=replace or bool(made))
    deals = link_by_hand.try_again(organisation, [customer.id], [record.id])
    done = "is" if anew else "was linked already, and is now by what you say,"
    return Ruled(
        organisation.id,
        customer.id,
        f"“{customer.name}” {done} the HubSpot {half} {in_words(half, record)}, which shows what it owes from now on."
        f"{emptied_instead(made)}",
        tuple(deals),
    )


def it_is_new(organisation: Organisation, named: str, by: str) -> Ruled:
    """Keep that a customer is no HubSpot company that there is, so that one of its own is made."""
    at = parts()
    customer = link_by_hand.customer_meant(organisation, named)
    with at.database.transaction() as tx:
        if linked := links.find(tx, organisation.id, "company", [customer.id]).get(customer.id):
            raise LedgerloopError(
                f"“{customer.name}” is the HubSpot company {linked.hubspot_id} already. If that is wrong, run"
                f" `ledgerloop unlink --customer {customer.id} --company` first."
            )
        rulings.put(tx, organisation.id, f"customer {customer.id} company", "", at.now(), by)
        reason = f"{said_by(by)} said that it is none of the HubSpot companies that there are: one of its own is made."
        journal.write(tx, [Line(subjects.customer(customer.id), "skip", _RULE, reason)], at.now(), lane=organisation.id)
        link_by_hand.look_at(tx, organisation.id, [customer.id])
    link_by_hand.try_again(organisation, [customer.id], [])
    return Ruled(
        organisation.id,
        customer.id,
        f"“{customer.name}” is none of the HubSpot companies that there are, and a company of its own is made for it.",
    )


def part(organisation: Organisation, named: str, halves: Collection[Half], by: str) -> Ruled:
    """End a customer's links: its records are emptied with its next turn, and other ones are looked for."""
    at = parts()
    customer = link_by_hand.customer_meant(organisation, named, living=False)
    ended: list[Link] = []
    with at.database.transaction() as tx:
        for half in HALVES:
            link = links.find(tx, organisation.id, half, [customer.id]).get(customer.id)
            if link is not None and half in halves:
                ended.append(link)
        if not ended:
            wanted = " or ".join(half for half in HALVES if half in halves)
            raise LedgerloopError(f"“{customer.name}” has no HubSpot {wanted}, so there is no link to end.")
    elsewhere = shown_elsewhere(organisation, ended)
    with at.database.transaction() as tx:
        for link in ended:
            link_by_hand.end(tx, organisation, link, by, to_empty=(link.kind, link.hubspot_id) not in elsewhere)
        link_by_hand.look_at(tx, organisation.id, [customer.id])
    deals = link_by_hand.try_again(organisation, [customer.id], [link.hubspot_id for link in ended])
    records = " and ".join(f"{link.kind} {link.hubspot_id}" for link in ended)
    return Ruled(
        organisation.id,
        customer.id,
        f"“{customer.name}” is no longer the HubSpot {records}: what was shown there is emptied, and it is looked for"
        " among the others."
        if customer.active
        else f"“{customer.name}” is no longer the HubSpot {records}: what was shown there is emptied. It is archived in"
        " Xero, so it gets no other.",
        tuple(deals),
    )
