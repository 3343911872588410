"""Say what the sandbox's core needs from a vendor's half."""

from collections.abc import Sequence
from typing import Any, Protocol

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from ledgerloop_sandbox.calls import CallLog
from ledgerloop_sandbox.clock import Clock
from ledgerloop_sandbox.delivery import Delivery
from ledgerloop_sandbox.faults import Faults


class Vendor(Protocol):
    """Be one vendor's half of the sandbox: its state, its API and what can be steered about them.

    A half is made as `Half(url, clock, seed=1, latency_ms=0, data="demo", service_url="http://127.0.0.1:8080")`.
    Its `api` finds the call's `edge.Note` in `scope["note"]`: it sets `organisation`, honours `person`.
    """

    name: str
    url: str
    clock: Clock
    calls: CallLog
    faults: Faults
    latency_ms: float
    control_routes: Sequence[BaseRoute]
    """Further routes of this vendor under /_sandbox, written with their full path."""

    @property
    def delivery(self) -> Delivery:
        """Return what carries the webhooks."""

    @property
    def api(self) -> ASGIApp:
        """Return the vendor's own endpoints, without the edge."""

    def state(self) -> dict[str, Any]:
        """Return what there is, as counts and names."""

    def reset(self) -> None:
        """Go back to the data, settings and credentials of the start."""

    def settings(self) -> dict[str, Any]:
        """Return the switches and their values."""

    def configure(self, changes: dict[str, Any]) -> None:
        """Change some switches; an unknown one or a wrong value is a ValueError that says so."""

    def webhooks(self) -> dict[str, Any]:
        """Return the webhook target, key, subscriptions and state; attempts and pending are added by the core."""

    async def set_webhooks(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change the webhook target, key, subscriptions; return the new state and the outcome of any handshake."""

    def expire_tokens(self) -> None:
        """Let every access token expire now."""

    def revoke_tokens(self) -> None:
        """Revoke every token now."""
