"""Read HubSpot's answers into models. Does no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from ledgerloop.errors import Transient
from ledgerloop.hubspot.dialect import existing_id_in, problems_in, sentence_in
from ledgerloop.hubspot.models import Association, BatchError, Change, Model, Record, moment_from
from ledgerloop.vendor_errors import Answer, without_emails

T = TypeVar("T", bound=Model)


def model_from(given: Any, model: type[T]) -> T:
    """Read one model; what cannot be read is a Transient that names the fields, never silently dropped."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, one["loc"])) for one in error.errors())
        raise Transient(f"HubSpot: a {model.__name__} cannot be read ({fields})", 200) from None


def models_from(answer: Answer, model: type[T]) -> list[T]:
    """Read the models of a list answer."""
    return [model_from(one, model) for one in results_in(answer)]


def records_in(answer: Answer) -> tuple[Record, ...]:
    """Read the records of a list answer."""
    return tuple(models_from(answer, Record))


def results_in(answer: Answer) -> list[dict[str, Any]]:
    """Return the results of a list answer as they are."""
    results = answer.data.get("results") if isinstance(answer.data, dict) else None
    if not isinstance(results, list):
        raise Transient("HubSpot: the answer has no list of results", answer.status)
    return [one for one in results if isinstance(one, dict)]


def errors_in(answer: Answer) -> tuple[BatchError, ...]:
    """Read the ``errors`` of a 207; every part of them is optional."""
    errors = answer.data.get("errors") if isinstance(answer.data, dict) else None
    return tuple(_error_from(one) for one in errors if isinstance(one, dict)) if isinstance(errors, list) else ()


def after_in(given: Mapping[str, Any]) -> str | None:
    """Return what asks for the next page; None on the last."""
    following = (given.get("paging") or {}).get("next") or {}
    return str(following["after"]) if following.get("after") else None


def associations_from(given: Any) -> Iterator[Association]:
    """Read the ``to`` list of one record; ``toObjectId`` is a number on the wire."""
    for one in given if isinstance(given, list) else ():
        types = [kind for kind in one.get("associationTypes") or () if isinstance(kind, dict)]
        yield Association(
            str(one.get("toObjectId", one.get("id", ""))),
            tuple(int(kind["typeId"]) for kind in types if "typeId" in kind),
            tuple(kind["label"] for kind in types if kind.get("label")),
        )


def last_changes_in(given: Mapping[str, Any]) -> dict[str, Change]:
    """Return the last change of each property of a record with history."""
    found: dict[str, Change] = {}
    for name, past in (given.get("propertiesWithHistory") or {}).items():
        entries = [one for one in past or () if isinstance(one, dict)]
        known = [
            Change(at, str(one.get("value") or "")) for one in entries if (at := moment_from(one.get("timestamp")))
        ]
        if known:
            found[name] = max(known, key=lambda change: change.at)
    return found


def _error_from(given: Mapping[str, Any]) -> BatchError:
    raw = given.get("context")
    context: Mapping[str, Any] = raw if isinstance(raw, dict) else {}
    said = given.get("message")
    message = said if isinstance(said, str) else ""
    return BatchError(
        without_emails(sentence_in(message)),
        str(given.get("category") or ""),
        tuple(dict.fromkeys(code for _, code, _ in problems_in(given) if code)),
        tuple((field, code, without_emails(said)) for field, code, said in problems_in(given)),
        _names(context.get("ids")),
        _names(context.get("objectWriteTraceId")),
        existing_id_in(message),
    )


def _names(given: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in given) if isinstance(given, list) else ((str(given),) if given else ())
