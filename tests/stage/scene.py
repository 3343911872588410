"""What people do on the stage, and what they see: words for tests."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx2

from ledgerloop.cli.stage import PATIENCE, Sections, Stage
from ledgerloop.rules.properties import properties_on
from ledgerloop.store import connections, inbox, journal, lanes, pending_customers

OBJECTS = "/crm/objects/2026-09"
DAY = 86_400_000
"""Milliseconds of a delay that lasts until its fault is removed."""
LINE = ({"name": "Seats", "quantity": "12", "price": "39.90"},)
_KIND = {"contacts": "contact", "companies": "company", "deals": "deal"}


def showing_all(settings: Sections | None) -> Sections:
    """Have all contacts shown unless a test says otherwise: most of them make customers who owe nothing yet.

    Who is shown without that is told in ``test_customers_admit``.
    """
    more = settings or {}
    standing = more.get("standing", {})
    assert isinstance(standing, Mapping)
    return {**more, "standing": {"show": "all", **standing}}


class Scene:
    """Act as the people at both vendors, and look at what came of it."""

    def __init__(self, on: Stage) -> None:
        self.on, self.built = on, on.built
        self._names = itertools.count(1)

    # --- acting ---

    def sell(
        self,
        lines: Sequence[Mapping[str, str]] = LINE,
        *,
        company: str | None = "new",
        contact: str | None = "new",
        won: bool = True,
        **deal: str,
    ) -> str:
        """Make a deal with its company, contact and line items, win it, and return its id."""
        number = next(self._names)
        if company == "new":
            company = self.make("companies", name=f"Customer {number} Ltd")
        if contact == "new":
            contact = self.make(
                "contacts", email=f"person{number}@customer{number}.example.com", lastname=f"Person {number}"
            )
        values = {"dealname": f"Deal {number}", "pipeline": "default", "dealstage": "contractsent"} | deal
        made = self.make("deals", **values)
        for kind, record in (("companies", company), ("contacts", contact)):
            if record:
                self.on.at_hubspot("PUT", f"{OBJECTS}/deals/{made}/associations/default/{kind}/{record}")
        for line in lines:
            self.add_line(made, line)
        if won:
            self.win(made)
        return made

    def add_line(self, deal: str, line: Mapping[str, str]) -> None:
        """Add a line item to a deal."""
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 20}]
        made = self.make("line_items", **line)
        self.on.at_hubspot("PUT", f"{OBJECTS}/line_items/{made}/associations/deals/{deal}", types)

    def make(self, kind: str, **values: str) -> str:
        """Make a HubSpot record as a person does."""
        return str(self.on.at_hubspot("POST", f"{OBJECTS}/{kind}", {"properties": values})["id"])

    def add_properties(self, *names: str) -> None:
        """Add text properties to deals as another tool does, and wait until they can be written."""
        path = "/crm/properties/2026-09/deals"
        for name in names:
            values = {"name": name, "label": name, "type": "string", "fieldType": "text"}
            self.on.at_hubspot("POST", path, {**values, "groupName": "dealinformation"})

        def there() -> bool | None:
            return set(names) <= {one["name"] for one in self.on.at_hubspot("GET", path)["results"]} or None

        self.on.until(f"deals have {names}", there)

    def edit(self, kind: str, record: str, **values: str) -> None:
        """Change a HubSpot record as a person does."""
        self.on.at_hubspot("PATCH", f"{OBJECTS}/{kind}/{record}", {"properties": values})

    def win(self, deal: str) -> None:
        """Move a deal to Closed Won."""
        self.edit("deals", deal, dealstage="closedwon")

    def invoice_for(self, customer: str, amount: str = "100.00", **values: Any) -> dict[str, Any]:
        """Make an approved invoice in Xero as finance does."""
        line = {
            "Description": "Work",
            "Quantity": 1,
            "UnitAmount": float(amount),
            "AccountCode": "200",
            "TaxType": "NONE",
        }
        body = {
            "Type": "ACCREC",
            "Contact": {"ContactID": customer},
            "LineItems": [line],
            "Date": "2026-11-01",
            "DueDate": "2099-12-31",
            "Status": "AUTHORISED",
            **values,
        }
        made: dict[str, Any] = self.on.in_xero("PUT", "/Invoices", {"Invoices": [body]})["Invoices"][0]
        return made

    def approve(self, invoice: str) -> None:
        """Approve a draft."""
        self.on.in_xero("POST", f"/Invoices/{invoice}", {"Invoices": [{"InvoiceID": invoice, "Status": "AUTHORISED"}]})

    def pay(self, invoice: str, amount: Any) -> str:
        """Record a payment in Xero."""
        body = {"Invoice": {"InvoiceID": invoice}, "Account": {"Code": "090"}, "Amount": float(amount)}
        return str(self.on.in_xero("PUT", "/Payments", {"Payments": [body]})["Payments"][0]["PaymentID"])

    def customer(self, name: str, email: str = "") -> str:
        """Make a customer in Xero as finance does."""
        body = {"Name": name} | ({"EmailAddress": email} if email else {})
        return str(self.on.in_xero("PUT", "/Contacts", {"Contacts": [body]})["Contacts"][0]["ContactID"])

    # --- steering the vendors ---

    def fault(self, vendor: str, **fault: Any) -> int:
        """Make something go wrong at a vendor; return the fault's number."""
        answer = self.on.control.post(f"{self.url(vendor)}/_sandbox/faults", json=fault)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["faults"][0]["id"])

    def until_met(self, vendor: str, number: int) -> None:
        """Wait until a call has met a fault."""
        self.on.until("a call meets the fault", lambda: self._met(vendor, number) or None)

    def mend(self, vendor: str, number: int | None = None) -> None:
        """Take one fault away, or all of them."""
        self.on.control.delete(f"{self.url(vendor)}/_sandbox/faults", params={} if number is None else {"id": number})

    def _met(self, vendor: str, number: int) -> bool:
        faults = self.on.control.get(f"{self.url(vendor)}/_sandbox/faults").json()["faults"]
        return any(one["taken"] for one in faults if one["id"] == number)

    def configure(self, vendor: str, **settings: Any) -> None:
        """Change a vendor's switches."""
        answer = self.on.control.post(f"{self.url(vendor)}/_sandbox/settings", json=settings)
        assert answer.status_code == 200, answer.text

    def silence(self, vendor: str) -> None:
        """Switch a vendor's webhooks off."""
        answer = self.on.control.post(f"{self.url(vendor)}/_sandbox/webhooks", json={"enabled": False})
        assert answer.status_code == 200, answer.text

    def url(self, vendor: str) -> str:
        """Return the address of a vendor's sandbox."""
        return self.on.xero_url if vendor == "xero" else self.on.hubspot_url

    # --- looking ---

    def show(self, kind: str, record: str) -> dict[str, str | None]:
        """Return what HubSpot shows on a record: every property that Ledgerloop knows, and the usual ones."""
        names = ",".join(one.name for one in properties_on(_KIND[kind]))  # type: ignore[arg-type]
        usual = "email,firstname,lastname,name,domain,dealname,dealstage,phone"
        query = {"properties": f"{usual},{names}"}
        shown: dict[str, str | None] = self.on.at_hubspot("GET", f"{OBJECTS}/{kind}/{record}", query=query)[
            "properties"
        ]
        return shown

    def until_shown(
        self, kind: str, record: str, name: str, value: str | None = None, seconds: float = PATIENCE
    ) -> dict[str, Any]:
        """Wait until a record shows a property, or a value of it."""

        def look() -> dict[str, Any] | None:
            seen = self.show(kind, record)
            return seen if seen.get(name) and value in (None, seen[name]) else None

        return self.on.until(f"{kind} {record} shows {name} = {value}", look, seconds)

    def find_contact(self, email: str) -> dict[str, str | None] | None:
        """Return the HubSpot contact with an email, as it is shown; None where there is none."""
        names = ",".join(one.name for one in properties_on("contact"))
        query = {"idProperty": "email", "properties": f"email,firstname,lastname,{names}"}
        body = {"method": "GET", "path": f"{OBJECTS}/contacts/{email}", "query": query}
        answer = self.on.control.post(f"{self.on.hubspot_url}/_sandbox/act", json=body).json()
        return None if answer["status"] == 404 else {"id": answer["body"]["id"], **answer["body"]["properties"]}

    def invoices(self) -> list[dict[str, Any]]:
        """Return all invoices of the organisation."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            some = self.on.in_xero("GET", "/Invoices", query={"page": str(page), "pageSize": "1000"})["Invoices"]
            found += some
            if len(some) < 1000:
                return found
            page += 1

    def invoices_of(self, deal: str) -> list[dict[str, Any]]:
        """Return the invoices that carry a deal's mark."""
        return [one for one in self.invoices() if f"HS-{deal}" in one.get("Reference", "").split()]

    def emails(self, invoice: str) -> int:
        """Count how often Xero has emailed an invoice."""
        told = self.on.in_xero("GET", f"/Invoices/{invoice}/History")["HistoryRecords"]
        return sum(one["Changes"] == "Emailed" for one in told)

    def calls(self, vendor: str, path: str = "", method: str = "") -> list[dict[str, Any]]:
        """Return the calls a vendor has received, by part of the path and by method."""
        return [call for call in self.on.calls()[vendor] if path in call["path"] and method in call["method"]]

    def forget_calls(self) -> None:
        """Begin to count anew."""
        for vendor in ("xero", "hubspot"):
            self.on.control.delete(f"{self.url(vendor)}/_sandbox/calls")

    def writes(self) -> list[dict[str, Any]]:
        """Return the calls that changed anything in HubSpot."""
        reading = ("/search", "/batch/read", "access-token-info")
        return [
            call for call in self.calls("hubspot") if call["method"] != "GET" and not call["path"].endswith(reading)
        ]

    def quiet(self) -> bool:
        """Tell whether nothing waits and no turn runs; what waits for one that is disconnected goes on waiting."""
        with self.built.database.reading() as tx:
            off = {one.id for one in connections.all_connected(tx) if one.off}
            every = [one for one in lanes.all_lanes(tx) if one.lane not in off or one.begun_at]
            busy = [one for one in every if one.begun_at or (one.wanted and not one.parked_until)]
            unshown = [one for one in every if one.parked_until and pending_customers.first(tx, one.lane, 1)]
            waiting = [one for one in inbox.backlogs(tx) if one.lane not in off]
            return not busy and not unshown and not waiting

    def settle(self, seconds: float = PATIENCE) -> None:
        """Wait until nothing waits and no turn runs, for a moment."""
        seconds = max(seconds, PATIENCE)
        end, still = time.monotonic() + seconds, 0
        while still < 3:
            still = still + 1 if self.quiet() and not self.on_their_way() else 0
            if time.monotonic() > end:
                with self.built.database.reading() as tx:
                    raise AssertionError(f"not quiet after {seconds} s: {lanes.all_lanes(tx)}")
            time.sleep(0.05)

    def on_their_way(self) -> int:
        """Count the webhooks that are about to leave or still on their way."""
        told = [self.on.control.get(f"{self.url(vendor)}/_sandbox/webhooks").json() for vendor in ("xero", "hubspot")]
        return sum(int(one["waiting"]) + int(one["pending"]) for one in told)

    def holds(self) -> dict[str, tuple[str, ...]]:
        """Return the sentences of what waits for a person, by subject."""
        with self.built.database.reading() as tx:
            return {held.subject: held.reasons for held in journal.holds(tx)}

    def journal(self, subject: str) -> list[tuple[str, str]]:
        """Return (decision, target) of a subject's lines, oldest first."""
        with self.built.database.reading() as tx:
            return [(entry.decision, entry.target) for entry in reversed(journal.recent(tx, 100, subject))]

    def reasons(self, subject: str, decision: str) -> list[str]:
        """Return why something was decided so about a subject, oldest first."""
        with self.built.database.reading() as tx:
            lines = reversed(journal.recent(tx, 100, subject))
            return [entry.reason for entry in lines if entry.decision == decision]

    def deliver(self, path: str, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        """Post a webhook of our own making to the service."""
        return self.on.control.post(self.on.service_url + path, content=body, headers=dict(headers))
