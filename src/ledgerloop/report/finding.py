"""One thing that was looked at, and how it was found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: fine, worth knowing, or missing."""

    verdict: Literal["fine", "note", "missing"]
    sentence: str
    wanted: tuple[str, ...] = field(default=())
    granted: tuple[str, ...] = field(default=())
    missing: tuple[str, ...] = field(default=())


HOW_TO_CONNECT = "run `ledgerloop connect {}`, or use the console."
