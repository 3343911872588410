"""What two profiles come to: the table of docs/matching.md, row by row."""

from __future__ import annotations

import pytest

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Customer, Person
from ledgerloop.rules.identity.evidence import Ask, Different, Evidence, Same, Shared, weigh
from ledgerloop.rules.identity.names import Likeness
from ledgerloop.rules.identity.payers import with_number
from ledgerloop.rules.identity.profiles import Profile, profile_of_customer
from ledgerloop.rules.identity.questions import stale_number

NZ, COM = frozenset({"acme.co.nz"}), frozenset({"acme.com"})
KAT, ANN = frozenset({"kat@acme.co.nz"}), frozenset({"ann@books.nz"})


def p(name: str, *, at: frozenset[str] = frozenset(), by: frozenset[str] = frozenset(), **more: str) -> Profile:
    """Return a profile."""
    return Profile(name, by, at, **more)


CASES = [
    # name and something else
    ("name and domain", p("Acme Ltd", at=NZ), p("Acme", at=NZ), Same),
    ("name and address", p("Acme Ltd", by=KAT), p("Acme", by=KAT), Same),
    ("name and address, though the domains differ", p("Acme Ltd", at=NZ, by=ANN), p("Acme", at=COM, by=ANN), Same),
    ("another spelling and domain", p("The Acme Company", at=NZ), p("Acme Ltd", at=NZ), Same),
    ("a trading name and domain", p("Acme", at=NZ), p("J Smith t/a Acme", at=NZ), Same),
    ("two firms that trade under one name", p("Bar Ltd t/a Spa", at=NZ), p("Foo Ltd t/a Spa", at=NZ), Ask),
    ("one firm that trades under two", p("J Smith t/a Spa", by=KAT), p("J Smith t/a Gym", by=KAT), Ask),
    ("nothing but the domain in its name", p("", at=NZ, by=KAT), p("Acme", at=NZ, by=KAT), Same),
    # one thing alone
    ("name alone", p("Acme Ltd"), p("Acme Ltd"), Ask),
    ("name alone, as two domains differ", p("Acme Ltd", at=NZ), p("Acme Ltd", at=COM), Ask),
    ("domain alone", p("Acme", at=NZ), p("Zebra", at=NZ), Ask),
    ("address alone", p("Acme", by=KAT), p("Zebra", by=KAT), Ask),
    ("domain of nobody's name", p("", at=NZ), p("Acme", at=NZ), Ask),
    ("telephone alone", p("Acme", phone="+6495550142"), p("Zebra", phone="+6495550142"), Different),
    ("name and telephone", p("Acme", phone="+6495550142"), p("Acme", phone="+6495550142"), Ask),
    ("a similar name", p("Acme"), p("Acme Holdings Ltd"), Different),
    ("a similar name and domain", p("Acme", at=NZ), p("Acme Holdings Ltd", at=NZ), Ask),
    ("nothing", p("Acme", at=NZ), p("Zebra", at=COM), Different),
    # what contradicts
    ("another form", p("Acme Ltd"), p("Acme GmbH"), Ask),
    ("another form and domain", p("Acme Ltd", at=NZ), p("Acme GmbH", at=COM), Different),
    ("another form at one domain", p("Acme Ltd", at=NZ), p("Acme GmbH", at=NZ), Ask),
    ("a copy's mark", p("Acme Ltd (2)", at=NZ), p("Acme Ltd", at=NZ), Ask),
    ("two numbers", p("Villa-6", at=NZ), p("Villa-7", at=NZ), Different),
    ("two numbers and one address", p("Villa-6", by=KAT), p("Villa-7", by=KAT), Ask),
    ("placeholders", p("Cash Sales", at=NZ), p("Cash Sales", at=NZ), Ask),
    # numbers
    ("tax number", p("Brisa SA", tax_number="ESB12345674"), p("Brisa SL", tax_number="B12345674"), Same),
    ("tax number of nobody's name", p("", tax_number="51824753556"), p("Acme", tax_number="51824753556"), Same),
    (
        "one tax number, two names, as a group of firms has",
        p("Brisa", tax_number="ESB12345674"),
        p("Explotaciones SL", tax_number="B12345674"),
        Ask,
    ),
    (
        "one tax number at one domain, and a similar name",
        p("Acme Ltd", at=NZ, tax_number="51824753556"),
        p("Acme Holdings Ltd", at=NZ, tax_number="51824753556"),
        Ask,
    ),
    (
        "one tax number, two company numbers",
        p("Acme", at=NZ, tax_number="51824753556", company_number="1234567"),
        p("Acme", at=NZ, tax_number="51824753556", company_number="7654321"),
        Ask,
    ),
    (
        "one company number, two tax numbers",
        p("Acme", tax_number="51824753556", company_number="1234567"),
        p("Acme", tax_number="33102417032", company_number="1234567"),
        Ask,
    ),
    (
        "a number of another country",
        p("Kea Ltd", tax_number="136695976", country="nz"),
        p("Zugspitze GmbH", tax_number="DE136695976"),
        Different,
    ),
    (
        "a number of another country, and all else agrees",
        p("Kea", at=NZ, tax_number="136695976", country="nz"),
        p("Kea", at=NZ, tax_number="DE136695976"),
        Ask,
    ),
    (
        "a number of its country",
        p("Kea", tax_number="136695976", country="de"),
        p("Kea", tax_number="DE136695976"),
        Same,
    ),
    (
        "a number of a country, both with it, wherever they sit",
        p("Kea", tax_number="DE136695976", country="at"),
        p("Kea", tax_number="DE136695976", country="de"),
        Same,
    ),
    (
        "one company number, two names in two countries",
        p("Acme", company_number="1234567", country="nz"),
        p("Zebra", company_number="1234567", country="gb"),
        Ask,
    ),
    ("company number", p("Acme", company_number="1234567"), p("Zebra", company_number="1234567"), Same),
    ("ABN and its ACN", p("Acme", tax_number="51824753556"), p("Acme", tax_number="824753556"), Same),
    ("two tax numbers", p("Acme", tax_number="51824753556"), p("Acme", tax_number="33102417032"), Different),
    (
        "two tax numbers, all else agrees",
        p("Acme", at=NZ, tax_number="51824753556"),
        p("Acme", at=NZ, tax_number="33102417032"),
        Ask,
    ),
    ("one number, two of several", p("Villa-6", tax_number="51824753556"), p("Villa-7", tax_number="51824753556"), Ask),
]


@pytest.mark.parametrize(("one", "other", "verdict"), [pytest.param(*rest, id=what) for what, *rest in CASES])
def test_weigh(one: Profile, other: Profile, verdict: type) -> None:
    """Two agreements of different kinds link, one is a question at most, and it is the same either way round."""
    assert (type(weigh(one, other)), type(weigh(other, one))) == (verdict, verdict)


def test_what_several_share_says_nothing() -> None:
    """An address or domain of several customers is no evidence, beside a name that tells which of them it is."""
    shared = Shared(emails=KAT, domains=NZ)

    assert isinstance(weigh(p("Acme", at=NZ, by=KAT), p("Zebra", at=NZ, by=KAT), shared), Different)
    assert isinstance(weigh(p("Acme", by=KAT), p("Acme", by=KAT), shared), Ask)
    assert isinstance(weigh(p("Acme", at=NZ), p("Acme", at=NZ), shared), Same)


@pytest.mark.parametrize(
    ("one", "other", "verdict"),
    [
        pytest.param(p("Acme Ltd"), p("ACME Limited"), Same, id="the full name"),
        pytest.param(p("Acme Ltd", at=NZ), p("Acme Ltd"), Same, id="with nothing against it"),
        pytest.param(p("Acme Ltd", at=NZ), p("Acme Ltd", at=COM), Ask, id="with another domain against it"),
        pytest.param(
            Profile("Acme Ltd", KAT, hints=NZ), p("Acme Ltd", at=COM), Ask, id="nor where its people write from another"
        ),
        pytest.param(p("Acme Ltd", country="nz"), p("Acme Ltd", country="gb"), Ask, id="nor in another country"),
        pytest.param(p("Acme Ltd", country="nz"), p("Acme Ltd", country="nz"), Same, id="in one country"),
        pytest.param(
            p("Acme Ltd", city="Nelson", country="nz"),
            p("Acme Ltd", city="Napier", country="nz"),
            Same,
            id="at two places of one country, where firms have an office and a post box",
        ),
        pytest.param(
            p("Acme Ltd", city="Nelson", country="nz"), p("Acme Ltd", city="Leeds"), Ask, id="nor at another place"
        ),
        pytest.param(
            p("Acme Ltd", city="Nelson"), p("Acme Ltd", city="NELSON 7010"), Same, id="at one place, written otherwise"
        ),
        pytest.param(p("Acme Ltd", city="Nelson", country="nz"), p("Acme Ltd"), Same, id="what one does not say"),
        pytest.param(p("Acme"), p("Acme"), Ask, id="not without its form"),
        pytest.param(p("Jäger GmbH"), p("JAEGER GmbH"), Same, id="an umlaut spelt out is the same letter"),
        pytest.param(p("Bär GmbH"), p("Bar GmbH"), Ask, id="not without its accents"),
        pytest.param(p("Dr Ink Ltd"), p("Drink Ltd"), Ask, id="not without its spaces"),
        pytest.param(p("A* Tuition Ltd"), p("A Tuition Ltd"), Ask, id="not without its signs"),
        pytest.param(p("Bär GmbH", at=NZ), p("Bar GmbH", at=NZ), Same, id="beside a domain accents do not matter"),
        pytest.param(p("Flat 1/3 Ltd"), p("Flat 13 Ltd"), Different, id="nor without what is between its digits"),
        pytest.param(p("Acme Ltd"), p("Acme"), Ask, id="nor where one leaves it out"),
    ],
)
def test_the_full_name_is_enough_where_names_are_unique(one: Profile, other: Profile, verdict: type) -> None:
    """In Xero active names are unique: the full name with its form is the firm, unless something speaks against it."""
    assert type(weigh(one, other, full_name_is_enough=True)) is verdict


def test_the_evidence_is_said() -> None:
    """Whoever reads a link or a question reads what agrees and what does not."""
    same = weigh(p("Acme", at=NZ, phone="+6495550142"), p("Acme Ltd", at=NZ, phone="+6495550142")).evidence
    asked = weigh(p("Acme Ltd", at=NZ), p("Acme GmbH", at=NZ)).evidence

    assert ("name and domain", "the same name, domain, telephone") == (same.how, str(same))
    assert "the same domain; another legal form" == str(asked)


@pytest.mark.parametrize(
    ("agree", "said"),
    [
        (("contact number", "name"), "the contact number behind it and the same name; another domain"),
        (("contact number",), "the contact number behind it; another domain"),
        ((), "nothing in common; another domain"),
    ],
)
def test_a_contact_number_is_nothing_that_two_records_share(agree: tuple[str, ...], said: str) -> None:
    """One of the two names the other by it; a HubSpot record has none of its own."""
    assert said == str(Evidence(Likeness.SAME, agree, ("domain",)))


def test_a_stale_number_is_worded_without_itself() -> None:
    """What the record has in common with the customer is said, and not that the number names it."""
    customer = Customer("o", "c", "Umber Ltd", number="HubSpot company 5")
    wren = Record(id="5", properties={"name": "Wren Ltd"})
    verdict = with_number(weigh(p("Umber Ltd"), p("Wren Ltd")))

    said = stale_number(customer, "company", wren, verdict.evidence)

    assert "is “HubSpot company 5”, but “Wren Ltd” has nothing in common; another name." in said


def test_another_country_speaks_against_the_full_name_alone() -> None:
    """It is said in the question, and where name and domain agree a firm may be at home in several countries."""
    here, there = p("Acme Ltd", at=NZ, country="nz"), p("Acme Ltd", country="au")

    asked = weigh(here, there, full_name_is_enough=True)

    assert "the same name; another country" == str(asked.evidence)
    both = p("Acme Ltd", at=NZ, country="au")
    assert isinstance(weigh(here, both, full_name_is_enough=True), Same)


SAL = Person("Sal", "Ray", "sal@books.nz", "sal@books.nz")
BOOKS, DIRECT = frozenset({"books.nz"}), frozenset({"sal@books.nz"})


@pytest.mark.parametrize(
    ("email", "other", "verdict"),
    [
        pytest.param("kat@acme.co.nz", p("Tally Books", at=BOOKS), Different, id="its bookkeepers by their domain"),
        pytest.param("kat@acme.co.nz", p("Tally Books", at=BOOKS, by=DIRECT), Different, id="and by their address"),
        pytest.param("kat@acme.co.nz", p("", at=BOOKS), Different, id="a firm whose name nobody knows"),
        pytest.param("kat@acme.co.nz", p("Acme", at=BOOKS), Same, id="beside the name it counts"),
        pytest.param("kat@acme.co.nz", p("Acme Holdings", at=BOOKS), Ask, id="a similar name is a question"),
        pytest.param("kat@acme.co.nz", p("Zebra", at=NZ), Ask, id="the main person's domain is a question as ever"),
        pytest.param("acme@gmail.com", p("Acme", at=BOOKS), Same, id="where it says no domain of its own"),
        pytest.param("acme@gmail.com", p("Tally Books", at=BOOKS), Different, id="but only beside the name"),
        pytest.param("acme@gmail.com", p("Tally", by=DIRECT), Ask, id="then the very address is a question"),
        pytest.param("sal@books.nz", p("Tally Books", at=BOOKS), Ask, id="a further person at the main one's domain"),
    ],
)
def test_a_further_person_counts_beside_a_name(email: str, other: Profile, verdict: type) -> None:
    """A further person may be the customer's bookkeeper: that firm is not the customer, and is no question."""
    customer = Customer("o", "c", "Acme Ltd", email, email_key=email, persons=(SAL,))

    assert type(weigh(profile_of_customer(customer), other)) is verdict
    assert type(weigh(other, profile_of_customer(customer))) is verdict
