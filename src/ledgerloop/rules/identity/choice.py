"""Choose which of several candidates a firm is: one, none, or a question that names those in question. Does no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ledgerloop.rules.identity.evidence import (
    CONTACT_NUMBER,
    NOTHING_SHARED,
    Ask,
    Evidence,
    Same,
    Shared,
    Verdict,
    weigh,
)
from ledgerloop.rules.identity.names import Likeness
from ledgerloop.rules.identity.profiles import Profile

_NUMBERS = frozenset({CONTACT_NUMBER, "tax number", "company number"})


@dataclass(frozen=True, slots=True)
class Chosen:
    """The one candidate that a firm is."""

    id: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Doubt:
    """The candidates that a firm may be, the likeliest first, and what speaks for and against each."""

    candidates: Mapping[str, Evidence]
    why: str = ""
    """``several`` fit; ``unsure``: none fits well enough; ``rivals``: one fits, and something names another."""


def choose(
    one: Profile,
    candidates: Mapping[str, Profile],
    shared: Shared = NOTHING_SHARED,
    *,
    full_name_is_enough: bool = False,
) -> Chosen | Doubt | None:
    """Weigh each candidate, and choose."""
    return settle(
        {key: weigh(one, other, shared, full_name_is_enough=full_name_is_enough) for key, other in candidates.items()}
    )


def settle(weighed: Mapping[str, Verdict]) -> Chosen | Doubt | None:
    """Take the one candidate that a firm is; doubt where several are, or where it is a question; None where none is.

    Exact comes before alike, and letter for letter before exact: of several that fit, the one whose name fits best is
    it, unless another agrees in more; and where another candidate's name fits better, none is taken without asking. A
    number that names a record which does not fit, or that only another candidate has in common, is a question as well.
    """
    same = {key: verdict.evidence for key, verdict in weighed.items() if isinstance(verdict, Same)}
    asked = {key: verdict.evidence for key, verdict in weighed.items() if isinstance(verdict, Ask)}
    best = _best(same) if len(same) > 1 else same
    if len(best) != 1:
        return Doubt(same, "several") if same else Doubt(_likeliest_first(asked), "unsure") if asked else None
    (key, evidence), *_ = best.items()
    rivals = {
        each: other
        for each, other in asked.items()
        if _NUMBERS & set(other.agree) - set(evidence.agree) or Likeness.EXACT <= other.likeness > evidence.likeness
    }
    return Doubt({key: evidence, **rivals}, "rivals") if rivals else Chosen(key, evidence)


def _best(same: Mapping[str, Evidence]) -> dict[str, Evidence]:
    most = max(len(evidence.agree) for evidence in same.values())
    best = max(Likeness.EXACT, *(evidence.likeness for evidence in same.values()))
    return {
        key: evidence for key, evidence in same.items() if evidence.likeness is best and len(evidence.agree) == most
    }


def _likeliest_first(some: Mapping[str, Evidence]) -> dict[str, Evidence]:
    return dict(sorted(some.items(), key=lambda one: (-len(one[1].agree), -one[1].likeness, one[0])))
