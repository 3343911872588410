"""The stress that `make test STRESS=1` puts on the machine is there while the command runs, and never afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import stress

SCRIPT = Path(stress.__file__)
COMMAND = f"""
import os, sys
pids = os.environ["{stress.PIDS}"].split()
for pid in pids:
    os.kill(int(pid), 0)
print(*pids, flush=True)
sys.stdin.read(1)
sys.exit(3)
"""


@pytest.mark.parametrize("how", ["ends", "is ended"])
def test_stress_ends_with_its_command(how: str) -> None:
    """One busy process for each core lives while the command runs; its failure is passed on, and all are gone."""
    command = [sys.executable, str(SCRIPT), sys.executable, "-c", COMMAND]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as under_stress:
        assert under_stress.stdout is not None
        pids = [int(pid) for pid in under_stress.stdout.readline().split()]
        if how == "is ended":
            under_stress.send_signal(signal.SIGTERM)
        under_stress.communicate("." if how == "ends" else None)

    assert len(pids) == os.cpu_count()
    assert (3 if how == "ends" else 128 + signal.SIGTERM) == under_stress.returncode
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
