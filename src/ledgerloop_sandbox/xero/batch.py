"""Apply the elements of one write, together or one by one as summarizeErrors says."""

from collections.abc import Callable
from typing import Any

from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.envelope import envelope
from ledgerloop_sandbox.xero.errors import Answer, Invalid, validation
from ledgerloop_sandbox.xero.organisation import Change
from ledgerloop_sandbox.xero.records import NO_ID
from ledgerloop_sandbox.xero.wire import Wire

# Beside what a rule refuses: what cannot be read, such as a number where an object belongs.
_WRONG = (Invalid, ValueError, ArithmeticError, TypeError, AttributeError, KeyError)
Apply = Callable[[ApiCall, Change, Wire], Any]
Show = Callable[[ApiCall, Any], Wire]


def write(call: ApiCall, key: str, id_name: str, apply: Apply, show: Show) -> Answer:
    """Write several elements: absent or true nothing is saved if one is wrong, false saves the others."""
    elements = call.elements(key)
    if call.flag("summarizeErrors", default=True):
        return _together(call, key, id_name, elements, apply, show)
    return _one_by_one(call, key, id_name, elements, apply, show)


def _together(call: ApiCall, key: str, id_name: str, elements: list[Wire], apply: Apply, show: Show) -> Answer:
    change, records, wrong = Change(call.organisation, call.now), [], []
    for element in elements:
        before = len(change.warnings)
        try:
            record = apply(call, change, element)
        except _WRONG as error:
            wrong.append(_refused(element, id_name, error))
        else:
            records.append((record, change.warnings[before:]))
    if wrong:
        change.take_back()
        return validation(wrong)
    call.happened += change.keep()
    return envelope(call, key, [{**show(call, record), **_warned(warnings)} for record, warnings in records])


def _one_by_one(call: ApiCall, key: str, id_name: str, elements: list[Wire], apply: Apply, show: Show) -> Answer:
    answers = []
    for element in elements:
        change = Change(call.organisation, call.now)
        try:
            record = apply(call, change, element)
        except _WRONG as error:
            change.take_back()
            answers.append({**_refused(element, id_name, error), "StatusAttributeString": "ERROR"})
            continue
        call.happened += change.keep()
        status = "WARNING" if change.warnings else "OK"
        answers.append({**show(call, record), **_warned(change.warnings), "StatusAttributeString": status})
    return envelope(call, key, answers)


def _refused(element: Wire, id_name: str, error: Exception) -> Wire:
    messages = error.messages if isinstance(error, Invalid) else [f"The element could not be read: {error}"]
    return {
        id_name: NO_ID,
        **{name: value for name, value in element.items() if value is not None},
        "HasErrors": True,
        "HasValidationErrors": True,
        "ValidationErrors": [{"Message": message} for message in messages],
    }


def _warned(warnings: list[str]) -> Wire:
    return {"Warnings": [{"Message": message} for message in warnings]} if warnings else {}
