"""Whose a HubSpot contact is that has a customer's address, and who is a person and no firm."""

from __future__ import annotations

import pytest
from rules_samples import record

from ledgerloop.records import Customer
from ledgerloop.rules.identity.addresses import email_key
from ledgerloop.rules.identity.free_names import free_name
from ledgerloop.rules.identity.persons import is_private, is_theirs


def customer(name: str, email: str = "", first: str = "", last: str = "", **more: str) -> Customer:
    """Return a customer."""
    return Customer("o", "c", name, email, email_key=email_key(email), first_name=first, last_name=last, **more)  # type: ignore[arg-type]


BOOKS = record("7", name="Tally Books", domain="tally.nz")
DI = record("9", firstname="Di", lastname="Snow", email="di@tally.nz")


@pytest.mark.parametrize(
    ("one", "company", "theirs", "says"),
    [
        pytest.param(customer("Mulga Ltd", "di@tally.nz"), BOOKS, False, False, id="the bookkeepers' address"),
        pytest.param(customer("Tally Books", "di@tally.nz"), BOOKS, True, True, id="its own company"),
        pytest.param(customer("Mulga Ltd", "di@tally.nz"), None, False, True, id="no company speaks against it"),
        pytest.param(customer("Ovn ApS", "bo@ovn.dk"), BOOKS, False, True, id="the customer's domain, another job"),
        pytest.param(customer("Mulga Ltd", "snow@gmail.com"), BOOKS, False, False, id="free mail, another firm"),
        pytest.param(customer("Di Snow", "snow@gmail.com"), BOOKS, False, True, id="free mail, the person herself"),
    ],
)
def test_is_theirs(one: Customer, company: object, theirs: bool, says: bool) -> None:
    """A contact at another firm whose address it is, is no place for a customer's debts."""
    assert is_theirs(one, DI, company, company_is_theirs=theirs) is says  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "says"),
    [
        pytest.param(customer("Marta Kowal", "m@wp.pl", "Marta", "Kowal"), True, id="called like its person"),
        pytest.param(customer("Kowal, Marta", "m@wp.pl", "Marta", "Kowal"), True, id="in the other order"),
        pytest.param(customer("Marta Kowal", "m@kowal.pl", "Marta", "Kowal"), False, id="with a domain of its own"),
        pytest.param(customer("Marta Kowal Ltd", "m@wp.pl", "Marta", "Kowal"), False, id="with a legal form"),
        pytest.param(customer("Kowal Bakery", "m@wp.pl", "Marta", "Kowal"), False, id="called like a shop"),
        pytest.param(customer("Marta Kowal (m@wp.pl)", "m@wp.pl", "Marta", "Kowal"), True, id="told from a namesake"),
        pytest.param(customer("Marta Kowal Bakery", "m@wp.pl", "Marta", "Kowal"), False, id="a sole trader's shop"),
        pytest.param(customer("Marta Kowal", "m@wp.pl"), False, id="nobody says who it is"),
        pytest.param(
            customer("Marta Kowal", "m@wp.pl", "Marta", "Kowal", tax_number="51824753556"), False, id="pays tax"
        ),
    ],
)
def test_is_private(one: Customer, says: bool) -> None:
    """A customer is taken for a person where all that is known says so."""
    assert is_private(one) is says


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
