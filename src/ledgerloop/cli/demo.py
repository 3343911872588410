"""Tell the main job on the terminal: a won deal becomes an invoice, its payment becomes the customer's standing.

Everything is real but the vendors: the service listens on a socket, Xero is connected by consent on a page, webhooks
arrive signed. The story ends with a non-zero status if anything is not as told.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer
from rich.console import Console

from ledgerloop import log
from ledgerloop.cli.stage import (
    NotAsTold,
    Stage,
    connect_hubspot,
    connect_xero,
    log_in,
    register_webhooks,
    stage,
)
from ledgerloop.records import LinkKind
from ledgerloop.rules.properties import properties_on
from ledgerloop.store import lanes

ORGANISATION = "Kiwi Demo Ltd"
LINES = (
    ("Onboarding workshop", "1", "250.00"),
    ("Team seats, one year", "12", "39.90"),
    ("Priority support", "1", "99.50"),
)
_OBJECTS = "/crm/objects/2026-09"
_DEAL_TO_LINE = 20


@dataclass
class Told:
    """What the story showed: the records as read back, what it cost, and how long the payment took to show."""

    invoice: dict[str, Any] = field(default_factory=dict)
    deal: dict[str, Any] = field(default_factory=dict)
    contact: dict[str, Any] = field(default_factory=dict)
    company: dict[str, Any] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    setup_calls: Counter[str] = field(default_factory=Counter)
    lag_seconds: float = 0.0


def demo(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the story.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running afterwards, until Ctrl-C.")] = False,
) -> None:
    """Run the main job on two sandboxes: won deal, invoice, payment, standing. Needs no account and no network."""
    log.configure("error", "console")
    for number in (signal.SIGTERM, signal.SIGHUP):  # ended in whatever way, nothing of it shall be left on the disk
        signal.signal(number, _interrupt)
    begun = time.monotonic()
    console = Console(stderr=as_json, highlight=False, soft_wrap=True)
    with stage() as on:
        told = Story(on, console).tell()
        seconds = time.monotonic() - begun
        if as_json:
            print(json.dumps(vars(told) | {"seconds": round(seconds, 3)}))
        console.print(f"\nAs told, in {seconds:.1f} s.")
        if keep:
            with suppress(KeyboardInterrupt):  # whoever reads fast may end it while it is still being said
                console.print(f"The console: {on.service_url}  password: {on.password}")
                console.print(f"The vendors: {on.xero_url}/_sandbox/state  {on.hubspot_url}/_sandbox/state")
                console.print("Everything keeps running until Ctrl-C.")
                threading.Event().wait()
        else:
            console.print("With --keep the console stays open, to look at events, holds and every write's reason.")


def _interrupt(number: int, _frame: object) -> None:
    raise KeyboardInterrupt


class Story:
    """Act, look and tell, step by step."""

    def __init__(self, on: Stage, console: Console) -> None:
        self.on, self.console, self.told = on, console, Told()

    def tell(self) -> Told:
        """connect → sell → win → approve → pay."""
        self._connect()
        company, contact, deal = self._sell()
        invoice = self._win(deal)
        self._approve(deal, contact, invoice)
        self._pay(deal, contact, company, invoice)
        return self.told

    def _connect(self) -> None:
        with self._step("You connect Xero by consent and HubSpot by token; missing properties are made", setup=True):
            log_in(self.on)
            register_webhooks(self.on)
            connect_xero(self.on, ORGANISATION)
            connect_hubspot(self.on)
            self.on.until("the ledger is read", self._filled)
        self._say(f"The console is at {self.on.service_url}; {ORGANISATION} is read and nothing is written yet.")

    def _sell(self) -> tuple[str, str, str]:
        """Make what an account manager makes in HubSpot before the deal is won."""
        company = self._make("companies", name="Harbour Cycles Ltd", city="Auckland", country="New Zealand")
        contact = self._make("contacts", email="mia@harbour-cycles.example.com", firstname="Mia", lastname="Tane")
        deal = self._make("deals", dealname="Harbour Cycles, fleet", pipeline="default", dealstage="contractsent")
        for kind, record in (("companies", company), ("contacts", contact)):
            self.on.at_hubspot("PUT", f"{_OBJECTS}/deals/{deal}/associations/default/{kind}/{record}")
        self.on.at_hubspot("PUT", f"{_OBJECTS}/contacts/{contact}/associations/default/companies/{company}")
        for name, quantity, price in LINES:
            line = self._make("line_items", name=name, quantity=quantity, price=price)
            types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": _DEAL_TO_LINE}]
            self.on.at_hubspot("PUT", f"{_OBJECTS}/line_items/{line}/associations/deals/{deal}", types)
        return company, contact, deal

    def _win(self, deal: str) -> dict[str, Any]:
        with self._step("Mia says yes: her deal with three line items is moved to Closed Won"):
            self.on.at_hubspot("PATCH", f"{_OBJECTS}/deals/{deal}", {"properties": {"dealstage": "closedwon"}})
            shown = self.on.until("the deal shows its invoice", lambda: self._read("deals", deal, "xero_invoice_id"))
        made = [one for one in self._invoices() if f"HS-{deal}" in one.get("Reference", "").split()]
        if len(made) != 1 or made[0]["InvoiceID"] != shown["properties"]["xero_invoice_id"]:
            raise NotAsTold(f"There should be one invoice for the deal, and there are {len(made)}.")
        invoice = self._invoice(made[0]["InvoiceID"])
        wanted = sum((Decimal(quantity) * Decimal(price) for _, quantity, price in LINES), Decimal(0))
        if Decimal(str(invoice["SubTotal"])) != wanted or len(invoice["LineItems"]) != len(LINES):
            raise NotAsTold(f"The invoice should have three lines of {wanted} in all, and has {invoice['SubTotal']}.")
        self._say(
            f"One invoice stands in Xero: {invoice['InvoiceNumber']}, {invoice['Status']}, {_money(invoice['Total'])}"
            f" {invoice['CurrencyCode']}, for {invoice['Contact']['Name']}. Its number and link are on the deal."
        )
        return invoice

    def _approve(self, deal: str, contact: str, invoice: dict[str, Any]) -> None:
        with self._step("Finance approves it in Xero"):
            approved = {"Invoices": [{"InvoiceID": invoice["InvoiceID"], "Status": "AUTHORISED"}]}
            self.on.in_xero("POST", f"/Invoices/{invoice['InvoiceID']}", approved)
            self._until_shown("contacts", contact, "xero_outstanding_balance", _money(invoice["Total"]))
            self._until_shown("deals", deal, "xero_invoice_status", "AUTHORISED")
        self._say(f"Mia's record in HubSpot: {_money(invoice['Total'])} outstanding, status AUTHORISED.")

    def _pay(self, deal: str, contact: str, company: str, invoice: dict[str, Any]) -> None:
        with self._step("Harbour Cycles pays, and Xero's signed webhook arrives"):
            paid_at = time.time()
            body = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Account": {"Code": "090"}}
            self.on.in_xero("PUT", "/Payments", {"Payments": [{**body, "Amount": invoice["Total"]}]})
            self.told.contact = self._until_shown("contacts", contact, "xero_invoice_status", "PAID")
            self.told.company = self._until_shown("companies", company, "xero_invoice_status", "PAID")
            self.told.deal = self._until_shown("deals", deal, "xero_invoice_status", "PAID")
        self.told.invoice = self._invoice(invoice["InvoiceID"])
        arrived = [when for path, when in self._writes() if "/companies/" in path or "/contacts/" in path]
        self.told.lag_seconds = round(max(arrived) - paid_at, 3)
        shown = self.told.contact["properties"]
        for record in (self.told.contact, self.told.company):
            if record["properties"].get("xero_outstanding_balance") not in ("0.00", "0"):
                raise NotAsTold("A record should show nothing outstanding, and does not.")
            if not record["properties"].get("xero_last_payment_date"):
                raise NotAsTold("A record should show the day of the payment, and does not.")
        self._say(
            f"{self.told.lag_seconds:.2f} s later Mia and her company show it: {shown['xero_outstanding_balance']}"
            f" outstanding, last payment {shown['xero_last_payment_date']}, status {shown['xero_invoice_status']}."
        )

    # --- looking ----------------------------------------------------------------------------------------------------

    def _filled(self) -> bool | None:
        """Tell whether the ledger has been read, and nothing of the setup goes on into the steps that are counted.

        The last kind of record pulled is the overpayments; a first comparison of balances comes behind them.
        """
        read = any(call["path"].endswith("/Overpayments") for call in self.on.calls()["xero"])
        with self.on.built.database.reading() as tx:
            busy = [one for one in lanes.all_lanes(tx) if one.wanted or one.begun_at]
        return (read and not busy) or None

    def _read(self, kind: str, record: str, shows: str) -> dict[str, Any] | None:
        """Read a record as HubSpot shows it, once it shows a value for the property."""
        sort: LinkKind = {"contacts": "contact", "companies": "company", "deals": "deal"}[kind]  # type: ignore[assignment]
        names = ",".join(["dealname", "email", "name", *(one.name for one in properties_on(sort))])
        seen: dict[str, Any] = self.on.at_hubspot("GET", f"{_OBJECTS}/{kind}/{record}", query={"properties": names})
        return seen if seen["properties"].get(shows) else None

    def _until_shown(self, kind: str, record: str, name: str, value: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            seen = self._read(kind, record, name)
            return seen if seen and _same(seen["properties"][name], value) else None

        return self.on.until(f"the {kind} show {name} = {value}", look)

    def _invoice(self, invoice: str) -> dict[str, Any]:
        found: dict[str, Any] = self.on.in_xero("GET", f"/Invoices/{invoice}")["Invoices"][0]
        return found

    def _invoices(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.on.in_xero("GET", "/Invoices", query={"page": "1", "pageSize": "1000"})[
            "Invoices"
        ]
        return found

    def _make(self, kind: str, **values: str) -> str:
        return str(self.on.at_hubspot("POST", f"{_OBJECTS}/{kind}", {"properties": values})["id"])

    def _writes(self) -> list[tuple[str, float]]:
        calls = self.on.calls()["hubspot"]
        return [
            (call["path"], datetime.fromisoformat(call["at"]).timestamp())
            for call in calls
            if call["path"].endswith("/batch/update")
        ]

    # --- telling ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _step(self, title: str, setup: bool = False) -> Iterator[None]:
        """Tell one step, and what it cost once it is done."""
        before, begun = self._counted(), time.monotonic()
        yield
        seconds = time.monotonic() - begun
        spent = self._counted() - before
        (self.told.setup_calls if setup else self.told.calls).update(spent)
        cost = f"Xero {spent['xero']} calls, HubSpot {spent['hubspot']}"
        self.console.print(f"[bold]•[/bold] {title}.  [dim]{cost}, {seconds:.1f} s[/dim]")

    def _say(self, text: str) -> None:
        self.console.print(f"  {text}")

    def _counted(self) -> Counter[str]:
        return Counter({vendor: len(calls) for vendor, calls in self.on.calls().items()})


def _same(shown: str, wanted: str) -> bool:
    """Compare as numbers where both are: HubSpot may show 952.50 as 952.5."""
    try:
        return Decimal(shown) == Decimal(wanted)
    except InvalidOperation:
        return shown == wanted


def _money(amount: object) -> str:
    return f"{Decimal(str(amount)):.2f}"
