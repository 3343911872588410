"""Webhook subscriptions in both forms, `deal.propertyChange` and `object.propertyChange`; and what they match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ledgerloop_sandbox.hubspot.changes import Change
from ledgerloop_sandbox.hubspot.kinds import BY_NAME, COMPANY, CONTACT, DEAL, LINE_ITEM, PRODUCT, Kind
from ledgerloop_sandbox.hubspot.wire import Json

WHATS = ("creation", "deletion", "merge", "restore", "propertyChange", "associationChange", "privacyDeletion")
_GROUPS = ("crmObjects", "legacyCrmObjects", "hubEvents")
UNSUBSCRIBABLE = frozenset({"hs_lastmodifieddate", "lastmodifieddate", "num_unique_conversion_events"})

_WATCHED: dict[Kind, str] = {
    CONTACT: "email firstname lastname phone address city state zip country xero_contact_id",
    COMPANY: "name domain phone address address2 city state zip country xero_contact_id",
    DEAL: "dealstage dealname amount closedate pipeline deal_currency_code",
    LINE_ITEM: "name quantity price discount",
}


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription."""

    id: int
    what: str
    kind: Kind
    generic: bool
    property_name: str | None = None
    active: bool = True

    @property
    def type(self) -> str:
        """Return the subscriptionType that events carry."""
        return f"{'object' if self.generic else self.kind.singular}.{self.what}"

    def matches(self, change: Change) -> bool:
        """Tell whether a change is to be told."""
        if not self.active or change.what != self.what or change.kind is not self.kind:
            return False
        return self.what != "propertyChange" or change.more["propertyName"] == self.property_name

    def as_json(self) -> Json:
        """Return the subscription in the form it was made."""
        shown: Json = {"id": self.id, "subscriptionType": self.type, "active": self.active}
        if self.generic:
            shown["objectType"] = self.kind.singular
        if self.property_name is not None:
            shown["propertyName"] = self.property_name
        return shown


def subscriptions_from(given: Any) -> list[Subscription]:
    """Read subscriptions as a list, or in the groups of webhooks-hsmeta.json; anything else is a ValueError."""
    if isinstance(given, dict):
        if unknown := sorted(set(given) - set(_GROUPS)):
            raise ValueError(f"subscriptions have no group {', '.join(unknown)}; there are {', '.join(_GROUPS)}")
        groups = list(given.values())
    else:
        groups = [given]
    if not all(isinstance(group, list) for group in groups):
        raise ValueError("subscriptions is a list, or an object of lists as in webhooks-hsmeta.json")
    return [_subscription_from(one, 7_100_001 + at) for at, one in enumerate(one for group in groups for one in group)]


def _subscription_from(given: Any, id_: int) -> Subscription:
    """Read one subscription; what cannot be subscribed to is a ValueError that says so."""
    if not isinstance(given, dict):
        raise ValueError("a subscription is an object with a subscriptionType")
    form, _, what = str(given.get("subscriptionType", "")).partition(".")
    generic = form == "object"
    kind = BY_NAME.get(str(given.get("objectType", "")) if generic else form)
    name = given.get("propertyName")
    if kind is None or what not in WHATS:
        raise ValueError(f"no subscription type {given.get('subscriptionType')}")
    if what == "associationChange" and kind is PRODUCT:
        raise ValueError("product has no associationChange")
    if what == "privacyDeletion" and kind is not CONTACT:
        raise ValueError("only contacts have privacyDeletion")
    if (what == "propertyChange") is (name is None):
        raise ValueError("propertyChange needs a propertyName, the others take none")
    if name in UNSUBSCRIBABLE:
        raise ValueError(f"{name} cannot be subscribed to")
    return Subscription(id_, what, kind, generic, name, bool(given.get("active", True)))


def default_subscriptions(form: str) -> list[Subscription]:
    """Subscribe to what an invoicing app needs, in one form or both."""
    found: list[Subscription] = []
    for generic in (False, True):
        if form == ("legacy" if generic else "object"):
            continue
        for kind, watched in _WATCHED.items():
            whats = [what for what in WHATS if what != "propertyChange" and (kind is CONTACT or what != WHATS[-1])]
            found += [Subscription(7_000_001 + len(found) + at, what, kind, generic) for at, what in enumerate(whats)]
            found += [
                Subscription(7_000_001 + len(found) + at, "propertyChange", kind, generic, name)
                for at, name in enumerate(watched.split())
            ]
    return found
