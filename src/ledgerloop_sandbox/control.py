"""Steer a vendor's half from outside: the routes under /_sandbox, the same on both ports.

They are never logged, delayed or faulted.
"""

import json
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledgerloop_sandbox.asked import object_in
from ledgerloop_sandbox.edge import Edge, Note, call
from ledgerloop_sandbox.vendor import Vendor


def mounted(vendor: Vendor) -> ASGIApp:
    """Return the vendor's whole port: its API behind the edge, and the control routes beside it."""
    edge, control = Edge(vendor), _control(vendor)

    async def port(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        inside = scope["path"].startswith("/_sandbox/")
        await (control if inside else edge)(scope, receive, send)

    return port


def _control(vendor: Vendor) -> ASGIApp:
    steer = _Control(vendor)
    return Starlette(
        routes=[
            Route("/_sandbox/state", steer.state),
            Route("/_sandbox/calls", steer.calls, methods=["GET", "DELETE"]),
            Route("/_sandbox/faults", steer.faults, methods=["GET", "POST", "DELETE"]),
            Route("/_sandbox/reset", steer.reset, methods=["POST"]),
            Route("/_sandbox/clock", steer.clock, methods=["GET", "POST"]),
            Route("/_sandbox/webhooks", steer.webhooks, methods=["GET", "POST", "DELETE"]),
            Route("/_sandbox/settings", steer.settings, methods=["GET", "POST"]),
            Route("/_sandbox/act", steer.act, methods=["POST"]),
            *vendor.control_routes,
        ],
        exception_handlers={ValueError: _refused, TypeError: _refused, KeyError: _unknown},
    )


class _Control:
    def __init__(self, vendor: Vendor) -> None:
        self.vendor = vendor

    async def state(self, request: Request) -> JSONResponse:
        """Show what there is."""
        return JSONResponse({"vendor": self.vendor.name, "url": self.vendor.url, **self.vendor.state()})

    async def calls(self, request: Request) -> JSONResponse:
        """Show every call, from number `since` on, or forget them."""
        log = self.vendor.calls
        if request.method == "DELETE":
            log.clear()
        since = int(request.query_params.get("since", "0"))
        return JSONResponse({"count": log.count(), "calls": log.as_json(since)})

    async def faults(self, request: Request) -> JSONResponse:
        """Show, arm or remove faults."""
        faults = self.vendor.faults
        if request.method == "POST":
            given = await request.json()
            armed = [faults.add_json(one).as_json() for one in (given if isinstance(given, list) else [given])]
            return JSONResponse({"faults": armed}, status_code=201)
        if request.method == "DELETE":
            number = request.query_params.get("id")
            faults.clear(int(number) if number else None)
        return JSONResponse({"faults": faults.as_json()})

    async def reset(self, request: Request) -> JSONResponse:
        """Begin anew: data, settings, tokens, faults, calls and webhooks."""
        await self.vendor.delivery.forget()
        self.vendor.delivery.attempts.clear()
        self.vendor.calls.clear()
        self.vendor.faults.clear()
        self.vendor.reset()
        return await self.state(request)

    async def clock(self, request: Request) -> JSONResponse:
        """Tell the time, or shift it."""
        clock = self.vendor.clock
        if request.method == "POST":
            clock.shift(float((await object_in(request)).get("shift", 0)))
        return JSONResponse({"now": clock.now().isoformat(), "seconds": clock.seconds(), "scale": clock.scale})

    async def webhooks(self, request: Request) -> JSONResponse:
        """Show the webhook's state and attempts, change it, or forget the attempts."""
        shown: dict[str, Any] = {}
        delivery = self.vendor.delivery
        if request.method == "POST":
            shown = await self.vendor.set_webhooks(await object_in(request))
        elif request.method == "DELETE":
            delivery.attempts.clear()
        return JSONResponse(
            {**self.vendor.webhooks(), **shown, "pending": delivery.pending, "attempts": delivery.attempts}
        )

    async def settings(self, request: Request) -> JSONResponse:
        """Show or change the switches."""
        if request.method == "POST":
            changes = await object_in(request)
            latency = changes.pop("latency_ms", self.vendor.latency_ms)
            self.vendor.configure(changes)
            self.vendor.latency_ms = float(latency)
        return JSONResponse({"latency_ms": self.vendor.latency_ms, **self.vendor.settings()})

    async def act(self, request: Request) -> JSONResponse:
        """Do what a person does in the vendor's own user interface, by the same rules and without a token."""
        given = await object_in(request, "path")
        status, body = await act(
            self.vendor,
            given.get("method", "GET"),
            given["path"],
            query=given.get("query"),
            body=given.get("body"),
            organisation=given.get("organisation"),
        )
        return JSONResponse({"status": status, "body": body})


async def act(
    vendor: Vendor,
    method: str,
    path: str,
    *,
    query: dict[str, Any] | str | None = None,
    body: Any = None,
    organisation: str | None = None,
) -> tuple[int, Any]:
    """Call the vendor's API as a person: not logged, no quota, no token, no faults, no latency."""
    path, _, in_path = path.partition("?")
    query_string = query if isinstance(query, str) else urlencode(query or {}, doseq=True)
    content = b"" if body is None else json.dumps(body).encode()
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": method.upper(),
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": "&".join(filter(None, (in_path, query_string))).encode(),
        "headers": [(b"accept", b"application/json"), (b"content-type", b"application/json")],
        "server": ("127.0.0.1", 0),
        "client": ("127.0.0.1", 0),
        "note": Note(organisation=organisation, person=True),
    }
    status, parts = 0, []

    async def collect(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    await call(vendor.api, scope, content, collect)
    text = b"".join(parts).decode()
    try:
        return status, json.loads(text) if text else None
    except ValueError:
        return status, text


async def _refused(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": str(error)}, status_code=400)


async def _unknown(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"error": f"there is no {error.args[0]}, or it is missing"}, status_code=400)
