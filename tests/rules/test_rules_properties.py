"""The HubSpot properties: the names others rely on, definitions that HubSpot takes, and what differs in a portal."""

from __future__ import annotations

import re
from typing import Any

import pytest
from rules_samples import HOME, TODAY, customer, invoice

from ledgerloop.records import LinkKind
from ledgerloop.rules.customers import properties_from_standing
from ledgerloop.rules.invoices import properties_from_invoice
from ledgerloop.rules.properties import (
    CUSTOMER_WORDS,
    DEAL_WORDS,
    GROUP,
    PROPERTIES,
    Present,
    Property,
    differences,
    differing,
    hubspots_own,
    mistaken,
    properties_on,
    renamed,
)
from ledgerloop.rules.standing import WORDS, standing_of
from ledgerloop_sandbox.hubspot.builtin import definitions_of
from ledgerloop_sandbox.hubspot.definitions import FIELD_TYPES
from ledgerloop_sandbox.hubspot.kinds import COMPANY, CONTACT, DEAL

KINDS: tuple[LinkKind, ...] = ("contact", "company", "deal")
PAIRS = [pytest.param(kind, each, id=f"{each.name} on a {kind}") for kind in KINDS for each in properties_on(kind)]


class TestList:
    @pytest.mark.parametrize(
        ("name", "kinds", "type_"),
        [
            ("xero_last_payment_date", ("contact", "company"), "date"),
            ("xero_outstanding_balance", ("contact", "company"), "number"),
            ("xero_invoice_status", ("contact", "company", "deal"), "enumeration"),
        ],
    )
    def test_the_guides_names(self, name: str, kinds: tuple[str, ...], type_: str) -> None:
        """Lists, workflows and the Make blueprint rely on these three names to the letter."""
        (found,) = (each for each in PROPERTIES if each.name == name)

        assert (found.on, found.type) == (kinds, type_)

    def test_names_are_snake_case(self) -> None:
        """HubSpot's names are lower-case snake_case and cannot be changed later."""
        assert all(re.fullmatch(r"xero(_[a-z]+)+", each.name) for each in PROPERTIES)

    def test_names_are_there_once(self) -> None:
        """One name is one property."""
        assert len({each.name for each in PROPERTIES}) == len(PROPERTIES)
        assert len({each.label for each in PROPERTIES}) == len(PROPERTIES)

    @pytest.mark.parametrize(
        ("kind", "unique"),
        [
            ("contact", {"xero_contact_id"}),
            ("company", {"xero_contact_id"}),
            ("deal", {"xero_invoice_id"}),
        ],
    )
    def test_unique(self, kind: LinkKind, unique: set[str]) -> None:
        """The ids are unique, so that a record is found by them; an object type has room for ten (HubSpot docs)."""
        assert {each.name for each in properties_on(kind) if each.unique} == unique

    def test_words(self) -> None:
        """The words of a customer are those of its standing, worst first; a deal's invoice has Xero's others too."""
        assert CUSTOMER_WORDS == WORDS
        assert set(DEAL_WORDS) == {*WORDS, "DRAFT", "SUBMITTED", "DELETED"}


class TestDefinition:
    @pytest.mark.parametrize(("kind", "wanted"), PAIRS)
    def test_hubspot_takes_it(self, kind: LinkKind, wanted: Property) -> None:
        """A definition has what HubSpot requires, a field type that goes with its type, and options where it must."""
        body = wanted.definition(kind, "its_name")

        assert body["name"] == "its_name"
        assert body["groupName"] == GROUP
        assert all(body[name] for name in ("label", "type", "fieldType", "description"))
        assert body["fieldType"] in FIELD_TYPES[body["type"]]
        assert body["hasUniqueValue"] is wanted.unique
        assert ("options" in body) == (body["type"] == "enumeration")

    @pytest.mark.parametrize(("kind", "words"), [("contact", WORDS), ("company", WORDS), ("deal", DEAL_WORDS)])
    def test_options(self, kind: LinkKind, words: tuple[str, ...]) -> None:
        """The status has an option for every word it can be, in their order, and each has its own label."""
        (status,) = (each for each in properties_on(kind) if each.type == "enumeration")

        options = status.definition(kind, status.name)["options"]

        assert [option["value"] for option in options] == list(words)
        assert [option["displayOrder"] for option in options] == list(range(len(words)))
        assert len({option["label"] for option in options}) == len(words)
        assert options[1]["label"] == "Partially paid"

    @pytest.mark.parametrize("kind", KINDS)
    def test_values_fit_their_type(self, kind: LinkKind) -> None:
        """What is written to a property is of the type it is made with."""
        documents = [invoice("115.00", due=-3, paid=[(-9, "15.00")], number="INV-7")]
        shown = properties_from_standing(standing_of(documents, TODAY, "NZD"), customer(), HOME)
        if kind == "deal":
            shown = properties_from_invoice(documents[0], HOME, TODAY)
        forms = {"number": r"-?\d+(\.\d\d)?", "date": r"\d{4}-\d\d-\d\d", "string": r".+", "enumeration": r"[A-Z_]+"}

        for each in properties_on(kind):
            assert re.fullmatch(forms[each.type], shown[each.name]) or not shown[each.name]


def present(kind: LinkKind, **other: Present | None) -> list[Present]:
    """Return what a portal has: all that is needed, except for the properties that are told otherwise or missing."""
    has = {
        each.name: Present(each.name, each.type, each.field_type, each.unique, each.words(kind))
        for each in properties_on(kind)
    }
    return [each for each in (has | other).values() if each is not None]


ELSE = "or map another name under [properties]."
ANOTHER = (
    "Map another name under [properties], restart the service, and run `ledgerloop provision`, which makes it: one that"
    " is deleted comes back as it was when its name is used again."
)


class TestDifferences:
    @pytest.mark.parametrize("kind", KINDS)
    def test_none(self, kind: LinkKind) -> None:
        """A portal that has everything needs nothing, whatever it has besides."""
        besides = Present("favourite_colour", "string", "text", False)

        assert differences(kind, [*present(kind), besides], {}) == ([], [])

    @pytest.mark.parametrize("kind", KINDS)
    def test_empty_portal(self, kind: LinkKind) -> None:
        """In a new portal everything is to be made."""
        assert differences(kind, [], {}) == (list(properties_on(kind)), [])

    def test_missing(self) -> None:
        """What is missing is to be made, and only that."""
        missing, wrong = differences("company", present("company", xero_currency=None), {})

        assert [each.name for each in missing] == ["xero_currency"]
        assert wrong == []

    @pytest.mark.parametrize(
        ("kind", "name", "has", "sentence"),
        [
            pytest.param(
                "contact",
                "xero_outstanding_balance",
                Present("xero_outstanding_balance", "string", "text", False),
                f"The contact property `xero_outstanding_balance` is a string, and must be a number. {ANOTHER}",
                id="a wrong type",
            ),
            pytest.param(
                "company",
                "xero_contact_id",
                Present("xero_contact_id", "string", "text", False),
                "The company property `xero_contact_id` does not require unique values, which cannot be changed later."
                f" {ANOTHER}",
                id="not unique",
            ),
            pytest.param(
                "deal",
                "xero_invoice_status",
                Present("xero_invoice_status", "enumeration", "checkbox", False),
                "The deal property `xero_invoice_status` has the field type checkbox, and should have select. Change"
                f" its field type in HubSpot, {ELSE}",
                id="a wrong field type",
            ),
            pytest.param(
                "contact",
                "xero_currency",
                Present("Xero_Currency", "string", "text", False),
                "The contact property `Xero_Currency` differs from `xero_currency` by case alone. HubSpot names are"
                " case-sensitive: delete it, or map the name under [properties].",
                id="a case variant",
            ),
            pytest.param(
                "contact",
                "xero_invoice_status",
                Present("xero_invoice_status", "enumeration", "select", False, ("PAID", "overdue")),
                "The contact property `xero_invoice_status` lacks `OVERDUE`, `PARTIALLY_PAID`, `AUTHORISED`, `VOIDED`,"
                f" `NONE` among its options. Add each in HubSpot with exactly this internal value, {ELSE}",
                id="options that are not there",
            ),
            pytest.param(
                "deal",
                "xero_invoice_status",
                Present("xero_invoice_status", "enumeration", "select", False, WORDS),
                "The deal property `xero_invoice_status` lacks `DRAFT`, `SUBMITTED`, `DELETED` among its options. Add"
                f" each in HubSpot with exactly this internal value, {ELSE}",
                id="a customer's words on a deal",
            ),
        ],
    )
    def test_wrong(self, kind: LinkKind, name: str, has: Present, sentence: str) -> None:
        """What is wrong is told to the operator and never worked around: it is not made a second time."""
        assert differences(kind, present(kind, **{name: has}), {}) == ([], [sentence])

    def test_more_than_needed(self) -> None:
        """Unique values that need not be are fine, and so is a case variant beside the right one."""
        has = present("contact", xero_currency=Present("xero_currency", "string", "text", True))

        assert differences("contact", [*has, Present("XERO_CURRENCY", "string", "text", False)], {}) == ([], [])

    def test_mapped(self) -> None:
        """A property that the portal calls otherwise is looked for, compared and made under that name."""
        names = {"xero_currency": "ledger_currency", "xero_open_invoices": "open_bills", "xero_amount_due": "due"}
        has = present(
            "contact",
            xero_currency=Present("ledger_currency", "number", "number", False),
            xero_open_invoices=Present("xero_open_invoices", "number", "number", False),
        )

        missing, wrong = differences("contact", has, names)

        assert [each.name for each in missing] == ["xero_open_invoices"]
        assert wrong == [f"The contact property `ledger_currency` is a number, and must be a string. {ANOTHER}"]

    def test_two_mapped_to_one(self) -> None:
        """Two properties under one name would overwrite each other."""
        names = {"xero_overdue_balance": "xero_outstanding_balance"}

        assert differences("contact", present("contact"), names) == (
            [],
            [
                "The contact properties `xero_outstanding_balance` and `xero_overdue_balance` would both be"
                " `xero_outstanding_balance`. Give each a name of its own under [properties]."
            ],
        )

    def test_hubspots_own(self) -> None:
        """A property of HubSpot's own is never ours: what people keep there would be overwritten."""
        has = [*present("company"), Present("turnover", "number", "number", False, hubspots=True)]
        names = {"xero_overdue_balance": "turnover"}
        sentence = (
            "The company property `turnover` is HubSpot's own, and `xero_overdue_balance` would overwrite it. Map"
            " another name under [properties]."
        )

        assert differences("company", has, names) == ([], [sentence])
        assert hubspots_own("company", has, names) == [sentence]
        assert hubspots_own("company", has, {}) == []


class TestMistaken:
    @pytest.mark.parametrize(
        ("names", "said"),
        [
            ({}, ""),
            ({"xero_contact_id": "ledger_id", "xero_currency": "money"}, ""),
            ({"xero_due_date": "due", "xero_oldest_due_date": "due"}, ""),
            ({"xero_contact_idd": "x"}, "`xero_contact_idd` is no property of Ledgerloop; did you mean"),
            ({"owed": "x"}, "`owed` is no property of Ledgerloop; `ledgerloop docs standing` lists them."),
            ({"xero_overdue_balance": "annualrevenue"}, "`annualrevenue` is a property of HubSpot's own"),
            ({"xero_overdue_balance": "hs_anything"}, "`hs_anything` is a property of HubSpot's own"),
            ({"xero_overdue_balance": "owed", "xero_outstanding_balance": "owed"}, "would both be `owed`"),
            ({"xero_overdue_balance": "xero_currency"}, "would both be `xero_currency`"),
        ],
    )
    def test_mapping(self, names: dict[str, str], said: str) -> None:
        """What can only be a mistake is said; one name on two kinds of record is none."""
        assert mistaken(names).startswith(said) if not said else said in mistaken(names)

    def test_every_property_that_the_sandbox_knows(self) -> None:
        """HubSpot's own names, as far as they are known, are all refused."""
        for kind in (CONTACT, COMPANY, DEAL):
            for name in definitions_of(kind, 0):
                assert "HubSpot's own" in mistaken({"xero_overdue_balance": name}), name


class TestDiffering:
    @pytest.mark.parametrize(
        ("written", "present", "found"),
        [
            pytest.param("10.00", "10.00", None, id="the same"),
            pytest.param("10.00", "10", None, id="the same number, spelt otherwise"),
            pytest.param("10.00", "99999", "99999", id="another number"),
            pytest.param("10.00", None, "", id="cleared"),
            pytest.param("", None, None, id="empty on both"),
            pytest.param("", "1.00", "1.00", id="filled"),
            pytest.param("10.00", "NaN", "NaN", id="no number"),
            pytest.param("10.00", "ten", "ten", id="a word"),
        ],
    )
    def test_numbers(self, written: str, present: str | None, found: str | None) -> None:
        """What stands there is found where it differs as a number."""
        names = {"xero_overdue_balance": "late"}

        assert differing("contact", {"late": written}, {"late": present}, names) == (
            {} if found is None else {"late": found}
        )

    def test_only_what_was_written_and_is_ours(self) -> None:
        """Other properties, and those that were never written, are not looked at; texts are compared as texts."""
        written = {"xero_currency": "NZD", "dealstage": "won", "xero_contact_url": "https://x"}
        present = {"xero_currency": "nzd", "dealstage": "lost", "xero_outstanding_balance": "1"}

        assert differing("company", written, present, {}) == {"xero_currency": "nzd"}


def test_renamed() -> None:
    """Values go out under the portal's own names; what is not mapped keeps its name."""
    values: dict[str, Any] = {"xero_currency": "NZD", "xero_open_invoices": "2"}

    assert renamed(values, {"xero_currency": "ledger_currency", "xero_amount_due": "due"}) == {
        "ledger_currency": "NZD",
        "xero_open_invoices": "2",
    }
