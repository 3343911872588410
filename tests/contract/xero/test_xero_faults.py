"""Section "Faults on demand" of the Xero checklist, and the control API."""

import socket
import time
from collections.abc import Callable

import httpx2
import pytest
from xero_app import App, sale


def test_500_on_demand(app: App) -> None:
    """A status with a body, for the next call only; nothing was done."""
    app.fault("status", status=500, body="Internal Server Error", path="/Contacts$")
    broken = app.put("Contacts", {"Contacts": [{"Name": "Not made"}]})

    assert (broken.status_code, broken.text) == (500, "Internal Server Error")
    assert "Not made" not in app.get("Contacts").text


def test_500_after_the_change_was_committed_on_demand(app: App) -> None:
    """With `after` the change is made, and the answer is the error all the same."""
    app.fault("status", status=502, body="Bad Gateway", after=True)
    broken = app.put("Contacts", {"Contacts": [{"Name": "Made anyway"}]})

    assert broken.status_code == 502
    assert "Made anyway" in app.get("Contacts").text


def test_503_text_of_an_organisation_that_is_offline(app: App) -> None:
    """An offline organisation answers 503 in plain text until it is back."""
    app.steer(f"organisations/{app.tenant}", {"Offline": True})
    answer = app.get("Contacts")
    app.steer(f"organisations/{app.tenant}", {"Offline": False})

    assert (answer.status_code, answer.text) == (503, "The Organisation is offline")
    assert answer.headers["content-type"].startswith("text/plain")
    assert app.get("Contacts").status_code == 200


def test_404_text_on_demand(app: App) -> None:
    """A 404 in plain text."""
    app.fault("status", status=404, body="The resource you're looking for cannot be found")

    assert app.get("Contacts").headers["content-type"].startswith("text/plain")


def test_html_page_on_demand(app: App) -> None:
    """An HTML page, as a network in between sends it, even with status 200."""
    app.fault("html", status=200)
    answer = app.http.get("/api.xro/2.0/Contacts")

    assert answer.headers["content-type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_connection_dropped_before_the_write_took_effect(app: App) -> None:
    """The caller sees a reset, and nothing was done."""
    app.fault("reset_before", method="PUT")
    with pytest.raises(httpx2.TransportError):
        app.put("Contacts", {"Contacts": [{"Name": "Lost"}]})

    assert "Lost" not in app.get("Contacts").text


def test_connection_dropped_after_the_write_took_effect(app: App) -> None:
    """The caller sees a reset, and the change is there."""
    app.fault("reset_after", method="PUT")
    with pytest.raises(httpx2.TransportError):
        app.put("Contacts", {"Contacts": [{"Name": "Kept"}]})

    assert "Kept" in app.get("Contacts").text
    assert [one["status"] for one in app.steer("calls", method="GET")["calls"] if one["fault"] == "reset_after"] == [0]


def test_truncated_answer_on_demand(app: App) -> None:
    """Headers promise the whole body, half of it arrives."""
    app.fault("truncate")
    with pytest.raises(httpx2.RemoteProtocolError):
        app.get("Invoices")


def test_slow_answer_on_demand(app: App) -> None:
    """An answer takes longer than the caller waits; the change is there."""
    app.fault("delay", delay_ms=86_400_000)
    slow = httpx2.Client(base_url=app.sandbox.xero_url, trust_env=False, timeout=0.1, verify=False)
    with slow, pytest.raises(httpx2.ReadTimeout):
        slow.put(
            "/api.xro/2.0/Contacts",
            json={"Contacts": [{"Name": "Late"}]},
            headers={"Authorization": f"Bearer {app.tokens['access_token']}", "xero-tenant-id": app.tenant},
        )

    assert "Late" in app.get("Contacts").text


def test_late_call_on_demand(app: App) -> None:
    """A call is held up on its way: its caller has gone, the change is not there yet, and then it is."""
    app.fault("late", delay_ms=86_400_000, method="PUT")
    gone = httpx2.Client(base_url=app.sandbox.xero_url, trust_env=False, timeout=0.1, verify=False)
    with gone, pytest.raises(httpx2.ReadTimeout):
        gone.put(
            "/api.xro/2.0/Contacts",
            json={"Contacts": [{"Name": "Latecomer"}]},
            headers={"Authorization": f"Bearer {app.tokens['access_token']}", "xero-tenant-id": app.tenant},
        )
    at_first = app.get("Contacts").text
    app.mend()
    end = time.monotonic() + 60
    while "Latecomer" not in (later := app.get("Contacts").text) and time.monotonic() < end:
        time.sleep(0.02)

    assert "Latecomer" not in at_first
    assert "Latecomer" in later


def test_call_that_arrives_after_its_connection_broke_on_demand(app: App) -> None:
    """The connection is reset before anything is done; the call arrives later, with its key: a repeat makes nothing."""
    body, key = {"Contacts": [{"Name": "Straggler"}]}, {"Idempotency-Key": "one and the same"}
    app.fault("reset_late", delay_ms=86_400_000, method="PUT", times=1)
    with pytest.raises(httpx2.TransportError):
        app.put("Contacts", body, headers=key)
    at_first = app.get("Contacts").text
    app.mend()
    end = time.monotonic() + 60
    while "Straggler" not in app.get("Contacts").text and time.monotonic() < end:
        time.sleep(0.02)
    repeated = app.put("Contacts", body, headers=key)

    assert "Straggler" not in at_first
    assert 200 == repeated.status_code
    assert 1 == app.get("Contacts").text.count('"Straggler"')


def test_part_of_a_batch_on_demand(app: App) -> None:
    """The first of a batch stands when the connection drops; the others follow later, and its caller never hears."""
    app.fault("partial", delay_ms=86_400_000, method="PUT", first=1)
    with pytest.raises(httpx2.TransportError):
        app.put("Contacts", {"Contacts": [{"Name": "Slow One"}, {"Name": "Slow Two"}, {"Name": "Slow Three"}]})
    at_first = app.get("Contacts").text
    app.mend()
    end = time.monotonic() + 60
    while "Slow Three" not in (later := app.get("Contacts").text) and time.monotonic() < end:
        time.sleep(0.02)

    assert (True, False) == ("Slow One" in at_first, "Slow Two" in at_first)
    assert ("Slow Two" in later, "Slow Three" in later) == (True, True)


def test_unknown_enum_value_on_demand(app: App) -> None:
    """A value that no client knows stands where an enum is."""
    app.fault("rewrite", find='"Class":"[A-Z]+"', put='"Class":"ULTRA"')
    answer = app.http.get(
        "/api.xro/2.0/Organisation",
        headers={
            "Authorization": f"Bearer {app.tokens['access_token']}",
            "xero-tenant-id": app.tenant,
            "Accept": "application/json",
        },
    )

    assert answer.json()["Organisations"][0]["Class"] == "ULTRA"


def test_expired_tokens_on_demand(app: App) -> None:
    """Every access token expires before the call; refreshing helps."""
    app.fault("expire_tokens")
    answer = app.get("Contacts")
    app.tokens = app.refresh(app.tokens["refresh_token"]).json()

    assert (answer.status_code, answer.json()["Detail"].startswith("TokenExpired")) == (401, True)
    assert app.get("Contacts").status_code == 200


def test_revoked_tokens_on_demand(app: App) -> None:
    """Every token is revoked before the call; refreshing is invalid_grant."""
    app.fault("revoke_tokens")

    assert app.get("Contacts").status_code == 401
    assert app.refresh(app.tokens["refresh_token"]).json() == {"error": "invalid_grant"}


def test_faults_by_endpoint_and_for_the_next_n_calls(app: App) -> None:
    """A fault hits its method and path only, and so many times."""
    app.fault("status", status=500, method="GET", path="/Invoices$", times=2)

    assert app.get("Contacts").status_code == 200
    assert [app.get("Invoices").status_code for _ in range(3)] == [500, 500, 200]
    (spent,) = app.steer("faults", method="GET")["faults"]
    assert (spent["taken"], spent["armed"]) == (2, False)
    assert app.steer("faults", method="DELETE")["faults"] == []


def test_faults_by_probability_are_seeded_and_repeatable(app: App) -> None:
    """The same seed hits the same calls."""
    runs = []
    for _ in range(2):
        app.steer("faults", method="DELETE")
        app.steer("faults", {"kind": "status", "status": 500, "probability": 0.5, "path": "/Currencies"})
        runs.append([app.get("Currencies").status_code for _ in range(12)])

    assert runs[0] == runs[1]
    assert {200, 500} == set(runs[0])


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "nonsense"},
        {},
        {"kind": "status", "colour": "red"},
        {"kind": "delay", "probability": 2},
        {"kind": "delay", "delay_ms": "long"},
        {"kind": "status", "times": True},
        {"kind": "status", "path": "("},
        ["status"],
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_with_a_sentence(app: App, fault: object) -> None:
    """The control API says what it does not understand."""
    answer = app.http.post("/_sandbox/faults", json=fault)

    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize("route", ["act", "merge", "day"])
@pytest.mark.parametrize("given", [{}, [], "text"])
def test_what_a_control_route_lacks_is_said(app: App, route: str, given: object) -> None:
    """A missing key, or anything but an object, is refused with a sentence."""
    answer = app.http.post(f"/_sandbox/{route}", json=given)

    assert answer.status_code == 400
    assert " " in answer.json()["error"]


def test_call_log_has_every_call_with_organisation_and_bytes(app: App) -> None:
    """Method, path, query, status, milliseconds, organisation and bytes, and none of the control routes."""
    app.steer("calls", method="DELETE")
    app.get("Invoices", page=1)
    app.call("PUT", "Contacts", {"Contacts": [{}]}, tenant=app.tenants[1])
    app.connections()
    calls = app.steer("calls", method="GET")["calls"]

    assert [("GET", 200, app.tenants[0]), ("PUT", 400, app.tenants[1]), ("GET", 200, None)] == [
        (one["method"], one["status"], one["organisation"]) for one in calls
    ]
    assert calls[0]["path"] == "/api.xro/2.0/Invoices"
    assert calls[0]["query"] == "page=1"
    assert calls[0]["bytes_out"] > 1000
    assert calls[1]["bytes_in"] > 0
    assert len(app.http.get("/_sandbox/calls?since=2").json()["calls"]) == 1


def test_reset_begins_anew(app: App) -> None:
    """Reset forgets data, tokens, settings, faults and calls."""
    app.invoice(app.contact())
    app.steer("settings", {"quotas": False, "latency_ms": 1})
    app.fault("status")
    state = app.steer("reset")

    assert state["connections"] == []
    assert app.steer("settings", method="GET")["quotas"] is True
    assert app.steer("settings", method="GET")["latency_ms"] == 0
    assert app.steer("faults", method="GET")["faults"] == []
    assert app.steer("calls", method="GET")["count"] == 0
    assert "Miro Fencing" not in app.connect().get("Contacts").text


def test_clock_can_be_shifted_and_settings_refuse_what_they_do_not_know(app: App) -> None:
    """A shift moves the sandbox's time; an unknown switch is refused by name."""
    before = app.steer("clock", method="GET")["seconds"]
    after = app.steer("clock", {"shift": 100})["seconds"]
    refused = app.http.post("/_sandbox/settings", json={"colour": "red"})

    assert after - before >= 100
    assert (refused.status_code, "colour" in refused.json()["error"]) == (400, True)


def test_act_follows_the_same_rules_as_the_api(app: App) -> None:
    """A person is refused what the API refuses, and gets the same answer."""
    contact = app.contact()
    act = {"method": "PUT", "path": "/api.xro/2.0/Invoices", "organisation": app.tenant}
    refused = app.steer("act", {**act, "body": sale(contact, DueDate=None)})
    made = app.steer("act", {**act, "body": sale(contact), "query": {"summarizeErrors": "false"}})

    assert refused["status"] == 400
    assert (made["status"], made["body"]["Invoices"][0]["StatusAttributeString"]) == (200, "OK")


def test_reset_of_a_caller_who_is_gone(app: App, caplog: pytest.LogCaptureFixture) -> None:
    """Who hung up before its connection was to be reset leaves no error behind."""
    app.steer("settings", {"latency_ms": 300})
    app.fault("reset_after", path="/connections$")
    url = app.sandbox.xero_url.removeprefix("http://")
    host, port = url.split(":")
    with socket.create_connection((host, int(port)), 10) as caller:
        caller.sendall(f"GET /connections HTTP/1.1\r\nhost: {url}\r\n\r\n".encode())
        _until(lambda: app.steer("faults", method="GET")["faults"][0]["taken"] == 1)
    _until(lambda: [one for one in app.steer("calls", method="GET")["calls"] if one["fault"] == "reset_after"] != [])

    assert not [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]


def test_half_a_request_does_nothing(app: App) -> None:
    """Who dies between the head of a request and its body asked for nothing: the same key stays free for the whole."""
    url = app.sandbox.xero_url.removeprefix("http://")
    host, port = url.split(":")
    body = {"Contacts": [{"Name": "Asked for twice"}]}
    with socket.create_connection((host, int(port)), 10) as caller:
        head = ["PUT /api.xro/2.0/Contacts HTTP/1.1", f"host: {url}", "content-type: application/json"]
        head += ["content-length: 45", f"authorization: Bearer {app.tokens['access_token']}"]
        head += [f"xero-tenant-id: {app.tenant}", "idempotency-key: torn"]
        caller.sendall("\r\n".join([*head, "", '{"Contacts"']).encode())
    _until(lambda: [one for one in app.steer("calls", method="GET")["calls"] if one["method"] == "PUT"] != [])

    assert "Asked for twice" in app.put("Contacts", body, headers={"Idempotency-Key": "torn"}).text


def _until(ready: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.01)
