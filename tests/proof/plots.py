"""Play scenes of people who are hard to tell apart, each with its author's word on who is who.

Namesakes, bookkeepers, branches, shared addresses, customers archived and begun anew, private persons, suppliers,
payees, erased people, deals of firms that stand in Xero under another name, and one firm in two organisations.
A question is answered by doing what its sentence says; what the author knows then is what must be.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from answering import Terminal
from author import ASK, NONE, OPEN, OWN, Answer, Asked, Author, Part, Sale
from crm import Customers
from register import KINDS, carried
from scene import OBJECTS, Scene
from served import Served

from ledgerloop.cli.stage import NotAsTold
from ledgerloop.errors import LedgerloopError
from ledgerloop.store import last_compared, links
from ledgerloop_sandbox.xero.organisation import Organisation

_CONSONANTS, _VOWELS = "bdfghklmnprstvz", "aeiou"
_SYLLABLES = [one + two for one in _CONSONANTS for two in _VOWELS]


@dataclass(slots=True)
class Later:
    """What happens in a scene once these customers are shown as they must be."""

    parts: tuple[Part, ...]
    act: Callable[[], None]


class Plots:
    """Begin scenes, go on with them, bill their people and answer what is asked about them."""

    def __init__(
        self, scene: Served, author: Author, organisations: Sequence[str], dice: random.Random, *, both: bool
    ) -> None:
        self.scene, self.author, self.dice, self.both = scene, author, dice, both
        self.portal = scene.sandbox.hubspot.portal
        self.books: dict[str, Organisation] = {
            id_: scene.sandbox.xero.books.organisations[id_] for id_ in organisations
        }
        self.home, self.abroad = organisations
        self.diary: list[str] = []
        self.answered = 0
        self._in = {id_: Scene(replace(scene.on, organisation=id_)) for id_ in organisations}
        self._terminal = Terminal(scene)
        self._later: list[Later] = []
        self._plot = ""
        self._number = 0
        self._plots: list[Callable[[], None]] = [
            self.same_firm,
            self.namesakes_apart,
            self.namesake,
            self.similar_name,
            self.other_form_at_the_domain,
            self.two_firms,
            self.bookkeeper,
            self.branches,
            self.archived_and_begun_anew,
            self.private_person,
            self.two_of_one_name,
            self.payee,
            self.supplier_who_buys,
            self.erased,
            self.deal_of_a_namesake,
            self.deal_of_a_customer,
            self.deal_of_a_similar_name,
            self.deal_through_an_agent,
            self.one_firm_in_both_organisations,
            self.customer_of_the_other_organisation,
        ]
        dice.shuffle(self._plots)
        self.acts: list[tuple[int, Callable[[], object]]] = [
            (8, self.begin),
            (10, self.go_on),
            (10, self.bill_somebody),
            (8, self.pay_somebody),
            (3, self.answer),
        ]

    def left_alone(self) -> set[str]:
        """Return the customers whose money decides what their scene is about: it is moved by the scene alone."""
        return {one.customer for one in self.author.parts.values() if not one.pays}

    def unplayed(self) -> bool:
        """Tell whether there is a scene that was never played."""
        return self._number < len(self._plots)

    # --- what people do ---

    def begin(self) -> None:
        """Begin the next scene; all are played before one is played again."""
        act = self._plots.pop(0)
        self._plots.append(act)
        self._number += 1
        self._plot = f"{act.__name__} {self._number}"
        act()

    def go_on(self) -> None:
        """Go on with a scene, once its people are shown."""
        ready = [one for one in self._later if all(self._shown(part) for part in one.parts)]
        chosen = self.dice.choice(ready)
        self._plot = chosen.parts[0].plot
        self._later.remove(chosen)
        chosen.act()

    def bill_somebody(self) -> None:
        """Bill somebody who is hard to tell apart."""
        part = self.dice.choice([one for one in self.author.parts.values() if one.pays and self._active(one)])
        self._bill(part, f"{self.dice.randint(1, 99_999) / 100:.2f}")

    def pay_somebody(self) -> None:
        """Pay one of their invoices, in part or in full."""
        part = self.dice.choice([one for one in self.author.parts.values() if one.pays])
        due = [one for one in self._invoices(part) if one.amount_due > 0]
        invoice = self.dice.choice(due)
        amount = invoice.amount_due
        if self.dice.random() < 0.5:
            amount = (amount * self.dice.randint(1, 99) / 100).quantize(amount)
        self._in[part.organisation].pay(invoice.id, amount)

    def answer(self) -> None:
        """Do what a question says; a call of the answer may fail as any other, and is made again another time."""
        holds = self.scene.holds()
        subject, asked = self.dice.choice([(one, it) for one, it in self.author.questions() if one in holds])
        said = " ".join(holds[subject])
        chosen = self.dice.choice([one for one in asked.answers if one.words in said])
        try:
            chosen.act()
        except LedgerloopError as error:
            self.diary.append(f"{subject}: “{chosen.words}” was refused: {error}")
            raise NotAsTold(str(error)) from error
        self.answered += 1
        self.diary.append(f"{subject}: did as told: {chosen.words}")

    def answer_some(self) -> list[str]:
        """Answer about half of what is asked, while nothing fails; say which answers were refused."""
        refused: list[str] = []
        for _ in range((len(list(self.author.questions())) + 1) // 2):
            try:
                self.answer()
            except NotAsTold as error:
                refused.append(f"an answer was refused: {error}")
            except LookupError:
                break
        return refused

    def look_again(self) -> None:
        """Bill those of whose records HubSpot may not have told what happened."""
        for customer in sorted(self.author.surely):
            part = self.author.parts[customer]
            if self._active(part):
                self._bill(part, "1.00")
        self.author.surely.clear()

    # --- scenes of one firm, or two that are told apart ---

    def same_firm(self) -> None:
        """One firm on both sides, its legal form written otherwise."""
        t, d = self._token()
        company = self._company(f"{t} Joinery Ltd", f"{d}.co.nz")
        contact = self._contact(f"mere@{d}.co.nz", "Mere", company)
        self._part(f"{t} Joinery Limited", f"mere@{d}.co.nz", company, contact)

    def namesakes_apart(self) -> None:
        """Two firms of one name in each system, told apart by their domains."""
        t, d = self._token()
        # Where HubSpot's names go to Xero they must be unique, as names are there.
        first = self._company(f"{t} Foods Ltd" if self.both else f"{t} Foods", f"{d}.co.nz")
        second = self._company(f"{t} Foods Limited" if self.both else f"{t} Foods", f"{d}foods.com.au")
        parts = [
            (f"{t} Foods Ltd", f"ap@{d}.co.nz", first),
            (f"{t} Foods Limited", f"ap@{d}foods.com.au", second),
        ]
        self.dice.shuffle(parts)
        for name, email, company in parts:
            self._part(name, email, company, OWN)

    def two_firms(self) -> None:
        """A firm with another legal form and another domain is another firm."""
        t, d = self._token()
        self._company(f"{t} Systems Inc.", f"{d}.us")
        self._part(f"{t} Systems Pty Ltd", f"ar@{d}-systems.com.au", OWN, OWN)

    def private_person(self) -> None:
        """A private person is a contact only."""
        t, d = self._token()
        email = f"jane.{d}@gmail.com"
        contact = self._contact(email, "Jane", "", t) if self.dice.random() < 0.5 else OWN
        self._part(f"Jane {t}", email, NONE, contact, FirstName="Jane", LastName=t)

    def customer_of_the_other_organisation(self) -> None:
        """A customer of the other organisation, whom HubSpot does not know."""
        t, d = self._token()
        self._part(f"{t} Surf Pty Ltd", f"ap@{d}.com.au", OWN, OWN, organisation=self.abroad)

    # --- scenes that are a question ---

    def namesake(self) -> None:
        """A firm of the same name with another domain."""
        t, d = self._token()
        company = self._company(f"{t} Glass Ltd", f"{d}.co.nz")
        self._asked_about(f"{t} Glass Ltd", f"ap@{d}-glass.com.au", company)

    def similar_name(self) -> None:
        """A firm of a similar name at the same domain."""
        t, d = self._token()
        company = self._company(t, f"{d}.co.nz")
        self._asked_about(f"{t} Holdings Ltd", f"ap@{d}.co.nz", company)

    def other_form_at_the_domain(self) -> None:
        """A firm of another legal form at the same domain."""
        t, d = self._token()
        company = self._company(f"{t} Roofing Ltd", f"{d}.co.nz")
        self._asked_about(f"{t} Roofing GmbH", f"ap@{d}.co.nz", company)

    def _asked_about(self, name: str, email: str, company: str) -> Part:
        """Bring in a customer that may be a company or not; a person knows it once asked."""
        part = self._part(name, email, ASK, OPEN)
        part.asked = Asked(
            (company,),
            [
                Answer(f"write {part.customer} into its Xero contact id", lambda: self._write_id(part, company)),
                Answer(f"run `ledgerloop link --customer {part.customer} --new`", lambda: self._new(part)),
            ],
        )
        return part

    def _write_id(self, part: Part, company: str) -> None:
        self.scene.edit("companies", company, xero_contact_id=part.customer)
        self.author.records["companies", company] = part.customer
        part.company, part.contact, part.asked = company, OWN, None

    def _new(self, part: Part) -> None:
        self._terminal.customer_is_new(part.organisation, part.customer)
        part.company, part.contact, part.asked = OWN, OWN, None

    # --- scenes of addresses that several share ---

    def bookkeeper(self) -> None:
        """One address for several customers, which is their bookkeeper's, who is in HubSpot with a firm of its own."""
        _, d = self._token()
        firm = self._company(f"Ledger Bookkeepers {d.capitalize()}", f"{d}.co.nz")
        shared = f"clients@{d}.co.nz"
        self._contact(shared, "Lee", firm)
        names = [f"{trade} {self._token()[0]} Ltd" for trade in ("Plumb", "Roof", "Cafe")]
        self._sharing(names, [OWN] * len(names), shared, "")

    def branches(self) -> None:
        """Branches of one domain with the address of their head office."""
        t, d = self._token()
        names = [f"{t} Diners Leeds", f"{t} Diners York"]
        companies = [self._company(name, f"{d}.co.uk") for name in names]
        shared = f"accounts@{d}.co.uk"
        contact = self._contact(shared, "Accounts", "")
        self._sharing(names, companies, shared, contact)

    def _sharing(self, names: list[str], companies: list[str], shared: str, of_firm: str) -> None:
        """Bring in customers with one address; ``of_firm`` is its contact where it is that of their own firm."""
        bodies = [{"Name": name, "EmailAddress": shared} for name in names]
        made = self._in[self.home].on.in_xero("PUT", "/Contacts", {"Contacts": bodies})["Contacts"]
        parts = [self._play(one["ContactID"], company, NONE) for one, company in zip(made, companies, strict=True)]
        for part in parts:
            part.asked = Asked((shared,), [Answer("own", lambda part=part: give_own(part))])  # type: ignore[misc]
            self._bill(part, "12.00")

        def give_own(part: Part) -> None:
            _, d = self._token()
            self._change(part, EmailAddress=f"own@{d}.co.nz")
            part.contact, part.asked = OWN, None
            left = [one for one in parts if one.asked]
            if len(left) == 1 and of_firm:
                left[0].contact, left[0].asked = of_firm, None
                self.author.records["contacts", of_firm] = left[0].customer

    # --- scenes of customers who come and go ---

    def archived_and_begun_anew(self) -> None:
        """A customer that is archived in Xero and made anew, with something open on the old one or with nothing."""
        t, d = self._token()
        company = self._company(f"{t} Tiles Ltd", f"{d}.co.nz")
        name, email = f"{t} Tiles Ltd", f"pay@{d}.co.nz"
        old = self._part(name, email, company, OWN)
        owes = self.dice.random() < 0.5

        def anew() -> None:
            contact = self._carrying(old, "contacts")
            if owes:
                self._bill(old, "55.00")
            else:
                self._settle(old)
            self._change(old, ContactStatus="ARCHIVED")
            old.pays = False
            new = self._part(name, email, NONE, NONE)
            self.author.records["contacts", contact] = old.customer
            if not owes:
                succeed(new, contact)
                return
            old.contact = contact
            new.asked = Asked(
                (old.customer, "still open"),
                [Answer("settle that in Xero", lambda: (self._settle(old), succeed(new, contact))[0])],
            )

        def succeed(new: Part, contact: str) -> None:
            old.company = old.contact = NONE
            new.company, new.contact, new.asked = company, contact, None
            self.author.records["companies", company] = new.customer
            self.author.records["contacts", contact] = new.customer

        self._later.append(Later((old,), anew))

    def payee(self) -> None:
        """A payee of the bank feed, and a supplier who buys something one day."""
        t, d = self._token()
        self._part(f"{t} Petrol Station", "", NONE, NONE, billed=False)
        t, d = self._token()
        part = self._part(f"{t} Wholesale Ltd", f"orders@{d}.co.nz", NONE, NONE, billed=False)
        self._be_billed_by(part)

        def buy() -> None:
            part.company = part.contact = OWN
            part.pays = True
            self._bill(part, "31.00")

        self._later.append(Later((part,), buy))

    def erased(self) -> None:
        """A person who is deleted for privacy, and another customer with the same address."""
        t, d = self._token()
        email = f"mia@{d}.co.nz"
        part = self._part(f"{t} Gardens Ltd", email, OWN, OWN, FirstName="Mia", LastName="Lund")

        def forget() -> None:
            contact = self._carrying(part, "contacts")
            self.scene.on.at_hubspot("POST", f"{OBJECTS}/contacts/gdpr-delete", {"objectId": contact})
            self.author.surely.add(part.customer)
            ask(part)
            if self.dice.random() < 0.5:
                ask(self._part(f"{self._token()[0]} Nursery Ltd", email, OWN, NONE))

        def ask(one: Part) -> None:
            one.contact = NONE
            one.asked = Asked((), [Answer("own", lambda: readdress(one)), Answer("another", lambda: readdress(one))])

        def readdress(one: Part) -> None:
            _, d = self._token()
            self._change(one, EmailAddress=f"zoe@{d}.co.nz", FirstName="Zoe", LastName="Berg")
            one.contact, one.asked = OWN, None

        self._later.append(Later((part,), forget))

    def one_firm_in_both_organisations(self) -> None:
        """A firm that is a customer of both organisations: a record shows one of them."""
        t, d = self._token()
        name, email = f"{t} Timber Ltd", f"ap@{d}.co.nz"
        company = self._company(name, f"{d}.co.nz")
        first = self._part(name, email, company, OWN)

        def go_abroad() -> None:
            self.author.records["contacts", self._carrying(first, "contacts")] = first.customer
            second = self._part(name, email, NONE, NONE, organisation=self.abroad)

            def two_more() -> None:
                other = self._company(f"{t} Timber, Australia", "", second.customer)
                person = self._contact(f"au@{d}.com.au", "Au", other, carrying=second.customer)
                second.company, second.contact, second.asked = other, person, None

            words = f"write {second.customer} into the Xero contact id of another"
            second.asked = Asked(("shows a customer of", company), [Answer(words, two_more)])

        self._later.append(Later((first,), go_abroad))

    # --- scenes of deals ---

    def two_of_one_name(self) -> None:
        """Two private persons of one name, each with an address and a deal."""
        t, d = self._token()
        for email in (f"john.{d}@gmail.com", f"{d}.john@outlook.com"):
            contact = self._contact(email, "John", "", t)
            self._sell("", contact, OWN)

    def supplier_who_buys(self) -> None:
        """A deal of a firm that is a supplier in Xero."""
        t, d = self._token()
        part = self._part(f"{t} Paper Ltd", f"sales@{d}.co.nz", NONE, NONE, billed=False)
        self._be_billed_by(part)
        company = self._company(f"{t} Paper Ltd", f"{d}.co.nz", part.customer, written=False)
        contact = self._contact(f"buyer@{d}.co.nz", "Bea", company)
        part.company, part.contact, part.person, part.pays = company, OWN, contact, True
        self._sell(company, contact, part.customer)

    def deal_of_a_namesake(self) -> None:
        """A deal of a firm with another form and another domain than the customer in Xero."""
        t, d = self._token()
        self._part(f"{t} Slate Ltd", f"accounts@{d}.co.nz", OWN, OWN)
        company = self._company(f"{t} Slate GmbH", f"{d}-dach.de")
        contact = self._contact(f"einkauf@{d}-dach.de", "Uwe", company)
        self._sell(company, contact, OWN)

    def deal_of_a_customer(self) -> None:
        """A deal of a firm that is a customer."""
        t, d = self._token()
        company = self._company(f"{t} Marine Ltd", f"{d}.co.uk")
        part = self._part(f"{t} Marine Ltd", f"ap@{d}.co.uk", company, OWN)
        contact = part.person = self._contact(f"ross@{d}.co.uk", "Ross", company)
        self._sell(company, contact, part.customer)

    def deal_through_an_agent(self) -> None:
        """A deal of a customer whose contact works for another firm: no place for what the customer owes."""
        t, d = self._token()
        company = self._company(f"{t} Hotels Ltd", f"{d}.co.uk")
        part = self._part(f"{t} Hotels Ltd", f"ap@{d}.co.uk", company, OWN)
        name, agent = self._token()
        agency = self._company(f"{name} Agency Ltd", f"{agent}.co.uk")
        contact = self._contact(f"kit@{agent}.co.uk", "Kit", agency)
        self._sell(company, contact, part.customer)

    def deal_of_a_similar_name(self) -> None:
        """A deal of a firm with a similar name and the same domain as a customer in Xero."""
        t, d = self._token()
        company = self._company(f"{t} Wool", f"{d}.co.nz")
        part = self._asked_about(f"{t} Wool Holdings Ltd", f"ap@{d}.co.nz", company)
        contact = part.person = self._contact(f"tom@{d}.co.nz", "Tom", company)
        sale = self._sell(company, contact, ASK)

        def it_is() -> None:
            self._write_id(part, company)
            sale.payer, sale.asked = part.customer, None

        def it_is_new() -> None:
            self._terminal.new_one_pays(self.home, sale.deal)
            sale.payer, sale.asked = OWN, None
            part.company, part.contact, part.asked = OWN, OWN, None

        sale.asked = Asked(
            (part.customer,),
            [
                Answer("write that one's id into the Xero contact id of the deal's company", it_is),
                Answer(f"run `ledgerloop link --deal {sale.deal} --new`", it_is_new),
            ],
        )
        assert part.asked is not None
        part.asked = Asked((company,), [])  # the one question answers the other

    # --- words ---

    def _token(self) -> tuple[str, str]:
        """Return a word that nobody else has in a name, and the same word as it stands in addresses."""
        while True:
            word = "".join(self.dice.choice(_SYLLABLES) for _ in range(4))
            if word not in self.author.tokens:
                self.author.tokens[word] = self._plot
                return word.capitalize(), word

    def _company(self, name: str, domain: str, customer: str = "", *, written: bool = True) -> str:
        values = {"name": name} | ({"domain": domain} if domain else {})
        values |= {"xero_contact_id": customer} if customer and written else {}
        made = self.scene.make("companies", **values)
        self.author.records["companies", made] = customer
        self.diary.append(f"{self._plot}: company {made} {name} {domain}")
        return made

    def _contact(self, email: str, first: str, company: str, last: str = "Ngata", carrying: str = "") -> str:
        values = {"xero_contact_id": carrying} if carrying else {}
        made = self.scene.make("contacts", email=email, firstname=first, lastname=last, **values)
        self.author.records["contacts", made] = carrying
        if company:
            self.scene.on.at_hubspot("PUT", f"{OBJECTS}/contacts/{made}/associations/default/companies/{company}")
        self.diary.append(f"{self._plot}: contact {made} {email} at {company}")
        return made

    def _part(
        self,
        name: str,
        email: str,
        company: str,
        contact: str,
        *,
        organisation: str = "",
        billed: bool = True,
        **more: Any,
    ) -> Part:
        """Make a customer in Xero with its first invoice."""
        where = organisation or self.home
        values = {"EmailAddress": email, **more} if email else more
        part = self._play(Customers(self._in[where]).add(name, **values), company, contact, where)
        self.diary.append(f"{self._plot}: {name} {email} is {part.customer}: {company} {contact}")
        part.pays = billed
        if billed:
            self._bill(part, f"{self.dice.randint(1, 99_999) / 100:.2f}")
        return part

    def _play(self, customer: str, company: str, contact: str, organisation: str = "") -> Part:
        part = Part(self._plot, customer, organisation or self.home, company, contact)
        self.author.parts[customer] = part
        for kind in KINDS:
            if part.half(kind).isdecimal():
                self.author.records[kind, part.half(kind)] = customer
        return part

    def _sell(self, company: str, contact: str, payer: str) -> Sale:
        deal = self.scene.sell(company=company or None, contact=contact or None)
        self.diary.append(f"{self._plot}: deal {deal} of {company} {contact}: {payer}")
        sale = self.author.sales[deal] = Sale(self._plot, deal, company, contact, payer)
        return sale

    def _bill(self, part: Part, amount: str) -> None:
        self._in[part.organisation].invoice_for(part.customer, amount)

    def _be_billed_by(self, part: Part) -> None:
        line = {"Description": "Paper", "Quantity": 1, "UnitAmount": 20, "AccountCode": "429", "TaxType": "NONE"}
        body = {"Type": "ACCPAY", "Contact": {"ContactID": part.customer}, "Status": "AUTHORISED", "LineItems": [line]}
        body |= {"Date": "2026-11-01", "DueDate": "2099-12-31"}
        self._in[part.organisation].on.in_xero("PUT", "/Invoices", {"Invoices": [body]})

    def _settle(self, part: Part) -> None:
        """Pay all that a customer owes."""
        for one in self._invoices(part):
            if one.amount_due > 0:
                self._in[part.organisation].pay(one.id, one.amount_due)

    def _change(self, part: Part, **values: Any) -> None:
        Customers(self._in[part.organisation]).change(part.customer, **values)

    def _invoices(self, part: Part) -> list[Any]:
        return [
            one
            for one in self.books[part.organisation].invoices
            if one.contact_id == part.customer and one.type == "ACCREC" and one.status == "AUTHORISED"
        ]

    def _active(self, part: Part) -> bool:
        return self.books[part.organisation].contacts.rows[part.customer].status == "ACTIVE"

    def _carrying(self, part: Part, kind: str) -> str:
        return carried(self.portal, kind)[part.customer][0].id

    def _shown(self, part: Part) -> bool:
        """Tell whether a customer has all its records, linked and compared."""
        if part.asked:
            return False
        for kind, one in (("companies", "company"), ("contacts", "contact")):
            if part.half(kind) == NONE:
                continue
            found = self.portal.shelf(kind).find_by("xero_contact_id", part.customer)
            with self.scene.built.database.reading() as tx:
                link = links.find(tx, part.organisation, one, [part.customer]).get(part.customer)  # type: ignore[arg-type]
                known = last_compared.get(tx, part.organisation, one, [part.customer])  # type: ignore[arg-type]
            if found is None or link is None or link.hubspot_id != found.id or part.customer not in known:
                return False
        return True
