"""The conditions of routes: which deals meet them, and that the first route that is met counts."""

from __future__ import annotations

from typing import Any

import pytest
from rules_samples import HOME

from ledgerloop.records import Hold
from ledgerloop.rules.routing import Conditions, Facts, Route, Terms, route_for

FIRST, LAST = Terms(account_code="1"), Terms(account_code="2")
DEAL: dict[str, str | None] = {"pipeline": "p1", "dealstage": "s1", "region": "North", "empty": None}
FACTS = Facts(currency="NZD", country="New Zealand", owner="Kat@Harbour.nz")


@pytest.mark.parametrize(
    ("conditions", "met"),
    [
        pytest.param({}, True, id="no condition is met by every deal"),
        pytest.param({"pipeline": "p1"}, True, id="the pipeline"),
        pytest.param({"pipeline": "P1"}, False, id="an id is compared to the letter"),
        pytest.param({"stage": "s1"}, True, id="the stage"),
        pytest.param({"stage": "s2"}, False, id="another stage"),
        pytest.param({"currency": "nzd"}, True, id="the currency, however it is written"),
        pytest.param({"currency": "AUD"}, False, id="another currency"),
        pytest.param({"country": " new zealand "}, True, id="the country without case and outer space"),
        pytest.param({"country": "NZ"}, False, id="a country is no other word for it"),
        pytest.param({"owner": "kat@harbour.nz"}, True, id="the owner's email"),
        pytest.param({"owner": "joe@harbour.nz"}, False, id="another owner"),
        pytest.param({"properties": (("region", "north"),)}, True, id="a property of the deal"),
        pytest.param({"properties": (("empty", "x"),)}, False, id="an empty property has no value"),
        pytest.param({"properties": (("absent", "x"),)}, False, id="nor has one that was never made"),
        pytest.param({"pipeline": "p1", "currency": "AUD"}, False, id="all conditions must be met"),
    ],
)
def test_conditions(conditions: dict[str, Any], met: bool) -> None:
    """A route is for the deals that meet all its conditions; the others go on to the next route."""
    routes = [Route("", FIRST, Conditions(**conditions)), Route("", LAST)]

    assert route_for(DEAL, routes, [HOME], FACTS) == (HOME, FIRST if met else LAST)


def test_no_route() -> None:
    """A deal that meets no route's conditions is held, and the sentence says where to add one."""
    routes = [Route("", FIRST, Conditions(currency="AUD"), "[[routes]] 1")]

    assert route_for(DEAL, routes, [HOME], FACTS) == Hold(
        ("No route fits this deal. Add one for it under [[routes]], or a last one without conditions.",)
    )


def test_a_route_is_named_as_people_find_it() -> None:
    """A sentence about a route says which of them it is."""
    held = route_for(DEAL, [Route("gone", FIRST, name="[[routes]] 3")], [HOME], FACTS)

    assert isinstance(held, Hold)
    assert "“gone”, named at `organisation` under [[routes]] 3, is not connected" in held.sentence
