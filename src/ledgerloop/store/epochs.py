"""What the database says of how far it has come, and why it is not trusted, if it is not: see ``flows.epoch``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from ledgerloop.store import connections

NAME = "epoch"


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
    text = connections.get_value(tx, NAME)
    if text is None:
        return None
    found = json.loads(text)
    noticed, safe = (datetime.fromisoformat(found[name]) if found[name] else None for name in ("noticed", "safe"))
    return Epoch(found["count"], noticed, safe, found["why"])


def why(tx: Connection) -> str:
    """Say why nothing is made at present; nothing where it is."""
    now = kept(tx)
    return f"{now.why} Nothing is made until Xero has been read once." if now and now.noticed else ""


def put(tx: Connection, epoch: Epoch) -> None:
    """Keep it, in the place of what was said before."""
    moments = {"noticed": epoch.noticed, "safe": epoch.safe}
    text = {name: moment.isoformat() if moment else "" for name, moment in moments.items()}
    connections.put_value(tx, NAME, json.dumps({"count": epoch.count, **text, "why": epoch.why}))
