"""Whose value of a field stands, when both sides say something, and when only one of them changed."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import CALM, customer, record

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Vendor
from ledgerloop.rules.ownership import (
    FIELDS,
    SOURCE,
    UNITS,
    Comparison,
    Owner,
    Pair,
    after_refusal,
    another_person,
    compare,
    made_by_app,
    made_from,
    must_read,
    said_by_hubspot,
    said_by_xero,
    same_name,
    same_person,
    settle,
    values_of,
    without_email,
)

X, H, LEAVE = "to_hubspot", "to_xero", "leave"


def owners(owner: Owner, **others: Owner) -> dict[str, Owner]:
    """Own every field alike, but for some."""
    return dict.fromkeys(FIELDS, owner) | others


class TestFirstMeeting:
    @pytest.mark.parametrize(
        ("owner", "now", "newer", "verdict"),
        [
            pytest.param("xero", Pair("a", "b"), None, X, id="xero: its value overwrites"),
            pytest.param("hubspot", Pair("a", "b"), None, H, id="hubspot: its value overwrites"),
            pytest.param("first", Pair("a", "b"), None, H, id="first: both have one, so HubSpot's counts as the first"),
            pytest.param("newest", Pair("a", "b"), "xero", X, id="newest: Xero's is newer"),
            pytest.param("newest", Pair("a", "b"), "hubspot", H, id="newest: HubSpot's is newer"),
            pytest.param("newest", Pair("a", "b"), None, LEAVE, id="newest: nobody knows, so nothing is overwritten"),
            pytest.param("xero", Pair("a", ""), None, X, id="xero: fills an empty place"),
            pytest.param("xero", Pair("", "b"), None, LEAVE, id="xero: an empty place overwrites nothing"),
            pytest.param("hubspot", Pair("a", ""), None, LEAVE, id="hubspot: has nothing, and that stands"),
            pytest.param("hubspot", Pair("", "b"), None, H, id="hubspot: fills an empty place"),
            pytest.param("first", Pair("a", ""), None, X, id="first: Xero had one first, so it fills"),
            pytest.param("first", Pair("", "b"), None, H, id="first: HubSpot had one first, so it fills"),
            pytest.param("newest", Pair("a", ""), None, X, id="newest: fills from Xero"),
            pytest.param("newest", Pair("", "b"), None, H, id="newest: fills from HubSpot"),
            pytest.param("xero", Pair("a", "a"), None, LEAVE, id="the same is the same"),
        ],
    )
    def test_settled(self, owner: Owner, now: Pair, newer: Vendor | None, verdict: str) -> None:
        """At the first meeting a value overwrites another or fills an empty place; emptiness overwrites nothing."""
        first: Vendor | None = "hubspot" if now.hubspot else "xero"
        assert verdict == settle(owner, now, None, first, newer)


class TestLater:
    @pytest.mark.parametrize(
        ("owner", "first", "now", "before", "newer", "verdict"),
        [
            pytest.param("xero", None, Pair("b", "a"), Pair("a", "a"), None, X, id="xero: its change goes over"),
            pytest.param("xero", None, Pair("a", "b"), Pair("a", "a"), None, X, id="xero: HubSpot's change is undone"),
            pytest.param("xero", None, Pair("", "a"), Pair("a", "a"), None, X, id="xero: what it removed is removed"),
            pytest.param(
                "hubspot", None, Pair("b", "a"), Pair("a", "a"), None, H, id="hubspot: Xero's change is undone"
            ),
            pytest.param("hubspot", None, Pair("a", "b"), Pair("a", "a"), None, H, id="hubspot: its change goes over"),
            pytest.param("first", "xero", Pair("b", "a"), Pair("a", "a"), None, X, id="first: Xero's, and it changed"),
            pytest.param("first", "hubspot", Pair("b", "a"), Pair("a", "a"), None, H, id="first: HubSpot's stands"),
            pytest.param("first", None, Pair("", ""), Pair("a", "a"), None, LEAVE, id="first: both removed it"),
            pytest.param("newest", None, Pair("b", "a"), Pair("a", "a"), None, X, id="newest: only Xero changed"),
            pytest.param("newest", None, Pair("a", "b"), Pair("a", "a"), None, H, id="newest: only HubSpot changed"),
            pytest.param("newest", None, Pair("b", "c"), Pair("a", "a"), "xero", X, id="newest: both, Xero last"),
            pytest.param(
                "newest", None, Pair("b", "c"), Pair("a", "a"), None, LEAVE, id="newest: both, and nobody knows"
            ),
            pytest.param("xero", None, Pair("a", "b"), Pair("a", "b"), None, LEAVE, id="an old difference is left"),
            pytest.param("newest", None, Pair("c", "c"), Pair("a", "b"), None, LEAVE, id="changed alike"),
        ],
    )
    def test_settled(
        self, owner: Owner, first: Vendor | None, now: Pair, before: Pair, newer: Vendor | None, verdict: str
    ) -> None:
        """Later only a change moves a value, towards whoever does not own it."""
        assert verdict == settle(owner, now, before, first, newer)

    @given(
        st.sampled_from(get_args(Owner)),
        st.tuples(*[st.sampled_from(["", "a", "b", "c"])] * 4),
        st.sampled_from([None, "xero", "hubspot"]),
        st.sampled_from([None, "xero", "hubspot"]),
    )
    @CALM
    def test_never_to_and_fro(
        self, owner: Owner, texts: tuple[str, str, str, str], first: Vendor | None, newer: Vendor | None
    ) -> None:
        """What was settled once is settled: the same two values, compared again, move nothing."""
        now, before = Pair(*texts[:2]), Pair(*texts[2:])
        verdict = settle(owner, now, before, first, newer)
        after = {X: Pair(now.xero, now.xero), H: Pair(now.hubspot, now.hubspot), LEAVE: now}[verdict]

        assert LEAVE == settle(owner, after, after, first, newer)


class TestReading:
    @pytest.mark.parametrize(
        ("owner", "before", "asks"),
        [
            pytest.param("xero", None, True, id="at the first meeting"),
            pytest.param("xero", "old", False, id="not where Xero's change wins"),
            pytest.param("hubspot", "old", False, id="not where it cannot"),
            pytest.param("newest", "old", True, id="where HubSpot may have changed as well"),
            pytest.param("newest", "same", False, id="not where Xero did not change"),
            pytest.param("first", "old", False, id="not where it is known who was first"),
            pytest.param("first", "unknown", True, id="where it is not known who was first"),
            pytest.param("xero", "unknown", False, id="not where that makes no difference"),
        ],
    )
    def test_hubspot_is_read_only_where_it_must(self, owner: Owner, before: str | None, asks: bool) -> None:
        """A burst of payments changes no field, so it reads nothing."""
        xero = said_by_xero("company", customer())
        last = None
        if before is not None:
            said = xero if before == "same" else {**xero, "phone": "old"}
            last = Comparison((), (), said, said, {} if before == "unknown" else dict.fromkeys(xero, "xero"))

        assert asks is must_read(owners(owner), "company", xero, last)


class TestMadeByApp:
    @pytest.mark.parametrize(
        ("source", "app", "ours"),
        [
            (("INTEGRATION", "62515"), "62515", True),
            (("INTEGRATION", "62515"), "1", False),
            (("CRM_UI", "userId:1"), "62515", False),
            (("INTEGRATION", ""), "", False),
            ((None, None), "62515", False),
        ],
    )
    def test_what_our_own_app_made_came_from_xero(
        self, source: tuple[str | None, str | None], app: str, ours: bool
    ) -> None:
        """Only a record of our own app says what Xero said first; without the app's id nobody knows."""
        mine = Record(id="1", properties={"name": "Old Ltd", **dict(zip(SOURCE, source, strict=True))})

        made = made_by_app("company", mine, app)

        assert ours is (made is not None)
        if made is not None:
            assert ("Old Ltd", "Old Ltd", "xero") == (made.xero["name"], made.hubspot["name"], made.first["name"])


class TestCompare:
    def test_a_record_just_made_has_no_news(self) -> None:
        """What was made of Xero's values says the same, and Xero had them first."""
        xero = said_by_xero("contact", customer())

        made = made_from("xero", "contact", xero)
        again = compare(owners("first"), "contact", xero, made.hubspot, made, {})

        assert ((), ()) == (again.to_hubspot, again.to_xero)
        assert {"xero"} == set(made.first.values())

    def test_a_change_in_xero_reaches_what_xero_made(self) -> None:
        """“First” means: a contact that came from Xero follows it."""
        made = made_from("xero", "contact", said_by_xero("contact", customer()))

        moved = customer(phone="1", street="2 New St", email="new@acme.nz", email_key="new@acme.nz")
        compared = compare(owners("first"), "contact", said_by_xero("contact", moved), made.hubspot, made, {})

        assert ("email", "phone", "address") == compared.to_hubspot
        assert compared.hubspot == compared.xero

    def test_what_people_wrote_in_hubspot_stays(self) -> None:
        """“First” means: a contact that was there keeps what it had, and its empty places are filled."""
        there = record("7", email="kat@acme.nz", phone="111", firstname="Katherine", lastname=None)

        compared = compare(
            owners("first"), "contact", said_by_xero("contact", customer()), said_by_hubspot("contact", there), None, {}
        )

        assert ("company", "address") == compared.to_hubspot

    def test_a_name_of_its_own(self) -> None:
        """Each field has an owner of its own."""
        made = made_from("xero", "company", said_by_xero("company", customer()))
        moved = said_by_xero("company", customer(name="Acme Holdings Ltd", phone="1"))

        compared = compare(owners("xero", name="hubspot"), "company", moved, made.hubspot, made, {})

        assert ("phone",) == compared.to_hubspot
        assert ("name",) == compared.to_xero

    @pytest.mark.parametrize(
        ("newer", "to_hubspot", "to_xero"), [("xero", ("phone",), ()), ("hubspot", (), ("phone",))]
    )
    def test_the_side_that_changed_last(
        self, newer: Vendor, to_hubspot: tuple[str, ...], to_xero: tuple[str, ...]
    ) -> None:
        """“Newest” means: where both have changed a field, the later change of that field stands."""
        made = made_from("xero", "company", said_by_xero("company", customer()))
        xero, hubspot = ({**made.xero, "phone": phone} for phone in ("1", "2"))

        compared = compare(owners("newest"), "company", xero, hubspot, made, {"phone": newer})

        assert (to_hubspot, to_xero) == (compared.to_hubspot, compared.to_xero)

    def test_nobody_was_first_with_what_nobody_says(self) -> None:
        """Who has a value first is known once somebody has one."""
        nothing = dict.fromkeys(UNITS["company"], "")

        compared = compare(owners("first"), "company", {**nothing, "phone": "1"}, nothing, None, {})

        assert {"phone": "xero"} == dict(compared.first)

    def test_an_email_is_never_emptied(self) -> None:
        """A contact keeps the address it is known by."""
        made = made_from("xero", "contact", said_by_xero("contact", customer()))
        without = said_by_xero("contact", customer(email="", email_key=""))

        assert "email" not in compare(owners("xero"), "contact", without, made.hubspot, made, {}).to_hubspot

    @pytest.mark.parametrize("owner", get_args(Owner))
    def test_what_hubspot_refused_is_no_edit_of_it(self, owner: Owner) -> None:
        """It says what it said before: nothing is tried again, and nothing is carried to Xero, emptiness least."""
        xero = said_by_xero("contact", customer())
        for was, there in (("", {}), ("old@acme.nz", {"email": "old@acme.nz"})):
            hubspot = said_by_hubspot("contact", record("7", **there))
            once = (
                compare(owners("xero"), "contact", xero, hubspot, None, {})
                if was
                else made_from("xero", "contact", xero)
            )

            kept = after_refusal("contact", once, ["email"], [])
            again = compare(owners(owner), "contact", xero, {**kept.hubspot, "email": was}, kept, {})

            assert was == kept.hubspot["email"]
            assert ((), ()) == (again.to_hubspot, again.to_xero)

    def test_an_email_that_another_contact_has_is_tried_again(self) -> None:
        """A person may free it, so it stays Xero's news."""
        xero = said_by_xero("contact", customer())
        there = said_by_hubspot("contact", record("7", email="old@acme.nz"))
        once = compare(owners("xero"), "contact", xero, there, None, {})

        kept = after_refusal("contact", once, ["email"], ["email"])

        assert "email" in compare(owners("xero"), "contact", xero, there, kept, {}).to_hubspot
        assert "phone" not in compare(owners("xero"), "contact", xero, kept.hubspot, kept, {}).to_hubspot

    def test_no_email_is_none_to_write(self) -> None:
        """What stands may be the email that Xero had before; it has none now, and an empty one is never written."""
        without = customer(email="", email_key="", phone="5")

        assert {"phone": "5"} == values_of("contact", ("email", "phone"), without)

    def test_an_address_moves_as_a_whole(self) -> None:
        """What is empty in the new address is emptied, the second line of a company's street too."""
        moved = customer(street="2 New St", region="", postcode="")

        values = values_of("company", ("address",), moved)

        assert ("2 New St", "", "Auckland", "", "") == tuple(
            values[name] for name in ("address", "address2", "city", "state", "zip")
        )

    def test_two_lines_of_a_street_are_one(self) -> None:
        """HubSpot's two lines say what Xero's one does."""
        there = {
            "name": "Acme Ltd",
            "address": "1 Quay St",
            "address2": "Level 2",
            "city": "Auckland",
            "state": "AKL",
            "zip": "1010",
            "country": "New Zealand",
        }

        assert (
            said_by_xero("company", customer())["address"]
            == said_by_hubspot("company", record("1", **there))["address"]
        )

    @given(st.dictionaries(st.sampled_from(["phone", "name", "street"]), st.text("abc ", max_size=4)), st.booleans())
    @CALM
    def test_settled_is_settled(self, values: dict[str, Any], company: bool) -> None:
        """After what was decided is written, comparing again decides nothing, whoever owns what."""
        kind = "company" if company else "contact"
        xero = said_by_xero(kind, customer(**values))
        hubspot = said_by_hubspot(kind, record("1", phone="9", email="a@b.nz", name="Other"))
        for owner in get_args(Owner):
            once = compare(owners(owner), kind, xero, hubspot, None, {})
            told = {unit: once.hubspot[unit] if unit in once.to_xero else once.xero[unit] for unit in UNITS[kind]}
            settled = Comparison((), (), told, once.hubspot, once.first)
            again = compare(owners(owner), kind, told, once.hubspot, settled, {})

            assert ((), ()) == (again.to_hubspot, again.to_xero)


def said(email: str, person: str = "", **more: str) -> dict[str, str]:
    """Say of a contact who it is."""
    return {"email": email, "person": person.replace(" ", "\n"), **more}


def between(xero: dict[str, str], hubspot: dict[str, str] | None = None) -> Comparison:
    """Return what both sides said last; the same unless told otherwise, and Xero had it first."""
    return Comparison((), (), xero, xero if hubspot is None else hubspot, {"email": "xero", "person": "xero"})


JANE = said("jane@a.nz", "Jane Doe")


class TestPeople:
    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("Jane Doe", "jane  DOE", True),
            ("Jane", "Jane Doe", True),
            ("Doe, Jane", "Jane Doe", True),
            ("Zoë", "Zoe", True),
            ("", "Jane", True),
            ("Jane Doe", "Jane Smith", False),
            ("Jane Doe", "Bob Doe", False),
            ("J Doe", "Jane Doe", False),
            ("太郎", "花子", False),
        ],
    )
    def test_same_name(self, one: str, other: str, same: bool) -> None:
        """A name may have parts left out, and be written in another order."""
        assert same is same_name(one, other) is same_name(other, one)

    @pytest.mark.parametrize(
        ("now", "before", "another"),
        [
            pytest.param(said("bob@a.nz", "Bob New"), between(JANE), True, id="another email and another name"),
            pytest.param(said("jd@a.nz", "Jane Doe"), between(JANE), False, id="the same name: a new address"),
            pytest.param(said("jane@a.nz", "Jane New"), between(JANE), False, id="the same email: a new name"),
            pytest.param(said("ap@a.nz"), between(JANE), False, id="no name now"),
            pytest.param(said("", "Bob New"), between(JANE), False, id="no email now"),
            pytest.param(said("bob@a.nz", "Bob New"), between(said("ap@a.nz")), False, id="no name before"),
            pytest.param(said("bob@a.nz", "Bob New"), None, False, id="at the first meeting"),
            pytest.param(said("bob@a.nz", "Bob"), between(said("", ""), JANE), True, id="left open: HubSpot says who"),
        ],
    )
    def test_another_person(self, now: dict[str, str], before: Comparison | None, another: bool) -> None:
        """Both must be others, and known."""
        assert another is another_person(now, before)

    @pytest.mark.parametrize(
        ("now", "there", "to_hubspot"),
        [
            pytest.param(said("jd@a.nz", "Jane Doe"), JANE, ("email",), id="the same person's new address"),
            pytest.param(said("jane@a.nz", "Jane New"), JANE, ("person",), id="the same address's new name"),
            pytest.param(said("jd@a.nz", "Jane M Doe"), JANE, ("email", "person"), id="both, of the same person"),
            pytest.param(said("bob@a.nz", "Bob New"), JANE, (), id="another person: nothing"),
            pytest.param(said("jane@a.nz", "Bob"), said("x@a.nz", "Jane Doe"), (), id="a name beside another's email"),
        ],
    )
    def test_both_or_neither(self, now: dict[str, str], there: dict[str, str], to_hubspot: tuple[str, ...]) -> None:
        """A name goes to a contact with its own email alone, and an email with its own name."""
        assert to_hubspot == compare(owners("first"), "contact", now, there, between(JANE, there), {}).to_hubspot

    @pytest.mark.parametrize("owner", get_args(Owner))
    def test_another_person_stays_news(self, owner: Owner) -> None:
        """Until the customer has that person's contact, every comparison says so again, whoever owns the fields."""
        bob = said("bob@a.nz", "Bob New")
        once = compare(owners(owner), "contact", bob, JANE, between(JANE), {})

        assert ((), True) == (once.to_hubspot, another_person(bob, once))
        assert (JANE, JANE) == tuple({unit: some[unit] for unit in JANE} for some in (once.xero, once.hubspot))

    def test_what_hubspot_says_stands_and_goes_to_xero(self) -> None:
        """Where Xero is told HubSpot's email, nobody took over: the name goes back as well."""
        bob = said("bob@a.nz", "Bob New")
        settled = compare(owners("hubspot"), "contact", bob, JANE, between(JANE), {}, to_xero=True)

        assert ((), ("email", "person")) == (settled.to_hubspot, settled.to_xero)
        assert "bob@a.nz" == settled.xero["email"]

    def test_another_person_made_of_a_contact_is_not_split(self) -> None:
        """Where the owners would carry one half to Xero and put the other back, nothing moves."""
        bob = said("bob@a.nz", "Bob New")
        settled = compare(owners("hubspot", email="xero"), "contact", JANE, bob, between(JANE), {}, to_xero=True)

        assert ((), ()) == (settled.to_hubspot, settled.to_xero)

    @pytest.mark.parametrize(
        ("name", "to_hubspot"),
        [
            pytest.param("Jane Doe", ("email",), id="a new address, and the names differ as they did"),
            pytest.param("Ann Lee", (), id="another name as well"),
        ],
    )
    def test_a_new_address_goes_without_a_new_name(self, name: str, to_hubspot: tuple[str, ...]) -> None:
        """Where names differ already and stay HubSpot's, Xero's email goes over unless its name is another's now."""
        there, now = said("jane@a.nz", "Bob New"), said("jd@a.nz", name)
        before = between(said("jane@a.nz", "Jane Doe"), there)

        compared = compare(owners("xero", name="hubspot"), "contact", now, there, before, {})

        assert to_hubspot == compared.to_hubspot

    def test_first_meeting_of_two_people(self) -> None:
        """An email does not go to another person's name, nor a name to another person's email."""
        bob = said("bob@a.nz", "Bob New")
        for owner in (owners("xero", name="hubspot"), owners("xero", email="hubspot")):
            assert () == compare(owner, "contact", bob, JANE, None, {}).to_hubspot
        assert ("email", "person") == compare(owners("xero"), "contact", bob, JANE, None, {}).to_hubspot

    def test_without_an_email_a_name_is_no_news(self) -> None:
        """What Xero says of a person whose email it no longer has is what it said before."""
        assert JANE == without_email("contact", said("", "Bob New"), between(JANE))
        assert said("bob@a.nz", "Bob") == without_email("contact", said("bob@a.nz", "Bob"), between(JANE))
        assert said("", "Bob") == without_email("contact", said("", "Bob"), between(said("")))
        assert said("", "Bob") == without_email("contact", said("", "Bob"), None)
        assert {"name": "A"} == without_email("company", {"name": "A"}, between(JANE))

    @pytest.mark.parametrize(
        ("other", "same"),
        [
            (said("jane@a.nz"), True),
            (said("jd@a.nz", "Jane Doe"), True),
            (said("b@a.nz", "Bob"), False),
            (said("b@a.nz"), False),
            (said(""), False),
        ],
    )
    def test_same_person(self, other: dict[str, str], same: bool) -> None:
        """Two contacts are one person's by email or by name; one that says nothing is nobody's."""
        assert same is same_person(JANE, other)
