"""The question about a link of an earlier release: both records side by side, what is too little, and both ways out."""

from __future__ import annotations

import pytest

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, LinkKind
from ledgerloop.rules.identity.questions import earlier_link
from ledgerloop.rules.identity.wording import by


@pytest.mark.parametrize(
    ("kind", "properties", "named"),
    [
        ("company", {"name": "Acme", "domain": "acme.nz", "city": "Napier"}, "“Acme” (acme.nz, Napier, 5)"),
        ("contact", {"firstname": "Jo", "lastname": "Doe", "email": "jo@acme.nz"}, "“Jo Doe” (jo@acme.nz, 5)"),
    ],
)
def test_both_sides_are_in_view(kind: LinkKind, properties: dict[str, str], named: str) -> None:
    """The customer and the record are named as people know them, with the commands that answer."""
    customer = Customer("", "c-1", "Acme Ltd", email="ap@acme.example.com", city="Nelson")

    said = earlier_link(customer, kind, Record(id="5", properties=dict(properties)), "name", "the same name")

    assert "“Acme Ltd” (ap@acme.example.com, Nelson)" in said
    assert named in said
    assert f"`ledgerloop link --customer c-1 --{kind} 5`" in said
    assert f"`ledgerloop unlink --customer c-1 --{kind}`" in said


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("id", "It carries the customer's Xero contact id."),
        ("ruling", "A person said so."),
        ("succeeded", "It was that of an archived customer, made anew in Xero under its name."),
        ("name and domain", "It was found by name and domain."),
    ],
)
def test_how_a_link_came_about(how: str, said: str) -> None:
    """Every way has a sentence, also one that has no words of its own."""
    assert said == by(how)
