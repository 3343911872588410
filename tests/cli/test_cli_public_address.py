"""The doctor beside a service that runs: whether what is sent to its public address arrives there."""

from __future__ import annotations

from contextlib import closing

from cli_process import run
from operated import Place

from ledgerloop.bootstrap import build
from ledgerloop.http import open_client
from ledgerloop.report.doctor_address import knock, mark_of
from ledgerloop.settings import load


def test_the_service_at_its_public_address(served: Place) -> None:
    """Where TLS is wanting the doctor says so; the service answers itself, another installation's is told apart."""
    file = served.folder / "ledgerloop.toml"
    public = f"https://0.0.0.0:{served.port}"  # where this machine reaches itself, and no loopback address
    file.write_text(file.read_text().replace("[service]", f'[service]\npublic_url = "{public}"'))
    without = run(served.folder, "doctor").stdout
    with served.serving():
        doctor = run(served.folder, "doctor")
        built = build(load(file))
        with closing(built.database), open_client(5.0, 1) as client:
            itself = knock(client, served.url, "", mark_of(built))
            another = knock(client, served.url, "", "ab" * 32)
        built.vendors.close()
        counted = served.health()["webhooks"]

    assert "No TLS connection" not in without  # no service ran
    assert f"✗ No TLS connection to {public} comes about" in doctor.stdout
    assert 1 == doctor.returncode
    assert ("fine", f"What is sent to {served.url} arrives at this service.") == (itself.verdict, itself.sentence)
    assert ("missing", True) == (another.verdict, "is not this service (status 200)" in another.sentence)
    assert {} == counted
