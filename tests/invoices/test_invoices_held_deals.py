"""What is held because of the routes or a missing organisation goes on by itself once that is put right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from own_process import Served, running_process
from scene import OBJECTS, Scene

from ledgerloop.cli.stage import connect_hubspot, connect_xero
from ledgerloop.parts import equip
from ledgerloop.rules.routing import Route
from ledgerloop.store import lanes


def test_a_deal_without_an_organisation_goes_on_when_one_is_connected(staged: Callable[..., Scene]) -> None:
    """The hold says that the deal goes on by itself, and so it does."""
    scene = staged(connected=False)
    connect_hubspot(scene.on)
    deal = scene.sell()
    said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    assert "No Xero organisation is connected" in said
    scene.settle()

    connect_xero(scene.on, "Kiwi Demo Ltd")

    scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    assert 1 == len(scene.invoices_of(deal))


def test_a_deal_goes_on_under_other_routes(staged: Callable[..., Scene]) -> None:
    """A wrong organisation in the settings is a hold; the service that starts with the right one goes on with it."""
    scene = staged({"route": {"organisation": "Nobody Ltd"}})
    deal = scene.sell()
    said = scene.until_shown("deals", deal, "xero_sync_message")["xero_sync_message"]
    assert "“Nobody Ltd”, named at `organisation` under [route], is not connected" in said
    scene.settle()

    equip(replace(scene.built.parts(), routes=(Route(),)))
    with scene.built.database.transaction() as tx:
        lanes.wake(tx, "invoicing", "62515", scene.built.now())
    scene.built.parts().nudge()

    scene.until_shown("deals", deal, "xero_invoice_id", seconds=20)
    assert f"deal {deal}" not in scene.holds()


def test_a_start_under_other_routes_tries_at_once(tmp_path: Path) -> None:
    """Whoever corrects the settings and starts the service anew need not wait for the next look."""
    with running_process(tmp_path, "sqlite:///ledgerloop.sqlite3") as served:
        _start_with(served, tmp_path, "Nobody Ltd")
        deal = served.sell()
        said = served.until_shown("deals", deal, "xero_sync_message", seconds=20)["xero_sync_message"]
        assert "“Nobody Ltd”, named at `organisation` under [route], is not connected" in said
        served.settle()

        _start_with(served, tmp_path, "Kiwi Demo Ltd")

        served.until_shown("deals", deal, "xero_invoice_id", seconds=20)
        assert {} == served.holds()


def _start_with(served: Served, directory: Path, organisation: str) -> None:
    """Have the service start anew with another route, and look for won deals no sooner than in an hour."""
    served.kill()
    file = directory / "ledgerloop.toml"
    rest = file.read_text().partition("\n[route]")[0]
    rest = rest.replace("[standing]\n", "[standing]\npoll_seconds = 3600\n") if "poll_seconds" not in rest else rest
    assert "poll_seconds = 3600" in rest
    file.write_text(f'{rest}\n[route]\norganisation = "{organisation}"\n')
    served.start()


def test_a_stage_that_is_not_there_is_held_until_it_is_corrected(staged: Callable[..., Scene]) -> None:
    """The paid deal cannot go where its route says: a hold names the stage, and with another stage it goes there."""
    scene = staged({"route": {"status": "AUTHORISED", "paid_stage": "nowhere"}})
    deal = scene.sell()
    invoice = scene.until_shown("deals", deal, "xero_invoice_id")["xero_invoice_id"]
    scene.pay(str(invoice), scene.invoices_of(deal)[0]["Total"])
    scene.until_shown("deals", deal, "xero_invoice_status", "PAID")

    said = scene.on.until("it is held", lambda: scene.holds().get(f"hubspot deal {deal}"))
    assert "to the stage “nowhere”, which its route has as `paid_stage`" in said[0]
    scene.settle()
    routes = (Route(terms=replace(scene.built.parts().routes[0].terms, paid_stage="qualifiedtobuy")),)
    equip(replace(scene.built.parts(), routes=routes))
    with scene.built.database.transaction() as tx:
        lanes.wake(tx, "invoicing", "62515", scene.built.now())
    scene.built.parts().nudge()

    query = {"properties": "dealstage"}

    def moved() -> bool | None:
        shown = scene.on.at_hubspot("GET", f"{OBJECTS}/deals/{deal}", query=query)["properties"]
        return shown["dealstage"] == "qualifiedtobuy" or None

    scene.on.until("it moves", moved, seconds=20)
    assert f"hubspot deal {deal}" not in scene.holds()
