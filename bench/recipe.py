"""Do what the implementation guide's recipe does, as its text has it: for each event a few calls, one after the other.

A payment: read it, read its customer for the email, search the HubSpot contact by that email, change it. A won deal:
read it with its line items and contact, look for the customer in Xero by email, create it if it is not there, create
the invoice. A 429 is waited for as long as the vendor says, or a second where it says nothing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2

from bench.figures import Figures, figures
from bench.processes import Broken
from bench.scene import Scene
from ledgerloop_sandbox import credentials

MINUTE_LIMIT, DAY_LIMIT = 60, 1000
"""Xero's calls a minute, and a day on its free tier, for one organisation."""
_HUBSPOT_LIMIT, _SEARCH_LIMIT = 19.0, 5.0
"""HubSpot's calls and searches a second."""
_LONGEST_WAIT = 70.0
"""Seconds: a minute's quota is waited for, a day's is not."""


@dataclass
class Recipe:
    """The recipe's worker, with tokens of its own and nothing it remembers."""

    xero_url: str
    hubspot_url: str
    tenant: str
    token: str
    client: httpx2.Client
    xero_calls: int = 0
    hubspot_calls: int = 0
    searches: int = 0
    refused: int = 0
    waited: float = 0.0

    def payment(self, payment_id: str) -> None:
        """Carry one payment to its customer's contact (the guide's last-payment-date recipe, S59 to S68)."""
        payment = self._xero("GET", f"/Payments/{payment_id}")["Payments"][0]
        invoice = payment["Invoice"]
        email = invoice["Contact"].get("EmailAddress")
        if not email:  # the guide reads it from the payment, where Xero does not put it
            customer = self._xero("GET", f"/Contacts/{invoice['Contact']['ContactID']}")
            email = customer["Contacts"][0]["EmailAddress"]
        asked = {"propertyName": "email", "operator": "EQ", "value": email}
        body = {"filterGroups": [{"filters": [asked]}], "properties": ["email"], "limit": 1, "after": "0", "sorts": []}
        self.searches += 1
        found = self._hubspot("POST", "/crm/v3/objects/contacts/search", body)["results"]
        if not found:
            raise Broken(f"the recipe does not find {email}")
        values = {
            "xero_last_payment_date": _day(payment["Date"]),
            "xero_outstanding_balance": f"{float(invoice['AmountDue']):.2f}",
            "xero_invoice_status": invoice["Status"],
        }
        self._hubspot("PATCH", f"/crm/v3/objects/contacts/{found[0]['id']}", {"properties": values})

    def deal(self, deal_id: str) -> None:
        """Make the invoice of one won deal."""
        deal = self._hubspot("GET", f"/crm/v3/objects/deals/{deal_id}?associations=line_items,contacts")
        tied = deal["associations"]
        asked = {
            "inputs": [{"id": one["id"]} for one in tied["line items"]["results"]],
            "properties": ["name", "quantity", "price"],
            "propertiesWithHistory": [],
        }
        lines = self._hubspot("POST", "/crm/v3/objects/line_items/batch/read", asked)["results"]
        contact = self._hubspot(
            "GET", f"/crm/v3/objects/contacts/{tied['contacts']['results'][0]['id']}?properties=email,lastname,address"
        )["properties"]
        where = {"where": f'EmailAddress=="{contact["email"]}"'}
        found = self._xero("GET", "/Contacts", params=where)["Contacts"]
        if not found:
            person = {"Name": contact["lastname"], "EmailAddress": contact["email"]}
            found = self._xero("POST", "/Contacts", {"Contacts": [person]})["Contacts"]
        body = {
            "Type": "ACCREC",
            "Contact": {"ContactID": found[0]["ContactID"]},
            "LineItems": [
                {
                    "Description": line["properties"]["name"],
                    "Quantity": float(line["properties"]["quantity"]),
                    "UnitAmount": float(line["properties"]["price"]),
                    "AccountCode": "200",
                }
                for line in lines
            ],
            "Status": "DRAFT",
        }
        self._xero("POST", "/Invoices", {"Invoices": [body]})

    def _xero(self, method: str, path: str, body: Any = None, params: Mapping[str, str] | None = None) -> Any:
        headers = {"Xero-Tenant-Id": self.tenant, "Accept": "application/json", "Authorization": f"Bearer {self.token}"}
        while True:
            self.xero_calls += 1
            url = f"{self.xero_url}/api.xro/2.0{path}"
            answer = self.client.request(method, url, json=body, params=params, headers=headers)
            if answer.status_code != 429:
                return _read(answer)
            self._wait(answer)

    def _hubspot(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {credentials.HUBSPOT_TOKEN}"}
        while True:
            self.hubspot_calls += 1
            answer = self.client.request(method, f"{self.hubspot_url}{path}", json=body, headers=headers)
            if answer.status_code != 429:
                return _read(answer)
            self._wait(answer)

    def _wait(self, answer: httpx2.Response) -> None:
        seconds = float(answer.headers.get("Retry-After", 1))
        if seconds > _LONGEST_WAIT:
            raise Broken(f"the recipe would have to wait {seconds:.0f} s for the vendor's quota")
        self.refused += 1
        self.waited += seconds
        time.sleep(seconds)


def recipe_of(scene: Scene) -> Recipe:
    """Give the recipe a consent of its own for the first organisation. It works instead of the service, not beside."""
    scene.service.kill()
    tenant = scene.organisations[0]
    client = httpx2.Client(timeout=30.0, trust_env=False)
    callback = f"{scene.on.service_url}/connect/xero/callback"
    asked = {
        "client_id": credentials.XERO_CLIENT_ID,
        "redirect_uri": callback,
        "response_type": "code",
        "scope": "offline_access accounting.contacts accounting.invoices accounting.payments.read",
        "state": "recipe",
        "sandbox_consent": tenant,
    }
    said = client.get(f"{scene.on.xero_url}/identity/connect/authorize", params=asked, follow_redirects=False)
    code = parse_qs(urlsplit(said.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback}
    form |= {"client_id": credentials.XERO_CLIENT_ID, "client_secret": credentials.XERO_CLIENT_SECRET}
    token = client.post(f"{scene.on.xero_url}/connect/token", data=form).json()["access_token"]
    return Recipe(scene.on.xero_url, scene.on.hubspot_url, tenant, token, client)


def extrapolated(worker: Recipe, seconds: float, sample: int, whole: int, **more: Any) -> Figures:
    """Say what the whole would cost, from a sample that was really run: calls by proportion, time by what binds.

    What binds is the worker itself, one event after the other, or the slowest of the vendors' quotas.
    """
    times = whole / sample
    xero, hubspot = round(worker.xero_calls * times), round(worker.hubspot_calls * times)
    by_worker = (seconds - worker.waited) * times
    by_quota = max(xero / MINUTE_LIMIT * 60, hubspot / _HUBSPOT_LIMIT, worker.searches * times / _SEARCH_LIMIT)
    return figures(
        xero,
        hubspot,
        max(by_worker, by_quota) if sample < whole else seconds,
        sample=sample,
        extrapolated=sample < whole,
        seconds_of_sample=round(seconds, 3),
        seconds_without_quota=round(by_worker, 3),
        days_of_xero_free_tier=-(-xero // DAY_LIMIT),
        refused_by_quota=worker.refused,
        **more,
    )


def figures_of_one_by_one(worker: Recipe, sample: int, seconds: float, **more: Any) -> Figures:
    """Say what a sample cost that stands for itself, because nothing about it grows with the whole."""
    more |= {"sample": sample, "extrapolated": False, "refused_by_quota": worker.refused}
    return figures(worker.xero_calls, worker.hubspot_calls, seconds, **more)


def _read(answer: httpx2.Response) -> Any:
    if answer.status_code >= 300:
        raise Broken(f"the recipe was answered {answer.status_code} at {answer.request.url.path}: {answer.text[:300]}")
    return answer.json()


def _day(text: str) -> str:
    """Return the day of Xero's /Date(1602288000000+0000)/."""
    milliseconds = re.search(r"\d+", text)
    return time.strftime("%Y-%m-%d", time.gmtime(int(milliseconds.group()) / 1000)) if milliseconds else text
