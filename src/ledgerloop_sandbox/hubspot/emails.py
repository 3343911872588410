"""Decide whether HubSpot takes an email address: RFC 2822 syntax without quotes, and a known top-level domain."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@(?:{_LABEL}\.)+(?P<top>{_LABEL})")


@cache
def top_level_domains() -> frozenset[str]:
    """Read IANA's list, which HubSpot checks addresses against."""
    text = resources.files("ledgerloop_sandbox.hubspot").joinpath("tlds.txt").read_text("ascii")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def acceptable(address: str) -> bool:
    """Tell whether an address passes; several in one field, quoted local parts and unknown endings do not."""
    match = _ADDRESS.fullmatch(address)
    return (
        match is not None
        and len(address) <= 254
        and len(match["local"]) <= 64
        and match["top"].lower() in top_level_domains()
    )
