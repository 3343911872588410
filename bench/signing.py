"""Make signed Xero webhooks of one event each, as fast as a load needs them. Nothing of the service's own is used."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ledgerloop_sandbox.credentials import XERO_WEBHOOK_KEY

PATH = "/webhooks/xero"
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
"""Older than what the mirror has: these events need no call to Xero."""


def event_moment(number: int) -> str:
    """Return the moment of the event with this number: its events differ in nothing else."""
    return (_LONG_AGO + timedelta(milliseconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]


class Webhooks:
    """Make the requests for one organisation and the invoices that it has."""

    def __init__(self, host: str, tenant: str, invoices: Sequence[str]) -> None:
        self._host, self._tenant, self._invoices = host, tenant, invoices

    def request(self, number: int) -> bytes:
        """Return the whole request that tells of a change of an invoice at the moment of this number."""
        invoice = self._invoices[number % len(self._invoices)]
        body = (
            f'{{"events":[{{"resourceUrl":"https://api.xero.com/api.xro/2.0/Invoices/{invoice}",'
            f'"resourceId":"{invoice}","eventDateUtc":"{event_moment(number)}","eventType":"UPDATE",'
            f'"eventCategory":"INVOICE","tenantId":"{self._tenant}","tenantType":"ORGANISATION"}}],'
            f'"lastEventSequence":{number + 1},"firstEventSequence":{number + 1},"entropy":"S0M3R4ND0MT3XT"}}'
        ).encode()
        signature = base64.b64encode(hmac.new(XERO_WEBHOOK_KEY.encode(), body, hashlib.sha256).digest()).decode()
        head = (
            f"POST {PATH} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json; charset=utf-8\r\n"
            f"x-xero-signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body
