"""An approved invoice is emailed once, whoever looks at it at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from polls import poll_from_the_start
from scene import Scene

from ledgerloop.store import intents, lanes, single_values


def test_many_invoices_are_emailed_once_each(staged: Callable[..., Scene]) -> None:
    """Twenty-five invoices of one turn: as many emails, though the organisation's own turns run meanwhile."""
    scene = staged({"route": {"status": "AUTHORISED", "email": True}}, latency_ms=60)
    scene.configure("xero", quotas=False)
    scene.silence("hubspot")
    company = scene.make("companies", name="Post Ltd")
    contact = scene.make("contacts", email="post@post.example.com", lastname="Post")
    deals = [scene.sell(company=company, contact=contact) for _ in range(25)]
    poll_from_the_start(scene)

    scene.on.until("all are emailed", lambda: _emailed(scene) == len(deals) or None, 60)
    scene.settle(40)

    asked = Counter(call["path"] for call in scene.calls("xero", "/Email", "POST"))
    assert dict.fromkeys(asked, 1) == dict(asked)
    assert len(deals) == len(asked)


def test_emails_that_fail_hold_up_no_payment(staged: Callable[..., Scene]) -> None:
    """They rest alone: what customers pay is shown meanwhile, and the emails leave when they may go on, once."""
    scene = staged({"route": {"status": "AUTHORISED", "email": True}})
    customer = scene.customer("Prompt Ltd", "pru@prompt.example.com")
    contact = str(scene.on.until("contact", lambda: scene.find_contact("pru@prompt.example.com"))["id"])
    scene.settle()
    scene.fault("xero", kind="status", method="POST", path="/Email$", status=503)
    deal = scene.sell()
    scene.until_shown("deals", deal, "xero_invoice_id")
    scene.on.until("emails rest", lambda: _rest(scene) or None)

    scene.invoice_for(customer, "12.00")

    scene.until_shown("contacts", contact, "xero_outstanding_balance", "12.00", seconds=8)
    with scene.built.database.reading() as tx:
        assert [] == [one.parked_why for one in lanes.all_lanes(tx) if one.parked_why]
    scene.mend("xero")
    with scene.built.database.transaction() as tx:
        single_values.put(tx, single_values.text(f"emails {scene.on.organisation}"), scene.built.now().isoformat())
    scene.on.until("it is emailed", lambda: _emailed(scene) == 1 or None, 20)
    scene.settle()
    assert not _rest(scene)


def test_what_xero_has_sent_is_not_sent_again_when_its_key_is_forgotten(staged: Callable[..., Scene]) -> None:
    """The answer to an email is lost, and Xero replays no key after six minutes: that it marked it as sent decides."""
    scene = staged({"route": {"status": "AUTHORISED", "email": True}})
    scene.fault("xero", kind="reset_after", method="POST", path="/Email$", times=1)
    deal = scene.sell()
    scene.on.until("emails rest", lambda: _rest(scene) or None)
    invoice = scene.invoices_of(deal)[0]["InvoiceID"]
    assert ("asked", 1) == (_email_of(scene, deal), scene.emails(invoice))

    scene.on.control.post(f"{scene.url('xero')}/_sandbox/clock", json={"shift": 400})
    with scene.built.database.transaction() as tx:
        single_values.put(tx, single_values.text(f"emails {scene.on.organisation}"), scene.built.now().isoformat())
    scene.on.until("it is known to be sent", lambda: _email_of(scene, deal) == "sent" or None)
    scene.settle()

    assert 1 == scene.emails(invoice)


def _email_of(scene: Scene, deal: str) -> str:
    """Return what is known of a deal's email."""
    with scene.built.database.reading() as tx:
        return intents.get(tx, "62515", [deal])[deal].email


def _rest(scene: Scene) -> str:
    """Return until when the emails rest; empty where they do not."""
    with scene.built.database.reading() as tx:
        return single_values.get(tx, single_values.text(f"emails {scene.on.organisation}")) or ""


def _emailed(scene: Scene) -> int:
    return sum(bool(one.get("SentToContact")) for one in scene.invoices())
