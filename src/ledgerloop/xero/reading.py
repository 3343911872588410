"""Read Xero's answers into models, pages and outcomes. Does no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from ledgerloop.errors import Transient
from ledgerloop.vendor_errors import Answer
from ledgerloop.xero.dialect import sentences_in
from ledgerloop.xero.models import Model, Pagination

T = TypeVar("T", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list."""

    items: tuple[T, ...]
    page: int
    page_count: int
    item_count: int


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What became of one element of a batch. ``problems`` are Xero's sentences; the record of a refused one is None."""

    ok: bool
    record: T | None
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def elements_in(answer: Answer, key: str) -> list[dict[str, Any]]:
    """Return the elements of a list answer as they are."""
    listed = answer.data.get(key) if isinstance(answer.data, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def records_in(answer: Answer, key: str, model: type[T]) -> list[T]:
    """Read the records of a list answer."""
    if not isinstance(answer.data, dict) or not isinstance(answer.data.get(key), list):
        raise Transient(f"Xero: the answer has no list of {key}", answer.status)
    return [record_from(one, model, key) for one in elements_in(answer, key)]


def record_from(given: Mapping[str, Any], model: type[T], where: str) -> T:
    """Read one record; what cannot be read is a Transient that names the fields, never silently dropped."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise Transient(f"Xero {where}: a record cannot be read ({fields})", 200) from None


def pagination_in(answer: Answer) -> Pagination | None:
    """Return what Xero says of the pages, if it says anything."""
    told = answer.data.get("pagination")
    try:
        return Pagination.model_validate(told) if isinstance(told, dict) else None
    except ValidationError:
        return None


def outcome_from(given: Mapping[str, Any], model: type[T], where: str) -> Outcome[T]:
    """Read what became of one element of a batch."""
    problems = tuple(sentences_in(given))
    warnings = tuple(_warnings(given.get("Warnings")))
    flagged = given.get("HasErrors") is True or given.get("HasValidationErrors") is True
    if problems or flagged or str(given.get("StatusAttributeString", "")).upper() == "ERROR":
        return Outcome(False, None, problems or ("Xero refused it and gave no reason.",), warnings)
    return Outcome(True, record_from(given, model, where), (), warnings)


def _warnings(given: Any) -> Iterable[str]:
    for one in given if isinstance(given, list) else ():
        if isinstance(one, dict) and isinstance(one.get("Message"), str):
            yield one["Message"]
