"""Whether two records are the same customer: emails, names, domains, and what to make of the candidates."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import CALM

from ledgerloop.records import Hold
from ledgerloop.rules.matching import (
    FREE_MAIL,
    Candidate,
    Found,
    email_domain,
    email_key,
    email_problem,
    name_key,
    one_of,
)
from ledgerloop_sandbox.hubspot.emails import acceptable


@pytest.mark.parametrize(
    ("text", "key"),
    [
        pytest.param("kat@acme.nz", "kat@acme.nz", id="a plain address"),
        pytest.param("  Kat@ACME.nz \n", "kat@acme.nz", id="without space around it, in small letters"),
        pytest.param("\N{NO-BREAK SPACE}kat@acme.nz", "kat@acme.nz", id="also without the space that is hard to see"),
        pytest.param("kat+invoices@acme.co.nz", "kat+invoices@acme.co.nz", id="a tag is part of the address"),
        pytest.param("o'hara@acme.nz", "o'hara@acme.nz", id="an apostrophe is allowed"),
        pytest.param("k.a.t@gmail.com", "k.a.t@gmail.com", id="dots count, whatever one provider makes of them"),
        pytest.param("info@müller.de", "info@xn--mller-kva.de", id="a domain with umlauts has an ASCII form"),
        pytest.param("info@XN--MLLER-KVA.de", "info@xn--mller-kva.de", id="and is the same in that form"),
        pytest.param(None, "", id="null"),
        pytest.param("", "", id="empty"),
        pytest.param("   ", "", id="blank"),
    ],
)
def test_email_key(text: str | None, key: str) -> None:
    """Addresses are compared without case and space, in the form in which both vendors take them."""
    assert email_key(text) == key
    assert email_problem(text) == ""


SEVERAL = "holds more than one email address, or stray characters. Keep a single one."
FOREIGN = "has letters that an email address cannot have in Xero. Write it without them."
BROKEN = "is not a valid email address. Correct it."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("kat@acme.nz;bob@acme.nz", SEVERAL, id="two with a semicolon"),
        pytest.param("kat@acme.nz, bob@acme.nz", SEVERAL, id="two with a comma"),
        pytest.param("kat@acme.nz bob@acme.nz", SEVERAL, id="two with a space"),
        pytest.param("kat@acme.nz/bob@acme.nz", SEVERAL, id="two with a stroke"),
        pytest.param("Kat Warren <kat@acme.nz>", SEVERAL, id="a name before it"),
        pytest.param("kat@acme.nz (accounts)", SEVERAL, id="a remark behind it"),
        pytest.param('"kat warren"@acme.nz', SEVERAL, id="a quoted local part with a space"),
        pytest.param('"kat"@acme.nz', BROKEN, id="a quoted local part"),
        pytest.param("müller@acme.de", FOREIGN, id="an umlaut before the @"),
        pytest.param("ｋat@acme.nz", FOREIGN, id="a wide letter"),
        pytest.param("\N{ZERO WIDTH SPACE}kat@acme.nz", FOREIGN, id="a sign that nobody sees"),
        pytest.param("kat@acme.nz.", BROKEN, id="a full stop behind it"),
        pytest.param("kat.@acme.nz", BROKEN, id="a dot before the @"),
        pytest.param(".kat@acme.nz", BROKEN, id="a dot at the beginning"),
        pytest.param("kat..warren@acme.nz", BROKEN, id="two dots in a row"),
        pytest.param("kat@acme", BROKEN, id="a domain without a dot"),
        pytest.param("kat@-acme.nz", BROKEN, id="a domain that begins with a hyphen"),
        pytest.param("kat@[192.0.2.1]", BROKEN, id="a number for a domain"),
        pytest.param("kat@printer.local", BROKEN, id="a domain that no mail reaches"),
        pytest.param("kat.acme.nz", BROKEN, id="no @"),
        pytest.param("mailto:kat@acme.nz", BROKEN, id="a link"),
        pytest.param("@acme.nz", BROKEN, id="nobody"),
        pytest.param("kat@", BROKEN, id="nowhere"),
        pytest.param("n/a", BROKEN, id="a word for none"),
        pytest.param("x" * 65 + "@acme.nz", BROKEN, id="more than 64 characters before the @"),
        pytest.param("kat@" + "acme." * 60 + "nz", BROKEN, id="more than 254 characters"),
    ],
)
def test_email_problem(text: str, problem: str) -> None:
    """What is no single valid address has no key, is never sent (S103), and says what is wrong and what to do."""
    assert email_key(text) == ""
    assert email_problem(text) == f"“{text}” {problem}"


LOCALS = st.text("abzAZ09.+-_'!#$%&*/=?^`{|}~ü \"@;,<>", min_size=1, max_size=20)
DOMAINS = st.from_regex(r"[a-zA-Z0-9üß-]{1,12}(\.[a-zA-Z0-9-]{1,8})?", fullmatch=True)


@CALM
@given(LOCALS, DOMAINS, st.sampled_from(["com", "NZ", "co.uk", "de"]))
def test_what_has_a_key_may_be_sent(local: str, domain: str, top: str) -> None:
    """HubSpot takes every key, Xero takes it too, and it is its own key."""
    key = email_key(f"{local}@{domain}.{top}")

    if key:
        assert acceptable(key)
        assert key.isascii()
        assert key == key.lower() == email_key(key)


@CALM
@given(st.text(max_size=30) | st.emails())
def test_either_a_key_or_a_problem(text: str) -> None:
    """No text is silently dropped: it is compared, or somebody is told what is wrong with it."""
    assert bool(text.strip()) == (bool(email_key(text)) != bool(email_problem(text)))


class TestDomain:
    @pytest.mark.parametrize(
        ("key", "domain"),
        [
            pytest.param("kat@acme.nz", "acme.nz", id="a company's own domain stands for the company"),
            pytest.param("kat@gmail.com", "", id="free mail stands for nobody"),
            pytest.param("kat@xtra.co.nz", "", id="nor does a telephone company's"),
            pytest.param("kat@mail.acme.nz", "mail.acme.nz", id="a part of a domain is not the domain"),
            pytest.param("", "", id="no address has no domain"),
            pytest.param("jean@yahoo.fr", "", id="a national free mail"),
            pytest.param("kat@telus.net", "", id="a provider of internet access"),
        ],
    )
    def test_email_domain(self, key: str, domain: str) -> None:
        """Free-mail domains never match companies."""
        assert email_domain(key) == domain

    def test_free_mail_is_written_as_it_is_compared(self) -> None:
        """A domain with a capital letter would never be found."""
        assert all(email_key(f"a@{domain}") == f"a@{domain}" for domain in FREE_MAIL)


SAME = [
    pytest.param("Acme Ltd", "ACME LIMITED", id="Ltd is Limited, and case does not count"),
    pytest.param("Acme", "Acme Ltd.", id="a legal form is not part of the name"),
    pytest.param("Acme Pty Ltd", "Acme Pty. Ltd.", id="two legal forms, with dots"),
    pytest.param("Müller GmbH", "Muller", id="umlauts are letters with something above"),
    pytest.param("Café Noir", "Cafe\N{COMBINING ACUTE ACCENT} Noir", id="accents, composed or not"),
    pytest.param("Cafe Noir", "Café Noir", id="accents, or none"),
    pytest.param("Weiß AG", "WEISS", id="a sharp s is two"),
    pytest.param("Smith & Sons", "Smith and Sons", id="& is and"),
    pytest.param("Smith&Sons", "Smith ＆ Sons", id="& without spaces, or wide"),
    pytest.param("A.B.C. Inc.", "ABC", id="dots part no words"),
    pytest.param("O'Hara S.A.", "O’Hara", id="apostrophes part no words"),
    pytest.param("Acme-Nord", "Acme Nord", id="a hyphen parts two words"),
    pytest.param("  Acme,\tNorth  ", "Acme North", id="space and punctuation"),
    pytest.param("Acme-1", "Acme", id="an importer's mark with a hyphen"),
    pytest.param("Acme Ltd -2", "Acme Ltd", id="an importer's mark behind a space"),
    pytest.param("Acme Ltd (2)", "Acme", id="an importer's mark in brackets"),
    pytest.param("Acme(12) ", "Acme", id="the twelfth copy"),
    pytest.param("Acme™", "ACME TM".replace(" ", ""), id="signs are the letters they stand for"),
]
DIFFERENT = [
    pytest.param("Acme", "Acme North", id="another word"),
    pytest.param("Studio-54", "Studio", id="a number of two digits is part of a name"),
    pytest.param("Route 66", "Route", id="a number without a hyphen is part of a name"),
    pytest.param("Acme (2026)", "Acme", id="a year is no copy"),
    pytest.param("Harbour Day Spa", "Harbour Day", id="a spa is no Italian legal form"),
    pytest.param("Limited Edition", "Edition", id="a legal form in front is a word"),
    pytest.param("Limited", "", id="a legal form alone is a name"),
    pytest.param("Acme", "Acne", id="one letter"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_names_that_are_the_same(one: str, other: str) -> None:
    """A name is compared without case, accents, punctuation, legal form, and the mark of an importer's copy."""
    assert name_key(one) == name_key(other) != ""


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_names_that_are_not(one: str, other: str) -> None:
    """To take one customer for another costs more than to ask."""
    assert name_key(one) != name_key(other)


@pytest.mark.parametrize("text", [None, "", "  ", "...", "(2)", "-1", "’"])
def test_names_that_are_none(text: str | None) -> None:
    """A name without a letter or number has no key, and matches nothing."""
    assert name_key(text) == ""


@CALM
@given(st.text(max_size=30))
def test_a_name_key_is_plain(text: str) -> None:
    """A key has words with one space between, no capital letters, and is its own key."""
    key = name_key(text)

    assert key == " ".join(key.split()) == key.casefold()
    assert not re.search(r"[^\w ]", key)
    assert name_key(key) == key


@CALM
@given(
    st.from_regex("[aB][aB é]{0,9}", fullmatch=True),
    st.sampled_from(["Ltd", " LIMITED", ", Inc.", " (3)", "-1", " GmbH"]),
)
def test_what_stands_behind_a_name_does_not_change_it(name: str, tail: str) -> None:
    """Legal forms and copy marks come and go."""
    assert name_key(f"{name} {tail}") == name_key(name)


class TestOneOf:
    WHAT = "customers in Xero with the email kat@acme.nz"

    def test_none(self) -> None:
        """Without a candidate the next way of looking has its turn."""
        assert one_of([], "email", self.WHAT, "company") is None

    def test_one(self) -> None:
        """A single candidate is a match, and it is known how it was found."""
        assert one_of([Candidate("c1", "Acme")], "email", self.WHAT, "company") == Found("c1", "email")

    def test_the_same_one_twice(self) -> None:
        """One record found in two ways is one candidate."""
        assert one_of([Candidate("c1", "Acme"), Candidate("c1", "Acme")], "name", self.WHAT, "company") == Found(
            "c1", "name"
        )

    def test_several(self) -> None:
        """Several candidates are a question for a person, who is told which."""
        candidates = [Candidate("c1", "Acme"), Candidate("c2", "Acme Ltd-1"), Candidate("c1", "Acme")]

        assert one_of(candidates, "email", self.WHAT, "company") == Hold(
            (
                "There are 2 customers in Xero with the email kat@acme.nz: Acme (c1); Acme Ltd-1 (c2)."
                " Merge them in Xero, or write the right one's id into the Xero contact id of the deal's company.",
            ),
            ("c1", "c2"),
        )
