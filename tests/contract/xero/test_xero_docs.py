"""Keep the sandbox's page true: every test it names exists, and every test of a rule is named."""

import re
from pathlib import Path

from ledgerloop_sandbox import credentials
from ledgerloop_sandbox.faults import CALL_KINDS, WEBHOOK_KINDS
from ledgerloop_sandbox.xero.state import OPTIONS

HERE = Path(__file__).parent
PAGE = (HERE.parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")
SECTIONS = ("auth", "limits", "reading", "writing", "tidying", "webhooks", "faults")


def test_every_rule_of_the_page_names_a_test_and_every_test_is_named() -> None:
    """The tables and the test modules of its sections have the same tests."""
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    texts = [(HERE / f"test_xero_{section}.py").read_text(encoding="utf-8") for section in SECTIONS]
    written = {name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}

    assert named == written


def test_page_has_every_setting_fault_and_credential() -> None:
    """What can be set, armed or used to log in is on the page."""
    words = {*OPTIONS, *CALL_KINDS, *WEBHOOK_KINDS}
    values = {credentials.XERO_CLIENT_ID, credentials.XERO_CLIENT_SECRET, credentials.XERO_WEBHOOK_KEY}
    values |= {credentials.XERO_CUSTOM_CLIENT_ID, credentials.XERO_CUSTOM_CLIENT_SECRET}

    assert [word for word in sorted(words | values) if f"`{word}`" not in PAGE] == []
