"""What is kept once, or once for each organisation, portal or worker: every such value has its key in this list."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, delete, select

from ledgerloop.records import Rest
from ledgerloop.store.statements import upsert
from ledgerloop.store.tables import value as table

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Key(Generic[T]):
    """Where a value is kept, and how it is read from text and written as text."""

    name: str
    read: Callable[[str], T]
    written: Callable[[T], str]

    def of(self, *whose: str) -> Key[T]:
        """Return where the value of one of several is kept, such as an organisation's."""
        return replace(self, name=" ".join((self.name, *whose)))


def text(name: str) -> Key[str]:
    """Return the key of a text."""
    return Key(name, str, str)


def _moment(name: str) -> Key[datetime]:
    return Key(name, datetime.fromisoformat, datetime.isoformat)


def _day(name: str) -> Key[date]:
    return Key(name, date.fromisoformat, date.isoformat)


def _json(name: str) -> Key[dict[str, Any]]:
    return Key(name, json.loads, json.dumps)


def rest(work: str) -> Key[Rest]:
    """Return the key of how long something rests that ``store.cooldowns`` has named: an interval of ISO 8601."""
    return Key(work, _rest_from, _rest_written)


PASSWORD = text("console_password")
"""The hash of the console's password."""
SIGNED_OUT = _json("console_signed_out")
"""The sessions that ended before their time, by what their tokens are known by: until when each would have lasted."""
CHOSEN = text("invoices in")
"""The organisation that a person chose for deals whose route names none."""
PORTAL_TOKEN = text("token of portal")
"""By what the token is known that is known to belong to the connected portal."""
SECRETS_IN = text("secrets kept in")
"""The store in which the secrets are, once one was chosen."""
EPOCH = _json("epoch")
"""How far the database has come: see ``store.epochs``."""
PULSE = _json("pulse")
"""Of each service on this database: what it said of itself last."""
TRIED_TO_WRITE = _moment("tried to write")
"""When something was written last for no other reason than to see that it can be."""
EXAMINED = _json("doctor")
"""What was found when everything was looked over last."""
DOUBLES_LOOKED_AT = _moment("doubles looked at")
"""When the invoices that bill a deal twice were looked for, which stood before this release."""
GAP_PULLED = _moment("gap pulled")
"""When all organisations were pulled last because events were missing."""

DAY = _day("day")
"""Of each organisation: the last of its days whose beginning was noticed."""
UNTOLD = _moment("untold")
"""Of each organisation: when a catch-up last found changes of which no webhook had told."""
QUOTAS_ASKED = _moment("quotas asked")
"""Of each organisation: when a person last asked to look at its quotas again."""
BOOKS_WANTED = _json("books")
"""Of each organisation: which kinds of books are to be read again, and when."""
VERIFIED = _json("verified")
"""Of each organisation: where the round of comparing balances goes on."""
LOOKED_AT = _json("looked at")
"""Of each organisation: where the round of looking for drift in HubSpot goes on."""
HELD = text("held")
"""Of each organisation: the customer at which the round of looking at held ones ended."""
NOTES_SINCE = _day("notes since")
"""Of each organisation: the day on which notes were switched on."""
TO_HIDE = text("hide")
"""Of each organisation that was hidden: that what is shown of its customers is still to be taken off."""
UNTIL_CONNECTED = _json("until connected")
"""Of each organisation that was disconnected: the deals of each portal that wait until it is connected again."""

COMPANIES = _json("companies")
"""Of each portal: how far the index of its companies has come."""
WON_STAGES = _json("won stages")
"""Of each portal: its stages with probability 100 %, and when they were read."""
OWNERS = _json("owners")
"""Of each portal: the emails of its people by their ids, and when they were read."""
TAX_RATES = _json("tax rates")
"""Of each portal: its tax rates by their ids, and when they were read."""
GROUNDS = text("grounds")
"""Of each portal: a hash of the routes and organisations by which its held deals were last decided."""
ASIDE = _json("aside")
"""Of each portal: the deals that are put aside, and until when."""
UNSEEN = _moment("unseen")
"""Of each kind of HubSpot's own bills and each portal: when HubSpot last refused to show them."""


def get(tx: Connection, key: Key[T]) -> T | None:
    """Return a value; none where it is not kept."""
    kept = tx.execute(select(table.c.value).where(table.c.name == key.name)).scalar()
    return key.read(kept) if kept else None


def some(tx: Connection, keys: Iterable[Key[T]]) -> dict[str, T]:
    """Return several values by the names of their keys; those that are kept."""
    known = {key.name: key for key in keys}
    query = select(table.c.name, table.c.value).where(table.c.name.in_(sorted(known)))
    return {row.name: known[row.name].read(row.value) for row in tx.execute(query) if row.value}


def each(tx: Connection, key: Key[T]) -> dict[str, T]:
    """Return the values of all of whom one is kept, by whose they are."""
    prefix = f"{key.name} "
    query = select(table.c.name, table.c.value).where(table.c.name.startswith(prefix, autoescape=True))
    return {row.name.removeprefix(prefix): key.read(row.value) for row in tx.execute(query) if row.value}


def put(tx: Connection, key: Key[T], value: T) -> None:
    """Keep a value in the place of what was kept before."""
    upsert(tx, table, [{"name": key.name, "value": key.written(value)}])


def forget(tx: Connection, key: Key[Any]) -> None:
    """Keep a value no longer."""
    tx.execute(delete(table).where(table.c.name == key.name))


def _rest_written(kept: Rest) -> str:
    return f"{kept.began.isoformat() if kept.began else ''}/{kept.until.isoformat()}"


def _rest_from(kept: str) -> Rest:
    """Read an interval; an earlier release wrote its end alone."""
    began, _, until = kept.rpartition("/")
    return Rest(datetime.fromisoformat(began) if began else None, datetime.fromisoformat(until))
