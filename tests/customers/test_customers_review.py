"""Links that an earlier release made by evidence: weighed once by today's rule, and a question where it will not do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from crm import Customers, begun
from scene import Scene
from sqlalchemy import insert
from typer.testing import CliRunner, Result

from ledgerloop.cli.app import app
from ledgerloop.records import LinkKind
from ledgerloop.store import lanes, pending_customers
from ledgerloop.store.tables import link


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the place of the service's settings."""
    return tmp_path_factory.mktemp("reviewing")


@pytest.fixture(scope="module")
def scene(directory: Path) -> Iterator[Scene]:
    """Give one stage to all tests of this file: each has customers of its own."""
    with begun(directory) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


def _run(directory: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--config", str(directory / "ledgerloop.toml")])


def _earlier(scene: Scene, crm: Customers, how: str, customer: str, record: str, kind: LinkKind = "company") -> None:
    """Have a customer linked as an earlier release linked it, and let it come up again."""
    scene.settle()
    _linked_before(scene, how, customer, record, kind)
    with scene.built.database.transaction() as tx:
        pending_customers.mark(tx, scene.on.organisation, [customer])
        lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())
    scene.settle()


def _linked_before(scene: Scene, how: str, customer: str, record: str, kind: LinkKind = "company") -> None:
    """Have a customer linked as an earlier release linked it; nothing looks at it."""
    with scene.built.database.transaction() as tx:
        mine = (link.c.xero_id == customer) & (link.c.kind == kind)
        tx.execute(link.delete().where(mine))
        row = {"organisation": scene.on.organisation, "kind": kind, "xero_id": customer, "hubspot_id": record}
        tx.execute(insert(link).values(**row, how=how, made_at=scene.built.now()))


def _rule(scene: Scene, customer: str, kind: LinkKind = "company") -> tuple[int, bool]:
    """Return the number of a link's rule, and whether a person is asked about it."""
    with scene.built.database.reading() as tx:
        row = tx.execute(link.select().where(link.c.xero_id == customer, link.c.kind == kind)).one()
    return row.rule, bool(row.asks)


def _doubtful(scene: Scene, crm: Customers, called: str, how: str, **values: str) -> tuple[str, str]:
    """Make a customer that an earlier release linked to a company; the company it has today is out of the way."""
    company = scene.make("companies", **values)
    customer = crm.add(called, EmailAddress=f"ap@{called.split()[0].lower()}.example.com")
    scene.on.until("known", lambda: crm.record(customer, "company") or scene.holds().get(f"customer {customer}"))
    _earlier(scene, crm, how, customer, company)
    return customer, company


class TestWeighing:
    @pytest.mark.parametrize(
        ("name", "how", "values"),
        [
            ("Alonenamed", "name", {"name": "Alonenamed"}),
            ("Alonedomain Ltd", "domain", {"name": "Something else", "domain": "alonedomain.example.com"}),
        ],
        ids=["name alone", "domain alone"],
    )
    def test_too_little_is_a_question(
        self, scene: Scene, crm: Customers, name: str, how: str, values: dict[str, str]
    ) -> None:
        """What today's rule would not take is a question, both records side by side; nothing is unlinked or written."""
        customer, company = _doubtful(scene, crm, name, how, **values)

        said = " ".join(scene.holds()[f"customer {customer}"])
        crm.touch(customer)

        assert f"linked “{name}” (ap@" in said
        assert f"to the HubSpot company “{values['name']}”" in said
        assert f"`ledgerloop link --customer {customer} --company {company}`" in said
        assert f"`ledgerloop unlink --customer {customer} --company`" in said
        assert (company, how) == (crm.record(customer, "company"), crm.how(customer, "company"))
        assert (0, True) == _rule(scene, customer)
        assert not scene.show("companies", company)["xero_outstanding_balance"]

    def test_good_evidence_stands_silently(self, scene: Scene, crm: Customers) -> None:
        """What today's rule would take as well stands, is written to, and nobody hears of it."""
        customer, company = _doubtful(
            scene, crm, "Goodevidence Ltd", "name and domain", name="Goodevidence", domain="goodevidence.example.com"
        )

        crm.touch(customer)

        assert (1, False) == _rule(scene, customer)
        assert f"customer {customer}" not in scene.holds()
        assert "1.00" == scene.show("companies", company)["xero_outstanding_balance"]

    @pytest.mark.parametrize(
        ("contact_how", "how", "stands"),
        [("created", "name", False), ("email", "name", False), ("email", "contact", True)],
        ids=["made by us", "put there by us", "found by it"],
    )
    def test_our_own_contact_is_no_evidence(
        self, scene: Scene, crm: Customers, contact_how: str, how: str, stands: bool
    ) -> None:
        """A contact that we made at a company, or put there, does not say that the link to that company was right."""
        stem = f"ourown{contact_how}{how}"
        company = scene.make("companies", name=f"{stem} Roofing Ltd", domain=f"{stem}-firm.example.com")
        contact = scene.make("contacts", email=f"pay@{stem}.example.org")
        path = f"/crm/objects/2026-09/contacts/{contact}/associations/default/companies/{company}"
        scene.on.at_hubspot("PUT", path)
        customer = crm.add(f"{stem} Roofing Ltd", EmailAddress=f"pay@{stem}.example.org")
        assert contact == crm.until_linked(customer, "contact")
        _linked_before(scene, contact_how, customer, contact, "contact")

        _earlier(scene, crm, how, customer, company)

        asked = " ".join(scene.holds().get(f"customer {customer}", ()))
        assert (int(stands), not stands) == _rule(scene, customer)
        assert stands == ("the two have the same name; another domain." not in asked)

    def test_what_was_decided_is_not_weighed(self, scene: Scene, crm: Customers) -> None:
        """A link that a person, an id or a number made is nobody's question, whatever the records say."""
        customer, company = _doubtful(scene, crm, "Decided Ltd", "id", name="Quite another name")

        crm.touch(customer)

        assert f"customer {customer}" not in scene.holds()
        assert "1.00" == scene.show("companies", company)["xero_outstanding_balance"]

    def test_a_contact_at_another_firm_is_a_question(self, scene: Scene, crm: Customers) -> None:
        """A contact that works for another firm, whose address it is, shows the customer's debts no longer."""
        firm = scene.make("companies", name="Books and More", domain="books-and-more.example.com")
        contact = scene.make("contacts", email="office@books-and-more.example.com", lastname="Office")
        path = f"/crm/objects/2026-09/contacts/{contact}/associations/default/companies/{firm}"
        scene.on.at_hubspot("PUT", path)
        customer = crm.add("Pipes Unlimited Ltd", EmailAddress="office@books-and-more.example.com")
        scene.on.until("held", lambda: scene.holds().get(f"customer {customer}"))

        _earlier(scene, crm, "email", customer, contact, "contact")

        said = " ".join(scene.holds()[f"customer {customer}"])
        assert f"the contact is at “Books and More” (books-and-more.example.com, {firm}), which is another firm" in said
        assert not scene.show("contacts", contact)["xero_contact_id"]

    def test_a_link_is_weighed_once(self, scene: Scene, crm: Customers) -> None:
        """Neither what stands nor what is asked about costs a call when its customer comes up again."""
        for name, values in (("Oncegood Ltd", {"domain": "oncegood.example.com"}), ("Oncebad Ltd", {})):
            customer, company = _doubtful(scene, crm, name, "name", name=name, **values)
            crm.touch(customer)
            scene.forget_calls()

            crm.touch(customer)

            asked = [call["body"] for call in scene.calls("hubspot", "companies/batch/read")]
            assert not any(company in str(body) for body in asked)

    def test_all_are_weighed_though_nothing_changes(self, scene: Scene, crm: Customers) -> None:
        """After an upgrade the links are weighed behind live work, also those of customers that do not come up."""
        customer, _ = _doubtful(scene, crm, "Sleepy", "name", name="Sleepy")
        with scene.built.database.transaction() as tx:
            tx.execute(link.update().where(link.c.xero_id == customer).values(asks="", rule=0))
            pending_customers.clean(tx, scene.on.organisation, pending_customers.first(tx, scene.on.organisation, 100))
            lanes.wake(tx, "standing", scene.on.organisation, scene.built.now())

        scene.on.until("asked", lambda: _rule(scene, customer) == (0, True) or None)


class TestAnswers:
    def test_a_person_confirms_it(self, scene: Scene, crm: Customers, directory: Path) -> None:
        """Confirmed, the link is the person's own: it is held no more, written to, and reviewed no more."""
        customer, company = _doubtful(scene, crm, "Confirmed", "name", name="Confirmed")
        listed = json.loads(_run(directory, "links", "--review", "--json").stdout)
        assert [(company, "name")] == [
            (one["hubspot_id"], one["how"]) for one in listed if one["customer"] == customer and one["asks"]
        ]

        ended = _run(directory, "link", "--customer", customer, "--company", company)

        assert 0 == ended.exit_code, ended.output
        scene.until_shown("companies", company, "xero_contact_id", customer)
        scene.settle()
        assert f"customer {customer}" not in scene.holds()
        assert (1, False) == _rule(scene, customer)
        assert "ruling" == crm.how(customer, "company")
        assert customer not in _run(directory, "links", "--review").stdout

    def test_a_person_ends_it(self, scene: Scene, crm: Customers, directory: Path) -> None:
        """Ended, the customer is looked for anew and gets a company of its own; the other one is left alone."""
        customer, company = _doubtful(scene, crm, "Endedlink", "name", name="Endedlink")

        ended = _run(directory, "unlink", "--customer", customer, "--company")

        assert 0 == ended.exit_code, ended.output
        own = crm.until_other(customer, company)
        assert own
        assert f"customer {customer}" not in scene.holds()
        assert not scene.show("companies", company)["xero_contact_id"]


class TestDeals:
    def test_a_deal_waits_for_the_answer(self, scene: Scene, crm: Customers, directory: Path) -> None:
        """No invoice goes to a customer by a link that is in question; it goes out once a person has confirmed it."""
        customer, company = _doubtful(scene, crm, "Waitingdeal", "name", name="Waitingdeal")

        deal = scene.sell(company=company)

        scene.on.until("held", lambda: scene.holds().get(f"deal {deal}"))
        assert [] == scene.invoices_of(deal)
        _run(directory, "link", "--customer", customer, "--company", company)
        made = scene.on.until("invoice", lambda: scene.invoices_of(deal) or None)
        assert [customer] == [one["Contact"]["ContactID"] for one in made]

    @pytest.mark.parametrize("values", [{}, {"domain": "neverweighed.example.com"}], ids=["too little", "enough"])
    def test_a_deal_does_not_overtake_the_weighing(self, scene: Scene, crm: Customers, values: dict[str, str]) -> None:
        """A link that nobody has weighed yet is weighed before a deal is invoiced through it."""
        name = f"Neverweighed {len(values)} Ltd"
        company = scene.make("companies", name=name, **values)
        customer = crm.add(name, EmailAddress=f"ap{len(values)}@neverweighed.example.com")
        scene.on.until("known", lambda: crm.record(customer, "company") or scene.holds().get(f"customer {customer}"))
        scene.settle()
        _linked_before(scene, "name", customer, company)

        deal = scene.sell(company=company)

        held = scene.on.until("decided", lambda: scene.holds().get(f"deal {deal}") or scene.invoices_of(deal) or None)
        assert _rule(scene, customer) == (int(bool(values)), not values)
        assert bool(values) == bool(scene.invoices_of(deal))
        if not values:
            assert f"linked “{name}” (ap0@" in str(held)
            scene.on.until("the customer is asked about", lambda: scene.holds().get(f"customer {customer}"))
