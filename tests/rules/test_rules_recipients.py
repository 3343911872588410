"""Which of a deal's contacts receives the invoice, case by case, and what is said where nothing tells."""

from __future__ import annotations

import pytest
from rules_samples import record

from ledgerloop.rules.recipients import Recipient, Tie, called, recipient_of, still_taken, taken, undecided

PLAIN, OTHER = Tie("20"), Tie("100")
BILLING = Tie("100", billing=True)
LABELLED = Tie("100", labels=("Champion", "Billing contact"))
OWN = Tie("100", primary=True)

KAT = record("20", email="kat@acme.nz", firstname="Kat", lastname="Warren")
BOB = record("100", email="bob@acme.nz")


@pytest.mark.parametrize(
    ("ties", "label", "chosen"),
    [
        pytest.param([], "", Recipient(), id="no contact"),
        pytest.param([OTHER], "", Recipient("100", ("100",)), id="the only contact"),
        pytest.param([OTHER, OTHER], "", Recipient("100", ("100",)), id="the only contact, told twice"),
        pytest.param([PLAIN, BILLING], "", Recipient("100", ("100",)), id="the billing contact"),
        pytest.param([PLAIN, LABELLED], "Billing contact", Recipient("100", ("100",)), id="the label"),
        pytest.param([PLAIN, LABELLED], " billing  CONTACT", Recipient("100", ("100",)), id="however it is written"),
        pytest.param([PLAIN, LABELLED], "Accounts", Recipient("20", ("20", "100")), id="not another label"),
        pytest.param([PLAIN, LABELLED], "", Recipient("20", ("20", "100")), id="no label where none is named"),
        pytest.param([PLAIN, OWN], "", Recipient("100", ("100",)), id="the company's own"),
        pytest.param(
            [Tie("20", billing=True), LABELLED],
            "Billing contact",
            Recipient("20", ("20",)),
            id="the billing contact before the label",
        ),
        pytest.param(
            [Tie("20", labels=("Accounts",)), OWN], "Accounts", Recipient("20", ("20",)), id="the label before the own"
        ),
        pytest.param(
            [Tie("20", billing=True), BILLING, Tie("30", labels=("Accounts",))],
            "Accounts",
            Recipient("20", ("20", "100")),
            id="two billing contacts, and the label of neither",
        ),
        pytest.param(
            [Tie("20", billing=True), Tie("100", labels=("Accounts",), billing=True)],
            "Accounts",
            Recipient("100", ("100",)),
            id="two billing contacts, told apart by the label",
        ),
        pytest.param([OTHER, PLAIN], "", Recipient("20", ("20", "100")), id="nothing tells: the oldest record first"),
        pytest.param(
            [Tie("20", primary=True), OWN], "", Recipient("20", ("20", "100")), id="a sign of all tells nothing"
        ),
    ],
)
def test_who_receives(ties: list[Tie], label: str, chosen: Recipient) -> None:
    """Each sign leaves those who carry it; only who is left alone is certain."""
    assert chosen == recipient_of(ties, label)


def test_a_doubt_names_everybody_and_its_cure() -> None:
    """The reader sees who is meant, and how to say which one."""
    said = undecided([KAT, BOB], record("512", name="Acme"))

    assert said == (
        "The deal has several contacts, and nothing says who receives the invoice: Kat Warren (kat@acme.nz);"
        " bob@acme.nz. Make the right one a billing contact of the deal's company, or leave only that one on the deal,"
        " and try the deal again."
    )
    assert "a billing contact of" not in undecided([KAT, BOB], None)


def test_what_was_done_is_said() -> None:
    """Who was taken stands first, then who was not."""
    said = taken([KAT, BOB])

    assert "the new customer was made with Kat Warren (kat@acme.nz), and not with bob@acme.nz. If that is wrong" in said


@pytest.mark.parametrize(
    ("email", "status", "still"),
    [
        pytest.param("kat@acme.nz", "DRAFT", True, id="as it was made"),
        pytest.param("Kat@Acme.nz", "AUTHORISED", True, id="written otherwise"),
        pytest.param("", "DRAFT", True, id="nothing known"),
        pytest.param("bob@acme.nz", "DRAFT", False, id="finance took the other one"),
        pytest.param("at@acme.nz", "DRAFT", False, id="finance took a third, whose address is part of the first's"),
        pytest.param("kat@acme.nz", "PAID", False, id="paid"),
    ],
)
def test_how_long_it_is_said(email: str, status: str, still: bool) -> None:
    """Until the customer has another email than that of who was taken, or the invoice is paid."""
    assert still == still_taken(taken([KAT, BOB]), email, status)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"firstname": " Kat ", "lastname": "Warren", "email": "kat@acme.nz"}, "Kat Warren (kat@acme.nz)"),
        ({"lastname": "Warren", "email": None}, "Warren"),
        ({"email": "kat@acme.nz"}, "kat@acme.nz"),
        ({}, "contact 20"),
    ],
)
def test_what_a_contact_is_called(values: dict[str, str | None], name: str) -> None:
    """By name and email, as far as it has them."""
    assert name == called(record("20", **values))
