"""See which other tools carry invoices between HubSpot and Xero: two of them fight over records, or bill twice.

No call lists the apps or syncs of an account, so only what they leave behind is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from ledgerloop.errors import RateLimited, Refused
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.models import Record
from ledgerloop.rules.hubspot_billing import SOURCE, brought_by

T = TypeVar("T")

OLDER = "HubSpot's older integration with Xero or QuickBooks"
EXTERNAL_STATUS = "external invoice status"
"""The label of what that one writes on an invoice; its name is nowhere told."""
_LATEST = [{"propertyName": "createdate", "direction": "DESCENDING"}]


def invoices_brought(client: HubSpotClient) -> dict[str, list[str]]:
    """Return which of the latest invoices in HubSpot other tools have brought, by tool; none where they are not told.

    That the token may not read invoices is told beside its scopes.
    """
    found: dict[str, list[str]] = {}
    for one in _allowed(lambda: _with(client, SOURCE)):
        if tool := brought_by(one):
            found.setdefault(tool, []).append(_called(one))
    properties = _allowed(lambda: client.properties("invoices"))
    for name in [one.name for one in properties if one.label.strip().lower() == EXTERNAL_STATUS]:
        older = [_called(one) for one in _allowed(partial(_with, client, name)) if not brought_by(one)]
        if older:
            found.setdefault(OLDER, []).extend(older)
    return found


def _allowed(ask: Callable[[], Sequence[T]]) -> Sequence[T]:
    try:
        return ask()
    except RateLimited:
        raise
    except Refused:
        return ()


def _with(client: HubSpotClient, name: str) -> Sequence[Record]:
    """Return the latest invoices that have a property."""
    group = {"filters": [{"propertyName": name, "operator": "HAS_PROPERTY"}]}
    return client.search("invoices", [group], ["hs_number", SOURCE], _LATEST).results


def _called(invoice: Record) -> str:
    return invoice.properties.get("hs_number") or invoice.id
