"""Checklist of the HubSpot sandbox: search."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

SEARCH = "/crm/objects/2026-09/contacts/search"


def one(name: str, operator: str, **more: Any) -> dict[str, Any]:
    """Write a filter."""
    return {"propertyName": name, "operator": operator} | more


def ids(found: dict[str, Any]) -> list[str]:
    """Return the ids of a search's results."""
    return [result["id"] for result in found["results"]]


@pytest.fixture(autouse=True)
def _no_limits(portal: Any) -> None:
    portal.set(limits=False)


def test_index_lag_after_create(portal: Any) -> None:
    """A new record appears in search only after the lag; reads are consistent at once."""
    portal.set(search_lag_create=8)
    id_ = portal.create("contacts", email="lag@b.nz")
    wanted = one("email", "EQ", value="lag@b.nz")
    at_once = portal.search("contacts", wanted)
    portal.pass_time(9)

    assert ids(at_once) == []
    assert [id_] == ids(portal.search("contacts", wanted))


def test_index_lag_is_longer_after_update(portal: Any) -> None:
    """Until the lag after an update has passed, search finds and shows the old values. By default 2 and 5 s."""
    settings = portal.control("GET", "settings")
    id_ = portal.create("contacts", email="old@b.nz", city="Before")
    portal.pass_time(10)
    portal.ok("PATCH", f"/crm/objects/2026-09/contacts/{id_}", {"properties": {"city": "After"}})
    portal.pass_time(3)
    old = portal.search("contacts", one("city", "EQ", value="before"), properties=["city"])
    new = portal.search("contacts", one("city", "EQ", value="after"))
    portal.pass_time(3)

    assert (settings["search_lag_create"], settings["search_lag_update"]) == (2.0, 5.0)
    assert ([id_], "Before") == (ids(old), old["results"][0]["properties"]["city"])
    assert ids(new) == []
    assert [id_] == ids(portal.search("contacts", one("city", "EQ", value="after")))


@pytest.mark.parametrize("seconds", [-1, 31])
def test_index_lag_is_settable_from_0_to_30_seconds(portal: Any, seconds: float) -> None:
    """The lag is a setting between 0 and 30 seconds; without it a record is found at once."""
    refused = portal.http.post("/_sandbox/settings", json={"search_lag_create": seconds})
    portal.set(search_lag_create=0)
    portal.create("contacts", email="quick@b.nz")

    assert refused.status_code == 400
    assert portal.search("contacts", one("email", "EQ", value="quick@b.nz"))["total"] == 1


def test_10000_cap_with_400(portal: Any) -> None:
    """The total may be larger, but paging past 10,000 results is 400."""
    last = portal.call("POST", SEARCH, {"limit": 200, "after": "9800"})
    past = portal.call("POST", SEARCH, {"limit": 200, "after": "9801"})

    assert (last.status_code, past.status_code) == (200, 400)


def test_page_10_by_default_and_200_at_most(portal: Any) -> None:
    """A page has 10 results unless asked, 200 at most; `after` is a whole number as text."""
    inputs = [{"properties": {"firstname": f"p{n}"}} for n in range(15)]
    portal.ok("POST", "/crm/objects/2026-09/contacts/batch/create", {"inputs": inputs})
    portal.pass_time(5)
    first = portal.ok("POST", SEARCH, {})
    second = portal.ok("POST", SEARCH, {"after": first["paging"]["next"]["after"]})

    assert (first["total"], len(first["results"]), first["paging"]["next"]["after"]) == (20, 10, "10")
    assert (len(second["results"]), "paging" in second) == (10, False)
    assert portal.call("POST", SEARCH, {"limit": 201}).status_code == 400
    assert portal.call("POST", SEARCH, {"after": "next"}).status_code == 400


@pytest.mark.parametrize(
    ("groups", "filters", "status"), [(5, 3, 200), (3, 6, 200), (6, 1, 400), (1, 7, 400), (4, 5, 400)]
)
def test_filter_caps(portal: Any, groups: int, filters: int, status: int) -> None:
    """Five groups, six filters in each, 18 in all; more is a VALIDATION_ERROR."""
    body = {"filterGroups": [{"filters": [one("city", "HAS_PROPERTY")] * filters}] * groups}
    answer = portal.call("POST", SEARCH, body)

    assert status == answer.status_code
    assert status == 200 or answer.json()["category"] == "VALIDATION_ERROR"


def test_one_sort(portal: Any) -> None:
    """One sort, ascending or descending; two are refused; without one the oldest come first."""
    for name in ("b", "c", "a"):
        portal.create("contacts", firstname=name, jobtitle="sorted")
        portal.pass_time(3)
    wanted = one("jobtitle", "EQ", value="sorted")

    def names(*sorts: dict[str, str]) -> str:
        found = portal.search("contacts", wanted, sorts=list(sorts))["results"]
        return "".join(result["properties"]["firstname"] for result in found)

    two = [{"propertyName": "firstname"}, {"propertyName": "lastname"}]
    assert names() == "bca"
    assert names({"propertyName": "firstname", "direction": "ASCENDING"}) == "abc"
    assert names({"propertyName": "firstname", "direction": "DESCENDING"}) == "cba"
    assert portal.call("POST", SEARCH, {"sorts": two}).status_code == 400


def test_body_cap_3000_characters(portal: Any) -> None:
    """A body of more than 3,000 characters is 400."""
    wanted = [f"x{number}@example.com" for number in range(200)]

    assert (
        portal.call("POST", SEARCH, {"filterGroups": [{"filters": [one("email", "IN", values=wanted)]}]}).status_code
        == 400
    )


def test_case_rules(portal: Any) -> None:
    """Comparing ignores case except for enumerations; IN on texts needs lower-case values."""
    portal.create("contacts", firstname="Tane", lifecyclestage="customer")
    portal.pass_time(5)
    total = lambda *filters: portal.search("contacts", *filters)["total"]  # noqa: E731

    assert total(one("firstname", "EQ", value="tANE")) == 1
    assert total(one("firstname", "IN", values=["tane"])) == 1
    assert total(one("firstname", "IN", values=["Tane"])) == 0
    assert total(one("lifecyclestage", "EQ", value="customer")) == 1
    assert total(one("lifecyclestage", "EQ", value="Customer")) == 0


def test_epoch_milliseconds(portal: Any) -> None:
    """Times are compared as epoch milliseconds written as text."""
    portal.set(search_lag_create=0)
    portal.pass_time(60)
    now = portal.control("GET", "clock")["now"]
    id_ = portal.create("contacts", firstname="Late")
    since = str(int(datetime.fromisoformat(now).timestamp() * 1000))
    recent = portal.search("contacts", one("lastmodifieddate", "GTE", value=since))
    between = portal.search("contacts", one("createdate", "BETWEEN", value=since, highValue=str(int(since) + 60_000)))

    assert [id_] == ids(recent) == ids(between)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ([one("amount", "GT", value="99")], {"b", "c"}),
        ([one("amount", "LTE", value="100")], {"a", "b"}),
        ([one("amount", "BETWEEN", value="50", highValue="150")], {"b"}),
        ([one("amount", "NEQ", value="100")], {"a", "c", "d"}),
        ([one("amount", "HAS_PROPERTY")], {"a", "b", "c"}),
        ([one("amount", "NOT_HAS_PROPERTY")], {"d"}),
        ([one("dealstage", "IN", values=["closedwon", "x"])], {"c"}),
        ([one("dealstage", "NOT_IN", values=["closedwon"])], {"a", "b", "d"}),
        ([one("hs_is_closed_won", "EQ", value="true")], {"c"}),
        ([one("dealname", "CONTAINS_TOKEN", value="bee*")], {"b"}),
        ([one("dealname", "NOT_CONTAINS_TOKEN", value="bee*")], {"a", "c", "d"}),
        ([one("amount", "GTE", value="100"), one("dealstage", "EQ", value="contractsent")], {"b"}),
    ],
)
def test_operators(portal: Any, filters: list[dict[str, Any]], expected: set[str]) -> None:
    """The operators compare numbers as numbers, enumerations exactly, tokens with `*`; filters of a group are ANDed."""
    portal.set(search_lag_create=0)
    mine = one("closed_lost_reason", "EQ", value="mine")
    for name, more in (
        ("a", {"amount": "20"}),
        ("b", {"amount": "100", "dealname": "b Beehive oak"}),
        ("c", {"amount": "1000", "dealstage": "closedwon"}),
        ("d", {}),
    ):
        portal.deal(**({"dealname": name, "closed_lost_reason": "mine"} | more))
    found = portal.search("deals", mine, *filters)

    assert expected == {result["properties"]["dealname"][0] for result in found["results"]}


@pytest.mark.parametrize("bad", [one("nonsense", "EQ", value="1"), one("email", "LIKE", value="1"), one("email", "EQ")])
def test_bad_filters_are_400(portal: Any, bad: dict[str, Any]) -> None:
    """An unknown property or operator, or a missing value, is refused."""
    assert portal.call("POST", SEARCH, {"filterGroups": [{"filters": [bad]}]}).status_code == 400


def test_no_archived(portal: Any) -> None:
    """Archived records never appear."""
    id_ = portal.create("contacts", email="gone@b.nz")
    portal.pass_time(5)
    portal.ok("DELETE", f"/crm/objects/2026-09/contacts/{id_}")

    assert portal.search("contacts", one("email", "EQ", value="gone@b.nz"))["total"] == 0


def test_empty_body_and_top_level_filters(portal: Any) -> None:
    """`{}` finds all; `filters` at the top make one group; groups are ORed."""
    everything = portal.ok("POST", SEARCH, {})
    top = portal.ok("POST", SEARCH, {"filters": [one("firstname", "EQ", value="aroha")]})
    either = portal.ok(
        "POST",
        SEARCH,
        {"filterGroups": [{"filters": [one("firstname", "EQ", value=name)]} for name in ("aroha", "mia")]},
    )

    assert (everything["total"], top["total"], either["total"]) == (5, 1, 2)


def test_associations_pseudo_property_and_query(portal: Any) -> None:
    """`associations.contact` finds what stands by a record; `query` looks through the usual texts."""
    contact = portal.ok("POST", SEARCH, {"query": "mia kauri-cafe"})["results"][0]
    deals = portal.search("deals", one("associations.contact", "EQ", value=contact["id"]))

    assert {"Espresso bar fit-out", "Beans subscription"} == {r["properties"]["dealname"] for r in deals["results"]}
