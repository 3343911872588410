"""`ledgerloop doctor` names what is missing: scopes wanted, granted and missing, properties, connections."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from cli_process import run
from typer.testing import CliRunner

from ledgerloop.bootstrap import build
from ledgerloop.cli.app import app
from ledgerloop.hubspot import scopes
from ledgerloop.settings import load
from ledgerloop.setup.connect import begin_consent, connect_portal, finish_consent
from ledgerloop.setup.purpose import answer
from ledgerloop.store import connections
from ledgerloop.store.db import Database
from ledgerloop_sandbox import credentials
from ledgerloop_sandbox.server import Sandbox, running

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """Run both vendors."""
    with running() as both:
        yield both


@pytest.fixture
def file(place: Path, sandbox: Sandbox) -> Path:
    """Give settings that name the vendors as an operator's do, and the secrets they refer to."""
    file = place / "ledgerloop.toml"
    _write(file, sandbox, "granular")
    for name, value in (
        ("xero_client_secret", credentials.XERO_CLIENT_SECRET),
        ("xero_webhook_key", credentials.XERO_WEBHOOK_KEY),
        ("hubspot_token", credentials.HUBSPOT_TOKEN),
    ):
        assert 0 == CliRunner().invoke(app, ["secret", "set", name, "--config", str(file)], input=value).exit_code
    return file


def _write(file: Path, sandbox: Sandbox, wanted: str) -> None:
    addresses = "".join(f'{name}_url = "{sandbox.xero_url}"\n' for name in ("login", "identity", "api"))
    xero = f'[xero]\nclient_id = "{credentials.XERO_CLIENT_ID}"\nscopes = "{wanted}"\n{addresses}'
    file.write_text(f'{xero}[hubspot]\napi_url = "{sandbox.hubspot_url}"\n')


def _connect(file: Path) -> None:
    """Consent to everything that is asked for, and connect the portal, as the service does."""
    built = build(load(file))
    back = httpx2.get(f"{begin_consent(built.desk)}&sandbox_consent=all").headers["location"]
    query = parse_qs(urlsplit(back).query)
    finish_consent(built.desk, query["code"][0], query["state"][0])
    connect_portal(built.desk)
    answer(built.desk, [], "Kiwi Demo Ltd")
    built.vendors.close()
    built.database.close()


def _findings(file: Path) -> tuple[int, list[dict[str, Any]]]:
    ended = CliRunner().invoke(app, ["doctor", "--json", "--config", str(file)], catch_exceptions=False)
    return ended.exit_code, json.loads(ended.stdout)


def _waiting(file: Path) -> list[str]:
    """Name the connections that wait for a person, as status tells it, whose headline says so."""
    said = CliRunner().invoke(app, ["status", "--config", str(file)]).stdout
    assert "must be connected again" in said.partition("\n\n")[0], said
    shown = json.loads(CliRunner().invoke(app, ["status", "--json", "--config", str(file)]).stdout)
    return [one["name"] for one in shown["connections"] if one["state"] == "needs_consent"]


def _about(findings: list[dict[str, Any]], words: str) -> dict[str, Any]:
    return next(one for one in findings if words in one["sentence"])


def test_stages_that_are_not_there(file: Path) -> None:
    """A stage or pipeline that a route names and HubSpot lacks is named, with where it stands."""
    _connect(file)
    file.write_text(
        f'{file.read_text()}[route]\npaid_stage = "nowhere"\n[[routes]]\npipeline = "default"\nstage = "9"\n'
    )

    status, findings = _findings(file)

    assert 1 == status
    assert "which a route has as its `paid_stage`" in _about(findings, "no “nowhere” for deals")["sentence"]
    assert "missing" == _about(findings, "no “9” for deals")["verdict"]
    assert not [one for one in findings if "“default”" in one["sentence"]]


def test_what_routes_name_and_the_books_lack(file: Path) -> None:
    """Accounts, tax types, currencies, themes and tracking are compared with those of the organisation they lead to."""
    _connect(file)
    right = '[[routes]]\ncurrency = "USD"\nbranding_theme = "Special Projects"\ntracking = { Region = "Overseas" }\n'
    plain = file.read_text()
    file.write_text(f"{plain}{right}[[routes]]\n")
    healthy, fine = _findings(file)
    wrong = (
        '[[routes]]\ncurrency = "CHF"\naccount_code = "999"\ntax_type = "NOTHING"\nbranding_theme = "Gold"\n'
        'tracking = { Region = "Moon" }\n[[routes]]\norganisation = "Aussie Demo Pty"\naccount_code = "998"\n'
    )
    file.write_text(f"{plain}{wrong}")

    status, findings = _findings(file)

    assert (0, 1) == (healthy, status), fine
    assert (
        "fine"
        == _about(fine, "Kiwi Demo Ltd's Xero has everything that the settings name for it: [[routes]] 1")["verdict"]
    )
    for words in (
        "[[routes]] 1 names account 999 at `account_code`, which Kiwi Demo Ltd's Xero",
        "[[routes]] 1 names tax type NOTHING at `tax_type`, which Kiwi Demo Ltd's Xero",
        "[[routes]] 1 is for deals in CHF, which Kiwi Demo Ltd's Xero does not have",
        "[[routes]] 1 names the branding theme “Gold”, which is not in Kiwi Demo Ltd's Xero",
        "[[routes]] 1 tracks lines as Region = Moon, which Kiwi Demo Ltd's Xero does not have",
        "[[routes]] 2 names account 998 at `account_code`, which Aussie Demo Pty's Xero",
    ):
        assert "missing" == _about(findings, words)["verdict"]
    assert not [one for one in findings if "998" in one["sentence"] and "Kiwi" in one["sentence"]]


def test_a_route_to_nobody_that_is_connected(file: Path) -> None:
    """An organisation that a route names and nobody connected is named before a deal is held for it."""
    _connect(file)
    file.write_text(f'{file.read_text()}[route]\norganisation = "Kiwi Ltd"\n')

    status, findings = _findings(file)

    found = _about(findings, "[route] names “Kiwi Ltd” at `organisation`, which is not connected")
    assert (1, "missing") == (status, found["verdict"])
    assert found["sentence"].endswith("known: Aussie Demo Pty, Kiwi Demo Ltd.")


def test_several_organisations_and_none_chosen(file: Path) -> None:
    """Won deals that wait for a choice are no tick; the command that the sentence names cures it."""
    _connect(file)
    database = Database(load(file).service.database)
    with database.transaction() as tx:
        connections.choose(tx, "")
    database.close()

    status, findings = _findings(file)
    choose_ = ["connect", "choose", "--config", str(file)]
    strange = CliRunner().invoke(app, [*choose_, "Nobody Ltd"])
    before = CliRunner().invoke(app, choose_).stdout
    chosen = CliRunner().invoke(app, [*choose_, "Aussie Demo Pty"])
    afterwards = CliRunner().invoke(app, choose_).stdout
    cured, after = _findings(file)

    waits = "Several Xero organisations are connected (Aussie Demo Pty, Kiwi Demo Ltd), and none is chosen"
    assert (1, "missing") == (status, _about(findings, waits)["verdict"])
    assert "`ledgerloop connect choose`" in _about(findings, waits)["sentence"]
    assert "There is no one organisation “Nobody Ltd”." in str(strange.exception)
    assert "Deals whose route names no organisation are invoiced in Aussie Demo Pty.\n" == chosen.stdout
    assert (0, []) == (cured, [one for one in after if waits in one["sentence"]])
    listed = [line.split(" (")[0] for line in before.splitlines()]
    assert (["Aussie Demo Pty", "Kiwi Demo Ltd"], 0) == (listed, before.count("chosen"))
    assert ["Aussie Demo Pty"] == [line.split(" (")[0] for line in afterwards.splitlines() if line.endswith(", chosen")]


def test_all_is_fine(file: Path) -> None:
    """With everything in place the exit status is 0; no HubSpot client secret is a note, as service keys have none."""
    _connect(file)

    status, findings = _findings(file)

    assert 0 == status, findings
    assert "note" == _about(findings, "HubSpot's webhooks are refused")["verdict"]
    assert "fine" == _about(findings, "HubSpot has every property")["verdict"]
    assert "fine" == _about(findings, "Xero answers for Kiwi Demo Ltd")["verdict"]


def test_the_only_one_that_is_left_was_not_answered(file: Path) -> None:
    """Where the others are disconnected, an organisation of which nobody has said what it is for is named still."""
    _connect(file)
    database = Database(load(file).service.database)
    with database.transaction() as tx:
        for one in connections.all_connected(tx, "xero"):
            state = connections.ENDED if one.name == "Kiwi Demo Ltd" else connections.UNANSWERED
            connections.put(
                tx, replace(one, state=state, why="" if state == connections.ENDED else "Nobody has said yet.")
            )
    database.close()

    status, findings = _findings(file)

    assert "note" == _about(findings, "Kiwi Demo Ltd is disconnected")["verdict"]
    assert (1, "missing") == (status, _about(findings, "Nobody has said yet.")["verdict"])


def test_what_a_small_plan_allows(file: Path, sandbox: Sandbox) -> None:
    """The plan's approved invoices of the month and the lock date are said before either refuses anything."""
    _connect(file)
    built = build(load(file))
    with built.database.reading() as tx:
        homes = {one.name: one.id for one in connections.organisations(tx)}
    built.database.close()
    steered = {"Class": "IGNITE", "PeriodLockDate": "2026-03-31"}
    address = f"{sandbox.xero_url}/_sandbox/organisations/{homes['Kiwi Demo Ltd']}"
    assert 200 == httpx2.post(address, json=steered).status_code

    _, findings = _findings(file)

    plan = _about(
        findings, "Kiwi Demo Ltd's plan in Xero (IGNITE) allows 20 approved sales invoices a month, and 0 are"
    )
    assert "note" == plan["verdict"]
    assert "note" == _about(findings, "Kiwi Demo Ltd's Xero is locked until 2026-03-31")["verdict"]


def test_books_that_do_not_answer(file: Path, sandbox: Sandbox) -> None:
    """While Xero's accounting is down the doctor says so with the vendor's answer, though we are still let in."""
    _connect(file)
    fault = {"kind": "status", "status": 503, "path": "/api.xro/"}
    assert 201 == httpx2.post(f"{sandbox.xero_url}/_sandbox/faults", json=fault).status_code

    status, findings = _findings(file)

    found = _about(findings, "Xero does not answer for Kiwi Demo Ltd: ")
    assert (1, "missing") == (status, found["verdict"])
    assert "503" in found["sentence"]
    assert not [one for one in findings if "Xero answers" in one["sentence"]]


def test_xero_scopes_that_were_not_granted(file: Path, sandbox: Sandbox) -> None:
    """Scopes wanted since the consent was given are missing from the token's claim: three lists, and status 1."""
    _write(file, sandbox, "offline_access accounting.contacts accounting.settings.read")
    _connect(file)
    _write(file, sandbox, "granular")

    status, findings = _findings(file)

    found = _about(findings, "Xero did not grant every scope that is needed: see that `xero.scopes` has them, and conn")
    assert (1, "missing") == (status, found["verdict"])
    assert ["openid", "profile", "email", "accounting.invoices", "accounting.payments.read"] == found["missing"]
    assert "accounting.contacts" in found["granted"]
    assert 8 == len(found["wanted"])
    stops = [one["sentence"].partition(" no ")[2] for one in findings if one["sentence"].startswith("Without acc")]
    assert [
        "customer shows what it owes.",
        "invoice is made, corrected or emailed.",
        "payment is seen, and no credit of a customer's.",
    ] == stops
    assert "developer.xero.com" in _about(findings, "no program can read")["sentence"]
    told = CliRunner().invoke(app, ["doctor", "--config", str(file)]).stdout
    assert "✗ Xero did not grant every scope" in told
    assert "missing: openid profile email accounting.invoices accounting.payments.read" in told


def test_xero_scopes_that_nothing_needs(file: Path, sandbox: Sandbox) -> None:
    """A scope that is asked for and opens none of our calls is told of, and nothing is wrong."""
    enough = "offline_access accounting.contacts accounting.settings.read accounting.invoices accounting.payments.read"
    _write(file, sandbox, enough)
    _connect(file)
    _write(file, sandbox, f"{enough} accounting.reports.aged.read")

    found = _about(_findings(file)[1], "Xero did not grant every scope that is wanted, and nothing needs the others.")

    assert ("note", ["accounting.reports.aged.read"]) == (found["verdict"], found["missing"])


def test_deal_properties_of_other_tools_that_are_not_there(file: Path) -> None:
    """A property that `adopt` is to look at and HubSpot lacks is named, with the setting that names it."""
    _connect(file)
    file.write_text(
        f'{file.read_text()}[adopt]\ninvoice_id_property = "tool_id"\ninvoice_number_property = "dealname"\n'
    )

    status, findings = _findings(file)

    assert 1 == status
    found = _about(findings, "HubSpot has no property `tool_id` of deals: correct `adopt.invoice_id_property`.")
    assert "missing" == found["verdict"]
    assert not [one for one in findings if "dealname" in one["sentence"]]


def test_hubspot_scopes_that_the_token_lacks(file: Path, sandbox: Sandbox) -> None:
    """A token's scopes are compared with those wanted; those for making properties count while any is missing."""
    _connect(file)
    reading = [one for one in scopes.WANTED if one not in scopes.TO_MAKE_PROPERTIES]
    _use_token(file, sandbox, reading)
    enough = _about(_findings(file)[1], "lacks only scopes for making properties")
    _use_token(file, sandbox, [one for one in reading if "deals.write" not in one])

    status, findings = _findings(file)

    assert "note" == enough["verdict"]
    found = _about(findings, "HubSpot's token lacks scopes")
    assert (1, "missing") == (status, found["verdict"])
    assert "crm.objects.deals.write" in found["missing"]
    stops = [one["sentence"] for one in findings if one["sentence"].startswith("Without crm")]
    assert ["Without crm.objects.deals.write no deal shows its invoice, or why it is held."] == stops


def test_other_tools_that_bring_invoices(file: Path, sandbox: Sandbox) -> None:
    """What HubSpot's own data sync, or its older integration, has brought is a note that names it; nothing fails."""
    _connect(file)

    def act(path: str, **body: Any) -> None:
        order = {"method": "POST", "path": path, "body": body}
        assert 201 == httpx2.post(f"{sandbox.hubspot_url}/_sandbox/act", json=order).json()["status"]

    httpx2.post(
        f"{sandbox.hubspot_url}/_sandbox/settings", json={"search_lag_create": 0, "property_delay": 0}
    ).raise_for_status()
    alone = _findings(file)[1]
    status = {"name": "hs_external_status", "label": "External Invoice Status", "type": "string", "fieldType": "text"}
    act("/crm/properties/2026-09/invoices", **status, groupName="invoiceinformation")
    for number in range(1, 6):
        values = {"hs_currency": "NZD", "hs_number": f"INV-{number}", "hs_invoice_source": "data_sync"}
        act("/crm/objects/2026-09/invoices", properties=values)
    act("/crm/objects/2026-09/invoices", properties={"hs_currency": "NZD", "hs_number": "OWN-1"})
    act(
        "/crm/objects/2026-09/invoices",
        properties={"hs_currency": "NZD", "hs_number": "OLD-1", "hs_external_status": "PAID"},
    )

    ended, findings = _findings(file)

    assert not [one for one in alone if "has brought invoices" in one["sentence"]]
    sync = _about(findings, "HubSpot's data sync has brought invoices into HubSpot, such as INV-")
    old = _about(findings, "HubSpot's older integration with Xero or QuickBooks has brought invoices")
    assert (0, ["note"] * 2) == (ended, [one["verdict"] for one in (sync, old)])
    assert " and 2 more." in sync["sentence"]
    assert "such as OLD-1. A deal to which" in old["sentence"]
    assert "OWN-1" not in json.dumps(findings)
    _use_token(file, sandbox, list(scopes.WANTED))
    assert not [one for one in _findings(file)[1] if "has brought invoices" in one["sentence"]]


def test_what_is_wrong_is_not_fine_as_well(file: Path, sandbox: Sandbox) -> None:
    """Beside a property that is wrong the doctor does not say that HubSpot has every one."""
    body = {"name": "xero_currency", "label": "c", "groupName": "contactinformation", "type": "number"}
    act = {"method": "POST", "path": "/crm/properties/2026-09/contacts", "body": body | {"fieldType": "number"}}
    assert 201 == httpx2.post(f"{sandbox.hubspot_url}/_sandbox/act", json=act).json()["status"]
    _connect(file)

    status, findings = _findings(file)

    assert 1 == status
    assert "missing" == _about(findings, "`xero_currency` is a number")["verdict"]
    assert not [one for one in findings if "HubSpot has every property" in one["sentence"]]


def test_token_that_nobody_knows(file: Path) -> None:
    """What a vendor refuses is a finding; the rest is looked at all the same."""
    CliRunner().invoke(app, ["secret", "set", "hubspot_token", "--config", str(file)], input="pat-na1-unknown")

    status, findings = _findings(file)

    assert 1 == status
    assert "missing" == _about(findings, "No Xero organisation is connected")["verdict"]
    assert "missing" == _about(findings, "and then run `ledgerloop connect hubspot`")["verdict"]
    assert "pat-na1-unknown" not in json.dumps(findings)


def test_consent_that_ended(file: Path, sandbox: Sandbox) -> None:
    """Where Xero no longer takes the refresh token, the doctor says which command connects again."""
    _connect(file)
    assert 201 == httpx2.post(f"{sandbox.xero_url}/_sandbox/faults", json={"kind": "revoke_tokens"}).status_code

    status, findings = _findings(file)

    found = _about(findings, "Xero must be connected again: ")
    assert (1, "missing") == (status, found["verdict"])
    assert found["sentence"].endswith("(invalid_grant). Run `ledgerloop connect xero`, or use the console.")
    assert ["Aussie Demo Pty", "Kiwi Demo Ltd"] == _waiting(file)


def test_books_that_want_a_new_consent(file: Path, sandbox: Sandbox) -> None:
    """Where an organisation's books refuse us though Xero lists its connection, the command is named too."""
    _connect(file)
    fault = {"kind": "status", "status": 403, "path": "/api.xro/", "body": '{"Detail": "AuthenticationUnsuccessful"}'}
    assert 201 == httpx2.post(f"{sandbox.xero_url}/_sandbox/faults", json=fault).status_code

    status, findings = _findings(file)

    found = _about(findings, "Xero does not answer for Kiwi Demo Ltd: ")
    assert (1, "missing") == (status, found["verdict"])
    assert found["sentence"].endswith("to this app. Run `ledgerloop connect xero`, or use the console.")
    assert ["Aussie Demo Pty", "Kiwi Demo Ltd"] == _waiting(file)


def test_an_organisation_that_left(file: Path, sandbox: Sandbox) -> None:
    """Where Xero no longer lists an organisation, that one waits for a person, too."""
    _connect(file)
    fault = {"kind": "status", "status": 200, "path": "/connections", "body": "[]"}
    assert 201 == httpx2.post(f"{sandbox.xero_url}/_sandbox/faults", json=fault).status_code

    _, findings = _findings(file)

    assert "missing" == _about(findings, "Xero no longer lets us into Kiwi Demo Ltd")["verdict"]
    assert ["Aussie Demo Pty", "Kiwi Demo Ltd"] == _waiting(file)


def test_a_token_that_ended(file: Path) -> None:
    """A HubSpot token that is no longer taken has the portal wait, until the right one does and a turn went well."""
    _connect(file)
    CliRunner().invoke(app, ["secret", "set", "hubspot_token", "--config", str(file)], input="pat-na1-unknown")

    _findings(file)

    assert ["HubSpot 62515"] == _waiting(file)


def test_what_is_lacking_is_told_once(place: Path) -> None:
    """Before anything is saved each secret is named once, and no list is shown of what nobody was asked for."""
    ended = run(place, "doctor")

    assert 1 == ended.returncode
    for name in ("xero_client_secret", "xero_webhook_key", "hubspot_token", "hubspot_client_secret"):
        assert 1 == ended.stdout.count(f"run `ledgerloop secret set {name}`")
    assert "wanted:  openid" in ended.stdout
    assert "none" not in ended.stdout


def test_no_address_is_announced_where_there_is_none(place: Path) -> None:
    """Without a client secret there is nothing to open in a browser, and nothing says so first."""
    (place / "ledgerloop.toml").write_text('[xero]\nclient_id = "x"\n')

    ended = run(place, "connect", "xero")

    assert (2, "") == (ended.returncode, ended.stdout)
    assert "run `ledgerloop secret set xero_client_secret`" in ended.stderr
    assert "Open this address" not in ended.stderr


@pytest.mark.parametrize("kind", ["legacy", "service_key", "static"])
def test_the_documented_scopes_are_enough(file: Path, sandbox: Sandbox, kind: str) -> None:
    """A token of any kind with the scopes of the project file in docs/setup.md connects, and the doctor misses none."""
    page = (DOCS / "setup.md").read_text()
    listed = json.loads(re.findall(r'"requiredScopes": (\[.*?\])', page, re.DOTALL)[0])
    assert {*scopes.WANTED} == {*listed}
    _use_token(file, sandbox, listed, kind)

    connected = CliRunner().invoke(app, ["connect", "hubspot", "--config", str(file)])

    assert 0 == connected.exit_code, connected.output
    assert "fine" == _about(_findings(file)[1], "HubSpot's token has every scope that is wanted")["verdict"]


def test_a_token_that_may_not_say_whose_it_is(file: Path, sandbox: Sandbox) -> None:
    """Without `oauth` HubSpot does not tell the account's currency: connecting and the doctor name the scope."""
    lacking = [one for one in scopes.WANTED if one != "oauth"]
    _use_token(file, sandbox, lacking, "static")

    connected = run(file.parent, "connect", "hubspot")

    assert 1 == connected.returncode
    assert "any one of these scopes would do: oauth. Add one of them to the app or key in HubSpot" in connected.stderr
    assert ["oauth"] == _about(_findings(file)[1], "HubSpot's token lacks scopes")["missing"]


def test_a_scope_that_goes_without_saying(file: Path, sandbox: Sandbox) -> None:
    """HubSpot may let a token do what its list of scopes does not name: what it answers counts."""
    _connect(file)
    listed = [one for one in scopes.WANTED if one != "oauth"]

    assert ("oauth",) == scopes.missing(listed)
    assert () == scopes.missing(listed, answered=("oauth",))


def test_scopes_of_service_keys() -> None:
    """Service keys show sensitive scopes with a suffix, and e-commerce grants reading line items."""
    with_suffix = [f"{one}.v2" for one in scopes.WANTED]

    assert () == scopes.missing(with_suffix)
    assert () == scopes.missing([one for one in scopes.WANTED if "line_items" not in one] + ["e-commerce"])
    assert ("crm.objects.line_items.read",) == scopes.missing([one for one in scopes.WANTED if "line_items" not in one])
    assert scopes.WANTED == scopes.missing([])


def _use_token(file: Path, sandbox: Sandbox, granted: list[str], kind: str = "service_key") -> None:
    made = httpx2.post(f"{sandbox.hubspot_url}/_sandbox/tokens", json={"kind": kind, "scopes": granted})
    token = made.raise_for_status().json()["token"]
    CliRunner().invoke(app, ["secret", "set", "hubspot_token", "--config", str(file)], input=token)
