"""HubSpot's front door: who calls, may they, is there room; then the handler, and what is told afterwards."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, parse_qsl

from starlette.types import Receive, Scope, Send

from ledgerloop_sandbox.edge import Note
from ledgerloop_sandbox.hubspot.locks import Locks
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.refusals import Refusal, missing_scopes, refuse, unauthenticated
from ledgerloop_sandbox.hubspot.routes import Route, route_for, split
from ledgerloop_sandbox.hubspot.shapes import readable, unreadable
from ledgerloop_sandbox.hubspot.tokens import PERSON, Actor
from ledgerloop_sandbox.hubspot.webhooks import Webhooks
from ledgerloop_sandbox.hubspot.wire import Reply, Request, encode

LONGEST_PATH = 16_000
NOBODY = Actor("INTEGRATION", "0", "", scopes=frozenset())
_PAGE = "<!DOCTYPE html><html><body><h1>HTTP ERROR {status}</h1></body></html>"


class Door:
    """The API as an ASGI app."""

    def __init__(self, portal: Portal, hooks: Webhooks) -> None:
        self.portal = portal
        self.hooks = hooks
        self.locks = Locks()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        raw = await _body(receive)
        note: Note = scope["note"]
        note.organisation = str(self.portal.portal_id)
        headers: dict[str, str] = {}
        try:
            reply = self._answer(scope, raw, note, headers)
        except Refusal as refusal:
            reply = Reply(refusal.status, refusal.body, refusal.headers)
        await self._send(reply, headers, send)
        self.hooks.leave_in(self.portal.settings.batch_ms / 1000)

    def _answer(self, scope: Scope, raw: bytes, note: Note, headers: dict[str, str]) -> Reply:
        portal, method, path = self.portal, scope["method"], scope["path"]
        if len(path) + len(scope["query_string"]) > LONGEST_PATH:
            return Reply(414, _PAGE.format(status="414 URI Too Long"))
        if portal.settings.migrating_seconds and not note.person:
            wait = str(int(portal.settings.migrating_seconds))
            raise Refusal(
                477, refuse(477, "MIGRATION_IN_PROGRESS", "The account is moving.").body, {"Retry-After": wait}
            )
        version, parts = split(path)
        found = route_for(method, version, parts)
        if found is None:
            return Reply(404, _PAGE.format(status="404 Not Found"))
        route, arguments = found
        actor = self._actor(scope, note, route)
        if actor is not NOBODY and not note.person:
            headers |= portal.limits.admit(actor, route.family)
        query = parse_qs(scope["query_string"].decode(), keep_blank_values=True)
        request = Request(method, version, parts, query, _content(scope, raw, route), actor, len(raw))
        self._check_scopes(route, request, arguments)
        if not note.person:
            note.done.append(self.locks.enter(portal, request))
        return route.handler(portal, request, *arguments)

    def _actor(self, scope: Scope, note: Note, route: Route) -> Actor:
        if note.person:
            return PERSON
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"").decode()
        kind, _, text = given.partition(" ")
        token = self.portal.keys.find(text.strip(), self.portal.clock.seconds()) if kind.lower() == "bearer" else None
        if token is not None:
            return token.actor
        if route.open:
            return NOBODY
        if given:
            raise unauthenticated("The OAuth token used to make this call is expired, revoked or unknown.")
        raise unauthenticated()

    def _check_scopes(self, route: Route, request: Request, arguments: tuple[str, ...]) -> None:
        if route.need is None or request.actor.scopes is None:
            return
        for scopes in route.need(self.portal, request, arguments):
            if not request.actor.may(scopes):
                kind = arguments[0] if arguments else ""
                raise missing_scopes(scopes, self.portal.settings.scope_error, kind)

    async def _send(self, reply: Reply, headers: dict[str, str], send: Send) -> None:
        content, content_type = b"", "application/json;charset=utf-8"
        if isinstance(reply.body, str):
            content, content_type = reply.body.encode(), "text/html;charset=utf-8"
        elif reply.body is not None:
            content = encode(self._correlated(reply.body)).encode()
        lines = {"content-type": content_type, "content-length": str(len(content)), **headers, **reply.headers}
        if reply.status == 204:
            lines = {**headers, **reply.headers}
        raw = [(name.lower().encode(), value.encode()) for name, value in lines.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": raw})
        await send({"type": "http.response.body", "body": content})

    def _correlated(self, body: Any) -> Any:
        if isinstance(body, dict):
            for name in ("correlationId", "requestId"):
                if name in body and body[name] is None:
                    body[name] = f"{self.portal.dice.getrandbits(128):032x}"
        return body


def _content(scope: Scope, raw: bytes, route: Route) -> Any:
    if not raw:
        return None
    kind = next((value for name, value in scope["headers"] if name == b"content-type"), b"").decode()
    if route.open and "json" not in kind:
        return dict(parse_qsl(raw.decode(), keep_blank_values=True))
    try:
        body = json.loads(raw, parse_float=str)
    except (ValueError, RecursionError):
        raise unreadable("the body is no JSON") from None
    return readable(body)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)
