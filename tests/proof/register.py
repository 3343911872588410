"""Say which records each customer must have in HubSpot, and what a person must be asked: an oracle that shares no code.

People write down here what they did. The definitions are those of docs/matching.md; what only a race decides is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.records import Record
from ledgerloop_sandbox.xero.organisation import Organisation
from ledgerloop_sandbox.xero.records import Contact

KINDS = ("companies", "contacts")
_TWICE = 2

Must = Literal["one", "none", "open", "double", "merged away", "gone twice"]
"""What there is of a kind: ``one`` record; ``none``; one or none, as a race decides; that of a customer who was merged
in Xero into one who has a record as well; none, because it was merged in HubSpot or deleted twice."""


class Played(Protocol):
    """Customers and records that another author speaks for."""

    @property
    def parts(self) -> Mapping[str, object]: ...  # noqa: D102

    @property
    def records(self) -> Mapping[tuple[str, str], str]: ...  # noqa: D102


@dataclass(slots=True)
class Place:
    """What a customer must have of one kind."""

    must: Must
    deleted: int = 0
    into: str = ""
    """The record into which its own was merged."""
    heir: bool = False
    """Whether it may have taken a record that was gone by then: what is asked may be about that one."""


class Register:
    """Know every customer's two places."""

    def __init__(self, others: Iterable[str]) -> None:
        self._others = set(others)
        """Customers who were there before, of whom those have records whose invoices people touched."""
        self.places: dict[tuple[str, str], Place] = {}
        self.strangers: dict[str, list[str]] = {kind: [] for kind in KINDS}
        """Records that people made and that are nobody's customer."""
        self._let_go: list[str] = []
        """Contacts that are strangers once all was quiet."""
        self._given: set[str] = set()
        """Contacts of customers merged in Xero into one whose own was merged away: that one keeps it until its email in
        Xero is nobody else's, and has a contact of that person then."""
        self.moved: set[str] = set()
        """Customers that must be looked at before all is said: HubSpot may not have told what happened to them."""
        self._heir: dict[str, str] = {}
        """By customer: into whom it was merged in Xero."""
        self.resting: set[str] = set()
        """Customers to whom nothing more happens until all was quiet, since the outcome would be a matter of luck."""

    def must(self, customer: str, kind: str) -> Must:
        """Return what there must be; a customer whom Ledgerloop made has both."""
        if (customer, kind) in self.places:
            return self.places[customer, kind].must
        return "open" if customer in self._others else "one"

    def heir(self, customer: str) -> str:
        """Return who a customer is, after all merges in Xero."""
        while customer in self._heir:
            customer = self._heir[customer]
        return customer

    def doubles(self, heir: str, kind: str) -> list[str]:
        """List the customers merged into this one in Xero that still have a record of their own."""
        return [
            customer
            for (customer, which), place in self.places.items()
            if which == kind and place.must == "double" and self.heir(customer) == heir
        ]

    # --- what people did ---

    def met(self, customer: str, *, has_email: bool) -> None:
        """Note a new customer."""
        self.places[customer, "companies"] = Place("one")
        self.places[customer, "contacts"] = Place("one" if has_email else "none")

    def reachable(self, customer: str) -> None:
        """Note that a customer has an email now."""
        place = self.places[customer, "contacts"]
        if place.must == "none":
            place.must = "merged away" if place.into else self._again(place)

    def deleted(self, customer: str, kind: str, *, named: bool, active: bool) -> None:
        """Note that a customer's record was deleted in HubSpot: it is made once more, and not a third time.

        ``named`` tells whether Xero has what a record of the kind needs, for a contact an email.
        """
        place = self.places[customer, kind]
        place.deleted, place.into = place.deleted + 1, ""
        if not self._takes_double(customer, kind):
            place.must = "none" if not named else self._again(place) if active else "open"
        self.moved.add(customer)

    def merged_records(self, loser: str, winner: str, kind: str, into: str, *, named: bool) -> None:
        """Note that the records of two customers were merged in HubSpot: the one whose record is gone asks."""
        place = self.places[loser, kind]
        if not self._takes_double(loser, kind):
            place.must, place.into = "merged away" if named else "none", into
        self._rest(loser, winner)

    def survivor_gone(self, customer: str, kind: str, *, active: bool) -> None:
        """Note that the record into which a customer's was merged was deleted: the customer gets its own again."""
        place = self.places[customer, kind]
        place.into = ""
        if place.must == "merged away":
            place.must = self._again(place) if active else "open"
        self._rest(customer)

    def merged_stranger(self, customer: str) -> None:
        """Note that a customer's record was merged in HubSpot with one that was nobody's: it still has one."""
        self._rest(customer)

    def merged_customers(self, loser: str, winner: str, contact: str) -> None:
        """Note a merge in Xero: the winner takes the records that it lacks; where both have a company, the loser asks.

        Their contacts are two people, who stay two: the loser's ``contact`` is nobody's from then on.
        """
        self._heir[loser] = winner
        for kind in KINDS:
            mine, theirs = self.places[loser, kind], self.places[winner, kind]
            if mine.must == "one" and theirs.must == "one":
                mine.must = "double" if kind == "companies" else "none"
                self._let_go += [contact] if kind == "contacts" else []
                continue
            if mine.must == "one":
                if kind == "contacts" and theirs.must == "merged away":
                    self._given.add(contact)
                theirs.must = "one"
            theirs.heir = theirs.heir or mine.deleted > 0
            mine.must = "none"
        self._rest(loser, winner)

    def merged_doubles(self, loser: str, winner: str, kind: str) -> None:
        """Note that a person did as told, and merged the records of customers that are one in Xero."""
        self.places[loser, kind].must = "none"
        self._rest(loser, winner)

    def archived(self, customer: str, without: str) -> None:
        """Note that a customer was archived in Xero before it had a record of these kinds, which it may get or not."""
        for kind in without.split():
            if self.must(customer, kind) == "one":
                self.places[customer, kind].must = "open"
        self.moved.add(customer)

    def active_again(self, customer: str) -> None:
        """Note that a customer was taken out of the archive in Xero."""
        for kind in KINDS:
            place = self.places[customer, kind]
            if place.must == "open":
                place.must = self._again(place)
        self.moved.add(customer)

    def to_look_at(self, books: Organisation) -> Iterator[str]:
        """Name the customers to be looked at, as far as they can be billed."""
        asking = {customer for (customer, _), place in self.places.items() if place.must in ("merged away",)}
        for customer in sorted(self.moved | asking):
            if books.contacts.rows[customer].status == "ACTIVE":
                yield customer

    def quiet(self) -> None:
        """Note that everything has been looked at."""
        self.moved.clear()
        self.resting.clear()
        self.strangers["contacts"] += self._let_go
        self._let_go.clear()

    def _takes_double(self, customer: str, kind: str) -> bool:
        """Tell whether a customer that loses its record has another, of somebody who was merged into it."""
        for other in self.doubles(customer, kind):
            self.places[other, kind].must = "none"
            self.places[customer, kind].must = "one"
            self._rest(customer)
            return True
        return False

    def _again(self, place: Place) -> Must:
        return "one" if place.deleted < _TWICE else "gone twice"

    def _rest(self, *customers: str) -> None:
        self.moved.update(customers)
        self.resting.update(customers)

    # --- what must be ---

    def wrong(
        self, books: Organisation, portal: Portal, born: int, holds: Mapping[str, str], played: Played
    ) -> list[str]:
        """Say which records are too many or lacking, which questions are not asked, and which are asked for nothing.

        ``born`` is the id after which records are of our time; ``holds`` are the sentences by subject. Of whom is
        ``played`` the author says all that there is to say.
        """
        found: list[str] = []
        asked: dict[str, list[str]] = {one.id: [] for one in books.contacts if one.id not in played.parts}
        for kind in KINDS:
            carrying = carried(portal, kind)
            for one in (each for each in books.contacts if each.id in asked):
                here = [record.id for record in carrying.get(one.id, ())]
                least, most, ask = self._wanted(one, kind, portal, here)
                asked[one.id] += ask
                if not least <= len(here) <= most:
                    must, said = self.must(one.id, kind), holds.get(f"customer {one.id}")
                    found.append(
                        f"{one.name} {one.id} ({must}) has the {kind} {here}, not {least} to {most}; held: {said}"
                    )
            expected = {
                *self.strangers[kind],
                *self._let_go,
                *self._given,
                *(record.id for some in carrying.values() for record in some),
            }
            found += [
                f"{kind} {record.id} is nobody's: {record.properties}"
                for record in list(portal.shelf(kind).live.values())
                if int(record.id) > born
                and record.id not in expected
                and (kind, record.id) not in played.records
                and record.properties.get("email") not in _people(books)
            ]
        taken = _emails_taken(portal, books)
        unseen = _archived_unseen(portal, books)
        for customer, words in asked.items():
            said = holds.get(f"customer {customer}", "")
            if said and not words and (holder := taken.get(f"customer {customer}")) and holder in said:
                continue  # Xero names another person than its contact, and that person's contact is another customer's
            if not words and customer in unseen and "which no HubSpot record shows any more" in said:
                continue  # a race may decide whether it had a record before it was archived
            if bool(words) is not bool(said) or any(word not in said for word in words):
                found.append(f"{customer} is to be asked about {words}, and is asked {said!r}")
        subjects = {f"customer {customer}" for customer in asked} | taken.keys()
        found += [f"held for nothing: {subject}: {said}" for subject, said in holds.items() if subject not in subjects]
        return found

    def _wanted(self, one: Contact, kind: str, portal: Portal, here: list[str]) -> tuple[int, int, list[str]]:
        """Return how many records there must be at least and at most, and what the question must name."""
        must = self.must(one.id, kind)
        place = self.places.get((one.id, kind))
        if must == "one" and kind == "contacts" and not here and _of_another(one, portal):
            return 0, 0, ["its own"]  # its first contact was merged into that one, and a later one is gone
        if must == "one" and kind == "contacts" and not here and _at_another(one, portal):
            return 0, 0, ["which is another firm"]  # its domain went there with its company, which people merged
        if must == "one":
            return 1, 1, []
        if must == "double":
            return 1, 1, here
        if one.status == "ARCHIVED" or place is None:
            return 0, int(must == "open"), []
        if must == "gone twice":
            return 0, 0, ["a third time"]
        if must == "merged away" and place.heir and here:
            return 1, 1, []  # what it inherited was deleted last, and is made anew
        if must == "merged away":
            return 0, 0, ["" if place.heir else record.id for record in [portal.shelf(kind).find(place.into)] if record]
        return 0, int(must == "open"), []


def carried(portal: Portal, kind: str) -> dict[str, list[Record]]:
    """Return the live records by the customer whose Xero id they carry."""
    found: dict[str, list[Record]] = {}
    for record in list(portal.shelf(kind).live.values()):
        if customer := record.properties.get("xero_contact_id"):
            found.setdefault(customer, []).append(record)
    return found


def _of_another(one: Contact, portal: Portal) -> bool:
    """Tell whether a customer's email is that of a contact that is another customer."""
    holder = portal.contacts.find_by("email", one.email) if one.email else None
    return holder is not None and holder.properties.get("xero_contact_id", "") not in ("", one.id)


def _at_another(one: Contact, portal: Portal) -> bool:
    """Tell whether a customer's email has the domain of a company that is another customer."""
    domain = one.email.rpartition("@")[2]
    return bool(domain) and any(
        domain in (each.properties.get("domain"), *(each.properties.get("hs_additional_domains") or "").split(";"))
        and each.properties.get("xero_contact_id") not in (None, "", one.id)
        for each in list(portal.shelf("companies").live.values())
    )


def _archived_unseen(portal: Portal, books: Organisation) -> set[str]:
    """Return the archived customers on whom something is open that no record shows."""
    owing = {one.contact_id for one in books.invoices if one.status == "AUTHORISED" and one.amount_due > 0}
    shown = {customer for kind in KINDS for customer in carried(portal, kind)}
    return {one.id for one in books.contacts if one.status == "ARCHIVED" and one.id in owing - shown}


def _people(books: Organisation) -> set[str]:
    """Return the emails of customers' further people, each of whom has a contact that carries no id."""
    return {str(person["EmailAddress"]) for one in books.contacts for person in one.persons}


def _emails_taken(portal: Portal, books: Organisation) -> dict[str, str]:
    """Return the contact that has a customer's email in Xero where the customer's own is another one, as a merge in
    HubSpot may leave it; by the customer and by its own contact, of which either may be asked about.
    """
    found: dict[str, str] = {}
    for customer, records in carried(portal, "contacts").items():
        if customer not in books.contacts.rows:
            continue  # it is the other organisation's
        holder = portal.contacts.find_by("email", books.contacts.rows[customer].email)
        for record in records:
            if holder is not None and holder is not record:
                found |= {f"hubspot contact {record.id}": holder.id, f"customer {customer}": holder.id}
    return found
