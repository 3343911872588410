"""Say what a setting may name where a secret is needed: a kind of place, and where in it. Does no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SHAPES = {
    "secret": re.compile(r"(?P<place>[a-z0-9_.-]+)"),
    "env": re.compile(r"(?P<place>[A-Za-z_][A-Za-z0-9_]*)"),
    "file": re.compile(r"(?P<place>[^\x00-\x1f]*[^\x00-\x1f/])"),
}
"""What may follow each kind and its colon."""
_OURS = "LEDGERLOOP_"

CURE = (
    'write "secret:NAME", the name of a secret kept by `ledgerloop secret set NAME`, "env:NAME" for an environment'
    ' variable or "file:PATH" for a file, never the secret.'
)


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is."""

    kind: str
    place: str


def parse(text: str) -> Reference:
    """Take a reference apart. ValueError says what to write instead, and repeats nothing: it may be the secret."""
    kind, _, rest = text.partition(":")
    shape = _SHAPES.get(kind)
    found = shape and shape.fullmatch(rest)
    if not found:
        raise ValueError(CURE)
    if kind == "env" and rest.upper().startswith(_OURS):
        raise ValueError(f"a variable whose name begins with {_OURS} is a setting; give it another name.")
    return Reference(kind, found["place"])


def kept_name(text: str) -> str:
    """Return the name by which `ledgerloop secret set` keeps what a reference names; nothing for other kinds."""
    reference = parse(text)
    return reference.place if reference.kind == "secret" else ""
