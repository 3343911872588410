"""Put the web edge together: webhooks, health, and the pages for people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.errors import LedgerloopError
from ledgerloop.web import approve, connect, console, disconnect, doctor, health, purpose, ruling, webhooks
from ledgerloop.web.pages import Headed, problem
from ledgerloop.web.sessions import Sessions
from ledgerloop.web.wire import flood

PAGES = 4
"""Pages that are made at the same time. With more, a webhook would wait for all of them at the interpreter's lock."""


def create_app(
    ledgerloop: Ledgerloop,
    *,
    patience: float = webhooks.PATIENCE,
    pause: float = console.PAUSE,
    fresh: float = health.FRESH,
    started: bool = False,
    looking_over: bool = False,
) -> Starlette:
    """Return the app. Its life is the service's: it starts the worker unless that has ``started``, and stops it at the
    end.

    It looks over what is set up once it has started, where it is ``looking_over``.
    ``patience`` is how many seconds a webhook waits for the disk, ``pause`` how many a wrong password costs, and
    ``fresh`` how old what health says may be.
    """
    sessions = Sessions(ledgerloop)

    @asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = PAGES
        if not started:
            await asyncio.to_thread(ledgerloop.start)
        looks = [asyncio.create_task(doctor.look_once(ledgerloop))] if looking_over else []
        try:
            yield
        finally:
            await asyncio.to_thread(ledgerloop.stop)
            await asyncio.gather(*looks)

    trusted = list(ledgerloop.settings.service.trusted_proxies)
    app = Starlette(
        routes=[
            *webhooks.routes(ledgerloop, patience),
            *health.routes(ledgerloop, fresh),
            *console.routes(ledgerloop, sessions, pause),
            *connect.routes(ledgerloop, sessions),
            *disconnect.routes(ledgerloop, sessions),
            *purpose.routes(ledgerloop, sessions),
            *approve.routes(ledgerloop, sessions),
            *ruling.routes(ledgerloop, sessions),
            *doctor.routes(ledgerloop, sessions),
            Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
        ],
        middleware=[Middleware(ProxyHeadersMiddleware, trusted_hosts=trusted), Middleware(Headed)],
        exception_handlers={
            HTTPException: _refused,
            LedgerloopError: _failed,
            ClientDisconnect: _gone,
            Exception: _broke,
        },
        lifespan=life,
    )
    # A redirect to the address with a slash would be built from the Host that the request names.
    app.router.redirect_slashes = False
    return app


def _refused(request: Request, error: Exception) -> Response:
    """Answer 404, 405, 413 and their like: to people with a page, to vendors with nothing."""
    assert isinstance(error, HTTPException)
    if _from_a_vendor(request):
        return Response(status_code=error.status_code, headers=error.headers)
    return problem("There is nothing here", "This address does not lead to a page.", error.status_code)


def _failed(request: Request, error: Exception) -> Response:
    """Answer what could not be done just now with 503: webhooks come again, and people read a sentence."""
    assert isinstance(error, LedgerloopError)
    flood.error("request failed", path=request.url.path, why=error.sentence)
    if _from_a_vendor(request):
        return Response(status_code=503)
    return problem("That cannot be done just now", error.sentence, 503)


def _broke(_request: Request, _error: Exception) -> Response:
    """Answer what we did not foresee, which the log tells with all of it."""
    return problem("Something went wrong", "This was not foreseen; the log says more. Please report it.", 500)


def _from_a_vendor(request: Request) -> bool:
    return request.url.path.startswith("/webhooks/")


def _gone(_request: Request, _error: Exception) -> Response:
    """Answer a caller that went away, which only the log sees."""
    return Response(status_code=400)
