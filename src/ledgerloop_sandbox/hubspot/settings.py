"""The switches of the HubSpot half: what is open or optional in HubSpot's behaviour, and how it is set here."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import Any

TIERS: dict[str, tuple[int, int, int]] = {
    # burst in 10 s, calls a day, burst of the associations API
    "free": (100, 250_000, 100),
    "starter": (100, 250_000, 100),
    "professional": (190, 625_000, 150),
    "enterprise": (190, 1_000_000, 200),
}


@dataclass(slots=True)
class Settings:
    """What can be switched through POST /_sandbox/settings."""

    search_lag_create: float = 2.0
    search_lag_update: float = 5.0
    search_most: int = 10_000
    """Results that one search gives at most; asking past them is refused."""
    property_delay: float = 0.4
    limits: bool = True
    tier: str = "professional"
    burst: int | None = None
    """Calls in 10 s instead of the tier's number."""
    daily: int | None = None
    """Calls a day instead of the tier's number."""
    retry_after: bool = False
    """Send Retry-After with 429; no capture shows it, so it is off."""
    automatic_company: bool = False
    automatic_company_name: str = "domain"
    """What that company is called: its domain, or nothing yet (empty)."""
    old_email_kept: bool = False
    """A quite new email of a contact leaves the old one among its additional addresses."""
    archived_by_property: bool = False
    """Reads with archived=true find records by a unique property too."""
    erased: str = "gone"
    """What archived=true shows of an erased record: nothing (gone), or a record without values (empty)."""
    erased_blocked: bool = False
    """An address that was erased is refused from then on."""
    language: str | None = None
    scope_error: str = "full"
    upsert_refused: bool = False
    definitions_whole: bool = False
    """A batch of properties of which one cannot be made is refused as a whole."""
    required_rules: list[dict[str, Any]] = field(default_factory=list)
    """Admin rules of 2026-09: {"objectType", "property", "when": {name: value}}; without `when` on creates only."""
    merge_creates: bool = False
    """Merging makes a third record, and both old ids resolve to it."""
    parallel_writes: int = 3
    """So many writes to one record may be in flight at once; one more locks it for 2 seconds (423)."""
    migrating_seconds: float = 0.0
    """The account moves between data centres: 477 with this Retry-After."""
    repeated_event_ids: float = 0.02
    """How likely an event carries the eventId of the event before it."""
    batch_ms: float = 10.0
    """How long events are collected before a webhook leaves."""
    takes_payments: bool = False
    """The account is set up to collect payments, by HubSpot or by Stripe: without it there are no subscriptions."""
    webhook_form: str = "legacy"
    """How default subscriptions are written: legacy (deal.propertyChange), object, or both."""

    def as_json(self) -> dict[str, Any]:
        """Return the switches and their values."""
        return asdict(self)

    def change(self, changes: dict[str, Any]) -> None:
        """Set some switches; an unknown name or a wrong value is a ValueError that says so."""
        known = {one.name for one in fields(self)}
        if unknown := sorted(set(changes) - known):
            raise ValueError(f"no setting {', '.join(unknown)}; there are {', '.join(sorted(known))}")
        changes = dict(changes)
        for name, choices in _CHOICES.items():
            if name in changes and changes[name] not in choices:
                raise ValueError(f"{name} must be one of {', '.join(map(str, choices))}")
        for name in ("search_lag_create", "search_lag_update"):
            if name in changes and not 0 <= float(changes[name]) <= 30:
                raise ValueError(f"{name} must be between 0 and 30 seconds")
        if "search_most" in changes and not 200 <= int(changes["search_most"]) <= 10_000:
            raise ValueError("search_most must be between 200 and 10000")
        usual = Settings()
        for name, value in changes.items():
            if not _fits(name, value, getattr(usual, name)):
                raise ValueError(f"{name} cannot be {value!r}")
        for name, value in changes.items():
            setattr(self, name, value)


def _fits(name: str, value: Any, usual: Any) -> bool:
    if name in ("burst", "daily"):
        return value is None or type(value) is int
    if isinstance(usual, bool | list):
        return isinstance(value, type(usual))
    if isinstance(usual, float | int):
        return type(value) in (int, float)
    return True


_CHOICES: dict[str, tuple[Any, ...]] = {
    "tier": tuple(TIERS),
    "language": (None, "de"),
    "automatic_company_name": ("domain", "empty"),
    "erased": ("gone", "empty"),
    "scope_error": ("full", "no_category", "unnamed", "view_schema"),
    "webhook_form": ("legacy", "object", "both"),
}
