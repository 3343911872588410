"""The HubSpot half of the sandbox as the core sees it: state, settings, webhooks, and the API behind the edge."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request as ControlRequest
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute
from starlette.routing import Route as ControlRoute

from ledgerloop_sandbox.asked import object_in
from ledgerloop_sandbox.calls import CallLog
from ledgerloop_sandbox.clock import Clock
from ledgerloop_sandbox.credentials import (
    HUBSPOT_APP_ID,
    HUBSPOT_CLIENT_SECRET,
    HUBSPOT_PORTAL_ID,
    HUBSPOT_TOKEN,
)
from ledgerloop_sandbox.faults import Faults
from ledgerloop_sandbox.hubspot.data import load
from ledgerloop_sandbox.hubspot.door import Door
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.subscriptions import default_subscriptions
from ledgerloop_sandbox.hubspot.tokens import ALL_SCOPES, OAUTH_SECONDS, TOKEN_KINDS
from ledgerloop_sandbox.hubspot.webhooks import HubSpotDelivery, Target, Webhooks


class HubSpotSandbox:
    """Be HubSpot: one portal."""

    name = "hubspot"

    def __init__(
        self,
        url: str,
        clock: Clock,
        seed: int = 1,
        latency_ms: float = 0,
        data: str = "demo",
        service_url: str = "http://127.0.0.1:8080",
    ) -> None:
        self.url = url
        self.clock = clock
        self.seed = seed
        self.data = data
        self.latency_ms = self._usual_latency = latency_ms
        self.service_url = service_url.rstrip("/")
        self.calls = CallLog()
        self.faults = Faults(seed)
        self.target = Target("", HUBSPOT_CLIENT_SECRET, HUBSPOT_APP_ID)
        self.delivery = HubSpotDelivery(clock, self.faults, seed, self.target)
        self.control_routes: Sequence[BaseRoute] = [
            ControlRoute("/_sandbox/tokens", self._tokens, methods=["GET", "POST"])
        ]
        self._begin()

    def reset(self) -> None:
        """Go back to the data, settings and credentials of the start."""
        self.hooks.forget()
        self.latency_ms = self._usual_latency
        self._begin()

    def _begin(self) -> None:
        self.portal = Portal(self.clock, HUBSPOT_PORTAL_ID, self.seed)
        self.portal.keys.add("legacy", ALL_SCOPES, text=HUBSPOT_TOKEN, app_id=HUBSPOT_APP_ID)
        load(self.portal, self.data)
        self._aim(Target(f"{self.service_url}/webhooks/hubspot", HUBSPOT_CLIENT_SECRET, HUBSPOT_APP_ID))
        self.hooks = Webhooks(self.target, self.delivery, HUBSPOT_PORTAL_ID, random.Random(self.seed + 2))
        self.portal.tell = self.hooks.tell
        self.configure({})
        self.api = Door(self.portal, self.hooks)

    def state(self) -> dict[str, Any]:
        """Return what there is, as counts and names."""
        portal = self.portal
        return {
            "portal_id": portal.portal_id,
            "records": {kind.name: len(shelf.live) for kind, shelf in portal.shelves.items()},
            "archived": {kind.name: len(shelf.archived) for kind, shelf in portal.shelves.items()},
            "associations": portal.edges.count(),
            "custom_properties": {
                kind.name: [one.name for one in known.values() if not one.hubspot_defined and one.archived is None]
                for kind, known in portal.definitions.items()
            },
            "pipelines": {
                pipeline.label: {stage.id: stage.label for stage in pipeline.stages.values()}
                for pipelines in portal.pipelines.values()
                for pipeline in pipelines.values()
            },
            "lists": [one.name for one in portal.lists.values()],
            "tokens": len(portal.keys.by_text),
            "calls": self.calls.count(),
        }

    def settings(self) -> dict[str, Any]:
        """Return the switches and their values."""
        return self.portal.settings.as_json()

    def configure(self, changes: dict[str, Any]) -> None:
        """Change some switches."""
        self.portal.settings.change(changes)
        self.hooks.repeated_ids = self.portal.settings.repeated_event_ids
        if "webhook_form" in changes:
            self.target.subscriptions = default_subscriptions(self.portal.settings.webhook_form)

    def webhooks(self) -> dict[str, Any]:
        """Return the webhook target, secret and subscriptions, and how many events have not left yet."""
        return {**self.target.as_json(), "waiting": len(self.hooks.queue)}

    async def set_webhooks(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Change the webhook target; `token` names the app they belong to, and a service key has none."""
        changes = dict(changes)
        text = changes.pop("token", None)
        if text is not None:
            token = self.portal.keys.by_text.get(str(text))
            if token is None or token.kind == "service_key":
                raise ValueError("service keys have no webhooks" if token else "no such token")
            self.target.app_id = token.app_id
        self.target.change(changes)
        return {}

    def expire_tokens(self) -> None:
        """Let every OAuth token expire now; the other kinds do not expire."""
        self.portal.keys.expire()

    def revoke_tokens(self) -> None:
        """Revoke every token now."""
        self.portal.keys.revoke()

    def _aim(self, target: Target) -> None:
        # The delivery keeps its target: retries that wait while it changes go to the new one's signature.
        self.target = target
        self.delivery.target = target

    async def _tokens(self, request: ControlRequest) -> JSONResponse:
        """Show the tokens, or make one of a kind with scopes; OAuth tokens come with a refresh token."""
        keys = self.portal.keys
        if request.method == "GET":
            shown = [
                {"token": one.text, "kind": one.kind, "app_id": one.app_id, "scopes": list(one.scopes)}
                for one in keys.by_text.values()
            ]
            return JSONResponse({"tokens": shown})
        given = await object_in(request)
        kind, scopes = given.get("kind", "legacy"), given.get("scopes")
        if kind not in TOKEN_KINDS:
            raise ValueError(f"kind must be one of {', '.join(TOKEN_KINDS)}")
        expires = self.clock.seconds() + OAUTH_SECONDS if kind == "oauth" else None
        token = keys.add(
            kind,
            ALL_SCOPES if scopes is None else tuple(scopes),
            text=given.get("token"),
            app_id=given.get("app_id"),
            expires=expires,
        )
        made = {"token": token.text, "kind": kind, "app_id": token.app_id, "scopes": list(token.scopes)}
        if kind == "oauth":
            made["refresh_token"] = keys.add_refresh(token.app_id, token.scopes).text
        return JSONResponse(made, status_code=201)
