"""Take money without an invoice: the bank transactions that make a prepayment or an overpayment, and only those."""

from ledgerloop_sandbox.xero.batch import write
from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.contacts import use_as
from ledgerloop_sandbox.xero.credit import show as show_credit
from ledgerloop_sandbox.xero.documents import apply_head, apply_lines, category, require_approvable
from ledgerloop_sandbox.xero.errors import Answer, Invalid
from ledgerloop_sandbox.xero.organisation import Change
from ledgerloop_sandbox.xero.payments import account_of
from ledgerloop_sandbox.xero.records import Credit
from ledgerloop_sandbox.xero.wire import Wire

_KINDS = {"PREPAYMENT": "Prepayment", "OVERPAYMENT": "Overpayment"}


def put(call: ApiCall) -> Answer:
    """Answer PUT /BankTransactions."""
    return write(call, "BankTransactions", "BankTransactionID", _create, show)


def _create(call: ApiCall, change: Change, given: Wire) -> Credit:
    org, type_ = call.organisation, str(given.get("Type"))
    direction, _, what = type_.partition("-")
    if direction not in ("RECEIVE", "SPEND") or what not in _KINDS:
        raise Invalid(f"The sandbox makes prepayments and overpayments only, not {type_}")
    problems: list[str] = []
    account = account_of(org, given.get("BankAccount"))
    if account is None or account.type != "BANK":
        problems.append("A BankAccount must be specified")
    credit = Credit(
        id=org.new_id(),
        type=type_,
        number="",
        contact_id="",
        date=org.today(call.now),
        line_amount_types="NoTax" if what == "OVERPAYMENT" else "Inclusive",
        currency=org.base_currency,
        status="AUTHORISED",
        updated=change.now,
        reference=str(given.get("Reference") or ""),
        kind=_KINDS[what],
    )
    apply_head(call, change, credit, given, problems)
    apply_lines(call, change, credit, given, problems)
    if what == "PREPAYMENT":
        require_approvable(call.organisation, credit, problems)
    if problems:
        raise Invalid(*problems)
    credit.remaining = credit.total
    use_as(change, org.contacts.rows[credit.contact_id], direction == "RECEIVE")
    return change.add(org.credits[credit.kind], credit, category(credit))


def show(call: ApiCall, credit: Credit) -> Wire:
    """Return the bank transaction, which names the credit it made."""
    shown = show_credit(call, credit)
    for name in ("ID", "Allocations", "RemainingCredit", "Payments", "HasErrors", "FullyPaidOnDate"):
        shown.pop(name, None)
    bank = call.organisation.accounts["090"]
    shown_account = {"AccountID": bank.id, "Code": bank.code, "Name": bank.name}
    return {"BankTransactionID": credit.id, "BankAccount": shown_account, **shown, "IsReconciled": True}
