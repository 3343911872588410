"""Run commands as processes, as an operator does, to their end or while a block lasts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from forked import Ended, Forked, run_to_end

COMMAND = [sys.executable, "-m", "ledgerloop"]
"""From a cold start."""


def run(directory: Path, *words: str, given: str = "") -> Ended:
    """Run a command to its end."""
    return run_to_end(directory, words, given=given)


@contextmanager
def begun(directory: Path, *words: str) -> Iterator[Forked]:
    """Run a command while the block lasts."""
    process = Forked(directory, words)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
