"""Write the settings down: a commented ``ledgerloop.toml`` for people to fill in, and the page that explains them.

Both are made from the settings themselves: ``python -m ledgerloop.settings.text > docs/settings.md``.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from ledgerloop.settings.model import ENVIRONMENT, Settings
from ledgerloop.settings.routes import CONDITIONS, RouteOfDeals
from ledgerloop.settings.types import SCOPES, Section

_TO_FILL_IN = ("xero.client_id",)
_EXAMPLES = {
    "properties": ("[properties]", 'xero_contact_id = "xero_id"'),
    "tax": ("[tax]", '"12.5" = "OUTPUT"', '"GST free" = "EXEMPTOUTPUT"'),
    "routes": (
        "[[routes]]",
        'currency = "AUD"',
        'organisation = "Aussie Demo Pty"',
        "",
        "[[routes]]",
        'properties = { region = "north" }',
        'tracking = { Region = "North" }',
        'reference = "{marker} {dealname}"',
    ),
}
"""How sections look whose settings have names of people's own."""


def toml_text(written: Mapping[str, str | int] | None = None) -> str:
    """Render a commented ``ledgerloop.toml``: ``written`` and what must be filled in stand, defaults are comments."""
    written = dict.fromkeys(_TO_FILL_IN, "") | dict(written or {})
    lines = ["# Ledgerloop's settings. What is commented out is the default. Secrets do not belong in here:", "#"]
    lines += ["#     ledgerloop secret set xero_client_secret", ""]
    for section, what, fields in _sections():
        if not fields:
            lines += [*_comment(what), "#", *(f"#     {line}".rstrip() for line in _EXAMPLES[section]), ""]
            continue
        lines += [*_comment(what), f"[{section}]", ""]
        for name, field in fields.items():
            key = f"{section}.{name}"
            lines += _comment(str(field.description))
            lines += [f"{name} = {_toml(written[key])}" if key in written else f"# {name} = {_toml(field.default)}", ""]
    return "\n".join(lines)


def markdown_text() -> str:
    """Render ``docs/settings.md``, with a heading for each setting."""
    lines = [
        "# Settings",
        "",
        "<!-- Made by `python -m ledgerloop.settings.text`. Change the descriptions there, not here. -->",
        "",
        "`ledgerloop init` writes a commented `ledgerloop.toml`; this page explains each of its settings.",
        "A setting that is missing has its default.",
        "A setting that is wrong, or that does not exist, stops the start with a sentence that says what to write.",
        f"An environment variable `{ENVIRONMENT}SECTION__KEY` stands above the file:"
        f" `{ENVIRONMENT}SERVICE__PORT=9000` is `port` in `[service]`.",
        "",
        "No secret stands in the settings.",
        'Where one is needed, they say where it is, as `"secret:xero_client_secret"`,'
        " and `ledgerloop secret set xero_client_secret` keeps the secret itself, sealed.",
        "[secrets.md](secrets.md) lists the other places that may be named.",
        "",
    ]
    for section, what, fields in _sections():
        lines += [f"## {_EXAMPLES[section][0] if section in _EXAMPLES else f'[{section}]'}", "", *_sentences(what), ""]
        for name, field in fields.items():
            lines += [f"### {section}.{name}", "", *_sentences(str(field.description)), ""]
            lines += [f"- {fact}" for fact in _facts(f"{section}.{name}", field)] + [""]
        if section == "routes":
            lines += ["These are the conditions; one that is left out is met by every deal.", ""]
            lines += [f"- `{name}`: {RouteOfDeals.model_fields[name].description}" for name in CONDITIONS] + [""]
        if not fields:
            lines += ["```toml", *_EXAMPLES[section], "```", ""]
    lines += ["## Scope profiles", ""]
    lines += [f"- `{name}`: {' '.join(f'`{scope}`' for scope in scopes)}" for name, scopes in SCOPES.items()]
    return "\n".join(lines) + "\n"


def _sections() -> Iterator[tuple[str, str, dict[str, FieldInfo]]]:
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, Section):
            kind = type(field.default)
            yield name, str(kind.__doc__), kind.model_fields
        else:
            yield name, str(field.description), {}


def _facts(key: str, field: FieldInfo) -> Iterator[str]:
    if get_origin(field.annotation) is Literal:
        yield "one of " + ", ".join(f"`{_toml(choice)}`" for choice in get_args(field.annotation))
    elif field.annotation is int:
        yield "a whole number"
    elif field.annotation is bool:
        yield "`true` or `false`"
    elif isinstance(field.default, dict):
        yield "a table of texts"
    elif isinstance(field.default, tuple):
        yield "a list of texts"
    else:
        yield "text"
    yield "must be written; there is no default" if key in _TO_FILL_IN else f"default `{_toml(field.default)}`"
    yield f"environment variable `{ENVIRONMENT}{key.replace('.', '__').upper()}`"


def _toml(value: Any) -> str:
    # Numbers, texts, true, false and the empty table: those JSON spells as TOML does.
    return json.dumps(value, ensure_ascii=False)


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 100, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)


def _sentences(text: str) -> list[str]:
    """Put each sentence on a line of its own, as prose in this project is written."""
    return text.replace(". ", ".\n").split("\n")


if __name__ == "__main__":
    print(markdown_text(), end="")
