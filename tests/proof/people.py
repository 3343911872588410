"""Do at random what people do in Xero and HubSpot all day; what the vendor refuses is refused, as for people."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from movers import Movers
from plots import Plots
from served import Served

from ledgerloop.cli.stage import NotAsTold
from ledgerloop_sandbox.xero.organisation import Organisation

_NEW_SCENE = 0.4
"""How likely a step begins a scene while there is one that was never played: a short run plays all of them."""


class People:
    """Remember what was made, and make more of it."""

    def __init__(self, scene: Served, movers: Movers, plots: Plots, dice: random.Random) -> None:
        self.scene, self.movers, self.plots, self.dice = scene, movers, plots, dice
        self.books: Organisation = movers.books
        self.deals: list[str] = []
        self._steps: list[tuple[int, Callable[[], object]]] = [
            (10, movers.meet),
            (22, self.bill),
            (6, self.approve),
            (22, self.pay),
            (8, self.take_payment_back),
            (6, self.credit),
            (4, self.take_advance),
            (8, self.allocate),
            (3, self.take_allocation_back),
            (4, self.void),
            (3, self.edit_draft),
            (3, self.sell),
            *movers.acts,
            *plots.acts,
        ]

    def step(self) -> tuple[str, bool]:
        """Do one thing; return what it was, and whether the vendor took it."""
        weights = [weight for weight, _ in self._steps]
        act = self.movers.meet if not self.movers.customers else self.dice.choices(self._steps, weights)[0][1]
        if self.plots.unplayed() and self.dice.random() < _NEW_SCENE:
            act = self.plots.begin
        try:
            act()
        except (NotAsTold, LookupError):
            return act.__name__, False
        return act.__name__, True

    def bill(self) -> None:
        """Make an invoice, due before or after today, now and then in dollars, now and then a draft."""
        more: dict[str, Any] = {"CurrencyCode": "USD", "CurrencyRate": 0.6127} if self.dice.random() < 0.2 else {}
        today = self._today()
        more["Date"] = (today - timedelta(days=self.dice.randint(0, 40))).isoformat()
        more["DueDate"] = (today + timedelta(days=self.dice.randint(-20, 30))).isoformat()
        more["Status"] = self.dice.choice(("AUTHORISED", "AUTHORISED", "AUTHORISED", "DRAFT"))
        amount = f"{self.dice.randint(1, 99_999) / 100:.2f}"
        self.scene.invoice_for(self.dice.choice(self.movers.customers), amount, **more)

    def approve(self) -> None:
        """Approve a draft."""
        self.scene.approve(self._invoice("DRAFT"))

    def pay(self) -> None:
        """Pay an invoice in full or in part."""
        id_ = self._invoice("AUTHORISED")
        due = self.books.invoices.rows[id_].amount_due
        part = due if self.dice.random() < 0.5 else (due * self.dice.randint(1, 99) / 100).quantize(due)
        self.scene.pay(id_, part)

    def take_payment_back(self) -> None:
        """Remove a payment."""
        alone = self.plots.left_alone()
        id_ = self.dice.choice(
            [
                one.id
                for one in self.books.payments
                if one.status == "AUTHORISED" and self._payer(one.document_id) not in alone
            ]
        )
        self.scene.on.in_xero("POST", f"/Payments/{id_}", {"Payments": [{"PaymentID": id_, "Status": "DELETED"}]})

    def credit(self) -> None:
        """Give a credit note."""
        body = {"Type": "ACCRECCREDIT", "Status": "AUTHORISED", **self._body()}
        self.scene.on.in_xero("PUT", "/CreditNotes", {"CreditNotes": [body]})

    def take_advance(self) -> None:
        """Take money in advance, or too much of it."""
        kind = self.dice.choice(("RECEIVE-PREPAYMENT", "RECEIVE-OVERPAYMENT"))
        body = {"Type": kind, "BankAccount": {"Code": "090"}, **self._body()}
        self.scene.on.in_xero("PUT", "/BankTransactions", {"BankTransactions": [body]})

    def allocate(self) -> None:
        """Set what remains of a credit off against an invoice."""
        kind = self.dice.choice(("CreditNote", "Prepayment", "Overpayment"))
        credit = self.dice.choice([one for one in self.books.credits[kind] if one.remaining > 0])
        mine = [
            one for one in self.books.invoices
            if one.contact_id == credit.contact_id and one.amount_due > 0 and one.status == "AUTHORISED"
        ]  # fmt: skip
        invoice = self.dice.choice(mine)
        most = min(credit.remaining, invoice.amount_due)
        body = {"Invoice": {"InvoiceID": invoice.id}, "Amount": float(most)}
        self.scene.on.in_xero("PUT", f"/{kind}s/{credit.id}/Allocations", {"Allocations": [body]})

    def take_allocation_back(self) -> None:
        """Open again what a credit had settled."""
        kind = self.dice.choice(("CreditNote", "Prepayment", "Overpayment"))
        credit = self.dice.choice([one for one in self.books.credits[kind] if one.allocations])
        self.scene.on.in_xero("DELETE", f"/{kind}s/{credit.id}/Allocations/{credit.allocations[0].id}")

    def void(self) -> None:
        """Void an invoice on which nothing was paid, or delete a draft."""
        id_ = self._invoice(self.dice.choice(("AUTHORISED", "DRAFT")))
        status = "VOIDED" if self.books.invoices.rows[id_].status == "AUTHORISED" else "DELETED"
        self.scene.on.in_xero("POST", f"/Invoices/{id_}", {"Invoices": [{"InvoiceID": id_, "Status": status}]})

    def edit_draft(self) -> None:
        """Change what a draft is about."""
        id_ = self._invoice("DRAFT")
        body = {"InvoiceID": id_, "LineItems": self._body()["LineItems"]}
        self.scene.on.in_xero("POST", f"/Invoices/{id_}", {"Invoices": [body]})

    def sell(self) -> None:
        """Win a deal, whose invoice Ledgerloop makes."""
        self.deals.append(self.scene.sell())

    def _payer(self, document: str) -> str:
        """Return whose document was paid; a credit that was refunded is nobody's who is played."""
        found = self.books.invoices.rows.get(document)
        return found.contact_id if found else ""

    def _invoice(self, status: str) -> str:
        alone = self.plots.left_alone()
        mine = [
            one.id
            for one in self.books.invoices
            if one.status == status and one.type == "ACCREC" and one.contact_id not in alone
        ]
        return str(self.dice.choice(mine))

    def _body(self) -> dict[str, Any]:
        line = {"Description": "Work", "Quantity": 1, "UnitAmount": self.dice.randint(1, 50_000) / 100}
        line |= {"AccountCode": "200", "TaxType": "NONE"}
        return {
            "Contact": {"ContactID": self.dice.choice(self.movers.customers)},
            "Date": self._today().isoformat(),
            "LineItems": [line],
        }

    def _today(self) -> Any:
        return self.books.today(self.scene.sandbox.clock.now())
