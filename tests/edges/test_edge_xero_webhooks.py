"""Xero's webhooks: only what is signed right is trusted, and whatever is signed right is read as far as it can be."""

from __future__ import annotations

import base64
import contextlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledgerloop.errors import BadSignature, Unreadable
from ledgerloop.xero.webhooks import events_from, sign, unreadable, verify

SAMPLES = Path(__file__).parent / "samples" / "xero"
KEY = "c2FuZGJveC1rZXktZm9yLXRlc3Rz"
HANDSHAKE = (SAMPLES / "handshake.json").read_bytes()
UPDATE = (SAMPLES / "contact_update.json").read_bytes()
MIXED = (SAMPLES / "mixed.json").read_bytes()

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = st.sampled_from(["tenantId", "eventCategory", "resourceId", "eventType", "eventDateUtc", "data"])
ELEMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=8,
)
NO_DELIVERIES = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b'{"events":{}}',
    b"\xff\xfe",
    b"<html>",
    b"[" * 100_000,
    b'{"events":[1e99999999999999999999]}',
]


class TestVerify:
    @pytest.mark.parametrize(
        ("raw", "signature"),
        [
            (HANDSHAKE, "aoxzc55ICGE1mSkn2b7oPDeYp/Xy+EqYm4JhKW2qsG0="),
            (UPDATE, "gamtExqSi8LBJeuO8n3LLsYLXNMT4ckdRuvRDWWm4/0="),
        ],
    )
    def test_right_signatures(self, raw: bytes, signature: str) -> None:
        """HMAC-SHA256 over the raw bytes under the key's text bytes, in base64."""
        verify(raw, signature, KEY)

        assert sign(raw, KEY) == signature

    @pytest.mark.parametrize(
        "signature",
        [
            "Ym1gE789WB/EmH7YNVnphbWX35iQ0gHTunKsR+F9tec=",  # the key was base64-decoded
            "41TiqksPgrfRWR3x+BpRNw7yLSVrqpJXVpvUft9LMCo=",  # over the body written again
            "",
            None,
            "é",
            "\ud800",
            "aoxzc55ICGE1mSkn2b7oPDeYp/Xy+EqYm4JhKW2qsG1=",  # the same bytes in sloppy base64
        ],
    )
    def test_wrong_signatures(self, signature: str | None) -> None:
        """The mistakes that are usually made, and no signature at all, are refused."""
        with pytest.raises(BadSignature):
            verify(HANDSHAKE, signature, KEY)

    @pytest.mark.parametrize("key", ["", "  "])
    def test_empty_key_closes_the_endpoint(self, key: str) -> None:
        """Anybody can sign with an empty key, so without a key nothing is trusted."""
        with pytest.raises(BadSignature):
            verify(HANDSHAKE, sign(HANDSHAKE, key), key)

    @CALM
    @given(st.data())
    def test_near_misses_are_refused(self, data: st.DataObject) -> None:
        """One character changed, left out or added, as the handshake tries it, is a wrong signature."""
        right = sign(HANDSHAKE, KEY)
        at = data.draw(st.integers(0, len(right) - 1))
        put = data.draw(st.text(st.sampled_from("abcXYZ019+/= "), max_size=2))
        wrong = right[:at] + put + right[at + 1 :]
        if wrong == right:
            return

        with pytest.raises(BadSignature):
            verify(HANDSHAKE, wrong, KEY)

    @CALM
    @given(st.binary(max_size=60), st.integers(0, 59), st.integers(1, 255))
    def test_any_changed_byte_is_noticed(self, raw: bytes, at: int, by: int) -> None:
        """A signature fits its own bytes alone."""
        if not raw:
            return
        at %= len(raw)
        changed = raw[:at] + bytes([raw[at] ^ by]) + raw[at + 1 :]

        with pytest.raises(BadSignature):
            verify(changed, sign(raw, KEY), KEY)


class TestEvents:
    def test_handshake_has_no_events(self) -> None:
        """A signed body with no events and sequence numbers 0 is the intent to receive."""
        delivery = events_from(HANDSHAKE)

        assert (delivery.events, delivery.first, delivery.last, delivery.handshake) == ((), 0, 0, True)

    def test_event_is_read(self) -> None:
        """Lane, category, kind, resource and time are read; a time without Z is UTC; all keys are kept."""
        delivery = events_from(UPDATE)
        (event,) = delivery.events

        assert not delivery.handshake
        assert (event.source, event.lane) == ("xero", "c2cc9b6e-9458-4c7d-93cc-f02b81b0594f")
        assert (event.category, event.kind) == ("CONTACT", "UPDATE")
        assert event.resource == "717f2bfc-c6d4-41fd-b238-3f2f0c0cf777"
        assert event.occurred_at == datetime(2024, 6, 21, 1, 15, 39, 902000, tzinfo=UTC)
        assert json.loads(event.body) == json.loads(UPDATE)["events"][0]
        assert (event.state, event.reason) == ("waiting", "")

    def test_mixed_delivery(self) -> None:
        """Mixed case, several organisations, data, foreign categories and nonsense: each event for itself."""
        delivery = events_from(MIXED)
        read = [(one.lane, one.category, one.kind, one.resource, one.state) for one in delivery.events]

        assert (delivery.first, delivery.last) == (5, 12)
        assert read == [
            ("org-1", "INVOICE", "UPDATE", "inv-1", "waiting"),
            ("org-2", "CREDITNOTE", "CREATE", "cn-1", "waiting"),
            ("org-1", "PAYMENT", "CREATE", "pay-1", "waiting"),
            ("app-1", "SUBSCRIPTION", "UPDATE", "sub-1", "skipped"),
            ("org-1", "QUOTE", "SENT", "q-1", "skipped"),
            ("org-1", "", "", "", "unreadable"),
            ("", "", "", "", "unreadable"),
            ("org-1", "INVOICE", "UPDATE", "inv-2", "waiting"),
        ]
        assert all(one.reason for one in delivery.events if one.state != "waiting")
        assert '"anything":[1.50]' in delivery.events[2].body

    def test_same_event_has_same_key(self) -> None:
        """Sent again, with or without Z and in whatever case, an event has the key it had; another one has another."""
        base = json.loads(UPDATE)["events"][0]

        def key(**changes: str) -> str:
            return events_from(json.dumps({"events": [{**base, **changes}]}).encode()).events[0].key

        assert key() == key(eventDateUtc="2024-06-21T01:15:39.902Z", eventType="Update", resourceUrl="elsewhere")
        others = {
            key(eventDateUtc="2024-06-21T01:15:39.903"),
            key(eventType="CREATE"),
            key(resourceId="x"),
            key(tenantId="x"),
            key(eventCategory="INVOICE"),
            key(eventDateUtc="unknown"),
            key(eventDateUtc="unknown too"),
        }
        assert len(others | {key()}) == 8

    @pytest.mark.parametrize("raw", NO_DELIVERIES, ids=lambda raw: str(raw[:20]))
    def test_what_is_no_delivery_is_unreadable(self, raw: bytes) -> None:
        """A body without a list of events is Unreadable, however odd it is, and can be kept all the same."""
        with pytest.raises(Unreadable):
            events_from(raw)

        kept = unreadable(raw, "why")
        assert (kept.state, kept.reason, kept.source) == ("unreadable", "why", "xero")
        assert "\0" not in kept.body

    @pytest.mark.parametrize("word", ["a\0b", "\ud800", "x" * 500])
    def test_words_that_cannot_be_stored_are_unreadable(self, word: str) -> None:
        """An id that a database could not hold makes its event unreadable; its body stays storable text."""
        raw = json.dumps({"events": [{"tenantId": "t", "eventCategory": "INVOICE", "resourceId": word}]}).encode()
        (event,) = events_from(raw).events

        assert event.state == "unreadable"
        assert event.body.encode().isascii()

    @CALM
    @given(st.binary(max_size=200))
    def test_any_bytes(self, raw: bytes) -> None:
        """Whatever the bytes, the answer is a delivery or Unreadable."""
        with contextlib.suppress(Unreadable):
            events_from(raw)

    @CALM
    @given(st.lists(ELEMENTS, max_size=4))
    def test_any_events(self, events: list[object]) -> None:
        """Every element becomes exactly one event, with a key, a body and a state."""
        delivery = events_from(json.dumps({"events": events, "firstEventSequence": "x"}).encode())

        assert len(delivery.events) == len(events)
        assert all(one.key and one.body and one.occurred_at.tzinfo for one in delivery.events)
        assert delivery.first is None


def test_key_is_used_as_text() -> None:
    """The key looks like base64 and is not decoded: decoding it gives another signature."""
    decoded = base64.b64decode(KEY).decode()

    assert sign(HANDSHAKE, KEY) != sign(HANDSHAKE, decoded)


@pytest.mark.parametrize("deep", [100, 500, 900, 5_000])
def test_deep_nesting_is_unreadable_or_read(deep: int) -> None:
    """A body that is nested beyond measure is kept as unreadable; it never raises anything else."""
    with contextlib.suppress(Unreadable):
        events_from(b'{"events":[{"tenantId":' + b"[" * deep + b"]" * deep + b"}]}")
