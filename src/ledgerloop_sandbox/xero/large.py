"""Fill an organisation with N sales invoices and N/2 contacts, quickly and the same for the same seed."""

from datetime import datetime, timedelta
from decimal import Decimal

from ledgerloop_sandbox.xero.contacts import NO_ADDRESSES, NO_PHONES
from ledgerloop_sandbox.xero.lines import cents
from ledgerloop_sandbox.xero.organisation import Organisation
from ledgerloop_sandbox.xero.records import ONE, SALE, ZERO, Contact, Invoice, LineItem, Payment

_WORDS = ("Rimu", "Totara", "Matai", "Kowhai", "Rata", "Manuka", "Ponga", "Titoki", "Karaka", "Nikau")
_TRADES = ("Builders", "Dental", "Foods", "Garage", "Legal", "Media", "Plumbing", "Travel", "Tools", "Wines")
_CASES = ("PAID", "PAID", "PAID", "PAID", "PAID", "AUTHORISED", "AUTHORISED", "AUTHORISED", "DRAFT", "VOIDED")
_RATE = Decimal("0.15")


def fill(org: Organisation, count: int, now: datetime) -> None:
    """Add the records in the order of their last change, spread over a year."""
    source = org.random
    begins = now.replace(microsecond=0) - timedelta(days=365)
    people = max(1, count // 2)
    step = timedelta(days=364) / max(1, count + people)
    moment = begins
    contact_ids = []
    for number in range(people):
        moment += step
        name = f"{_WORDS[number % 10]} {_TRADES[number // 10 % 10]} {number:06d}"
        contact = Contact(
            org.new_id(),
            name,
            moment,
            email=f"accounts{number}@customer{number}.example.com",
            addresses=NO_ADDRESSES,
            phones=NO_PHONES,
            is_customer=True,
        )
        org.contacts.rows[contact.id] = contact
        org.index(contact)
        contact_ids.append(contact.id)
    bank = org.accounts["090"].id
    today = org.today(now)
    for number in range(1, count + 1):
        moment += step
        case = _CASES[source.randrange(10)]
        amount = Decimal(source.randrange(1_000, 500_000)).scaleb(-2)
        tax = cents(amount * _RATE)
        total = amount + tax
        paid = total if case == "PAID" else ZERO
        dated = moment.date()
        invoice = Invoice(
            id=org.new_id(),
            type=SALE,
            number=f"INV-{number:06d}",
            contact_id=contact_ids[source.randrange(people)],
            date=dated,
            line_amount_types="Exclusive",
            currency=org.base_currency,
            status=case,
            updated=moment,
            lines=(LineItem(org.new_id(), "Consulting", ONE, amount, "200", "OUTPUT2", tax, amount),),
            sub_total=amount,
            total_tax=tax,
            total=total,
            fully_paid_on=min(dated + timedelta(days=10), today) if case == "PAID" else None,
            due_date=dated + timedelta(days=30),
            amount_due=ZERO if case == "VOIDED" else total - paid,
            amount_paid=paid,
        )
        if case == "PAID":
            payment = Payment(
                org.new_id(), "ACCRECPAYMENT", invoice.id, bank, invoice.fully_paid_on or dated, total, moment
            )
            org.payments.rows[payment.id] = payment
            invoice.payments = (payment.id,)
        org.invoices.rows[invoice.id] = invoice
        org.index(invoice)
    org.next_number["INV"] = count + 1
