"""Section "Webhooks" of the Xero checklist: handshake, judgement, retries, batches, categories."""

import base64
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from xero_app import App, first, line, sale
from xero_receiver import Receiver, right, well_behaved

DAY = 86_400
EVENT_FIELDS = {
    "resourceUrl",
    "resourceId",
    "eventDateUtc",
    "eventType",
    "eventCategory",
    "tenantId",
    "tenantType",
}


@pytest.fixture
def hooked(app: App, receiver: Receiver) -> Receiver:
    """Return a receiver that has passed the handshake and heard nothing else yet."""
    outcome = app.steer("webhooks", {"url": receiver.url})
    assert outcome["handshake"]["passed"], outcome
    receiver.bodies.clear()
    return receiver


def kinds(receiver: Receiver) -> list[tuple[str, str]]:
    """Return category and type of what arrived."""
    return [(event["eventCategory"], event["eventType"]) for event in receiver.events()]


def test_handshake_sends_right_and_one_character_wrong_signatures(app: App, receiver: Receiver) -> None:
    """Every right one wants 200, every wrong one 401; a wrong one is a near miss of the right one."""
    outcome = app.steer("webhooks", {"url": receiver.url, "enabled": True})
    judged = [right(body, signature) for body, signature in zip(receiver.bodies, receiver.signatures, strict=True)]

    assert outcome["handshake"]["passed"] is True
    assert outcome["status"] == "ok"
    assert {True, False} == set(judged)
    for body, signature, good in zip(receiver.bodies, receiver.signatures, judged, strict=True):
        if not good:
            differing = [a for a, b in zip(signature, _signature(body), strict=True) if a != b]
            assert len(differing) == 1


def _signature(body: bytes) -> str:
    from ledgerloop_sandbox.credentials import XERO_WEBHOOK_KEY
    from ledgerloop_sandbox.xero.webhooks import sign

    return sign(XERO_WEBHOOK_KEY, body)


def test_signature_is_made_with_the_key_as_text() -> None:
    """The published test vector: the key is not base64-decoded, the body is the raw bytes."""
    from ledgerloop_sandbox.xero.webhooks import sign

    body = b'{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "S0m3r4Nd0mt3xt"}'

    assert sign("c2FuZGJveC1rZXktZm9yLXRlc3Rz", body) == "aoxzc55ICGE1mSkn2b7oPDeYp/Xy+EqYm4JhKW2qsG0="


def test_handshake_body_has_sequences_0_and_odd_spaces(app: App, receiver: Receiver) -> None:
    """Who parses the body and writes it again gets another signature."""
    app.steer("webhooks", {"url": receiver.url})

    for body in receiver.bodies:
        assert body.startswith(b'{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "')
        assert json.dumps(json.loads(body), separators=(",", ":")).encode() != body


def _body_in_answer(body: bytes, signature: str) -> tuple[int, dict[str, str], bytes]:
    return well_behaved(body, signature)[0], {}, b"null"


def _cookie(body: bytes, signature: str) -> tuple[int, dict[str, str], bytes]:
    return well_behaved(body, signature)[0], {"Set-Cookie": "a=b"}, b""


def _always_200(body: bytes, signature: str) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, b""


def _status_204(body: bytes, signature: str) -> tuple[int, dict[str, str], bytes]:
    return (204 if right(body, signature) else 401), {}, b""


def _decoded_key(body: bytes, signature: str) -> tuple[int, dict[str, str], bytes]:
    from ledgerloop_sandbox.credentials import XERO_WEBHOOK_KEY

    decoded = base64.b64decode(XERO_WEBHOOK_KEY).decode()
    return (200 if right(body, signature, decoded) else 401), {}, b""


@pytest.mark.parametrize("reply", [_body_in_answer, _cookie, _always_200, _status_204, _decoded_key])
def test_handshake_fails_on_body_cookie_other_status_and_wrong_key(
    app: App, receiver: Receiver, reply: Callable[..., Any]
) -> None:
    """200 and 401 exactly, no body, no cookies, the right key; otherwise the webhook stays off."""
    receiver.reply = reply
    outcome = app.steer("webhooks", {"url": receiver.url})
    app.contact()

    assert outcome["handshake"]["passed"] is False
    assert outcome["status"] == "intent to receive required"
    assert receiver.events() == []


def test_handshake_runs_again_on_enable_and_on_url_change(app: App, hooked: Receiver, receiver: Receiver) -> None:
    """Switching on repeats the handshake, and so does a new URL; the same URL does not."""
    app.steer("webhooks", {"enabled": False})
    app.steer("webhooks", {"enabled": True})
    again = len(hooked.bodies)
    other = Receiver()
    app.steer("webhooks", {"url": other.url})
    app.steer("webhooks", {"url": other.url})

    assert again == 5
    assert len(other.bodies) == 5
    other.close()


def test_one_url_and_key_for_the_whole_app_and_several_tenants_in_one_payload(app: App, hooked: Receiver) -> None:
    """Events of two organisations that happen close together arrive in one payload, each with its tenantId."""

    def together() -> bool:
        return any({one["tenantId"] for one in some["events"]} == set(app.tenants) for some in hooked.payloads())

    for number in range(1, 100):  # on a busy machine the second may come too late for the payload of the first
        for tenant in app.tenants:
            app.call("PUT", "Contacts", {"Contacts": [{"Name": f"Both {number}"}]}, tenant=tenant)
        hooked.wait(lambda number=number: len(hooked.events()) == 2 * number)  # type: ignore[misc]
        if together():
            break

    assert together()


def test_payload_has_the_documented_fields_and_a_signature_over_its_bytes(app: App, hooked: Receiver) -> None:
    """Seven fields of an event, four of the envelope; eventDateUtc has no zone; the sequence counts the events."""
    contact = app.contact()
    hooked.wait(lambda: bool(hooked.events()))
    payload, event = hooked.payloads()[0], hooked.events()[0]

    assert {"events", "firstEventSequence", "lastEventSequence", "entropy"} == set(payload)
    assert set(event) == EVENT_FIELDS
    assert event["resourceUrl"].endswith(f"/api.xro/2.0/Contacts/{contact['ContactID']}")
    assert not event["eventDateUtc"].endswith("Z")
    assert (payload["firstEventSequence"], payload["lastEventSequence"]) == (1, 1)
    assert right(hooked.bodies[-1], hooked.signatures[-1])


def test_several_events_in_a_batch_are_numbered_in_sequence(app: App, hooked: Receiver) -> None:
    """One call that makes three records makes one payload of three events; the next one goes on counting."""
    app.put("Contacts", {"Contacts": [{"Name": f"C{n}"} for n in range(3)]})
    hooked.wait(lambda: len(hooked.events()) == 3)
    app.contact("Later")
    hooked.wait(lambda: len(hooked.events()) == 4)
    numbers = [(one["firstEventSequence"], one["lastEventSequence"]) for one in hooked.payloads()]

    assert numbers == [(1, 3), (4, 4)]


def test_payment_shows_as_invoice_update_and_payment_is_switchable(app: App, hooked: Receiver) -> None:
    """A payment is an UPDATE of its invoice; PAYMENT events come only when that category is on."""
    invoice = app.invoice(app.contact())
    hooked.wait(lambda: len(hooked.events()) == 2)
    app.pay(invoice, 15)
    hooked.wait(lambda: len(hooked.events()) == 3)
    app.steer("webhooks", {"categories": ["INVOICE", "PAYMENT"]})
    made = app.pay(invoice, 15)
    hooked.wait(lambda: len(hooked.events()) == 5)
    app.post(f"Payments/{made['PaymentID']}", {"Payments": [{"Status": "DELETED"}]})
    hooked.wait(lambda: len(hooked.events()) == 7)

    assert kinds(hooked) == [
        ("CONTACT", "CREATE"),
        ("INVOICE", "CREATE"),
        ("INVOICE", "UPDATE"),
        ("PAYMENT", "CREATE"),
        ("INVOICE", "UPDATE"),
        ("PAYMENT", "UPDATE"),
        ("INVOICE", "UPDATE"),
    ]


def test_credit_note_and_prepayment_events_carry_data(app: App, hooked: Receiver) -> None:
    """CREDITNOTE has Type and Status, PREPAYMENT also UpdatedDateUTCString; allocating tells both sides."""
    contact = app.contact()
    note = {"Type": "ACCRECCREDIT", "Contact": {"ContactID": contact["ContactID"]}, "Status": "AUTHORISED"}
    made = first(app.put("CreditNotes", {"CreditNotes": [{**note, "LineItems": [line()]}]}))
    prepaid = {
        "Type": "RECEIVE-PREPAYMENT",
        "Contact": {"ContactID": contact["ContactID"]},
        "BankAccount": {"Code": "090"},
        "LineItems": [line(TaxType="NONE")],
    }
    app.put("BankTransactions", {"BankTransactions": [prepaid]})
    invoice = app.invoice(contact)
    body = {"Allocations": [{"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Amount": 115}]}
    app.put(f"CreditNotes/{made['CreditNoteID']}/Allocations", body)
    hooked.wait(lambda: len(hooked.events()) == 6)
    data = {(event["eventCategory"], event["eventType"]): event.get("data") for event in hooked.events()}

    assert data["CREDITNOTE", "CREATE"] == {"Type": "ACCRECCREDIT", "Status": data["CREDITNOTE", "CREATE"]["Status"]}
    assert data["CREDITNOTE", "UPDATE"] == {"Type": "ACCRECCREDIT", "Status": "PAID"}
    assert {"Type", "Status", "UpdatedDateUTCString"} == set(data["PREPAYMENT", "CREATE"])
    assert data["INVOICE", "UPDATE"] is None


def test_overpayment_and_payment_events_carry_data_when_switched_on(app: App, hooked: Receiver) -> None:
    """OVERPAYMENT and PAYMENT are categories of their own, off at first, with the data of PREPAYMENT."""
    contact = app.contact()
    invoice = app.invoice(contact)
    hooked.wait(lambda: len(hooked.events()) == 2)
    app.steer("webhooks", {"categories": ["OVERPAYMENT", "PAYMENT"]})
    overpaid = {
        "Type": "RECEIVE-OVERPAYMENT",
        "Contact": {"ContactID": contact["ContactID"]},
        "BankAccount": {"Code": "090"},
        "LineItems": [line(TaxType="NONE", AccountCode="610")],
    }
    app.put("BankTransactions", {"BankTransactions": [overpaid]})
    app.pay(invoice, 15)
    hooked.wait(lambda: len(hooked.events()) == 4)
    data = {event["eventCategory"]: event["data"] for event in hooked.events()[2:]}

    assert (data["OVERPAYMENT"]["Type"], data["PAYMENT"]["Type"]) == ("RECEIVE-OVERPAYMENT", "ACCRECPAYMENT")
    assert all({"Type", "Status", "UpdatedDateUTCString"} == set(one) for one in data.values())


def test_archiving_is_an_update(app: App, hooked: Receiver) -> None:
    """Archiving a contact tells CONTACT UPDATE."""
    contact = app.contact()
    app.post(f"Contacts/{contact['ContactID']}", {"Contacts": [{"ContactStatus": "ARCHIVED"}]})
    hooked.wait(lambda: len(hooked.events()) == 2)

    assert kinds(hooked)[1] == ("CONTACT", "UPDATE")


def test_no_event_for_disconnects_and_none_for_balances(app: App, hooked: Receiver) -> None:
    """A disconnect tells nothing, and an invoice tells nothing of its contact's changed balances."""
    contact = app.contact()
    invoice = app.invoice(contact)
    app.pay(invoice, 15)
    app.http.delete(
        f"/connections/{app.connections().json()[1]['id']}",
        headers={"Authorization": f"Bearer {app.tokens['access_token']}"},
    )
    hooked.wait(lambda: len(hooked.events()) == 3)

    assert kinds(hooked) == [("CONTACT", "CREATE"), ("INVOICE", "CREATE"), ("INVOICE", "UPDATE")]


def test_a_refused_call_tells_nothing(app: App, hooked: Receiver) -> None:
    """What was taken back has no events."""
    contact = app.contact()
    app.put("Invoices", {"Invoices": [sale(contact), sale(contact, DueDate=None)]})
    app.contact("Last")
    hooked.wait(lambda: len(hooked.events()) == 2)

    assert {"CONTACT"} == {category for category, _ in kinds(hooked)}


def test_strict_delivery_check_retries_with_growing_gaps(app: App, hooked: Receiver) -> None:
    """A body, a cookie or another status than 200 is a failure; the same bytes come again, later and later."""
    answers = iter([_body_in_answer, _cookie, _status_204])
    hooked.reply = lambda body, signature: next(answers, well_behaved)(body, signature)
    app.contact()
    hooked.wait(lambda: len(hooked.bodies) == 1)
    app.clock.shift(6)
    hooked.wait(lambda: len(hooked.bodies) == 2)
    app.clock.shift(60)
    hooked.wait(lambda: len(hooked.bodies) == 4)
    hooked.wait(lambda: app.sandbox.xero.delivery.pending == 0)
    attempts = app.steer("webhooks", method="GET")["attempts"][-4:]

    assert len(set(hooked.bodies)) == 1
    assert [one["problem"] for one in attempts] == [
        "Response contains a body",
        "Response contains cookies",
        "status 204 instead of 200",
        None,
    ]


def test_retry_gaps_grow_and_last_24_hours() -> None:
    """The schedule's gaps grow, and it ends after a day."""
    from ledgerloop_sandbox.xero.webhooks import GAPS

    assert sorted(GAPS) == list(GAPS)
    assert sum(GAPS) == DAY


def test_slow_answer_fails_after_5_seconds(app: App, hooked: Receiver) -> None:
    """An answer must be there within the limit, which is 5 seconds."""
    delivery = app.sandbox.xero.delivery
    limit, delivery.limit_seconds = delivery.limit_seconds, 0.1
    over = threading.Event()

    def reply(body: bytes, signature: str) -> tuple[int, dict[str, str], bytes]:
        over.wait()
        return well_behaved(body, signature)

    hooked.reply = reply
    try:
        app.contact()
        hooked.wait(lambda: any(one["problem"] for one in delivery.attempts))
    finally:
        delivery.limit_seconds = limit
        over.set()

    assert limit == 5
    assert delivery.attempts[-1]["problem"].startswith("no answer within")


def test_disabled_after_24_hours_until_switched_on_and_events_of_the_outage_are_gone(
    app: App, hooked: Receiver
) -> None:
    """A day of failure disables the webhook; a person switches it on with a handshake, and what was missed is lost."""
    hooked.reply = lambda body, signature: (500, {}, b"")
    app.contact("During the outage")
    hooked.wait(lambda: len(hooked.bodies) == 1)
    app.clock.shift(DAY + 60)
    hooked.wait(lambda: app.steer("webhooks", method="GET")["enabled"] is False)
    status = app.steer("webhooks", method="GET")["status"]
    app.connect()
    app.contact("While it is off")
    hooked.reply = well_behaved
    hooked.bodies.clear()
    app.steer("webhooks", {"enabled": True})
    app.contact("After it")
    hooked.wait(lambda: bool(hooked.events()))

    assert status == "disabled after 24 hours of failure"
    assert len(hooked.events()) == 1


def test_an_outage_is_replayed_in_order_where_that_is_switched_on(app: App, hooked: Receiver) -> None:
    """A newer note: while it fails or is disabled events are kept, 31 days, and told in order once it is healthy."""
    app.steer("settings", {"webhook_replay": True})
    hooked.reply = lambda body, signature: (500, {}, b"")
    first = app.contact("Fails")
    hooked.wait(lambda: len(hooked.bodies) >= 2)  # at once once more, and then after a quarter of an hour
    second = app.contact("Waits behind it")
    app.clock.shift(DAY + 60)
    hooked.wait(lambda: app.steer("webhooks", method="GET")["enabled"] is False)
    app.connect()
    third = app.contact("While it is off")
    hooked.reply = well_behaved
    hooked.bodies.clear()
    app.steer("webhooks", {"enabled": True})
    hooked.wait(lambda: len(hooked.events()) == 3)

    assert [one["ContactID"] for one in (first, second, third)] == [one["resourceId"] for one in hooked.events()]


def test_a_healthy_webhook_tells_what_waited_behind_a_failure(app: App, hooked: Receiver) -> None:
    """With the switch on, the retry after a quarter of an hour is followed by what happened meanwhile."""
    app.steer("settings", {"webhook_replay": True})
    hooked.reply = lambda body, signature: (500, {}, b"")
    app.contact("Fails")
    hooked.wait(lambda: len(hooked.bodies) >= 2)
    app.contact("Waits behind it")
    hooked.reply = well_behaved
    hooked.bodies.clear()
    app.clock.shift(900)
    hooked.wait(lambda: len(hooked.events()) == 2)

    assert app.steer("webhooks", method="GET")["enabled"] is True


def test_what_is_older_than_31_days_is_not_replayed(app: App, hooked: Receiver) -> None:
    """The replay has an end, too."""
    app.steer("settings", {"webhook_replay": True})
    hooked.reply = lambda body, signature: (500, {}, b"")
    app.contact("Fails")
    hooked.wait(lambda: len(hooked.bodies) >= 2)
    app.clock.shift(DAY + 60)
    hooked.wait(lambda: app.steer("webhooks", method="GET")["enabled"] is False)
    app.clock.shift(31 * DAY)
    app.connect()
    late = app.contact("While it is off")
    hooked.reply = well_behaved
    hooked.bodies.clear()
    app.steer("webhooks", {"enabled": True})
    hooked.wait(lambda: bool(hooked.events()))

    assert [late["ContactID"]] == [one["resourceId"] for one in hooked.events()]


@pytest.mark.parametrize(("kind", "times"), [("double", 2), ("drop", 0)])
def test_duplicates_and_drops_on_demand(app: App, hooked: Receiver, kind: str, times: int) -> None:
    """A fault doubles or drops a delivery; the one after it arrives once."""
    app.fault(kind)
    one = app.contact("One")
    hooked.wait(lambda: len(app.sandbox.xero.delivery.attempts) > 5)
    two = app.contact("Two")
    hooked.wait(lambda: two["ContactID"] in [event["resourceId"] for event in hooked.events()])
    hooked.wait(lambda: len(hooked.events()) == times + 1)

    assert times == [event["resourceId"] for event in hooked.events()].count(one["ContactID"])


def test_reordering_on_demand(app: App, hooked: Receiver) -> None:
    """A fault lets a delivery arrive after the next one, so the sequence runs backwards."""
    app.fault("reorder")
    app.contact("One")
    hooked.wait(lambda: app.steer("webhooks", method="GET")["pending"] == 1)
    app.contact("Two")
    hooked.wait(lambda: len(hooked.payloads()) == 2)

    assert [payload["firstEventSequence"] for payload in hooked.payloads()] == [2, 1]


def test_sequence_gaps_mixed_case_bare_urls_and_unknown_categories(app: App, hooked: Receiver) -> None:
    """The oddities that were seen are switches: Update, resourceUrl without id, QUOTE, gaps in the sequence."""
    app.steer(
        "settings",
        {
            "webhook_mixed_case": True,
            "webhook_url_without_id": True,
            "webhook_unknown_category": True,
            "webhook_sequence_gaps": True,
        },
    )
    app.contact()
    hooked.wait(lambda: bool(hooked.payloads()))
    payload = hooked.payloads()[0]

    assert [event["eventType"].title() for event in payload["events"]] == ["Create", "Create"]
    assert payload["events"][0]["eventType"] == "Create"
    assert payload["events"][0]["resourceUrl"].endswith("/api.xro/2.0/Contacts")
    assert payload["events"][1]["eventCategory"] == "QUOTE"
    assert payload["firstEventSequence"] > 1


def test_what_a_person_does_in_xero_tells_too(app: App, hooked: Receiver) -> None:
    """The control route act is not logged and has no quota, and its events arrive as usual."""
    before = app.steer("calls", method="GET")["count"]
    body = {"Contacts": [{"Name": "By hand"}]}
    act = {"method": "PUT", "path": "/api.xro/2.0/Contacts", "body": body, "organisation": app.tenants[1]}
    app.steer("act", act)
    hooked.wait(lambda: bool(hooked.events()))

    assert app.tenants[1] == hooked.events()[0]["tenantId"]
    assert before == app.steer("calls", method="GET")["count"]


def test_webhooks_go_to_loopback_only(app: App) -> None:
    """The sandbox posts to this machine and nowhere else."""
    refused = app.http.post("/_sandbox/webhooks", json={"url": "https://example.com/hook"})

    assert refused.status_code == 400
    assert "loopback" in refused.json()["error"]
