"""What a person has said of who is who. It stands until the person says otherwise, and decides every later look.

The subject is ``customer ID company``, ``customer ID contact``, or the record that pays for deals, ``company ID`` or
``contact ID``. The answer is the id of the record that it is; empty where it is none of those that there are.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, select

from ledgerloop.store.statements import chunks, upsert
from ledgerloop.store.tables import ruling as table


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


def forget(tx: Connection, organisation: str, subject: str) -> None:
    """Take back what was said of a subject."""
    tx.execute(delete(table).where(table.c.organisation == organisation, table.c.subject == subject))
