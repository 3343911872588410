"""What stands beside the balances fails alone: it rests, a person is told, and payments are shown meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from scene import Scene

from ledgerloop.ledger.refill import ANEW
from ledgerloop.store import cursors, lanes, links, single_values
from ledgerloop.store.cursors import Cursor

TELLING = {"fields": {"to_xero": True, "name": "hubspot", "number": True}}


@pytest.fixture
def scene(staged: Callable[..., Scene]) -> Scene:
    """Give a stage on which HubSpot's changes are told to Xero, and numbers written there."""
    return staged(TELLING)


def _known(scene: Scene, name: str) -> tuple[str, str]:
    """Return a customer that is shown, and its HubSpot contact."""
    email = f"{name.lower()}@{name.lower()}.example.com"
    customer = scene.customer(f"{name} Ltd", email)
    contact = str(scene.on.until("contact", lambda: scene.find_contact(email))["id"])
    scene.settle()
    return customer, contact


def _listen_next(scene: Scene) -> None:
    """Have the next turn look for records that changed in HubSpot without a webhook."""
    ago = datetime.now(UTC) - timedelta(hours=1)
    with scene.built.database.transaction() as tx:
        for kind in ("contacts", "companies"):
            cursors.put(tx, Cursor(scene.on.organisation, f"hubspot {kind}", ago, 1, ago))


def _go_on(scene: Scene, work: str) -> None:
    """Let the rest of some work be over."""
    with scene.built.database.transaction() as tx:
        single_values.put(tx, single_values.text(f"{work} {scene.on.organisation}"), datetime.now(UTC).isoformat())


def _parked(scene: Scene) -> list[str]:
    with scene.built.database.reading() as tx:
        return [one.parked_why for one in lanes.all_lanes(tx) if one.parked_why or one.failures]


def _asked(scene: Scene, work: str) -> tuple[str, ...] | None:
    return scene.holds().get(f"{work} {scene.on.organisation}")


def test_a_search_that_is_refused_stops_no_payment(scene: Scene) -> None:
    """A token without a scope cannot listen for changes: the balance is shown, and a hold says what is lacking."""
    customer, contact = _known(scene, "Listen")
    scene.fault("hubspot", kind="status", path="/(contacts|companies)/search$", status=403)
    _listen_next(scene)

    scene.invoice_for(customer, "12.00")

    scene.until_shown("contacts", contact, "xero_outstanding_balance", "12.00")
    reasons = scene.on.until("hold", lambda: _asked(scene, "listening"))
    assert "403" in reasons[0]
    scene.settle()
    assert [] == _parked(scene)
    scene.mend("hubspot")
    _go_on(scene, "listening")
    scene.on.until("it is over", lambda: _asked(scene, "listening") is None or None)


def test_balances_are_written_before_anything_beside_them(scene: Scene) -> None:
    """In the turn that shows a balance nothing is searched for before it is written."""
    customer, contact = _known(scene, "First")
    _listen_next(scene)
    scene.forget_calls()

    scene.invoice_for(customer, "13.00")
    scene.until_shown("contacts", contact, "xero_outstanding_balance", "13.00")
    scene.on.until("it listens", lambda: scene.calls("hubspot", "/search") or None)

    paths = [call["path"].rsplit("/", 1)[1] for call in scene.calls("hubspot", "/objects/")]
    assert paths.index("update") < paths.index("search")


def test_a_change_that_xero_will_not_be_told_stops_no_payment(scene: Scene) -> None:
    """Xero refuses every change of a contact: the balance is shown, and the change is told once it may be."""
    customer, contact = _known(scene, "Told")
    number = scene.fault("xero", kind="status", method="POST", path="/Contacts$", status=403)
    company = str(scene.on.until("company", lambda: scene.show("contacts", contact) and _company(scene, customer)))
    scene.edit("companies", company, name="Told Anew Ltd")
    scene.until_met("xero", number)

    scene.invoice_for(customer, "14.00")

    scene.until_shown("contacts", contact, "xero_outstanding_balance", "14.00")
    scene.settle()
    assert [] == _parked(scene)
    assert _asked(scene, "telling")
    scene.mend("xero")
    _go_on(scene, "telling")
    scene.on.until("Xero knows", lambda: _name(scene, customer) == "Told Anew Ltd" or None)
    scene.settle()
    assert _asked(scene, "telling") is None


def test_numbers_that_xero_will_not_take_stop_no_payment(scene: Scene) -> None:
    """A customer that was found is not told its number, and its balance is shown all the same."""
    contact = scene.make("contacts", email="nia@numbers.example.com", lastname="Numbers")
    company = scene.make("companies", name="Numbers Ltd", domain="numbers.example.com")
    del company
    scene.fault("xero", kind="status", method="POST", path="/Contacts$", status=403)
    customer = scene.customer("Numbers Ltd", "nia@numbers.example.com")

    scene.invoice_for(customer, "15.00")

    scene.until_shown("contacts", contact, "xero_outstanding_balance", "15.00")
    scene.on.until("hold", lambda: _asked(scene, "numbers"))
    scene.settle()
    assert [] == _parked(scene)


def test_contacts_that_cannot_be_read_anew_stop_no_payment(scene: Scene) -> None:
    """After an upgrade all contacts are read once more, behind what is live."""
    customer, contact = _known(scene, "Anew")
    number = scene.fault("xero", kind="status", method="GET", path="/Contacts$", status=403)
    with scene.built.database.transaction() as tx:
        cursors.put(tx, Cursor(scene.on.organisation, ANEW, None, 1, None))

    scene.invoice_for(customer, "16.00")

    scene.until_shown("contacts", contact, "xero_outstanding_balance", "16.00")
    scene.until_met("xero", number)
    scene.settle()
    assert [] == _parked(scene)
    scene.mend("xero")
    _go_on(scene, "contacts anew")
    scene.on.until("all are read", lambda: _read_anew(scene) or None)


def _read_anew(scene: Scene) -> bool:
    with scene.built.database.reading() as tx:
        return not cursors.begun(tx, scene.on.organisation, ANEW)


def _company(scene: Scene, customer: str) -> str | None:
    with scene.built.database.reading() as tx:
        found = links.find(tx, scene.on.organisation, "company", [customer])
    return found[customer].hubspot_id if customer in found else None


def _name(scene: Scene, customer: str) -> str:
    return str(scene.on.in_xero("GET", f"/Contacts/{customer}")["Contacts"][0]["Name"])


def test_a_poll_that_is_refused_stops_no_deal(scene: Scene) -> None:
    """A token that may not search line items: a deal that a webhook tells of is invoiced, and a hold says the rest."""
    scene.fault("hubspot", kind="status", path="/line_items/search$", status=403)
    with scene.built.database.transaction() as tx:
        cursors.put(tx, Cursor("62515", "deals"))

    deal = scene.sell()

    scene.until_shown("deals", deal, "xero_invoice_id")
    scene.settle()
    assert [] == _parked(scene)
    assert "403" in scene.holds()["polling 62515"][0]
