"""Who pays for a deal among the customers that fit, case by case."""

from __future__ import annotations

import pytest
from rules_samples import record

from ledgerloop.records import Customer, Hold
from ledgerloop.rules.matching import Found, email_key, name_key
from ledgerloop.rules.payers import Fitting, choose

COMPANY = record("7", name="Globex Corp", domain="globex.example.com")
CONTACT = record("9", email="kat@tui.example.com")


def known(id_: str, name: str, email: str = "") -> Customer:
    """Return a customer as the ledger knows it."""
    return Customer("1a2b", id_, name, email, email_key=email_key(email), name_key=name_key(name))


TUI, GLOBEX = known("c1", "Tui Roofing Ltd", "kat@tui.example.com"), known("c2", "GLOBEX CORPORATION")
AT_HOME = known("c3", "Head Office", "kat@globex.example.com")


@pytest.mark.parametrize(
    ("fitting", "holders", "chosen"),
    [
        (Fitting(), {}, None),
        (Fitting(number=[TUI]), {}, Found("c1", "number")),
        (Fitting(email=[AT_HOME]), {}, Found("c3", "email")),
        (Fitting(name=[GLOBEX]), {}, Found("c2", "name")),
        (Fitting(email=[TUI], name=[GLOBEX]), {}, Found("c2", "name")),
        (Fitting(email=[TUI, AT_HOME]), {}, Found("c3", "email")),
        (Fitting(email=[TUI]), {"c1": "8"}, None),
        (Fitting(name=[GLOBEX]), {"c2": "7"}, Found("c2", "name")),
        (Fitting(name=[GLOBEX, known("c4", "Globex Ltd")]), {"c2": "8"}, Found("c4", "name")),
    ],
)
def test_who_is_taken(fitting: Fitting, holders: dict[str, str], chosen: Found | None) -> None:
    """Number, then an email that agrees, then the name; who is another company's is not taken."""
    assert chosen == choose(COMPANY, CONTACT, fitting, holders)


def test_an_email_alone_is_a_question() -> None:
    """A person's email does not say for which company the person buys."""
    held = choose(COMPANY, CONTACT, Fitting(email=[TUI]), {})

    assert isinstance(held, Hold)
    assert ("c1",) == held.candidates
    assert "belongs to another customer in Xero than “Globex Corp”: Tui Roofing Ltd (c1)." in held.sentence


def test_a_company_that_we_made_answers_no_question() -> None:
    """That a customer is shown in HubSpot at a company of its own does not say that the deal's is another."""
    held = choose(COMPANY, CONTACT, Fitting(email=[TUI]), {"c1": "8"}, ["c1"])

    assert isinstance(held, Hold)
    assert "Tui Roofing Ltd (c1) of the company 8." in held.sentence


def test_free_mail_is_no_home() -> None:
    """An address at a provider of free mail says nothing, though the company names that domain as its own."""
    company = record("7", name="Globex Corp", domain="gmail.com")
    free = known("c1", "Tui Roofing Ltd", "kat@gmail.com")

    assert isinstance(choose(company, CONTACT, Fitting(email=[free]), {}), Hold)


def test_names_that_are_others_are_a_question() -> None:
    """A customer that is called alike and is another company's is neither taken nor doubled; both are named."""
    twin = known("c4", "Globex Ltd")

    held = choose(COMPANY, CONTACT, Fitting(name=[GLOBEX, twin]), {"c2": "8", "c4": "9"})

    assert isinstance(held, Hold)
    assert ("c2", "c4") == held.candidates
    assert "GLOBEX CORPORATION (c2) of the company 8; Globex Ltd (c4) of the company 9." in held.sentence


def test_without_a_company_the_email_counts() -> None:
    """Where no company pays, the contact does, and its email is the customer's own, whoever else it stands for."""
    assert Found("c1", "email") == choose(None, CONTACT, Fitting(email=[TUI]), {"c1": "8"})
    several = choose(None, CONTACT, Fitting(email=[TUI, known("c5", "Kat", "kat@tui.example.com")]), {})
    assert isinstance(several, Hold)
    assert "Xero contact id of the deal's contact." in several.sentence
