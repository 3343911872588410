"""A payment waits for no more than one step, whoever else must be shown: at midnight, or after a flood was approved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from clocks import Standing
from scene import Scene

from ledgerloop.flows import schedule, standing
from ledgerloop.parts import instead
from ledgerloop.records import Customer, Link, Receivable, Rest
from ledgerloop.store import inbox, lanes, links, mirror, pending_customers, planned
from ledgerloop.store.write_counts import Written

LATE = 1500
"""More than a step looks at, and all of them before the customer that pays, by their ids."""


@pytest.fixture
def scene(staged: Callable[..., Scene]) -> Scene:
    """Give a stage whose engine starts no turn of the organisation, so that a test takes the steps itself."""
    return staged()


def _known(scene: Scene, name: str) -> tuple[str, str]:
    email = f"{name.lower()}@{name.lower()}.example.com"
    customer = scene.customer(f"{name} Ltd", email)
    contact = str(scene.on.until("contact", lambda: scene.find_contact(email))["id"])
    scene.settle()
    return customer, contact


def _stand_still(scene: Scene) -> None:
    with scene.built.database.transaction() as tx:
        lanes.park(
            tx,
            "standing",
            scene.on.organisation,
            Rest(None, datetime(2199, 1, 1, tzinfo=UTC)),
            "a test takes its steps",
        )


def _late(scene: Scene) -> list[str]:
    """Keep late customers that are shown, as if they had come from Xero."""
    home = scene.on.organisation
    ids = [f"00000000-0000-0000-0000-{number:012}" for number in range(LATE)]
    due = Receivable(
        home, "", "invoice", "", "AUTHORISED", "NZD", Decimal(10), due=Decimal(10), due_on=date(2026, 1, 1)
    )
    some = [replace(due, id=f"i{one}", customer=one) for one in ids]
    with scene.built.database.transaction() as tx:
        mirror.store_customers(tx, [Customer(home, one, f"Late {one}") for one in ids], touch=False)
        mirror.store_receivables(tx, some, touch=False)
        links.put(tx, [Link(home, one, "company", f"9{one[-9:]}", "id") for one in ids], scene.built.now())
    return ids


def _waiting(scene: Scene) -> Mapping[str, int]:
    with scene.built.database.reading() as tx:
        return pending_customers.first(tx, scene.on.organisation, 5000)


def test_at_midnight_nobody_stands_before_live_work(scene: Scene) -> None:
    """All who are late are planned work, so the list of what is live stays as it is."""
    _stand_still(scene)
    late = _late(scene)
    tomorrow = scene.built.now() + timedelta(days=1)

    with instead(replace(scene.built.parts(), clock=Standing(tomorrow))):
        schedule.wake_due()

    with scene.built.database.reading() as tx:
        assert set(late) <= planned.among(tx, scene.on.organisation, late)
    assert {} == _waiting(scene)


def test_a_payment_is_in_the_first_step_whoever_else_waits(scene: Scene) -> None:
    """Beside 1,500 customers whose flood was approved, the one that pays is shown by the next step, and they wait."""
    customer, contact = _known(scene, "Zest")
    _stand_still(scene)
    late = [f"00000000-0000-0000-0000-{number:012}" for number in range(LATE)]
    organisation = scene.on.organisation
    with scene.built.database.transaction() as tx:
        pending_customers.mark(tx, organisation, late)
        planned.accept(tx, organisation, late, Written(), scene.built.now())
    scene.invoice_for(customer, "17.00")
    scene.on.until("Xero has told", lambda: _told(scene) or None)

    with instead(scene.built.parts()):
        standing.gather(organisation, 0)
        more = standing.write(organisation)

    assert "17.00" == scene.show("contacts", contact)["xero_outstanding_balance"]
    assert LATE - 200 == len(_waiting(scene))
    assert not more  # the lane is wanted by something live, whose turn is next


def test_planned_work_that_is_refused_stops_no_payment(scene: Scene) -> None:
    """What HubSpot refuses of planned work lets that rest, and the lane goes on."""
    planned_one, _ = _known(scene, "Planned")
    customer, contact = _known(scene, "Payer")
    number = scene.fault("hubspot", kind="status", path="/(contacts|companies)/batch/read$", status=403)
    with scene.built.database.transaction() as tx:
        planned.accept(tx, scene.on.organisation, [planned_one], Written(updated=20), scene.built.now())
        lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())
    scene.until_met("hubspot", number)
    scene.settle()

    scene.invoice_for(customer, "18.00")

    scene.until_shown("contacts", contact, "xero_outstanding_balance", "18.00")
    with scene.built.database.reading() as tx:
        allowance = planned.allowance(tx, scene.on.organisation)
        assert [] == [one for one in lanes.all_lanes(tx) if one.parked_why]
    assert allowance is not None
    assert "403" in allowance.rests_why


def _told(scene: Scene) -> int:
    with scene.built.database.reading() as tx:
        return inbox.waiting(tx)
