"""Keep batch payments: several payments made, and deleted, as one."""

from decimal import Decimal

from ledgerloop_sandbox.xero.batch import write
from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.envelope import envelope, page
from ledgerloop_sandbox.xero.errors import Answer, Invalid, not_found
from ledgerloop_sandbox.xero.organisation import Change
from ledgerloop_sandbox.xero.payments import account_of, batch_sum, create, remove
from ledgerloop_sandbox.xero.records import BatchPayment
from ledgerloop_sandbox.xero.selection import selected
from ledgerloop_sandbox.xero.wire import Wire, day, dumps, moment, read_day

_GETTERS = {"Status": lambda b: b.status, "Date": lambda b: b.date, "UpdatedDateUTC": lambda b: b.updated}


def get_all(call: ApiCall) -> Answer:
    """Answer GET /BatchPayments."""
    chosen = selected(call, call.organisation.batch_payments, _GETTERS, (), fast=frozenset(_GETTERS))
    return page(call, "BatchPayments", chosen, lambda batch: dumps(show(call, batch)))


def get_one(call: ApiCall) -> Answer:
    """Answer GET /BatchPayments/{BatchPaymentID}."""
    return envelope(call, "BatchPayments", [show(call, _the(call, call.ids[0]))])


def put(call: ApiCall) -> Answer:
    """Answer PUT /BatchPayments: create."""
    return write(call, "BatchPayments", "BatchPaymentID", _create, show)


def post(call: ApiCall) -> Answer:
    """Answer POST /BatchPayments and POST /BatchPayments/{BatchPaymentID}: delete."""
    return write(call, "BatchPayments", "BatchPaymentID", _delete, show)


def _create(call: ApiCall, change: Change, given: Wire) -> BatchPayment:
    org, account = call.organisation, account_of(call.organisation, given.get("Account"))
    if account is None or not given.get("Payments"):
        raise Invalid("A batch payment needs an Account and Payments")
    dated = read_day(given["Date"]) if given.get("Date") else org.today(call.now)
    batch = BatchPayment(org.new_id(), account.id, dated, (), change.now, str(given.get("Reference") or ""))
    change.add(org.batch_payments, batch)
    batch.payment_ids = tuple(
        create(call, change, {"Account": {"Code": account.code}, "Date": dated, **one}, batch.id).id
        for one in given["Payments"]
    )
    return batch


def _delete(call: ApiCall, change: Change, given: Wire) -> BatchPayment:
    batch = _the(call, call.ids[0] if call.ids else str(given.get("BatchPaymentID")))
    if given.get("Status") != "DELETED" or batch.status == "DELETED":
        raise Invalid("The only status that can be set on a batch payment is DELETED, once")
    for payment_id in batch.payment_ids:
        remove(call, change, call.organisation.payments.rows[payment_id])
    change.edit(batch)
    batch.status = "DELETED"
    change.touch(call.organisation.batch_payments, batch)
    return batch


def _the(call: ApiCall, batch_id: str) -> BatchPayment:
    batch = call.organisation.batch_payments.get(batch_id)
    if batch is None:
        raise not_found()
    return batch


def show(call: ApiCall, batch: BatchPayment) -> Wire:
    """Return the batch payment."""
    org = call.organisation
    payments = [org.payments.rows[payment_id] for payment_id in batch.payment_ids]
    return {
        "Account": {"AccountID": batch.account_id},
        "Reference": batch.reference,
        "BatchPaymentID": batch.id,
        "Date": day(batch.date),
        "Payments": [
            {"PaymentID": payment.id, "Invoice": {"InvoiceID": payment.document_id}, "Amount": payment.amount}
            for payment in payments
        ],
        "Type": "RECBATCH" if all(payment.type == "ACCRECPAYMENT" for payment in payments) else "PAYBATCH",
        "Status": batch.status,
        "UpdatedDateUTC": moment(batch.updated),
        **batch_sum(call, sum((payment.amount for payment in payments), Decimal("0.00"))),
    }
