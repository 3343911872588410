"""Fuzz the verifying and reading of both vendors' webhooks, led by coverage: bytes_fuzzer.py [OPTION...] CORPUS.

Run in a process of its own: libFuzzer ends it with a status above 0, and shows the input, where anything else is raised
than what a receiver answers, or where an event comes out that no database could keep.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["ledgerloop"]):
    from ledgerloop.hubspot import webhooks as hubspot
    from ledgerloop.xero import webhooks as xero

from ledgerloop.errors import BadSignature, Unreadable
from ledgerloop.records import Event

NOW = datetime(2026, 11, 30, tzinfo=UTC)
SEEDS = (
    b'0{"events":[{"resourceId":"717f2bfc","tenantId":"c2cc9b6e","eventCategory":"INVOICE","eventType":"UPDATE",'
    b'"eventDateUtc":"2017-06-21T01:15:39.902"}],"firstEventSequence":1,"lastEventSequence":1}',
    b'1[{"objectId":123,"portalId":62515,"subscriptionType":"deal.propertyChange","propertyName":"dealstage",'
    b'"propertyValue":"closedwon","occurredAt":1567171989000,"eventId":1,"changeSource":"CRM"}]',
    b'1[{"primaryObjectId":1,"mergedObjectIds":[2,3],"subscriptionType":"object.merge","objectTypeId":"0-3"}]',
    b"2pJ2pyvL8Cg+1tFZz0b8SMTqZ3AhqhDQbH2jJ8oY8Ks=\n1567171989000\n/webhooks/hubspot?a=%3A",
)
"""One for each way; the first byte chooses it."""


def one_input(data: bytes) -> None:
    """Go the way that the first byte chooses with the rest."""
    way, rest = data[:1], data[1:]
    if way == b"0":
        _keep(_xero(rest))
    elif way == b"1":
        _keep(_hubspot(rest))
    else:
        _verify(rest)


def _xero(raw: bytes) -> tuple[Event, ...]:
    try:
        return xero.events_from(raw).events
    except Unreadable as problem:
        return (xero.unreadable(raw, problem.sentence),)


def _hubspot(raw: bytes) -> tuple[Event, ...]:
    try:
        events = hubspot.events_from(raw, "1")
    except Unreadable as problem:
        return (hubspot.unreadable(raw, problem.sentence),)
    for one in events:
        hubspot.records_named(one.body)
        hubspot.property_named(one.body)
    return events


def _keep(events: tuple[Event, ...]) -> None:
    for one in events:
        for text in (one.key, one.lane, one.category, one.kind, one.resource, one.body, one.reason):
            text.encode()
            assert "\0" not in text


def _verify(raw: bytes) -> None:
    """Headers and addresses come as Latin-1, as the server gives them."""
    signature, stamp, url, *_ = (*raw.decode("latin-1").split("\n", 2), "", "", "")
    headers = {"X-HubSpot-Signature-v3": signature, "X-HubSpot-Request-Timestamp": stamp}
    for allow_v1 in (False, True):
        try:
            hubspot.verify(raw, headers, "POST", url, "secret", NOW, allow_v1)
        except BadSignature:
            continue
    try:
        xero.verify(raw, signature, "key")
    except BadSignature:
        return


if __name__ == "__main__":
    corpus = Path(sys.argv[-1])
    for number, seed in enumerate(SEEDS):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
