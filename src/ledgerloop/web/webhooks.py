"""Receive the vendors' webhooks: verify the raw bytes, keep, answer. Nothing else happens here.

Both vendors wait five seconds. What is not on disk by then is answered 503, so that the vendor sends it again: a 200
is a promise. Answers are empty and carry no cookies, as Xero asks (Xero: webhooks, “Delivery of events”).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ledgerloop.bootstrap import HUBSPOT_WEBHOOKS, XERO_WEBHOOKS, Ledgerloop
from ledgerloop.engine.ingest import Delivery
from ledgerloop.errors import BadSignature, Locked, SettingsError, Unreadable
from ledgerloop.hubspot import webhooks as hubspot
from ledgerloop.log import logger
from ledgerloop.records import Vendor
from ledgerloop.report.doctor_address import is_number, mark_of, reply
from ledgerloop.store import connections
from ledgerloop.web.fresh import Fresh
from ledgerloop.web.landing import Landing
from ledgerloop.web.wire import LARGEST_BODY, flood
from ledgerloop.xero import webhooks as xero

Take = Callable[[Request], Awaitable[Response]]

PATIENCE = 4.0
"""Seconds from the head of a request to its answer, below the five that the vendors wait."""


def routes(built: Ledgerloop, patience: float = PATIENCE) -> list[Route]:
    """Return the routes: one for each vendor, and one by which the service finds out that it is reached there."""
    doors = Webhooks(built)
    return [
        Route(XERO_WEBHOOKS, _in_time(doors.from_xero, "xero", patience), methods=["POST"]),
        Route(XERO_WEBHOOKS, doors.from_ourselves, methods=["GET"]),
        Route(HUBSPOT_WEBHOOKS, _in_time(doors.from_hubspot, "hubspot", patience), methods=["POST"]),
    ]


def _in_time(take: Take, vendor: str, patience: float) -> Take:
    """Answer 503 where anything on the way takes too long or goes wrong: reading, looking up the key, keeping."""

    async def taking(request: Request) -> Response:
        try:
            async with asyncio.timeout(patience):
                return await take(request)
        except (HTTPException, ClientDisconnect):
            raise
        except Exception as problem:  # whatever it is, the events are not known to be on disk
            why = f"not done within {patience:g} s" if isinstance(problem, TimeoutError) else repr(problem)
            flood.error("webhook not kept", vendor=vendor, why=why)
            return Response(status_code=503)

    return taking


class Webhooks:
    """Hold what verifying needs, none of it older than a few seconds."""

    def __init__(self, built: Ledgerloop) -> None:
        settings = built.settings
        self._receiver, self._now = built.receiver, built.now
        self._address = settings.service.address
        self._echo = settings.xero.handshake == "echo"
        self._allow_v1 = settings.hubspot.signature == "v1"
        self._xero_key = Fresh(_opened(built, settings.xero.webhook_key, "xero.webhook_key"), built.clock)
        self._hubspot_secret = Fresh(
            _opened(built, settings.hubspot.client_secret, "hubspot.client_secret"), built.clock
        )
        self._own_app_id = Fresh(lambda: _own_app_id(built), built.clock)
        self._mark = Fresh(lambda: mark_of(built), built.clock)
        self._landing = Landing()

    async def from_xero(self, request: Request) -> Response:
        """Answer 200 for what is rightly signed and kept, the handshake included, and 401 for any other signature."""
        raw, signature = await _body(request), request.headers.get("x-xero-signature")
        key = await self._xero_key()
        if key is None:
            return Response(status_code=503)
        try:
            xero.verify(raw, signature, key)
        except BadSignature as problem:
            return self._refused("xero", problem, key, empty=not xero.names_a_record(raw))
        self._receiver.right("xero")
        try:
            told = xero.events_from(raw)
        except Unreadable as problem:
            return await self._keep(Delivery("xero", (xero.unreadable(raw, problem.sentence),)))
        if told.handshake:
            logger.info("webhook handshake answered", vendor="xero", echo=self._echo)
            return Response(raw, headers={"x-xero-signature": str(signature)}) if self._echo else Response()
        return await self._keep(Delivery("xero", told.events, told.first, told.last))

    async def from_ourselves(self, request: Request) -> Response:
        """Answer the doctor, who wants to know whether what is sent to the public address arrives here."""
        number = request.query_params.get("number", "")
        if not is_number(number):
            return Response(status_code=405, headers={"Allow": "POST"})
        return Response(reply(await self._mark(), number), headers={"Cache-Control": "no-store"})

    async def from_hubspot(self, request: Request) -> Response:
        """Answer 200 for what is rightly signed, fresh and kept, and 401 for any other signature."""
        raw, query = await _body(request), request.scope["query_string"].decode("latin-1")
        # The signature is over the address HubSpot called, which a proxy in front of us may have changed.
        url = self._address + HUBSPOT_WEBHOOKS + (f"?{query}" if query else "")
        signing = await self._hubspot_secret()
        if signing is None:
            return Response(status_code=503)
        try:
            hubspot.verify(raw, request.headers, request.method, url, signing, self._now(), self._allow_v1)
        except BadSignature as problem:
            return self._refused("hubspot", problem, signing)
        self._receiver.right("hubspot")
        try:
            events = hubspot.events_from(raw, await self._own_app_id())
        except Unreadable as problem:
            events = (hubspot.unreadable(raw, problem.sentence),)
        return await self._keep(Delivery("hubspot", events))

    def _refused(self, vendor: Vendor, problem: BadSignature, key: str, *, empty: bool = False) -> Response:
        self._receiver.refused(vendor, problem.sentence, closed=not key.strip(), empty=empty)
        flood.warning("webhook refused", vendor=vendor, why=problem.sentence)
        return Response(status_code=401)

    async def _keep(self, delivery: Delivery) -> Response:
        if delivery.events:
            await self._landing.of(self._receiver.keep(delivery))
        return Response()


async def _body(request: Request) -> bytes:
    """Read the raw bytes, up to the limit. Shorter than what Starlette offers, and half as dear."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), message.get("more_body", False)
        if size > LARGEST_BODY:
            raise HTTPException(413)
    return b"".join(parts)


def _opened(built: Ledgerloop, reference: str, key: str) -> Callable[[], str | None]:
    """Return a function that loads a secret; an empty one, which closes the endpoint, where nobody has saved it.

    Where it cannot be had, no signature can be called wrong: then it gives none, and the vendor is to send again.
    """

    def load() -> str | None:
        try:
            return built.lookup.read(reference, key)
        except SettingsError as problem:
            if not isinstance(problem, Locked):
                logger.error("webhooks are closed", why=problem.sentence)
                return ""
            logger.error("webhooks cannot be verified", why=problem.sentence)
        except Exception as problem:  # whatever it is, the database did not answer
            logger.error("webhooks cannot be verified", why=repr(problem))
        return None

    return load


def _own_app_id(built: Ledgerloop) -> str:
    with built.database.reading() as tx:
        portal = connections.only_portal(tx)
    return portal.app_id if portal else ""
