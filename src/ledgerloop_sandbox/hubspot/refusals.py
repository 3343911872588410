"""HubSpot's error answers: one envelope, and the bodies that its rules answer with. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledgerloop_sandbox.hubspot.wire import Json, encode

SCOPES_PAGE = "https://developers.hubspot.com/scopes"
OAUTH_PAGE = "https://developers.hubspot.com/docs/methods/auth/oauth-overview"

EMBEDDED = frozenset(
    {"PROPERTY_DOESNT_EXIST", "INVALID_EMAIL", "CONFLICTING_UNIQUE_VALUE", "INVALID_OPTION", "READ_ONLY_VALUE"}
)
"""Codes whose failures HubSpot writes as JSON inside the message; the others come as `errors[]`."""

GERMAN = {
    "PROPERTY_DOESNT_EXIST": 'Die Eigenschaft "{name}" existiert nicht',
    "INVALID_EMAIL": "Die E-Mail-Adresse {value} ist ungültig",
    "CONFLICTING_UNIQUE_VALUE": "Der Wert {value} von {name} ist bereits vergeben",
}


class Refusal(Exception):
    """A call that HubSpot refuses, with the status and the body it answers."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, body, headers)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Failure:
    """One property value that did not pass."""

    name: str
    code: str
    message: str
    value: str = ""
    context: Mapping[str, list[str]] | None = None


def refuse(status: int, category: str | None, message: str, **more: Any) -> Refusal:
    """Build the usual envelope; the correlation id is added where the answer is written."""
    body: Json = {"status": "error", "message": message, "correlationId": None}
    if category is not None:
        body["category"] = category
    return Refusal(status, body | more)


def invalid(message: str, **more: Any) -> Refusal:
    """Refuse a call as a VALIDATION_ERROR."""
    return refuse(400, "VALIDATION_ERROR", message, **more)


def object_in(body: Any) -> Json:
    """Return a body that is a JSON object, or refuse it."""
    if not isinstance(body, dict):
        raise invalid("Invalid input JSON: an object is needed.")
    return body


def not_found() -> Refusal:
    """Answer 404 as for a record that is not there."""
    return refuse(404, "OBJECT_NOT_FOUND", "resource not found")


def unauthenticated(message: str | None = None) -> Refusal:
    """Answer 401 for a missing, unknown or expired token."""
    text = (
        "Authentication credentials not found. This API supports OAuth 2.0 authentication "
        f"and you can find more details at {OAUTH_PAGE}"
    )
    return refuse(401, "INVALID_AUTHENTICATION", message or text)


def already_exists(existing: str) -> Refusal:
    """Answer 409 for a contact whose email is taken, naming the one that has it."""
    return refuse(409, "CONFLICT", f"Contact already exists. Existing ID: {existing}")


def duplicate_ids(ids: Sequence[str]) -> Refusal:
    """Refuse a batch that names the same record twice."""
    listed = ", ".join(ids)
    message = f"Duplicate IDs found in batch input: [{listed}]. IDs must be unique"
    return invalid(message, context={"ids": list(ids)})


def not_unique(type_id: str, name: str) -> Refusal:
    """Refuse an update or upsert keyed by a property that is not unique."""
    return invalid(f"Unable to perform update/upsert by non-unique {type_id} property {name}")


def missing_scopes(scopes: Iterable[str], variant: str, kind: str) -> Refusal:
    """Answer 403 in one of the captured forms: full, without category, without names, or view_schema."""
    names = list(scopes)
    text = (
        "This app hasn't been granted all required scopes to make this call. "
        f"Read more about required scopes here: {SCOPES_PAGE}."
    )
    error = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": names},
    }
    if variant == "unnamed":
        return refuse(403, "MISSING_SCOPES", text, links={"scopes": SCOPES_PAGE})
    if variant == "view_schema":
        listed = ", ".join(names)
        message = f"You do not have permissions to view_schema object type {kind} (requires one of [{listed}])"
        return refuse(403, "MISSING_SCOPES", message)
    category = None if variant == "no_category" else "MISSING_SCOPES"
    return refuse(403, category, text, errors=[error], links={"scopes": SCOPES_PAGE})


def bad_values(failures: Sequence[Failure], portal_id: int, language: str | None = None) -> Refusal:
    """Refuse property values: as JSON inside the message, or as `errors[]` for the newer codes."""
    if any(failure.code in EMBEDDED for failure in failures):
        listed = encode([_embedded(failure, portal_id, language) for failure in failures])
        return invalid(f"Property values were not valid: {listed}")
    errors = [
        {
            "message": failure.message,
            "code": failure.code,
            "context": dict(failure.context or {"propertyName": [failure.name]}),
        }
        for failure in failures
    ]
    return invalid("Invalid input (details will vary based on the error)", errors=errors)


def _embedded(failure: Failure, portal_id: int, language: str | None) -> Json:
    message = failure.message
    if language == "de" and failure.code in GERMAN:
        message = GERMAN[failure.code].format(name=failure.name, value=failure.value)
    shown: Json = {"isValid": False, "message": message, "error": failure.code, "name": failure.name}
    if failure.code == "PROPERTY_DOESNT_EXIST":
        shown |= {"localizedErrorMessage": message, "portalId": portal_id}
    return shown
