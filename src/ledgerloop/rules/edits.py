"""Tell whether a deal was edited after its invoice was made, and what an edit may still do. Does no I/O."""

from __future__ import annotations

import json
from collections.abc import Sequence

from ledgerloop.hubspot.models import Record
from ledgerloop.rules.invoices import LINE_PROPERTIES, hash_of
from ledgerloop.rules.lines import position_of
from ledgerloop.rules.routing import Terms
from ledgerloop.rules.templates import fields_in


def basis_of(deal: Record, lines: Sequence[Record], terms: Terms) -> str:
    """Return a hash of what the deal says about its invoice: another one means that somebody edited the deal."""
    names = {"amount", "deal_currency_code", *asked_of_deal(terms)} | ({"dealname"} if not lines else set())
    said = {
        "deal": {name: deal.properties.get(name) or "" for name in names},
        "lines": [
            {name: value for name in (*LINE_PROPERTIES, *asked_of_line(terms)) if (value := item.properties.get(name))}
            for item in sorted(lines, key=position_of)
        ],
    }
    return hash_of(json.dumps(said, sort_keys=True))


def asked_of_deal(terms: Terms) -> list[str]:
    """Name the deal properties that a route's terms ask for."""
    named = [*fields_in(terms.reference), *fields_in(terms.number), terms.due_date_property]
    return [name for name in named if name]


def asked_of_line(terms: Terms) -> list[str]:
    """Name the line items' properties that a route's terms ask for."""
    return [name for name in (terms.account_property, *dict(terms.tracking_properties).values()) if name]
