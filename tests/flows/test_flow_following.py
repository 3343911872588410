"""An approved invoice is emailed once, whoever looks at it at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from scene import Scene
from test_flow_edits import _poll


def test_many_invoices_are_emailed_once_each(staged: Callable[..., Scene]) -> None:
    """Twenty-five invoices of one turn: as many emails, though the organisation's own turns run meanwhile."""
    scene = staged({"route": {"status": "AUTHORISED", "email": True}}, latency_ms=60)
    scene.configure("xero", quotas=False)
    scene.silence("hubspot")
    company = scene.make("companies", name="Post Ltd")
    contact = scene.make("contacts", email="post@post.example.com", lastname="Post")
    deals = [scene.sell(company=company, contact=contact) for _ in range(25)]
    _poll(scene)

    scene.on.until("all are emailed", lambda: _emailed(scene) == len(deals) or None, 60)
    scene.settle(40)

    asked = Counter(call["path"] for call in scene.calls("xero", "/Email", "POST"))
    assert dict.fromkeys(asked, 1) == dict(asked)
    assert len(deals) == len(asked)


def _emailed(scene: Scene) -> int:
    return sum(bool(one.get("SentToContact")) for one in scene.invoices())
