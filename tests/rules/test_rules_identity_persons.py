"""Whose a HubSpot contact is that has a customer's address, and who is a person and no firm."""

from __future__ import annotations

import pytest
from rules_samples import record

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer
from ledgerloop.rules.identity.addresses import email_key
from ledgerloop.rules.identity.evidence import Shared
from ledgerloop.rules.identity.free_names import free_name
from ledgerloop.rules.identity.persons import firm_behind, is_another_person, is_private, is_theirs


def customer(name: str, email: str = "", first: str = "", last: str = "", **more: str) -> Customer:
    """Return a customer."""
    return Customer("o", "c", name, email, email_key=email_key(email), first_name=first, last_name=last, **more)  # type: ignore[arg-type]


BOOKS = record("7", name="Tally Books", domain="tally.nz")
DI = record("9", firstname="Di", lastname="Snow", email="di@tally.nz")


OWN = record("8", name="Mulga", domain="mulga.nz")
TWIN = record("6", name="Mulga Limited")
HEAD = record("5", name="Mulga Head Office", domain="mulga-group.nz")


@pytest.mark.parametrize(
    ("one", "company", "own", "says"),
    [
        pytest.param(customer("Mulga Ltd", "di@tally.nz"), BOOKS, None, False, id="the bookkeepers' address"),
        pytest.param(customer("Tally Books", "di@tally.nz"), BOOKS, BOOKS, True, id="its own company"),
        pytest.param(customer("Mulga Ltd", "di@tally.nz"), None, None, True, id="no company speaks against it"),
        pytest.param(customer("Ovn ApS", "bo@ovn.dk"), BOOKS, None, True, id="the customer's domain, another job"),
        pytest.param(customer("Mulga Ltd", "di@mulga.nz"), BOOKS, OWN, True, id="its company's domain, another job"),
        pytest.param(customer("Mulga Ltd", "di@snow.nz"), BOOKS, OWN, False, id="a domain of neither"),
        pytest.param(customer("Mulga Ltd", "di@snow.nz"), TWIN, OWN, True, id="a company that is called like it"),
        pytest.param(customer("Mulga Ltd", "snow@gmail.com"), BOOKS, OWN, False, id="free mail, another firm"),
        pytest.param(
            customer("Mulga Ltd", "snow@gmail.com", "Di", "Snow"), BOOKS, OWN, False, id="who is named as main person"
        ),
        pytest.param(customer("Di Snow", "snow@gmail.com"), BOOKS, None, True, id="free mail, the person herself"),
        pytest.param(customer("Di Snow", "di@tally.nz"), BOOKS, None, True, id="the person herself, from her work"),
    ],
)
def test_is_theirs(one: Customer, company: Record | None, own: Record | None, says: bool) -> None:
    """A contact at another firm is no place for a customer's debts, unless the address is the customer's."""
    assert is_theirs(one, DI, company, own) is says
    assert firm_behind(one, own, DI, company) is (None if says else company)


@pytest.mark.parametrize(
    ("one", "there", "known", "firm"),
    [
        pytest.param(customer("Mulga Ltd", "di@tally.nz"), BOOKS, True, BOOKS, id="who has the address is at no firm"),
        pytest.param(customer("Mulga Ltd", "di@tally.nz"), BOOKS, False, BOOKS, id="nobody has it"),
        pytest.param(customer("Di Snow", "di@tally.nz"), BOOKS, True, None, id="the person herself has it"),
        pytest.param(customer("Di Snow", "di@tally.nz"), BOOKS, False, BOOKS, id="and not yet"),
        pytest.param(customer("Mulga Ltd", "di@mulga.nz"), BOOKS, False, None, id="another domain"),
        pytest.param(customer("Tally Books Ltd", "di@tally.nz"), BOOKS, False, None, id="a firm that is called so"),
        pytest.param(customer("Mulga Ltd", "x@gmail.com"), BOOKS, False, None, id="free mail"),
        pytest.param(customer("Mulga Ltd", "n@mulga-group.nz"), HEAD, True, HEAD, id="head office's people"),
        pytest.param(customer("Mulga Ltd", "n@mulga-group.nz"), HEAD, False, None, id="head office's domain"),
        pytest.param(customer("Mulga Ltd", "di@mulga.nz"), OWN, False, None, id="its own"),
    ],
)
def test_firm_behind_an_address(one: Customer, there: Record, known: bool, firm: Record | None) -> None:
    """Where nobody says where its people work, an address is that firm's whose domain it has."""
    assert firm_behind(one, OWN, DI if known else None, None, [there]) is firm


def person(first: str, last: str) -> Record:
    """Return a HubSpot contact."""
    return record("9", firstname=first, lastname=last)


FARM = customer("Mulga Ltd", "post@gmail.com", "Di", "Snow")


@pytest.mark.parametrize(
    ("one", "contact", "at", "says"),
    [
        pytest.param(FARM, person("Tom", "Reed"), None, True, id="nobody of that name"),
        pytest.param(FARM, person("Tom", "Reed"), BOOKS, True, id="at another firm"),
        pytest.param(FARM, person("Tom", "Reed"), OWN, False, id="at its own company"),
        pytest.param(FARM, person("Tom", "Reed"), TWIN, False, id="at a company that is called like it"),
        pytest.param(FARM, person("Di", "Snow"), None, False, id="the main person"),
        pytest.param(FARM, person("Snow", "Di"), None, False, id="in the other order"),
        pytest.param(FARM, person("D.", "Snow"), None, False, id="an initial"),
        pytest.param(FARM, person("Diana Di", "Snow"), None, False, id="a further name"),
        pytest.param(FARM, person("Bob", "Snow"), None, False, id="a firm's family"),
        pytest.param(FARM, person("Mulga", "Office"), None, False, id="a desk of the firm"),
        pytest.param(FARM, person("", "Reed"), None, False, id="half a name"),
        pytest.param(FARM, person("花", "佐藤"), None, False, id="another script"),
        pytest.param(
            customer("Mulga Ltd", "mulga@gmail.com", "Di", "Snow"), person("Tom", "Reed"), None, False, id="its mailbox"
        ),
        pytest.param(customer("Mulga Ltd", "post@gmail.com"), person("Tom", "Reed"), None, False, id="nobody is named"),
        pytest.param(
            customer("Mulga Ltd", "post@mulga.nz", "Di", "Snow"), person("Tom", "Reed"), None, False, id="own domain"
        ),
        pytest.param(
            customer("Mulga Ltd", "all@mulga.nz", "Di", "Snow"),
            person("Tom", "Reed"),
            None,
            True,
            id="one of several's",
        ),
        pytest.param(
            customer("Di Snow", "post@gmail.com", "Di", "Snow"), person("Bob", "Snow"), None, True, id="her husband"
        ),
        pytest.param(
            customer("Di Snow", "post@gmail.com", "Di", "Snow"), person("Di", "Snow"), None, False, id="she herself"
        ),
    ],
)
def test_is_another_person(one: Customer, contact: Record, at: Record | None, says: bool) -> None:
    """An address that says nothing beside another person's name does not make a contact the customer's."""
    shared = Shared(emails=frozenset({"all@mulga.nz"}))

    assert is_another_person(one, contact, at, OWN if one.name == "Mulga Ltd" else None, shared) is says


@pytest.mark.parametrize(
    ("one", "says"),
    [
        pytest.param(customer("Marta Kowal", "m@wp.pl", "Marta", "Kowal"), True, id="called like its person"),
        pytest.param(customer("Kowal, Marta", "m@wp.pl", "Marta", "Kowal"), True, id="in the other order"),
        pytest.param(customer("Marta Kowal", "m@kowal.pl", "Marta", "Kowal"), False, id="with a domain of its own"),
        pytest.param(customer("Marta Kowal Ltd", "m@wp.pl", "Marta", "Kowal"), False, id="with a legal form"),
        pytest.param(customer("Kowal Bakery", "m@wp.pl", "Marta", "Kowal"), False, id="called like a shop"),
        pytest.param(customer("Marta Kowal (m@wp.pl)", "m@wp.pl", "Marta", "Kowal"), True, id="told from a namesake"),
        pytest.param(customer("Mrs Marta Kowal", "m@wp.pl", "Marta", "Kowal"), True, id="with a title"),
        pytest.param(customer("Kowal, Marta J", "m@wp.pl", "Marta", "Kowal"), True, id="with an initial"),
        pytest.param(customer("Marta Kowal", "m@wp.pl", "Marta J.", "Kowal"), True, id="or without it"),
        pytest.param(customer("Kowal", "m@wp.pl", "M", "Kowal"), False, id="called by one name, as a shop may be"),
        pytest.param(customer("Dr Kowal", "m@wp.pl", "M", "Kowal"), False, id="nor with a title"),
        pytest.param(customer("Marta Kowal Bakery", "m@wp.pl", "Marta", "Kowal"), False, id="a sole trader's shop"),
        pytest.param(customer("Marta Kowal", "m@wp.pl"), False, id="nobody says who it is"),
        pytest.param(
            customer("Marta Kowal", "m@wp.pl", "Marta", "Kowal", tax_number="51824753556"), False, id="pays tax"
        ),
        pytest.param(
            customer("Marta Kowal", "m@wp.pl", "Marta", "Kowal", tax_number="Exempt 2024"), True, id="no tax number"
        ),
        pytest.param(
            customer("Marta Kowal", "m@wp.pl", "Marta", "Kowal", company_number="HRB 7654321"), False, id="registered"
        ),
        pytest.param(
            customer("Marta Kowal", "m@wp.pl", "Marta", "Kowal", company_number="n/a"), True, id="in no register"
        ),
    ],
)
def test_is_private(one: Customer, says: bool) -> None:
    """A customer is taken for a person where all that is known says so."""
    assert is_private(one) is says


@pytest.mark.parametrize(
    ("one", "says"),
    [
        pytest.param(customer("Marta Kowal", "m@kowal.pl", "Marta", "Kowal"), True, id="her employer's domain"),
        pytest.param(customer("Kowal Bakery", "m@kowal.pl", "Marta", "Kowal"), False, id="called like a shop by now"),
        pytest.param(customer("Marta Kowal Ltd", "m@kowal.pl", "Marta", "Kowal"), False, id="with a legal form"),
    ],
)
def test_is_private_of_a_contact(one: Customer, says: bool) -> None:
    """The email's domain makes no firm of a customer that was made for a deal's contact without a company."""
    assert is_private(one, of_contact=True) is says


@pytest.mark.parametrize(
    ("taken", "name"),
    [
        ([], "John Smith"),
        (["john smith"], "John Smith (js@example.net)"),
        (["john smith", "john smith (js@example.net)"], "John Smith (HubSpot 9)"),
    ],
)
def test_free_name(taken: list[str], name: str) -> None:
    """A second John Smith is told apart by his address, then by his record."""
    assert free_name("John Smith", ["js@example.net", "HubSpot 9"], taken) == name


def test_a_free_name_fits_into_xero() -> None:
    """Of a name that is too long, its own end is left out."""
    assert len(free_name("x" * 255, ["acme.co.nz"], ["x" * 255])) == 255
