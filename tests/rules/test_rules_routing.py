"""Which organisation a deal is invoiced in, and with what terms."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rules_samples import HOME

from ledgerloop.records import Hold, Organisation
from ledgerloop.rules.routing import (
    Conditions,
    Facts,
    Route,
    Terms,
    home_of_open,
    leading_nowhere,
    leaves_open,
    route_for,
    undecided,
)

AWAY = replace(HOME, id="9z", name="Harbour Australia Pty Ltd", base_currency="AUD")
TERMS = Terms(status="AUTHORISED", account_code="260")
OTHER = Terms(account_code="400")


@pytest.mark.parametrize(
    ("routes", "connected", "organisation", "terms"),
    [
        pytest.param([Route("", TERMS)], [HOME], HOME, TERMS, id="the only organisation need not be named"),
        pytest.param([Route("1a2b", TERMS)], [HOME, AWAY], HOME, TERMS, id="named by its id"),
        pytest.param([Route("Harbour Australia Pty Ltd", TERMS)], [HOME, AWAY], AWAY, TERMS, id="named by its name"),
        pytest.param([Route("9z", TERMS), Route("9z", OTHER)], [AWAY], AWAY, TERMS, id="the first that fits wins"),
    ],
)
def test_route(routes: list[Route], connected: list[Organisation], organisation: Organisation, terms: Terms) -> None:
    """A route that fits gives the organisation and its terms."""
    assert route_for({}, routes, connected) == (organisation, terms)


EARLY = replace(Route("", TERMS), conditions=Conditions(stage="sent", currency="AUD"))


@pytest.mark.parametrize(
    ("routes", "deal", "terms"),
    [
        pytest.param([EARLY, Route("", OTHER)], {"dealstage": "sent"}, None, id="a later route is for won deals"),
        pytest.param([Route("", OTHER), EARLY], {"dealstage": "sent"}, None, id="and so is an earlier one"),
        pytest.param([EARLY, Route()], {"dealstage": "sent", "in": "AUD"}, TERMS, id="a route of its stage is met"),
        pytest.param([Route("", OTHER), EARLY], {"dealstage": "sent", "in": "AUD"}, TERMS, id="whatever stands before"),
        pytest.param([EARLY], {"dealstage": "other", "in": "AUD"}, None, id="another stage"),
    ],
)
def test_a_deal_that_is_not_won(routes: list[Route], deal: dict[str, str | None], terms: Terms | None) -> None:
    """Only a route that names the deal's stage can invoice it before it is won."""
    found = route_for(deal, routes, [HOME], Facts(currency=deal.get("in") or "NZD"), won=False)

    assert found == ((HOME, terms) if terms else None)


@pytest.mark.parametrize(
    ("routes", "connected", "sentence"),
    [
        pytest.param(
            [Route()],
            [],
            "No Xero organisation is connected. Connect one in the console, and this deal goes on by itself.",
            id="none is connected",
        ),
        pytest.param(
            [Route()],
            [AWAY, HOME],
            "Several Xero organisations fit this deal (Harbour Australia Pty Ltd: 9z, Harbour Supplies Ltd: 1a2b), and"
            " none is chosen. Choose one in the console, or with `ledgerloop connect choose`; or write its id at"
            " `organisation` under [route].",
            id="several are connected and none is chosen",
        ),
        pytest.param(
            [Route("Harbour Supplies Ltd")],
            [HOME, replace(HOME, id="0b")],
            "Several Xero organisations fit this deal (Harbour Supplies Ltd: 0b, Harbour Supplies Ltd: 1a2b), and none"
            " is chosen. Write the right one's id at `organisation` under [route].",
            id="two have the name that was written",
        ),
        pytest.param(
            [Route("gone")],
            [HOME],
            "No route fits this deal: “gone”, named at `organisation` under [route], is not connected. Connect it,"
            " or correct what is written there; connected: Harbour Supplies Ltd.",
            id="the chosen one is not connected",
        ),
        pytest.param(
            [Route("gone", TERMS), Route("9z", OTHER)],
            [AWAY],
            "No route fits this deal: “gone”, named at `organisation` under [route], is not connected. Connect it,"
            " or correct what is written there; connected: Harbour Australia Pty Ltd.",
            id="the first that fits wins, also where its organisation is away: the next would be the wrong one",
        ),
        pytest.param(
            [Route("harbour supplies ltd")],
            [HOME],
            "No route fits this deal: “harbour supplies ltd”, named at `organisation` under [route], is not connected."
            " Connect it, or correct what is written there; connected: Harbour Supplies Ltd.",
            id="a name is compared to the letter",
        ),
    ],
)
def test_no_route(routes: list[Route], connected: list[Organisation], sentence: str) -> None:
    """Without a route that fits the deal is held; nothing is guessed."""
    assert route_for({}, routes, connected) == Hold((sentence,))


def test_terms_are_drafts_by_default() -> None:
    """Unless told otherwise nothing is approved by a machine."""
    assert Terms().status == "DRAFT"


@pytest.mark.parametrize(
    ("routes", "chosen", "found"),
    [
        pytest.param([Route("", TERMS)], "9z", AWAY, id="the chosen one, where the route names none"),
        pytest.param([Route("1a2b", TERMS)], "9z", HOME, id="a route's own comes first"),
        pytest.param([Route("", TERMS)], "gone", None, id="one that is not connected is none"),
    ],
)
def test_the_chosen_organisation(routes: list[Route], chosen: str, found: Organisation | None) -> None:
    """What a person chose counts for routes that leave it open, and for no other."""
    routed = route_for({}, routes, [HOME, AWAY], chosen=chosen)

    assert routed == (found, TERMS) if found else isinstance(routed, Hold)
    assert bool(undecided(routes, [HOME, AWAY], chosen)) is (found is None)


def test_what_is_undecided_names_the_routes() -> None:
    """The sentence says which organisations there are, and whose deals wait; with one there is nothing to decide."""
    routes = [Route("9z", name="[[routes]] 1"), Route(name="[[routes]] 2"), Route()]

    assert undecided(routes, [HOME, AWAY], "") == (
        "Several Xero organisations are connected (Harbour Australia Pty Ltd, Harbour Supplies Ltd), and none is chosen"
        " in which deals are invoiced, so every won deal of [[routes]] 2, [route] waits."
    )
    assert undecided(routes, [HOME], "") == ""
    assert (leaves_open(routes), leaves_open(routes[:1])) == (True, False)


GONE = "Harbour Australia Pty Ltd, in which this deal is to be invoiced, is disconnected."
ANOTHER = "Choose another with `ledgerloop connect choose` to have every such deal invoiced there instead."


@pytest.mark.parametrize(
    ("routes", "connected", "chosen", "reasons"),
    [
        pytest.param([Route("9z")], [HOME], "", 1, id="named by its id"),
        pytest.param([Route(AWAY.name)], [HOME], "", 1, id="named by its name"),
        pytest.param([Route()], [], "", 1, id="the only one there was"),
        pytest.param([Route()], [HOME], "9z", 2, id="the chosen one, and another could be chosen"),
        pytest.param([Route()], [HOME], "", 0, id="not where nobody had chosen it"),
        pytest.param([Route()], [HOME], "1a2b", 0, id="nor where another was chosen"),
        pytest.param([Route("1a2b")], [HOME], "9z", 0, id="nor by a route that names another"),
    ],
)
def test_a_disconnected_organisation(
    routes: list[Route], connected: list[Organisation], chosen: str, reasons: int
) -> None:
    """A deal that leads there is held by its name, and goes to no other by itself."""
    found = route_for({}, routes, connected, chosen=chosen, ended=[AWAY])

    if not reasons:
        assert found == (HOME, routes[0].terms)
        return
    assert isinstance(found, Hold)
    assert found.reasons[0].startswith(f"{GONE} Connect it again with `ledgerloop connect xero`")
    assert list(found.reasons[1:]) == [ANOTHER][: reasons - 1]


def test_every_organisation_is_disconnected() -> None:
    """Where several were connected and none is left, a route that names none is not said to name one."""
    assert route_for({}, [Route()], [], ended=[HOME, AWAY]) == Hold(
        (
            "Every Xero organisation is disconnected. Connect one again with `ledgerloop connect xero` or in the"
            " console, and this deal goes on by itself.",
        )
    )


def test_routes_that_lead_nowhere() -> None:
    """A name that nobody has, such as a misspelt one, is said with those that there are, before a deal is held."""
    routes = [Route("9z"), Route("Harbour Suplies Ltd", name="[[routes]] 2"), Route(HOME.name), Route()]

    assert leading_nowhere(routes, [HOME, AWAY]) == [
        "[[routes]] 2 names “Harbour Suplies Ltd” at `organisation`, which is not connected, so its won deals are held."
        " Connect it, or correct what is written there; known: Harbour Australia Pty Ltd, Harbour Supplies Ltd."
    ]
    assert leading_nowhere(routes[1:2], [])[0].endswith("; known: none.")


def test_where_open_routes_lead() -> None:
    """The chosen organisation, else the only one; nobody can say with several, nor where every route names its own."""
    assert home_of_open([Route()], [HOME], "") == HOME
    assert home_of_open([Route()], [HOME, AWAY], "9z") == AWAY
    assert home_of_open([Route()], [HOME, AWAY], "") is None
    assert home_of_open([Route("9z")], [AWAY], "") is None
    assert undecided([Route()], [HOME], "9z", [AWAY]) == (
        "Harbour Australia Pty Ltd, in which deals are invoiced whose route names no organisation, is disconnected, so"
        " every won deal of [route] waits."
    )
    assert undecided([Route("1a2b")], [HOME], "9z", [AWAY]) == ""
    assert undecided([Route()], [], "9z", [AWAY]) == ""
