"""Other people's terminals: characters that they cannot show, output that is closed or full, Ctrl-C at any moment."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from cli_process import COMMAND


def _shell(place: Path, words: str, more: str, encoding: str = "utf-8", **env: str) -> subprocess.CompletedProcess[str]:
    command = ["sh", "-c", f'"$@" {more}', "sh", *COMMAND, *words.split()]
    ended = subprocess.run(
        command, cwd=place, capture_output=True, encoding=encoding, timeout=120, env=os.environ | env
    )
    assert "Traceback" not in ended.stderr, ended.stderr
    assert "Exception ignored" not in ended.stderr, ended.stderr
    return ended


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_what_cannot_be_shown_is_an_escape(place: Path, encoding: str) -> None:
    """A terminal of another encoding shows escapes; the command ends as anywhere."""
    ended = _shell(place, "doctor", "", encoding, PYTHONIOENCODING=encoding)

    assert 1 == ended.returncode
    assert r"\u2717" in ended.stdout


@pytest.mark.parametrize("words", ["status", "status --json", "docs", "docs setup", "--help", "--version"])
@pytest.mark.parametrize("more", [">&-", "> /dev/full"])
def test_output_that_takes_nothing(place: Path, words: str, more: str) -> None:
    """Where nothing is heard of what is said, the command fails, with a sentence on standard error."""
    ended = _shell(place, words, more)

    assert 1 == ended.returncode
    assert 1 == len(ended.stderr.splitlines())
    assert "Standard output" in ended.stderr


def test_neither_takes_anything(place: Path) -> None:
    """Where errors cannot be said either, the status alone tells."""
    assert 1 == _shell(place, "status", "> /dev/full 2> /dev/full").returncode
    assert 1 == _shell(place, "status", ">&- 2>&-").returncode


def test_ctrl_c_while_it_loads(place: Path) -> None:
    """Whoever stops a command before it has begun sees nothing of its inside."""
    slow = place / "slow"
    slow.mkdir()
    (slow / "typer.py").write_text("import time\nprint('loading', flush=True)\ntime.sleep(60)\n")
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(slow), os.environ.get("PYTHONPATH"))))}
    with subprocess.Popen(
        [*COMMAND, "status"], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    ) as command:
        assert command.stdout is not None
        assert "loading\n" == command.stdout.readline()
        command.send_signal(signal.SIGINT)
        _, said = command.communicate(timeout=60)

    assert (130, "") == (command.returncode, said)
