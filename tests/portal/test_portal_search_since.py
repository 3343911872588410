"""What changed in HubSpot since a moment is found whole: while records move, past a search's end, within one moment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from clocks import Standing
from scene import OBJECTS, Scene
from sqlalchemy import select

from ledgerloop.clock import Clock
from ledgerloop.customers import company_index, push_to_xero
from ledgerloop.http import Api, open_client
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.dialect import HubSpotDialect
from ledgerloop.hubspot.models import SearchPage
from ledgerloop.invoices import poll
from ledgerloop.parts import instead
from ledgerloop.portal.search_since import changes
from ledgerloop.rate_limiter import Governor
from ledgerloop.records import Link
from ledgerloop.store import companies, connections, cursors, hubspot_changes, links, search_keys, tables
from ledgerloop.store.cursors import Cursor
from ledgerloop_sandbox import credentials
from ledgerloop_sandbox.server import running

PORTAL = "62515"
HOUR = timedelta(hours=1)
ALONE = {"standing": {"poll_seconds": 3600}}


class Busy(HubSpotClient):
    """Search as ever, while people work: after the first full page somebody edits a record that was on it."""

    def __init__(self, real: HubSpotClient, edit: Callable[[str], None]) -> None:
        super().__init__(real.api, real.version, real.survivors)
        self._edit, self._edited = edit, False

    def search(
        self,
        kind: str,
        filter_groups: Sequence[Mapping[str, Any]],
        properties: Sequence[str],
        sorts: Sequence[Mapping[str, str]] = (),
        limit: int = 100,
        after: str | None = None,
    ) -> SearchPage:
        """Search, and let the first record of the first full page be edited before the next is asked for."""
        page = super().search(kind, filter_groups, properties, sorts, limit, after)
        if page.after and not self._edited:
            self._edited = True
            self._edit(page.results[0].id)
        return page


def _make(scene: Scene, kind: str, rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Make records by the hundred."""
    ids: list[str] = []
    for start in range(0, len(rows), 100):
        inputs = [{"properties": one} for one in rows[start : start + 100]]
        made = scene.on.at_hubspot("POST", f"{OBJECTS}/{kind}/batch/create", {"inputs": inputs})
        ids += [one["id"] for one in made["results"]]
    return ids


def _later(scene: Scene, span: timedelta) -> None:
    scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/clock", json={"shift": span.total_seconds()})


def _named(scene: Scene, category: str) -> set[str]:
    """Return the records that the inbox has heard of."""
    with scene.built.database.reading() as tx:
        return set(tx.execute(select(tables.inbox.c.resource).where(tables.inbox.c.category == category)).scalars())


def test_a_deal_is_not_lost_while_another_moves(staged: Callable[..., Scene]) -> None:
    """One of 250 won deals is edited between two pages: all are found, none is passed over for good."""
    scene = staged(ALONE)
    scene.silence("hubspot")
    rows = [{"dealname": f"Deal {n}", "pipeline": "default", "dealstage": "closedwon"} for n in range(250)]
    deals = _make(scene, "deals", rows)

    def edit(deal: str) -> None:
        _later(scene, HOUR)
        scene.edit("deals", deal, dealname="Edited")

    client = Busy(scene.built.parts().hubspot(), edit)
    with instead(replace(scene.built.parts(), poll_every=timedelta(0), hubspot=lambda: client)):
        poll.look(PORTAL)
        poll.look(PORTAL)

    assert set(deals) == _named(scene, "deal")


def test_deals_past_the_end_of_a_search_are_found(staged: Callable[..., Scene]) -> None:
    """A search ends at so many results; the look goes on from the last moment that came."""
    scene = staged(ALONE)
    scene.silence("hubspot")
    scene.configure("hubspot", search_most=400)
    rows = [{"dealname": f"Deal {n}", "pipeline": "default", "dealstage": "closedwon"} for n in range(650)]
    deals = _make(scene, "deals", rows)

    with instead(replace(scene.built.parts(), poll_every=timedelta(0))):
        poll.look(PORTAL)

    assert set(deals) == _named(scene, "deal")


def _customers(scene: Scene, number: int) -> list[str]:
    """Make companies that are customers' since an hour, and return them."""
    home = scene.on.organisation
    rows = [{"name": f"Company {n}", "xero_contact_id": f"customer-{n}"} for n in range(number)]
    made = _make(scene, "companies", rows)
    mine = [Link(home, f"customer-{n}", "company", record, "id") for n, record in enumerate(made)]
    with scene.built.database.transaction() as tx:
        links.put(tx, mine, scene.built.now())
        cursors.put(tx, Cursor(home, "hubspot companies", scene.built.now() - HOUR, 1, None))
        cursors.put(tx, Cursor(home, "hubspot contacts", scene.built.now() - HOUR, 1, None))
    return made


def _listened(scene: Scene) -> tuple[set[str], datetime | None]:
    """Return the companies that were heard of, and how far the looking got."""
    with scene.built.database.reading() as tx:
        some = hubspot_changes.take(tx, scene.on.organisation, ["changed"], 10_000)
        return {one.hubspot_id for one in some}, cursors.get(tx, scene.on.organisation, "hubspot companies").since


def test_changes_of_customers_past_the_end_of_a_search_are_heard(staged: Callable[..., Scene]) -> None:
    """However many customers' records changed while nobody listened, Xero is told of each."""
    scene = staged({"fields": {"to_xero": True}})
    scene.silence("hubspot")
    scene.configure("hubspot", search_most=400)
    made = _customers(scene, 650)
    ahead = scene.built.now() + HOUR

    with instead(replace(scene.built.parts(), catch_up_every=timedelta(0), clock=Standing(ahead))):
        push_to_xero.listen(_home(scene))

    told, reached = _listened(scene)
    assert set(made) <= told
    assert reached is not None
    assert reached < ahead - HOUR / 2  # where the newest change stands, and not where our clock does


def test_a_customers_record_is_heard_while_another_moves(staged: Callable[..., Scene]) -> None:
    """The look at customers' records is the same: one of 250 is edited between two pages, and all are heard of."""
    scene = staged({"fields": {"to_xero": True}})
    scene.silence("hubspot")
    made = _customers(scene, 250)
    client = Busy(
        scene.built.parts().hubspot(), lambda company: scene.edit("companies", company, name="Edited between pages")
    )

    with instead(replace(scene.built.parts(), catch_up_every=timedelta(0), hubspot=lambda: client)):
        push_to_xero.listen(_home(scene))

    assert set(made) <= _listened(scene)[0]


def test_a_company_is_indexed_while_another_moves(scene: Scene) -> None:
    """So is the look at companies: one of 250 is edited between two pages, and all are indexed."""
    scene.silence("hubspot")
    with instead(scene.built.parts()):
        company_index.ready()
    made = _make(scene, "companies", [{"name": f"Moving {n} Ltd"} for n in range(250)])
    client = Busy(
        scene.built.parts().hubspot(), lambda company: scene.edit("companies", company, name="Edited between pages")
    )

    with instead(scene.built.parts()):
        company_index.keep_up(client, PORTAL)

    with scene.built.database.reading() as tx:
        known = {one for some in search_keys.find(tx, PORTAL, _every_key(scene)).values() for one in some}
        reached = companies.progress(tx, PORTAL).since
    assert set(made) <= known
    assert reached is not None
    assert reached <= datetime.now(UTC)


def test_more_than_a_page_at_one_moment_goes_by_id() -> None:
    """An import stamps hundreds of records with one moment: they are told apart by id, and each comes once."""
    with running(time_scale=1e-9) as sandbox, open_client() as wire:
        control = f"{sandbox.hubspot_url}/_sandbox"
        wire.post(f"{control}/settings", json={"search_lag_create": 0, "search_lag_update": 0, "limits": False})
        api = Api(
            wire,
            sandbox.hubspot_url,
            HubSpotDialect(),
            token=lambda refused: credentials.HUBSPOT_TOKEN,
            governor=Governor(clock=Clock()),
            clock=Clock(),
        )
        client = HubSpotClient(api, "2026-09", {})
        now = datetime.fromisoformat(wire.get(f"{control}/clock").json()["now"])

        def make(number: int) -> list[str]:
            inputs = [{"properties": {"name": "Imported", "quantity": "1", "price": "1"}}] * 90
            made = [wire.post(f"{control}/act", json=_batch(inputs)).json()["body"]["results"] for _ in range(number)]
            return [one["id"] for some in made for one in some]

        before = make(6)
        wire.post(f"{control}/clock", json={"shift": 1})
        after = make(1)
        found = [one.id for some in changes(client, "line_items", now, [[]], ["name"]) for one in some.records]

    assert {*before, *after} <= set(found)
    assert len(found) == len(set(found))


def _batch(inputs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {"method": "POST", "path": f"{OBJECTS}/line_items/batch/create", "body": {"inputs": inputs}}


def _home(scene: Scene) -> Any:
    with scene.built.database.reading() as tx:
        return connections.organisation(tx, scene.on.organisation)


def _every_key(scene: Scene) -> set[str]:
    with scene.built.database.reading() as tx:
        return set(tx.execute(select(tables.search_key.c.key).where(tables.search_key.c.scope == PORTAL)).scalars())
