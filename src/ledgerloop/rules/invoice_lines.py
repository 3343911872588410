"""Make an invoice line from a deal's line item, or say what is wrong with it. Does no I/O.

Money is Decimal from HubSpot's text to Xero's number. HubSpot's amount is price × quantity − discount × quantity; Xero
rounds each line to the cent (Xero docs: rounding in Xero), and the line it makes must come to HubSpot's amount so
rounded. Where HubSpot tells that amount it is compared, and tiered prices are known by nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from ledgerloop.hubspot.models import Record
from ledgerloop.rules.line_coding import coding_from_item
from ledgerloop.rules.recurring import OFTEN, Recurring, billed_told, period_told, recurring_from_item, term_told
from ledgerloop.rules.reference_data import Books
from ledgerloop.rules.routing import Terms
from ledgerloop.rules.standing import CENT, ZERO
from ledgerloop.rules.tiers import model_of, tiers_told

LIMIT = Decimal(10**10)
"""No quantity, price or discount reaches this: a slip of the keyboard, and too much to be worked with to the cent."""
STEP = Decimal("0.0001")
"""Xero keeps four decimals of a quantity, and of a unit amount (unitdp=4)."""
RATE_STEP = Decimal("0.01")
"""Xero keeps two decimals of a discount's rate."""
LONGEST = 4000
"""Xero keeps so many characters of a line's description."""

_NUMBERS = {
    "quantity": ("quantity", "Fill it in."),
    "price": ("unit price", "Fill it in; 0 is allowed."),
    "hs_discount_percentage": ("discount percentage", ""),
    "discount": ("discount", ""),
    "hs_total_discount": ("total discount", ""),
}
"""What people call a number of a line item, and what to do where one that is needed is missing."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it would be sent, in Xero's words, what it comes to without tax, and what is wrong with it."""

    body: Mapping[str, Any]
    amount: Decimal
    problems: tuple[str, ...] = ()
    exact: Decimal = ZERO
    """What the deal says it comes to, before anybody rounds."""
    doubts: int = 0
    """How many of the problems a change in the organisation's books may cure."""
    recurring: Recurring | None = None
    """How it recurs; what is made is its first period."""
    billed: str = ""
    """What of it is billed, and what is not, where it recurs."""
    billed_now: str = ""
    """The same where its invoice was left as it is."""


def line_from_item(
    item: Record, place: int, currency: str, today: date, terms: Terms, books: Books | None = None
) -> Line:
    """Make the line, with every problem at once; ``place`` counts from 1, as the deal's owner sees them.

    ``today`` is the day on which a line is billed that does not say when its billing starts.
    """
    values = item.properties
    name, about = _text(values, "name"), _text(values, "description")
    label = f"Line {place}" + (f" (“{name}”)" if name else "")
    problems: list[str] = []
    if not name and not about:
        problems.append(f"{label} has neither a name nor a description, and Xero wants one. Give it a name.")
    own_currency = (_text(values, "hs_line_item_currency_code") or currency).upper()
    if own_currency != currency:
        problems.append(f"{label} is in {own_currency}, and the deal is in {currency}. Make them the same.")
    model, net = model_of(values), _net(values)
    if model and not _text(values, "price"):
        values = {**values, "price": "0"}  # its tiers have the prices
    quantity, price, percent, discount = (_number(values, each, label, problems) for each in list(_NUMBERS)[:4])
    # HubSpot works the total out of the other two; it says something of its own only where both are empty.
    total = _number(values, "hs_total_discount", label, problems) if not percent and not discount else Decimal(0)
    problems += () if model else _contradictions(label, quantity, price, percent, discount, total)
    recurring = recurring_from_item(values, today)
    if isinstance(recurring, str):
        problems.append(f"{label} has “{recurring}” as the start of its billing, which is no day. Correct it.")
    elif recurring is not None and terms.recurring == "hold":
        problems.append(_recurs(label, recurring))
    coded = coding_from_item(values, label, terms, books or Books())
    if problems or coded.doubts or quantity is None or price is None or isinstance(recurring, str):
        return Line({}, ZERO, (*problems, *coded.doubts), doubts=len(coded.doubts))
    percent, total = percent or ZERO, total or ZERO
    gross = quantity * price
    exact = gross * (100 - percent) / 100 - (discount or ZERO) * quantity - total
    agreed = net is None or abs(net - exact) < CENT
    if (model and net is None) or (not model and not agreed):
        return Line({}, ZERO, (_unexplained(label, model, exact, net),))
    if terms.status == "AUTHORISED" and exact > 0 and not cents(exact if agreed or net is None else net):
        return Line({}, ZERO, (_below_a_cent(label, exact),))
    said = [_often(values, recurring)]
    if net is not None and not agreed:
        exact = net
    amount = cents(exact)
    if not agreed:
        numbers = {"Quantity": Decimal(1), "UnitAmount": amount}
        said.append(_tiered(quantity, model, tiers_told(values, currency), _less(percent, discount or ZERO, total)))
        coded.body.pop("ItemCode", None)
    elif _fits(quantity, STEP) and _fits(price, STEP):
        numbers = {"Quantity": quantity, "UnitAmount": price, **_discounted(gross, exact, percent)}
    else:
        # Xero would round them and come to another amount; its own advice is one piece, and the arithmetic in words.
        numbers = {"Quantity": Decimal(1), "UnitAmount": amount}
        said.append(_arithmetic(quantity, price, percent, discount or ZERO, total))
        coded.body.pop("ItemCode", None)  # one piece would leave the stock, whatever was sold
    body = {"Description": _described((name, about), said), **numbers, **coded.body}
    told = [billed_told(label, recurring, amount, currency, left=left) if recurring else "" for left in (False, True)]
    return Line(body, amount, exact=exact, recurring=recurring, billed=told[0], billed_now=told[1])


def billed_by(items: Sequence[Record], currency: str, today: date, terms: Terms) -> str:
    """Say what of these lines is billed and what is not, by what they say now, though their invoice was left as it is.

    A line of which something is wrong says nothing: nobody knows what it comes to.
    """
    first = replace(terms, recurring="first")
    made = [line_from_item(item, place, currency, today, first) for place, item in enumerate(items, 1)]
    return " ".join(filter(None, (line.billed_now for line in made)))


def _net(values: Mapping[str, str | None]) -> Decimal | None:
    """Return what HubSpot itself says a line item comes to; None where it does not say."""
    try:
        net = Decimal(_text(values, "amount"))
    except InvalidOperation:
        return None
    return net if net.is_finite() and 0 <= net < LIMIT else None


def _unexplained(label: str, model: str, exact: Decimal, net: Decimal | None) -> str:
    """Say that nobody knows what a line item comes to: ours and HubSpot's figures differ, or its tiers have no sum."""
    if net is None:
        return f"{label} has {model}, and HubSpot tells no net price of it. Choose its product or its quantity again."
    return (
        f"{label} comes to {cents(exact)} by its quantity, price and discount, and to {cents(net)} as HubSpot's own net"
        " price. Put right which of them is wrong."
    )


def _below_a_cent(label: str, exact: Decimal) -> str:
    return (
        f"{label} comes to {exact.normalize():f}, less than half a cent, and Xero approves no such line. Take it off,"
        " or give it a price of 0."
    )


def _tiered(quantity: Decimal, model: str, tiers: str, less: str) -> str:
    return f"{quantity.normalize():f} at {model}{f': {tiers}' if tiers else ''}{less and f', {less}'}"


def _discounted(gross: Decimal, exact: Decimal, percent: Decimal) -> dict[str, Decimal]:
    """Return the discount that makes of a line's gross what it comes to: by its rate where that has two decimals.

    HubSpot's discount is for each unit and may have fractions of a cent; Xero's is for the line, in cents.
    """
    if percent and _fits(percent, RATE_STEP):
        return {"DiscountRate": percent}
    if exact == gross:
        return {}
    amount = cents(exact)
    # No whole cents take a half from a half, so a line that is free is free by its rate.
    return {"DiscountAmount": cents(gross) - amount} if amount else {"DiscountRate": Decimal(100)}


def _arithmetic(quantity: Decimal, price: Decimal, percent: Decimal, discount: Decimal, total: Decimal) -> str:
    """Say how a line comes to its amount, as HubSpot has it."""
    less = _less(percent, discount, total)
    return " ".join(filter(None, (f"{quantity.normalize():f} × {price.normalize():f}", less)))


def _less(percent: Decimal, discount: Decimal, total: Decimal) -> str:
    """Say which discounts a line has, as HubSpot has them."""
    return " ".join(
        f"less {number.normalize():f}{word}"
        for number, word in ((percent, " %"), (discount, " each"), (total, " in all"))
        if number
    )


def _described(texts: Sequence[str], said: Sequence[str]) -> str:
    """Join what a person wrote with what is said of the line, and shorten the former where Xero would cut the end."""
    text, end = (" – ".join(part for part in parts if part) for parts in (texts, said))
    if not end:
        return text[:LONGEST]
    return f"{text[: LONGEST - len(end) - 3]} – {end}"


def _fits(number: Decimal, step: Decimal) -> bool:
    return number == number.quantize(step)


def position_of(item: Record) -> tuple[int, int]:
    """Return where a line item stands on the deal: by its position, those without one last, the oldest first."""
    place = _text(item.properties, "hs_position_on_quote")
    return (int(place) if place.isdecimal() else 1_000_000, int(item.id) if item.id.isdecimal() else 0)


def _contradictions(
    label: str,
    quantity: Decimal | None,
    price: Decimal | None,
    percent: Decimal | None,
    discount: Decimal | None,
    total: Decimal | None,
) -> Iterator[str]:
    """Say what is wrong with numbers that could be read; a number that could not is no reason for a second sentence."""
    if percent is not None and percent > 100:
        yield f"{label} has a discount of {percent} %. It must lie between 0 and 100."
    if percent and discount:
        yield f"{label} has a discount of {percent} % and one of {discount} a unit. Keep one of the two."
    elif price is not None and discount is not None and discount > price:
        yield f"{label} has a discount of {discount} on a unit price of {price}. Lower the discount."
    if total and quantity is not None and price is not None and total > quantity * price:
        yield f"{label} has a discount of {total} in all on {quantity * price}. Lower the discount."


def _number(values: Mapping[str, str | None], name: str, label: str, problems: list[str]) -> Decimal | None:
    """Read a number of zero or more; None where there is a problem, which is told. No discount is a discount of 0."""
    word, cure = _NUMBERS[name]
    text = _text(values, name)
    if not text and not cure:
        return Decimal(0)
    if not text:
        problems.append(f"{label} has no {word}. {cure}")
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        problems.append(f"{label} has “{text}” as its {word}, which is not a number of zero or more. Correct it.")
        return None
    if number >= LIMIT:
        problems.append(f"{label} has “{text}” as its {word}, which is too large to be true. Correct it.")
        return None
    return number.copy_abs()


def _often(values: Mapping[str, str | None], recurring: Recurring | None) -> str:
    """Say how often a line is billed and for how long, and which period is billed; nothing where it is billed once."""
    term = term_told(values)
    if recurring is not None:
        return " – ".join((" ".join(filter(None, ("billed", recurring.often, term))), period_told(recurring)))
    often = OFTEN.get(word := _text(values, "recurringbillingfrequency"), word.replace("_", " "))
    return " ".join(("billed", *filter(None, (often, term)))) if often or term else ""


def _recurs(label: str, recurring: Recurring) -> str:
    return (
        f'{label} is billed {recurring.often}, and an invoice is made only once. Write `recurring` = "first" in its'
        " route to have the first period invoiced and the rest told on the deal, or bill it in Xero."
    )


def cents(amount: Decimal) -> Decimal:
    """Round to the cent as Xero does, halves away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def _text(values: Mapping[str, str | None], name: str) -> str:
    return (values.get(name) or "").strip()
