"""What the database says of how far it has come, and why it is not trusted, if it is not: see ``engine.epoch``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from ledgerloop.store import connections, cursors, single_values


@dataclass(frozen=True, slots=True)
class Epoch:
    """How far the database has come; and since when and why it is not trusted, if it is not."""

    count: int = 0
    noticed: datetime | None = None
    safe: datetime | None = None
    """When nothing that left before can arrive any more; the books must be read, or Xero asked, later than that."""
    why: str = ""


def kept(tx: Connection) -> Epoch | None:
    """Return what the database says of itself; none where it never made anything."""
    found = single_values.get(tx, single_values.EPOCH)
    if found is None:
        return None
    noticed, safe = (datetime.fromisoformat(found[name]) if found[name] else None for name in ("noticed", "safe"))
    return Epoch(found["count"], noticed, safe, found["why"])


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why the database is not trusted at present, and what is waited for."""

    why: str
    until: datetime | None
    """Before when no invoice is made; None while the books are still to be read."""

    @property
    def sentence(self) -> str:
        """Say it with what is waited for."""
        if self.until is None:
            return f"{self.why} Nothing is made until Xero has been read once."
        return (
            f"{self.why} Xero has been read; what left before may still arrive there until {self.until:%H:%M:%S} UTC."
        )


@dataclass(frozen=True, slots=True)
class HeldBack:
    """Why nothing may be made for one organisation yet: its books are to be read, or a request may still arrive."""

    why: str
    unread: bool
    until: datetime | None
    """Before when nothing is made in any case; None where that moment has come."""

    @property
    def sentence(self) -> str:
        """Say it."""
        if self.unread:
            return f"{self.why} Nothing is made until Xero has been read once."
        return f"{self.why} The last invoice left so lately that none is made before {self.until:%H:%M:%S} UTC."


def held_back(tx: Connection, organisation: str, now: datetime) -> HeldBack | None:
    """Return why nothing may be made for an organisation yet; None where invoices and customers are made."""
    inside = kept(tx)
    if inside is None or inside.noticed is None:
        return None
    until = inside.safe if inside.safe is not None and now < inside.safe else None
    early = unread(tx, organisation)
    return HeldBack(inside.why, early, until) if early or until else None


def waiting(tx: Connection) -> Waiting | None:
    """Return what is waited for; None where invoices and customers are made."""
    now = kept(tx)
    if now is None or now.noticed is None:
        return None
    organisations = connections.organisations(tx)
    read = bool(organisations) and not any(unread(tx, organisation.id) for organisation in organisations)
    return Waiting(now.why, (now.safe or now.noticed) if read else None)


def unread(tx: Connection, organisation: str) -> bool:
    """Tell whether an organisation's books are still to be read before anything is made."""
    now = kept(tx)
    if now is None or now.noticed is None:
        return False
    read = cursors.get(tx, organisation, cursors.CAUGHT_UP).highest
    return read is None or read < now.noticed


def put(tx: Connection, epoch: Epoch) -> None:
    """Keep it, in the place of what was said before."""
    moments = {"noticed": epoch.noticed, "safe": epoch.safe}
    text = {name: moment.isoformat() if moment else "" for name, moment in moments.items()}
    single_values.put(tx, single_values.EPOCH, {"count": epoch.count, **text, "why": epoch.why})
