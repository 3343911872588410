"""Read scenes of who is who with the answer a careful bookkeeper would give, and judge what came of each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.processes import Broken

FAULTS = ("wrong_link", "doubled", "made_though_none", "needless_ask", "missed")
"""Somebody else's record; a second one for one that was there; one for nobody; a question that has an answer; none."""
ASK, NEW, NONE = "ask", "new", "none"

Outcome = Mapping[str, str]
"""By what was asked (``x1.company``, ``d1.customer``): the record's key, several joined by +, new, ask or none."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What stands in HubSpot and in Xero, and the right answers."""

    case: str
    to_xero: bool
    """Whether deals are won and their customers looked for; else customers are shown in HubSpot."""
    companies: Sequence[Mapping[str, Any]]
    contacts: Sequence[Mapping[str, Any]]
    deals: Sequence[Mapping[str, Any]]
    customers: Sequence[Mapping[str, Any]]
    """Xero's contacts."""
    truth: Mapping[str, Sequence[str]]
    """By what is asked: the answers that are right."""
    worse: Sequence[str] = ()
    """Answers that do no harm."""

    @property
    def decided_alone(self) -> bool:
        """Tell whether a bookkeeper would ask nobody."""
        return not any(ASK in answers for answers in self.truth.values())


def read(file: Path) -> list[Scene]:
    """Read a corpus: one scene in JSON a line."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except OSError as problem:
        raise Broken(f"{file} cannot be read: {problem.strerror}") from None
    scenes: list[Scene] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                scenes.append(_scene(json.loads(line)))
            except (KeyError, ValueError, TypeError, AttributeError) as problem:
                raise Broken(f"line {number} of {file} is no scene: {problem!r}") from None
    return scenes


def judge(scene: Scene, got: Outcome) -> dict[str, str]:
    """Say of each answer that it is right, or which fault it is."""
    return {key: _verdict(scene, key, got.get(key, NONE)) for key in scene.truth}


def score(judged: Iterable[Mapping[str, str]]) -> dict[str, int]:
    """Count the scenes that are right as a whole, and the faults."""
    every = list(judged)
    faults = Counter(one for verdicts in every for one in verdicts.values())
    right = sum(set(verdicts.values()) <= {"right"} for verdicts in every)
    return {"scenes": len(every), "right": right, **{fault: faults[fault] for fault in FAULTS}}


def _verdict(scene: Scene, key: str, got: str) -> str:
    truth = scene.truth[key]
    if got in truth or got in scene.worse:
        return "right"
    if got == ASK:
        # Where the question is about the customer's other record, nothing was made for this one.
        who = key.partition(".")[0]
        asked = any(ASK in answers for one, answers in scene.truth.items() if one.partition(".")[0] == who)
        return "right" if asked and tuple(truth) == (NONE,) else "needless_ask"
    if got == NONE:
        return "missed"
    if got == NEW:
        return "made_though_none" if tuple(truth) == (NONE,) else "doubled"
    return "doubled" if "+" in got else "wrong_link"


def _scene(given: Mapping[str, Any]) -> Scene:
    hubspot, truth = given["hubspot"], given["truth"]
    return Scene(
        given["case"],
        {"to_xero": True, "to_hubspot": False}[given["direction"]],
        hubspot.get("companies", []),
        hubspot.get("contacts", []),
        hubspot.get("deals", []),
        given["xero"]["contacts"],
        {key: [answer] if isinstance(answer, str) else list(answer) for key, answer in truth.items()},
        given.get("accepts_worse", []),
    )
