"""Say what a measurement gives: figures for ours, the guide's recipe and the bound, and the marks they are held to."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import ge, le
from typing import Any, Literal

Figures = dict[str, Any]
"""Always with xero_calls, hubspot_calls and seconds; a figure that does not apply is None."""


def figures(
    xero_calls: int | None = None, hubspot_calls: int | None = None, seconds: float | None = None, **more: Any
) -> Figures:
    """Return the three figures that every side has, and what else the measure needs."""
    rounded = None if seconds is None else round(seconds, 3)
    return {"xero_calls": xero_calls, "hubspot_calls": hubspot_calls, "seconds": rounded, **more}


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that must hold: the figure, what it is, and the most or the least that it may be."""

    what: str
    got: float | None
    sign: Literal["<=", ">="]
    bound: float

    @property
    def reached(self) -> bool:
        """Tell whether it holds; what could not be measured does not."""
        return self.got is not None and (le if self.sign == "<=" else ge)(self.got, self.bound)

    def as_json(self) -> dict[str, Any]:
        """Return the mark as the object shows it."""
        got = round(self.got, 3) if isinstance(self.got, float) else self.got
        return {"what": self.what, "got": got, "mark": f"{self.sign} {self.bound:g}", "reached": self.reached}


@dataclass(frozen=True, slots=True)
class Measure:
    """What one measurement gave."""

    name: str
    what: str
    size: Mapping[str, Any]
    ours: Figures
    marks: Sequence[Mark]
    recipe: Figures | None = None
    bound: Figures | None = None
    machine: Mapping[str, Any] = field(default_factory=lambda: machine())

    @property
    def reached(self) -> bool:
        """Tell whether every mark is reached."""
        return all(mark.reached for mark in self.marks)

    def as_json(self) -> dict[str, Any]:
        """Return the object that --json prints."""
        return {
            "name": self.name,
            "what": self.what,
            "size": dict(self.size),
            "ours": self.ours,
            "recipe": self.recipe,
            "bound": self.bound,
            "reached": self.reached,
            "compares": [mark.as_json() for mark in self.marks],
            "machine": dict(self.machine),
        }


def machine() -> dict[str, Any]:
    """Say on what and when this was measured; a load before it began is somebody else's, and spoils the seconds."""
    return {
        "cores": os.cpu_count(),
        "load_after": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def percentile(values: Sequence[float], part: float) -> float | None:
    """Return the value below which that part of the values lies; None where there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else None
