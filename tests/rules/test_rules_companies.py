"""Which of HubSpot's companies a customer is: by name and domain together, and never by guessing."""

from __future__ import annotations

import pytest
from rules_samples import customer, record

from ledgerloop.records import Hold
from ledgerloop.rules.companies import choose, fit
from ledgerloop.rules.matching import Found

ACME = {"name": "ACME Limited", "domain": "acme.nz"}


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
