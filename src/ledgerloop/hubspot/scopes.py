"""Which scopes the HubSpot token needs, what stops without each, and which of them it lacks. Does no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

STOPS: Mapping[str, str] = {
    "oauth": "the account's currency and time zone are not told, so HubSpot cannot be connected",
    "crm.objects.contacts.read": "no customer's contact is found",
    "crm.objects.contacts.write": "no contact is made, shows what its customer owes, or gets a note",
    "crm.objects.companies.read": "no customer's company is found",
    "crm.objects.companies.write": "no company is made or shows what its customer owes",
    "crm.objects.deals.read": "no won deal is seen, so none is invoiced",
    "crm.objects.deals.write": "no deal shows its invoice, or why it is held",
    "crm.objects.line_items.read": "no deal's lines are read, so none is invoiced",
    "crm.schemas.contacts.read": "nobody can tell which properties contacts lack",
    "crm.schemas.contacts.write": "properties that contacts lack are not made",
    "crm.schemas.companies.read": "nobody can tell which properties companies lack",
    "crm.schemas.companies.write": "properties that companies lack are not made",
    "crm.schemas.deals.read": "nobody can tell which properties deals lack",
    "crm.schemas.deals.write": "properties that deals lack are not made",
}
"""What stops without each of the scopes that are wanted."""

WANTED = tuple(STOPS)
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


def stopped(scope: str) -> str:
    """Say what stops without a scope that is wanted."""
    either = f"{scope} or {_ALSO_GRANTED_BY[scope]}" if scope in _ALSO_GRANTED_BY else scope
    return f"Without {either} {STOPS[scope]}."


def plain(granted: Iterable[str]) -> frozenset[str]:
    """Return scopes as they are wanted: those of service keys have a suffix."""
    return frozenset(one.removesuffix(_SERVICE_KEY_SUFFIX) for one in granted)
