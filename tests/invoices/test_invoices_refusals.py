"""What Xero refuses because its books changed within the hour: it is learnt from one refusal, and tried again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scene import Scene
from test_invoices_edits import _edit_line, _made, _requests, _retry, _until_told, _with_total

from ledgerloop.invoices.preview import quote
from ledgerloop.parts import instead
from ledgerloop.store import connections

REFUSALS = [
    pytest.param(
        {"PeriodLockDate": "2099-12-31"}, {"PeriodLockDate": None}, "is locked until 2099-12-31.", id="locked"
    ),
    pytest.param(
        {"ArchivedAccounts": ["200"]}, {"ArchivedAccounts": []}, "account 200, which Kiwi Demo Ltd's", id="archived"
    ),
]


def _steer(scene: Scene, values: dict[str, Any]) -> None:
    path = f"{scene.on.xero_url}/_sandbox/organisations/{scene.on.organisation}"
    assert scene.on.control.post(path, json=values).status_code == 200


@pytest.mark.parametrize(("before", "after", "told"), REFUSALS)
def test_a_refusal_has_the_books_read_anew(
    staged: Callable[..., Scene], before: dict[str, Any], after: dict[str, Any], told: str
) -> None:
    """The deal is held in our words, a plan says the same, and the next deal is not sent only to be refused."""
    scene = staged()
    _made(scene, scene.sell())
    _steer(scene, before)

    deal = scene.sell()

    message = _until_told(scene, deal, told)
    with scene.built.database.reading() as tx:
        house = connections.only_portal(tx)
    assert house is not None
    with instead(scene.built.parts()):
        (planned,) = quote(house, [deal])
    assert message == " ".join(planned.reasons)
    scene.settle()
    sent = _requests(scene)
    assert told in _until_told(scene, scene.sell(), "Kiwi Demo Ltd's")
    assert sent == _requests(scene)

    _steer(scene, after)
    scene.edit("deals", deal, amount="478.80")
    scene.until_shown("deals", deal, "xero_invoice_id", seconds=150)  # books are read anew once a minute at most


@pytest.mark.parametrize(("before", "after", "told"), REFUSALS)
def test_a_refused_edit_has_the_books_read_anew(
    staged: Callable[..., Scene], before: dict[str, Any], after: dict[str, Any], told: str
) -> None:
    """The draft stays as it is for a reason in our words; an approved invoice stays because it is approved."""
    scene = staged()
    draft, approved = scene.sell(), scene.sell()
    for deal in (draft, approved):
        _made(scene, deal)
    scene.approve(_made(scene, approved)["InvoiceID"])
    scene.until_shown("deals", approved, "xero_invoice_status", "AUTHORISED")
    _steer(scene, before)

    _edit_line(scene, draft, "Seats", quantity="10")

    assert "left as it is" in _until_told(scene, draft, told)
    if "PeriodLockDate" in before:
        _edit_line(scene, approved, "Seats", quantity="10")
        assert "it is no longer a draft." in _until_told(scene, approved, "left as it is")
    _steer(scene, after)
    _retry(scene, draft)
    scene.on.until("the draft follows", lambda: _with_total(scene, draft, 399.0), 20)
