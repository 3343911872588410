"""Stand before the pages: let only people in who signed in, and take no form without the token of its session."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ledgerloop.web.pages import problem
from ledgerloop.web.sessions import Session, Sessions

Form = Mapping[str, str]
Show = Callable[[Request, Session], Response]
Take = Callable[[Request, Session, Form], Response]

LARGEST_FORM = 20_000
"""Bytes."""


def for_people(sessions: Sessions, show: Show) -> Callable[[Request], Response]:
    """Make an endpoint that sends strangers to the sign-in page first."""

    def endpoint(request: Request) -> Response:
        session = sessions.of(request)
        return show(request, session) if session.person else to("/login")

    return endpoint


def form_of_people(sessions: Sessions, take: Take) -> Callable[[Request], Awaitable[Response]]:
    """Make an endpoint for a form that only a person who signed in may send."""

    async def endpoint(request: Request) -> Response:
        form = await form_in(request)
        return await run_in_threadpool(decide, request, form)

    def decide(request: Request, form: Form) -> Response:
        session = sessions.of(request)
        if not session.person:
            return to("/login")
        return take(request, session, form) if carries_token(form, session) else stale()

    return endpoint


async def form_in(request: Request) -> dict[str, str]:
    """Read the form that a request carries. A NUL, which PostgreSQL cannot keep, is shown as what cannot be read."""
    sent = parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True)
    return {name: value.replace("\0", "\ufffd") for name, value in sent}


def carries_token(form: Form, session: Session) -> bool:
    """Tell whether a form was made for this session."""
    return hmac.compare_digest(form.get("token", "").encode(), session.token.encode())


def stale() -> Response:
    """Answer a form that does not carry its session's token."""
    return problem("Please try again", "This page had been open for too long, or the form came from elsewhere.", 403)


def to(path: str) -> Response:
    """Send the browser to another page."""
    return RedirectResponse(path, 303)
