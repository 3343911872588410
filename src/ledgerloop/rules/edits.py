"""Tell whether a deal was edited after its invoice was made, and what an edit may still do. Does no I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ledgerloop.hubspot.models import Record
from ledgerloop.records import Intent, Receivable
from ledgerloop.rules.invoice_lines import LONGEST, STEP, cents, position_of
from ledgerloop.rules.invoices import LINE_PROPERTIES, Draft, body_of, hash_of, payload_of
from ledgerloop.rules.remarks import or_right
from ledgerloop.rules.routing import Route, Terms
from ledgerloop.rules.standing import ZERO, bills_nothing
from ledgerloop.rules.templates import fields_in
from ledgerloop.rules.totals import Said, agrees_by_credit, amount_of
from ledgerloop.xero.models import Invoice, LineItem

UNSEEN = "unseen"
"""Stands in the place of how an invoice stood where nobody has seen that: its lines may be anybody's."""
FOREIGN = "foreign"
"""Stands there where a person or another tool made the invoice: its lines are theirs for ever."""
_HEAD = {"CurrencyCode": "its currency", "LineAmountTypes": "whether its prices include tax"}
"""What gives the prices of an invoice's lines their meaning, and what people call it."""
_STAYS = frozenset({"Type", "Status", "Date", "Contact", "Reference", "Url", "InvoiceNumber", "BrandingThemeID"})


def basis_of(
    deal: Record, lines: Sequence[Record], terms: Terms, payer: str = "", conditions: Sequence[str] = ()
) -> str:
    """Return a hash of what the deal says about its invoice: another one means that somebody edited the deal.

    ``payer`` is the record that pays, ``conditions`` the properties by which the deal has its route.
    """
    names = {"amount", "deal_currency_code", *asked_of_deal(terms), *conditions}
    names |= {"dealname"} if not lines else set()
    said = {
        "payer": payer,
        "deal": {name: deal.properties.get(name) or "" for name in names},
        "lines": [
            {name: value for name in (*LINE_PROPERTIES, *asked_of_line(terms)) if (value := item.properties.get(name))}
            for item in sorted(lines, key=position_of)
        ],
    }
    return hash_of(json.dumps(said, sort_keys=True))


def asked_of_deal(terms: Terms) -> list[str]:
    """Name the deal properties that a route's terms ask for."""
    named = [*fields_in(terms.reference), *fields_in(terms.number), terms.due_date_property]
    return [name for name in named if name]


def asked_by_routes(routes: Sequence[Route]) -> list[str]:
    """Name the deal properties by which deals come to their routes: another value may mean another route.

    Those of all routes, so that a deal which moves to another stage and thereby another route is no edited one.
    """
    asked: list[str] = []
    for conditions in (route.conditions for route in routes):
        asked += [name for name, _ in conditions.properties]
        asked += ["pipeline"] if conditions.pipeline else []
        asked += ["hubspot_owner_id"] if conditions.owner else []
    return asked


def asked_of_line(terms: Terms) -> list[str]:
    """Name the line items' properties that a route's terms ask for."""
    return [name for name in (terms.account_property, *dict(terms.tracking_properties).values()) if name]


def difference(payload: str, draft: Draft, customer: str) -> dict[str, Any]:
    """Return what an edit would change of an invoice, as it is kept: only what differs from what was last sent.

    Marks, status and customer stay as they are, whatever people have made of them since.
    """
    before, after = json.loads(payload), json.loads(payload_of(draft, customer))
    return {name: value for name, value in after.items() if name not in _STAYS and value != before.get(name)}


def changed_by_hand(payload: str, invoice: Invoice, stood: str) -> str:
    """Name what somebody has changed of the invoice in Xero since we did, such as “its lines”; nothing if nobody has.

    That is not overwritten, and nothing else of the invoice either: a price is another one in another currency.
    ``stood`` is what Xero returned when it had made or changed the invoice for us. That alone decides: Xero tidies what
    it is sent. Where its answer was lost, or does not tell, what was sent decides, as Xero tidies it.
    """
    if stood in (UNSEEN, FOREIGN):
        return "its lines"
    body = body_of(payload)
    kept = json.loads(stood) if stood else None
    head = kept if isinstance(kept, dict) else {}  # earlier releases kept the lines alone
    lines = head.get("lines", kept)
    if lines is None:
        same = len(body["LineItems"]) == len(invoice.LineItems) and all(
            map(_same, body["LineItems"], invoice.LineItems)
        )
    else:
        same = lines == _lines(invoice)
    others = [
        word
        for name, word in _HEAD.items()
        if (stands := getattr(invoice, name)) and stands != (head.get(name) or body.get(name, stands))
    ]
    return " and ".join([*others, *([] if same else ["its lines"])])


def as_sent(payload: str, invoice: Invoice) -> bool:
    """Tell whether an invoice's lines are those that were sent, and mean the same, however Xero has tidied them."""
    return not changed_by_hand(payload, invoice, "")


def stands_already(payload: str, changes: Mapping[str, Any], invoice: Invoice) -> bool:
    """Tell whether an invoice says already what a change would make of it: ours whose answer was lost, or a person's.

    ``payload`` is the invoice as it was sent last, without the change.
    """
    told = {
        "DueDate": invoice.DueDate.isoformat() if invoice.DueDate else "",
        "CurrencyCode": invoice.CurrencyCode,
        "LineAmountTypes": invoice.LineAmountTypes,
    }
    if any(value != told.get(name) for name, value in changes.items() if name != "LineItems"):
        return False
    after = changed_payload(payload, changes)
    return as_sent(after, invoice) and all(map(_coded_alike, body_of(after)["LineItems"], invoice.LineItems))


def _coded_alike(sent: Mapping[str, Any], line: LineItem) -> bool:
    """Compare what the line is coded by; a tax type that was not sent is left to Xero."""
    tracking = {(one["Name"], one["Option"]) for one in sent.get("Tracking", ())}
    return (
        (sent.get("TaxType", "") in ("", line.TaxType) or not (line.TaxType or line.LineAmount))
        and sent.get("ItemCode", "") == line.ItemCode
        and tracking == {(one.Name, one.Option) for one in line.Tracking}
    )


def lines_as_text(invoice: Invoice) -> str:
    """Return an invoice's lines with all that a person may change of them, to be kept and compared.

    Their currency and whether they include tax stand beside them: without these their prices say nothing.
    """
    return json.dumps(
        {**{name: getattr(invoice, name) for name in _HEAD}, "lines": _lines(invoice)}, ensure_ascii=False
    )


def _lines(invoice: Invoice) -> list[list[Any]]:
    return [
        [
            *(f"{part.normalize():f}" if isinstance(part, Decimal) else part for part in _line_in_xero(line)),
            line.TaxType,
            line.ItemCode,
            sorted([one.Name, one.Option] for one in line.Tracking),
        ]
        for line in invoice.LineItems
    ]


def with_line_ids(lines: Sequence[Mapping[str, Any]], invoice: Invoice) -> list[dict[str, Any]]:
    """Give lines the ids of the lines they stand for, so that Xero changes those instead of making them anew.

    A line stands for the next one with its description. Lines of the invoice that no line stands for are removed,
    because they are not sent.
    """
    free = list(invoice.LineItems)
    named: list[dict[str, Any]] = []
    for line in lines:
        same = next((one for one in free if tidied(one.Description) == tidied(line["Description"])), None)
        if same is not None:
            free.remove(same)
        named.append({**line, **({"LineItemID": same.LineItemID} if same else {})})
    return named


def payload_from(invoice: Invoice) -> str:
    """Return an invoice that was found as if it had been sent just so."""
    numbers = ("Quantity", "UnitAmount", "DiscountRate", "DiscountAmount")
    lines = [
        {
            "Description": line.Description,
            "AccountCode": line.AccountCode,
            **{name: f"{value:f}" for name in numbers if (value := getattr(line, name)) or name in numbers[:2]},
            **({"TaxType": line.TaxType} if line.TaxType else {}),
            **({"ItemCode": line.ItemCode} if line.ItemCode else {}),
            **(
                {"Tracking": [{"Name": one.Name, "Option": one.Option} for one in line.Tracking]}
                if line.Tracking
                else {}
            ),
        }
        for line in invoice.LineItems
    ]
    body = {
        "Type": invoice.Type,
        "Date": invoice.Date,
        "DueDate": invoice.DueDate,
        "LineAmountTypes": invoice.LineAmountTypes,
        "Reference": invoice.Reference,
        "Url": invoice.Url,
        "CurrencyCode": invoice.CurrencyCode,
        "Status": invoice.Status,
        "Contact": {"ContactID": invoice.Contact.ContactID},
        "LineItems": lines,
    }
    return json.dumps(body, default=str, sort_keys=True, ensure_ascii=False)


def update_of(payload: str, invoice: Invoice, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request that changes a draft. With its status in it Xero refuses where that was changed meanwhile."""
    body = body_of(changed_payload(payload, changes))
    sent = {name: body[name] for name in changes if name != "LineItems"}
    if "LineItems" in changes:
        sent["LineItems"] = with_line_ids(body["LineItems"], invoice)
    return {"InvoiceID": invoice.InvoiceID, "Type": invoice.Type, "Status": invoice.Status, **sent}


def changed_payload(payload: str, changes: Mapping[str, Any]) -> str:
    """Return what is kept as sent once a change went through."""
    return json.dumps({**json.loads(payload), **changes}, sort_keys=True, ensure_ascii=False)


def comes_to_the_same(deal: Record, currency: str, invoice: Invoice) -> bool:
    """Tell whether a deal says what an invoice of others comes to, with tax or before it: more cannot be compared.

    It may do so once its credit notes are taken off.
    """
    amount = amount_of(deal.properties)
    if amount is None or currency != invoice.CurrencyCode:
        return False
    kinds = [Said(amount, currency, kind) for kind in ("Exclusive", "Inclusive")]
    return amount in (invoice.Total, invoice.SubTotal) or any(agrees_by_credit(said, invoice) for said in kinds)


def edit_told(number: str, status: str, why: str) -> str:
    """Say on the deal that it was changed and its invoice was not."""
    called = f"{number} ({status})" if status else number
    return f"The deal was changed after its invoice was made. Invoice {called} was left as it is: {why}"


def not_compared(intent: Intent) -> bool:
    """Tell whether a deal's invoice was found standing, and what it says was never held against what the deal says."""
    return intent.stood == UNSEEN and not intent.basis


def found_told(number: str, status: str, why: str) -> str:
    """Say on the deal that its invoice was found standing, and says something else than the deal does."""
    called = f"{number} ({status})" if status else number
    return f"Invoice {called} was found in Xero, and is not what the deal says. It was left as it is: {why}"


def whose_lines(deal: str) -> str:
    """Say why a draft stays of which nobody knows who wrote its lines."""
    return (
        "the database does not know who wrote its lines. Change them in Xero, or run"
        f" `ledgerloop retry --deal {deal}` to have it follow the deal."
    )


def done_away(stands: Receivable | None) -> str:
    """Name what Xero allows to do away with an invoice: it deletes drafts and voids what is approved and unpaid."""
    if stands is None:
        return "delete or void"
    if stands.status in ("DRAFT", "SUBMITTED"):
        return "delete"
    return "void" if stands.status == "AUTHORISED" and not (stands.paid or stands.credited) else "credit"


def gone_first(stands: Receivable | None) -> str:
    """Say how an invoice comes to be gone in Xero, so that another may be made: what has money on it cannot be so."""
    verb = done_away(stands)
    return "take its payments and credits off in Xero and void it there" if verb == "credit" else f"{verb} it in Xero"


def put_right(stands: Receivable | None) -> str:
    """Say how an invoice is made to say something else: Xero changes none on which there is money."""
    return "Credit it in Xero." if done_away(stands) == "credit" else "Change it in Xero."


def not_changed(deal: str, why: str, stands: Receivable | None) -> str:
    """Say why an invoice stays, how it is put right, and how a person says that it is right already.

    One that is credited in full bills nothing any more, so nothing of it is to be put right: another may bill the deal.
    """
    if stands is not None and bills_nothing(stands):
        return (
            "it is credited in full. If another was typed in its place, run `ledgerloop adopt --deal"
            f" {deal} --invoice` with the number of that one. {or_right(deal)}"
        )
    return f"{why} {put_right(stands)} {or_right(deal)}"


def not_won(stands: Receivable | None) -> str:
    """Say why an invoice stays whose deal is open again."""
    if stands is not None and stands.status in ("DRAFT", "SUBMITTED"):
        return "the deal is not won. Win it again, and the draft follows it."
    return f"the deal is not won. Win it again, or {done_away(stands)} it in Xero if it shall not stand."


def elsewhere(
    deal: str, organisation: str, stands: Receivable | None, *, credited: bool = False, found: bool = False
) -> str:
    """Say why an invoice stays whose deal is another organisation's by its route; it may be ``credited`` in full.

    One that was ``found`` may have been there from the start.
    """
    verb = done_away(stands)
    cure = (
        f"{verb.capitalize()} this one in Xero and run `ledgerloop retry --deal {deal} --new` to have one made there."
    )
    if verb == "credit":  # such a one stays the deal's until a person names another
        cure = (
            f"Credit this one in Xero, make one there by hand, and run `ledgerloop adopt --deal {deal} --invoice` with"
            " the number of that one."
        )
    if verb == "credit" and credited:
        cure = (
            "This one is credited in full, so make one there by hand, and run `ledgerloop adopt --deal"
            f" {deal} --invoice` with the number of that one."
        )
    where = organisation if found else f"{organisation} now"
    return f"the deal's route leads to {where}. {cure} {or_right(deal)}"


def lost_told(deal: str, number: str, stands: Receivable | None) -> str:
    """Say on the deal that it was lost and its invoice stands.

    One that is paid may be credited and the money sent back, which leaves it paid: so a person says that it is right.
    """
    cure = done_away(stands).capitalize()
    return (
        f"The deal was lost after invoice {number} was made. {cure} it in Xero if it shall not stand. {or_right(deal)}"
    )


def another_pays(deal: str, customer: str, payer: str, *, moved: bool) -> str:
    """Say why a draft stays whose customer is not the deal's: somebody ``moved`` it in Xero, or the deal changed."""
    now = "" if moved else " now"
    return (
        f"it is made out to “{customer}”, and the deal is “{payer}”'s{now}. Change the draft's contact in Xero, or the"
        f" deal's company in HubSpot, or its contact where it has no company. {or_right(deal)}"
    )


def made_out_to_another(deal: str, customer: str, payer: str, stands: Receivable | None) -> str:
    """Say why an approved invoice that was found with the deal's mark is a question: its customer is not the deal's."""
    verb = done_away(stands)
    anew = f"run `ledgerloop retry --deal {deal} --new` to have one made out to “{payer}”."
    cure = f"{verb.capitalize()} it in Xero and {anew}"
    if verb == "credit":  # such a one stays the deal's
        cure = "Credit it in Xero if it shall not stand."
    return f"it is made out to “{customer}”, and the deal is “{payer}”'s. {cure} {or_right(deal)}"


def merged_told(deal: str, ours: tuple[str, Receivable | None], theirs: tuple[str, Receivable | None]) -> str:
    """Say on a deal that was merged with another that each has an invoice: its number, and as it stands."""
    (number, mine), (other, its) = ours, theirs
    first, second = done_away(mine).capitalize(), done_away(its)
    return (
        f"The deal was merged with another, and each has an invoice: {number} and {other}. Neither follows the deal any"
        f" more. {first} {number} or {second} {other} in Xero, whichever shall not stand, or put both right there and"
        f" run `ledgerloop retry --deal {deal}`."
    )


def _same(sent: Mapping[str, Any], line: LineItem) -> bool:
    """Compare a line with what was sent. Xero leaves out the account of a line that comes to nothing."""
    amount = cents(
        sent["Quantity"] * sent["UnitAmount"] * (100 - sent.get("DiscountRate", ZERO)) / 100
        - sent.get("DiscountAmount", ZERO)
    )
    numbers = (sent["Quantity"].quantize(STEP, ROUND_HALF_UP), sent["UnitAmount"].quantize(STEP, ROUND_HALF_UP), amount)
    return (
        tidied(sent["Description"]) == tidied(line.Description)
        and numbers == (line.Quantity, line.UnitAmount, line.LineAmount)
        and (line.AccountCode == sent["AccountCode"] or not (line.AccountCode or line.LineAmount))
    )


def tidied(text: str) -> str:
    """Return a text as Xero keeps it: its letters up to U+FFFF, 4,000 of them; how they are spaced is no matter."""
    return " ".join("".join(letter for letter in text if ord(letter) <= 0xFFFF)[:LONGEST].split())


def _line_in_xero(line: LineItem) -> tuple[object, ...]:
    return (" ".join(line.Description.split()), line.Quantity, line.UnitAmount, line.LineAmount, line.AccountCode)
