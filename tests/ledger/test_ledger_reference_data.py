"""Books that deals blame are read anew once a minute at most, and what is put right in them is found all the same."""

from __future__ import annotations

from scene import Scene

from ledgerloop.engine.retries import retry
from ledgerloop.parts import equip, instead
from ledgerloop.store import reference_data


def _held(scene: Scene, number: int) -> list[str]:
    """Return deals in a currency that the organisation lacks, held one after the other."""
    deals = []
    for _ in range(number):
        deals.append(scene.sell(deal_currency_code="AUD"))
        scene.until_shown("deals", deals[-1], "xero_sync_message")
    scene.settle()
    return deals


def _put_right(scene: Scene) -> None:
    path = f"{scene.on.xero_url}/_sandbox/organisations/{scene.on.organisation}"
    scene.on.control.post(path, json={"Currencies": ["NZD", "AUD"]})


def _wanted(scene: Scene) -> reference_data.Wanted | None:
    with scene.built.database.reading() as tx:
        return reference_data.wanted(tx, scene.on.organisation)


def test_deals_held_one_after_the_other_read_the_books_once(scene: Scene) -> None:
    """Ten deals cost no more than a reading and one anew, unless minutes pass between them."""
    _held(scene, 10)

    calls = scene.calls("xero", "/Currencies")
    minutes = {call["at"][:16] for call in calls}
    assert len(calls) <= 1 + len(minutes)


def test_what_is_put_right_within_the_minute_is_found_when_it_is_over(scene: Scene) -> None:
    """Nobody tries anything again: the reading that was too soon is made up for."""
    held = _held(scene, 2)
    _put_right(scene)
    wanted = _wanted(scene)
    assert wanted is not None
    assert "currencies" in wanted.kinds

    with scene.built.database.transaction() as tx:  # the minute goes by
        reference_data.want(tx, scene.on.organisation, wanted.kinds, scene.built.now())
    equip(scene.built.parts())

    for deal in held:
        scene.until_shown("deals", deal, "xero_invoice_id")
    assert _wanted(scene) is None


def test_who_has_a_deal_tried_again_waits_for_no_minute(scene: Scene) -> None:
    """A person who has put the books right says so, and they are read at once."""
    held = _held(scene, 1)
    _put_right(scene)

    with instead(scene.built.parts()):
        retry([held[0]])
    scene.built.engine.nudge()

    scene.until_shown("deals", held[0], "xero_invoice_id")
