"""Remember every figure that was true at some moment, and tell the writes that had to be from those that had not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from ledger import Ledger
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.server import Sandbox
from ledgerloop_sandbox.xero.organisation import Organisation

Values = Mapping[str, str]
_NAMES = ("name", "company")


class Truths:
    """Watch the books of all organisations."""

    def __init__(self, sandbox: Sandbox, all_books: Sequence[Organisation]) -> None:
        self._sandbox, self._all_books = sandbox, all_books
        self._since = sandbox.clock.now()
        self._days = {books.tenant_id: books.today(self._since) for books in all_books}
        self._now: dict[str, Values] = {}
        self._true: dict[str, dict[str, set[str]]] = {}
        self.changes: Counter[str] = Counter()
        """How often what a customer or deal must show became another."""
        self.forced: Counter[str] = Counter()
        """Records and customers whose values must be written once more, because of what people did in HubSpot."""
        self._whose: dict[str, list[str]] = {}

    def note(self, more: Iterable[str] = ()) -> None:
        """Look at what changed since the last time, and at these customers."""
        some = set(more)
        with self._sandbox.still():
            now = self._sandbox.clock.now()
            since, self._since = self._since - timedelta(seconds=2), now
            for books in self._all_books:
                self._note_one(books, now, since, some & books.contacts.rows.keys())

    def _note_one(self, books: Organisation, now: datetime, since: datetime, more: set[str]) -> None:
        ledger = Ledger(books, books.today(now))
        documents = [one for table in (books.invoices, *books.credits.values()) for one in table.changed_since(since)]
        contacts = [one.id for one in books.contacts.changed_since(since)]
        customers = {*(one.contact_id for one in documents), *contacts, *more}
        if ledger.today != self._days[books.tenant_id]:
            self._days[books.tenant_id] = ledger.today
            customers |= self._now.keys() & books.contacts.rows.keys()
            documents = list(books.invoices)
        for customer in customers:
            one = books.contacts.rows[customer]
            self._put(customer, {**ledger.standing(customer), "email": one.email, **dict.fromkeys(_NAMES, one.name)})
        for each in documents:
            for deal in [word[3:] for word in each.reference.split() if word.startswith("HS-")]:
                self._put(f"deal {deal}", ledger.invoice(each.id, deal))

    def carries(self, record: str, customer: str) -> None:
        """Note whose record one is."""
        mine = self._whose.setdefault(record, [])
        if customer not in mine:
            mine.append(customer)

    def look(self, portal: Portal) -> None:
        """Note whose all records are."""
        for kind in ("companies", "contacts"):
            shelf = portal.shelf(kind)
            for record in [*shelf.live.values(), *shelf.archived.values()]:
                for past in reversed(record.past("xero_contact_id")):
                    self.carries(record.id, past.value)

    def judge(self, lines: str) -> tuple[int, int, list[str]]:
        """Count the records in all writes that left, and those that had to be; list figures that were never true.

        A write had to be if it told something new that was true at some moment, and no record needs more of them than
        what it must show became another.
        """
        known: dict[str, dict[str, str]] = {}
        needed: Counter[tuple[str, tuple[str, ...]]] = Counter()
        again: Counter[str] = Counter()
        sent, lies = 0, []
        for line in lines.splitlines():
            kind, _, body = line.partition(" ")
            for given in json.loads(body)["inputs"]:
                values: dict[str, str] = given["properties"]
                key, subjects = self._of(kind, given.get("id", ""), values)
                sent += 1
                last = known.setdefault(f"{kind} {key}", self._made_with(known, kind, subjects))
                if false := {
                    name: value for name, value in values.items() if not self._was_true(subjects, name, value)
                }:
                    lies.append(f"{kind} {key} of {subjects}: {false}")
                elif any(last.get(name) != value for name, value in values.items()):
                    needed[f"{kind} {key}", tuple(subjects)] += 1
                else:
                    again[key] += 1
                last |= values
        news = sum(min(times, sum(self.changes[one] for one in subjects)) for (_, subjects), times in needed.items())
        return sent, news + sum(min(times, self.forced[key]) for key, times in again.items()), lies

    def _of(self, kind: str, record: str, values: Values) -> tuple[str, list[str]]:
        if kind == "deals":
            return record, [f"deal {record}"]
        customer = values.get("xero_contact_id", "")
        if not record:
            return customer or values.get("email", ""), [customer] if customer else []
        if customer:
            self.carries(record, customer)
        return record, self._whose.get(record, [])

    def _made_with(self, known: Mapping[str, dict[str, str]], kind: str, subjects: list[str]) -> dict[str, str]:
        return dict(known.get(f"{kind} {subjects[0]}", {})) if subjects else {}

    def _was_true(self, subjects: Iterable[str], name: str, value: str) -> bool:
        """Tell whether a figure, name or email was right at some moment; of others the books know nothing."""
        said = [self._true[one][name] for one in subjects if name in self._true.get(one, {})]
        return not said or any(value in some for some in said)

    def _put(self, subject: str, values: Values) -> None:
        if self._now.get(subject) != values:
            self._now[subject] = values
            self.changes[subject] += 1
            true = self._true.setdefault(subject, {})
            for name, value in values.items():
                true.setdefault(name, {""} if name == "email" else set()).add(value)
