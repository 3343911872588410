"""Say who is who because whoever wrote the scene knows it: an oracle that shares no rule with the product.

For each customer the author says which HubSpot record is its own, that one must be made, that there may be none, or
that a person must be asked. Matching is not done here: nothing compares a name, an email or a domain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from register import KINDS, carried

from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.records import Record
from ledgerloop_sandbox.xero.organisation import Organisation

OWN, NONE, OPEN, ASK = "own", "none", "open", "ask"
"""What a half of a customer is where it is no record that the author made: one of its own; none; one of its own or
none, while a question about the other half waits. Who pays for a deal may be a question."""
_CALLED = ("name", "domain", "email", "firstname", "lastname")


@dataclass(slots=True)
class Answer:
    """What a person may do about a question: it must be offered in these words, and then it is done as they say."""

    words: str
    act: Callable[[], None]


@dataclass(slots=True)
class Asked:
    """A question that is due, and what it must say."""

    words: tuple[str, ...] = ()
    answers: list[Answer] = field(default_factory=list)


@dataclass(slots=True)
class Part:
    """A Xero contact, and what the author knows of it."""

    plot: str
    customer: str
    organisation: str
    company: str
    """The HubSpot record's id, or one of the words above."""
    contact: str
    asked: Asked | None = None
    person: str = ""
    """A contact that will do as well as one of its own: it buys for the firm."""
    pays: bool = True
    """Whether people may bill it; who is no customer yet is not billed by chance."""

    def half(self, kind: str) -> str:
        """Return what the author says of its records of a kind."""
        return self.company if kind == "companies" else self.contact

    def will_do(self, kind: str, record: str) -> bool:
        """Tell whether a record of somebody at the firm stands for it."""
        return kind == "contacts" and self.contact == OWN and record == self.person


@dataclass(slots=True)
class Sale:
    """A won deal, and who pays."""

    plot: str
    deal: str
    company: str
    """The deal's own company and contact; empty where it has none."""
    contact: str
    payer: str
    """A Xero contact's id, OWN where one must be made, or ASK."""
    asked: Asked | None = None


class Author:
    """Know everybody who is played, and which records the scenes were begun with."""

    def __init__(self) -> None:
        self.parts: dict[str, Part] = {}
        self.sales: dict[str, Sale] = {}
        self.tokens: dict[str, str] = {}
        """By the word that no other scene has in its names and addresses: the scene."""
        self.records: dict[tuple[str, str], str] = {}
        """Records that people made, and the customer each is; empty where it is none."""
        self.surely: set[str] = set()
        """Customers who must be looked at once more, since HubSpot may not have told what happened to their records."""

    def subjects(self) -> set[str]:
        """Return the subjects of the questions that are the author's to judge."""
        return {f"customer {one}" for one in self.parts} | {f"deal {one}" for one in self.sales}

    def questions(self) -> Iterator[tuple[str, Asked]]:
        """Name what is to be asked, by subject."""
        for part in self.parts.values():
            if part.asked:
                yield f"customer {part.customer}", part.asked
        for sale in self.sales.values():
            if sale.asked:
                yield f"deal {sale.deal}", sale.asked

    # --- what must be ---

    def wrong(self, all_books: Iterable[Organisation], portal: Portal, holds: Mapping[str, str]) -> list[str]:
        """Compare both systems and what is asked with what the author says."""
        books = {one.tenant_id: one for one in all_books}
        found = [line for sale in self.sales.values() for line in self._sale(sale, books, portal)]
        for kind in KINDS:
            carrying = carried(portal, kind)
            for part in self.parts.values():
                here = [record.id for record in carrying.get(part.customer, ())]
                found += [f"{part.plot}: {self._about(part, books)} {line}" for line in self._half(part, kind, here)]
            found += self._too_many(kind, portal, carrying)
        found += self._made_twice(books)
        due = dict(self.questions())
        for subject in sorted(self.subjects()):
            found += self._question(subject, due.get(subject), holds.get(subject, ""))
        return found

    def _half(self, part: Part, kind: str, here: list[str]) -> Iterator[str]:
        half = part.half(kind)
        for record in here:
            whose = self.records.get((kind, record))
            if record != half and whose not in (None, part.customer) and not part.will_do(kind, record):
                yield f"is shown on the {kind} {record}, which is somebody else"
        if half.isdecimal() and here != [half]:
            yield f"has the {kind} {here}, and is {half}"
        elif half == OWN and len(here) != 1:
            yield f"has the {kind} {here}, and must have one of its own"
        elif (half in (NONE, ASK) and here) or (half == OPEN and len(here) > 1):
            yield f"has the {kind} {here}, and may have none"

    def _too_many(self, kind: str, portal: Portal, carrying: Mapping[str, list[Record]]) -> Iterator[str]:
        """Name the records of our scenes that no person made and no customer is."""
        mine = {record.id for part in self.parts for record in carrying.get(part, ())}
        for record in list(portal.shelf(kind).live.values()):
            whole = " ".join(str(record.properties.get(name) or "") for name in _CALLED).lower()
            if (kind, record.id) in self.records or record.id in mine:
                continue
            yield from (
                f"{plot}: {kind} {record.id} ({whole.strip()}) is there once too often"
                for token, plot in self.tokens.items()
                if token in whole
            )

    def _made_twice(self, books: Mapping[str, Organisation]) -> Iterator[str]:
        for one in books.values():
            for contact in one.contacts:
                for token, plot in self.tokens.items():
                    if token in contact.name.lower() and contact.id not in self.parts:
                        yield f"{plot}: “{contact.name}” ({contact.id}) was made in Xero, and should not be there"

    def _sale(self, sale: Sale, books: Mapping[str, Organisation], portal: Portal) -> Iterator[str]:
        """Say whether the right one was billed; who had to be made is one of the parts from now on."""
        made = [
            (one, id_)
            for id_, each in books.items()
            for one in each.invoices
            if f"HS-{sale.deal}" in one.reference.split()
        ]
        if sale.payer == ASK:
            if made:
                billed = made[0][0].contact_id
                yield f"{sale.plot}: deal {sale.deal} was invoiced to {billed}, and had to be asked about"
            return
        if len(made) != 1:
            yield f"{sale.plot}: deal {sale.deal} has {len(made)} invoices"
            return
        invoice, organisation = made[0]
        if sale.payer == OWN and invoice.contact_id in self.parts:
            yield f"{sale.plot}: deal {sale.deal} was invoiced to {invoice.contact_id}, which is somebody else"
        elif sale.payer == OWN:
            sale.payer = invoice.contact_id
            self.parts[sale.payer] = Part(
                sale.plot, sale.payer, organisation, sale.company or NONE, sale.contact or NONE
            )
            for kind, record in zip(KINDS, (sale.company, sale.contact), strict=True):
                if record:
                    self.records[kind, record] = sale.payer
        elif invoice.contact_id != sale.payer:
            yield f"{sale.plot}: deal {sale.deal} was invoiced to {invoice.contact_id}, and {sale.payer} pays"

    def _question(self, subject: str, due: Asked | None, said: str) -> Iterator[str]:
        if due is None and said:
            yield f"{self._plot(subject)}: {subject} is held for nothing: {said}"
        elif due is not None and not said:
            yield f"{self._plot(subject)}: {subject} had to be asked about"
        elif due is not None:
            missing = [word for word in due.words if word not in said]
            if missing:
                yield f"{self._plot(subject)}: {subject} is not told {missing}: {said}"
            if due.answers and not any(one.words in said for one in due.answers):
                offered = [one.words for one in due.answers]
                yield f"{self._plot(subject)}: {subject} is offered none of {offered}: {said}"

    def _plot(self, subject: str) -> str:
        kind, _, key = subject.partition(" ")
        return self.sales[key].plot if kind == "deal" else self.parts[key].plot

    def _about(self, part: Part, books: Mapping[str, Organisation]) -> str:
        return f"“{books[part.organisation].contacts.rows[part.customer].name}” ({part.customer})"
