"""Give a new customer a name that is free in Xero, where active names are unique. Does no I/O.

A second John Smith becomes “John Smith (john.smith84@example.net)”; a second Acme Ltd “Acme Ltd (acme.co.uk)”. Where
that is taken too, the HubSpot record's number tells them apart.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

LONGEST = 255
"""Letters that Xero takes in a contact's name."""


def same_to_xero(name: str) -> str:
    """Return a name as Xero compares it: case and outer spaces make no difference."""
    return name.strip().casefold()


def free_name(name: str, apart: Sequence[str], taken: Collection[str]) -> str:
    """Return the first of :func:`names_for` that is not taken; the last of them if all are.

    ``taken`` are names as :func:`same_to_xero` gives them.
    """
    wanted = names_for(name, apart)
    return next((one for one in wanted if same_to_xero(one) not in taken), wanted[-1])


def names_for(name: str, apart: Sequence[str]) -> list[str]:
    """Return the names that a customer may be given: its own, and with each of ``apart`` in brackets."""
    return [name, *(f"{name[: LONGEST - len(one) - 3].rstrip()} ({one})" for one in apart if one)]
