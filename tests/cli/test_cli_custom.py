"""A custom connection of Xero: one organisation, no consent, tokens that are made anew instead of renewed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_process import run
from scene import Scene

from ledgerloop.cli.stage import connect_hubspot
from ledgerloop.setup.connect import GRANT
from ledgerloop.store import connections, lanes
from ledgerloop_sandbox import credentials

KIWI = "Kiwi Demo Ltd"
CUSTOM = {"client_id": credentials.XERO_CUSTOM_CLIENT_ID, "connection": "custom"}


@pytest.fixture
def custom(staged: Callable[..., Scene]) -> Scene:
    """Give a stage with the settings and the secret of a custom connection, and nothing connected."""
    scene = staged({"xero": CUSTOM}, connected=False)
    scene.built.secrets.save("xero_client_secret", credentials.XERO_CUSTOM_CLIENT_SECRET)
    return scene


def test_both_flows_without_any_consent(custom: Scene, tmp_path: Path) -> None:
    """A command connects, deals are invoiced, payments are shown, and a token that has ended is made anew."""
    connected = run(tmp_path, "connect", "xero")
    assert f"Connected: {KIWI}.\n" == connected.stdout
    with custom.built.database.reading() as tx:
        [one] = connections.all_connected(tx, "xero")
    custom.on.organisation = one.id
    connect_hubspot(custom.on)
    custom.settle()

    deal = custom.sell()
    custom.until_shown("deals", deal, "xero_invoice_id")
    custom.fault("xero", kind="expire_tokens")
    [made] = custom.invoices_of(deal)
    custom.approve(made["InvoiceID"])
    custom.pay(made["InvoiceID"], made["Total"])
    custom.until_shown("deals", deal, "xero_invoice_status", "PAID")
    custom.settle()

    with custom.built.database.reading() as tx:
        assert ["connected"] == [each.state for each in connections.all_connected(tx, "xero")]
    assert [] == custom.calls("xero", "/identity/connect/authorize")
    assert [] == custom.calls("xero", "onnections")
    assert 2 == len(custom.calls("xero", "/connect/token"))
    doctor = run(tmp_path, "doctor")
    assert "Xero granted every scope that is wanted." in doctor.stdout
    assert f"Xero answers for {KIWI}." in doctor.stdout
    assert (0, "") == (doctor.returncode, doctor.stderr)

    ended = run(tmp_path, "disconnect", "xero", "--yes")

    assert 0 == ended.returncode, ended.stderr
    assert "The custom connection itself stands until somebody ends it in Xero" in ended.stdout
    assert custom.built.shelf.load(GRANT) is None


def test_a_connection_that_another_process_has_made(custom: Scene, tmp_path: Path) -> None:
    """A service that holds a token of the organisation before takes up the new one's, and calls nobody gone."""
    assert f"Connected: {KIWI}.\n" == run(tmp_path, "connect", "xero").stdout
    connect_hubspot(custom.on)
    custom.settle()
    custom.configure("xero", custom_organisation="Aussie Demo Pty")

    assert 0 == run(tmp_path, "disconnect", "xero", "--yes").returncode
    assert "Connected: Aussie Demo Pty.\n" == run(tmp_path, "connect", "xero").stdout
    custom.settle()

    with custom.built.database.reading() as tx:
        stand = {one.name: (one.id, one.state) for one in connections.all_connected(tx, "xero")}
        turns = {one.lane: (one.turn > 0, one.failures) for one in lanes.all_lanes(tx) if one.flow == "standing"}
    key, state = stand["Aussie Demo Pty"]
    assert ("connected", (True, 0)) == (state, turns[key])


def test_the_console_has_a_button_for_it(custom: Scene) -> None:
    """Pressing it connects; the address at which others consent says so."""
    page = custom.on.browser.get("/").text
    token = re.findall(r'name="token" value="([^"]+)"', page)[0]
    assert '<form method="post" action="/connect/xero">' in page

    assert "is connected by the console" in custom.on.browser.get("/connect/xero").text
    after = custom.on.browser.post("/connect/xero", data={"token": token})

    assert f"Xero is connected: {KIWI}." in after.text


@pytest.mark.parametrize(
    ("secret", "organisation", "said"),
    [
        ("wrong", KIWI, "Xero refused the client (invalid_client): compare `xero.client_id`"),
        (
            credentials.XERO_CUSTOM_CLIENT_SECRET,
            "nobody",
            "Xero refused the client (unauthorized_client): compare `xero.client_id`",
        ),
    ],
)
def test_what_xero_refuses_is_said(custom: Scene, tmp_path: Path, secret: str, organisation: str, said: str) -> None:
    """A wrong secret, or an app that has no organisation, is a sentence, and nothing is connected."""
    custom.built.secrets.save("xero_client_secret", secret)
    custom.configure("xero", custom_organisation=organisation)

    ended = run(tmp_path, "connect", "xero")

    assert (1, "") == (ended.returncode, ended.stdout)
    assert said in ended.stderr
    with custom.built.database.reading() as tx:
        assert [] == connections.all_connected(tx, "xero")


def test_it_stands_for_one_organisation(staged: Callable[..., Scene], tmp_path: Path) -> None:
    """Where another is connected, a person says first which is to go on."""
    scene = staged()
    scene.configure("xero", custom_organisation="Aussie Demo Pty")
    scene.built.secrets.save("xero_client_secret", credentials.XERO_CUSTOM_CLIENT_SECRET)
    file = tmp_path / "ledgerloop.toml"
    changed = file.read_text("utf-8").replace(credentials.XERO_CLIENT_ID, credentials.XERO_CUSTOM_CLIENT_ID)
    file.write_text(changed.replace("[xero]", '[xero]\nconnection = "custom"'), "utf-8")

    ended = run(tmp_path, "connect", "xero")

    assert 2 == ended.returncode
    assert "a custom connection is for one organisation, which is Aussie Demo Pty, and Kiwi Demo Ltd is connected." in (
        ended.stderr
    )
