"""What people do to customers at both vendors, and what they look at: more words over the stage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scene import OBJECTS, Scene, showing_all

from ledgerloop.cli.stage import Sections, connect_hubspot, connect_xero, log_in, register_webhooks, stage
from ledgerloop.records import LinkKind, Organisation
from ledgerloop.store import connections, journal, links, mirror
from template import migrated

ASSOCIATIONS = "/crm/associations/2026-09"


@contextmanager
def begun(directory: Path, settings: Sections | None = None) -> Iterator[Scene]:
    """Set a connected stage for all tests of a file."""
    more = {"brake": {"create": 1000}, **(settings or {})}
    migrated(directory)
    with stage(directory, settings=showing_all(more)) as on:
        log_in(on)
        register_webhooks(on)
        scene = Scene(on)
        scene.configure("hubspot", search_lag_create=0, search_lag_update=0)
        connect_xero(on, "Kiwi Demo Ltd")
        connect_hubspot(on)
        scene.settle()
        yield scene


def home_of(scene: Scene) -> Organisation:
    """Return the organisation that is connected."""
    with scene.built.database.reading() as tx:
        found = connections.organisation(tx, scene.on.organisation)
    assert found is not None
    return found


class Customers:
    """Act on customers, and look at their records."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.on = scene, scene.on

    # --- acting ---

    def change(self, customer: str, **values: Any) -> None:
        """Change a customer in Xero as finance does."""
        body = {"ContactID": customer, **values}
        self.on.in_xero("POST", f"/Contacts/{customer}", {"Contacts": [body]})

    def add(self, name: str, **values: Any) -> str:
        """Make a customer in Xero with whatever is given."""
        made = self.on.in_xero("PUT", "/Contacts", {"Contacts": [{"Name": name, **values}]})
        return str(made["Contacts"][0]["ContactID"])

    def merge_in_xero(self, loser: str, winner: str) -> None:
        """Merge a customer into another."""
        body = {"organisation": self.on.organisation, "from": loser, "into": winner}
        answer = self.on.control.post(f"{self.on.xero_url}/_sandbox/merge", json=body)
        assert answer.status_code == 200, answer.text

    def merge(self, kind: str, loser: str, winner: str) -> None:
        """Merge a HubSpot record into another."""
        body = {"primaryObjectId": winner, "objectIdToMerge": loser}
        self.on.at_hubspot("POST", f"{OBJECTS}/{kind}/merge", body)

    def delete(self, kind: str, record: str) -> None:
        """Delete a HubSpot record."""
        self.on.at_hubspot("DELETE", f"{OBJECTS}/{kind}/{record}")

    def restore(self, kind: str, record: str) -> None:
        """Restore a deleted HubSpot record."""
        self.on.at_hubspot("POST", f"{OBJECTS}/{kind}/{record}/restore")

    def touch(self, customer: str) -> None:
        """Have a customer looked at again, as any change in Xero would."""
        self.scene.invoice_for(customer, "1.00")
        self.scene.settle()

    # --- looking ---

    def record(self, customer: str, kind: LinkKind) -> str | None:
        """Return the id of the customer's HubSpot record; None where it has none."""
        with self.scene.built.database.reading() as tx:
            link = links.find(tx, self.on.organisation, kind, [customer]).get(customer)
        return link.hubspot_id if link else None

    def how(self, customer: str, kind: LinkKind) -> str:
        """Return how we know which record the customer is."""
        with self.scene.built.database.reading() as tx:
            link = links.find(tx, self.on.organisation, kind, [customer]).get(customer)
        return link.how if link else ""

    def until_linked(self, customer: str, kind: LinkKind = "company") -> str:
        """Wait until a customer has a record, and everything is quiet."""
        self.on.until(f"{customer} has a {kind}", lambda: self.record(customer, kind), 10.0)
        self.scene.settle()
        found = self.record(customer, kind)
        assert found is not None
        return found

    def until_other(self, customer: str, than: str, kind: LinkKind = "company") -> str:
        """Wait until a customer has another record than this one, and everything is quiet."""

        def look() -> str | None:
            now = self.record(customer, kind)
            return now if now != than else None

        found = self.on.until(f"{customer} has another {kind} than {than}", look, 10.0)
        self.scene.settle()
        return found

    def until_held(self, customer: str) -> str:
        """Wait until a customer is held, and return the sentences."""
        reasons = self.on.until("hold", lambda: self.scene.holds().get(f"customer {customer}"), 10.0)
        return " ".join(reasons)

    def records(self, kind: str, **having: str) -> list[str]:
        """Return the ids of the HubSpot records that have these values."""
        names = ",".join(having)
        found: list[str] = []
        after: str | None = None
        while True:
            query = {"limit": "100", "properties": names} | ({"after": after} if after else {})
            page = self.on.at_hubspot("GET", f"{OBJECTS}/{kind}", query=query)
            found += [one["id"] for one in page["results"] if all(one["properties"][n] == v for n, v in having.items())]
            after = page.get("paging", {}).get("next", {}).get("after")
            if not after:
                return found

    def companies_of(self, contact: str) -> set[str]:
        """Return the companies that a contact is associated with."""
        body = {"inputs": [{"id": contact}]}
        read = self.on.at_hubspot("POST", f"{ASSOCIATIONS}/contacts/companies/batch/read", body)["results"]
        return {str(one["toObjectId"]) for some in read for one in some["to"]}

    def in_xero(self, customer: str) -> dict[str, Any]:
        """Return what Xero shows of a customer."""
        shown: dict[str, Any] = self.on.in_xero("GET", f"/Contacts/{customer}")["Contacts"][0]
        return shown

    def said(self, customer: str) -> list[str]:
        """Return the journal's reasons about a customer, oldest first."""
        with self.scene.built.database.reading() as tx:
            return [entry.reason for entry in reversed(journal.recent(tx, 100, f"customer {customer}"))]

    def mirrored(self, customer: str) -> str:
        """Return the name under which the mirror has a customer."""
        with self.scene.built.database.reading() as tx:
            return mirror.customers(tx, self.on.organisation, [customer])[customer].name
