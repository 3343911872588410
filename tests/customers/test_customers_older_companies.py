"""A company that HubSpot's search did not show yet when we made ours: it is found later, and a merge cures it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from crm import Customers, begun
from scene import Scene
from sqlalchemy import update

from ledgerloop.customers import answers, older_companies
from ledgerloop.parts import instead
from ledgerloop.store import connections, lanes, links, newly_made, pending_customers, tables

LAG = 30
"""Seconds that HubSpot's search lags behind in these tests, the most that the sandbox allows."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to all tests of this file: each has customers of its own."""
    with begun(tmp_path_factory.mktemp("older")) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


def made_while_unseen(scene: Scene, crm: Customers, name: str, domain: str, **values: str) -> tuple[str, str, str]:
    """Make a company that the search does not show, and then its customer; return both companies and the customer."""
    scene.configure("hubspot", search_lag_create=LAG)
    older = scene.make("companies", domain=domain, **{"name": name, **values})
    scene.configure("hubspot", search_lag_create=0)
    customer = crm.add(name, EmailAddress=f"ap@{domain}")
    ours = crm.until_linked(customer)
    assert ours != older
    return older, ours, customer


def time_goes_by(scene: Scene, *, catch_up: bool = True) -> None:
    """Let HubSpot's search catch up, and let our own wait be over; with it the time of a catch-up."""
    clock = f"{scene.url('hubspot')}/_sandbox/clock"
    scene.on.control.post(clock, json={"shift": LAG + 1})
    given = scene.built.parts()
    with instead(replace(given, catch_up_every=timedelta(0)) if catch_up else given):
        with scene.built.database.transaction() as tx:
            home = connections.organisation(tx, scene.on.organisation)
            tx.execute(update(tables.newly_made).values(look_at=scene.built.now()))
        assert home is not None
        older_companies.look(home, lambda: False)
    scene.on.control.post(clock, json={"shift": -LAG - 1})  # else its webhooks would come from the future
    scene.settle()


def waiting(scene: Scene) -> list[str]:
    """Return the customers whose company is to be looked at once more."""
    with scene.built.database.reading() as tx:
        some = newly_made.due(tx, scene.on.organisation, scene.built.now() + timedelta(days=1), 100)
    return [one.customer for one in some]


def test_an_older_company_is_asked_about_and_a_merge_cures_it(scene: Scene, crm: Customers) -> None:
    """The sentence says which into which; when that is done the customer is the older one, with its history."""
    older, ours, customer = made_while_unseen(scene, crm, "Late Seen Ltd", "late-seen.co.nz", phone="555 0100")
    assert f"customer {customer}" not in scene.holds()

    time_goes_by(scene)

    said = crm.until_held(customer)
    assert f"merge {ours} into {older} in HubSpot, so that {older} stays" in said
    crm.merge("companies", ours, older)
    assert older == crm.until_other(customer, ours)
    scene.on.until("the hold goes", lambda: f"customer {customer}" not in scene.holds() or None)
    crm.touch(customer)
    shown = scene.until_shown("companies", older, "xero_outstanding_balance", "1.00")
    assert (customer, "555 0100") == (shown["xero_contact_id"], shown["phone"])


def test_two_firms_are_told_apart_by_what_a_person_says(scene: Scene, crm: Customers) -> None:
    """The other way out: the command of the sentence ends the question for good, and both companies stay."""
    older, ours, customer = made_while_unseen(scene, crm, "Late Twin", "late-twin.co.nz")
    time_goes_by(scene)
    said = crm.until_held(customer)
    assert f"run `ledgerloop link --customer {customer} --company {ours}`" in said

    with scene.built.database.reading() as tx:
        home = connections.organisation(tx, scene.on.organisation)
    assert home is not None
    with instead(scene.built.parts()):
        answers.it_is(home, customer, "company", ours, "Kim")
    scene.on.until("the hold goes", lambda: f"customer {customer}" not in scene.holds() or None)

    crm.touch(customer)
    assert f"customer {customer}" not in scene.holds()
    assert ours == crm.record(customer, "company")
    assert not scene.show("companies", older)["xero_contact_id"]


def test_what_does_not_fit_or_is_younger_is_no_question(scene: Scene, crm: Customers) -> None:
    """A firm called otherwise and a company that was made after ours are left alone; nothing waits any more."""
    older, ours, customer = made_while_unseen(scene, crm, "Early Ltd", "early-firm.co.nz")
    scene.edit("companies", older, name="Quite Another GmbH", domain="quite-another.de")
    scene.make("companies", name="Early Ltd", domain="early-firm.co.nz")
    assert customer in waiting(scene)

    time_goes_by(scene)

    assert customer not in waiting(scene)
    assert f"customer {customer}" not in scene.holds()
    assert ours == crm.record(customer, "company")


def test_a_company_that_was_passed_over_on_purpose_is_no_question(scene: Scene, crm: Customers) -> None:
    """An address of two customers says nothing, so each gets a company; that it is one's alone later asks nobody."""
    firm = scene.make("companies", name="Tally Accountants Ltd", domain="tallyacc.co.nz")
    scene.make("contacts", email="sue@tallyacc.co.nz", firstname="Sue", lastname="Tally")
    first = crm.add("Hinau Motors Ltd", EmailAddress="sue@tallyacc.co.nz")
    second = crm.add("Matai Dental Ltd", EmailAddress="sue@tallyacc.co.nz")
    for customer in (first, second):
        assert firm != crm.until_linked(customer)
    crm.change(first, EmailAddress="ap@hinau-motors.co.nz")
    scene.settle()

    time_goes_by(scene)

    assert second not in waiting(scene)
    assert f"merge {crm.record(second, 'company')}" not in " ".join(scene.holds().get(f"customer {second}", ()))


def test_a_question_ends_when_the_older_one_is_gone(scene: Scene, crm: Customers) -> None:
    """Who deletes the older company has answered too."""
    older, ours, customer = made_while_unseen(scene, crm, "Soon Gone Ltd", "soon-gone.co.nz")
    time_goes_by(scene)
    crm.until_held(customer)

    crm.delete("companies", older)

    scene.on.until("the hold goes", lambda: f"customer {customer}" not in scene.holds() or None)
    assert ours == crm.record(customer, "company")


def test_nothing_is_searched_for_before_the_index_is(scene: Scene, crm: Customers) -> None:
    """Not before the next catch-up is a search made for it alone; a stranger that is matched meanwhile brings it."""
    older, _, customer = made_while_unseen(scene, crm, "Patient Ltd", "patient.co.nz")
    scene.forget_calls()

    time_goes_by(scene, catch_up=False)

    assert [] == scene.calls("hubspot", "companies/search")
    assert customer in waiting(scene)
    time_goes_by(scene)
    assert 1 == len(scene.calls("hubspot", "companies/search"))
    assert older in crm.until_held(customer)


def test_a_company_whose_making_was_forgotten_is_looked_at_too(scene: Scene, crm: Customers) -> None:
    """A crash between making and remembering: it is found by its id, and an older one beside it all the same."""
    older, ours, customer = made_while_unseen(scene, crm, "Crash Ltd", "crash-firm.co.nz")
    with scene.built.database.transaction() as tx:
        link = links.find(tx, scene.on.organisation, "company", [customer])[customer]
        links.remove(tx, link)
        some = newly_made.due(tx, scene.on.organisation, scene.built.now() + timedelta(days=1), 100)
        newly_made.forget(tx, scene.on.organisation, some)
        pending_customers.mark(tx, scene.on.organisation, [customer])
        lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())
    assert ours == crm.until_linked(customer)
    assert "id" == crm.how(customer, "company")

    time_goes_by(scene)

    assert f"merge {ours} into {older} in HubSpot" in crm.until_held(customer)
