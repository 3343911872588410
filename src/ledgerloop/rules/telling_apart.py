"""Call two invoices so that they are told apart: numbers count anew in each organisation. Does no I/O."""

from __future__ import annotations

from collections.abc import Mapping


def called(number: str, organisation: str, beside: str, names: Mapping[str, str]) -> str:
    """Call an invoice by its number, and by its organisation where the one ``beside`` it is in another.

    ``names`` are those of the organisations by their ids.
    """
    name = names.get(organisation, "")
    return f"{number} in {name}" if organisation != beside and name else number
