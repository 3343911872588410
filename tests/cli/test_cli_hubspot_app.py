"""`ledgerloop hubspot-app` writes what HubSpot's command line uploads, for this service's address."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_process import run

WEBHOOKS = Path("src/app/webhooks/webhooks-hsmeta.json")


@pytest.mark.parametrize("to_xero", [False, True])
def test_the_project_leads_to_this_service(place: Path, to_xero: bool) -> None:
    """Webhooks come to the address of the settings, of customers too, and of all that goes to Xero if that is on."""
    more = "[fields]\nto_xero = true\n" if to_xero else ""
    (place / "ledgerloop.toml").write_text(f'[service]\npublic_url = "https://sync.example.org/ledger"\n{more}')

    ended = run(place, "hubspot-app", "made")

    assert (0, "") == (ended.returncode, ended.stderr)
    config = json.loads((place / "made" / WEBHOOKS).read_text())["config"]
    assert "https://sync.example.org/ledger/webhooks/hubspot" == config["settings"]["targetUrl"]
    told = {(one["objectType"], one.get("propertyName")) for one in config["subscriptions"]["crmObjects"]}
    assert {("deal", "dealstage"), ("contact", "xero_contact_id")} < told
    assert to_xero is (("contact", "phone") in told)


def test_what_cannot_be_uploaded_is_not_written(place: Path) -> None:
    """An address that HubSpot does not reach, and a folder that is there, are refused, and nothing is touched."""
    ended = run(place, "hubspot-app")
    assert 1 == ended.returncode
    assert "write service.public_url first." in ended.stderr
    assert not (place / "hubspot-app").exists()

    (place / "ledgerloop.toml").write_text('[service]\npublic_url = "https://sync.example.org"\n')
    (place / "hubspot-app").mkdir()
    ended = run(place, "hubspot-app")
    assert (1, []) == (ended.returncode, [*(place / "hubspot-app").iterdir()])
    assert "hubspot-app is there already. Name another folder, or take it away first." in ended.stderr
