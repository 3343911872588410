"""What a person has said of who is who. It stands until the person says otherwise, and decides every later look.

The subject is ``customer ID company``, ``customer ID contact``, or the record that pays for deals, ``company ID`` or
``contact ID``. The answer is the id of the record that it is; empty where it is none of those that there are.

``customer ID succeeds ID`` keeps that a person took an archived customer for one, until its records may go to it.

``deal ID not invoice ID``, of a portal, keeps that a person named another invoice in the place of that one.

``deal ID renewed past invoice ID``, of a portal, keeps that a person had a deal invoiced anew though that one,
which was credited in full, carries its mark.

``deal ID another invoice``, of a portal, keeps that a person had a deal invoiced anew, in the place of the answer.

A link that a person has ended leaves the subject ``customer ID not company ID``: the record is not found for that
customer again, until somebody says that it is the one. The answer says whether the record must still be emptied.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import Connection, delete, select

from ledgerloop.store.statements import chunks, upsert
from ledgerloop.store.tables import ruling as table

TO_EMPTY = "to empty"


def put(tx: Connection, organisation: str, subject: str, answer: str, now: datetime, by: str = "") -> None:
    """Keep what a person said, in the place of what was said before."""
    row = {"organisation": organisation, "subject": subject, "answer": answer, "said_at": now, "said_by": by}
    upsert(tx, table, [row])


def get(tx: Connection, organisation: str, subjects: Collection[str]) -> dict[str, str]:
    """Return what was said of these subjects; of what nobody spoke is absent."""
    found: dict[str, str] = {}
    for some in chunks(subjects):
        mine = select(table.c.subject, table.c.answer).where(table.c.organisation == organisation)
        found |= {row.subject: row.answer for row in tx.execute(mine.where(table.c.subject.in_(some)))}
    return found


def none_of(buyer: str, customer: str) -> str:
    """Return the subject under which it is kept that a record which pays for deals is not a customer."""
    return f"{buyer} not {customer}"


def not_a_record(customer: str, kind: str, record: str) -> str:
    """Return the subject under which it is kept that a customer's link to a record was ended."""
    return f"customer {customer} not {kind} {record}"


def succeeds(customer: str, archived: str) -> str:
    """Return the subject under which it is kept that a customer takes an archived one's records once it may."""
    return f"customer {customer} succeeds {archived}"


def another_of(deal: str) -> str:
    """Return the subject under which it is kept that a person asked for another invoice of a deal."""
    return f"deal {deal} another invoice"


def not_invoice(deal: str, invoice: str) -> str:
    """Return the subject under which it is kept that a person named another invoice in the place of this one."""
    return f"deal {deal} not invoice {invoice}"


def renewed_past(deal: str, invoice: str) -> str:
    """Return the subject under which it is kept that a person had a deal invoiced anew beside this credited one."""
    return f"deal {deal} renewed past invoice {invoice}"


def said_at(tx: Connection, organisation: str, subjects: Collection[str]) -> dict[str, datetime]:
    """Return when it was said; of what nobody spoke is absent."""
    found: dict[str, datetime] = {}
    for some in chunks(subjects):
        mine = select(table.c.subject, table.c.said_at).where(table.c.organisation == organisation)
        found |= {row.subject: row.said_at for row in tx.execute(mine.where(table.c.subject.in_(some)))}
    return found


def ended(tx: Connection, organisation: str, customers: Collection[str]) -> dict[str, set[tuple[str, str]]]:
    """Return by customer the records, with their kinds, that it is not: a person has ended their links."""
    found: dict[str, set[tuple[str, str]]] = {}
    for customer, kind, record, _ in _ended(tx, organisation, customers):
        found.setdefault(customer, set()).add((kind, record))
    return found


def to_empty(tx: Connection, organisation: str, customers: Collection[str]) -> list[tuple[str, str, str]]:
    """Return customer, kind and record of the ended links whose records still show what was written there."""
    return [(customer, kind, record) for customer, kind, record, left in _ended(tx, organisation, customers) if left]


def end(
    tx: Connection, organisation: str, customer: str, kind: str, record: str, now: datetime, *, to_empty: bool
) -> None:
    """Keep that a record is not a customer, and whether the record must still be emptied."""
    subject = not_a_record(customer, kind, record)
    put(tx, organisation, subject, TO_EMPTY if to_empty else "", now)


def forget(tx: Connection, organisation: str, subject: str) -> None:
    """Take back what was said of a subject."""
    tx.execute(delete(table).where(table.c.organisation == organisation, table.c.subject == subject))


def _ended(tx: Connection, organisation: str, customers: Collection[str]) -> Iterator[tuple[str, str, str, bool]]:
    """Give customer, kind, record, and whether it is still to be emptied. Few links are ended, so all are looked at."""
    wanted = set(customers)
    mine = select(table.c.subject, table.c.answer).where(table.c.organisation == organisation)
    for subject, answer in tx.execute(mine.where(table.c.subject.like("customer % not %")).order_by(table.c.subject)):
        _, customer, _, kind, record = subject.split(" ", 4)
        if customer in wanted:
            yield customer, kind, record, answer == TO_EMPTY
