"""Fill in the templates of references and numbers: words, ``{marker}``, ``{deal}`` and deal properties. Does no I/O."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping

from ledgerloop.rules.invoice_markers import MARKER, marker_of

MOST_SIGNS = 255
"""Xero takes no longer Reference and no longer InvoiceNumber."""

_FIELD = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_OWN = ("marker", "deal")
_LIKE_A_MARK = re.compile(rf"\b{MARKER}(?=[0-9])")
_SPELT_OTHERWISE = f"{MARKER[:-1]} "


def fields_in(template: str) -> Iterator[str]:
    """Yield the deal properties that a template asks for."""
    return (found for found in _FIELD.findall(template) if found not in _OWN)


def filled(template: str, deal: str, values: Mapping[str, str | None]) -> str:
    """Fill in a template. What people wrote never looks like another deal's mark, and the deal's own mark stays."""

    def value_of(found: re.Match[str]) -> str:
        match found[1]:
            case "deal":
                return deal
            case name:
                return " ".join(_LIKE_A_MARK.sub(_SPELT_OTHERWISE, values.get(name) or "").split())

    pieces = [_FIELD.sub(value_of, piece) for piece in template.split("{marker}")]
    if len(pieces) > 1:  # what two fields make together must not look like a mark either
        pieces = [_LIKE_A_MARK.sub(_SPELT_OTHERWISE, piece) for piece in pieces]
    text = " ".join(marker_of(deal).join(pieces).split())
    if len(text) <= MOST_SIGNS:
        return text
    mark = marker_of(deal)
    rest = " ".join(text.replace(mark, " ").split())
    return f"{mark} {rest[: MOST_SIGNS - len(mark) - 1].rstrip()}" if mark in text else text[:MOST_SIGNS].rstrip()


def free_number(number: str, taken: Collection[str]) -> str:
    """Return an invoice's number, with the first of -2, -3 … behind it that is free where the deal's last one had it.

    Xero never gives a number twice, also where the invoice that had it is deleted or voided.
    """
    used = {one.casefold() for one in taken}
    if number.casefold() not in used:
        return number
    endings = (f"-{count}" for count in itertools.count(2))
    longer = (number[: MOST_SIGNS - len(ending)] + ending for ending in endings)
    return next(one for one in longer if one.casefold() not in used)


def could_make(template: str, text: str) -> bool:
    """Tell whether a template may have made a text, whatever its fields were."""
    pattern = ".*".join(re.escape(piece) for piece in re.split(r"\{[a-z0-9_]*\}", template))
    return re.fullmatch(pattern, text) is not None
