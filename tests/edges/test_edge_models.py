"""What the vendors answer is read tolerantly: both date forms, nulls, unknown words; nothing odd loses an answer."""

from __future__ import annotations

import json
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from xero_python.accounting.models.time_zone import TimeZone  # type: ignore[import-untyped]

from ledgerloop.decimal_json import dumps, loads
from ledgerloop.hubspot.models import Association, Record, Stage, TokenInfo
from ledgerloop.hubspot.paths import Paths
from ledgerloop.xero.client import if_modified_since
from ledgerloop.xero.models import Connection, Contact, CreditNote, Invoice, Organisation, Payment
from ledgerloop.xero.timezones import iana_from_timezone
from ledgerloop.xero.values import EPOCH, day_from, moment_from

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

INVOICE: dict[str, Any] = {
    "Type": "ACCREC",
    "InvoiceID": "046d",
    "InvoiceNumber": "INV-0002",
    "Payments": [
        {"PaymentID": "99ea", "Date": "/Date(1543449600000+0000)/", "Amount": Decimal("46.00"), "HasAccount": 0}
    ],
    "CreditNotes": [{"CreditNoteID": "cn", "AppliedAmount": Decimal("4.00")}],
    "Prepayments": None,
    "AmountDue": Decimal("0.00"),
    "AmountPaid": "46.00",
    "Contact": {"ContactID": "a367", "Name": "Barney Rubble", "ContactPersons": []},
    "DateString": "2018-10-20T00:00:00",
    "Date": "/Date(1539993600000+0000)/",
    "DueDate": "2018-12-30T00:00:00",
    "Status": "GIFTED",
    "LineItems": None,
    "Total": Decimal("46.00"),
    "CurrencyRate": None,
    "Url": None,
    "UpdatedDateUTC": "/Date(1541176592690+0000)/",
    "FullyPaidOnDate": "/Date(1543449600000)/",
    "ADayNobodyKnew": {"deep": [1]},
}


class TestXero:
    def test_invoice(self) -> None:
        """Nulls are empty values, unknown words stay, unknown keys go, days are days and moments are UTC."""
        invoice = Invoice.model_validate(INVOICE)

        assert (invoice.Status, invoice.Url, invoice.LineItems, invoice.Prepayments) == ("GIFTED", "", [], [])
        assert (invoice.Date, invoice.DueDate, invoice.FullyPaidOnDate) == (
            date(2018, 10, 20),
            date(2018, 12, 30),
            date(2018, 11, 29),
        )
        assert invoice.UpdatedDateUTC == datetime(2018, 11, 2, 16, 36, 32, 690000, tzinfo=UTC)
        assert (invoice.AmountPaid, invoice.CurrencyRate) == (Decimal("46.00"), 1)
        assert invoice.Payments[0].Date == date(2018, 11, 29)
        assert invoice.CreditNotes[0].AppliedAmount == 4

    def test_batch_payment_strings(self) -> None:
        """Xero's own example writes amounts and flags of a batch payment as text; they are read all the same."""
        assert Contact.model_validate({"IsCustomer": "false", "IsSupplier": "true"}).IsSupplier is True
        assert Payment.model_validate({"Amount": "50.00"}).Amount == Decimal("50.00")

    def test_payment_of_a_credit_note(self) -> None:
        """A payment of a credit note names it under Invoice, with a Type that says so."""
        payment = Payment.model_validate({"Invoice": {"Type": "ACCRECCREDIT", "InvoiceID": "cn-1"}})

        assert (payment.Invoice.Type, payment.Invoice.InvoiceID) == ("ACCRECCREDIT", "cn-1")
        assert Payment.model_validate({"Invoice": None}).Invoice.InvoiceID == ""

    def test_credit_has_its_id_twice(self) -> None:
        """The id of a credit is read from its own name or from ID."""
        assert CreditNote.model_validate({"CreditNoteID": "a", "ID": "b"}).identifier == "a"
        assert CreditNote.model_validate({"ID": "b"}).identifier == "b"

    def test_connection_moments_have_seven_digits(self) -> None:
        """Connections write seven fractional digits and no Z."""
        connection = Connection.model_validate({"id": "c", "updatedDateUtc": "2019-12-07T18:46:19.5165400"})

        assert connection.updatedDateUtc == datetime(2019, 12, 7, 18, 46, 19, 516540, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("said", "moment"),
        [
            ("/Date(1541176592690+0000)/", datetime(2018, 11, 2, 16, 36, 32, 690000, tzinfo=UTC)),
            ("/Date(1541176592690)/", datetime(2018, 11, 2, 16, 36, 32, 690000, tzinfo=UTC)),
            ("/Date(1541176592690+1300)/", datetime(2018, 11, 2, 16, 36, 32, 690000, tzinfo=UTC)),
            ("/Date(-86400000+0000)/", datetime(1969, 12, 31, tzinfo=UTC)),
            ("2018-11-02T16:36:32Z", datetime(2018, 11, 2, 16, 36, 32, tzinfo=UTC)),
            ("2018-11-02T16:36:32", datetime(2018, 11, 2, 16, 36, 32, tzinfo=UTC)),
            ("2018-11-03T05:36:32+13:00", datetime(2018, 11, 2, 16, 36, 32, tzinfo=UTC)),
            ("/Date(999999999999999)/", None),
            ("yesterday", None),
            ("", None),
            (None, None),
            (7, None),
        ],
    )
    def test_moments(self, said: object, moment: datetime | None) -> None:
        """Both forms are read as UTC; what is neither is nothing, and never an error."""
        assert moment_from(said) == moment

    @CALM
    @given(st.dates(date(1900, 1, 1)))
    def test_days_are_not_converted(self, day: date) -> None:
        """A day is written as midnight UTC and stays that day, in either form."""
        milliseconds = (datetime(day.year, day.month, day.day, tzinfo=UTC) - EPOCH) // timedelta(milliseconds=1)

        assert day_from(f"/Date({milliseconds}+0000)/") == day
        assert day_from(f"{day.isoformat()}T00:00:00") == day
        assert day_from(day.isoformat()) == day

    @pytest.mark.parametrize(
        ("said", "day"),
        [
            ("/Date(1795521600000+1200)/", date(2026, 11, 25)),
            ("/Date(1795608000000+1200)/", date(2026, 11, 26)),
            ("/Date(1795584600000-0530)/", date(2026, 11, 25)),
        ],
    )
    def test_a_day_that_is_written_with_a_zone_is_midnight_there(self, said: str, day: date) -> None:
        """Milliseconds are UTC; the zone behind them says where it is midnight."""
        assert day_from(said) == day

    @CALM
    @given(st.none() | st.integers() | st.text() | st.from_regex(r"/Date\(-?\d{1,20}([+-]\d{4})?\)/", fullmatch=True))
    def test_odd_dates_are_nothing(self, said: object) -> None:
        """No text makes reading a date fail."""
        assert moment_from(said) is None or moment_from(said).tzinfo is UTC  # type: ignore[union-attr]
        assert day_from(said) is None or isinstance(day_from(said), date)

    def test_if_modified_since_has_no_zone(self) -> None:
        """Moments are sent as UTC to the second, without a zone."""
        moment = datetime.fromisoformat("2026-11-20T13:00:00.999+13:00")

        assert if_modified_since(moment) == "2026-11-20T00:00:00"


class TestTimeZones:
    def test_every_word_of_xeros_list_is_known(self) -> None:
        """Each word of Xero's own list has an IANA name that exists, and only UTC is UTC."""
        names = {one.value: iana_from_timezone(one.value) for one in TimeZone}

        assert {word for word, name in names.items() if name == "UTC"} == {"UTC"}
        assert all(zoneinfo.ZoneInfo(name) for name in names.values())

    @pytest.mark.parametrize(
        ("word", "hours"),
        [
            ("NEWZEALANDSTANDARDTIME", 13),
            ("AUSEASTERNSTANDARDTIME", 11),
            ("GMTSTANDARDTIME", 0),
            ("EASTERNSTANDARDTIME", -5),
            ("INDIASTANDARDTIME", 5.5),
            ("CENTRALSTANDARDTIME(MEXICO)", -6),
            ("UTC+13", 13),
            ("UTC08", -8),
            ("UTC11", -11),
            ("SOMETHINGNEW", 0),
            ("", 0),
        ],
    )
    def test_offsets_in_january(self, word: str, hours: float) -> None:
        """The zones are the ones meant, signs included; an unknown word is UTC, and the word itself is kept."""
        at = datetime(2027, 1, 15, tzinfo=zoneinfo.ZoneInfo(iana_from_timezone(word)))

        assert at.utcoffset() == timedelta(hours=hours)
        assert Organisation.model_validate({"Timezone": word}).Timezone == word


class TestHubSpot:
    def test_ids_are_text_and_values_text_or_none(self) -> None:
        """Numbers and flags in values become the text that HubSpot means."""
        given = {
            "id": 512,
            "properties": {"a": 1, "b": None, "c": True, "d": "x"},
            "createdAt": "2026-01-17T19:55:04.281Z",
        }
        record = Record.model_validate(given)

        assert (record.id, record.properties) == ("512", {"a": "1", "b": None, "c": "true", "d": "x"})
        assert record.created_at == datetime(2026, 1, 17, 19, 55, 4, 281000, tzinfo=UTC)
        assert Record.model_validate({"id": "1", "properties": None, "updatedAt": "?"}).updated_at is None

    @pytest.mark.parametrize(
        ("metadata", "won"),
        [
            ({"probability": "1.0", "isClosed": "true"}, True),
            ({"probability": "1"}, True),
            ({"probability": 1}, True),
            ({"probability": "0.8"}, False),
            ({"probability": "0.0", "isClosed": "true"}, False),
            ({"probability": "much"}, False),
            ({}, False),
            (None, False),
        ],
    )
    def test_won_stages(self, metadata: object, won: bool) -> None:
        """Won is probability 1.0 and nothing else."""
        assert Stage.model_validate({"id": 94137005, "label": "Closed won", "metadata": metadata}).won is won

    def test_token_info(self) -> None:
        """Ids are numbers on the wire."""
        info = TokenInfo.model_validate({"userId": 1, "hubId": 62515, "appId": None, "scopes": ["oauth"]})

        assert (info.hub_id, info.app_id, info.scopes) == ("62515", "", ["oauth"])

    def test_primary_company(self) -> None:
        """The primary company is the association of type 5 for a deal and 1 for a contact."""
        assert Association("9", (341, 5)).primary_company
        assert Association("9", (1,)).primary_company
        assert not Association("9", (341,)).primary_company

    def test_addresses_by_version(self) -> None:
        """The version moves behind the family's name, and associations were in v4 before."""
        new, old = Paths("2026-09"), Paths("v3")

        assert new.objects("contact", "/{id}") == "/crm/objects/2026-09/contacts/{id}"
        assert old.objects("contacts", "/{id}") == "/crm/v3/objects/contacts/{id}"
        assert new.associations("deal", "line_item", "/x") == "/crm/associations/2026-09/deals/line_items/x"
        assert old.associations("deals", "contacts", "/x") == "/crm/v4/associations/deals/contacts/x"
        assert new.properties("deals", "/groups") == "/crm/properties/2026-09/deals/groups"
        assert old.properties("deals", "/groups") == "/crm/v3/properties/deals/groups"
        assert new.pipelines("deals") == "/crm/pipelines/2026-09/deals"
        assert old.pipelines("deals") == "/crm/v3/pipelines/deals"
        assert (new.owners(), old.owners()) == ("/crm/owners/2026-09", "/crm/v3/owners/")
        assert (new.account(), old.account()) == ("/account-info/2026-09/details", "/account-info/v3/details")
        with pytest.raises(ValueError):
            Paths("v4")


class TestExactJson:
    @CALM
    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=10,
        )
    )
    def test_what_is_written_is_what_is_read(self, value: Any) -> None:
        """Every number comes back as the number it was, and any JSON reader can read what we write."""
        text = dumps(value)

        assert loads(text) == value
        json.loads(text)

    @pytest.mark.parametrize("value", [0.1, Decimal("NaN"), Decimal("Infinity"), datetime.now(UTC), object()])
    def test_what_has_no_exact_form_is_refused(self, value: object) -> None:
        """A float, a number that is none, or a moment is a mistake of the caller's."""
        with pytest.raises((TypeError, ValueError)):
            dumps({"a": [value]})

    def test_huge_exponents_stay_short(self) -> None:
        """A number from outside with a huge exponent does not fill the memory when it is written again."""
        assert len(dumps(loads("[1e999999999, 1e-999999999]"))) < 40
