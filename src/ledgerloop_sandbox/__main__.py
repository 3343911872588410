"""Run the sandbox as `python -m ledgerloop_sandbox`."""

from ledgerloop_sandbox.cli import app

app()
