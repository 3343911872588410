"""Say what a setting may name where a secret is needed: a kind of place, and where in it. Does no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SHAPES = {
    "secret": re.compile(r"(?P<place>[a-z0-9_.-]+)"),
    "env": re.compile(r"(?P<place>[A-Za-z_][A-Za-z0-9_]*)"),
    "file": re.compile(r"(?P<place>[^\x00-\x1f]*[^\x00-\x1f/])"),
    "vault": re.compile(r"(?P<place>[^\s#/]+(?:/[^\s#/]+)+)#(?P<key>[^\s#]+)"),
    "aws-sm": re.compile(r"(?P<place>[A-Za-z0-9/_+=.@:-]+)(?:#(?P<key>[^\s#]+))?"),
}
"""What may follow each kind and its colon."""
REMOTE = ("vault", "aws-sm")
"""The kinds that are read over the network."""
_OURS = "LEDGERLOOP_"

CURE = (
    'write "secret:NAME", the name of a secret kept by `ledgerloop secret set NAME`, "env:NAME" for an environment'
    ' variable, "file:PATH" for a file, "vault:PATH#KEY" for Vault or "aws-sm:NAME#KEY" for AWS Secrets Manager,'
    " never the secret."
)
LOGIN_CURE = 'write "secret:NAME", "env:NAME" or "file:PATH": what lets us into a store cannot lie in one.'


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is."""

    kind: str
    place: str
    key: str = ""
    """Which part of it, in a store whose secrets have several."""


def parse(text: str) -> Reference:
    """Take a reference apart. ValueError says what to write instead, and repeats nothing: it may be the secret."""
    kind, _, rest = text.partition(":")
    shape = _SHAPES.get(kind)
    found = shape and shape.fullmatch(rest)
    if not found:
        raise ValueError(CURE)
    if kind == "env" and rest.upper().startswith(_OURS):
        raise ValueError(f"a variable whose name begins with {_OURS} is a setting; give it another name.")
    return Reference(kind, found["place"], found.groupdict().get("key") or "")


def kept_name(text: str) -> str:
    """Return the name by which `ledgerloop secret set` keeps what a reference names; nothing for other kinds."""
    reference = parse(text)
    return reference.place if reference.kind == "secret" else ""


def store_of(text: str) -> tuple[str, str]:
    """Take apart where secrets are kept: "local", or the kind of a store and a path in it.

    ValueError says what to write instead.
    """
    kind, _, path = text.partition(":")
    if text == "local":
        return "local", ""
    if kind in REMOTE and re.fullmatch(_PATHS[kind], path):
        return kind, path
    raise ValueError(STORE_CURE)


_PATHS = {"vault": r"[^\s#/]+(/[^\s#/]+)+", "aws-sm": r"[A-Za-z0-9_+=.@-]+(/[A-Za-z0-9_+=.@-]+)*"}
"""What a path is in each kind of store."""
STORE_CURE = 'write "local", "vault:PATH" such as "vault:secret/app", or "aws-sm:PREFIX" such as "aws-sm:app".'
