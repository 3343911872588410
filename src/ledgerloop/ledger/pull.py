"""Pull what changed in Xero since a durable cursor into the mirror, and cover what an event named beyond that.

Called inside a step. Every page is stored together with the cursor that says so, so a killed pull goes on at its page.
A pull asks for everything changed since the cursor, less an overlap: Xero's If-Modified-Since has whole seconds, and
the mirror ignores what it has already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from ledgerloop.engine import retries
from ledgerloop.errors import Missing
from ledgerloop.ledger import duplicate_invoices, orphan_invoices, remarks
from ledgerloop.parts import parts
from ledgerloop.records import Customer, Receivable, Taken
from ledgerloop.rules.clocks import passed
from ledgerloop.rules.customers import (
    customer_from_contact,
    receivable_from_credit,
    receivable_from_invoice,
)
from ledgerloop.rules.identity.free_names import same_to_xero
from ledgerloop.store import connections, cursors, epochs, mirror, pending_customers, silence
from ledgerloop.store.cursors import CAUGHT_UP, Cursor
from ledgerloop.xero.client import MOST_IDS, Page, XeroClient
from ledgerloop.xero.models import Contact, CreditNote, Invoice, Overpayment, Prepayment

Kind = Literal["contacts", "invoices", "credit_notes", "prepayments", "overpayments"]
Pulled = Contact | Invoice | CreditNote | Prepayment | Overpayment
CaughtUp = Callable[[Connection, str], None]
"""What else is done for an organisation once all of its records were pulled."""
Pages = Page[Contact] | Page[Invoice] | Page[CreditNote] | Page[Prepayment] | Page[Overpayment]

KINDS: tuple[Kind, ...] = ("contacts", "invoices", "credit_notes", "prepayments", "overpayments")
_TOLD_BY: dict[str, Kind] = {
    "CONTACT": "contacts",
    "INVOICE": "invoices",
    "PAYMENT": "invoices",  # payments come inside their invoices
    "CREDITNOTE": "credit_notes",
    "PREPAYMENT": "prepayments",
    "OVERPAYMENT": "overpayments",
}
_PAID: dict[str, Kind] = {
    "ACCREC": "invoices",
    "ACCRECCREDIT": "credit_notes",
    "ARPREPAYMENT": "prepayments",
    "RECEIVE-PREPAYMENT": "prepayments",
    "AROVERPAYMENT": "overpayments",
    "RECEIVE-OVERPAYMENT": "overpayments",
}
"""What a payment was made on, by the type that it names: a refund is a payment on a credit."""

OVERLAP = timedelta(seconds=3)
TOLD_WITHIN = timedelta(minutes=2)
"""A webhook comes within seconds; what is older than this should have been told."""
MOST_ASKED = 10
"""Payments asked for one by one; of more, all that changed since the first of them is listed."""
LONGEST_AGO = timedelta(days=30)
"""How old an event may be that decides from where documents are listed."""
SKEW = timedelta(minutes=2)
"""How far our clock may be from Xero's."""


@dataclass(slots=True)
class Seen:
    """What this turn's pulls brought: the ids of all records, ours or not, and the kinds of credit they mention."""

    ids: set[str] = field(default_factory=set)
    credits: set[Kind] = field(default_factory=set)
    by_id: set[str] = field(default_factory=set)
    """Contacts that were fetched by their ids, ahead of the others that changed."""
    untold: set[str] = field(default_factory=set)
    """Customers touched by a change so old that a webhook should have told of it."""


def pull(client: XeroClient, organisation: str, events: Sequence[Taken], caught_up: CaughtUp) -> int:
    """Pull each kind whose cursor has reason to move, cover the rest, and say how many records came.

    ``caught_up`` is done for the organisation in the transaction that notes that every kind was pulled.
    """
    seen = Seen()
    due = kinds_due(organisation, {event.category for event in events})
    for kind in due:
        pull_kind(client, organisation, kind, seen)
    for kind in sorted(seen.credits - set(due)):
        pull_kind(client, organisation, kind, seen)
    cover(client, organisation, events, seen)
    meet_strangers(client, organisation, seen, everyone=due == KINDS)
    if _two_of_a_name(organisation, seen.by_id):
        pull_kind(client, organisation, "contacts", seen)
    if due == KINDS:
        _note_caught_up(organisation, caught_up, untold=bool(seen.untold) and not events)
    return len(seen.ids)


def kinds_due(organisation: str, categories: set[str]) -> tuple[Kind, ...]:
    """Choose the kinds to pull: those an event told of and those never filled; all of them when catch-up is due."""
    at = parts()
    with at.database.reading() as tx:
        caught_up = cursors.get(tx, organisation, CAUGHT_UP).highest
        unfilled = {kind for kind in KINDS if cursors.get(tx, organisation, kind).since is None}
    if passed(caught_up, at.catch_up_every, at.now()):
        return KINDS
    told = {_TOLD_BY[category] for category in categories if category in _TOLD_BY}
    return tuple(kind for kind in KINDS if kind in told | unfilled)


def pull_kind(client: XeroClient, organisation: str, kind: Kind, seen: Seen) -> None:
    """Pull one kind, page by page, from where its cursor stands; the next page comes while this one is stored."""
    at = parts()
    with at.database.reading() as tx:
        cursor = cursors.get(tx, organisation, kind)
        connected = connections.get(tx, "xero", organisation)
    first_fill = cursor.since is None
    if first_fill:
        client = client.as_backfill()
    # The records of a long run shift between its pages, so the next run begins where this one did, not where its
    # newest record stands.
    begun = cursor.highest if cursor.page > 1 else at.now() - SKEW
    for number, page in pages(client, kind, cursor.since, cursor.page):
        newest = max((record.UpdatedDateUTC for record in page.items if record.UpdatedDateUTC), default=cursor.since)
        more = number < page.page_count
        if more:
            reached = Cursor(organisation, kind, cursor.since, number + 1, begun)
        else:
            since = (newest - OVERLAP if newest and not first_fill else None) if number == 1 else begun
            reached = Cursor(organisation, kind, since or begun, 1, None)
        with at.database.transaction() as tx:
            _mirror(tx, organisation, page.items, seen, touch=not first_fill)
            cursors.put(tx, reached)
            if first_fill and not more and connected:
                mirror.touch_updated_since(tx, organisation, connected.since - SKEW)


def cover(client: XeroClient, organisation: str, events: Sequence[Taken], seen: Seen) -> None:
    """Fetch by id what an event named and the pull did not bring."""
    at = parts()
    named = {event.resource: event for event in events if event.resource not in seen.ids}
    with at.database.reading() as tx:
        known = mirror.last_updated(tx, organisation, list(named))
        paid = mirror.payments_known(
            tx, organisation, [key for key, event in named.items() if event.category == "PAYMENT"]
        )
    stale = {key: event for key, event in named.items() if key not in known or known[key] < event.occurred_at}
    invoices = [key for key, event in stale.items() if event.category == "INVOICE"]
    refunded: set[Kind] = set()
    payments = [key for key, event in stale.items() if event.category == "PAYMENT" and key not in paid]
    if len(payments) > MOST_ASKED:
        _list_since(client, organisation, min(stale[key].occurred_at for key in payments), seen)
        payments = []
    for payment in payments:
        kind, document = _paid_by(client, payment)
        if kind == "invoices" and document not in seen.ids:
            invoices.append(document)
        elif kind is not None and document not in seen.ids:
            refunded.add(kind)
    for kind in sorted(refunded):
        pull_kind(client, organisation, kind, seen)
    for some in _in_calls(invoices):
        _store(organisation, client.invoices_by_id(some), seen)
    for some in _in_calls([key for key, event in stale.items() if event.category == "CONTACT"]):
        _store(organisation, client.contacts_by_id(some), seen)
        seen.by_id.update(some)


def meet_strangers(client: XeroClient, organisation: str, seen: Seen, *, everyone: bool) -> None:
    """Fetch the customers that receivables name and our copy lacks: who waits to be shown, or with a catch-up everyone.

    They are looked for in the store, so that a turn that failed or died after storing a receivable leaves its customer
    to the next one. Who does not wait comes as silently as with the first fill. Who waits and is gone from Xero waits
    no longer, else each turn would ask anew.
    """
    at = parts()
    waiting, silent = _strangers(organisation, everyone=everyone)
    if len(waiting) + len(silent) > MOST_IDS:
        pull_kind(client, organisation, "contacts", seen)
        waiting, silent = _strangers(organisation, everyone=everyone)
    for strangers, touch in ((waiting.keys(), True), (silent, False)):
        for some in _in_calls(sorted(strangers)):
            _store(organisation, client.contacts_by_id(some), seen, touch=touch)
            seen.by_id.update(some)
    if waiting:
        with at.database.transaction() as tx:
            gone = waiting.keys() & mirror.strangers_waiting(tx, organisation).keys()
            pending_customers.clean(tx, organisation, {key: waiting[key] for key in gone})


def _two_of_a_name(organisation: str, ids: Collection[str]) -> bool:
    """Tell whether one of these contacts has the name of another active one: Xero has no two, so our copy is behind."""
    with parts().database.reading() as tx:
        fetched = [one for one in mirror.customers(tx, organisation, ids).values() if one.active]
        active = {one.id: same_to_xero(one.name) for one in mirror.namesakes(tx, organisation, fetched) if one.active}
    names = Counter(active.values())
    return any(names[same_to_xero(one.name)] > 1 for one in fetched)


def _strangers(organisation: str, *, everyone: bool) -> tuple[dict[str, int], set[str]]:
    with parts().database.reading() as tx:
        waiting = mirror.strangers_waiting(tx, organisation)
        return waiting, mirror.strangers(tx, organisation) - waiting.keys() if everyone else set()


def _list_since(client: XeroClient, organisation: str, moment: datetime, seen: Seen) -> None:
    """Bring every document that changed since a moment: a payment that is made or taken back changes its document."""
    since = max(moment, parts().now() - LONGEST_AGO) - SKEW
    for kind in KINDS[1:]:
        for _, page in pages(client, kind, since, 1):
            _store(organisation, page.items, seen)


def _paid_by(client: XeroClient, payment: str) -> tuple[Kind | None, str]:
    """Return kind and id of the document a payment was made on; none for a supplier's, and for one that is gone."""
    try:
        paid = client.payment(payment).Invoice
    except Missing:
        return None, ""
    return (_PAID.get(paid.Type), paid.InvoiceID) if paid.InvoiceID else (None, "")


def pages(client: XeroClient, kind: Kind, since: datetime | None, first: int) -> Iterator[tuple[int, Pages]]:
    """Give the pages from the first to the last, each with its number; while one is worked on, the next is fetched."""
    number, page = first, _page(client, kind, since, first)
    with parts().clock.pool(1, "next page") as aside:
        while number < page.page_count:
            following = aside.submit(_page, client, kind, since, number + 1)
            yield number, page
            number, page = number + 1, following.result()
        yield number, page


def _page(client: XeroClient, kind: Kind, since: datetime | None, page: int) -> Pages:
    match kind:
        case "contacts":
            return client.contacts(changed_since=since, page=page)
        case "invoices":
            # At first only sales invoices are asked for. Later bills come along: leaving them out would cost a call
            # by id for every bill that an event names.
            return client.invoices(changed_since=since, page=page, sales_only=since is None)
        case "credit_notes":
            return client.credit_notes(changed_since=since, page=page)
        case "prepayments":
            return client.prepayments(changed_since=since, page=page)
        case "overpayments":
            return client.overpayments(changed_since=since, page=page)


def _store(organisation: str, records: Iterable[Pulled], seen: Seen, *, touch: bool = True) -> None:
    with parts().database.transaction() as tx:
        _mirror(tx, organisation, records, seen, touch=touch)


def _mirror(tx: Connection, organisation: str, records: Iterable[Pulled], seen: Seen, *, touch: bool) -> None:
    """Store all contacts, and of the documents the receivables. Who is a customer is decided where it is shown."""
    customers: list[Customer] = []
    receivables: list[Receivable] = []
    invoices: list[Invoice] = []
    for record in records:
        if isinstance(record, Contact):
            seen.ids.add(record.ContactID)
            customers.append(customer_from_contact(organisation, record))
            continue
        if isinstance(record, Invoice):
            seen.ids.add(record.InvoiceID)
            seen.ids.update(payment.PaymentID for payment in record.Payments)
            seen.credits.update(_credits_in(record))
            invoices.append(record)
            receivable = receivable_from_invoice(organisation, record)
        else:
            seen.ids.add(record.identifier)
            receivable = receivable_from_credit(organisation, record)
        if receivable is not None:
            receivables.append(receivable)
    touched = {*mirror.store_customers(tx, customers, touch=touch)}
    if touched and touch:
        retries.look_over(tx, touched)
    touched |= {*mirror.store_receivables(tx, receivables, touch=touch)}
    duplicate_invoices.look(tx, [one for one in receivables if one.kind == "invoice"])
    orphan_invoices.look(tx, receivables)
    remarks.look(tx, organisation, invoices)
    if touch:
        seen.untold |= touched & set(_long_told(customers, receivables))


def _long_told(customers: Iterable[Customer], receivables: Iterable[Receivable]) -> Iterable[str]:
    """Name the customers of which a webhook should have told by now: contacts and invoices have always had theirs."""
    before = parts().now() - TOLD_WITHIN
    changes = [(one.id, one.updated_at) for one in customers]
    changes += [(one.customer, one.updated_at) for one in receivables if one.kind == "invoice"]
    return (customer for customer, changed_at in changes if changed_at is not None and changed_at < before)


def _credits_in(invoice: Invoice) -> Iterable[Kind]:
    """Name the kinds of credit that an invoice used: allocating one changes what remains of it."""
    if invoice.CreditNotes:
        yield "credit_notes"
    if invoice.Prepayments:
        yield "prepayments"
    if invoice.Overpayments:
        yield "overpayments"


def _note_caught_up(organisation: str, caught_up: CaughtUp, *, untold: bool) -> None:
    at = parts()
    with at.database.transaction() as tx:
        # What a database that was put back finds anew, webhooks may have told of: it has forgotten that.
        if untold and not epochs.unread(tx, organisation):
            silence.note(tx, organisation, at.now())
        cursors.put(tx, Cursor(organisation, CAUGHT_UP, None, 1, at.now()))
        caught_up(tx, organisation)


def _in_calls(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + MOST_IDS] for start in range(0, len(ids), MOST_IDS))
