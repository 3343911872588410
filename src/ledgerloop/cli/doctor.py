"""Compare what is set up with what is needed, and name what is missing: settings, secrets, scopes, properties."""

from __future__ import annotations

from dataclasses import asdict

import typer

from ledgerloop.cli.opening import FILE, Config, HubSpotUrl, OnSandbox, ServicePort, XeroUrl, opened
from ledgerloop.cli.show import Json, print_json, say
from ledgerloop.report.doctor import examine
from ledgerloop.report.finding import Finding


def doctor(
    config: Config = FILE,
    sandbox: OnSandbox = False,
    xero_url: XeroUrl = "",
    hubspot_url: HubSpotUrl = "",
    port: ServicePort = None,
    as_json: Json = False,
) -> None:
    """Name what is missing: settings, secrets, scopes, properties. Exit status 1 if anything is."""
    with opened(config, sandbox, xero_url, hubspot_url, port) as built:
        findings = examine(built)
    if as_json:
        print_json([asdict(one) for one in findings])
    else:
        for one in findings:
            _print(one)
    if any(one.verdict == "missing" for one in findings):
        raise typer.Exit(1)


def _print(one: Finding) -> None:
    say(f"{ {'fine': '✓', 'note': '·', 'missing': '✗'}[one.verdict] } {one.sentence}")
    for label, scopes in (("wanted", one.wanted), ("granted", one.granted), ("missing", one.missing)):
        if scopes:
            say(f"    {label + ':':9}{' '.join(scopes)}")
