"""Deals are won while everything goes wrong: as many invoices as deals, each right to the cent, everything shown.

A part of all calls fails in every way that the sandbox knows, webhooks are lost, doubled and reordered, deals are lost
and won again, and processes are killed and started again; on PostgreSQL there are two. The deals go to two
organisations by their pipeline, and say what Xero tidies: more decimals than it keeps, lines of nothing, letters that
it does not know, texts that it cuts. Some are invoiced as drafts, which follow an edit and are approved by a person.
`make faults` does it with 2,000 deals. SEED=… replays, DEALS=… says how many.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import trouble
from scene import OBJECTS
from served import Host, Served, served

from ledgerloop.cli.stage import Sections

SEED = int(os.environ.get("SEED", "7"))
DEALS = int(os.environ.get("DEALS", "40"))
RATE = float(os.environ.get("RATE", "0.25"))
EMAIL = DEALS <= 100
"""Each email is a call, of which Xero takes 60 a minute: for 2,000 they would take most of an hour."""
_AT_ONCE = 6
"""Deals won before something else happens."""
_CATCH_UP = 16 * 60.0
"""Seconds after which everything has been looked for that nobody told of."""
_PATIENCE = 180.0 + DEALS / 4
"""Seconds until all is quiet; a quota may be spent on a busy machine, and HubSpot tells thirty times of each deal."""
_DRAFTED = 0.1
"""The share of deals whose invoice is a draft first."""
_LOOKED_AT = "newbusiness"
"""The type of these deals."""
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Home:
    """An organisation, the pipeline whose deals it invoices, and how its invoices stand in its books."""

    name: str
    form: str
    """The legal form of its buyers."""
    pipeline: str
    open: str
    won: str
    lost: str
    """The ids of its stages."""
    currency: str
    account: str
    tax_type: str
    tax: Decimal

    def routes(self) -> list[dict[str, object]]:
        """Return the routes that an operator would write for it: new business is looked at before it leaves."""
        route = {"pipeline": self.pipeline, "organisation": self.name}
        coded = {"account_code": self.account, "tax_type": self.tax_type}
        drafts = {"properties": {"dealtype": _LOOKED_AT}, "status": "DRAFT"}
        return [{**route, **coded, **drafts}, {**route, **coded}]


_KIWI = Home(
    name="Kiwi Demo Ltd",
    form="Ltd",
    pipeline="default",
    open="contractsent",
    won="closedwon",
    lost="closedlost",
    currency="NZD",
    account="200",
    tax_type="OUTPUT2",
    tax=Decimal("0.15"),
)
_AUSSIE = Home(
    name="Aussie Demo Pty",
    form="Pty",
    pipeline="94137001",
    open="94137003",
    won="94137005",
    lost="94137006",
    currency="AUD",
    account="260",
    tax_type="OUTPUT",
    tax=Decimal("0.10"),
)
_HOMES = (_KIWI, _AUSSIE)


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who buys from one of the organisations."""

    name: str
    company: str
    contact: str


@dataclass(frozen=True, slots=True)
class Sale:
    """A deal, where it is invoiced and to whom, what that comes to, and whether it is cents off what the deal says."""

    deal: str
    home: Home
    buyer: Buyer
    total: Decimal
    odd: bool
    added: dict[str, str] | None
    """A line that is added while the invoice is a draft; None where it is approved from the start."""


def test_as_many_invoices_as_deals(host: Host, tmp_path: Path, database: str) -> None:
    """Whatever fails, and whoever is killed: one right invoice and one email, no customer doubled, everything shown."""
    dice = random.Random(SEED)
    workers = ("one",) if database.startswith("sqlite") else ("one", "two")
    more: Sections = {
        "route": {"status": "AUTHORISED", "email": EMAIL},
        "routes": [route for home in _HOMES for route in home.routes()],
        "standing": {"poll_seconds": 5},
    }
    with served(host, tmp_path, database, more=more, workers=workers) as scene:
        organisations = {_KIWI: scene.on.organisation, _AUSSIE: scene.connect_also(_AUSSIE.name)}
        for worker in workers[1:]:
            scene.start(worker)
        sales = list(_sold(scene, dice))
        scene.settle(_PATIENCE)
        scene.forget_calls()
        trouble.arm(scene, RATE)
        kills = _won_amid_trouble(scene, sales, dice)
        _until_shown(scene, sales)
        _edit_drafts(scene, sales)
        went_wrong = trouble.taken(scene)
        for vendor in ("xero", "hubspot"):
            scene.mend(vendor)
        scene.settle(_PATIENCE)
        scene.look_round(_CATCH_UP, _PATIENCE)
        for organisation in organisations.values():
            scene.on.organisation = organisation
            _approve_drafts(scene)
        scene.settle(_PATIENCE)
        calls = {vendor: len(found) for vendor, found in scene.on.calls().items()}
        print(f"SEED={SEED} DEALS={DEALS}: {_kinds(sales)}; {kills} kills; calls {calls}; went wrong: {went_wrong}")

        _check_deals(scene, sales)
        for home, organisation in organisations.items():
            scene.on.organisation = organisation
            _check_organisation(scene, home, [sale for sale in sales if sale.home is home])


def _sold(scene: Served, dice: random.Random) -> Iterator[Sale]:
    """Prepare deals in both pipelines, some of which share a buyer; none is won yet."""
    buyers: dict[Home, list[Buyer]] = {home: [] for home in _HOMES}
    for number in range(1, DEALS + 1):
        home = dice.choice(_HOMES)
        known = buyers[home]
        if not known or dice.random() < 0.5:
            known.append(_new_buyer(scene, number, home.form))
        buyer = dice.choice(known)
        drafted = dice.random() < _DRAFTED
        lines, amounts = _lines(dice, dice.randint(2 if drafted else 1, 4))
        deal = scene.sell(
            lines[:-1] if drafted else lines,
            company=buyer.company,
            contact=buyer.contact,
            won=False,
            pipeline=home.pipeline,
            dealstage=home.open,
            deal_currency_code=home.currency,
            dealtype=_LOOKED_AT if drafted else "existingbusiness",
        )
        added = lines[-1] if drafted else None
        yield Sale(deal, home, buyer, _total(amounts, home.tax), _is_odd(amounts), added)


def _kinds(sales: Sequence[Sale]) -> dict[str, int]:
    """Count the deals by what is peculiar to them."""
    kinds = Counter(sale.home.name for sale in sales)
    kinds["cents off"] = sum(sale.odd for sale in sales)
    kinds["drafts"] = sum(sale.added is not None for sale in sales)
    kinds["of nothing"] = sum(not sale.total for sale in sales)
    return dict(kinds)


def _new_buyer(scene: Served, number: int, form: str) -> Buyer:
    """Make a company and its person, who buy from one organisation: a record shows no second one."""
    name = f"Buyer {SEED}-{number} {form}"
    company = scene.make("companies", name=name)
    contact = scene.make("contacts", email=f"buyer{number}@buyer{number}.example.com", lastname=f"B {number}")
    return Buyer(name, company, contact)


def _lines(dice: random.Random, many: int) -> tuple[list[dict[str, str]], list[Decimal]]:
    """Return so many lines, and what the deal says that each comes to before anybody rounds."""
    lines: list[dict[str, str]] = []
    amounts: list[Decimal] = []
    for number in range(many):
        quantity, price, percent = _quantity(dice), _price(dice), _percent(dice)
        values = {"quantity": f"{quantity}", "price": f"{price}"}
        if percent:
            values["hs_discount_percentage"] = f"{percent}"
        lines.append({**_words(dice, number), **values})
        amounts.append(quantity * price * (100 - percent) / 100)
    return lines, amounts


def _quantity(dice: random.Random) -> Decimal:
    """Return a quantity; Xero keeps four of its decimals."""
    whole, four, five = dice.randint(1, 30), dice.randint(1_000, 300_000), dice.randint(10_000, 3_000_000)
    return dice.choice((Decimal(whole), Decimal(whole), Decimal(four) / 10**4, Decimal(five) / 10**5))


def _price(dice: random.Random) -> Decimal:
    """Return a price, now and then of nothing; Xero keeps four of its decimals.

    None is so low that a line comes to less than half a cent, which Xero does not approve and the service holds.
    """
    two, five = dice.randint(10, 99_999), dice.randint(10_000, 9_999_999)
    return dice.choice((Decimal(two) / 100, Decimal(two) / 100, Decimal(five) / 10**5, Decimal(0)))


def _percent(dice: random.Random) -> Decimal:
    """Return a discount, mostly none and now and then all of the price; Xero keeps two of its decimals."""
    some = Decimal(dice.randint(1, 500_000)) / 10**4
    return dice.choice(
        (Decimal(0), Decimal(0), Decimal(0), Decimal(5), Decimal("12.5"), Decimal(33), some, Decimal(100))
    )


def _words(dice: random.Random, number: int) -> dict[str, str]:
    """Return what a line is called: Xero keeps no letter beyond U+FFFF, and no more than 4,000 letters."""
    name = dice.choice((f"Line {number}", f"Line {number} \N{ROCKET} and more"))
    about = dice.choice(("", "", "As agreed \N{PAPERCLIP} on the telephone", "All that was agreed. " * 250))
    return {"name": name, "description": about}


def _total(amounts: Sequence[Decimal], tax: Decimal) -> Decimal:
    """Return what an invoice must come to: each line rounded to the cent, its tax too, then added."""
    nets = [_cents(amount) for amount in amounts]
    return sum((net + _cents(net * tax) for net in nets), Decimal(0))


def _is_odd(amounts: Sequence[Decimal]) -> bool:
    """Tell whether the deal says something else before tax: it adds first, and rounds then."""
    return _cents(sum(amounts, Decimal(0))) != sum(map(_cents, amounts), Decimal(0))


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def _won_amid_trouble(scene: Served, sales: Sequence[Sale], dice: random.Random) -> int:
    """Win the deals in groups, some of them twice; in between kill somebody now and then, and start him again."""
    kills = 0
    for start in range(0, len(sales), _AT_ONCE):
        for sale in sales[start : start + _AT_ONCE]:
            _win(scene, sale)
            if dice.random() < 0.15:
                scene.edit("deals", sale.deal, dealstage=sale.home.lost)
                _win(scene, sale)
        time.sleep(dice.random())
        if dice.random() < 0.1:
            trouble.expire_tokens(scene)
        if dice.random() < 0.7:
            worker = dice.choice(list(scene.ports))
            scene.kill(worker)
            time.sleep(dice.random() / 2)
            scene.start(worker)
            kills += 1
    return kills


def _win(scene: Served, sale: Sale) -> None:
    scene.edit("deals", sale.deal, dealstage=sale.home.won)


def _until_shown(scene: Served, sales: Sequence[Sale]) -> None:
    """Wait until every deal shows its invoice; where nobody works, let time go by for what rests or is looked for."""
    end = time.monotonic() + 60 + len(sales) / 4
    ids = [sale.deal for sale in sales]
    while missing := [deal for deal, shown in _shown(scene, "deals", ids).items() if not shown["xero_invoice_id"]]:
        assert time.monotonic() < end, f"{len(missing)} deals show nothing: {missing[:9]}\n{scene.log()[-4000:]}"
        if not scene.running():
            scene.pass_time(3)
        time.sleep(0.2)


def _edit_drafts(scene: Served, sales: Sequence[Sale]) -> None:
    """Add a line to each deal whose invoice is a draft; kill everybody when half of that is done, and start again."""
    drafted = [sale for sale in sales if sale.added]
    for number, sale in enumerate(drafted):
        if number == len(drafted) // 2:
            for worker in scene.ports:
                scene.kill(worker)
                scene.start(worker)
        scene.add_line(sale.deal, sale.added or {})


def _approve_drafts(scene: Served) -> None:
    """Approve the drafts of the organisation that deals were made of, as finance does once it has looked at them."""
    for invoice in scene.invoices():
        if invoice["Status"] == "DRAFT" and invoice.get("Reference", "").startswith("HS-"):
            scene.approve(invoice["InvoiceID"])


def _check_deals(scene: Served, sales: Sequence[Sale]) -> None:
    """Every deal shows what is due on its invoice, says something where that is cents off, and none is held."""
    deals = _shown(scene, "deals", [sale.deal for sale in sales])

    assert {} == scene.holds()
    assert {sale.deal: sale.total for sale in sales} == {
        deal: Decimal(str(shown["xero_amount_due"])) for deal, shown in deals.items()
    }
    assert {sale.deal for sale in sales if sale.odd} == {
        deal for deal, shown in deals.items() if shown["xero_sync_message"]
    }


def _check_organisation(scene: Served, home: Home, sales: Sequence[Sale]) -> None:
    """In an organisation there is what was sold there, once, and nothing else that we made; everybody owes that."""
    made = [one for one in scene.invoices() if one.get("Reference", "").startswith("HS-")]
    of_deal = {one["Reference"].removeprefix("HS-"): one for one in made}
    deals = _shown(scene, "deals", [sale.deal for sale in sales])

    assert {f"HS-{sale.deal}": 1 for sale in sales} == dict(Counter(one["Reference"] for one in made))
    assert {sale.deal: (sale.buyer.name, f"{sale.total:.2f}", home.currency) for sale in sales} == {
        deal: (one["Contact"]["Name"], f"{one['Total']:.2f}", one["CurrencyCode"]) for deal, one in of_deal.items()
    }
    assert {deal: (one["InvoiceID"], one["InvoiceNumber"]) for deal, one in of_deal.items()} == {
        deal: (shown["xero_invoice_id"], shown["xero_invoice_number"]) for deal, shown in deals.items()
    }
    # Xero keeps neither account nor tax type of a line that comes to nothing.
    coded = {(line["AccountCode"], line["TaxType"]) for one in made for line in one["LineItems"] if line["LineAmount"]}
    assert {(home.account, home.tax_type)} == coded
    assert {sale.buyer.name: 1 for sale in sales} == dict(_buyers(scene))
    owed = _owed(sales)
    assert owed == {
        company: Decimal(str(shown["xero_outstanding_balance"]))
        for company, shown in _shown(scene, "companies", list(owed)).items()
    }
    assert dict.fromkeys(of_deal, int(EMAIL)) == {deal: scene.emails(one["InvoiceID"]) for deal, one in of_deal.items()}


def _buyers(scene: Served) -> Counter[str]:
    """Count the customers that were made in the organisation, by name, archived ones too."""
    contacts = scene.on.in_xero("GET", "/Contacts", query={"includeArchived": "true"})["Contacts"]
    return Counter(one["Name"] for one in contacts if one["Name"].startswith("Buyer "))


def _owed(sales: Sequence[Sale]) -> dict[str, Decimal]:
    """Add up what each company must owe."""
    owed: dict[str, Decimal] = {}
    for sale in sales:
        owed[sale.buyer.company] = owed.get(sale.buyer.company, Decimal(0)) + sale.total
    return owed


def _shown(scene: Served, kind: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what HubSpot shows on these records."""
    names = [
        "xero_invoice_id",
        "xero_invoice_number",
        "xero_amount_due",
        "xero_sync_message",
        "xero_outstanding_balance",
    ]
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(ids), 100):
        body = {"inputs": [{"id": one} for one in ids[start : start + 100]], "properties": names}
        for record in scene.on.at_hubspot("POST", f"{OBJECTS}/{kind}/batch/read", body)["results"]:
            found[record["id"]] = {name: record["properties"].get(name) for name in names}
    return found
