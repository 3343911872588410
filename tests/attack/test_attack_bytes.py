"""Bytes that coverage chooses go through verifying and reading webhooks, and nothing but an answer comes out."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

RUNS = int(os.environ.get("EXAMPLES", "10")) * 1000
"""`make fuzz` does three million."""


def test_bytes_that_coverage_chooses(tmp_path: Path) -> None:
    """Every way is gone from a rightful body on, and none ends in an error or in an event that cannot be kept."""
    if importlib.util.find_spec("atheris") is None:
        reason = "no atheris: there is no wheel of it for this Python or machine"
        if os.environ.get("CI") == "true" and sys.version_info < (3, 12):
            pytest.fail(reason)
        pytest.skip(reason)
    fuzzer = Path(__file__).with_name("bytes_fuzzer.py")
    options = [f"-runs={RUNS}", "-seed=7", "-max_len=4000", f"-artifact_prefix={tmp_path}/"]
    (corpus := tmp_path / "corpus").mkdir()

    done = subprocess.run(
        [sys.executable, str(fuzzer), *options, str(corpus)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr[-3000:]
    assert int(re.search(r"Done (\d+) runs", done.stderr)[1]) >= RUNS  # type: ignore[index]
