"""Standing against Xero's own balances: whatever people do in the books, our copy adds up to what the ledger says."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ledgerloop.clock import Clock
from ledgerloop.customers import held
from ledgerloop.ledger import pull
from ledgerloop.parts import Parts, instead
from ledgerloop.records import Organisation
from ledgerloop.rules.standing import agrees, standing_of
from ledgerloop.store import connections, mirror
from ledgerloop.store.connections import Connected
from ledgerloop.store.db import Database
from ledgerloop.xero.models import Contact

BASE = "/api.xro/2.0"
TODAY = datetime.now(UTC).date()


@dataclass
class Books:
    """Do at random what people do in the books; what Xero refuses is refused."""

    xero: Any
    dice: random.Random
    contacts: list[str] = field(default_factory=list)
    invoices: list[dict[str, Any]] = field(default_factory=list)
    payments: list[str] = field(default_factory=list)
    credits: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)

    def step(self) -> None:
        """Do one thing."""
        doing: list[Callable[[], bool]] = [self.bill, self.pay, self.take_back, self.credit, self.allocate, self.void]
        weights = (6, 6, 2, 3, 3, 2)
        act = self.meet if len(self.contacts) < 4 else self.dice.choices([*doing, self.merge], (*weights, 0.4))[0]
        if act():
            self.done[act.__name__] = self.done.get(act.__name__, 0) + 1

    def meet(self) -> bool:
        """Make a customer."""
        body = {"Contacts": [{"Name": f"Random {len(self.contacts)} {self.dice.random()}"}]}
        made = self._act("PUT", "/Contacts", body)
        self.contacts.append(made["Contacts"][0]["ContactID"])
        return True

    def bill(self) -> bool:
        """Make an invoice: open or a draft, late or not, in one of two currencies."""
        more = {"CurrencyCode": "USD", "CurrencyRate": 0.6127} if self.dice.random() < 0.3 else {}
        due = TODAY + timedelta(days=self.dice.randint(-20, 20))
        status = self.dice.choice(("AUTHORISED", "AUTHORISED", "AUTHORISED", "DRAFT"))
        body = {"Type": "ACCREC", "DueDate": due.isoformat(), "Status": status, **self._document(), **more}
        made = self._act("PUT", "/Invoices", {"Invoices": [body]})
        self.invoices += made["Invoices"] if made else []
        return bool(made)

    def pay(self) -> bool:
        """Pay an invoice in full or in part."""
        if not self.invoices:
            return False
        invoice = self.dice.choice(self.invoices)
        amount = float(invoice["Total"]) if self.dice.random() < 0.3 else self.dice.randint(1, 5000) / 100
        body = {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Account": {"Code": "090"}, "Amount": amount}
        made = self._act("PUT", "/Payments", {"Payments": [body]})
        self.payments += [one["PaymentID"] for one in made["Payments"]] if made else []
        return bool(made)

    def take_back(self) -> bool:
        """Remove a payment."""
        if not self.payments:
            return False
        id_ = self.payments.pop(self.dice.randrange(len(self.payments)))
        return bool(self._act("POST", f"/Payments/{id_}", {"Payments": [{"PaymentID": id_, "Status": "DELETED"}]}))

    def credit(self) -> bool:
        """Give credit: a credit note, or money in advance or too much."""
        kind = self.dice.choice(("CreditNote", "Prepayment", "Overpayment"))
        if kind == "CreditNote":
            body = {"Type": "ACCRECCREDIT", "Status": "AUTHORISED", **self._document()}
            made = self._act("PUT", "/CreditNotes", {"CreditNotes": [body]})
            self.credits += [(kind, one) for one in made["CreditNotes"]] if made else []
        else:
            body = {"Type": f"RECEIVE-{kind.upper()}", "BankAccount": {"Code": "090"}, **self._document()}
            made = self._act("PUT", "/BankTransactions", {"BankTransactions": [body]})
            self.credits += [(kind, one) for one in made["BankTransactions"]] if made else []
        return bool(made)

    def allocate(self) -> bool:
        """Set a credit off against an invoice of the same customer."""
        if not self.credits or not self.invoices:
            return False
        kind, credit = self.dice.choice(self.credits)
        mine = [one for one in self.invoices if one["Contact"]["ContactID"] == credit["Contact"]["ContactID"]]
        if not mine:
            return False
        id_ = credit.get(f"{kind}ID") or credit.get("ID")
        amount = self.dice.randint(1, 3000) / 100
        body = {"Invoice": {"InvoiceID": self.dice.choice(mine)["InvoiceID"]}, "Amount": amount}
        return bool(self._act("PUT", f"/{kind}s/{id_}/Allocations", {"Allocations": [body]}))

    def void(self) -> bool:
        """Void an invoice on which nothing was paid."""
        if not self.invoices:
            return False
        id_ = self.dice.choice(self.invoices)["InvoiceID"]
        return bool(self._act("POST", f"/Invoices/{id_}", {"Invoices": [{"InvoiceID": id_, "Status": "VOIDED"}]}))

    def merge(self) -> bool:
        """Merge two customers; the documents of one belong to the other."""
        loser, winner = self.dice.sample(self.contacts, 2)
        body = {"organisation": self.xero.organisation, "from": loser, "into": winner}
        self.xero.control("POST", "merge", body)
        self.contacts.remove(loser)
        return True

    def _document(self) -> dict[str, Any]:
        line = {"Description": "Work", "Quantity": 1, "UnitAmount": self.dice.randint(100, 20_000) / 100}
        line |= {"AccountCode": "200", "TaxType": "NONE"}
        contact = {"ContactID": self.dice.choice(self.contacts)}
        return {"Contact": contact, "Date": TODAY.isoformat(), "LineItems": [line]}

    def _act(self, method: str, path: str, body: Any) -> Any:
        """Do it as a person; give what Xero answered, or nothing where it refused."""
        asked = {"method": method, "path": BASE + path, "body": body, "organisation": self.xero.organisation}
        answer = self.xero.control("POST", "act", asked)
        refused = answer["status"] >= 300 or '"HasErrors": true' in str(answer["body"])
        return None if refused else answer["body"]


def _balances(xero: Any) -> dict[str, Contact]:
    assert xero.client is not None
    return {one.ContactID: one for one in xero.client.contacts(page=1).items if not one.MergedToContactID}


@pytest.mark.parametrize("seed", range(4))
def test_any_ledger_comes_to_xeros_own_balances(xero: Any, sqlite_url: str, seed: int) -> None:
    """Part payments, removals, credits, voids, two currencies, mergers: to the cent, by pulling what changed alone."""
    assert xero.client is not None
    client, database = xero.client, Database(sqlite_url)
    told = client.organisation()
    home = Organisation(xero.organisation, told.Name, told.BaseCurrency, told.zone)
    now = datetime.now(UTC)
    books = Books(xero, random.Random(seed))
    parts = Parts(
        database,
        xero=lambda organisation: client,
        hubspot=lambda: pytest.fail("nothing is asked of HubSpot here"),
        clock=Clock(),
        new_key=lambda: "key",
        nudge=lambda: None,
        random=lambda: 0.5,
        digest=lambda text: pytest.fail("nobody is erased here"),
        catch_up_every=timedelta(0),
    )
    with database.transaction() as tx:
        connections.put(tx, Connected("xero", home.id, home.name, "grant", home, now))

    with instead(parts):
        pull.pull(client, home.id, (), held.look_at_held)
        for number in range(160):
            books.step()
            if number % 40 == 39:
                pull.pull(client, home.id, (), held.look_at_held)

    theirs = _balances(xero)
    today = datetime.now(UTC).astimezone(ZoneInfo(home.timezone)).date()
    with database.reading() as tx:
        ours = mirror.receivables_of(tx, home.id, list(theirs))
    for key, contact in theirs.items():
        standing = standing_of(ours.get(key, ()), today, home.base_currency)
        stated = contact.Balances.AccountsReceivable if contact.Balances else None
        assert (stated.Outstanding if stated else Decimal(0)) == standing.outstanding - standing.credit, contact.Name
        assert (stated.Overdue if stated else Decimal(0)) == standing.overdue, contact.Name
        assert agrees(ours.get(key, ()), stated.Outstanding if stated else Decimal(0), today, home.base_currency)
    database.close()
    assert len(books.done) >= 7, books.done
