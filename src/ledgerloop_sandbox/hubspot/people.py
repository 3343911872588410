"""Owners and tax rates of the portal: what they are and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ledgerloop_sandbox.hubspot.wire import Json, iso


@dataclass(frozen=True, slots=True)
class Owner:
    """A person or queue that records belong to."""

    id: str
    email: str
    first_name: str
    last_name: str
    user_id: int
    at: int
    type: str = "PERSON"
    archived: bool = False
    teams: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> Json:
        """Return the owner as HubSpot shows it."""
        return {
            "id": self.id,
            "email": self.email,
            "type": self.type,
            "firstName": self.first_name,
            "lastName": self.last_name,
            "userId": self.user_id,
            "userIdIncludingInactive": self.user_id,
            "createdAt": iso(self.at),
            "updatedAt": iso(self.at),
            "archived": self.archived,
            "teams": [{"id": id_, "name": name, "primary": place == 0} for place, (id_, name) in enumerate(self.teams)],
        }


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A tax rate of the account."""

    id: str
    name: str
    label: str
    percentage: Decimal
    at: int
    active: bool = True

    def as_json(self) -> Json:
        """Return the rate as HubSpot shows it; the percentage is a JSON number."""
        return {
            "id": self.id,
            "name": self.name,
            "label": self.label,
            "percentageRate": float(self.percentage),
            "active": self.active,
            "createdAt": iso(self.at),
            "updatedAt": iso(self.at),
        }
