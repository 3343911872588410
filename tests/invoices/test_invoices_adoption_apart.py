"""Invoices of two organisations, with the same customers in both: each deal gets the one of its own, or a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from scene import Scene
from test_invoices_adoption import SETTINGS, _after, _before, _house, _link

from ledgerloop.cli.stage import Sections, connect_xero
from ledgerloop.invoices import adoption_survey
from ledgerloop.invoices.adoption_survey import Survey
from ledgerloop.parts import instead
from ledgerloop.rules.pairing.pairs import Pair

KIWI, AUSSIE = "Kiwi Demo Ltd", "Aussie Demo Pty"


class Two:
    """Two organisations with the customers of one portal: a deal's property says which of them sold."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.ids = scene, {KIWI: scene.on.organisation}
        connect_xero(scene.on, AUSSIE)
        self.ids[AUSSIE] = scene.on.organisation
        path = f"{scene.url('xero')}/_sandbox/organisations/{self.ids[AUSSIE]}"
        assert 200 == scene.on.control.post(path, json={"Currencies": ["AUD", "NZD"]}).status_code
        scene.settle()
        _before(scene)

    def invoiced(self, organisation: str, name: str, net: str = "1000", **values: str) -> str:
        """Have an organisation invoice a customer of that name by hand, in NZD and dated today."""
        self.scene.on.organisation = self.ids[organisation]
        customer = self.scene.on.in_xero("GET", "/Contacts", query={"where": f'Name=="{name}"'})["Contacts"]
        customer_id = customer[0]["ContactID"] if customer else self.scene.customer(name)
        today = self.scene.built.now().date().isoformat()
        made = self.scene.invoice_for(customer_id, net, **{"Date": today, "CurrencyCode": "NZD", **values})
        return str(made["InvoiceID"])

    def sold(self, organisation: str, company: str, amount: str = "1000", **values: str) -> str:
        """Win a deal of an organisation, before the portal was connected."""
        return self.scene.sell([], company=company, contact=None, amount=amount, seller=organisation, **values)

    def plan(self, organisation: str = "") -> Survey:
        """Survey one organisation, or all."""
        self.scene.settle()
        with instead(self.scene.built.parts()):
            return adoption_survey.survey(_house(self.scene), adoption_survey.homes_of(organisation))


@pytest.fixture
def two(staged: Callable[..., Scene]) -> Two:
    """Connect two organisations to which deals go by what a property of theirs says."""
    routes = [{"properties": {"seller": name}, "organisation": name} for name in (KIWI, AUSSIE)]
    return _two(staged, {"routes": routes})


def _two(staged: Callable[..., Scene], settings: Sections) -> Two:
    scene = staged({**SETTINGS, **settings})
    scene.add_properties("tool_id", "tool_no", "seller")
    return Two(scene)


def _pairs(some: Sequence[Pair]) -> set[tuple[str, str]]:
    return {(one.deal.id, one.invoice.document.id) for one in some}


def test_each_deal_gets_the_invoice_of_its_organisation(two: Two) -> None:
    """One customer, amount and day in both: the route tells whose is whose, and each is followed where it stands."""
    company = two.scene.make("companies", name="Both Ltd")
    invoices = {name: two.invoiced(name, "Both Ltd") for name in (KIWI, AUSSIE)}
    deals = {name: two.sold(name, company) for name in (KIWI, AUSSIE)}

    survey = two.plan()

    assert {(deals[name], invoices[name]) for name in (KIWI, AUSSIE)} == _pairs(survey.plan.certain)
    assert () == survey.plan.uncertain
    assert [] == _link(two.scene, survey, *deals.values()).refused
    for name, deal in deals.items():
        two.scene.until_shown("deals", deal, "xero_invoice_id", invoices[name])
    two.scene.on.organisation = two.ids[AUSSIE]
    two.scene.pay(invoices[AUSSIE], "1000")
    two.scene.until_shown("deals", deals[AUSSIE], "xero_invoice_status", "PAID")
    two.scene.settle()
    assert "AUTHORISED" == two.scene.show("deals", deals[KIWI])["xero_invoice_status"]


@pytest.mark.parametrize("asked", ["", KIWI])
def test_what_fits_in_the_other_organisation_is_a_question(two: Two, asked: str) -> None:
    """A deal's own organisation has no such invoice, or one of another sum: the other's is not taken for it."""
    company = two.scene.make("companies", name="Only There Ltd")
    there = two.invoiced(KIWI, "Only There Ltd")
    two.invoiced(AUSSIE, "Only There Ltd", "300")
    deal = two.sold(AUSSIE, company)

    survey = two.plan(asked)

    assert set() == _pairs(survey.plan.certain)
    (pair,) = survey.plan.uncertain
    assert (deal, there) == (pair.deal.id, pair.invoice.document.id)
    assert (f"It is in {KIWI}, and the deal's route leads to {AUSSIE}.",) == pair.doubts


def test_one_number_in_both(two: Two) -> None:
    """Numbers count anew in each organisation: a deal that names one means that of its own."""
    company = two.scene.make("companies", name="Numbers Ltd")
    invoices = {name: two.invoiced(name, "Numbers Ltd", InvoiceNumber="OLD-7") for name in (KIWI, AUSSIE)}
    deals = {name: two.sold(name, company, tool_no="OLD-7") for name in (KIWI, AUSSIE)}

    assert {(deals[name], invoices[name]) for name in (KIWI, AUSSIE)} == _pairs(two.plan().plan.certain)
    assert {(deals[AUSSIE], invoices[AUSSIE])} == _pairs(two.plan(AUSSIE).plan.certain)


def test_an_id_tells_whatever_the_route_says(two: Two) -> None:
    """An id is Xero's own and in one organisation only: the deal was sold by another than its route says now."""
    company = two.scene.make("companies", name="Moved Ltd")
    made = two.invoiced(AUSSIE, "Moved Ltd")
    two.invoiced(KIWI, "Moved Ltd")
    deal = two.sold(KIWI, company, tool_id=made)

    survey = two.plan()

    assert {(deal, made)} == _pairs(survey.plan.certain)
    assert [deal] == [one.deal.id for one in _link(two.scene, survey, deal).done]
    two.scene.until_shown("deals", deal, "xero_invoice_id", made)
    _after(two.scene)
    two.scene.edit("deals", deal, dealname="Moved and edited")
    two.scene.settle()
    assert made == two.scene.show("deals", deal)["xero_invoice_id"]


def test_one_of_two_is_looked_at_beside_the_other(staged: Callable[..., Scene]) -> None:
    """No route leads anywhere: who asks for one organisation is told what stands in the other all the same."""
    two = _two(staged, {})
    company = two.scene.make("companies", name="Undecided Ltd")
    for name in (KIWI, AUSSIE):
        two.invoiced(name, "Undecided Ltd", InvoiceNumber="SAME-1")
    deal = two.sold("", company)
    elsewhere = two.sold("", two.scene.make("companies", name="Aussie Alone Ltd"), "70")
    two.invoiced(AUSSIE, "Aussie Alone Ltd", "70")

    survey = two.plan(KIWI)

    assert set() == _pairs(survey.plan.certain)
    (pair,) = survey.plan.uncertain
    assert (deal, KIWI) == (pair.deal.id, pair.invoice.organisation.name)
    assert (f"The deal may have SAME-1 in {AUSSIE} as well.",) == pair.doubts
    assert elsewhere not in {one.id for one in survey.plan.without}
    with instead(two.scene.built.parts()):
        named = adoption_survey.survey(_house(two.scene), adoption_survey.homes_of(KIWI), [deal], "SAME-1").named
    assert named is not None
    assert KIWI == named.invoice.organisation.name
