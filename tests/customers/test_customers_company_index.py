"""Companies are found as people write them: by the index, which only says where to look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from crm import Customers, begun
from scene import Scene

from ledgerloop.store import connections
from ledgerloop.store.tables import search_key as table


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Give one stage to all tests of this file: each has customers of its own."""
    with begun(tmp_path_factory.mktemp("indexing")) as scene:
        yield scene


@pytest.fixture(scope="module")
def crm(scene: Scene) -> Customers:
    """Give the words about customers."""
    return Customers(scene)


@pytest.mark.parametrize(
    ("theirs", "ours", "email"),
    [
        pytest.param("Zebra Tools Limited", "Zebra Tools Ltd", "", id="the legal form in full"),
        pytest.param("Giraffe Tools", "Giraffe Tools Ltd", "a@gmail.com", id="no legal form, and free mail"),
        pytest.param("Rhino Tools", "Rhino Tools Ltd", "a@rhinotools.co.nz", id="no legal form, and no domain there"),
        pytest.param("Café Ñandú", "Cafe Nandu", "", id="accents"),
        pytest.param("Acme & Sons", "Acme and Sons", "", id="an ampersand"),
    ],
)
def test_a_company_called_alike_is_a_question(scene: Scene, crm: Customers, theirs: str, ours: str, email: str) -> None:
    """However a person wrote the name, a company that is only called alike is asked about and not doubled."""
    company = scene.make("companies", name=theirs)

    customer = crm.add(ours, **({"EmailAddress": email} if email else {}))

    assert company in crm.until_held(customer)
    scene.settle()
    assert crm.record(customer, "company") is None
    assert [] == crm.records("companies", name=ours)


def test_a_company_with_an_id_of_nobody_is_a_question(scene: Scene, crm: Customers) -> None:
    """Somebody wrote a wrong id on a company after the portal was listed: it is asked about and not doubled."""
    crm.until_linked(crm.add("Okapi Warm Up Ltd"))  # the index is there
    scene.settle()
    company = scene.make("companies", name="Okapi Tools Ltd", domain="okapi.example.co.nz", xero_contact_id="long-gone")
    scene.settle()

    customer = crm.add("Okapi Tools Ltd", EmailAddress="ap@okapi.example.co.nz")

    said = crm.until_held(customer)
    assert f"The HubSpot company {company} fits “Okapi Tools Ltd” but carries the Xero contact id long-gone." in said
    assert [] == [one for one in crm.records("companies", name="Okapi Tools Ltd") if one != company]
    scene.edit("companies", company, xero_contact_id="")
    assert company == crm.until_linked(customer)


def test_a_step_with_strangers_costs_one_search_and_one_read(scene: Scene, crm: Customers) -> None:
    """However many strangers are looked at together, HubSpot is asked twice about their companies."""
    for number in range(3):
        scene.make("companies", name=f"Cheap {number} Limited", domain=f"cheap{number}.example.com")
    scene.settle()
    scene.forget_calls()

    rows = [{"Name": f"Cheap {number}", "EmailAddress": f"a@cheap{number}.example.com"} for number in range(3)]
    made = scene.on.in_xero("PUT", "/Contacts", {"Contacts": rows})["Contacts"]
    for one in made:
        crm.until_linked(one["ContactID"])

    assert {"name and domain"} == {crm.how(one["ContactID"], "company") for one in made}
    assert 1 == len(scene.calls("hubspot", "companies/search"))
    by_id = scene.calls("hubspot", "companies/batch/read")
    assert len(by_id) <= 2  # one by the id that a customer carries, one of the candidates


def test_what_was_deleted_or_renamed_is_no_candidate(scene: Scene, crm: Customers) -> None:
    """The index may be out of date: what it names is read anew, and what is gone or called otherwise is forgotten."""
    gone, renamed, other = (
        scene.make("companies", name=f"{name} Limited") for name in ("Gone Away", "Called Otherwise", "Warm Up")
    )
    crm.until_held(crm.add("Warm Up"))
    scene.settle()
    assert {gone, renamed, other} <= _indexed(scene)
    crm.delete("companies", gone)
    scene.configure("hubspot", search_lag_update=30)
    scene.edit("companies", renamed, name="Somebody Else")

    customers = [crm.add(name) for name in ("Gone Away", "Called Otherwise")]

    made = [crm.until_linked(customer) for customer in customers]
    scene.configure("hubspot", search_lag_update=0)
    assert {"created"} == {crm.how(customer, "company") for customer in customers}
    assert not {gone, renamed} & set(made)
    assert gone not in _indexed(scene)


def test_renamed_companies_are_found_by_their_new_names(scene: Scene, crm: Customers) -> None:
    """What people change later is searched for before strangers are matched."""
    company = scene.make("companies", name="First Name Limited")
    crm.until_held(crm.add("First Name"))
    scene.settle()
    scene.edit("companies", company, name="Second Náme GmbH")

    assert company in crm.until_held(crm.add("Second Name"))


def _indexed(scene: Scene) -> set[str]:
    with scene.built.database.reading() as tx:
        portal = connections.portals(tx)[0].id
        return {row.record for row in tx.execute(table.select().where(table.c.scope == portal))}
