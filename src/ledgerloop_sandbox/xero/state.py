"""Hold the Xero half's state: organisations, grants, limits and switches."""

import random
from dataclasses import dataclass
from typing import Any

from joserfc.jwk import RSAKey

from ledgerloop_sandbox.clock import Clock
from ledgerloop_sandbox.xero.data import organisations
from ledgerloop_sandbox.xero.grants import Grants
from ledgerloop_sandbox.xero.idempotency import Replays
from ledgerloop_sandbox.xero.limits import Caps, Limits
from ledgerloop_sandbox.xero.organisation import Organisation
from ledgerloop_sandbox.xero.scopes import allowed
from ledgerloop_sandbox.xero.selection import Selections


@dataclass(frozen=True, slots=True)
class Tier:
    """Be what a price tier allows."""

    connections: int
    day: int


TIERS = {
    "starter": Tier(5, 1_000),
    "core": Tier(50, 5_000),
    "plus": Tier(1_000, 5_000),
    "advanced": Tier(10_000, 5_000),
}
CUSTOM_COUNTRIES = frozenset({"AU", "NZ", "GB", "US"})
OPTIONS: dict[str, Any] = {
    "quotas": True,
    "tier": "starter",
    "minute_limit": 60,
    "concurrent_limit": 5,
    "app_minute_limit": 10_000,
    "day_limit": None,  # what the tier says
    "connection_cap": None,  # what the tier says
    "custom_organisation": None,  # whose the custom connection is, by name or tenant id; the first one's unless set
    "scopes": "both",  # or granular, or broad: what the app may ask for
    "high_volume": None,  # beyond how many documents slow filters are refused, instead of the vendor's numbers
    "url_in_lists": True,  # whether Invoice.Url comes back in lists: not proved by any official example
    "url_in_summary": True,
    "batch_payment_texts": False,  # TotalAmount and IsReconciled as texts: so they stand in the official example
    "tracked_account": "refused",  # or replaced: another account on a line with an item that is tracked as inventory
    "zero_invoices_paid": False,  # whether approving a total of 0.00 makes an invoice PAID: nobody says
    "payments_in_summary": False,  # nor is what summaryOnly leaves out of an invoice beside its lines
}


class XeroState:
    """Be everything that a reset begins anew."""

    def __init__(self, url: str, clock: Clock, seed: int, data: str, service_url: str, key: RSAKey) -> None:
        source = random.Random(seed)
        self.url, self.clock = url, clock
        self.redirect_uris = {f"{service_url}/connect/xero/callback"}
        self.options: dict[str, Any] = {**OPTIONS, "selections": Selections()}
        self.grants = Grants(url, clock, random.Random(source.random()), key)
        self.limits = Limits()
        self.replays = Replays()
        self.organisations: dict[str, Organisation] = {
            org.tenant_id: org for org in organisations(data, seed, clock.now())
        }

    def custom_organisation(self) -> Organisation | None:
        """Return whose the custom connection is; there are none outside four countries."""
        wanted = self.options["custom_organisation"]
        known = self.organisations.values()
        found = next((org for org in known if wanted in (None, org.name, org.tenant_id)), None)
        return found if found is not None and found.country_code in CUSTOM_COUNTRIES else None

    def caps(self) -> Caps:
        """Return the limits that apply."""
        options = self.options
        return Caps(
            minute=options["minute_limit"],
            concurrent=options["concurrent_limit"],
            day=options["day_limit"] or TIERS[options["tier"]].day,
            app_minute=options["app_minute_limit"],
        )

    def configure(self, changes: dict[str, Any]) -> None:
        """Change switches; an unknown one or a wrong value is a ValueError that says so."""
        for name, value in changes.items():
            if name not in OPTIONS:
                raise ValueError(f"there is no setting {name}; there are {', '.join(sorted(OPTIONS))}")
            if name == "tier" and value not in TIERS:
                raise ValueError(f"tier must be one of {', '.join(TIERS)}")
            if name == "scopes":
                allowed(str(value)) if value in ("both", "granular", "broad") else _refuse("scopes")
            if name == "tracked_account" and value not in ("refused", "replaced"):
                raise ValueError("tracked_account must be refused or replaced")
            if name.endswith(("_limit", "_cap")) and not (value is None or isinstance(value, int)):
                raise ValueError(f"{name} must be a whole number")
        self.options |= changes
        for org in self.organisations.values():
            for invoice in org.invoices:
                invoice.text = None

    def counts(self) -> dict[str, Any]:
        """Return what there is, by organisation."""
        return {
            "organisations": [
                {
                    "tenantId": org.tenant_id,
                    "name": org.name,
                    "contacts": len(org.contacts),
                    "invoices": len(org.invoices),
                    "payments": len(org.payments),
                    "creditNotes": len(org.credits["CreditNote"]),
                    "prepayments": len(org.credits["Prepayment"]),
                    "overpayments": len(org.credits["Overpayment"]),
                }
                for org in self.organisations.values()
            ],
            "connections": [{"id": one.id, "tenantId": one.tenant_id} for one in self.grants.connections.values()],
            "redirectUris": sorted(self.redirect_uris),
        }


def _refuse(name: str) -> None:
    raise ValueError(f"{name} must be both, granular or broad")
