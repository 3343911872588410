"""One thing that was looked at, and how it was found; what was found last is remembered. Asks no vendor."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.errors import ConsentNeeded, LedgerloopError
from ledgerloop.records import Vendor
from ledgerloop.store import connections, single_values


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: fine, worth knowing, or missing."""

    verdict: Literal["fine", "note", "missing"]
    sentence: str
    wanted: tuple[str, ...] = field(default=())
    granted: tuple[str, ...] = field(default=())
    missing: tuple[str, ...] = field(default=())


HOW_TO_ANSWER = "Say it in the console, or with `ledgerloop connect answer` and its options `--deals` and `--hide`."
HOW_TO_CONNECT = "run `ledgerloop connect {}`, or use the console."


def how_to_connect_again(vendor: str) -> str:
    """Say what to do where a vendor no longer accepts what lets us in: HubSpot's is a token that a person saves."""
    command = HOW_TO_CONNECT.format(vendor.lower())
    if vendor.lower() == "hubspot":
        return f"Save its token anew, as `hubspot.token` says where, and then {command}"
    return command[0].upper() + command[1:]


def ask_consent(built: Ledgerloop, error: ConsentNeeded, organisation: str = "") -> None:
    """Have a connection that its vendor has ended wait for a person, as a lane that stumbles has it."""
    vendor: Vendor = "xero" if error.vendor == "Xero" else "hubspot"
    with suppress(LedgerloopError), built.database.transaction() as tx:
        connections.ask_consent(tx, vendor, error.sentence, organisation)


@dataclass(frozen=True, slots=True)
class Examined:
    """What was found when everything was looked at last."""

    at: datetime
    findings: tuple[Finding, ...]

    @property
    def missing(self) -> tuple[Finding, ...]:
        """What a person has to set right."""
        return tuple(one for one in self.findings if one.verdict == "missing")


def keep(tx: Connection, findings: Sequence[Finding], now: datetime) -> None:
    """Remember what was found, instead of what was found before."""
    single_values.put(
        tx, single_values.EXAMINED, {"at": now.isoformat(), "findings": [asdict(one) for one in findings]}
    )


def last(tx: Connection) -> Examined | None:
    """Return what was found last; None where nobody has looked."""
    told = single_values.get(tx, single_values.EXAMINED)
    if told is None:
        return None
    findings = tuple(
        Finding(one["verdict"], one["sentence"], tuple(one["wanted"]), tuple(one["granted"]), tuple(one["missing"]))
        for one in told["findings"]
    )
    return Examined(datetime.fromisoformat(told["at"]), findings)
