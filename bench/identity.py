"""Play scenes of who is who against the service and against the guide's recipe, and count what each gets right.

The recipe knows a customer by its email alone: the first record that has it, else a new one. For each scene both get a
sandbox of their own in which people have made the same records.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx2

from bench import corpus
from bench.corpus import ASK, NEW, NONE, Outcome, Scene
from bench.figures import Figures, Mark, Measure, figures
from bench.processes import Broken
from bench.scene import OBJECTS, settle
from ledgerloop.cli.stage import (
    NotAsTold,
    Sections,
    Stage,
    connect_hubspot,
    connect_xero,
    log_in,
    register_webhooks,
    stage,
)
from ledgerloop.store import journal
from ledgerloop_sandbox.server import running

ORGANISATION = "Kiwi Demo Ltd"
_PATIENCE = 60.0
_IN_XERO = {
    "email": "EmailAddress",
    "first_name": "FirstName",
    "last_name": "LastName",
    "account_number": "AccountNumber",
    "tax_number": "TaxNumber",
}
_LINE_OF_DEAL = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 20}]


def measure(file: Path, most: int = 0) -> Measure:
    """Play every scene of a corpus, or the first few of them, twice."""
    scenes = corpus.read(file)
    scenes = scenes[:most] if most else scenes
    if not scenes:
        raise Broken(f"{file} has no scene")
    ours, recipe = _played(scenes, play), _played(scenes, play_recipe)
    alone = sum(scene.decided_alone for scene in scenes)
    return Measure(
        name="identity",
        what=f"{len(scenes)} scenes of who is who, each on a sandbox of its own",
        size={"scenes": len(scenes), "decided_alone": alone},
        ours=ours,
        recipe=recipe,
        bound=figures(**{"scenes": len(scenes), "right": len(scenes), **dict.fromkeys(corpus.FAULTS, 0)}),
        marks=(
            *(Mark(fault.replace("_", " "), ours[fault], "<=", 0) for fault in ("wrong_link", "doubled")),
            Mark("made though none", ours["made_though_none"], "<=", 0),
            Mark("scenes that were not played", len(ours["not_played"]), "<=", 0),
            Mark("needless questions", ours["needless_ask"], "<=", alone / 10),
        ),
    )


def play(scene: Scene) -> Outcome:
    """Play a scene against the service, and say what it made of it."""
    settings: Sections = {"brake": {"create": 1000, "update": 1000}}
    if any("tax_number" in one for one in scene.companies):
        settings = {**settings, "fields": {"tax_number_property": "tax_number"}}
    with stage(settings=settings, data="empty") as on:
        log_in(on)
        register_webhooks(on)
        people = _People(on, scene)
        people.make()
        connect_xero(on, ORGANISATION)
        connect_hubspot(on)
        settle(on, _PATIENCE)
        found = people.sell() if scene.to_xero else people.have_something_happen()
        settle(on, _PATIENCE)
        return found()


def play_recipe(scene: Scene) -> Outcome:
    """Do what the guide's recipe does in a scene, and say what came of it."""
    with running(data="empty") as sandbox, httpx2.Client(timeout=_PATIENCE) as control:
        on = _Vendors(sandbox.xero_url, sandbox.hubspot_url, control)
        people = _People(on, scene)
        people.make()
        return people.sell_by_recipe() if scene.to_xero else people.show_by_recipe()


def _played(scenes: list[Scene], how: Callable[[Scene], Outcome]) -> Figures:
    begun = time.monotonic()
    judged: dict[str, Mapping[str, str]] = {}
    not_played: dict[str, str] = {}
    for scene in scenes:
        try:
            judged[scene.case] = corpus.judge(scene, how(scene))
        except (NotAsTold, Broken) as problem:  # one scene must not spoil the others
            not_played[scene.case] = str(problem)
    wrong = {
        case: ", ".join(f"{key} {said}" for key, said in verdicts.items() if said != "right")
        for case, verdicts in judged.items()
        if set(verdicts.values()) != {"right"}
    }
    counted = corpus.score(judged.values())
    return figures(seconds=time.monotonic() - begun, **counted, wrong=wrong, not_played=not_played)


class _Vendors:
    """Act as people at both vendors where no service runs."""

    def __init__(self, xero_url: str, hubspot_url: str, control: httpx2.Client) -> None:
        self.xero_url, self.hubspot_url, self.control = xero_url, hubspot_url, control

    def at_hubspot(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """Do what a person does in HubSpot, and return what HubSpot shows."""
        return self._act(self.hubspot_url, {"method": method, "path": path, "body": body, "query": query})

    def in_xero(self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """Do what a person does in Xero, and return what Xero shows."""
        asked = {"method": method, "path": f"/api.xro/2.0{path}", "body": body, "query": query}
        return self._act(self.xero_url, {**asked, "organisation": organisation(self.control, self.xero_url)})

    def _act(self, url: str, asked: Mapping[str, Any]) -> Any:
        answer = self.control.post(f"{url}/_sandbox/act", json=asked).json()
        if not 200 <= answer["status"] < 300:
            raise NotAsTold(f"{asked['method']} {asked['path']} was answered {answer['status']}: {answer['body']}")
        return answer["body"]


def organisation(control: httpx2.Client, xero_url: str) -> str:
    """Return the id of the organisation in which the scenes are played."""
    told = control.get(f"{xero_url}/_sandbox/state").json()["organisations"]
    return next(str(one["tenantId"]) for one in told if one["name"] == ORGANISATION)


class _People:
    """What people do in a scene, and what can be seen afterwards."""

    def __init__(self, on: Stage | _Vendors, scene: Scene) -> None:
        self.on, self.scene = on, scene
        self.ids: dict[str, str] = {}
        """By the scene's key: the record."""
        self.invoices: dict[str, str] = {}
        if isinstance(on, Stage):
            on.organisation = organisation(on.control, on.xero_url)
        asked = {"search_lag_create": 0, "search_lag_update": 0, "property_delay": 0, "limits": False}
        on.control.post(f"{on.hubspot_url}/_sandbox/settings", json=asked)
        on.control.post(f"{on.xero_url}/_sandbox/settings", json={"quotas": False})

    # --- what stands there ---

    def make(self) -> None:
        """Make all records of the scene at both vendors."""
        if any("tax_number" in one for one in self.scene.companies):
            text = {"type": "string", "fieldType": "text", "groupName": "companyinformation"}
            body = {"name": "tax_number", "label": "Tax number", **text}
            self.on.at_hubspot("POST", "/crm/properties/2026-09/companies", body)
        for one in self.scene.companies:
            values = {name: one[name] for name in ("name", "domain", "phone", "country", "tax_number") if name in one}
            if one.get("additional_domains"):
                values["hs_additional_domains"] = ";".join(one["additional_domains"])
            self.ids[one["key"]] = self._record("companies", values)
        for one in self.scene.contacts:
            values = {name: one[name] for name in ("firstname", "lastname", "email") if name in one}
            contact = self.ids[one["key"]] = self._record("contacts", values)
            if one.get("additional_emails"):
                further = {"hs_additional_emails": ";".join(one["additional_emails"])}
                self.on.at_hubspot("PATCH", f"{OBJECTS}/contacts/{contact}", {"properties": further})
            if "company" in one:
                self._tie("contacts", contact, "companies", self.ids[one["company"]])
        for number, one in enumerate(self.scene.customers):
            self._customer(number, one)

    def _customer(self, number: int, one: Mapping[str, Any]) -> None:
        body: dict[str, Any] = {"Name": one["name"], **{_IN_XERO[name]: one[name] for name in _IN_XERO if name in one}}
        if "number" in one:
            body["ContactNumber"] = re.sub(r"\{(\w+)\}", lambda found: self.ids[found[1]], one["number"])
        if "phone" in one:
            body["Phones"] = [{"PhoneType": "DEFAULT", "PhoneNumber": one["phone"]}]
        if "country" in one:
            body["Addresses"] = [{"AddressType": "STREET", "AddressLine1": "1 High Street", "Country": one["country"]}]
        names = {"first_name": "FirstName", "last_name": "LastName", "email": "EmailAddress"}
        if "persons" in one:
            people = [{names[name]: value for name, value in person.items()} for person in one["persons"]]
            body["ContactPersons"] = [{**person, "IncludeInEmails": False} for person in people]
        made = str(self.on.in_xero("PUT", "/Contacts", {"Contacts": [body]})["Contacts"][0]["ContactID"])
        self.ids[one["key"]] = made
        if "owes" in one:
            owes = float(one["owes"])
            self.invoices[made] = self._bill("ACCREC", made, owes or 50.0)
            if not owes:  # it bought and has paid
                self._pay(self.invoices[made], 50.0)
        if one.get("supplier_only") or one.get("also_supplier"):
            self._bill("ACCPAY", made, 50.0, InvoiceNumber=f"BILL-{number}")
        if one.get("status") == "ARCHIVED":
            gone = {"ContactID": made, "ContactStatus": "ARCHIVED"}
            self.on.in_xero("POST", f"/Contacts/{made}", {"Contacts": [gone]})

    # --- what happens then, with the service ---

    def have_something_happen(self) -> Callable[[], Outcome]:
        """Let every customer come up: a further invoice, a payment, or another address."""
        for one in self.scene.customers:
            customer = self.ids[one["key"]]
            if one.get("status") == "ARCHIVED":
                if float(one.get("owes", 0)):
                    self._pay(self.invoices[customer], 1.0)
            elif "owes" in one:
                self._bill("ACCREC", customer, 1.0)
            else:
                box = [{"AddressType": "POBOX", "AddressLine1": "PO Box 7"}]
                body = {"Contacts": [{"ContactID": customer, "Addresses": box}]}
                self.on.in_xero("POST", f"/Contacts/{customer}", body)
        return self._shown

    def sell(self) -> Callable[[], Outcome]:
        """Win every deal, one after the other."""
        assert isinstance(self.on, Stage)
        deals: dict[str, str] = {}
        for one in self.scene.deals:
            deal = deals[one["key"]] = self._record(
                "deals", {"dealname": f"Deal {one['key']}", "pipeline": "default", "dealstage": "contractsent"}
            )
            for kind, single in (("companies", "company"), ("contacts", "contact")):
                for key in one.get(kind) or ([one[single]] if single in one else []):
                    self._tie("deals", deal, kind, self.ids[key])
            line = self._record("line_items", {"name": "Seats", "quantity": "2", "price": "50"})
            self.on.at_hubspot("PUT", f"{OBJECTS}/line_items/{line}/associations/deals/{deal}", _LINE_OF_DEAL)
            won = {"properties": {"dealstage": "closedwon"}}
            self.on.at_hubspot("PATCH", f"{OBJECTS}/deals/{deal}", won)
            self.on.until(f"something comes of {one['key']}", lambda deal=deal: self._told(deal))  # type: ignore[misc]
        return lambda: self._invoiced(deals)

    def _told(self, deal: str) -> bool | None:
        query = {"properties": "xero_invoice_id,xero_sync_message"}
        shown = self.on.at_hubspot("GET", f"{OBJECTS}/deals/{deal}", query=query)["properties"]
        return bool(shown.get("xero_invoice_id") or shown.get("xero_sync_message")) or None

    def _shown(self) -> Outcome:
        """Say which records carry each customer's id."""
        names = self._names()
        carried: dict[tuple[str, str], set[str]] = defaultdict(set)
        for kind, plural in (("company", "companies"), ("contact", "contacts")):
            for record, values in self._all(plural, "xero_contact_id").items():
                if values.get("xero_contact_id"):
                    carried[kind, str(values["xero_contact_id"]).lower()].add(names.get(record, NEW))
        held, customers = self._held(), {one["key"]: one for one in self.scene.customers}
        got: dict[str, str] = {}
        for asked in self.scene.truth:
            key, _, kind = asked.partition(".")
            found = carried.get((kind, self.ids[key].lower()), set())
            waits = f"customer {self.ids[key]}" in held and (kind == "company" or "email" in customers[key])
            got[asked] = "+".join(sorted(found)) or (ASK if waits else NONE)
        return got

    def _invoiced(self, deals: Mapping[str, str]) -> Outcome:
        """Say whose invoice each deal has."""
        names, held = self._names(), self._held()
        every = self.on.in_xero("GET", "/Invoices", query={"page": "1", "pageSize": "1000"})["Invoices"]
        got: dict[str, str] = {}
        for key, deal in deals.items():
            mine = [one for one in every if f"HS-{deal}" in (one.get("Reference") or "").split()]
            payers = {names.get(one["Contact"]["ContactID"], NEW) for one in mine}
            got[f"{key}.customer"] = "+".join(sorted(payers)) or (ASK if f"deal {deal}" in held else NONE)
        return got

    def _held(self) -> set[str]:
        assert isinstance(self.on, Stage)
        with self.on.built.database.reading() as tx:
            return {one.subject for one in journal.holds(tx)}

    # --- what the recipe does ---

    def show_by_recipe(self) -> Outcome:
        """Take for each customer the first contact with its email and that one's company, else make both."""
        names, got = self._names(), {}
        for one in self.scene.customers:
            try:
                contact, company = self._show_by_recipe(one)
            except NotAsTold:  # HubSpot refuses an address that is another's further one, and there the recipe ends
                contact = company = None
            got[f"{one['key']}.contact"] = names.get(contact, NEW) if contact else NONE
            got[f"{one['key']}.company"] = names.get(company, NEW) if company else NONE
        return got

    def _show_by_recipe(self, one: Mapping[str, Any]) -> tuple[str | None, str]:
        contact = self._first_contact(one["email"]) if one.get("email") else None
        company = self._company_of(contact) if contact else None
        if one.get("email") and contact is None:
            contact = self._record("contacts", {"email": one["email"].partition(",")[0], "lastname": one["name"]})
        return contact, company or self._record("companies", {"name": one["name"]})

    def sell_by_recipe(self) -> Outcome:
        """Take for each deal the first customer with its contact's email, else make one."""
        names, got = self._names(), {}
        contacts = {one["key"]: one for one in self.scene.contacts}
        companies = {one["key"]: one for one in self.scene.companies}
        for one in self.scene.deals:
            key = (one.get("contacts") or [one.get("contact")])[0]
            if key is None:  # the recipe reads the contact, and ends without one
                got[f"{one['key']}.customer"] = NONE
                continue
            email = contacts[key].get("email", "")
            query = {"where": f'EmailAddress=="{email}"'}
            found = self.on.in_xero("GET", "/Contacts", query=query)["Contacts"] if email else []
            if not found:
                company = (one.get("companies") or [one.get("company")])[0]
                person = " ".join(contacts[key].get(part, "") for part in ("firstname", "lastname")).strip()
                name = companies[company]["name"] if company else person or email
                body = {"Contacts": [{"Name": name, "EmailAddress": email}]}
                try:
                    found = self.on.in_xero("POST", "/Contacts", body)["Contacts"]
                except NotAsTold:  # Xero refuses a name that another has, and the recipe has no answer to that
                    got[f"{one['key']}.customer"] = NONE
                    continue
            got[f"{one['key']}.customer"] = names.get(found[0]["ContactID"], NEW)
        return got

    def _first_contact(self, email: str) -> str | None:
        asked = {"propertyName": "email", "operator": "EQ", "value": email}
        body = {"filterGroups": [{"filters": [asked]}], "properties": ["email"], "limit": 1}
        found = self.on.at_hubspot("POST", f"{OBJECTS}/contacts/search", body)["results"]
        return str(found[0]["id"]) if found else None

    def _company_of(self, contact: str) -> str | None:
        shown = self.on.at_hubspot("GET", f"{OBJECTS}/contacts/{contact}", query={"associations": "companies"})
        tied = shown.get("associations", {}).get("companies", {}).get("results", [])
        return str(tied[0]["id"]) if tied else None

    # --- words ---

    def _names(self) -> dict[str, str]:
        return {record: key for key, record in self.ids.items()}

    def _record(self, kind: str, values: Mapping[str, Any]) -> str:
        return str(self.on.at_hubspot("POST", f"{OBJECTS}/{kind}", {"properties": values})["id"])

    def _tie(self, kind: str, record: str, to: str, other: str) -> None:
        self.on.at_hubspot("PUT", f"{OBJECTS}/{kind}/{record}/associations/default/{to}/{other}")

    def _all(self, kind: str, properties: str) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        after = "0"
        while after:
            query = {"limit": "100", "properties": properties, "after": after}
            page = self.on.at_hubspot("GET", f"{OBJECTS}/{kind}", query=query)
            found |= {str(one["id"]): one["properties"] for one in page["results"]}
            after = page.get("paging", {}).get("next", {}).get("after", "")
        return found

    def _bill(self, kind: str, contact: str, amount: float, **more: str) -> str:
        account = "200" if kind == "ACCREC" else "429"
        line = {"Description": "Work", "Quantity": 1, "UnitAmount": amount, "AccountCode": account, "TaxType": "NONE"}
        body = {"Type": kind, "Contact": {"ContactID": contact}, "LineItems": [line], "Status": "AUTHORISED", **more}
        dated = {**body, "Date": "2026-11-01", "DueDate": "2099-12-31"}
        return str(self.on.in_xero("PUT", "/Invoices", {"Invoices": [dated]})["Invoices"][0]["InvoiceID"])

    def _pay(self, invoice: str, amount: float) -> None:
        body = {"Invoice": {"InvoiceID": invoice}, "Account": {"Code": "090"}, "Amount": amount}
        self.on.in_xero("PUT", "/Payments", {"Payments": [body]})
