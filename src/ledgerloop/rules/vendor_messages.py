"""Fit what a vendor said into a sentence of ours: in our words where the cause is known, else whole. Does no I/O."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ledgerloop.rules.reference_data import Kind

_KNOWN: tuple[tuple[re.Pattern[str], str, Kind | None], ...] = (
    (
        re.compile(r"contact\b.*\barchived", re.IGNORECASE),
        "the customer is archived in Xero. Restore it there, or give the deal another company, and try the deal again.",
        None,
    ),
    (
        re.compile(r"lock date|\blocked\b.*\bperiod|\bperiod\b.*\blocked", re.IGNORECASE),
        "its date lies in a period that is locked in Xero. Move the lock date there, and try the deal again.",
        "organisation",
    ),
    (
        re.compile(r"reached the limit of invoices", re.IGNORECASE),
        "the organisation's plan in Xero allows no more approved invoices this month. Have the route make drafts, or"
        " take a larger plan in Xero, and try the deal again.",
        "actions",
    ),
    (
        re.compile(r"account code\b.*\b(archived|deleted|not a valid code)", re.IGNORECASE),
        "an account of its lines is archived in Xero, or none for sales. Activate it there, or correct the route's"
        " account, and try the deal again.",
        "accounts",
    ),
    (
        re.compile(
            r"(stock|inventory|quantity|on hand)\b.*\b(negative|below|insufficient|enough|exceed|available)"
            r"|\b(insufficient|not enough)\b.*\b(stock|inventory|quantity)",
            re.IGNORECASE,
        ),
        "Xero has too little stock of an item in its lines. Take stock in there, or take the SKU off the line item, and"
        " try the deal again.",
        None,
    ),
)
"""What Xero says, what we say instead, and which of the organisation's books would have told it beforehand."""
_NUMBER_TAKEN = re.compile(r"invoice\s*(#|number)?.*must be unique", re.IGNORECASE)


def whole(*said: str) -> str:
    """Join what a vendor said, each ended with a stop: vendors often leave it out."""
    kept = [text.strip() for text in said if text.strip()]
    return " ".join(text if text.endswith((".", "!", "?", "…")) else f"{text}." for text in kept) or "no reason given."


def why_refused(problems: Sequence[str], cure: str, number: str = "", route: str = "") -> str:
    """Say why Xero refused a document, and what to do: its own words and ``cure`` where we do not know better.

    ``number`` is the number that the invoice was to have, and ``route`` where the settings say so.
    """
    causes = [ours for problem in problems for pattern, ours, _ in _KNOWN if pattern.search(problem)]
    if number and any(_NUMBER_TAKEN.search(problem) for problem in problems):
        causes.append(_taken(number, route))
    return " ".join(dict.fromkeys(causes)) if causes else f"{whole(*problems)} {cure}".rstrip()


def books_blamed(problems: Sequence[str]) -> set[Kind]:
    """Return the kinds of books that would have told of a refusal beforehand, so that what is known of them is old."""
    return {kind for problem in problems for pattern, _, kind in _KNOWN if kind and pattern.search(problem)}


def _taken(number: str, route: str) -> str:
    return (
        f"another invoice in Xero has the number {number} already, a deleted or voided one included. Correct `number`"
        f" under {route or '[route]'}, or what it is made of on the deal, and try the deal again."
    )
