"""HubSpot's webhooks: only what is signed right and fresh is trusted; the rest is read as far as it can be."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledgerloop.errors import BadSignature, Unreadable
from ledgerloop.hubspot.webhooks import decoded, events_from, property_named, sign, unreadable, verify

SAMPLES = Path(__file__).parent / "samples" / "hubspot"
SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
STAMP = "1693657560000"
NOW = datetime.fromtimestamp(1693657560, UTC)
EXAMPLE = b"{'example_field':'example_value'}"
EXAMPLE_URL = "https://www.example.com/webhook_uri"
BODY_A = (SAMPLES / "body_a.json").read_bytes()
BODY_B = (SAMPLES / "body_b.json").read_bytes()
MIXED = (SAMPLES / "mixed.json").read_bytes()
URL_B = "https://sync.example.com/webhooks/hubspot?tenant=a%40b%3Ac"


CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.sampled_from(
    ["portalId", "subscriptionType", "objectId", "objectTypeId", "occurredAt", "sourceId", "changeSource"]
)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["deal.creation", "object.merge", "0-3", "INTEGRATION", "a:1"])
    | st.lists(st.integers(), max_size=2)
)


def v3(signature: str, stamp: str = STAMP) -> dict[str, str]:
    """Make the headers of version 3."""
    return {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": stamp}


def v1(signature: str) -> dict[str, str]:
    """Make the headers of version 1."""
    return {"X-HubSpot-Signature": signature, "X-HubSpot-Signature-Version": "v1"}


class TestVersion3:
    @pytest.mark.parametrize(
        ("raw", "url", "signature"),
        [
            (EXAMPLE, EXAMPLE_URL, "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="),
            (BODY_B, URL_B, "WhmkYilYZPTPJAMSOVaU8jz/bO5QN3eB8Xw9f0KGea0="),
        ],
    )
    def test_right_signatures(self, raw: bytes, url: str, signature: str) -> None:
        """HMAC over method, decoded address, raw body and timestamp; header names in whatever case."""
        headers = v3(signature)
        verify(raw, headers, "post", url, SECRET, NOW)
        verify(raw, {name.lower(): value for name, value in headers.items()}, "POST", url, SECRET, NOW)

    def test_undecoded_address_is_refused(self) -> None:
        """A signature over the address with its escapes is not HubSpot's."""
        with pytest.raises(BadSignature):
            verify(BODY_B, v3("hkHRDVPSxtWY2H9iujOnlbSjGgGPf34KbmQ8C5VkEA8="), "POST", URL_B, SECRET, NOW)

    def test_only_twelve_escapes_are_decoded(self) -> None:
        """The twelve that HubSpot names are decoded, in either case; all others stay."""
        assert decoded("%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B%3a%2f") == ":/?@!$'()*,;:/"
        assert decoded("/a?b=%20%26%3D%25%2B") == "/a?b=%20%26%3D%25%2B"

    @pytest.mark.parametrize("minutes", [-6, 6, -600, 600])
    def test_stale_and_future_are_refused(self, minutes: int) -> None:
        """Five minutes either way; a replayed delivery is older."""
        signature = sign(EXAMPLE, "POST", EXAMPLE_URL, STAMP, SECRET)
        verify(EXAMPLE, v3(signature), "POST", EXAMPLE_URL, SECRET, NOW + timedelta(minutes=minutes / 200))

        with pytest.raises(BadSignature):
            verify(EXAMPLE, v3(signature), "POST", EXAMPLE_URL, SECRET, NOW + timedelta(minutes=minutes))

    @pytest.mark.parametrize("stamp", ["", "soon", "1e12", "-5", "१६९३६५७५६००००", "9" * 40, "16936575600 00"])
    def test_odd_timestamps_are_refused(self, stamp: str) -> None:
        """A timestamp that is no number is a bad signature, never another error."""
        signature = sign(EXAMPLE, "POST", EXAMPLE_URL, stamp, SECRET)

        with pytest.raises(BadSignature):
            verify(EXAMPLE, v3(signature, stamp), "POST", EXAMPLE_URL, SECRET, NOW)

    @pytest.mark.parametrize("headers", [{}, v1("x"), v3(""), v3("é")])
    def test_missing_signature_is_refused(self, headers: Mapping[str, str]) -> None:
        """Without a v3 signature nothing is trusted."""
        with pytest.raises(BadSignature):
            verify(EXAMPLE, headers, "POST", EXAMPLE_URL, SECRET, NOW)

    def test_empty_secret_closes_the_endpoint(self) -> None:
        """Anybody can sign with an empty secret."""
        with pytest.raises(BadSignature):
            verify(EXAMPLE, v3(sign(EXAMPLE, "POST", EXAMPLE_URL, STAMP, "")), "POST", EXAMPLE_URL, "", NOW)

    @CALM
    @given(st.data())
    def test_near_misses_are_refused(self, data: st.DataObject) -> None:
        """One changed character of signature, body, address, method or time makes it wrong."""
        right = sign(BODY_B, "POST", URL_B, STAMP, SECRET)
        at = data.draw(st.integers(0, len(right) - 1))
        wrong = right[:at] + data.draw(st.sampled_from("aZ0+/=")) + right[at + 1 :]
        if wrong != right:
            with pytest.raises(BadSignature):
                verify(BODY_B, v3(wrong), "POST", URL_B, SECRET, NOW)
        where = data.draw(st.integers(0, len(BODY_B) - 1))
        changed = BODY_B[:where] + bytes([BODY_B[where] ^ 1]) + BODY_B[where + 1 :]
        for raw, method, url, stamp in (
            (changed, "POST", URL_B, STAMP),
            (BODY_B, "PUT", URL_B, STAMP),
            (BODY_B, "POST", URL_B + "d", STAMP),
            (BODY_B, "POST", URL_B, "1693657560001"),
        ):
            with pytest.raises(BadSignature):
                verify(raw, v3(right, stamp), method, url, SECRET, NOW)


class TestVersion1:
    @pytest.mark.parametrize(
        ("raw", "signature"),
        [
            (BODY_A, "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de"),
            (EXAMPLE, "69fc6631a867edd4f9e9e627fc5c1148e3fbdd8b21837b6d2b8901c1fa57f750"),
        ],
    )
    def test_taken_only_by_setting(self, raw: bytes, signature: str) -> None:
        """Version 1 has no time in it, so it is taken only where a setting says so."""
        verify(raw, v1(signature), "POST", EXAMPLE_URL, SECRET, NOW, allow_v1=True)

        with pytest.raises(BadSignature):
            verify(raw, v1(signature), "POST", EXAMPLE_URL, SECRET, NOW)

    def test_wrong_v3_is_not_saved_by_v1(self) -> None:
        """Where version 3 came, version 3 decides."""
        headers = {**v1("69fc6631a867edd4f9e9e627fc5c1148e3fbdd8b21837b6d2b8901c1fa57f750"), **v3("wrong")}

        with pytest.raises(BadSignature):
            verify(EXAMPLE, headers, "POST", EXAMPLE_URL, SECRET, NOW, allow_v1=True)

    def test_version_2_is_not_version_1(self) -> None:
        """The same header carries version 2 too, which is for other things."""
        headers = v1("4fe4e3a7d3cf09db53be39d0a58130e2aaba074ec123a9e355b876a689a1c383")
        headers["X-HubSpot-Signature-Version"] = "v2"

        with pytest.raises(BadSignature):
            verify(EXAMPLE, headers, "POST", EXAMPLE_URL, SECRET, NOW, allow_v1=True)


class TestEvents:
    def test_event_is_read(self) -> None:
        """Portal, object, kind, id and time are read; the numeric id becomes text; all keys are kept."""
        (event,) = events_from(BODY_B)

        assert (event.source, event.lane, event.category, event.kind) == ("hubspot", "62515", "deal", "propertyChange")
        assert (event.resource, event.state) == ("123", "waiting")
        assert event.occurred_at == datetime(2019, 7, 26, 4, 0, tzinfo=UTC)
        assert json.loads(event.body) == json.loads(BODY_B)[0]

    def test_mixed_delivery(self) -> None:
        """Both forms, echoes, merges, foreign objects and nonsense: each event for itself."""
        read = [(one.category, one.kind, one.resource, one.state) for one in events_from(MIXED, "54321")]

        assert read == [
            ("deal", "propertyChange", "9007199254740993", "waiting"),
            ("contact", "propertyChange", "512", "skipped"),
            ("contact", "propertyChange", "512", "skipped"),
            ("contact", "propertyChange", "512", "waiting"),
            ("company", "merge", "900", "waiting"),
            ("deal", "associationChange", "123", "waiting"),
            ("ticket", "creation", "77", "skipped"),
            ("conversation", "newMessage", "78", "skipped"),
            ("deal", "creation", "124", "waiting"),
            ("", "", "", "unreadable"),
            ("", "", "", "unreadable"),
            ("", "", "", "unreadable"),
            ("", "", "", "unreadable"),
        ]

    def test_only_our_own_writes_are_echoes(self) -> None:
        """Another app's change looks the same but for its id, and without knowing our own id nothing is an echo."""
        echo = [one.reason for one in events_from(MIXED, "54321") if one.state == "skipped"][:2]

        assert echo == ["echo of our own write"] * 2
        assert [one.state for one in events_from(MIXED)][1:4] == ["waiting"] * 3

    def test_same_event_has_same_key(self) -> None:
        """A retry has another attemptNumber and the same key; another value of any of the six parts has another."""
        base = json.loads(BODY_B)[0]

        def key(**changes: object) -> str:
            return events_from(json.dumps([{**base, **changes}]).encode())[0].key

        assert key() == key(attemptNumber=3, propertyValue="other")
        parts = {"portalId": 1, "objectId": 1, "propertyName": "x", "occurredAt": 1, "eventId": 2}
        others = {key(**{name: value}) for name, value in parts.items()} | {key(subscriptionType="deal.creation")}
        assert len(others | {key()}) == 7

    @pytest.mark.parametrize("raw", [b"", b"{}", b"null", b"\xff", b"<html>", b"[" * 100_000])
    def test_what_is_no_list_is_unreadable(self, raw: bytes) -> None:
        """A body that is no list of events is Unreadable, and can be kept all the same."""
        with pytest.raises(Unreadable):
            events_from(raw)

        assert unreadable(raw, "why").state == "unreadable"

    @CALM
    @given(st.binary(max_size=200))
    def test_any_bytes(self, raw: bytes) -> None:
        """Whatever the bytes, the answer is events or Unreadable."""
        with contextlib.suppress(Unreadable):
            events_from(raw)

    @CALM
    @given(st.lists(st.dictionaries(NAMES, VALUES, max_size=7), max_size=4))
    def test_any_events(self, events: list[dict[str, object]]) -> None:
        """Every element becomes exactly one event, with a key, a body and a state."""
        raw = json.dumps(events).replace("Infinity", "1e999").encode()
        read = events_from(raw, "1")

        assert len(read) == len(events)
        assert all(one.key and one.body and one.occurred_at.tzinfo for one in read)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ('{"propertyName": "xero_contact_id", "propertyValue": " AB-1 "}', ("xero_contact_id", "AB-1")),
        ('{"propertyName": "amount", "propertyValue": 5}', ("amount", "5")),
        ('{"propertyName": "phone"}', ("phone", "")),
        ('{"objectId": 1}', ("", "")),
        ("[]", ("", "")),
        ("no json", ("", "")),
    ],
)
def test_which_property_an_event_names(body: str, told: tuple[str, str]) -> None:
    """The property and its value are read from a kept event; anything else names none."""
    assert told == property_named(body)


@pytest.mark.parametrize("stamp", ["9" * 15, "0" * 15, "8" * 14])
def test_any_timestamp_is_answered(stamp: str) -> None:
    """A moment beyond all calendars is no more than a webhook that is not fresh."""
    with pytest.raises(BadSignature):
        verify(EXAMPLE, v3("no signature", stamp), "POST", EXAMPLE_URL, SECRET, NOW)


@pytest.mark.parametrize("deep", [100, 500, 900, 5_000])
def test_deep_nesting_is_unreadable_or_read(deep: int) -> None:
    """A body that is nested beyond measure is kept as unreadable; it never raises anything else."""
    with contextlib.suppress(Unreadable):
        events_from(b"[" * deep + b"]" * deep)
    with contextlib.suppress(Unreadable):
        events_from(b'[{"portalId":' + b"[" * deep + b"]" * deep + b"}]")
