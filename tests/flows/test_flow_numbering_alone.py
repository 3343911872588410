"""A number is written only where that is switched on.

Two stages never share a process, so these tests stand apart from those that share one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from crm import Customers, begun
from scene import Scene


def test_it_costs_nothing_where_it_is_off(staged: Callable[..., Scene]) -> None:
    """By default nothing is written to Xero, and no call is made for it."""
    scene = staged()
    crm = Customers(scene)
    customer, _ = _found(scene, crm, "Takahe Tours")
    scene.settle()

    assert [] == [one for one in scene.calls("xero", "/Contacts") if one["method"] == "POST" and "act" not in one]
    assert "" == crm.in_xero(customer).get("ContactNumber", "")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Set one stage for all tests of this file, with the number switched on, and properties for the others named."""
    numbers = {"number": True, "tax_number_property": "tax_no", "company_number_property": "nzbn"}
    with begun(tmp_path_factory.mktemp("numbering"), {"fields": numbers}) as scene:
        yield scene


@pytest.fixture
def crm(scene: Scene) -> Customers:
    """Give the words for customers."""
    return Customers(scene)


def _found(scene: Scene, crm: Customers, name: str, **values: str) -> tuple[str, str]:
    """Let there be a customer whose company was in HubSpot before; return the ids of both."""
    domain = f"{name.split()[0].lower()}.example.com"
    company = scene.make("companies", name=name, domain=domain)
    customer = crm.add(name, EmailAddress=f"pay@{domain}", **values)
    assert company == crm.until_linked(customer)
    return customer, company
