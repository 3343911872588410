"""Make pages from templates, with the headers that keep a browser from doing what it need not."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from ledgerloop.web.wording import age, day, moment

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
