"""Read how HubSpot words refusals and quotas, and set up the governor that keeps to its limits. Does no I/O.

Every field of HubSpot's error envelope is optional, and texts may be translated: codes decide.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ledgerloop.clock import Clock
from ledgerloop.rate_limiter import Governor, Limit, Reading
from ledgerloop.records import Vendor
from ledgerloop.vendor_errors import Answer, Refusal, figure, retry_after

SEARCH = "search"
"""The kind of call that has its own, smaller quota and is not counted in the other."""

LIMITS = (
    Limit("ten_secondly", 100, 10.0, share=0.8),
    Limit(SEARCH, 4, 1.0, kinds=(SEARCH,)),
)
_WAITS = {"ten_secondly": 10.0, SEARCH: 1.0, "day": 3600.0}
"""How long to wait after a 429 that names no time, as HubSpot's usually do not. Of the day: look again in an hour."""

_EXISTING = re.compile(r"Existing ID:\s*(\d+)")
_ONE_OF = re.compile(r"requires one of \[([^\]]*)\]")
_SCOPE = re.compile(r"[a-z][\w.-]+")
_CODE = re.compile(r"\b(CONFLICTING_UNIQUE_VALUE)\b")

REQUIRED = frozenset({"MISSING_REQUIRED_PROPERTY", "MISSING_CONDITIONAL_REQUIRED_PROPERTY"})
"""By these codes HubSpot refuses what an administrator's rule wants a value for."""

_READ: Mapping[str, tuple[re.Pattern[str], ...]] = {
    "GET": (
        re.compile(r"/crm/(objects/[^/]+|v3/objects)/[a-z_]+(/\{id\})?"),
        re.compile(r"/crm/(properties/[^/]+|v3/properties)/[a-z_]+(/groups)?"),
        re.compile(r"/crm/(pipelines/[^/]+|v3/pipelines)/[a-z_]+"),
        re.compile(r"/crm/(lists/[^/]+|v3/lists)/object-type-id/\{type\}/name/\{name\}"),
        re.compile(r"/crm/(owners/[^/]+|v3/owners/)"),
        re.compile(r"/tax-rates/[^/]+/tax-rates"),
        re.compile(r"/account-info/[^/]+/details"),
    ),
    "POST": (
        re.compile(r"/crm/(objects/[^/]+|v3/objects)/[a-z_]+/(search|batch/read)"),
        re.compile(r"/crm/(associations/[^/]+|v4/associations)/[a-z_]+/[a-z_]+/batch/read"),
        re.compile(r"/oauth/v2/private-apps/get/access-token-info"),
    ),
}
"""What is read, by method: searches and reads of many are POSTs. All else may write."""

Problem = tuple[str, str, str]

PATIENCE = 12.0
"""Seconds for which a call waits for its quota: the window of ten is waited out, as a step may need several."""


def governor(clock: Clock, reserve: float = 0.2) -> Governor:
    """Keep HubSpot's ten-second and search limits, and the day's once a header has told it."""
    return Governor(LIMITS, clock=clock, reserve=reserve, patience=PATIENCE)


class HubSpotDialect:
    """Read HubSpot's answers."""

    vendor: Vendor = "hubspot"
    name = "HubSpot"

    def reads(self, method: str, path: str) -> bool:
        """Tell whether a call is listed as a read."""
        return any(one.fullmatch(path) for one in _READ.get(method, ()))

    def scopes(self, method: str, path: str) -> tuple[str, ...]:
        """Return none: HubSpot's refusals name them."""
        return ()

    def to_grant(self) -> str:
        """Say what a person does to have a scope granted."""
        return (
            "Add one of them to the app or key in HubSpot; a token made before that may have to be made anew. Then run"
            " `ledgerloop connect hubspot`, and what rests goes on."
        )

    def codes(self, answer: Answer) -> frozenset[str]:
        """Read out of a refusal what the table of refusals tells apart; a field's own code is one."""
        data = answer.data if isinstance(answer.data, dict) else {}
        message = _text(data.get("message"))
        codes = {code for _, code, _ in problems_in(data)}
        found = {
            "required": not codes.isdisjoint(REQUIRED),
            "scope": bool(_scopes(data)) or data.get("category") == "MISSING_SCOPES" or _about_scopes(answer, message),
            "role": "USER_DOES_NOT_HAVE_PERMISSIONS" in answer.text,
            "existing": bool(existing_id_in(message)),
        }
        return frozenset(codes | {code for code, is_so in found.items() if is_so})

    def refusal(self, answer: Answer) -> Refusal:
        """Say what a refusal says, whatever its form."""
        data = answer.data if isinstance(answer.data, dict) else {}
        message, problems = _text(data.get("message")), problems_in(data)
        shown = sentence_in(message)
        untold = [said for field, code, said in problems if (field or code) and said not in shown]
        return Refusal(
            " ".join([shown, *dict.fromkeys(untold)]).strip() or _plain(answer),
            problems,
            _scopes(data),
            existing_id=existing_id_in(message),
            request_id=_text(data.get("correlationId")) or _text(data.get("requestId")),
        )

    def reading(self, answer: Answer, kind: str) -> Reading:
        """Say what the rate limit headers and, for a 429 or 477, the body tell. Search answers lack most of them."""
        headers = answer.headers
        left = _figures(headers, {"ten_secondly": "Remaining", "day": "Daily-Remaining"})
        most = _figures(headers, {"ten_secondly": "Max", "day": "Daily"})
        stated = retry_after(headers)
        if answer.status == 477:
            return Reading(left, most, "moving", 60.0 if stated is None else stated)
        if answer.status != 429:
            return Reading(left, most, wait=stated if answer.status >= 500 else None)
        spent = _policy(answer.data, kind)
        return Reading(left, most, spent, _WAITS[spent] if stated is None else stated)


def problems_in(error: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Collect (field, code, sentence) from an error: from ``errors``, else from the JSON inside its message."""
    message = _text(error.get("message"))
    found = [*_listed(error.get("errors")), *_embedded(message)]
    if not found and (match := _CODE.search(message)):
        found.append(("", match[1], message))
    return tuple(found)


def sentence_in(message: str) -> str:
    """Return the message for a person: of JSON inside it only the sentences."""
    embedded = [sentence for _, _, sentence in _embedded(message)]
    return f"{message[: message.index('[')].rstrip(' :')}: {' '.join(embedded)}" if embedded else message[:500]


def existing_id_in(message: str) -> str:
    """Return the id of the record that exists already, where the message tells it."""
    found = _EXISTING.search(message)
    return found[1] if found else ""


def _listed(errors: Any) -> Iterator[Problem]:
    for one in errors if isinstance(errors, list) else ():
        if isinstance(one, dict):
            names = _object(one.get("context")).get("propertyName") or [one.get("in")]
            for name in names if isinstance(names, list) else [names]:
                yield _text(name), _text(one.get("code")), _text(one.get("message"))


def _embedded(message: str) -> Iterator[Problem]:
    """Read the JSON list that stands in a message from the first bracket on."""
    start = message.find("[{")
    if start < 0:
        return
    try:
        listed, _ = json.JSONDecoder().raw_decode(message, start)
    except (ValueError, RecursionError):
        return
    for one in listed:
        if isinstance(one, dict):
            yield _text(one.get("name")), _text(one.get("error")), _text(one.get("message"))


def _scopes(data: Mapping[str, Any]) -> tuple[str, ...]:
    found: list[str] = []
    errors = data.get("errors")
    for one in errors if isinstance(errors, list) else ():
        wanted = _object(_object(one).get("context")).get("requiredGranularScopes")
        if isinstance(wanted, list):
            found.extend(scope for scope in wanted if isinstance(scope, str))
    if not found and (match := _ONE_OF.search(_text(data.get("message")))):
        found.extend(_SCOPE.findall(match[1]))
    return tuple(dict.fromkeys(found))


def _about_scopes(answer: Answer, message: str) -> bool:
    return answer.status == 403 and "scope" in message.lower()


def _policy(data: Any, kind: str) -> str:
    policy = _text(data.get("policyName")).upper() if isinstance(data, dict) else ""
    if policy.startswith("DAILY"):
        return "day"
    return SEARCH if kind == SEARCH and not policy.startswith("TEN_SECONDLY") else "ten_secondly"


def _figures(headers: Mapping[str, str], names: Mapping[str, str]) -> dict[str, int]:
    told = {name: figure(headers, f"X-HubSpot-RateLimit-{header}") for name, header in names.items()}
    return {name: count for name, count in told.items() if count is not None}


def _plain(answer: Answer) -> str:
    text = answer.text.strip()
    return "an answer in HTML" if text.startswith("<") else text[:200]


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
