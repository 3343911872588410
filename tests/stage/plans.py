"""Words for plans: make one, accept it, and see how much of it is left."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from clocks import Told
from scene import Scene

from ledgerloop.customers import admit
from ledgerloop.customers.named import organisation_of
from ledgerloop.parts import instead
from ledgerloop.safety import backfill_plan
from ledgerloop.safety.backfill_plan import Line, Totals
from ledgerloop.store import planned


def plan(scene: Scene, chosen: list[str] | None = None, later: timedelta = timedelta(0)) -> tuple[Totals, list[Line]]:
    """Plan as the command does, now or as it would later; for the service itself no time goes by."""
    totals = Totals()
    with instead(replace(scene.built.parts(), clock=Told(lambda: scene.built.now() + later))):
        with scene.built.database.reading() as tx:
            home = organisation_of(tx, "")
            chosen = admit.everybody(tx, home) if chosen is None else chosen
        return totals, [line for some in backfill_plan.plan(home, chosen, totals) for line in some]


def accept(scene: Scene, totals: Totals) -> None:
    """Accept what a plan of everybody came to."""
    with instead(scene.built.parts()):
        with scene.built.database.reading() as tx:
            home = organisation_of(tx, "")
            everybody = admit.everybody(tx, home)
        backfill_plan.accept(home, everybody, totals.written)


def count_left(scene: Scene) -> int:
    """Count the customers that are planned and not shown yet."""
    with scene.built.database.reading() as tx:
        return planned.left(tx, scene.on.organisation, asked=True)
