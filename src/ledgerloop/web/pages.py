"""Make pages from templates, with the headers that keep a browser from doing what it need not."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledgerloop.report.wording import age, day, moment

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""No script, nothing from elsewhere, in no frame, and in no cache: a page shows customers' affairs."""


class Headed:
    """Give every answer those headers, whatever made it: redirects, refusals and files too. Webhooks need none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http" or scope["path"].startswith("/webhooks/"):
            await self._app(scope, receive, send)
            return

        async def headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    if name != "Cache-Control" or not scope["path"].startswith("/static/"):
                        headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, headed)


def page(template: str, status: int = 200, **values: object) -> HTMLResponse:
    """Render a page."""
    return HTMLResponse(_templates.get_template(template).render(**values), status_code=status, headers=HEADERS)


def problem(title: str, sentence: str, status: int = 400) -> HTMLResponse:
    """Render what went wrong, as a sentence and a way back."""
    return page("problem.html", status, title=title, sentence=sentence)


_templates = Environment(
    loader=PackageLoader("ledgerloop.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters |= {"moment": moment, "day": day, "age": age}
