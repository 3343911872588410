"""Which scopes the HubSpot token needs, and which of them it lacks. Does no I/O."""

from __future__ import annotations

from collections.abc import Iterable

WANTED = (
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.objects.companies.read",
    "crm.objects.companies.write",
    "crm.objects.deals.read",
    "crm.objects.deals.write",
    "crm.objects.line_items.read",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
    "crm.schemas.companies.read",
    "crm.schemas.companies.write",
    "crm.schemas.deals.read",
    "crm.schemas.deals.write",
)
TO_MAKE_PROPERTIES = frozenset(one for one in WANTED if one.startswith("crm.schemas.") and one.endswith(".write"))
"""Needed only while properties are still to be made."""

TO_KNOW_THE_ACCOUNT = "oauth"
"""Needed to read the account's currency and time zone. HubSpot grants it to service keys by itself, and may let other
tokens do without naming it, so what HubSpot answers counts for more than the token's list."""

TO_SEE_BILLING = ("crm.objects.invoices.read", "crm.objects.subscriptions.read")
"""Needed only to see whether HubSpot bills deals by itself."""

_SERVICE_KEY_SUFFIX = ".v2"
_ALSO_GRANTED_BY = {"crm.objects.line_items.read": "e-commerce"}


def missing(granted: Iterable[str], answered: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the wanted scopes that are neither among those granted, as a token's own information lists them, nor
    among those by which HubSpot ``answered``.
    """
    has = plain(granted) | frozenset(answered)
    return tuple(one for one in WANTED if one not in has and _ALSO_GRANTED_BY.get(one) not in has)


def plain(granted: Iterable[str]) -> frozenset[str]:
    """Return scopes as they are wanted: those of service keys have a suffix."""
    return frozenset(one.removesuffix(_SERVICE_KEY_SUFFIX) for one in granted)
