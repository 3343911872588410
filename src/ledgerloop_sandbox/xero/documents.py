"""Keep what invoices and credit notes have in common: contact, dates, currency, lines, totals."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from ledgerloop_sandbox.xero import stock
from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.contacts import for_document
from ledgerloop_sandbox.xero.errors import Invalid
from ledgerloop_sandbox.xero.lines import cents, line_amount, quantity_kept, rate_kept, tax_amount, totals, unit
from ledgerloop_sandbox.xero.organisation import Change, Organisation
from ledgerloop_sandbox.xero.records import ONE, SALE, ZERO, Credit, Document, Invoice, LineItem
from ledgerloop_sandbox.xero.wire import Wire, read_day, read_number, tidied

LINE_AMOUNT_TYPES = {"exclusive": "Exclusive", "inclusive": "Inclusive", "notax": "NoTax"}
LONGEST_DESCRIPTION = 4000
HAS_PAYMENT = "This document cannot be edited as it has a payment or credit note allocated to it."


def apply_head(call: ApiCall, change: Change, document: Document, given: Wire, problems: list[str]) -> None:
    """Take over contact, date, currency and the like from what was sent."""
    org = call.organisation
    if "Contact" in given or not document.contact_id:
        try:
            document.contact_id = for_document(call, change, given.get("Contact")).id
        except Invalid as error:
            problems += error.messages
    if (value := _day(given, "Date", problems)) is not None:
        document.date = value
    check_lock(org, document.date, problems)
    if given.get("LineAmountTypes") is not None:
        kind = LINE_AMOUNT_TYPES.get(str(given["LineAmountTypes"]).lower())
        if kind is None:
            problems.append(f"{given['LineAmountTypes']} is not a valid line amount type")
        document.line_amount_types = kind or document.line_amount_types
    if given.get("CurrencyCode"):
        document.currency = str(given["CurrencyCode"])
        if document.currency not in org.currencies:
            problems.append(f"Organisation is not subscribed to currency {document.currency}")
        document.rate = org.exchange_rates.get(document.currency, ONE)
    if given.get("CurrencyRate") is not None and document.currency != org.base_currency:
        document.rate = read_number(given["CurrencyRate"])
        if document.rate <= 0:
            problems.append("The currency rate must be above 0")
    if given.get("BrandingThemeID"):
        document.branding_theme_id = str(given["BrandingThemeID"])
        if all(theme["BrandingThemeID"] != document.branding_theme_id for theme in org.branding_themes):
            problems.append("The BrandingTheme could not be found")


def check_lock(org: Organisation, dated: date, problems: list[str]) -> None:
    """Refuse what is dated on or before a lock date."""
    for name, lock in (("period", org.period_lock_date), ("end of year", org.end_of_year_lock_date)):
        if lock is not None and dated <= lock:
            problems.append(
                f"The document date cannot be before the {name} lock date, currently set at {lock:%d-%b-%Y}"
            )


def apply_lines(call: ApiCall, change: Change, document: Document, given: Wire, problems: list[str]) -> None:
    """Take over the lines that were sent: those that were not are gone, those without their id are made anew."""
    if given.get("LineItems") is not None:
        known = {line.id for line in document.lines}
        document.lines = tuple(
            line
            for one in given["LineItems"]
            if (line := _line(call, change, document, one, known, problems)) is not None
        )
    elif "LineAmountTypes" in given:
        document.lines = tuple(
            replace(line, tax_amount=tax_amount(line.line_amount, _rate(call, line), document.line_amount_types))
            for line in document.lines
        )
    if not document.lines:
        problems.append("One or more line items must be specified")
    sums = totals(document.lines, document.line_amount_types)
    document.sub_total, document.total_tax, document.total = sums.sub_total, sums.total_tax, sums.total
    if isinstance(document, Invoice):
        document.total_discount = sums.discount
    if document.total < 0:
        problems.append("The document total must not be negative")


def check_account(org: Organisation, code: str, problems: list[str]) -> None:
    """Refuse an account that was archived, once."""
    text = (
        f"Account code '{code}' has been archived, or has been deleted. Each line item must reference a valid account."
    )
    if (account := org.accounts.get(code)) and account.status == "ARCHIVED" and text not in problems:
        problems.append(text)


def require_approvable(org: Organisation, document: Document, problems: list[str]) -> None:
    """Require of each line what an approved document needs."""
    for code in {line.account_code for line in document.lines if line.account_code}:
        check_account(org, code, problems)
    for line in document.lines:
        amounted = line.quantity is not None or line.unit_amount is not None
        if line.account_code is None and amounted:
            problems.append("Account code must be specified")


def _line(
    call: ApiCall, change: Change, document: Document, given: Wire, known: set[str], problems: list[str]
) -> LineItem | None:
    org = call.organisation
    approved = document.status == "AUTHORISED"
    values: dict[str, Decimal | None] = {}
    for name in ("Quantity", "UnitAmount", "DiscountRate", "DiscountAmount", "TaxAmount", "LineAmount"):
        try:
            values[name] = None if given.get(name) is None else read_number(given[name])
        except ValueError:
            problems.append(f"{name} is not a number")
            return None
    if values["Quantity"] is not None:
        values["Quantity"] = quantity_kept(values["Quantity"])
    if values["DiscountRate"] is not None:
        values["DiscountRate"] = rate_kept(values["DiscountRate"])
    description, account_code, tax_type = given.get("Description"), given.get("AccountCode"), given.get("TaxType")
    quantity, price = values["Quantity"], values["UnitAmount"]
    if item_code := given.get("ItemCode"):
        item = org.items.get(str(item_code))
        if item is None:
            problems.append(f"Item code '{item_code}' is not valid")
        else:
            details = item["SalesDetails" if document.type.startswith("ACCREC") else "PurchaseDetails"]
            description = description or item["Description"]
            own = details["AccountCode"]
            if document.type == SALE:
                account_code = stock.account_of(
                    org, str(item_code), own, account_code, call.options["tracked_account"], problems
                )
            account_code = account_code or own
            tax_type = tax_type or details.get("TaxType")
            price = details.get("UnitPrice") if price is None else price
    if not description:
        problems.append("Description must be specified")
    account = org.accounts.get(str(account_code)) if account_code else None
    if account_code and account is None:
        if approved:
            problems.append(f"Account code '{account_code}' is not a valid code for this document.")
        else:
            change.warnings.append(
                f"Account code '{account_code}' has been removed as it does not match a recognised account."
            )
            account_code = None
    if account is not None:
        check_account(org, account.code, problems)
    if tax_type and tax_type not in org.tax_rates:
        problems.append(f"The TaxType code '{tax_type}' does not exist or cannot be used for this type of transaction.")
    if document.type != "ACCREC" and (values["DiscountRate"] or values["DiscountAmount"]):
        problems.append("Discounts can only be used on sales invoices")
    if document.line_amount_types == "NoTax":
        tax_type = "NONE"
    amounted = price is not None or quantity is not None or values["LineAmount"] is not None
    if amounted and quantity is None:
        quantity = ONE
    if amounted and price is None:
        price = (values["LineAmount"] or ZERO) / quantity if quantity else ZERO
    price = None if price is None else unit(price, call.unitdp)
    amount = line_amount(quantity or ZERO, price or ZERO, values["DiscountRate"], values["DiscountAmount"])
    check_discount((quantity or ZERO) * (price or ZERO), values["DiscountRate"], values["DiscountAmount"], problems)
    if values["LineAmount"] is not None and cents(values["LineAmount"]) != amount:
        problems.append(f"The line total {values['LineAmount']} does not match the expected line total {amount}")
    line = LineItem(
        id=given["LineItemID"] if given.get("LineItemID") in known else org.new_id(),
        description=None if description is None else tidied(description)[:LONGEST_DESCRIPTION],
        quantity=quantity,
        unit_amount=price,
        account_code=None if account_code is None else str(account_code),
        tax_type=str(tax_type or (account.tax_type if account else "NONE")),
        tax_amount=ZERO,
        line_amount=amount,
        item_code=None if not item_code else str(item_code),
        discount_rate=values["DiscountRate"],
        discount_amount=values["DiscountAmount"],
        tracking=_tracking(org, given.get("Tracking") or (), problems),
    )
    line.tax_amount = tax_amount(amount, _rate(call, line), document.line_amount_types)
    if values["TaxAmount"] is not None and document.line_amount_types != "NoTax":
        line.tax_amount = cents(values["TaxAmount"])
    return line


def check_discount(gross: Decimal, rate: Decimal | None, amount: Decimal | None, problems: list[str]) -> None:
    """Refuse a discount of more than its line; 0 on a negative line counts as more."""
    if amount is not None and rate is None and (amount > gross if gross >= 0 else amount >= 0):
        rate = cents(amount / gross * 100) if gross else amount
    elif rate is None or rate <= 100:
        return
    problems.append(f"The discount rate '{rate}' is invalid. Discount must not be greater than the line total.")


def _rate(call: ApiCall, line: LineItem) -> Decimal:
    rate = call.organisation.tax_rates.get(line.tax_type)
    return rate.rate if rate else ZERO


def _tracking(org: Organisation, given: Iterable[Wire], problems: list[str]) -> tuple[Wire, ...]:
    chosen = []
    for one in given:
        for category in org.tracking_categories:
            if one.get("TrackingCategoryID") == category["TrackingCategoryID"] or one.get("Name") == category["Name"]:
                break
        else:
            problems.append("The tracking category could not be found")
            continue
        option = next((o for o in category["Options"] if o["Name"] == one.get("Option")), None)
        if option is None:
            problems.append(f"The tracking option '{one.get('Option')}' could not be found")
            continue
        chosen.append(
            {
                "Name": category["Name"],
                "Option": option["Name"],
                "TrackingCategoryID": category["TrackingCategoryID"],
                "TrackingOptionID": option["TrackingOptionID"],
            }
        )
    if len(chosen) > 2:
        problems.append("A line item can have at most two tracking categories")
    return tuple(chosen)


def _day(given: Wire, name: str, problems: list[str]) -> date | None:
    if given.get(name) is None:
        return None
    try:
        return read_day(given[name])
    except ValueError:
        problems.append(f"{name} is not a valid date")
        return None


def settle(call: ApiCall, change: Change, document: Document, on: date) -> None:
    """Work out what is still open after a payment or allocation came or went, and the status that results.

    PAID is never set by a caller: it is what this finds.
    """
    org = call.organisation
    paid = sum((p.amount for one in document.payments if (p := org.payments.rows[one]).status != "DELETED"), ZERO)
    applied = sum((allocation.amount for allocation in document.allocations), ZERO)
    change.edit(document)
    rest = document.total - paid - applied
    if isinstance(document, Invoice):
        document.amount_paid, document.amount_credited, document.amount_due = paid, applied, rest
        table: Any = org.invoices
    else:
        assert isinstance(document, Credit)
        document.remaining = rest
        table = org.credits[document.kind]
    document.status = "PAID" if rest == 0 else "AUTHORISED"
    document.fully_paid_on = on if rest == 0 else None
    change.touch(table, document, category(document))


def category(document: Document) -> str:
    """Return the webhook category of a document."""
    return "INVOICE" if isinstance(document, Invoice) else document.kind.upper()  # type: ignore[attr-defined]
