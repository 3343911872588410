"""An id that a person moves to another HubSpot record moves the link; one that is only cleared does not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from crm import Customers, begun, home_of
from scene import Scene

from ledgerloop.customers import drift
from ledgerloop.parts import instead
from ledgerloop.records import LinkKind

PLURAL: dict[LinkKind, str] = {"company": "companies", "contact": "contacts"}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to all tests of this file: each has customers of its own."""
    with begun(tmp_path_factory.mktemp("moved")) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


def owing(scene: Scene, crm: Customers, name: str, kind: LinkKind = "company") -> tuple[str, str]:
    """Make a customer that owes 10.00, and return it and its record."""
    customer = crm.add(name, EmailAddress=f"ap@{name.split()[0].lower()}.example.com")
    record = crm.until_linked(customer, kind)
    scene.invoice_for(customer, "10.00")
    scene.until_shown(PLURAL[kind], record, "xero_outstanding_balance", "10.00")
    scene.settle()
    return customer, record


def another(scene: Scene, kind: LinkKind, stem: str) -> str:
    """Make a record that nobody would take for the customer."""
    if kind == "company":
        return scene.make("companies", name=f"{stem} Traders of Gore")
    return scene.make("contacts", email=f"{stem}@elsewhere-{stem}.example.com", lastname=stem)


def shown(scene: Scene, kind: LinkKind, record: str) -> tuple[str, str]:
    """Return the id and the balance that a record shows."""
    there = scene.show(PLURAL[kind], record)
    return there["xero_contact_id"] or "", there["xero_outstanding_balance"] or ""


def look_round(scene: Scene) -> None:
    """Look at the records as a backfill does: for whatever somebody changed on them."""
    with instead(scene.built.parts()):
        with scene.built.database.reading() as tx:
            everyone = list(tx.exec_driver_sql("select distinct xero_id from link").scalars())
        drift.look_at(home_of(scene), everyone)
    scene.settle()


@pytest.mark.parametrize("kind", ["company", "contact"])
def test_an_id_that_is_moved_moves_the_link(scene: Scene, crm: Customers, kind: LinkKind) -> None:
    """Cleared on the one and written on the other: the other shows the customer, and the one is empty."""
    customer, old = owing(scene, crm, f"Moving-{kind} Ltd", kind)
    new = another(scene, kind, f"moving{kind}")
    scene.edit(PLURAL[kind], old, xero_contact_id="")
    scene.edit(PLURAL[kind], new, xero_contact_id=customer)

    assert new == crm.until_other(customer, old, kind)
    scene.invoice_for(customer, "5.00")
    scene.until_shown(PLURAL[kind], new, "xero_outstanding_balance", "15.00")
    scene.settle()
    assert [(customer, "15.00"), ("", "")] == [shown(scene, kind, new), shown(scene, kind, old)]
    assert any(f"moved the customer's id from the {kind} {old} to {new}" in said for said in crm.said(customer))
    assert not [one for one in scene.holds() if one.endswith((customer, old, new))]


def test_deals_follow_a_moved_id(scene: Scene, crm: Customers) -> None:
    """The deal of the company with the id is invoiced to the customer; that of the one before is another's."""
    customer, old = owing(scene, crm, "Dealing Ltd")
    new = another(scene, "company", "dealing")
    scene.edit("companies", old, xero_contact_id="")
    scene.edit("companies", new, xero_contact_id=customer)
    crm.until_other(customer, old)

    deal, before = scene.sell(company=new), scene.sell(company=old)

    scene.until_shown("deals", deal, "xero_invoice_id")
    assert [customer] == [one["Contact"]["ContactID"] for one in scene.invoices_of(deal)]
    scene.settle()
    assert customer not in [one["Contact"]["ContactID"] for one in scene.invoices_of(before)]


def test_a_move_that_no_webhook_told_is_found(scene: Scene, crm: Customers) -> None:
    """A look at the records finds the id on the other one, and writes it back to none."""
    customer, old = owing(scene, crm, "Untold Ltd")
    new = another(scene, "company", "untold")
    scene.silence("hubspot")
    scene.edit("companies", old, xero_contact_id="")
    scene.edit("companies", new, xero_contact_id=customer)
    scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})

    look_round(scene)

    assert new == crm.until_other(customer, old)
    assert [(customer, "10.00"), ("", "")] == [shown(scene, "company", new), shown(scene, "company", old)]
    assert f"hubspot company {old}" not in scene.holds()


def test_a_deal_finds_a_move_that_no_webhook_told(scene: Scene, crm: Customers) -> None:
    """A deal of the company with the id waits for no more than a look at the two records."""
    customer, old = owing(scene, crm, "Selling Ltd")
    new = another(scene, "company", "selling")
    scene.silence("hubspot")
    scene.edit("companies", old, xero_contact_id="")
    scene.edit("companies", new, xero_contact_id=customer)
    scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})

    deal = scene.sell(company=new)

    scene.until_shown("deals", deal, "xero_invoice_id")
    assert [customer] == [one["Contact"]["ContactID"] for one in scene.invoices_of(deal)]
    assert new == crm.record(customer, "company")


def test_an_id_that_is_only_cleared_goes_back(scene: Scene, crm: Customers) -> None:
    """The link stands, the journal says so and how it is ended, and the next write brings the id back."""
    customer, company = owing(scene, crm, "Cleared Ltd")
    scene.edit("companies", company, xero_contact_id="")
    scene.on.until(
        "the journal says so",
        lambda: (
            [one for one in crm.said(customer) if f"`ledgerloop unlink --customer {customer} --company`" in one] or None
        ),
    )

    scene.invoice_for(customer, "5.00")

    scene.until_shown("companies", company, "xero_outstanding_balance", "15.00")
    assert (customer, "15.00") == shown(scene, "company", company)
    assert f"customer {customer}" not in scene.holds()
    scene.edit("companies", company, xero_contact_id="")
    scene.settle()
    look_round(scene)
    crm.touch(customer)
    assert customer == scene.show("companies", company)["xero_contact_id"]


def test_two_customers_that_change_places(scene: Scene, crm: Customers) -> None:
    """Both ids are written on the other's company: each customer goes there, and nothing is shown on two."""
    (one, first), (two, second) = owing(scene, crm, "Swapone Ltd"), owing(scene, crm, "Swaptwo Ltd")
    scene.invoice_for(two, "7.00")
    scene.until_shown("companies", second, "xero_outstanding_balance", "17.00")
    scene.settle()
    scene.silence("hubspot")
    scene.edit("companies", first, xero_contact_id="")
    scene.edit("companies", second, xero_contact_id=one)
    scene.edit("companies", first, xero_contact_id=two)
    scene.on.control.post(f"{scene.url('hubspot')}/_sandbox/webhooks", json={"enabled": True})

    look_round(scene)
    crm.touch(one)
    crm.touch(two)

    assert [(two, "18.00"), (one, "11.00")] == [shown(scene, "company", first), shown(scene, "company", second)]


def test_an_id_on_another_customers_record_is_asked_about(scene: Scene, crm: Customers) -> None:
    """A record is one customer: the sentence names the other and the way out, and nothing moves until then."""
    (one, first), (two, second) = owing(scene, crm, "Onto Ltd"), owing(scene, crm, "Holder Ltd")
    scene.edit("companies", first, xero_contact_id="")
    scene.edit("companies", second, xero_contact_id=one)

    said = crm.until_held(one)

    assert f"The HubSpot company {second} fits “Onto Ltd”, but is “Holder Ltd” in Xero" in said
    assert f"`ledgerloop unlink --customer {two} --company`" in said
    scene.settle()
    assert [first, second] == [crm.record(one, "company"), crm.record(two, "company")]


def test_an_id_on_two_records_is_asked_about(scene: Scene, crm: Customers) -> None:
    """Nothing moves until it is cleared on one, and the sentence names both. Only a portal that merged shows this."""
    customer, old = owing(scene, crm, "Copied Ltd")
    new = another(scene, "company", "copied")
    scene.edit("companies", new, xero_contact_id="twofold")  # HubSpot would refuse the id itself while the other has it
    scene.fault("hubspot", kind="rewrite", path="companies/batch/read", find="twofold", put=customer)
    scene.sell(company=new)

    said = crm.until_held(customer)

    assert f"The HubSpot company {new} carries the Xero contact id of “Copied Ltd”, and so does {old}" in said
    scene.settle()
    assert old == crm.record(customer, "company")
    crm.touch(customer)
    assert f"customer {customer}" in scene.holds()
    scene.edit("companies", old, xero_contact_id="")
    assert new == crm.until_other(customer, old)
    scene.mend("hubspot")
    scene.until_shown("companies", new, "xero_outstanding_balance", "11.00")
    scene.settle()
    assert ("", "") == shown(scene, "company", old)
    assert f"customer {customer}" not in scene.holds()
