"""Which scopes open which of Xero's calls: as the sandbox has it, which was made from Xero's own lists."""

from __future__ import annotations

import pytest

from ledgerloop.errors import ScopeMissing
from ledgerloop.rate_limiter import Reading
from ledgerloop.settings.types import SCOPES
from ledgerloop.vendor_errors import Answer, error_from, judge
from ledgerloop.xero.dialect import _READ, XeroDialect
from ledgerloop.xero.scopes import NEEDED_FOR, lacks, opening
from ledgerloop_sandbox.xero.scopes import BROAD, GRANULAR, UNCHANGED, opens

BASE = "/api.xro/2.0/"
CALLS = [("GET", path) for path in sorted(_READ) if path.startswith(BASE)]
CALLS += [(method, f"{BASE}{name}") for name in ("Contacts", "Invoices") for method in ("PUT", "POST")]
CALLS += [("POST", f"{BASE}Invoices/{{InvoiceID}}/Email")]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_each_of_these_scopes_opens_the_call_and_no_other(method: str, path: str) -> None:
    """Whoever gets one of them is let in, and whoever has all others is not."""
    endpoint = path.removeprefix(BASE).split("/")[0]
    named = opening(method, path)

    assert named
    assert all(opens(frozenset([one]), endpoint, method) for one in named)
    assert not opens((BROAD | GRANULAR | UNCHANGED) - set(named), endpoint, method)


def test_every_call_is_needed_for_something() -> None:
    """What stops without a scope is said of each call that the client makes, once."""
    needed = [(method, f"{BASE}{path}") for calls in NEEDED_FOR.values() for method, path in calls]

    assert sorted(CALLS) == sorted(needed)


@pytest.mark.parametrize("profile", sorted(SCOPES))
def test_a_profile_stops_nothing(profile: str) -> None:
    """Each of the two lists that the settings offer is enough for all there is."""
    assert () == lacks(SCOPES[profile])


@pytest.mark.parametrize("profile", sorted(SCOPES))
def test_what_stops_is_what_xero_refuses(profile: str) -> None:
    """Without any one scope of a list, exactly the calls stop that are refused then."""
    for left_out in SCOPES[profile]:
        granted = frozenset(SCOPES[profile]) - {left_out}

        stops = {one.stops for one in lacks(granted)}

        refused = {
            what
            for what, calls in NEEDED_FOR.items()
            if any(not opens(granted, path.split("/")[0], method) for method, path in calls)
        }
        assert refused == stops


def test_a_lack_is_told_with_each_scope_that_would_do() -> None:
    """Who reads it knows what to add and why."""
    [one] = lacks({*SCOPES["granular"]} - {"accounting.payments.read"})

    assert (
        "Without accounting.payments.read or accounting.payments or accounting.transactions.read or"
        " accounting.transactions no payment is seen, and no credit of a customer's." == one.sentence
    )


def test_a_call_that_is_not_known_has_none() -> None:
    """Of such a call nothing is said that may be wrong."""
    assert () == opening("GET", "/connections") == opening("GET", f"{BASE}Employees")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(403, {"WWW-Authenticate": "insufficent_scope"}),
        Answer(401, {"WWW-Authenticate": "insufficient_scope"}, {"Detail": "AuthorizationUnsuccessful"}),
        Answer(401, {}, {"Title": "Unauthorized", "Detail": "AuthorizationUnsuccessful"}),
    ],
)
def test_a_refusal_names_the_call_its_scopes_and_what_to_do(answer: Answer) -> None:
    """Xero names none, so we do."""
    row = judge(XeroDialect(), answer, Reading(), False)
    error = error_from(XeroDialect(), row, f"PUT {BASE}Invoices", answer, Reading(), False)

    assert isinstance(error, ScopeMissing)
    assert ("accounting.invoices", "accounting.transactions") == error.scopes
    assert "Xero PUT /api.xro/2.0/Invoices: 40" in error.sentence
    assert error.sentence.endswith(
        "any one of these scopes would do: accounting.invoices, accounting.transactions."
        " See that the setting `xero.scopes` has one of them, and connect Xero again."
    )
