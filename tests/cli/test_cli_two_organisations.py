"""The commands that questions quote, with two organisations connected: each finds whose customer or deal it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_process import run
from crm import Customers, begun
from scene import Scene

from ledgerloop.cli.stage import connect_xero
from ledgerloop.store import connections, journal

KIWI, AUSSIE = "Kiwi Demo Ltd", "Aussie Demo Pty"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the place of the service's settings."""
    return tmp_path_factory.mktemp("two")


@pytest.fixture(scope="module")
def scene(directory: Path) -> Iterator[Scene]:
    """Give a stage with two organisations; deals lead to the first of them."""
    with begun(directory, {"route": {"organisation": KIWI}}) as scene:
        first = scene.on.organisation
        connect_xero(scene.on, AUSSIE)
        scene.on.organisation = first
        scene.settle()
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


def done(directory: Path, *words: str) -> str:
    """Run a command that must succeed, and return what it said."""
    ended = run(directory, *words)
    assert 0 == ended.returncode, ended.stderr
    return ended.stdout


def test_a_customer_is_found_by_its_id(scene: Scene, crm: Customers, directory: Path) -> None:
    """A customer's id belongs to one organisation, so nobody is asked which: for link, plan, links and unlink."""
    scene.make("companies", name="Rata Roofing")
    customer = crm.add("Rata Roofing")
    asked = crm.until_held(customer)
    assert f"`ledgerloop link --customer {customer} --new`" in asked

    done(directory, "link", "--customer", customer, "--new")

    company = crm.until_linked(customer)
    assert KIWI in done(directory, "plan", "--customer", customer)
    assert company in done(directory, "links", "--customer", customer)
    assert company in done(directory, "links", "--customer", "Rata Roofing")
    done(directory, "unlink", "--customer", customer, "--company")
    scene.settle()


def test_a_deal_is_found_by_its_route(scene: Scene, crm: Customers, directory: Path) -> None:
    """Every command that a deal's question quotes runs as it stands there."""
    company = scene.make("companies", name="Kaka Kitchens")
    customer = crm.add("Kaka Kitchens")
    crm.until_held(customer)
    deal = scene.sell(company=company)
    reasons = " ".join(scene.on.until("hold", lambda: scene.holds().get(f"deal {deal}")))
    assert f"`ledgerloop link --deal {deal} --new`" in reasons

    done(directory, "plan", "--deal", deal)
    done(directory, "retry", "--deal", deal)
    done(directory, "approve", "--deal", deal, "--yes")
    done(directory, "adopt", "--deal", deal)
    done(directory, "link", "--deal", deal, "--customer", customer)

    made = scene.on.until("invoice", lambda: scene.invoices_of(deal) or None)
    assert [customer] == [one["Contact"]["ContactID"] for one in made]
    scene.settle()
    other = scene.sell(company=scene.make("companies", name="Kea Kitchens"), won=False)
    done(directory, "link", "--deal", other, "--new")


def test_what_several_have_is_asked_about(scene: Scene, crm: Customers, directory: Path) -> None:
    """A name that both have wants an organisation, and the words to type are there; an id that neither has is said."""
    mine = scene.on.organisation
    with scene.built.database.reading() as tx:
        theirs = next(one.id for one in connections.organisations(tx) if one.name == AUSSIE)
    crm.add("Twin Travel Ltd")
    scene.on.organisation = theirs
    crm.add("Twin Travel Ltd")
    scene.on.organisation = mine
    scene.settle()

    for words in (("plan",), ("link", "--new"), ("unlink",)):
        ended = run(directory, *words, "--customer", "Twin Travel Ltd")
        assert (1, "") == (ended.returncode, ended.stdout)
        assert "Several organisations have a customer “Twin Travel Ltd”: add `--organisation " in ended.stderr
        assert f'`--organisation "{AUSSIE}"`' in ended.stderr
        assert f'`--organisation "{KIWI}"`' in ended.stderr
        nobody = run(directory, *words, "--customer", "nobody-at-all")
        assert (1, "") == (nobody.returncode, nobody.stdout)
        assert "has no customer with the id, email or name “nobody-at-all”" in nobody.stderr
    assert 0 == run(directory, "plan", "--customer", "Twin Travel Ltd", "--organisation", AUSSIE).returncode
    ended = run(directory, "plan")
    assert 1 == ended.returncode
    assert "Name one organisation: add `--organisation " in ended.stderr


def test_what_the_brake_stopped_is_let_go(scene: Scene, directory: Path) -> None:
    """The words that the brake's question quotes are about the organisation that it has stopped."""
    organisation = scene.on.organisation
    with scene.built.database.transaction() as tx:
        journal.hold(tx, organisation, f"brake {organisation}", ("Stopped.",), (), scene.built.now())

    assert KIWI in done(directory, "plan", "--waiting")
    done(directory, "approve", "--yes")


def test_an_organisation_that_is_offline_is_one_sentence(scene: Scene, directory: Path) -> None:
    """A plan that cannot be made says why, and logs nothing beside it."""
    deal = scene.sell(won=False)
    path = f"{scene.on.xero_url}/_sandbox/organisations/{scene.on.organisation}"
    assert scene.on.control.post(path, json={"Offline": True}).status_code == 200

    ended = run(directory, "plan", "--deal", deal)

    assert scene.on.control.post(path, json={"Offline": False}).status_code == 200
    assert 1 == ended.returncode
    assert 1 == len(ended.stderr.splitlines())
    assert "The Organisation is offline" in ended.stderr
