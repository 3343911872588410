"""Say where HubSpot's calls live, by version. Does no I/O.

The version does not simply replace ``v3``: it moves behind the family's name, and associations were in v4.
"""

from __future__ import annotations

from typing import Literal, get_args

Version = Literal["2026-09", "2026-03", "v3"]
DEFAULT_VERSION: Version = "2026-09"

TOKEN_INFO = "/oauth/v2/private-apps/get/access-token-info"  # noqa: S105
"""No dated address of it is known."""

_PLURAL = {
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "line_item": "line_items",
    "product": "products",
    "note": "notes",
    "task": "tasks",
    "invoice": "invoices",
    "subscription": "subscriptions",
}


def plural(kind: str) -> str:
    """Return the name of a kind as it stands in an address; both forms are taken."""
    return _PLURAL.get(kind, kind)


class Paths:
    """Build the addresses of one version."""

    def __init__(self, version: str = DEFAULT_VERSION) -> None:
        """Take the version; an unknown one is a ValueError."""
        if version not in get_args(Version):
            raise ValueError(f"the version must be one of {', '.join(get_args(Version))}, not {version!r}")
        self.version = version
        self._dated = version != "v3"

    def objects(self, kind: str, rest: str = "") -> str:
        """Address records: ``rest`` is such as ``/{id}``, ``/search`` or ``/batch/read``."""
        return self._crm("objects", plural(kind), rest)

    def associations(self, from_kind: str, to_kind: str, rest: str) -> str:
        """Address associations: ``rest`` is such as ``/batch/read``."""
        if self._dated:
            return f"/crm/associations/{self.version}/{plural(from_kind)}/{plural(to_kind)}{rest}"
        return f"/crm/v4/associations/{plural(from_kind)}/{plural(to_kind)}{rest}"

    def properties(self, kind: str, rest: str = "") -> str:
        """Address the properties of a kind and their groups."""
        return self._crm("properties", plural(kind), rest)

    def pipelines(self, kind: str) -> str:
        """Address the pipelines of a kind."""
        return self._crm("pipelines", plural(kind), "")

    def lists(self, rest: str = "") -> str:
        """Address lists: ``rest`` is such as ``/{listId}/update-list-filters``."""
        return f"/crm/lists/{self.version}{rest}" if self._dated else f"/crm/v3/lists{rest or '/'}"

    def owners(self) -> str:
        """Address the owners."""
        return f"/crm/owners/{self.version}" if self._dated else "/crm/v3/owners/"

    def tax_rates(self) -> str:
        """Address the tax rates."""
        return f"/tax-rates/{self.version if self._dated else 'v1'}/tax-rates"

    def account(self) -> str:
        """Address the details of the account."""
        return f"/account-info/{self.version}/details"

    def _crm(self, family: str, kind: str, rest: str) -> str:
        place = f"{family}/{self.version}" if self._dated else f"v3/{family}"
        return f"/crm/{place}/{kind}{rest}"
