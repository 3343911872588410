"""Checklist of the HubSpot sandbox: faults on demand, and what a person does."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import httpx2
import pytest

DAY = 86_400_000
CONTACTS = "/crm/objects/2026-09/contacts"


def exists(portal: Any, email: str) -> bool:
    """Tell whether a contact was made."""
    return bool(portal.call("GET", f"{CONTACTS}/{email}", params={"idProperty": "email"}).status_code == 200)


@pytest.mark.parametrize(("kind", "done"), [("reset_before", False), ("reset_after", True)])
def test_dropped_connection_before_and_after_the_write_took_effect(portal: Any, kind: str, done: bool) -> None:
    """A dropped connection tells nothing: the contact may have been made or not."""
    portal.control("POST", "faults", {"kind": kind, "method": "POST", "path": "contacts$", "times": 1})
    with pytest.raises(httpx2.TransportError):
        portal.call("POST", CONTACTS, {"properties": {"email": "drop@b.nz"}})

    assert done is exists(portal, "drop@b.nz")


def test_slow_answers(portal: Any) -> None:
    """An answer can be delayed."""
    portal.control("POST", "faults", {"kind": "delay", "delay_ms": 120, "times": 1})
    began = time.perf_counter()
    portal.ok("GET", CONTACTS)

    assert time.perf_counter() - began > 0.1


def test_a_delay_is_over_when_its_fault_is_removed(portal: Any) -> None:
    """The change was done, and its answer comes once its fault is removed; other faults may go meanwhile."""
    other = portal.control("POST", "faults", {"kind": "status", "path": "nowhere"})["faults"][0]["id"]
    held = portal.control(
        "POST", "faults", {"method": "POST", "kind": "delay", "delay_ms": DAY, "path": "contacts$", "times": 1}
    )
    number = held["faults"][0]["id"]
    with ThreadPoolExecutor(1) as aside:
        answer = aside.submit(portal.call, "POST", CONTACTS, {"properties": {"email": "held@b.nz"}})
        while not exists(portal, "held@b.nz"):
            assert not answer.done()
        portal.control("DELETE", f"faults?id={other}")
        still_held = not wait([answer], timeout=0.1).done
        portal.control("DELETE", f"faults?id={number}")

    assert still_held
    assert answer.result().status_code == 201


def test_empty_bodies(portal: Any) -> None:
    """An answer can lack its body, and the write was done nevertheless if so wished."""
    fault = {"kind": "status", "status": 200, "body": "", "after": True, "times": 1, "method": "POST"}
    portal.control("POST", "faults", fault)
    answer = portal.call("POST", CONTACTS, {"properties": {"email": "empty@b.nz"}})

    assert (answer.status_code, answer.content) == (200, b"")
    assert exists(portal, "empty@b.nz")


def test_truncated_answers(portal: Any) -> None:
    """An answer can be cut in the middle."""
    portal.control("POST", "faults", {"kind": "truncate", "times": 1})
    with pytest.raises(httpx2.TransportError):
        portal.call("GET", CONTACTS)


def test_revoked_tokens(portal: Any) -> None:
    """Tokens can be revoked between two calls."""
    portal.control("POST", "faults", {"kind": "revoke_tokens"})

    assert [portal.call("GET", CONTACTS).status_code for _ in range(2)] == [401, 401]


def test_expired_tokens(portal: Any) -> None:
    """OAuth tokens can expire at once; the others do not expire."""
    token = portal.token_of("oauth")["token"]
    portal.control("POST", "faults", {"kind": "expire_tokens"})

    assert portal.call("GET", CONTACTS, token=token).status_code == 401
    assert portal.call("GET", CONTACTS).status_code == 200


def test_acting_as_a_person_is_not_logged_limited_or_faulted(portal: Any) -> None:
    """What a person does in the UI uses no quota, meets no fault and is not in the log; the rules are the same."""
    portal.control("POST", "faults", {"kind": "status", "status": 500})
    made = portal.act("POST", CONTACTS, {"properties": {"email": "person@b.nz"}})
    bad = {"method": "POST", "path": CONTACTS, "body": {"properties": {"email": "person@b.nz"}}}
    again = portal.control("POST", "act", bad)

    assert made["id"]
    assert again["status"] == 409
    assert portal.control("GET", "calls")["calls"] == []


def test_the_same_seed_gives_the_same_ids(portal: Any) -> None:
    """A reset begins anew: the same calls give the same ids."""
    ids = []
    for _ in range(2):
        portal.control("POST", "reset")
        ids.append([portal.create("contacts", firstname=str(number)) for number in range(5)])

    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    "wrong", [{"nonsense": 1}, {"limits": "no"}, {"tier": "gold"}, {"search_lag_create": "2"}, {"burst": 1.5}]
)
def test_wrong_settings_are_refused_with_a_reason(portal: Any, wrong: dict[str, Any]) -> None:
    """A switch that does not exist, or a value that does not fit, is 400 and says why."""
    answer = portal.http.post("/_sandbox/settings", json=wrong)

    assert answer.status_code == 400
    assert next(iter(wrong)) in answer.json()["error"]
