"""What vendors wrote reaches the operator's terminal as text, and nothing that a terminal would obey."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from cli_process import begun, run
from operated import until

from ledgerloop.cli.show import print_json, print_table, safe, say

EVIL = "A\x1b]0;renamed\x07 \x1b[2J \x9b31m \u202egnp.exe \u2066 \r \x7f \u2028 é 你 👩‍🔧"
OBEYED = [one for one in EVIL if ord(one) < 32 or 127 <= ord(one) < 160 or one in "\u202e\u2066\u2028"]


def test_only_what_is_obeyed_is_escaped() -> None:
    """Letters, line ends and emoji stay; what would be obeyed can be read."""
    assert "a\nb\té 你 👩‍🔧" == safe("a\nb\té 你 👩‍🔧")
    assert "\\u001b]0;x\\u0007 \\u009b \\u202e \\u007f \\r" == safe("\x1b]0;x\x07 \x9b \u202e \x7f \r")


def test_every_way_to_the_terminal_is_safe(capsys: pytest.CaptureFixture[str]) -> None:
    """Sentences, tables and JSON; and the JSON still says what was said."""
    say(EVIL)
    say(EVIL, err=True)
    print_table(EVIL, ("Name",), [(EVIL,)])
    print_table(EVIL, ("Name",), [])
    shown = capsys.readouterr()
    print_json({"name": EVIL})
    told = capsys.readouterr().out

    for text in (shown.out, shown.err, told):
        assert not [one for one in OBEYED if one in text]
    assert {"name": EVIL} == json.loads(told)


def test_commands_write_by_the_one_place() -> None:
    """No command writes past it: those that print by themselves print what the sandbox or we wrote."""
    commands = Path(__file__).parents[2] / "src" / "ledgerloop" / "cli"
    past = {file.name for file in commands.glob("*.py") if "typer.echo(" in file.read_text()}

    assert {"app.py", "show.py"} == past


def test_sandbox_data_that_is_none(tmp_path: Path) -> None:
    """Data of an unknown kind is refused by a sentence."""
    for data in ("huge", "large:many"):
        ended = run(tmp_path, "sandbox", "--data", data)
        assert 2 == ended.returncode
        assert "none of demo, empty and large:N" in " ".join(ended.stderr.replace("│", " ").split())
        assert "Traceback" not in ended.stderr


def test_sandbox_data_that_fits_nowhere(tmp_path: Path) -> None:
    """More than the memory holds is refused before anything is made."""
    for count in ("1000001", "99999999999", "9" * 5000):
        ended = run(tmp_path, "sandbox", "--data", f"large:{count}")
        assert 2 == ended.returncode
        assert "no more than large:1000000" in " ".join(ended.stderr.replace("│", " ").split())


def test_a_sandbox_is_stopped_while_it_makes_its_data(tmp_path: Path) -> None:
    """Whoever asked for too much need not wait for it."""
    words = ["sandbox", "--data", "large:1000000", "--xero-port", "0", "--hubspot-port", "0"]
    with begun(tmp_path, *words) as sandbox:
        until(lambda: _cpu_seconds(sandbox.pid) > 2)
        sandbox.send_signal(signal.SIGTERM)
        said, complained = sandbox.communicate(timeout=60)

    assert (0, "", "") == (sandbox.returncode, said, complained)


def _cpu_seconds(pid: int) -> float:
    return sum(map(int, Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13])) / 100


@pytest.mark.parametrize("name", ["xero_client_secret", "xero_webhook_key"])
def test_when_a_secret_is_taken_up(place: Path, name: str) -> None:
    """The command says what the pages say."""
    assert "takes it up within seconds." in run(place, "secret", "set", name, given="value").stdout


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_ended_leaves_nothing(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ended by a signal, the demo takes its folder, with its key, with it."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with begun(tmp_path, "demo", "--keep") as demo:
        assert demo.stdout is not None
        while "keeps running" not in (line := demo.stdout.readline()):
            assert line, "the demo ended"
        assert list(tmp_path.glob("ledgerloop-*"))
        demo.send_signal(number)
        demo.wait(60)

    assert [] == list(tmp_path.glob("ledgerloop-*"))
