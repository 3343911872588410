"""Merge, archive, delete, rename and readdress customers on both sides, as people do, and have it written down.

A person who acts in HubSpot looks at the record first: it is there, and it is the customer's. Nothing more happens to
a customer whose fate the next look at everything decides.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator

from agreed import EMAIL, NAME, UNITS, Agreed
from crm import Customers
from register import KINDS, Register
from served import Served
from truths import Truths

from ledgerloop.records import LinkKind
from ledgerloop.store import last_compared
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.xero.organisation import Organisation

_MOST = 20
_SEVERAL = 2
"""Which of several doubles takes the place of a lost record is a matter of luck."""
_ONE: dict[str, LinkKind] = {"companies": "company", "contacts": "contact"}


class Movers:
    """Know who was met, and what happened to them."""

    def __init__(self, scene: Served, register: Register, agreed: Agreed, truths: Truths, dice: random.Random) -> None:
        self.scene, self.dice = scene, dice
        self.register, self.agreed, self.truths = register, agreed, truths
        self.books: Organisation = scene.sandbox.xero.books.organisations[scene.on.organisation]
        self.portal: Portal = scene.sandbox.hubspot.portal
        self.customers: list[str] = []
        self.diary: list[str] = []
        """What was done to whom, to be read when something is wrong."""
        self.acts: list[tuple[int, Callable[[], object]]] = [
            (2, self.meet_whom_hubspot_knows),
            (1, self.make_stranger),
            (4, self.rename),
            (4, self.readdress),
            (4, self.edit_company),
            (4, self.edit_contact),
            (3, self.archive),
            (3, self.take_out_of_archive),
            (5, self.delete),
            (4, self.merge_customers),
            (5, self.merge_records),
            (4, self.merge_with_stranger),
            (4, self.merge_doubles),
        ]
        self._crm = Customers(scene)
        self._not_found: set[str] = set()
        """Customers whom HubSpot knows by what they are called now: it must stay so until they are found there."""
        self._number = 0

    # --- meeting ---

    def meet(self) -> None:
        """Make a customer; most have an email."""
        number = self._next()
        email = _email(number) if self.dice.random() < 0.8 else ""
        self._met(self.scene.customer(f"Random {number} Ltd", email), f"Random {number} Ltd", email)

    def meet_whom_hubspot_knows(self) -> None:
        """Make a customer whose company and contact are in HubSpot already."""
        number = self._next()
        name, email = f"Known {number} Ltd", _email(number)
        self.scene.make("companies", name=name, domain=email.partition("@")[2])
        self.scene.make("contacts", email=email, lastname=f"Known {number}")
        customer = self.scene.customer(name, email)
        self._met(customer, name, email)
        self.agreed.known_in_hubspot(customer, NAME, name)
        self.agreed.known_in_hubspot(customer, EMAIL, email)
        self._not_found.add(customer)

    def make_stranger(self) -> None:
        """Make a company and a contact in HubSpot that are nobody's customer."""
        number = self._next()
        self.register.strangers["companies"].append(self.scene.make("companies", name=f"Stranger {number}"))
        self.register.strangers["contacts"].append(self.scene.make("contacts", email=_email(number)))

    # --- editing ---

    def rename(self) -> None:
        """Give a customer another name in Xero."""
        customer, name = self._active(), f"Renamed {self._next()} Ltd"
        self._crm.change(customer, Name=name)
        self.diary.append(f"renamed {customer} {name}")
        self.agreed.in_xero(customer, NAME, name)

    def readdress(self) -> None:
        """Give a customer another email in Xero, or its first."""
        customer, email = self._active(), _email(self._next())
        self._crm.change(customer, EmailAddress=email)
        self.diary.append(f"readdressed {customer} {email}")
        self.agreed.in_xero(customer, EMAIL, email)
        self.register.reachable(customer)

    def edit_company(self) -> None:
        """Give a company another name in HubSpot."""
        customer, record = self._with_record("companies")
        name = f"Edited {self._next()} Ltd"
        self.scene.edit("companies", record, name=name)
        self.diary.append(f"edited company {record} of {customer} {name}")
        self.agreed.in_hubspot(customer, NAME, name)
        self.truths.forced[record] += self.agreed.both

    def edit_contact(self) -> None:
        """Give a contact another email in HubSpot."""
        customer, record = self._with_record("contacts")
        email = _email(self._next())
        self.scene.edit("contacts", record, email=email)
        self.diary.append(f"edited contact {record} of {customer} {email}")
        self.agreed.in_hubspot(customer, EMAIL, email)
        self.truths.forced[record] += self.agreed.both

    # --- moving in Xero ---

    def archive(self) -> None:
        """Archive a customer in Xero."""
        customer = self._active()
        without = [kind for kind in KINDS if not self._record(customer, kind)]
        self._crm.change(customer, ContactStatus="ARCHIVED")
        self.diary.append(f"archived {customer}, without {without}")
        self.register.archived(customer, " ".join(without))
        self.agreed.forget(customer)

    def take_out_of_archive(self) -> None:
        """Make an archived customer active again."""
        customer = self.dice.choice([one for one in self.customers if self._status(one) == "ARCHIVED"])
        self._crm.change(customer, ContactStatus="ACTIVE")
        self.diary.append(f"took out of the archive {customer}")
        self.register.active_again(customer)

    def merge_customers(self) -> None:
        """Merge a customer into another in Xero."""
        loser, winner = self._complete(), self._complete()
        given = [kind for kind in KINDS if self._has(loser, kind) and not self._has(winner, kind)]
        if loser == winner or any(self.register.doubles(loser, kind) for kind in given):
            raise LookupError
        contact = self._record(loser, "contacts")
        if contact and (list(self._merged_into(contact, "contacts")) or self._has_email_of_another(contact, loser)):
            raise LookupError  # it is let go, and which of them it is then, with whose values, is a matter of luck
        for kind in KINDS:
            self.truths.carries(self._record(loser, kind), winner)
        self._crm.merge_in_xero(loser, winner)
        self.diary.append(f"merged in Xero {loser} into {winner}")
        self.register.merged_customers(loser, winner, contact)
        self.truths.forced[contact] += 1
        self.truths.note((loser, winner))
        for one in (loser, winner) if given else (loser,):
            self.agreed.forget(one)
        self.customers.remove(loser)

    # --- moving in HubSpot ---

    def delete(self) -> None:
        """Delete a customer's record in HubSpot."""
        kind = self.dice.choice(KINDS)
        customer, record = self._with_record(kind, archived_too=True)
        asking = list(self._merged_into(record, kind))
        if self.register.resting.intersection(asking):
            raise LookupError
        self._made_anew(asking, kind)
        self._crm.delete(kind, record)
        self.diary.append(f"deleted {kind} {record} of {customer}")
        if self.register.doubles(customer, kind):
            self.agreed.forget(customer)
        else:
            self.agreed.made_anew(customer, kind, self.books.contacts.rows[customer])
        self.register.deleted(
            customer, kind, named=self._named(customer, kind), active=self._status(customer) == "ACTIVE"
        )
        self.truths.forced[customer] += 1

    def merge_records(self) -> None:
        """Merge the records of two customers in HubSpot."""
        kind = self.dice.choice(KINDS)
        loser, gone = self._with_record(kind, archived_too=True)
        winner, stays = self._with_record(kind)
        if loser == winner:
            raise LookupError
        self._merge(kind, gone, stays)
        self.diary.append(f"of {loser} into that of {winner}")
        if self.register.doubles(loser, kind):
            self.agreed.forget(loser)
        self.register.merged_records(loser, winner, kind, stays, named=self._named(loser, kind))

    def merge_with_stranger(self) -> None:
        """Merge a customer's record in HubSpot with one that is nobody's, either way."""
        kind = self.dice.choice(KINDS)
        customer, record = self._with_record(kind)
        stranger = self.dice.choice(self.register.strangers[kind])
        self.diary.append(f"{customer} and a stranger")
        names = [self.portal.shelf(kind).live[one].properties.get("lastname") for one in (record, stranger)]
        if self.dice.random() < 0.5:
            self._merge(kind, stranger, record)
        else:
            self._merge(kind, record, stranger)
            self.truths.carries(stranger, customer)
            if all(names) and names[0] != names[1]:
                self.agreed.another_person(customer)
            for unit in (unit for unit in UNITS if unit[0] == kind):
                value = self.portal.shelf(kind).live[stranger].properties.get(unit[1], "")
                self.agreed.in_hubspot(customer, unit, value)
        self.register.strangers[kind].remove(stranger)
        self.register.merged_stranger(customer)

    def merge_doubles(self) -> None:
        """Do as a question says: merge the records of two customers that are one in Xero, either way."""
        doubles = [key for key, place in self.register.places.items() if place.must == "double"]
        loser, kind = self.dice.choice(doubles)
        winner = self.register.heir(loser)
        ours, theirs = self._carrying(loser, kind), self._record(winner, kind)
        if not ours or not theirs or loser in self.register.resting:
            raise LookupError
        if len(self.register.doubles(winner, kind)) < _SEVERAL and self.dice.random() < 0.5:
            ours, theirs = theirs, ours
        self._merge(kind, ours, theirs)
        self.truths.carries(theirs, winner)
        self.diary.append(f"of {loser}, which is {winner}")
        self.register.merged_doubles(loser, winner, kind)
        self.agreed.forget(winner)

    # --- finding somebody ---

    def _some(self) -> list[str]:
        """Look through some of the customers, as a person scrolls through a list."""
        return self.dice.sample(self.customers, min(_MOST, len(self.customers)))

    def _active(self) -> str:
        for customer in self._some():
            if self._may_move(customer):
                return customer
        raise LookupError

    def _complete(self) -> str:
        """Choose an active customer that has all the records it must have."""
        for customer in self._some():
            if self._may_move(customer) and all(
                self._record(customer, kind) for kind in KINDS if self._has(customer, kind)
            ):
                return customer
        raise LookupError

    def _with_record(self, kind: str, *, archived_too: bool = False) -> tuple[str, str]:
        """Choose a customer with a record."""
        for customer in self._some():
            record = self._record(customer, kind)
            settled = len(self.register.doubles(customer, kind)) < _SEVERAL
            if record and settled and (archived_too or self._status(customer) == "ACTIVE"):
                return customer, record
        raise LookupError

    def _record(self, customer: str, kind: str) -> str:
        """Return the customer's record, carrying its id, linked and compared; empty where none is all of that."""
        record = self._carrying(customer, kind)
        settled = customer not in self.register.resting and self._crm.record(customer, _ONE[kind]) == record
        with self.scene.built.database.reading() as tx:
            settled = settled and customer in last_compared.get(tx, self.scene.on.organisation, _ONE[kind], [customer])
        if settled:
            self.truths.carries(record, customer)
        return record if settled else ""

    def _carrying(self, customer: str, kind: str) -> str:
        found = self.portal.shelf(kind).find_by("xero_contact_id", customer)
        return found.id if found else ""

    def _may_move(self, customer: str) -> bool:
        """Tell whether a customer is active, found, and not resting."""
        if customer in self._not_found and all(self._record(customer, kind) for kind in KINDS):
            self._not_found.remove(customer)
        free = customer not in self._not_found | self.register.resting
        return free and self._status(customer) == "ACTIVE"

    def _has(self, customer: str, kind: str) -> bool:
        return self.register.must(customer, kind) == "one"

    def _named(self, customer: str, kind: str) -> bool:
        return kind == "companies" or bool(self.books.contacts.rows[customer].email)

    def _status(self, customer: str) -> str:
        return self.books.contacts.rows[customer].status

    def _met(self, customer: str, name: str, email: str) -> None:
        self.scene.invoice_for(customer, "7.00")  # who owes nothing is nobody's customer yet
        self.customers.append(customer)
        self.register.met(customer, has_email=bool(email))
        self.diary.append(f"met {customer} {name} {email}")
        self.agreed.in_xero(customer, NAME, name)
        if email:
            self.agreed.in_xero(customer, EMAIL, email)

    def _merged_into(self, record: str, kind: str) -> Iterator[str]:
        """Name the customers whose record was merged into this one."""
        for (customer, which), place in self.register.places.items():
            if which == kind and place.into:
                survivor = self.portal.shelf(kind).find(place.into)
                if survivor is not None and survivor.id == record:
                    yield customer

    def _has_email_of_another(self, contact: str, customer: str) -> bool:
        """Tell whether one of a contact's addresses is another customer's, as a merge in HubSpot leaves it."""
        holders = [
            self.portal.contacts.find_by("email", one.email) for one in self.books.contacts if one.id != customer
        ]
        return any(holder is not None and holder.id == contact for holder in holders)

    def _made_anew(self, customers: Iterable[str], kind: str) -> None:
        """Note whose record is made anew because the one that it was merged into goes."""
        for customer in customers:
            if self.register.must(customer, kind) == "merged away":
                self.agreed.made_anew(customer, kind, self.books.contacts.rows[customer])
            self.register.survivor_gone(customer, kind, active=self._status(customer) == "ACTIVE")

    def _merge(self, kind: str, gone: str, stays: str) -> None:
        self._crm.merge(kind, gone, stays)
        self.diary.append(f"merged {kind} {gone} into {stays}")
        self.truths.forced[stays] += 1

    def _next(self) -> int:
        self._number += 1
        return self._number


def _email(number: int) -> str:
    return f"kim@customer{number}.co.nz"
