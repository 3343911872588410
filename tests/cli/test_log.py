"""The log: readable, in UTC, and without anything secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from ledgerloop import log

Lines = Callable[[], list[dict[str, Any]]]

SECRETS = (
    "Authorization: Bearer hunter2.abc-def_ghi",
    "Basic aHVudGVyMg==",
    "eyJhbGciOiJSUzI1NiJ9.hunter2.sig",
    "pat-na1-hunter2-0000",
    "grant_type=refresh_token&refresh_token=hunter2&x=1",
    '{"access_token": "hunter2", "expires_in": 1800}',
    "GET /connect/xero/callback?code=hunter2&state=1",
    "postgresql+psycopg://me:hunter2@db/ledger",
    "no contact with hunter2@example.co.nz",
)


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Log as JSON to a stream for the length of a test, and return a function that reads the lines."""
    root = logging.getLogger()
    handlers, level, before = root.handlers, root.level, structlog.get_config()
    stream = io.StringIO()
    log.configure("info", "json", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = handlers, level
    structlog.configure(**before)


def test_names_its_values(lines: Lines) -> None:
    """A line is one object with the event, its values, its level, and the moment in UTC."""
    log.logger.info("invoice made", deal="123", turn=4)
    (line,) = lines()

    assert (line["event"], line["deal"], line["turn"], line["level"]) == ("invoice made", "123", 4, "info")
    assert line["at"].endswith("Z")


def test_libraries_log_alike(lines: Lines) -> None:
    """What a library logs by the standard library comes in the same form."""
    logging.getLogger("somebody").warning("lost %s of %d", "one", 3)
    (line,) = lines()

    assert (line["event"], line["logger"], line["level"]) == ("lost one of 3", "somebody", "warning")


def test_keeps_to_its_level(lines: Lines) -> None:
    """What is less important than asked for is left out."""
    log.logger.debug("details")

    assert lines() == []


@pytest.mark.parametrize("text", SECRETS)
def test_redacts_by_shape(lines: Lines, text: str) -> None:
    """A secret inside a text is taken out wherever the text stands: event, value, list, mapping or exception."""
    log.logger.info(text)
    log.logger.info("x", why=text, parts=[text], inner={"deep": (text,)}, raw=text.encode())
    try:
        raise ValueError(text)
    except ValueError:
        log.logger.exception("broke")
    logging.getLogger("somebody").error("said %s", text)
    said = lines()

    assert len(said) == 4
    assert "hunter2" not in json.dumps(said)
    assert "aHVudGVyMg" not in json.dumps(said)


@pytest.mark.parametrize(
    "name", ["token", "access_token", "client_secret", "password", "webhook_key", "Authorization", "email", "verifier"]
)
def test_redacts_by_name(lines: Lines, name: str) -> None:
    """A value that is logged under a secret's name is taken out, whatever it looks like."""
    log.logger.info("x", **{name: "plain"}, inner={name: ["plain"]})

    assert "plain" not in json.dumps(lines())


def test_keeps_the_harmless(lines: Lines) -> None:
    """Ids, hashes, amounts, statuses and error codes are what a log is for."""
    values = {"deal": "123", "payload_hash": "ab12", "code": 403, "reason": "Status code: 400", "token_type": "Bearer"}
    log.logger.info("x", **values)
    (line,) = lines()

    assert {name: line[name] for name in values} == values


@given(before=st.text(max_size=20), after=st.text(max_size=20))
@example(before="BEARER", after="")
@example(before="access_token:", after="")
def test_redacts_a_token_in_any_surroundings(before: str, after: str) -> None:
    """Whatever stands around a token, it does not get through."""
    event = log.redact(None, "info", {"event": f"{before} Bearer hunter2hunter2 {after}"})

    assert "hunter2hunter2" not in event["event"]
