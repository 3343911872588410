"""Put a list into the envelope that every 200 answer has, with paging where it was asked."""

import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.errors import Answer, bad_request
from ledgerloop_sandbox.xero.wire import Wire, dumps, moment_bare

PROVIDER = "Ledgerloop"
DEFAULT_PAGE, LARGEST_PAGE = 100, 1000

T = TypeVar("T")


def paged(call: ApiCall) -> bool:
    """Tell whether the call asked for pages."""
    return "page" in call.query or "pageSize" in call.query


def envelope(call: ApiCall, key: str, items: list[Any]) -> Answer:
    """Answer with items and without paging."""
    return _answer(call, key, [dumps(item) for item in items], None)


def page(call: ApiCall, key: str, records: Sequence[T], text: Callable[[T], str]) -> Answer:
    """Answer with the page that was asked, or with everything."""
    if not paged(call):
        return _answer(call, key, [text(record) for record in records], None)
    number, size = _natural(call, "page", 1), min(_natural(call, "pageSize", DEFAULT_PAGE), LARGEST_PAGE)
    pagination = {
        "page": number,
        "pageSize": size,
        "pageCount": -(-len(records) // size),
        "itemCount": len(records),
    }
    chosen = records[(number - 1) * size : number * size]
    return _answer(call, key, [text(record) for record in chosen], pagination)


def _answer(call: ApiCall, key: str, texts: list[str], pagination: Wire | None) -> Answer:
    head: Wire = {
        "Id": str(uuid.uuid4()),
        "Status": "OK",
        "ProviderName": PROVIDER,
        "DateTimeUTC": moment_bare(call.now),
    }
    if pagination is not None:
        head["pagination"] = pagination
    return Answer(200, f'{dumps(head)[:-1]},"{key}":[{",".join(texts)}]}}'.encode())


def _natural(call: ApiCall, name: str, default: int) -> int:
    text = call.query.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise bad_request("ValidationException", f"The {name} parameter must be a whole number above 0", 10)
    return int(text)
