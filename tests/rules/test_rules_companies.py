"""Which of HubSpot's companies a customer is: by name and domain together, and never by guessing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import CALM, customer, record

from ledgerloop.records import Hold
from ledgerloop.rules.companies import choose, fit, searches
from ledgerloop.rules.matching import Found

ACME = {"name": "ACME Limited", "domain": "acme.nz"}
MOST_BODY = 3_000


@pytest.mark.parametrize(
    ("company", "email", "fits"),
    [
        pytest.param(ACME, "kat@acme.nz", "same", id="name and domain"),
        pytest.param({**ACME, "domain": "WWW.Acme.nz"}, "kat@acme.nz", "same", id="the domain in another form"),
        pytest.param(
            {"name": "acme.nz", "domain": "acme.nz"}, "kat@acme.nz", "same", id="made by HubSpot of the domain"
        ),
        pytest.param({"name": None, "domain": "acme.nz"}, "kat@acme.nz", "same", id="a domain without a name"),
        pytest.param({"name": "Acme Foods", "domain": "acme.nz"}, "kat@acme.nz", "other", id="the domain alone"),
        pytest.param({**ACME, "domain": "acme.com"}, "kat@acme.nz", "other", id="the name with another domain"),
        pytest.param({**ACME, "domain": None}, "kat@acme.nz", "name", id="the name, and no domain there"),
        pytest.param(ACME, "", "name", id="the name, and no email here"),
        pytest.param({**ACME, "domain": "gmail.com"}, "kat@gmail.com", "name", id="free mail is no domain"),
        pytest.param({"name": "Gmail", "domain": "gmail.com"}, "kat@gmail.com", "other", id="nor a company"),
        pytest.param({"name": None, "domain": None}, "", "other", id="nothing at all"),
    ],
)
def test_fit(company: dict[str, str | None], email: str, fits: str) -> None:
    """Name and domain together say that a company is the customer; either alone does not."""
    assert fits == fit(customer(email=email, email_key=email), record("1", **company))


class TestChoose:
    def test_one(self) -> None:
        """The one that fits is taken."""
        assert choose(customer(), [record("1", **ACME), record("2", name="Other")]) == Found("1", "name and domain")

    def test_several(self) -> None:
        """Several are a hold that lists them all."""
        hold = choose(customer(), [record("1", **ACME), record("2", **ACME)])

        assert isinstance(hold, Hold)
        assert ("1", "2") == hold.candidates
        assert "ACME Limited (1); ACME Limited (2)" in hold.sentence

    def test_name_alone(self) -> None:
        """A company that is only called alike is a question."""
        hold = choose(customer(), [record("1", name="Acme")])

        assert isinstance(hold, Hold)
        assert ("1",) == hold.candidates

    def test_certainty_beats_likeness(self) -> None:
        """Beside one that surely fits, those that are only called alike do not count."""
        assert choose(customer(), [record("1", name="Acme"), record("2", **ACME)]) == Found("2", "name and domain")

    def test_none(self) -> None:
        """Nothing that fits is nothing."""
        assert choose(customer(), [record("2", name="Other")]) is None


class TestSearches:
    def test_one_search(self) -> None:
        """Customers are looked for together: by domain or by name, in lower case."""
        two = [customer(), customer(id="c2", name="Bob", email_key="bob@gmail.com")]

        (groups,) = searches(two)

        assert [
            {"filters": [{"propertyName": "domain", "operator": "IN", "values": ["acme.nz", "www.acme.nz"]}]},
            {"filters": [{"propertyName": "name", "operator": "IN", "values": ["acme ltd", "bob"]}]},
        ] == groups

    @given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=100))
    @CALM
    def test_within_hubspots_caps(self, names: list[str]) -> None:
        """However many they are, each search stays within HubSpot's size, and every name is in one of them."""
        many = [customer(id=str(n), name=name, email_key=f"a@d{n}.nz") for n, name in enumerate(names)]

        found = list(searches(many))

        properties = ["name", "domain", "phone", "address", "address2", "city", "state", "zip", "country", "x" * 60]
        for groups in found:
            body = {"filterGroups": groups, "sorts": [], "properties": properties, "limit": 200, "after": "10000"}
            assert len(json.dumps(body)) <= MOST_BODY
            assert len(groups) <= 2
        looked_for = {
            value for groups in found for one in groups for each in one["filters"] for value in each["values"]
        }
        assert {name.lower() for name in names} <= looked_for
