"""Say no in Xero's words: each refusal carries the answer that Xero gives."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from ledgerloop_sandbox.xero.wire import dumps

NOT_FOUND = "The resource you're looking for cannot be found"


class Invalid(Exception):
    """Refuse one element of a write, with the messages of its ValidationErrors."""

    def __init__(self, *messages: str) -> None:
        super().__init__(*messages)
        self.messages = list(messages)


@dataclass(slots=True)
class Answer:
    """Hold a finished answer."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """Refuse a whole call, with the answer that goes out."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer)
        self.answer = answer


def json_answer(status: int, body: Any, **headers: str) -> Answer:
    """Return a JSON answer; header names are written with underscores."""
    return Answer(status, dumps(body).encode(), headers={k.replace("_", "-"): v for k, v in headers.items()})


def text_answer(status: int, text: str) -> Answer:
    """Return a plain text answer, which Xero gives even when JSON was asked."""
    return Answer(status, text.encode(), "text/plain; charset=utf-8")


def not_found() -> Refused:
    """Refuse an unknown id or path: 404 in plain text."""
    return Refused(text_answer(404, NOT_FOUND))


def problem(status: int, title: str, detail: str, **headers: str) -> Refused:
    """Refuse for reasons of access: 401 and 403, with PascalCase names."""
    body: dict[str, Any] = {
        "Type": None,
        "Title": title,
        "Status": status,
        "Detail": detail,
        "Instance": str(uuid.uuid4()),
        "Extensions": {},
    }
    return Refused(json_answer(status, body, **headers))


def bad_request(kind: str, message: str, number: int = 14) -> Refused:
    """Refuse a call that is wrong as a whole: 400 without elements."""
    return Refused(json_answer(400, {"ErrorNumber": number, "Type": kind, "Message": message}))


def validation(elements: list[Any]) -> Answer:
    """Answer that nothing was saved: the 400 envelope with the elements that were wrong."""
    return json_answer(
        400,
        {
            "ErrorNumber": 10,
            "Type": "ValidationException",
            "Message": "A validation exception occurred",
            "Elements": elements,
        },
    )
