"""What HubSpot refuses of a record, where its own rules of a portal do and the sandbox has none."""

from __future__ import annotations

import json

from scripted import Reply, playing

from ledgerloop.clock import Clock
from ledgerloop.http import Api, open_client
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.dialect import HubSpotDialect
from ledgerloop.portal import batch_write
from ledgerloop.rate_limiter import Governor

REFUSED = {
    "status": "COMPLETE",
    "results": [],
    "numErrors": 1,
    "errors": [
        {
            "status": "error",
            "category": "VALIDATION_ERROR",
            "message": 'Property values were not valid: [{"isValid":false,"message":"7010 breaks a rule",'
            '"error":"INVALID_REGEX","name":"zip"}]',
            "context": {"ids": ["512"]},
        }
    ],
}
TAKEN = {"status": "COMPLETE", "results": [{"id": "512", "properties": {"name": "Quay Ltd"}}]}


def test_a_part_of_an_address_that_is_refused_leaves_out_all_of_it() -> None:
    """Half an address would be a wrong one; what stands beside it is written."""
    row = {"name": "Quay Ltd", "address": "1 Quay St", "city": "Nelson", "zip": "7010"}
    with open_client(timeout=5.0) as wire, playing(Reply(207, REFUSED), Reply(200, TAKEN)) as server:
        api = Api(
            wire,
            server.url,
            HubSpotDialect(),
            token=lambda refused: "t",
            governor=Governor(clock=Clock()),
            clock=Clock(),
            lane="62515",
        )
        sent = batch_write.update(HubSpotClient(api), "companies", {"512": row}, batch_write.Asked(frozenset()))

    assert [row, {"name": "Quay Ltd"}] == [json.loads(one.body)["inputs"][0]["properties"] for one in server.requests]
    assert {"address", "city", "zip"} == {one.name for one in sent.dropped["512"]}
    assert ["512"] == list(sent.records)
