"""Receive the vendors' webhooks: verify the raw bytes, keep, answer. Nothing else happens here.

Both vendors wait five seconds. What is not on disk by then is answered 503, so that the vendor sends it again: a 200
is a promise. Answers are empty and carry no cookies, as Xero asks (Xero: webhooks, “Delivery of events”).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ledgerloop.errors import BadSignature, SettingsError, Unreadable
from ledgerloop.flows.receive import Delivery
from ledgerloop.hubspot import webhooks as hubspot
from ledgerloop.log import logger
from ledgerloop.store import connections
from ledgerloop.web.fresh import Fresh
from ledgerloop.wiring import HUBSPOT_WEBHOOKS, XERO_WEBHOOKS, Ledgerloop, secret
from ledgerloop.xero import webhooks as xero

PATIENCE = 4.0
"""Seconds to wait for the disk, below the five that the vendors wait."""
LARGEST = 5_000_000
"""Bytes of a body. Xero sends kilobytes, HubSpot a hundred events at most."""


def routes(built: Ledgerloop, patience: float = PATIENCE) -> list[Route]:
    """Return the two routes."""
    doors = Webhooks(built, patience)
    return [
        Route(XERO_WEBHOOKS, doors.from_xero, methods=["POST"], max_body_size=LARGEST),
        Route(HUBSPOT_WEBHOOKS, doors.from_hubspot, methods=["POST"], max_body_size=LARGEST),
    ]


class Webhooks:
    """Hold what verifying needs, none of it older than a few seconds."""

    def __init__(self, built: Ledgerloop, patience: float) -> None:
        settings = built.settings
        self._receiver, self._now, self._patience = built.receiver, built.now, patience
        self._address = settings.service.address
        self._echo = settings.xero.handshake == "echo"
        self._allow_v1 = settings.hubspot.signature == "v1"
        self._xero_key = Fresh(_secret_or_none(built, settings.xero.webhook_key, "xero.webhook_key"))
        self._hubspot_secret = Fresh(_secret_or_none(built, settings.hubspot.client_secret, "hubspot.client_secret"))
        self._own_app_id = Fresh(lambda: _own_app_id(built))

    async def from_xero(self, request: Request) -> Response:
        """Answer 200 for what is rightly signed and kept, the handshake included, and 401 for any other signature."""
        raw, signature = await request.body(), request.headers.get("x-xero-signature")
        try:
            xero.verify(raw, signature, await self._xero_key())
        except BadSignature as problem:
            return _refused("xero", problem)
        try:
            told = xero.events_from(raw)
        except Unreadable as problem:
            return await self._keep(Delivery("xero", (xero.unreadable(raw, problem.sentence),)))
        if told.handshake:
            logger.info("webhook handshake answered", vendor="xero", echo=self._echo)
            return Response(raw, headers={"x-xero-signature": str(signature)}) if self._echo else Response()
        return await self._keep(Delivery("xero", told.events, told.first, told.last))

    async def from_hubspot(self, request: Request) -> Response:
        """Answer 200 for what is rightly signed, fresh and kept, and 401 for any other signature."""
        raw, query = await request.body(), request.scope["query_string"].decode("latin-1")
        # The signature is over the address HubSpot called, which a proxy in front of us may have changed.
        url = self._address + HUBSPOT_WEBHOOKS + (f"?{query}" if query else "")
        try:
            hubspot.verify(
                raw, request.headers, request.method, url, await self._hubspot_secret(), self._now(), self._allow_v1
            )
        except BadSignature as problem:
            return _refused("hubspot", problem)
        try:
            events = hubspot.events_from(raw, await self._own_app_id())
        except Unreadable as problem:
            events = (hubspot.unreadable(raw, problem.sentence),)
        return await self._keep(Delivery("hubspot", events))

    async def _keep(self, delivery: Delivery) -> Response:
        if not delivery.events:
            return Response()
        kept = asyncio.wrap_future(self._receiver.keep(delivery))
        # Waiting this way leaves the future alone when time is up: the receiver may still keep what it was handed.
        kept.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait((kept,), timeout=self._patience)
        problem = kept.exception() if kept.done() else TimeoutError(f"not on disk within {self._patience} seconds")
        if problem is None:
            return Response()
        logger.error("webhook not kept", vendor=delivery.source, events=len(delivery.events), why=str(problem))
        return Response(status_code=503)


def _refused(vendor: str, problem: BadSignature) -> Response:
    logger.warning("webhook refused", vendor=vendor, why=problem.sentence)
    return Response(status_code=401)


def _secret_or_none(built: Ledgerloop, reference: str, key: str) -> Callable[[], str]:
    """Return a function that loads a secret; an empty one, which closes the endpoint, where nobody has saved it."""

    def load() -> str:
        try:
            return secret(built.secrets, built.settings, reference, key)
        except SettingsError as problem:
            logger.error("webhooks are closed", why=problem.sentence)
            return ""

    return load


def _own_app_id(built: Ledgerloop) -> str:
    with built.database.reading() as tx:
        portal = connections.only_portal(tx)
    return portal.app_id if portal else ""
