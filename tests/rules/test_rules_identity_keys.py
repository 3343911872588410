"""The keys that are stored: who changes how they are made has those made anew that databases hold already."""

from __future__ import annotations

from pathlib import Path

import pytest
from rules_samples import record

from ledgerloop.records import Customer, Person
from ledgerloop.rules.identity.addresses import email_key
from ledgerloop.rules.identity.profiles import Numbered, keys_of_company, keys_of_customer

MADE_ANEW_BY = "r0023_keys_of_tenants.py"
"""The last migration that makes stored keys anew. Whoever must change a key below adds one, and names it here."""
MIGRATIONS = Path(__file__).parents[2] / "src" / "ledgerloop" / "store" / "migrations" / "versions"


def customer(name: str, email: str = "", tax: str = "", company: str = "", further: str = "") -> Customer:
    """Return a customer."""
    persons = (Person(email=further, email_key=email_key(further)),) if further else ()
    return Customer(
        "o", "c", name, email, email_key=email_key(email), tax_number=tax, company_number=company, persons=persons
    )


STREET = customer("The High Street Bros. Ltd (2)", "Ann+tag@mail.high.co.nz", further="b@gmail.com")
TRADER = customer("R Moore t/as Bär & Søn GmbH", tax="GST 012-345-678", company="ABN 51 824 753 556")
TENANT = customer("บริษัท สยาม จำกัด", "ap@siam.onmicrosoft.com")
DAIYA = record(
    "7",
    name="ダイヤ 株式会社",
    domain="https://www.daiya.co.jp/x",
    hs_additional_domains="xn--bcher-kva.example;gmail.com",
    vat="CHE-123.456.788 MWST",
    reg="Exempt 2024",
)


@pytest.mark.parametrize(
    ("found", "keys"),
    [
        pytest.param(
            keys_of_customer(STREET),
            (
                "name highstbrothers 2",
                "name thehighstreetbros 2",
                "name highstbrothers",
                "name thehighstreetbros",
                "email ann@mail.high.co.nz",
                "email b@gmail.com",
                "domain high.co.nz",
            ),
            id="a name with a mark, and addresses",
        ),
        pytest.param(
            keys_of_customer(TRADER),
            (
                "name rmoorebarson",
                "name rmoorebar&son",
                "name rmoore",
                "name barson",
                "name bar&son",
                "number 12345678",
                "number 51824753556",
                "number 824753556",
            ),
            id="two names, and numbers with labels and a zero",
        ),
        pytest.param(keys_of_customer(customer("Smith, John")), ("name smithjohn", "name johnsmith"), id="a person"),
        pytest.param(
            keys_of_customer(TENANT),
            ("name สยาม", "email ap@siam.onmicrosoft.com", "domain siam.onmicrosoft.com"),
            id="a form that is written together with the name, and a tenant's address",
        ),
        pytest.param(
            keys_of_company(DAIYA, Numbered("vat", "reg")),
            ("name ダイヤ", "domain daiya.co.jp", "domain xn--bcher-kva.example", "number 123456788"),
            id="a company",
        ),
    ],
)
def test_keys(found: tuple[str, ...], keys: tuple[str, ...]) -> None:
    """Keys stay as they are stored: one that changes is found no more until it is made anew."""
    assert keys == found


def test_the_last_migration_of_keys() -> None:
    """The keys above are those that the last migration has made anew."""
    making = [one.name for one in sorted(MIGRATIONS.glob("r*.py")) if "contacts anew" in one.read_text("utf-8")]

    assert MADE_ANEW_BY == making[-1]
