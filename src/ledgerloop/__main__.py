"""Run the commands as ``python -m ledgerloop``."""

from ledgerloop.cli.app import main

if __name__ == "__main__":
    main()
