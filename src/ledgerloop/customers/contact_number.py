"""Write a customer's HubSpot id into its ContactNumber in Xero, where that is switched on. Called inside a step.

So a link can be found again from either side, whatever was lost. Only those who were found are told of: a record that
we made carries the customer's id from its first moment on. A number that is there, whosever it is, stays.
"""

from __future__ import annotations

from collections.abc import Sequence

from ledgerloop import subjects
from ledgerloop.customers.claims import shown_elsewhere
from ledgerloop.customers.relink import KINDS
from ledgerloop.engine.backoff import alone
from ledgerloop.parts import parts
from ledgerloop.records import Decision, Line, Link, Organisation
from ledgerloop.rules.customers import contact_told, customer_from_contact, number_of
from ledgerloop.rules.vendor_messages import whole
from ledgerloop.store import journal, links, mirror
from ledgerloop.xero.client import MOST_IDS, XeroClient

_RULE = "rules.customers.number_of"


def number(organisation: Organisation, customers: Sequence[str]) -> None:
    """look → send → keep, forty customers a call, out of the share of the quota that live work leaves.

    A number that Xero refused once, because another contact has it, is not sent again. Where that fails, it comes with
    the customer's next look.
    """
    at = parts()
    if not at.write_number or not customers:
        return
    wanted = _wanted(organisation, customers)
    client = at.xero(organisation.id).as_backfill()
    keys = sorted(wanted)

    def send() -> None:
        for start in range(0, len(keys), MOST_IDS):
            _send(client, organisation, {key: wanted[key] for key in keys[start : start + MOST_IDS]})

    if keys:
        alone(organisation.id, "numbers", send)


def _wanted(organisation: Organisation, customers: Sequence[str]) -> dict[str, str]:
    """Return the numbers that are to be written: of the company, else of the contact, that a customer was found as."""
    with parts().database.reading() as tx:
        bare = {
            key
            for key, one in mirror.customers(tx, organisation.id, customers).items()
            if not one.number and one.active and not one.merged_into
        }
        found: list[Link] = [link for kind in KINDS for link in links.find(tx, organisation.id, kind, bare).values()]
    elsewhere = shown_elsewhere(organisation, found)
    wanted: dict[str, str] = {}
    made: set[str] = set()
    for link in found:  # companies come last, and stand above contacts
        if link.kind != "deal" and (link.kind, link.hubspot_id) not in elsewhere:
            wanted[link.xero_id] = number_of(link.kind, link.hubspot_id)
            (made.add if link.how == "created" else made.discard)(link.xero_id)
    found_only = {key: (subjects.customer(key), _refused(one)) for key, one in wanted.items() if key not in made}
    with parts().database.reading() as tx:
        refused = journal.said(tx, list(found_only.values()))
    return {key: wanted[key] for key, told in found_only.items() if told not in refused}


def _send(client: XeroClient, organisation: Organisation, numbers: dict[str, str]) -> None:
    at = parts()
    outcomes = client.update_contacts([{"ContactID": key, "ContactNumber": one} for key, one in numbers.items()])
    with at.database.transaction() as tx:
        for (key, one), outcome in zip(numbers.items(), outcomes, strict=True):
            if outcome.ok and outcome.record is not None:
                mirror.store_customers(tx, [customer_from_contact(organisation.id, outcome.record)], touch=False)
                why = "Its record was found, and Xero is told which it is."
                line = _line(key, one, "update", why, contact_told(outcome.record))
            else:
                line = _line(key, one, "skip", _refused(one), whole(*outcome.problems))
            journal.write(tx, [line], at.now())


def _refused(one: str) -> str:
    return f"Xero would not take the ContactNumber {one}, so the customer is left without one."


def _line(customer: str, number: str, decision: Decision, reason: str, answer: str) -> Line:
    target, values = subjects.xero("contact", customer), {"ContactNumber": number}
    return Line(subjects.customer(customer), decision, _RULE, reason, target, values, answer)
