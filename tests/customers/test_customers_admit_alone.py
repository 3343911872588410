"""Who is shown in HubSpot, by other settings and after an upgrade.

Two stages never share a process, so these tests stand apart from those that share one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from crm import Customers, begun
from scene import Scene
from sqlalchemy import delete, update

from ledgerloop.customers import admit
from ledgerloop.customers.named import organisation_of
from ledgerloop.ledger.refill import ANEW
from ledgerloop.parts import instead
from ledgerloop.store import cursors, lanes, mirror, pending_customers
from ledgerloop.store.cursors import CAUGHT_UP, Cursor
from ledgerloop.store.tables import customer as customer_table
from ledgerloop.store.tables import search_key


def test_all_are_shown_to_those_who_want_that(staged: Callable[..., Scene]) -> None:
    """With the setting a payee is shown, live and by plan."""
    scene = staged({"standing": {"show": "all"}})
    crm = Customers(scene)
    payee = crm.add("Shell Petrol Station")

    crm.until_linked(payee)
    with instead(scene.built.parts()), scene.built.database.reading() as tx:
        assert payee in admit.everybody(tx, organisation_of(tx, ""))


class TestUpgrade:
    """A database of before has no suppliers, and nobody's flags and numbers."""

    @pytest.fixture
    def old(self, staged: Callable[..., Scene]) -> Callable[[], tuple[Scene, str, str]]:
        """Give a function that makes such a database, with a supplier that is not in it, and a customer that is."""

        def begin() -> tuple[Scene, str, str]:
            scene = staged({"standing": {"show": "customers"}})
            crm = Customers(scene)
            customer = crm.add("Kea Kites", TaxNumber="NZ-123", CompanyNumber="77")
            scene.invoice_for(customer, "10.00")
            supplier = crm.add("Only Bills Ltd")
            _bill(scene, supplier)
            crm.until_linked(customer)
            with scene.built.database.transaction() as tx:
                tx.execute(delete(customer_table).where(customer_table.c.id == supplier))
                bare: dict[str, Any] = {"is_customer": False, "tax_number": "", "company_number": "", "keys": "[]"}
                tx.execute(update(customer_table).values(bare))
                tx.execute(delete(search_key).where(search_key.c.scope == scene.on.organisation))
                cursors.put(tx, Cursor(scene.on.organisation, ANEW, None, 1, None))
            return scene, customer, supplier

        return begin

    def test_everybody_is_read_once_more_and_nobody_is_looked_at(
        self, old: Callable[[], tuple[Scene, str, str]]
    ) -> None:
        """The suppliers come, the flags and numbers come, and no customer waits to be shown because of it."""
        scene, customer, supplier = old()
        scene.forget_calls()
        _turn(scene)

        with scene.built.database.reading() as tx:
            known = mirror.customers(tx, scene.on.organisation, [customer, supplier])
            assert {} == pending_customers.first(tx, scene.on.organisation, 10)
            assert not cursors.begun(tx, scene.on.organisation, ANEW)
        assert [] == scene.writes()
        assert (True, False) == (known[customer].is_customer, known[supplier].is_customer)
        assert ("NZ-123", "77") == (known[customer].tax_number, known[customer].company_number)
        with scene.built.database.reading() as tx:
            assert {"name keakites"} == set(mirror.customers_by_keys(tx, scene.on.organisation, ["name keakites"]))
        lists = len(scene.calls("xero", "/Contacts", "GET"))
        _turn(scene)
        assert lists + 1 == len(scene.calls("xero", "/Contacts", "GET"))  # the usual pull, and no more of the other

    def test_what_really_changed_meanwhile_is_still_news(self, old: Callable[[], tuple[Scene, str, str]]) -> None:
        """A customer that was renamed while the service stood still is shown so."""
        scene, customer, _ = old()
        crm = Customers(scene)
        company = crm.record(customer, "company")
        assert company is not None
        scene.silence("xero")
        crm.change(customer, Name="Kea Kites and Strings")
        _turn(scene)

        scene.until_shown("companies", company, "name", "Kea Kites and Strings")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Set one stage for all tests of this file, with the settings as they are by default."""
    with begun(tmp_path_factory.mktemp("admitting"), {"standing": {"show": "customers"}}) as scene:
        yield scene


@pytest.fixture
def crm(scene: Scene) -> Customers:
    """Give the words for customers."""
    return Customers(scene)


def _bill(scene: Scene, supplier: str) -> None:
    scene.invoice_for(supplier, Type="ACCPAY", InvoiceNumber=f"B-{supplier[:8]}")
    scene.settle()


def _turn(scene: Scene) -> None:
    """Have a turn that pulls everything."""
    with scene.built.database.transaction() as tx:
        cursors.put(tx, Cursor(scene.on.organisation, CAUGHT_UP, None, 1, datetime(2026, 1, 1, tzinfo=UTC)))
        lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())
    scene.built.engine.nudge()
    scene.settle()
