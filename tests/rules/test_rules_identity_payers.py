"""Who pays for a deal among the customers that fit, case by case."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest
from rules_samples import record

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, Hold, Person
from ledgerloop.rules.identity.addresses import email_key
from ledgerloop.rules.identity.evidence import Shared
from ledgerloop.rules.identity.payers import Buyer, Found, Known, choose_payer, profile_of_buyer
from ledgerloop.rules.identity.profiles import WORKS_AT, Profile, keys_of_customer, profile_of_company
from ledgerloop.rules.identity.sharing import Sharing

COMPANY = record("7", name="Globex Corp", domain="globex.example.com")
CONTACT = record("9", email="kat@tui.example.com", firstname="Kat", lastname="Warren")
KAT = frozenset({"kat@tui.example.com"})


def known(id_: str, name: str, email: str = "", **more: object) -> Customer:
    """Return a customer as the ledger knows it."""
    return Customer("1a2b", id_, name, email, email_key=email_key(email), **more)  # type: ignore[arg-type]


TUI = known("c1", "Tui Roofing Ltd", "kat@tui.example.com")
GLOBEX = known("c2", "GLOBEX CORPORATION", "ap@globex.example.com")
FULL = known("c3", "Globex Corp")
GMBH = known("c4", "Globex GmbH", "ap@globex.de")
GONE = known("c6", "Globex Corp", "ap@globex.example.com", active=False)
OTHER = known("c5", "Globex Corp (2)", "ap@globex.example.com")


def answer(
    *customers: Customer,
    holders: Mapping[str, str] | None = None,
    numbered: str = "",
    ours: Collection[str] = (),
    shared: Shared | None = None,
    owed: Mapping[str, str] | None = None,
) -> object:
    """Return who is taken for the company's deal: the id and how, the candidates of a question, or nobody."""
    buyer = Buyer("d", "company", COMPANY, profile_of_company(COMPANY, [CONTACT]))
    given = Known(customers, {numbered} - {""}, holders or {}, ours, shared or Shared(), owed or {})
    match choose_payer(buyer, given):
        case Found(id=one, how=how):
            return one, how
        case Hold(candidates=some):
            return some
        case nobody:
            return nobody


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        pytest.param(answer(), None, id="nobody fits"),
        pytest.param(answer(GLOBEX), ("c2", "name and domain"), id="name and domain"),
        pytest.param(answer(FULL), ("c3", "name"), id="the full name, with nothing against it"),
        pytest.param(answer(TUI), ("c1",), id="an email alone is a question"),
        pytest.param(answer(GMBH), None, id="another form and another domain are another firm"),
        pytest.param(answer(GLOBEX, GMBH), ("c2", "name and domain"), id="a namesake does not matter"),
        pytest.param(answer(GLOBEX, OTHER), ("c2", "name and domain"), id="nor does a marked copy"),
        pytest.param(answer(TUI, GLOBEX), ("c2", "name and domain"), id="nor somebody's email"),
        pytest.param(answer(GLOBEX, holders={"c2": "7"}), ("c2", "name and domain"), id="one that is its own"),
        pytest.param(answer(GLOBEX, holders={"c2": "8"}), ("c2",), id="one that is another company's, and fits"),
        pytest.param(answer(TUI, holders={"c1": "8"}), None, id="one that is another company's, and does not"),
        pytest.param(answer(TUI, holders={"c1": "8"}, ours=["c1"]), ("c1",), id="one whose company we made ourselves"),
        pytest.param(
            answer(known("c7", "Globex"), holders={"c7": "8"}), ("c7",), id="a namesake that is another company's"
        ),
        pytest.param(
            answer(known("c7", "Globex", "x@globex.fr"), holders={"c7": "8"}), None, id="a namesake with another domain"
        ),
        pytest.param(
            answer(TUI, numbered="c1"), ("c1", "contact number and email"), id="a contact number, and an email"
        ),
        pytest.param(answer(GMBH, numbered="c4"), ("c4",), id="a number, and nothing else"),
        pytest.param(
            answer(known("c8", "Globex Foods", "ap@globex.fr"), numbered="c8"), ("c8",), id="a number, a similar name"
        ),
        pytest.param(answer(GLOBEX, GMBH, numbered="c4"), ("c2", "c4"), id="a number that names another"),
        pytest.param(answer(known("c6", "Globex Corp", "ap@globex.example.com", active=False)), ("c6",), id="archived"),
        pytest.param(
            answer(GLOBEX, known("c6", "Globex Corp", "ap@globex.example.com", active=False)),
            ("c2", "name and domain"),
            id="the active one beside the archived one",
        ),
        pytest.param(answer(TUI, GONE), ("c6", "c1"), id="an archived one that fits, beside an active one that may"),
        pytest.param(
            answer(known("c9", "Globex Holdings", "x@globex.example.com"), replace(FULL, active=False)),
            ("c3", "c9"),
            id="an archived one of the name, beside one that is only alike",
        ),
        pytest.param(
            answer(TUI, known("c9", "Globex Holdings", "x@globex.example.com", active=False)),
            ("c9", "c1"),
            id="an archived one that is more alike",
        ),
        pytest.param(
            answer(
                known("c9", "Globex Holdings", "x@globex.example.com"),
                known("c10", "Initech Ltd", "kat@tui.example.com", active=False),
            ),
            ("c9",),
            id="an archived one that fits less",
        ),
        pytest.param(
            answer(
                known("c9", "Globex Holdings", "x@globex.example.com"),
                known("c10", "Initech Ltd", "kat@tui.example.com", active=False),
                owed={"c10": "80.00 NZD"},
            ),
            ("c10", "c9"),
            id="an archived one that fits less, and still owes",
        ),
        pytest.param(
            answer(GLOBEX, known("c7", "Globex Corp", "x@globex.example.com"), GONE),
            ("c2", "c7"),
            id="two, and one gone",
        ),
        pytest.param(
            answer(GLOBEX, known("c7", "Globex Corp", "x@globex.example.com"), GONE, owed={"c6": "80.00 NZD"}),
            ("c6", "c2", "c7"),
            id="two, and one gone that still owes",
        ),
        pytest.param(answer(TUI, shared=Shared(emails=KAT)), None, id="an email that several share"),
    ],
)
def test_who_is_taken(taken: object, expected: object) -> None:
    """Two agreements take a customer; one is a question; who is another company's is never taken."""
    assert taken == expected


KOWHAI = record("7", name="Kowhai")
AGENTS = known("k1", "Kowhai Ltd", "pm@estate.nz")
TRUST = known("k2", "Kowhai Trust", "pm@estate.nz")
OFFICE = known("k3", "Kowhai Ltd", "office@estate.nz")
BOOKS = known("b1", "Ledger Books Ltd", "kim@ledgerbooks.nz")


def of_contact(*customers: Customer, works_at: str = "", company: Record = KOWHAI, email: str = "pm@estate.nz") -> str:
    """Return what becomes of a company's deal whose only contact works there, elsewhere, or nowhere HubSpot knows."""
    contact = record("9", email=email, **{WORKS_AT: works_at})
    by_key: dict[str, list[Customer]] = {}
    for one in customers:
        for key in keys_of_customer(one):
            by_key.setdefault(key, []).append(one)
    buyer = Buyer("d", "company", company, profile_of_buyer(company, [contact]))
    match choose_payer(buyer, Known(customers, shared=Sharing.among(by_key).shared)):
        case Found(id=one):
            return one
        case Hold():
            return "ask"
        case _:
            return "new"


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        pytest.param(of_contact(AGENTS, TRUST), "ask", id="an agent's address that customers share"),
        pytest.param(of_contact(OFFICE, TRUST), "ask", id="and an agent's domain"),
        pytest.param(of_contact(AGENTS, TRUST, works_at="7"), "ask", id="also where HubSpot has the agent at it"),
        pytest.param(of_contact(AGENTS), "k1", id="the only contact, whom nobody else has"),
        pytest.param(of_contact(OFFICE), "k3", id="the only contact's domain"),
        pytest.param(of_contact(OFFICE, works_at="7"), "k3", id="its own person's domain"),
        pytest.param(of_contact(AGENTS, works_at="8"), "k1", id="another firm's person, the very address"),
        pytest.param(of_contact(OFFICE, works_at="8"), "ask", id="another firm's domain"),
        pytest.param(
            of_contact(
                AGENTS, TRUST, works_at="7", company=record("7", name="Kowhai Ltd", domain="estate.nz"), email="x@y.nz"
            ),
            "k1",
            id="a domain that the company itself says, and the name tells which",
        ),
        pytest.param(
            of_contact(BOOKS, works_at="8", company=record("7", name="Plumb Right Ltd"), email="kim@ledgerbooks.nz"),
            "new",
            id="its bookkeeper, who works there",
        ),
        pytest.param(
            of_contact(BOOKS, company=record("7", name="Plumb Right Ltd"), email="kim@ledgerbooks.nz"),
            "new",
            id="its bookkeeper, whom HubSpot has nowhere",
        ),
        pytest.param(
            of_contact(BOOKS, company=record("7", name="Plumb Right"), email="kim@ledgerbooks.nz"),
            "ask",
            id="a shop's name may be the firm's",
        ),
        pytest.param(
            of_contact(
                BOOKS, company=record("7", name="Plumb Right Ltd", domain="ledgerbooks.nz"), email="kim@ledgerbooks.nz"
            ),
            "ask",
            id="a domain that is the company's own",
        ),
    ],
)
def test_whose_person_a_deals_contact_is(taken: str, expected: str) -> None:
    """An agent on a deal answers for many: only the company's own people say by their domain who it is."""
    assert taken == expected


def person(*customers: Customer, contact: object = CONTACT, shared: Shared | None = None) -> object:
    """Return who is taken for the deal of a contact without a company."""
    buyer = Buyer("d", "contact", contact, Profile("Kat Warren", KAT, frozenset({"tui.example.com"})))  # type: ignore[arg-type]
    match choose_payer(buyer, Known(customers, shared=shared or Shared())):
        case Found(id=one):
            return one
        case Hold(candidates=some):
            return some
        case nobody:
            return nobody


WARREN = known("p1", "Kat Warren", "kat@tui.example.com")
NAMESAKE = known("p2", "Kat Warren", "kw@other.example.com")


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        pytest.param(person(WARREN), "p1", id="name and email"),
        pytest.param(person(NAMESAKE), None, id="the same name with another email is another person"),
        pytest.param(person(WARREN, NAMESAKE), "p1", id="one beside a namesake"),
        pytest.param(person(known("p3", "Kat Warren")), ("p3",), id="the name alone"),
        pytest.param(
            person(known("p4", "Roofs", "kat@tui.example.com", first_name="Kat", last_name="Warren")),
            "p4",
            id="the main person of a customer",
        ),
        pytest.param(person(known("p5", "Tui", "kat@tui.example.com")), "p5", id="a firm called like its domain"),
        pytest.param(person(known("p6", "Zebra Ltd", "kat@tui.example.com")), ("p6",), id="quite another firm"),
        pytest.param(
            person(known("p6", "Zebra Ltd", "kat@tui.example.com"), shared=Shared(emails=KAT)),
            None,
            id="an email that several share",
        ),
        pytest.param(
            person(known("p7", "Tui", persons=(Person("K", "W", "kat@tui.example.com", "kat@tui.example.com"),))),
            "p7",
            id="a further person",
        ),
    ],
)
def test_who_a_buyer_without_a_company_is(taken: object, expected: object) -> None:
    """An email finds a person; whose company it is, it says only together with a name."""
    assert taken == expected


def employed(customer: Customer, holder: str = "", **company: str) -> str:
    """Return what is made of a customer as the payer of a contact who is at a company: taken, asked, or none."""
    employer = record("8", **company)
    profile = Profile("Kat Warren", KAT, frozenset({"tui.example.com"}))
    buyer = Buyer("d", "contact", CONTACT, profile, employer, profile_of_company(employer))
    found = choose_payer(buyer, Known([customer], holders={customer.id: holder} if holder else {}))
    return "taken" if isinstance(found, Found) else "asked" if found else "none"


CALLED = known("p5", "Tui", "kat@tui.example.com")
MAIN = known("p4", "Roofs Ltd", "kat@tui.example.com", first_name="Kat", last_name="Warren")


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        pytest.param(employed(CALLED, name="Nova Freight Ltd", domain="nova.example.com"), "asked", id="another firm"),
        pytest.param(employed(CALLED, name="Nova Freight Ltd"), "asked", id="another firm without a domain"),
        pytest.param(employed(CALLED, domain="nova.example.com"), "asked", id="another domain without a name"),
        pytest.param(employed(MAIN, name="Nova Freight Ltd"), "asked", id="whose main person is somewhere else"),
        pytest.param(employed(CALLED, name="Tui"), "taken", id="the customer itself"),
        pytest.param(employed(CALLED, name="Tui Holdings", domain="tuiholdings.com"), "taken", id="its holding"),
        pytest.param(employed(CALLED, name="Nova Freight", domain="tui.example.com"), "taken", id="the same domain"),
        pytest.param(employed(CALLED, name="Nova Freight", domain="tui.co.nz"), "taken", id="a domain called like it"),
        pytest.param(employed(CALLED), "taken", id="a company of which nothing is known"),
        pytest.param(employed(CALLED, "8", name="Nova Freight Ltd"), "taken", id="the company that the customer is"),
        pytest.param(employed(CALLED, "9", name="Nova Freight Ltd"), "asked", id="another than the customer is"),
        pytest.param(employed(WARREN, name="Nova Freight Ltd"), "taken", id="the person, wherever that one works"),
        pytest.param(employed(MAIN, name="Kat Warren"), "taken", id="a company called like the person"),
    ],
)
def test_where_a_buyer_without_a_company_works(taken: str, expected: str) -> None:
    """Who works for quite another firm buys for that one as likely as for the customer whose address it is."""
    assert taken == expected


NOVA = known("n1", "Nova Freight Limited", "ap@nova.example.com")


def of_firm(*firms: Customer, holder: str = "", customers: tuple[Customer, ...] = ()) -> object:
    """Return who pays for a deal without a company whose contact works for Nova Freight: one, those asked, or none."""
    employer = record("8", name="Nova Freight Ltd", domain="nova.example.com")
    profile = Profile("Kat Warren", KAT, frozenset({"tui.example.com"}))
    buyer = Buyer("d", "contact", CONTACT, profile, employer, profile_of_company(employer))
    found = choose_payer(buyer, Known(customers, holders={firms[0].id: holder} if holder else {}, firms=firms))
    return found.id if isinstance(found, Found) else found and found.candidates


@pytest.mark.parametrize(
    ("taken", "expected"),
    [
        pytest.param(of_firm(NOVA), ("n1",), id="it fits a customer"),
        pytest.param(of_firm(known("n2", "Renamed Ltd"), holder="8"), ("n2",), id="it is a customer"),
        pytest.param(of_firm(known("n3", "Nova Freight", "a@else.example.com")), None, id="it is only called like one"),
        pytest.param(of_firm(NOVA, holder="9"), None, id="another company is the customer"),
        pytest.param(of_firm(known("n4", "Nova Freight Ltd", active=False), holder="8"), None, id="it is archived"),
        pytest.param(of_firm(NOVA, customers=(WARREN,)), "p1", id="the person is a customer too"),
    ],
)
def test_whose_firm_a_customer_is(taken: object, expected: object) -> None:
    """A person buys for the firm as likely as alone, so no second customer is made beside it without asking."""
    assert taken == expected


def test_the_company_of_a_contact_is_named() -> None:
    """The question says where the contact works, and what to do where that firm pays; a company without a name too."""
    for company, called in (
        (record("8", name="Nova Freight Ltd", domain="nova.example.com"), "“Nova Freight Ltd” (nova.example.com, 8)"),
        (record("8", domain="nova.example.com"), "nova.example.com (8)"),
    ):
        profile = Profile("Kat Warren", KAT, frozenset({"tui.example.com"}))
        held = choose_payer(
            Buyer("512", "contact", CONTACT, profile, company, profile_of_company(company)), Known([CALLED])
        )

        assert isinstance(held, Hold)
        (said,) = held.reasons
        assert f"(kat@tui.example.com, 9), whose company in HubSpot is {called}, may be one of these" in said
        assert "“Tui” (kat@tui.example.com) with the id p5, with the same email; another name, company." in said
        assert "if that company pays, add it to the deal in HubSpot; if it is none of them, run" in said


def test_a_question_shows_both_sides_and_the_ways_out() -> None:
    """Who reads it on the deal knows what it is about and what to do."""
    buyer = Buyer("512", "company", COMPANY, profile_of_company(COMPANY, [CONTACT]))

    held = choose_payer(buyer, Known([TUI], owed={"c1": "120.00 NZD"}))

    assert isinstance(held, Hold)
    assert held.sentence == (
        "It is not certain who pays: the company “Globex Corp” (globex.example.com, 7) may be one of these customers in"
        " Xero, or none of them: “Tui Roofing Ltd” (kat@tui.example.com) with the id c1, which owes 120.00 NZD, with"
        " the same email; another name, domain. If it is one of them, write that one's id into the Xero contact id of"
        " the deal's company; if it is none of them, run `ledgerloop link --deal 512 --new`, and a customer of its own"
        " is made."
    )
