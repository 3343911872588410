"""Fit what a vendor said into a sentence of ours: in our words where the cause is known, else whole. Does no I/O."""

from __future__ import annotations

import re
from collections.abc import Sequence

_KNOWN = (
    (
        re.compile(r"contact\b.*\barchived", re.IGNORECASE),
        "the customer is archived in Xero. Restore it there, or give the deal another company, and try the deal again.",
    ),
    (
        re.compile(r"lock date|\blocked\b.*\bperiod|\bperiod\b.*\blocked", re.IGNORECASE),
        "its date lies in a period that is locked in Xero. Move the lock date there, and try the deal again.",
    ),
)


def whole(*said: str) -> str:
    """Join what a vendor said, each ended with a stop: vendors often leave it out."""
    kept = [text.strip() for text in said if text.strip()]
    return " ".join(text if text.endswith((".", "!", "?", "…")) else f"{text}." for text in kept) or "no reason given."


def why_refused(problems: Sequence[str], cure: str) -> str:
    """Say why Xero refused a document, and what to do: its own words and ``cure`` where we do not know better."""
    causes = [ours for problem in problems for pattern, ours in _KNOWN if pattern.search(problem)]
    return " ".join(dict.fromkeys(causes)) if causes else f"{whole(*problems)} {cure}".rstrip()
