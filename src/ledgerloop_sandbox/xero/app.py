"""Put the Xero half together."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from joserfc.jwk import RSAKey
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import Receive, Scope, Send

from ledgerloop_sandbox.calls import CallLog
from ledgerloop_sandbox.clock import Clock
from ledgerloop_sandbox.credentials import XERO_WEBHOOK_KEY
from ledgerloop_sandbox.delivery import Delivery
from ledgerloop_sandbox.faults import Faults
from ledgerloop_sandbox.xero.api import BASE, AccountingApi
from ledgerloop_sandbox.xero.connections import Connections
from ledgerloop_sandbox.xero.identity import Identity
from ledgerloop_sandbox.xero.state import OPTIONS, XeroState
from ledgerloop_sandbox.xero.steering import Steering
from ledgerloop_sandbox.xero.webhooks import GAPS, Webhooks


class XeroSandbox:
    """Be the Xero half: all of Xero's hosts on one port."""

    name = "xero"

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        seed: int = 1,
        latency_ms: float = 0,
        data: str = "demo",
        service_url: str = "http://127.0.0.1:8080",
    ) -> None:
        self.url, self.clock = url, clock
        self.calls, self.faults = CallLog(), Faults(seed)
        self.delivery = Delivery(clock, self.faults, GAPS)
        self._start = (seed, data, service_url.rstrip("/"), latency_ms)
        self.control_routes: Sequence[BaseRoute] = Steering(lambda: self.books, lambda: self.hooks, clock).routes
        self.reset()

    def reset(self) -> None:
        """Go back to the start."""
        seed, data, service_url, self.latency_ms = self._start
        self.books = XeroState(self.url, self.clock, seed, data, service_url, _signing_key())
        self.hooks = Webhooks(self.clock, self.delivery, XERO_WEBHOOK_KEY, f"{service_url}/webhooks/xero", seed)
        accounting = AccountingApi(lambda: self.books, lambda: self.hooks)
        self._router = Router(
            [
                *Identity(self.books).routes,
                *Connections(self.books).routes,
                Route(f"{BASE}{{path:path}}", accounting.answer, methods=["GET", "PUT", "POST", "DELETE", "PATCH"]),
            ],
            default=_nothing_here,
        )

    async def api(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as Xero's hosts do; the API's root is found in any case, as its endpoints are."""
        if scope["path"].lower().startswith(BASE):
            scope = {**scope, "path": BASE + scope["path"][len(BASE) :]}
        await self._router(scope, receive, send)

    def state(self) -> dict[str, Any]:
        """Return what there is, as counts and names."""
        return self.books.counts()

    def settings(self) -> dict[str, Any]:
        """Return the switches and their values."""
        return {name: self.books.options[name] for name in OPTIONS} | self.hooks.odd

    def configure(self, changes: dict[str, Any]) -> None:
        """Change some switches."""
        odd = {name: bool(value) for name, value in changes.items() if name in self.hooks.odd}
        self.books.configure({name: value for name, value in changes.items() if name not in odd})
        self.hooks.odd |= odd

    def webhooks(self) -> dict[str, Any]:
        """Return the webhook's target, key, categories and state."""
        return self.hooks.as_json()

    async def set_webhooks(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change the webhook; switching it on runs the handshake."""
        outcome = await self.hooks.configure(changes)
        return {**self.hooks.as_json(), **outcome}

    def expire_tokens(self) -> None:
        """Let every access token expire now."""
        self.books.grants.expire_access_tokens()

    def revoke_tokens(self) -> None:
        """End every consent."""
        self.books.grants.revoke_all()


@cache
def _signing_key() -> RSAKey:
    """Make the key that signs tokens, once in a process: it takes longer than all else of a start."""
    return RSAKey.generate_key(2048, auto_kid=True)


async def _nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    await Response("The resource you're looking for cannot be found", 404)(scope, receive, send)
