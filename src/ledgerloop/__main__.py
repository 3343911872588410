"""Run the commands, also as ``python -m ledgerloop``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run a command. Whoever presses Ctrl-C while it still loads sees nothing of its inside."""
    try:
        from ledgerloop.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
