"""Checklist of the HubSpot sandbox: what tells who a record is. Domains, addresses, deletion and erasure."""

from __future__ import annotations

from typing import Any

COMPANIES = "/crm/objects/2026-09/companies"


def test_additional_domains_of_a_company(portal: Any) -> None:
    """`hs_additional_domains` is read and written like any property, several with semicolons."""
    id_ = portal.create("companies", name="Lupin", domain="lupin.com", hs_additional_domains="lupin.co.nz;lupin.de")
    definition = portal.ok("GET", "/crm/properties/2026-09/companies/hs_additional_domains")

    assert portal.values("companies", id_, "hs_additional_domains")["hs_additional_domains"] == "lupin.co.nz;lupin.de"
    assert (definition["type"], definition["fieldType"], definition["hubspotDefined"]) == (
        "enumeration",
        "checkbox",
        True,
    )


def test_additional_domains_in_search(portal: Any) -> None:
    """IN and CONTAINS_TOKEN find a company by one of several values; EQ compares them as they are written."""
    portal.set(search_lag_create=0, limits=False)
    id_ = portal.create("companies", name="Lupin", domain="lupin.com", hs_additional_domains="lupin.co.nz;lupin.de")

    def found(operator: str, **value: Any) -> list[str]:
        one = {"propertyName": "hs_additional_domains", "operator": operator, **value}
        return [record["id"] for record in portal.search("companies", one)["results"]]

    assert found("CONTAINS_TOKEN", value="lupin.co.nz") == [id_]
    assert found("CONTAINS_TOKEN", value="*.de") == [id_]
    assert found("IN", values=["lupin.de", "other.de"]) == [id_]
    assert found("EQ", value="lupin.co.nz;lupin.de") == [id_]
    assert found("EQ", value="lupin.de") == []
    assert found("CONTAINS_TOKEN", value="upin.de") == []
    assert found("HAS_PROPERTY") == [id_]
    assert id_ not in found("NOT_IN", values=["lupin.de"])


def test_additional_domains_survive_a_merge(portal: Any) -> None:
    """The survivor of a merge keeps its domain; the loser's domains become additional ones, each once."""
    winner = portal.create("companies", name="Win", domain="win.nz", hs_additional_domains="first.nz")
    loser = portal.create("companies", name="Lose", domain="lose.nz", hs_additional_domains="first.nz;second.nz")
    portal.ok("POST", f"{COMPANIES}/merge", {"primaryObjectId": winner, "objectIdToMerge": loser})
    after = portal.values("companies", loser, "domain", "hs_additional_domains")

    assert (after["domain"], after["hs_additional_domains"]) == ("win.nz", "first.nz;lose.nz;second.nz")


def test_a_survivor_without_domain_takes_the_losers(portal: Any) -> None:
    """A survivor that has no domain takes the loser's as its own, and only the others as additional ones."""
    winner = portal.create("companies", name="Win")
    loser = portal.create("companies", name="Lose", domain="lose.nz", hs_additional_domains="second.nz")
    portal.ok("POST", f"{COMPANIES}/merge", {"primaryObjectId": winner, "objectIdToMerge": loser})
    after = portal.values("companies", winner, "domain", "hs_additional_domains")

    assert (after["domain"], after["hs_additional_domains"]) == ("lose.nz", "second.nz")
