"""A number is written only where that is switched on.

Two stages never share a process, so these tests stand apart from those that share one.
"""

from __future__ import annotations

from collections.abc import Callable

from crm import Customers
from scene import Scene


def test_it_costs_nothing_where_it_is_off(staged: Callable[..., Scene]) -> None:
    """By default nothing is written to Xero, and no call is made for it."""
    scene = staged()
    crm = Customers(scene)
    customer, _ = _found(scene, crm, "Takahe Tours")
    scene.settle()

    assert [] == [one for one in scene.calls("xero", "/Contacts") if one["method"] == "POST" and "act" not in one]
    assert "" == crm.in_xero(customer).get("ContactNumber", "")


def _found(scene: Scene, crm: Customers, name: str, **values: str) -> tuple[str, str]:
    """Let there be a customer whose company was in HubSpot before; return the ids of both."""
    domain = f"{name.split()[0].lower()}.example.com"
    company = scene.make("companies", name=name, domain=domain)
    customer = crm.add(name, EmailAddress=f"pay@{domain}", **values)
    assert company == crm.until_linked(customer)
    return customer, company
