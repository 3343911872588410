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
    """Return the name, or with the first of ``apart`` in brackets that is not taken; the last of them if all are.

    ``taken`` are names as :func:`same_to_xero` gives them.
    """
    dressed = [f"{name[: LONGEST - len(one) - 3].rstrip()} ({one})" for one in apart if one]
    wanted = [name, *dressed]
    return next((one for one in wanted if same_to_xero(one) not in taken), wanted[-1])
