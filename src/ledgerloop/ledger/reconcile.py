"""Compare our copy of the ledger with Xero's own balances, slowly, and read anew what differs. Called inside a step.

Forty customers a call, and only as many calls a day as their share of the quota allows, so a round may take days; what
is read anew counts too, and lets the next call wait for longer. A customer whose two figures a person was told of is
not read again before either changes. It is the net under everything that If-Modified-Since does not see and that nobody
has thought of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.errors import LedgerloopError
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.records import Line, Organisation, Receivable
from ledgerloop.rules import clocks
from ledgerloop.rules.customers import customer_from_contact, receivable_from_credit, receivable_from_invoice
from ledgerloop.rules.standing import agrees, standing_of
from ledgerloop.store import clientele, journal, mirror, single_values
from ledgerloop.xero.client import MOST_IDS, Page, XeroClient
from ledgerloop.xero.models import Contact, CreditNote, Model, Overpayment, Prepayment

T = TypeVar("T", bound=Model)

_RULE = "rules.standing.agrees"
MOST_REREAD = 5
"""Customers read anew after one call; those behind them come with the next."""


@dataclass(frozen=True, slots=True)
class Round:
    """How far the comparing has come: after which customer, when, and how many calls it made then."""

    after: str = ""
    at: datetime | None = None
    calls: int = 1


@dataclass(slots=True)
class Calls:
    """Count the calls that comparing makes."""

    made: int = 0


def due(tx: Connection, organisation: str, now: datetime) -> bool:
    """Tell whether the next call may be made."""
    moment = due_at(tx, organisation, now)
    return moment is not None and moment <= now


def due_at(tx: Connection, organisation: str, now: datetime) -> datetime | None:
    """Return when the next call may be made; none where none is made."""
    every = parts().verify_every
    last = _round(tx, organisation)
    return clocks.due_at(last.at, every * last.calls, now) if every is not None else None


def verify(organisation: Organisation) -> int:
    """Compare the next forty customers, read anew those that differ, and say how many did."""
    at = parts()
    client = at.xero(organisation.id).as_backfill()
    with at.database.reading() as tx:
        if not due(tx, organisation.id, at.now()):
            return 0
        after = _round(tx, organisation.id).after
        some = clientele.to_compare(tx, organisation.id, after, MOST_IDS)
    calls = Calls()
    try:
        differing = _compare(client, organisation, some, calls) if some else []
    except LedgerloopError as problem:  # it stands behind everything else, and must not keep that from its turn
        logger.warning("balances not compared", organisation=organisation.id, why=problem.sentence)
        some, differing = [after], []
    if len(differing) > MOST_REREAD:
        here = differing[MOST_REREAD - 1]
    else:
        here = some[-1] if len(some) == MOST_IDS or some == [after] else ""
    kept = {"after": here, "at": at.now().isoformat(), "calls": max(1, calls.made)}
    with at.database.transaction() as tx:
        single_values.put(tx, single_values.VERIFIED.of(organisation.id), kept)
    return len(differing)


def _compare(client: XeroClient, organisation: Organisation, some: Sequence[str], calls: Calls) -> list[str]:
    at = parts()
    calls.made += 1
    answer = {contact.ContactID: contact for contact in client.contacts_by_id(some)}
    theirs = {key: answer[key] for key in some if key in answer}  # in the order in which the round goes on
    with at.database.reading() as tx:
        ours = mirror.receivables_of(tx, organisation.id, list(theirs))
    today = organisation.day(at.now())
    agreeing = {
        key for key, one in theirs.items() if agrees(ours.get(key, []), _told(one), today, organisation.base_currency)
    }
    with at.database.transaction() as tx:
        journal.clear(tx, [subjects.balance(key) for key in agreeing], at.now())
        held_of = journal.held_among(tx, [subjects.balance(key) for key in theirs if key not in agreeing])
        told = {key: held_of.get(subjects.balance(key)) for key in theirs if key not in agreeing}
    differing = [
        key
        for key, held in told.items()
        if held is None or held.reasons != (_question(theirs[key], _outstanding(organisation, key)),)
    ]
    for key in differing[:MOST_REREAD]:
        _reread(client, organisation, theirs[key], calls)
    return differing


def _reread(client: XeroClient, organisation: Organisation, contact: Contact, calls: Calls) -> None:
    """Read a customer and all its documents anew, and journal what became of the difference."""
    at = parts()
    before = _outstanding(organisation, contact.ContactID)
    found = list(_documents(client, organisation, contact.ContactID, calls))
    agreed = agrees(found, _told(contact), organisation.day(at.now()), organisation.base_currency)
    still = contact if agreed else _looked_up(client, contact, calls)
    if still is None or still.MergedToContactID:
        return  # its documents are another's now, and come to that one with the merge
    with at.database.transaction() as tx:
        mirror.store_customers(tx, [customer_from_contact(organisation.id, contact)])
        mirror.replace_receivables(tx, organisation.id, contact.ContactID, found)
    if not agreed and _told(still) != _told(contact):
        return  # somebody acts on it just now: the next call compares again
    subject, customer, now = subjects.balance(contact.ContactID), subjects.customer(contact.ContactID), at.now()
    with at.database.transaction() as tx:
        if agreed:
            journal.clear(tx, [subject], now)
            said = (
                f"Xero says {_told(contact)} is outstanding for “{contact.Name}”, and our copy said {before}. It was"
                " read anew; now they agree."
            )
            journal.write(tx, [Line(customer, "update", _RULE, said, "our copy")], now)
        else:
            reason = _question(contact, _outstanding(organisation, contact.ContactID))
            if journal.hold(tx, organisation.id, subject, (reason,), (), now):
                journal.write(tx, [Line(customer, "hold", _RULE, reason, "our copy")], now)


def _looked_up(client: XeroClient, contact: Contact, calls: Calls) -> Contact | None:
    """Look a customer up once more; none where it is gone."""
    calls.made += 1
    return {one.ContactID: one for one in client.contacts_by_id([contact.ContactID])}.get(contact.ContactID)


def _question(contact: Contact, ours: Decimal) -> str:
    """Word a difference that reading anew did not mend; the same two figures are the same sentence."""
    return (
        f"Xero says {_told(contact)} is outstanding for “{contact.Name}”, and our copy comes to {ours}, read anew as"
        " well. Compare the customer's documents in Xero, and please report this."
    )


def _documents(client: XeroClient, organisation: Organisation, customer: str, calls: Calls) -> Iterable[Receivable]:
    for invoice in _all(lambda page: client.invoices(page=page, contact=customer), calls):
        if (receivable := receivable_from_invoice(organisation.id, invoice)) is not None:
            yield receivable
    credits_: list[CreditNote | Prepayment | Overpayment] = [
        *_all(lambda page: client.credit_notes(page=page, contact=customer), calls),
        *_all(lambda page: client.prepayments(page=page, contact=customer), calls),
        *_all(lambda page: client.overpayments(page=page, contact=customer), calls),
    ]
    for credit in credits_:
        if (receivable := receivable_from_credit(organisation.id, credit)) is not None:
            yield receivable


def _all(fetch: Callable[[int], Page[T]], calls: Calls) -> list[T]:
    found: list[T] = []
    number, pages = 0, 1
    while number < pages:
        number += 1
        calls.made += 1
        page = fetch(number)
        found += page.items
        pages = page.page_count
    return found


def _told(contact: Contact) -> Decimal:
    return contact.Balances.AccountsReceivable.Outstanding if contact.Balances else Decimal(0)


def _outstanding(organisation: Organisation, customer: str) -> Decimal:
    standing = standing_of(
        _receivables(organisation, customer), organisation.day(parts().now()), organisation.base_currency
    )
    return standing.outstanding - standing.credit


def _receivables(organisation: Organisation, customer: str) -> Sequence[Receivable]:
    with parts().database.reading() as tx:
        return mirror.receivables_of(tx, organisation.id, [customer]).get(customer, [])


def _round(tx: Connection, organisation: str) -> Round:
    kept = single_values.get(tx, single_values.VERIFIED.of(organisation)) or {}
    return Round(kept.get("after", ""), datetime.fromisoformat(kept["at"]) if kept else None, kept.get("calls", 1))
