"""Run the commands, also as ``python -m ledgerloop``."""

from __future__ import annotations

import gc
import sys

_SELDOM = 50_000
"""Objects that are made between two looks for garbage: what is loaded stays, and what a turn makes is freed as it goes.

Looking as often as Python does by itself takes a sixth of the time that loading takes.
"""


def main() -> None:
    """Run a command. Whoever presses Ctrl-C while it still loads sees nothing of its inside."""
    gc.set_threshold(_SELDOM)
    try:
        from ledgerloop.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
