"""Whoever can write to the engine's tables runs no code here: no pickle is ever opened, whatever its row says."""

from __future__ import annotations

import base64
import json
import os
import pickle
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_process import running_process, until_held_up

from ledgerloop import errors
from ledgerloop.engine.durable import DurableJson
from ledgerloop.engine.durable_json import Foreign, NotPlain, error_from, error_told
from ledgerloop.engine.retries import LOOK, again
from ledgerloop.errors import ConsentNeeded, Invalid, LedgerloopError, RateLimited, Refused, ScopeMissing, Transient
from ledgerloop.parts import instead
from ledgerloop.store import inbox, lanes

PLANTING = {
    "inputs": [
        "UPDATE workflow_input SET inputs = :evil",  # where DBOS has kept them of late
        "UPDATE workflow_status SET inputs = :evil, serialization = 'py_pickle'",
    ],
    "steps": ["UPDATE operation_outputs SET output = :evil, serialization = 'py_pickle'"],
}
SQLITE = "sqlite:///ledgerloop.sqlite3"
OURS = [
    Transient("the call timed out"),
    RateLimited("spent", 66_975.0, "day"),
    Refused("no", 403, "body", "trace"),
    Invalid("no", 400, "body", "trace", (("Name", "", "must be unique"), ("", "", "no"))),
    ScopeMissing("no", 403, "", "", ("crm.objects.deals.read",)),
    ConsentNeeded("Xero", "the refresh token has ended"),
    errors.SettingsError("service.port", "ledgerloop.toml", "write another"),
]
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


class Evil:
    """Make a file when it is unpickled, as whoever plants a pickle would run what they like."""

    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self._marker),)


def planted(marker: Path) -> str:
    """Give the text that runs code in whoever opens it as DBOS does by default."""
    return base64.b64encode(pickle.dumps(Evil(marker))).decode()


@pytest.mark.parametrize("planting", ["inputs", "steps"])
def test_a_planted_pickle_is_not_opened(tmp_path: Path, planting: str) -> None:
    """A turn's inputs or step results are replaced by pickles: none is run, the turn is ended, the next does it all."""
    marker = tmp_path / "attacked"
    with running_process(tmp_path, SQLITE) as served:
        served.fault("xero", kind="delay", method="PUT", path="/Invoices$", delay_ms=20_000, times=1)
        deal = served.sell()
        until_held_up(served, "xero")
        served.kill()
        served.mend("xero")
        with closing(sqlite3.connect(tmp_path / "ledgerloop-engine.sqlite3")) as engine, engine:
            for statement in PLANTING[planting]:
                engine.execute(statement, {"evil": planted(marker)})
            assert engine.execute("SELECT changes()").fetchone() > (0,)

        served.start()

        shown = served.until_shown("deals", deal, "xero_invoice_id", seconds=90)
        assert [shown["xero_invoice_id"]] == [one["InvoiceID"] for one in served.invoices_of(deal)]
        assert not marker.exists()


OLDER = """
import os, signal, sys, time
from dbos import DBOS, SetWorkflowID
DBOS(config={{
    "name": "ledgerloop", "application_version": "4", "executor_id": "one",
    "system_database_url": "sqlite:///{file}",
}})

@DBOS.step()
def take_named(portal, turn):
    return ["123"]

@DBOS.workflow(name="invoicing")
def invoicing(portal, turn):
    take_named(portal, turn)
    print("begun", flush=True)
    time.sleep(600)

DBOS.launch()
with SetWorkflowID("invoicing:{portal}:{turn}"):
    DBOS.start_workflow(invoicing, "{portal}", {turn})
time.sleep(600)
"""


def test_turns_that_an_earlier_release_pickled(tmp_path: Path) -> None:
    """A turn that an earlier release began and pickled is ended unopened at the start; the next takes its deal."""
    with running_process(tmp_path, SQLITE) as served:
        served.kill()
        deal = served.sell()
        now = served.built.now()
        with served.built.database.transaction() as tx:
            lane = next(one for one in lanes.all_lanes(tx) if one.flow == "invoicing")
            with instead(served.built.parts()):
                inbox.keep(tx, [again(lane.lane, deal, "accepted before the upgrade", LOOK)], now)
            lanes.wake(tx, "invoicing", lane.lane, now)
            lanes.begin(tx, "invoicing", lane.lane, lane.turn, now)
            assert 1 == len(inbox.take(tx, "hubspot", lane.lane, lane.turn))
        script = OLDER.format(file=tmp_path / "ledgerloop-engine.sqlite3", portal=lane.lane, turn=lane.turn)
        older = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        try:
            assert older.stdout is not None
            assert "begun" == older.stdout.readline().strip()
        finally:
            older.kill()
            older.wait()
        with closing(sqlite3.connect(tmp_path / "ledgerloop-engine.sqlite3")) as engine:
            pickled = "SELECT count(*) FROM workflow_status WHERE status = 'PENDING' AND serialization = 'py_pickle'"
            assert (1,) == engine.execute(pickled).fetchone()

        served.start()

        shown = served.until_shown("deals", deal, "xero_invoice_id", seconds=60)
        assert [shown["xero_invoice_id"]] == [one["InvoiceID"] for one in served.invoices_of(deal)]


@pytest.mark.parametrize("error", OURS, ids=lambda error: type(error).__name__)
def test_our_errors_come_back_as_they_were(error: LedgerloopError) -> None:
    """An error that a step raised is after a crash what it was: its kind, its sentence and all that it carries."""
    serializer = DurableJson()

    back = serializer.deserialize(serializer.serialize(error))

    assert type(error) is type(back)
    assert vars(error) == vars(back)
    assert error.sentence == back.sentence
    assert error.args == error_from(error_told(error)).args


def test_an_error_of_others_is_told() -> None:
    """What is none of our errors comes back as what it said, and makes nothing of its class."""
    serializer = DurableJson()

    back = serializer.deserialize(serializer.serialize(KeyError("records")))

    assert Foreign is type(back)
    assert "KeyError('records')" == repr(back)


@given(PLAIN)
def test_plain_data_comes_back(value: object) -> None:
    """Plain data is kept as it is."""
    serializer = DurableJson()

    assert value == serializer.deserialize(serializer.serialize(value))


@pytest.mark.parametrize("value", [object(), {1: "one"}, {"set": {1}}, b"bytes", float("nan"), [Transient("no")]])
def test_what_is_not_plain_is_refused(value: object) -> None:
    """A step that returns more than plain data is a mistake of ours, told at once and not after a crash."""
    with pytest.raises(NotPlain):
        DurableJson().serialize(value)


@given(st.text() | PLAIN.map(json.dumps) | st.binary().map(lambda raw: base64.b64encode(pickle.dumps(raw)).decode()))
def test_nothing_else_is_read(text: str) -> None:
    """Whatever stands in a row is plain data, one of our errors, or refused."""
    try:
        read = DurableJson().deserialize(text)
    except NotPlain:
        return
    json.dumps(read.args if isinstance(read, Exception) else read)


@pytest.mark.parametrize(
    "told", [{"error": "NotPlain", "args": []}, {"error": "SystemExit", "args": [1]}, {"error": 1}]
)
def test_only_our_errors_are_made(told: object) -> None:
    """A row makes no class but our own errors."""
    with pytest.raises(NotPlain):
        DurableJson().deserialize(json.dumps(told))
