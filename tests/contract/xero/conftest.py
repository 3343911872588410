"""Run one sandbox for all contract tests of the Xero half; each test begins with its data new."""

from collections.abc import Iterator

import pytest
from xero_app import App
from xero_contract import Contract
from xero_receiver import Receiver

from ledgerloop_sandbox.server import Sandbox, running


@pytest.fixture(scope="session")
def xero_sandbox() -> Iterator[Sandbox]:
    """Run the sandbox."""
    with running() as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def xero_contract(xero_sandbox: Sandbox) -> Contract:
    """Load Xero's OpenAPI file."""
    return Contract(xero_sandbox.xero_url)


@pytest.fixture
def stranger(xero_sandbox: Sandbox, xero_contract: Contract) -> Iterator[App]:
    """Return an app that is not connected yet, in a sandbox as new."""
    app = App(xero_sandbox, xero_contract)
    app.steer("reset")
    yield app
    app.close()


@pytest.fixture
def app(stranger: App) -> App:
    """Return an app that is connected to both organisations."""
    return stranger.connect()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Listen for webhooks."""
    listening = Receiver()
    yield listening
    listening.close()
