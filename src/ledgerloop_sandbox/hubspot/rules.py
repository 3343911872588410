"""The validation rules that an account's admins set on properties, and what they say of a value. No I/O.

The rule types are HubSpot's. Of the arguments only some are published; those of ALPHANUMERIC beside NUMERIC_ONLY and
those of FORMAT are assumed. Rules that measure a duration from now are kept and shown but refuse nothing, because the
form of their arguments is not known.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from urllib.parse import urlsplit

from ledgerloop_sandbox.hubspot.emails import acceptable
from ledgerloop_sandbox.hubspot.wire import Json, epoch

Arguments = Sequence[str]
Test = Callable[[str, Arguments], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one property."""

    type: str
    arguments: tuple[str, ...]
    normalise: bool = False

    def as_json(self) -> Json:
        """Return the rule as HubSpot shows it."""
        return {
            "ruleType": self.type,
            "ruleArguments": list(self.arguments),
            "shouldApplyNormalization": self.normalise,
        }

    def tidied(self, value: str) -> str:
        """Return the value as it is before the rule looks at it."""
        if not self.normalise:
            return value
        return _CASES.get(self.arguments[0], str)(value.strip()) if self.type == "FORMAT" else value.strip()

    def allows(self, value: str) -> bool:
        """Tell whether the value passes."""
        return _KNOWN[self.type].test(value, self.arguments)


@dataclass(frozen=True, slots=True)
class _Kind:
    """A rule type: which property types have it, how many arguments it takes, which, and what it tests."""

    types: frozenset[str]
    least: int
    most: int
    fits: Callable[[str], object]
    test: Test


def problem_of(rule: Rule, property_type: str) -> str | None:
    """Say why a property cannot have this rule; nothing where it can."""
    kind = _KNOWN.get(rule.type)
    if kind is None:
        return f"{rule.type} is not a rule type: {sorted(_KNOWN)}"
    if property_type not in kind.types:
        return f"A property of type {property_type} cannot have a rule of type {rule.type}."
    if not kind.least <= len(rule.arguments) <= kind.most:
        return f"A rule of type {rule.type} does not take {len(rule.arguments)} arguments."
    for argument in rule.arguments:
        try:
            fits = kind.fits(argument)
        except (ValueError, ArithmeticError, re.error):
            fits = False
        if fits is False:
            return f"{argument} is not an argument of a rule of type {rule.type}."
    return None


def _host(value: str) -> str:
    return (urlsplit(value).hostname or "").removeprefix("www.")


def _mail_host(value: str) -> str:
    return value.rpartition("@")[2].lower()


def _is_url(value: str) -> bool:
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and _is_domain(parts.hostname or "")


def _is_domain(value: str) -> bool:
    return acceptable(f"x@{value}")


def _decimals(value: str) -> int:
    return len(value.partition(".")[2])


def _lowered(arguments: Arguments) -> set[str]:
    return {argument.lower().removeprefix("www.") for argument in arguments}


def _day_of_week(value: str) -> str:
    return f"{datetime.fromisoformat(value):%A}".upper()


def _anything(value: str, arguments: Arguments) -> bool:
    return True


_CASES: dict[str, Callable[[str], str]] = {"UPPERCASE": str.upper, "LOWERCASE": str.lower}
_SIGNS = {
    "NUMERIC_ONLY": re.compile(r"\d*"),
    "ALPHA_ONLY": re.compile(r"[^\W\d_]*"),
    "ALPHANUMERIC_ONLY": re.compile(r"[^\W_]*"),
}
_PHONE = re.compile(r"\+\d[\d\s().-]{5,}")
_PLAIN = re.compile(r"[^\W_]*(?:\s+[^\W_]*)*")
_WEEK = frozenset("MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY".split())
_TEXTS, _NUMBERS = frozenset({"string", "phone_number"}), frozenset({"number"})
_DAYS, _MOMENTS = frozenset({"date"}), frozenset({"datetime"})
_NO_LIMIT = 1_000


def _kind(types: frozenset[str], least: int, most: int, fits: Callable[[str], object], test: Test) -> _Kind:
    return _Kind(types, least, most, fits, test)


_KNOWN: dict[str, _Kind] = {
    "ALPHANUMERIC": _kind(
        _TEXTS, 1, 1, _SIGNS.__contains__, lambda value, given: bool(_SIGNS[given[0]].fullmatch(value))
    ),
    "SPECIAL_CHARACTERS": _kind(_TEXTS, 0, 1, str, lambda value, given: bool(_PLAIN.fullmatch(value))),
    "WHITESPACE": _kind(_TEXTS, 0, 1, str, lambda value, given: not re.search(r"\s", value)),
    "MIN_LENGTH": _kind(_TEXTS, 1, 1, str.isdecimal, lambda value, given: len(value) >= int(given[0])),
    "MAX_LENGTH": _kind(_TEXTS, 1, 1, str.isdecimal, lambda value, given: len(value) <= int(given[0])),
    "REGEX": _kind(_TEXTS, 1, 1, re.compile, lambda value, given: bool(re.fullmatch(given[0], value))),
    "FORMAT": _kind(_TEXTS, 1, 1, _CASES.__contains__, lambda value, given: _CASES[given[0]](value) == value),
    "DOMAIN": _kind(_TEXTS, 0, 1, str, lambda value, given: _is_domain(value)),
    "EMAIL": _kind(_TEXTS, 0, 1, str, lambda value, given: acceptable(value)),
    "EMAIL_ALLOWED_DOMAINS": _kind(
        _TEXTS, 1, _NO_LIMIT, str, lambda value, given: _mail_host(value) in _lowered(given)
    ),
    "EMAIL_BLOCKED_DOMAINS": _kind(
        _TEXTS, 1, _NO_LIMIT, str, lambda value, given: _mail_host(value) not in _lowered(given)
    ),
    "URL": _kind(_TEXTS, 0, 1, str, lambda value, given: _is_url(value)),
    "URL_ALLOWED_DOMAINS": _kind(_TEXTS, 1, _NO_LIMIT, str, lambda value, given: _host(value) in _lowered(given)),
    "URL_BLOCKED_DOMAINS": _kind(_TEXTS, 1, _NO_LIMIT, str, lambda value, given: _host(value) not in _lowered(given)),
    "PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE": _kind(
        _TEXTS, 0, 1, str, lambda value, given: bool(_PHONE.fullmatch(value))
    ),
    "MIN_NUMBER": _kind(_NUMBERS, 1, 1, Decimal, lambda value, given: Decimal(value) >= Decimal(given[0])),
    "MAX_NUMBER": _kind(_NUMBERS, 1, 1, Decimal, lambda value, given: Decimal(value) <= Decimal(given[0])),
    "DECIMAL": _kind(_NUMBERS, 1, 1, str.isdecimal, lambda value, given: _decimals(value) <= int(given[0])),
    "START_DATE": _kind(_DAYS, 1, 1, epoch, lambda value, given: epoch(value) >= epoch(given[0])),
    "END_DATE": _kind(_DAYS, 1, 1, epoch, lambda value, given: epoch(value) <= epoch(given[0])),
    "START_DATETIME": _kind(_MOMENTS, 1, 1, epoch, lambda value, given: epoch(value) >= epoch(given[0])),
    "END_DATETIME": _kind(_MOMENTS, 1, 1, epoch, lambda value, given: epoch(value) <= epoch(given[0])),
    "DAYS_OF_WEEK": _kind(
        _DAYS | _MOMENTS, 1, 7, _WEEK.__contains__, lambda value, given: _day_of_week(value) in given
    ),
    "BEFORE_DURATION": _kind(_DAYS, 0, _NO_LIMIT, str, _anything),
    "AFTER_DURATION": _kind(_DAYS, 0, _NO_LIMIT, str, _anything),
    "BEFORE_DATETIME_DURATION": _kind(_MOMENTS, 0, _NO_LIMIT, str, _anything),
    "AFTER_DATETIME_DURATION": _kind(_MOMENTS, 0, _NO_LIMIT, str, _anything),
}
