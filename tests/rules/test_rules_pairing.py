"""Which invoice in Xero belongs to which won deal: the table of what is certain, and of what a person is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_samples import CALM, HOME, day

from ledgerloop.records import Organisation, Receivable
from ledgerloop.rules.pairing.candidates import Index
from ledgerloop.rules.pairing.evidence import chosen, weigh
from ledgerloop.rules.pairing.pairs import Pair, Plan, Sold, Stands
from ledgerloop.rules.pairing.references import ids_in
from ledgerloop.rules.pairing.settling import beside, plan, within

DAYS = 31
WON = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)  # the morning of the 22nd in Auckland
ID = "7d3c1f0e-8a55-4c21-9d6f-0123456789ab"
OTHER_ID = "11111111-2222-4333-8444-555555555555"
THERE = replace(HOME, id="there", name="Aussie Demo Pty")
DEAL = "30000000512"
TWIN = "30000000777"


def sold(key: str = DEAL, **values: Any) -> Sold:
    """Return a won deal of 1,000.00 whose customer is known in both organisations."""
    usual: dict[str, Any] = {
        "name": "Website",
        "amount": Decimal("1000.00"),
        "currency": "NZD",
        "won_at": WON,
        "customers": {HOME.id: "c1", THERE.id: "c1"},
    }
    return Sold(key, **{**usual, **values})


def stands(
    key: str = ID,
    *,
    organisation: Organisation = HOME,
    net: str | None = "1000.00",
    followed_for: str = "",
    marked_for: str = "",
    **values: Any,
) -> Stands:
    """Return an invoice that fits that deal: 1,150.00 with tax, dated on the day on which it was won."""
    usual: dict[str, Any] = {
        "organisation": organisation.id,
        "id": key,
        "kind": "invoice",
        "customer": "c1",
        "status": "AUTHORISED",
        "currency": "NZD",
        "total": Decimal("1150.00"),
        "number": "INV-0031",
        "issued_on": day(0),
    }
    document = Receivable(**{**usual, **values})
    return Stands(organisation, document, "Harbour Cycles Ltd", Decimal(net) if net else None, marked_for, followed_for)


def _named_after(pair: Pair) -> str:
    return pair.invoice.organisation.name


def planned(deals: Sequence[Sold], invoices: Sequence[Stands]) -> Plan:
    """Plan as the flow does: find the candidates, weigh them, settle."""
    index = Index(deals, DAYS)
    pairs = [
        pair for invoice in invoices for deal in index.of(invoice) if (pair := weigh(deal, invoice, DAYS)) is not None
    ]
    return plan(index, pairs)


NAMES = {"ids": {"tool_id": ID}}
ADDRESS = {"ids": {"tool_id": f"https://go.xero.com/AccountsReceivable/View.aspx?InvoiceID={ID.upper()}"}}
NUMBERED = {"numbers": {"tool_no": " inv-0031 "}}
STRANGE = {"customers": {}}
UNPRICED = {"amount": None}

CERTAIN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the id alone": (NAMES | STRANGE | UNPRICED, {"issued_on": day(-400)}),
    "the id in an address": (ADDRESS | STRANGE | UNPRICED, {}),
    "the deal's mark": (STRANGE | UNPRICED, {"marked_for": DEAL}),
    "a merged deal's mark": ({"merged": (TWIN,)} | STRANGE | UNPRICED, {"marked_for": TWIN}),
    "the number and the amount": (NUMBERED | STRANGE, {}),
    "the number and the customer": (NUMBERED | UNPRICED, {}),
    "the deal's id in the reference, and the amount": (STRANGE, {"reference": f"Deal {DEAL}."}),
    "an id of a merged deal": ({"merged": (TWIN,)} | UNPRICED, {"reference": TWIN}),
    "name, customer and amount": ({}, {"reference": "Your order: website", "issued_on": day(-200)}),
    "customer, amount before tax and day": ({}, {}),
    "customer, amount with tax and day": ({"amount": Decimal("1150.00")}, {"net": None}),
    "customer, amount and a month": ({}, {"issued_on": day(-31)}),
    "a draft": ({}, {"status": "DRAFT", "number": ""}),
    "a paid one": ({}, {"status": "PAID"}),
    "where its route leads": ({"organisation": HOME}, {}),
    "the id, where its route does not lead": (NAMES | {"organisation": THERE}, {}),
    "the mark, where its route does not lead": ({"organisation": THERE}, {"marked_for": DEAL}),
}
AWAY = {"organisation": THERE}
""".. and the route leads to another organisation than the invoice's."""
LEADS_AWAY = f"It is in {HOME.name}, and the deal's route leads to {THERE.name}."

CREDITED = {"status": "PAID", "credited": Decimal("1150.00"), "credit_notes": Decimal("1150.00")}
ASKED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "named, and void": (NAMES, {"status": "VOIDED"}, "It is VOIDED in Xero."),
    "named, and credited in full": (NAMES, CREDITED, "It is credited in full in Xero."),
    "named, and deleted": (NAMES, {"status": "DELETED"}, "It is DELETED in Xero."),
    "named, in another currency": (NAMES, {"currency": "AUD"}, "It is in AUD, and the deal is in NZD."),
    "named, of another amount": (
        NAMES,
        {"total": Decimal("1092.50"), "net": "950.00"},
        "It comes to 1092.50 NZD (950.00 before tax), and the deal says 1000.00.",
    ),
    "named, of another customer": (
        NAMES,
        {"customer": "c2"},
        "It is made out to “Harbour Cycles Ltd”, which is not the deal's customer.",
    ),
    "named, with another mark": (NAMES, {"marked_for": "99"}, "It carries the mark of deal 99."),
    "named, and followed": (NAMES, {"followed_for": "99"}, "It is followed for deal 99 already."),
    "a number alone": (
        NUMBERED | STRANGE | UNPRICED,
        {},
        "A number alone is too little: neither the customer nor the amount is known to agree.",
    ),
    "the deal's id in the reference alone": (STRANGE | UNPRICED, {"reference": DEAL}, "A number alone is too little"),
    "name and customer": (UNPRICED, {"reference": "website"}, "the customer and the amount would have to agree."),
    "name and amount": (STRANGE, {"reference": "website"}, "the customer and the amount would have to agree."),
    "name and customer, another amount": (
        {},
        {"reference": "website", "total": Decimal("500.00"), "net": "500.00"},
        "It comes to 500.00 NZD, and the deal says 1000.00.",
    ),
    "customer, amount and day, elsewhere": (AWAY, {}, LEADS_AWAY),
    "name, customer and amount, elsewhere": (AWAY, {"reference": "website", "issued_on": day(-200)}, LEADS_AWAY),
    "the number and the amount, elsewhere": (AWAY | NUMBERED, {}, LEADS_AWAY),
    "the deal's id in the reference, elsewhere": (AWAY, {"reference": DEAL}, LEADS_AWAY),
}

NOTHING: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "the customer alone": (UNPRICED, {}),
    "the amount alone": (STRANGE, {}),
    "a name alone": (STRANGE | UNPRICED, {"reference": "website"}),
    "another amount": ({}, {"total": Decimal("1000.01"), "net": "1000.01"}),
    "another currency": ({}, {"currency": "AUD"}),
    "another customer": ({}, {"customer": "c2"}),
    "too late": ({}, {"issued_on": day(32)}),
    "no date": ({}, {"issued_on": None}),
    "void": ({}, {"status": "VOIDED"}),
    "credited in full": ({}, CREDITED),
    "followed": ({}, {"followed_for": "99", "reference": "website"}),
    "another deal's mark": ({}, {"marked_for": "99"}),
    "a deal of nothing": ({"amount": Decimal("0.00")}, {"total": Decimal("0.00"), "net": "0.00"}),
    "a short number in the reference": ({"id": "512"} | STRANGE | UNPRICED, {"reference": "PO 512"}),
    "a name that is too short": ({"name": "Ab"} | UNPRICED, {"reference": "for ab"}),
    "a part of a longer word": (STRANGE | UNPRICED, {"reference": f"X{DEAL}"}),
}


@pytest.mark.parametrize("case", CERTAIN)
def test_certain(case: str) -> None:
    """What names, or agrees in everything that tells, belongs together; the evidence says why."""
    of_deal, of_invoice = CERTAIN[case]

    found = planned([sold(**of_deal)], [stands(**of_invoice)])

    assert [(DEAL, ID)] == [(one.deal.id, one.invoice.document.id) for one in found.certain]
    assert found.certain[0].agrees
    assert ((), (), ()) == (found.uncertain, found.lost, found.without)


@pytest.mark.parametrize("case", ASKED)
def test_asked(case: str) -> None:
    """Whatever speaks against a pair makes it a question, with that in words."""
    of_deal, of_invoice, why = ASKED[case]

    found = planned([sold(**of_deal)], [stands(**of_invoice)])

    assert () == found.certain
    assert [(DEAL, ID)] == [(one.deal.id, one.invoice.document.id) for one in found.uncertain]
    assert why in " ".join(found.uncertain[0].doubts)


@pytest.mark.parametrize("case", NOTHING)
def test_nothing(case: str) -> None:
    """What may be chance is not even asked about: the deal has no invoice here."""
    of_deal, of_invoice = NOTHING[case]
    deal = sold(of_deal.get("id", DEAL), **{name: value for name, value in of_deal.items() if name != "id"})

    found = planned([deal], [stands(**of_invoice)])

    assert Plan(without=(deal,)) == found


def _both(found: Plan) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    return tuple(  # type: ignore[return-value]
        [(one.deal.id, one.invoice.document.id) for one in some] for some in (found.certain, found.uncertain)
    )


class TestRivals:
    def test_two_deals_for_one_invoice(self) -> None:
        """Both are shown, each with the other."""
        found = planned([sold(), sold(TWIN)], [stands()])

        assert ([], [(DEAL, ID), (TWIN, ID)]) == _both(found)
        assert (f"It may be that of deal {TWIN} as well.",) == found.uncertain[0].doubts

    def test_two_invoices_for_one_deal(self) -> None:
        """Both are shown, each with the other."""
        found = planned([sold()], [stands(), stands(OTHER_ID, number="INV-0032")])

        assert ([], [(DEAL, OTHER_ID), (DEAL, ID)]) == _both(found)
        assert ("The deal may have INV-0031 as well.",) == found.uncertain[0].doubts

    @pytest.mark.parametrize("ended", [{"status": "VOIDED"}, {"status": "DELETED"}, CREDITED], ids=str)
    def test_one_that_bills_nothing_is_no_rival(self, ended: dict[str, Any]) -> None:
        """The number is both's, as where somebody types a voided invoice anew; nor does it rival another pair."""
        found = planned([sold(**NUMBERED)], [stands(**ended), stands(OTHER_ID)])

        assert ([(DEAL, OTHER_ID)], []) == _both(found)
        gone = Pair(sold(), stands(**ended), "named", (), ("It is gone.",))
        assert () == beside(Pair(sold(), stands(OTHER_ID), "fits", ()), Plan((), (gone,))).doubts

    @pytest.mark.parametrize("named", [NUMBERED, {}])
    def test_the_same_in_two_organisations(self, named: dict[str, Any]) -> None:
        """The route tells which it is; where none leads anywhere, the other one is named with its organisation."""
        invoices = [stands(), stands(OTHER_ID, organisation=THERE)]

        assert ([(DEAL, OTHER_ID)], []) == _both(planned([sold(organisation=THERE, **named)], invoices))
        asked = planned([sold(**named)], invoices)
        assert () == asked.certain
        assert [
            (f"The deal may have INV-0031 in {THERE.name} as well.",),
            (f"The deal may have INV-0031 in {HOME.name} as well.",),
        ] == [
            one.doubts for one in sorted(asked.uncertain, key=lambda one: one.invoice.organisation.name, reverse=True)
        ]

    def test_one_of_several_organisations(self) -> None:
        """Of a plan the part in one organisation is told, with the deals that have no invoice in any."""
        here, there, none = sold(**NAMES), sold(TWIN, ids={"tool_id": OTHER_ID}), sold("30000000001", customers={})
        found = planned([here, there, none], [stands(), stands(OTHER_ID, organisation=THERE)])

        told = within(found, {HOME.id})

        assert [DEAL] == [one.deal.id for one in told.certain]
        assert ((), (none,)) == (told.uncertain, told.without)

    def test_a_copied_deal_names_the_same_invoice(self) -> None:
        """A deal that was copied carries the tool's id too; neither gets it by itself."""
        found = planned([sold(**NAMES), sold(TWIN, **NAMES)], [stands()])

        assert ([], [(DEAL, ID), (TWIN, ID)]) == _both(found)

    def test_a_deal_that_names_an_invoice_of_another_amount_is_a_rival_too(self) -> None:
        """Two deals name it, and one of them cannot be: which of the two is wrong, nobody here knows."""
        found = planned([sold(**NAMES), sold(TWIN, **NAMES, amount=Decimal("7.00"))], [stands()])

        assert ([], [(DEAL, ID), (TWIN, ID)]) == _both(found)

    def test_what_is_called_alike_is_not_asked_once_its_deal_or_invoice_is_settled(self) -> None:
        """Two invoices with a deal's name, of which one fits, and two deals of a name, of which one fits."""
        part = stands(OTHER_ID, number="INV-0032", reference="Website", total=Decimal("9.00"), net="9.00")
        assert ([(DEAL, ID)], []) == _both(planned([sold()], [stands(reference="Website"), part]))

        dearer = sold(TWIN, amount=Decimal("7777.00"))
        assert ([(DEAL, ID)], []) == _both(planned([sold(), dearer], [stands(reference="Website")]))

    def test_id_and_number_name_two_invoices(self) -> None:
        """Two tools, or a tool and a person, named two: a person says which."""
        deal = sold(**NAMES, numbers={"no": "INV-0032"})

        found = planned([deal], [stands(), stands(OTHER_ID, number="INV-0032")])

        assert ([], [(DEAL, OTHER_ID), (DEAL, ID)]) == _both(found)

    def test_what_is_named_is_out_of_the_question_for_others(self) -> None:
        """The twin deal of the same customer, amount and day has the other invoice then."""
        found = planned([sold(**NAMES), sold(TWIN)], [stands(), stands(OTHER_ID, number="INV-0032")])

        assert ([(DEAL, ID), (TWIN, OTHER_ID)], []) == _both(found)

    def test_a_name_settles_what_merely_fits(self) -> None:
        """Two deals of one customer, amount and day, of which a reference names one."""
        deals = [sold(), sold(TWIN, name="Hosting")]

        found = planned(deals, [stands(reference="Hosting"), stands(OTHER_ID, number="INV-0032")])

        assert ([(TWIN, ID), (DEAL, OTHER_ID)], []) == _both(found)

    def test_the_same_name_every_year(self) -> None:
        """Last year's invoice has the name and another amount: it makes nobody a rival."""
        last = sold(amount=Decimal("900.00"), won_at=WON - timedelta(days=365))
        older = stands(total=Decimal("900.00"), net="900.00", reference="Website", issued_on=day(-365))
        newer = stands(OTHER_ID, number="INV-0032", reference="Website")

        found = planned([last, sold(TWIN)], [older, newer])

        assert ([(DEAL, ID), (TWIN, OTHER_ID)], []) == _both(found)

    def test_what_is_named_and_in_question_keeps_what_fits_in_question(self) -> None:
        """The deal names an invoice of another amount: that another fits it is no answer."""
        wrong = stands(total=Decimal("5.00"), net="5.00")

        found = planned([sold(**NAMES)], [wrong, stands(OTHER_ID, number="INV-0032")])

        assert ([], [(DEAL, OTHER_ID), (DEAL, ID)]) == _both(found)
        assert ("The deal names another invoice, which is in question.",) == found.uncertain[0].doubts

    def test_an_invoice_in_question_is_nobody_elses(self) -> None:
        """Another deal names it, though its amount is another: who merely fits it is asked too."""
        found = planned([sold(TWIN), sold(**NAMES, amount=Decimal("7.00"))], [stands()])

        assert ([], [(DEAL, ID), (TWIN, ID)]) == _both(found)
        assert ("Another deal names it, which is in question.",) == found.uncertain[1].doubts

    def test_a_deal_that_names_what_nobody_has(self) -> None:
        """It is said, and what fits the deal is a question."""
        found = planned([sold(ids={"tool_id": OTHER_ID}, numbers={"no": "X-9"})], [stands()])

        assert ([], [(DEAL, ID)]) == _both(found)
        assert [
            f"The deal's `tool_id` names invoice {OTHER_ID}, and no connected organisation has such a sales"
            " invoice. The deal's `no` names invoice X-9, and no connected organisation has such a sales invoice."
        ] == [said for _, said in found.lost]

    def test_many_rivals_are_counted(self) -> None:
        """A flood of rivals does not become a flood of words."""
        deals = [sold(str(30000000512 + place)) for place in range(6)]

        found = planned(deals, [stands()])

        assert 6 == len(found.uncertain)
        assert found.uncertain[0].doubts[0].endswith(" and 2 more as well.")


class TestWeighed:
    """What the index leaves out is nothing by itself, too."""

    def test_what_lies_too_far_apart(self) -> None:
        """The customer and the amount agree, and the day does not."""
        assert weigh(sold(), stands(issued_on=day(32)), DAYS) is None

    def test_what_nobody_knows_to_be_its_customers(self) -> None:
        """The amount and the day agree, and the customer is not known."""
        assert weigh(sold(**STRANGE), stands(), DAYS) is None

    def test_an_amount_in_another_currency_agrees_with_nothing(self) -> None:
        """1,000 of one currency are not 1,000 of another."""
        pair = weigh(sold(**NAMES), stands(currency="AUD"), DAYS)

        assert pair is not None
        assert "comes to" not in " ".join((*pair.agrees, *pair.doubts))


class TestChosen:
    def test_a_person_may_name_what_nothing_speaks_for(self) -> None:
        """The pair is shown with what is known of it, and is not certain."""
        pair = chosen(sold(), stands(customer="c2", total=Decimal("5.00"), net="5.00", issued_on=None), DAYS)

        assert not pair.certain
        assert "Nothing that is known says that the two belong together." in pair.doubts
        assert 3 == len(pair.doubts)

    def test_what_fits_needs_no_question(self) -> None:
        """A pair that is certain is certain though a person named it."""
        assert chosen(sold(), stands(), DAYS).certain

    def test_what_is_certain_for_another_is_told(self) -> None:
        """A weak pair is shown with the deal that the invoice is certain to be of, and with what its deal has."""
        weak = chosen(sold("8", customers={}), stands(), DAYS)
        other = stands("i9", number="INV-9")
        found = Plan((Pair(sold(), stands(), "fits", ()), Pair(weak.deal, other, "fits", ())))

        doubts = beside(weak, found).doubts

        assert "It is certain to be that of deal 30000000512." in doubts
        assert "The deal is certain to have INV-9." in doubts

    def test_what_is_asked_of_another_is_told(self) -> None:
        """A question about the invoice and another deal is told beside a weak pair, too."""
        weak = chosen(sold("8", customers={}), stands(), DAYS)
        found = Plan((), (Pair(sold(), stands(), "fits", (), ("It is in question.",)),))

        assert "It may be that of deal 30000000512 as well." in beside(weak, found).doubts

    def test_a_named_pair_of_the_plan_is_shown_as_planned(self) -> None:
        """What the plan says of the very pair is all that is said of it."""
        planned = Pair(sold(), stands(), "fits", (), ("It may be that of deal 8 as well.",))

        assert planned == beside(chosen(sold(), stands(), DAYS), Plan((), (planned,)))


@given(st.data())
@CALM
def test_no_deal_and_no_invoice_is_certain_twice(data: st.DataObject) -> None:
    """Whatever deals and invoices there are: each is in one certain pair at most, and in none beside a question."""
    keys = [f"{place:08x}-0000-4000-8000-000000000000" for place in range(4)]
    numbers = st.sampled_from(["", "A1", "A2"])
    some = st.sampled_from(["1000.00", "1150.00", "2.00"])
    deals = [
        sold(
            str(30000000000 + place),
            name=data.draw(st.sampled_from(["Website", "Hosting"])),
            amount=Decimal(data.draw(some)),
            ids={"id": data.draw(st.sampled_from(["", *keys]))},
            numbers={"no": data.draw(numbers)},
            customers=data.draw(
                st.sampled_from([{}, {HOME.id: "c1"}, {HOME.id: "c2"}, {HOME.id: "c1", THERE.id: "c1"}])
            ),
            organisation=data.draw(st.sampled_from([None, HOME, THERE])),
        )
        for place in range(data.draw(st.integers(1, 4)))
    ]
    invoices = [
        stands(
            key,
            organisation=data.draw(st.sampled_from([HOME, THERE])),
            number=data.draw(numbers),
            customer=data.draw(st.sampled_from(["c1", "c2"])),
            total=Decimal(data.draw(some)),
            net=data.draw(some),
            reference=data.draw(st.sampled_from(["", "Website", "Hosting", "30000000001"])),
            status=data.draw(st.sampled_from(["PAID", "VOIDED"])),
        )
        for key in keys[: data.draw(st.integers(1, 4))]
    ]

    found = planned(deals, invoices)

    certain = [(one.deal.id, one.invoice.key) for one in found.certain]
    asked = [(one.deal.id, one.invoice.key) for one in found.uncertain]
    for side in (0, 1):
        sides = [one[side] for one in certain]
        assert len(set(sides)) == len(sides)
        assert set(sides).isdisjoint(one[side] for one in asked)
    assert all(one.invoice.document.status != "VOIDED" for one in found.certain)
    assert all(
        one.deal.organisation in (None, one.invoice.organisation) or one.invoice.document.id in one.deal.ids.values()
        for one in found.certain
    )
    everyone = {*(one[0] for one in [*certain, *asked]), *(deal.id for deal, _ in found.lost)}
    assert {deal.id for deal in deals} == everyone | {deal.id for deal in found.without}
    assert _both(found) == _both(planned(deals[::-1], invoices[::-1]))


def test_ids_in_a_text() -> None:
    """An id of Xero's is found in whatever stands around it."""
    assert [ID, OTHER_ID] == ids_in(f"see {ID.upper()} (was {OTHER_ID})")
    assert [] == ids_in("INV-0031")


def test_a_name_within_a_reference_is_whole_words() -> None:
    """The name is found between other words, whatever stands between its own, and never within a longer word."""
    deal = sold(name="Web-Site 2")

    assert weigh(deal, stands(reference="PO 7: web site 2, thanks"), DAYS) is not None
    pair = weigh(deal, stands(reference="web site 21"), DAYS)
    assert pair is not None
    assert "fits" == pair.kind
