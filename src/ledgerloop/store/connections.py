"""Connections: the organisations and portals we may reach, consents under way, and single values."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Row, Update, delete, select, update

from ledgerloop.records import Organisation, Portal, Vendor
from ledgerloop.store import single_values
from ledgerloop.store.statements import upsert
from ledgerloop.store.tables import connection as table
from ledgerloop.store.tables import consent as consent_table

State = Literal["connected", "needs_consent", "unanswered", "disconnected"]
ENDED: State = "disconnected"
"""A person has ended it. What is known by it stays, and goes on where a person connects it again."""
UNANSWERED: State = "unanswered"
"""A person has connected it beside others, and nobody has said yet what it is for: nothing is read or held for it."""
_OFF = (ENDED, UNANSWERED)

CONSENT_LASTS = timedelta(minutes=10)
"""How long a person may take at the vendor's own page."""


@dataclass(frozen=True, slots=True)
class Connected:
    """An organisation or portal that a person has connected."""

    vendor: Vendor
    id: str
    name: str
    grant: str
    """The name of the secret that lets us in; organisations of one consent share it."""
    facts: Organisation | Portal
    since: datetime
    """When it was first connected; of a portal by HubSpot's clock, as deals tell when they were won.

    A portal that an earlier release connected keeps the moment by our clock. What differs is whether deals that were
    won within the seconds between the two are invoiced, and these were decided then: an invoice that stands is followed
    whenever it was won, and nothing is made anew.
    """
    state: State = "connected"
    why: str = ""
    """Why a person must connect it again; of one that a person has ended, what its vendor was not told."""

    @property
    def ended(self) -> bool:
        """Whether a person has ended it."""
        return self.state == ENDED

    @property
    def off(self) -> bool:
        """Whether nothing is done for it: it has ended, or nobody has said yet what it is for."""
        return self.state in _OFF


def put(tx: Connection, connected: Connected) -> None:
    """Keep a connection, new or anew."""
    upsert(
        tx,
        table,
        [
            {
                "vendor": connected.vendor,
                "id": connected.id,
                "name": connected.name,
                "credential": connected.grant,
                "state": connected.state,
                "why": connected.why,
                "facts": json.dumps(asdict(connected.facts)),
                "since": connected.since,
            }
        ],
    )


def all_connected(tx: Connection, vendor: Vendor | None = None) -> list[Connected]:
    """List the connections, of one vendor or of all, those that need a new consent or were ended included."""
    query = select(table).order_by(table.c.vendor, table.c.name, table.c.id)
    if vendor:
        query = query.where(table.c.vendor == vendor)
    return [_connected(row) for row in tx.execute(query)]


def get(tx: Connection, vendor: Vendor, key: str) -> Connected | None:
    """Look up the connection of an organisation or portal by its id."""
    row = tx.execute(select(table).where(table.c.vendor == vendor, table.c.id == key)).first()
    return _connected(row) if row else None


def ended(tx: Connection, vendor: Vendor | None = None) -> list[Connected]:
    """List the connections that a person has ended, of one vendor or of all."""
    return [each for each in all_connected(tx, vendor) if each.ended]


def unanswered(tx: Connection) -> list[Connected]:
    """List the organisations of which nobody has said yet what they are for."""
    return [each for each in all_connected(tx, "xero") if each.state == UNANSWERED]


def organisations(tx: Connection) -> list[Organisation]:
    """List what we know of the connected organisations."""
    return [each.facts for each in _going(tx, "xero") if isinstance(each.facts, Organisation)]


def known_organisations(tx: Connection) -> list[Organisation]:
    """List the same with those that were disconnected: what they have, nobody else has."""
    known = [each for each in all_connected(tx, "xero") if each.state != UNANSWERED]
    return [each.facts for each in known if isinstance(each.facts, Organisation)]


def organisation(tx: Connection, key: str) -> Organisation | None:
    """Say what we know of a connected organisation."""
    return next((each for each in organisations(tx) if each.id == key), None)


def chosen(tx: Connection) -> str:
    """Return the id of the organisation that a person chose for deals whose route names none; nothing if nobody did."""
    return single_values.get(tx, single_values.CHOSEN) or ""


def choose(tx: Connection, organisation: str) -> None:
    """Keep the organisation that a person chose for deals whose route names none."""
    single_values.put(tx, single_values.CHOSEN, organisation)


def hide(tx: Connection, organisation: str, wanted: bool) -> None:
    """Keep that what is shown of an organisation's customers is to be taken off; or not any more, once it is begun."""
    key = single_values.TO_HIDE.of(organisation)
    if wanted:
        single_values.put(tx, key, "wanted")
    else:
        single_values.forget(tx, key)


def is_to_be_hidden(tx: Connection, organisation: str) -> bool:
    """Tell whether that waits to begin."""
    return single_values.get(tx, single_values.TO_HIDE.of(organisation)) is not None


def portals(tx: Connection) -> list[Portal]:
    """List what we know of the connected portals."""
    return [each.facts for each in _going(tx, "hubspot") if isinstance(each.facts, Portal)]


def portal(tx: Connection, key: str) -> Portal | None:
    """Say what we know of a connected portal."""
    return next((each for each in portals(tx) if each.id == key), None)


def only_portal(tx: Connection) -> Portal | None:
    """Say what we know of the portal, if exactly one is connected."""
    found = portals(tx)
    return found[0] if len(found) == 1 else None


def end(tx: Connection, vendor: Vendor, key: str, untold: str) -> None:
    """End a connection, or say anew of one that was ended what its vendor was not told; nothing where it knows."""
    tx.execute(_this(vendor, key).values(state=ENDED, why=untold))


def mark_one(tx: Connection, vendor: Vendor, key: str, state: Literal["connected", "needs_consent"], why: str) -> None:
    """Say whether a connection works or waits for a person to connect it again, and why.

    One for which nothing is done stays so, whatever a turn that was under way then has to say.
    """
    mine = _this(vendor, key).where(table.c.state.not_in((state, *_OFF)))
    tx.execute(mine.values(state=state, why=why))


def ask_consent(tx: Connection, vendor: Vendor, why: str, key: str = "") -> None:
    """Say that a person must connect again: the organisation of that id, or else all that the vendor let us into."""
    for each in all_connected(tx, vendor):
        if key in ("", each.id):
            mark_one(tx, vendor, each.id, "needs_consent", why)


def is_off(vendor: ColumnElement[str], key: ColumnElement[str]) -> ColumnElement[bool]:
    """Tell, in a query, whether nothing is done for a vendor's organisation or portal.

    A portal waits, too, while organisations are connected of none of which anybody has said what it is for.
    """
    mine = select(table.c.id).where(table.c.vendor == vendor, table.c.id == key, table.c.state.in_(_OFF))
    of_xero = select(table.c.id).where(table.c.vendor == "xero")
    asked = of_xero.where(table.c.state == UNANSWERED).exists() & ~of_xero.where(table.c.state.not_in(_OFF)).exists()
    return mine.exists() | ((vendor == "hubspot") & asked)


def remember_consent(tx: Connection, state: str, verifier: str, now: datetime) -> None:
    """Remember that a person was sent to consent, by the state that the vendor gives back."""
    tx.execute(consent_table.insert().values(state=state, verifier=verifier, made_at=now))


def take_consent(tx: Connection, state: str, now: datetime) -> str | None:
    """Give the verifier for a state, once; none for a state that is unknown, used or older than ten minutes."""
    tx.execute(delete(consent_table).where(consent_table.c.made_at < now - CONSENT_LASTS))
    if not state.isprintable():
        return None  # none that we gave out; PostgreSQL refuses to look for some characters
    taken = delete(consent_table).where(consent_table.c.state == state).returning(consent_table.c.verifier)
    return tx.execute(taken).scalar()


def _going(tx: Connection, vendor: Vendor) -> list[Connected]:
    return [each for each in all_connected(tx, vendor) if not each.off]


def _this(vendor: Vendor, key: str) -> Update:
    return update(table).where(table.c.vendor == vendor, table.c.id == key)


def _connected(row: Row[Any]) -> Connected:
    facts = json.loads(row.facts)
    return Connected(
        vendor=row.vendor,
        id=row.id,
        name=row.name,
        grant=row.credential,
        facts=Organisation(**facts) if row.vendor == "xero" else Portal(**facts),
        since=row.since,
        state=row.state,
        why=row.why,
    )
