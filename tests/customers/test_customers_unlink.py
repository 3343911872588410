"""What a record showed of a customer whose link a person has ended goes, whatever stands in its Xero contact id."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from crm import Customers, begun, home_of
from scene import Scene

from ledgerloop.customers import answers
from ledgerloop.parts import instead
from ledgerloop.store import lanes, pending_customers


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to all tests of this file: each has customers of its own."""
    with begun(tmp_path_factory.mktemp("unlink")) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


def owing(scene: Scene, crm: Customers, name: str) -> tuple[str, str]:
    """Make a customer that owes something and is found by evidence; return it and its company."""
    domain = f"{name.split()[0].lower()}.co.nz"
    company = scene.make("companies", name=name, domain=domain)
    customer = crm.add(name, EmailAddress=f"ap@{domain}")
    assert company == crm.until_linked(customer)
    scene.invoice_for(customer, "10.00")
    scene.until_shown("companies", company, "xero_outstanding_balance", "10.00")
    scene.settle()
    return customer, company


def shown(scene: Scene, company: str) -> tuple[str, str]:
    """Return the id and the balance that a company shows."""
    there = scene.show("companies", company)
    return there["xero_contact_id"] or "", there["xero_outstanding_balance"] or ""


@pytest.mark.parametrize("way", ["unlink", "replace"])
def test_a_record_whose_id_was_cleared_first_is_emptied_too(scene: Scene, crm: Customers, way: str) -> None:
    """Who clears the id in HubSpot and then ends the link leaves no debts on the record."""
    customer, company = owing(scene, crm, f"Karaka-{way} Ltd")
    other = scene.make("companies", name="Karaka Holdings of Gore")
    scene.edit("companies", company, xero_contact_id="")
    scene.settle()

    with instead(scene.built.parts()):
        if way == "unlink":
            answers.part(home_of(scene), customer, ("company",), "Kim")
        else:
            answers.it_is(home_of(scene), customer, "company", other, "Kim", replace=True)

    crm.until_other(customer, company)
    assert ("", "") == shown(scene, company)


def test_a_record_with_another_customers_id_by_now_is_left(scene: Scene, crm: Customers) -> None:
    """What another id stands on is another's, and nothing of it is emptied."""
    customer, company = owing(scene, crm, "Rewarewa Ltd")
    scene.edit("companies", company, xero_contact_id="somebody-elses")
    scene.settle()

    with instead(scene.built.parts()):
        answers.part(home_of(scene), customer, ("company",), "Kim")

    crm.until_other(customer, company)
    assert ("somebody-elses", "10.00") == shown(scene, company)


def test_a_record_that_cannot_be_emptied_is_asked_about_until_it_is(scene: Scene, crm: Customers) -> None:
    """HubSpot refuses to empty a record: the sentence names it, and once HubSpot takes it the debts go."""
    customer, company = owing(scene, crm, "Kahikatea Ltd")
    fault = scene.fault("hubspot", kind="status", status=400, path="companies/batch/update", method="POST")

    with instead(scene.built.parts()):
        answers.part(home_of(scene), customer, ("company",), "Kim")

    assert f"HubSpot would not update the company {company}" in crm.until_held(customer)
    scene.settle()
    scene.mend("hubspot", fault)
    with scene.built.database.transaction() as tx:
        pending_customers.mark(tx, scene.on.organisation, [customer])
        lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())

    scene.on.until("the record is empty", lambda: shown(scene, company) == ("", "") or None)
    scene.settle()
    assert f"customer {customer}" not in scene.holds()
