"""The listing of companies makes way and goes on.

Two stages never share a process, so these tests stand apart from those that share one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from crm import Customers, begun
from scene import OBJECTS, Scene

from ledgerloop.customers import company_index
from ledgerloop.parts import instead
from ledgerloop.store import companies, connections
from ledgerloop.store.companies import Progress
from ledgerloop.store.tables import search_key as table


def test_the_listing_makes_way_and_goes_on(staged: Callable[..., Scene]) -> None:
    """All companies are listed once, a page at a time; whatever stops it, it goes on where it was."""
    scene = staged()
    crm = Customers(scene)
    for some in range(3):
        rows = [{"properties": {"name": f"Old {some} {number} Limited"}} for number in range(100)]
        scene.on.at_hubspot("POST", f"{OBJECTS}/companies/batch/create", {"inputs": rows})
    portal = _portal(scene)
    with scene.built.database.transaction() as tx:
        tx.execute(table.delete().where(table.c.scope == portal))
        assert companies.advance(tx, portal, companies.progress(tx, portal), Progress())
    scene.forget_calls()

    with instead(scene.built.parts()):
        assert not company_index.fill(portal, lambda: True)
        with scene.built.database.reading() as tx:
            begun_ = companies.progress(tx, portal)
        assert (False, True) == (begun_.listed, bool(begun_.after))
        scene.fault("hubspot", kind="status", status=400, method="GET", path="/companies$", times=1)
        assert not company_index.fill(portal, lambda: False)
    customer = crm.add("Old 2 99 Ltd")
    crm.until_held(customer)
    scene.settle()

    pages = [call["query"] for call in scene.calls("hubspot", "/companies", "GET") if call["status"] == 200]
    assert len(set(pages)) == len(pages) >= 4
    with scene.built.database.reading() as tx:
        assert companies.progress(tx, portal).listed
    scene.forget_calls()
    crm.until_held(crm.add("Old 1 50 Ltd"))
    assert [] == scene.calls("hubspot", "/companies", "GET")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to the tests of this file but the last, which has its own: each has customers of its own."""
    with begun(tmp_path_factory.mktemp("indexing")) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


def _portal(scene: Scene) -> str:
    with scene.built.database.reading() as tx:
        return connections.portals(tx)[0].id
