"""Words for looks at deals without webhooks: have the next one be due at once."""

from __future__ import annotations

from scene import Scene

from ledgerloop.invoices.poll import CURSOR
from ledgerloop.store import connections, cursors, lanes
from ledgerloop.store.cursors import Cursor


def poll_now(scene: Scene) -> None:
    """Have the next look be due at once."""
    with scene.built.database.transaction() as tx:
        portal = "62515"
        cursor = cursors.get(tx, portal, CURSOR)
        cursors.put(tx, Cursor(portal, CURSOR, cursor.since, 1, None))
        lanes.wake(tx, "invoicing", portal, scene.built.now())


def poll_from_the_start(scene: Scene) -> None:
    """Have the next look be due at once, back to the beginning."""
    with scene.built.database.transaction() as tx:
        connected = connections.get(tx, "hubspot", "62515")
        assert connected is not None
        cursors.put(tx, Cursor("62515", "deals", connected.since, 1, None))
        lanes.wake(tx, "invoicing", "62515", scene.built.now())
