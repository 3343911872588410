"""A service whose secrets lie in AWS Secrets Manager, by real processes: moved there, served from there, and back."""

from __future__ import annotations

import pytest
from cli_process import begun
from operated import SECRETS, Place, until

from aws_server import Aws


def _command(place: Place, *words: str) -> tuple[int, str, str]:
    """Run a command with this process's own environment, in which the SDK finds what it needs."""
    with begun(place.folder, *words) as process:
        said, complained = process.communicate(timeout=120)
        return process.returncode, said, complained


@pytest.mark.usefixtures("aws_environment")
def test_moved_there_and_back(served: Place, aws: Aws) -> None:
    """Tokens and secrets go to AWS and back, the connection with them; while AWS is away, what needs it gets 503."""
    folder, file = aws.folder(), served.folder / "ledgerloop.toml"
    with served.serving():
        served.connect()
    settings = file.read_text()
    moved = _command(served, "secret", "move", "--to", f"aws-sm:{folder}")
    assert 0 == moved[0], moved
    for name, secret in SECRETS.items():
        assert secret == aws.get(f"{folder}/{name}")
    file.write_text(f'{settings}[secrets]\nstore = "aws-sm:{folder}"\n')
    with served.serving():
        assert (200, 200) == (served.from_xero(), served.from_hubspot())
        with aws.halted():
            until(lambda: 503 == served.from_xero(), 120)
            until(lambda: "failing" == served.health()["status"], 120)
        until(lambda: 200 == served.from_xero(), 120)
        until(lambda: "ok" == served.health()["status"], 120)
        assert "Xero answers for" in _command(served, "doctor")[1]
    with aws.closed():
        denied = _command(served, "secret", "move", "--to", "local")
    back = _command(served, "secret", "move", "--to", "local")
    file.write_text(settings)
    with served.serving():
        assert (200, 200) == (served.from_xero(), served.from_hubspot())

    assert (2, True) == (denied[0], "AWS does not let us in" in denied[2])
    assert (0, ["", ""]) == (back[0], [aws.get(f"{folder}/{name}") for name in ("xero", "hubspot_token")])
    everything = "\n".join([*served.log, *moved[1:], *denied[1:], *back[1:]])
    for secret in (*SECRETS.values(), "hunter2-of-aws"):
        assert secret not in everything
