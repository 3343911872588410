"""The page on invoicing is true: it names every setting and every sentence, and its example comes out as it says."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

from rules_samples import HOME, PORTAL, record
from sentences import sentences_in

from ledgerloop.rules.invoices import Draft, invoice_from_deal
from ledgerloop.rules.reference_data import Books
from ledgerloop.rules.totals import totals_of
from ledgerloop.settings.routes import CONDITIONS, Route, routes_from
from ledgerloop.xero.models import Account, TaxRate
from ledgerloop.xero.reference import Item

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "invoicing.md").read_text(encoding="utf-8")

TOLD: dict[str, tuple[str, ...]] = {
    "rules/routing": ("route_for",),
    "rules/invoices": (),
    "rules/invoice_lines": (),
    "rules/line_coding": (),
    "rules/recurring": (),
    "rules/hubspot_billing": (),
    "rules/customers": (),
    "rules/recipients": (),
    "rules/identity/payer_questions": (),
    "rules/identity/addresses": (),
    "rules/totals": (),
    "rules/edits": (),
    "rules/remarks": ("or_right",),
    "rules/naming": (),
    "rules/waiting": ("put_back", "unanswered"),
    "rules/vendor_messages": (),
    "invoices/outbox": (),
    "invoices/payment_terms": (),
    "invoices/deferrals": ("_waits",),
    "invoices/stranded": (),
    "invoices/submit": ("hold",),
    "rules/doubles": ("double_told",),
    "invoices/new_customer": ("_refused",),
    "invoices/approvals": ("look", "_held", "_too_many", "_too_much"),
    "invoices/edits": ("edit",),
    "invoices/edit_adopted": ("compare_adopted",),
    "invoices/edit_drafts": ("_change", "_refused"),
    "invoices/email": ("_email",),
}
"""Where sentences for deals are written, and by which functions; none are all."""
JOURNALED = {
    "The deal is called “…” now, and still held.",
    "The deal was changed, and its invoice says so.",
    "The route has Xero email approved invoices.",
    "Xero has sent the invoice to its contact.",
}


def section(heading: str) -> str:
    """Return what stands under a heading."""
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def tables(text: str) -> list[list[dict[str, str]]]:
    """Return the tables of a text, their rows by the names of the columns."""
    found = []
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        head, _, *rows = ([cell.strip() for cell in line.strip()[1:-1].split("|")] for line in block.splitlines())
        found.append([dict(zip(head, row, strict=True)) for row in rows])
    return found


def test_every_sentence_is_on_the_page() -> None:
    """Every hold that the code can say stands on the page, in its own words, and no other does."""
    said = {
        sentence
        for module, functions in TOLD.items()
        for sentence in sentences_in(ROOT / "src" / "ledgerloop" / f"{module}.py", functions)
    }

    written = re.findall(r"^- (.+)$", section("Holds"), re.MULTILINE)

    assert sorted(said - JOURNALED) == sorted(written)


def test_every_setting_is_on_the_page() -> None:
    """Every setting of a route and of the brake is explained by what it is for."""
    named = set(re.findall(r"`([a-z_]+)(?: = [^`]+)?`", PAGE))

    assert {*Route.model_fields, *CONDITIONS, "invoices", "amount"} <= named


def test_the_example() -> None:
    """The example's settings and line items make the example's invoice, line by line and to the cent."""
    example = section("Example")
    settings = tomllib.loads(re.findall(r"```toml\n(.*?)```", example, re.DOTALL)[0])
    terms = routes_from(Route(**settings["route"]), (), settings["tax"])[0].terms
    given, wanted = tables(example)
    items = [
        record(str(place), **{name: value or None for name, value in row.items()}) for place, row in enumerate(given)
    ]
    deal = record("512", amount=re.findall(r"the amount ([\d,.]+\d)", example)[0].replace(",", ""), po_number="PO-77")

    draft = invoice_from_deal(deal, items, terms, HOME, PORTAL, date(2026, 11, 22), _books())

    assert isinstance(draft, Draft)
    shown = [{name: str(line.get(name, "")) for name in wanted[0]} for line in draft.body["LineItems"]]
    assert wanted == shown
    totals = totals_of(draft.body, _books())
    assert (
        f"Its reference is `{draft.body['Reference']}`, it is due on {draft.body['DueDate']}, and it comes to"
        f" {totals.net} before tax, {totals.tax} tax and {totals.total} in all." in example
    )


def _books() -> Books:
    """Return the books as the example tells of them."""
    rates = {"OUTPUT2": "15", "ZERORATED": "0", "NONE": "0"}
    return Books(
        name=HOME.name,
        accounts=(
            Account(Code="200", Status="ACTIVE", TaxType="OUTPUT2"),
            Account(Code="260", Status="ACTIVE", TaxType="OUTPUT2"),
            Account(Code="860", Status="ACTIVE", SystemAccount="ROUNDING"),
        ),
        tax_rates=tuple(
            TaxRate(TaxType=name, EffectiveRate=Decimal(rate), Status="ACTIVE", CanApplyToRevenue=True)
            for name, rate in rates.items()
        ),
        items=(Item(Code="LICENCE"),),
    )
