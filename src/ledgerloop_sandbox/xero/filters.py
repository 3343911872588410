"""Read `where` and `order` expressions and turn them into predicates and sort keys. Pure.

Only documented filters are known: anything else is a 400, as an unknown property is for Xero.
"""

import operator
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ledgerloop_sandbox.xero.errors import bad_request

Getter = Callable[[Any], Any]
Predicate = Callable[[Any], bool]
Reader = Callable[[str], Getter]
"""Return the getter of a property by its name, or raise KeyError."""

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"(?:[^"\\]|\\.)*")
    | (?P<number>-?\d+(?:\.\d+)?m?)
    | (?P<op>==|!=|<>|>=|<=|>|<|&&|\|\||=)
    | (?P<mark>[(),])
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    )""",
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_METHODS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "startswith": lambda text, part: text.startswith(part),
    "endswith": lambda text, part: text.endswith(part),
}
_CONSTRUCTORS = frozenset({"guid", "datetime", "datetime.parse", "guid.parse"})


class _Parser:
    """Parse one expression by recursive descent: or, and, then a comparison or a bracket."""

    def __init__(self, text: str, reader: Reader) -> None:
        self.reader = reader
        self.names: set[str] = set()
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise ValueError(f"No property or field or operator at position {at}")
            self.tokens.append((match.lastgroup or "", match[match.lastgroup or 0]))
            at = match.end()
        self.at = 0

    def parse(self) -> Predicate:
        predicate = self.either()
        if self.at < len(self.tokens):
            raise ValueError("Syntax error")
        return predicate

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self, expected: str | None = None) -> tuple[str, str]:
        token = self.peek()
        if token[0] == "end" or (expected is not None and token[1] != expected):
            raise ValueError(f"{expected or 'more'} expected")
        self.at += 1
        return token

    def either(self) -> Predicate:
        parts = [self.both()]
        while self.peek()[1].upper() in ("OR", "||"):
            self.take()
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda record: any(part(record) for part in parts)

    def both(self) -> Predicate:
        parts = [self.single()]
        while self.peek()[1].upper() in ("AND", "&&"):
            self.take()
            parts.append(self.single())
        return parts[0] if len(parts) == 1 else lambda record: all(part(record) for part in parts)

    def single(self) -> Predicate:
        kind, text = self.take()
        if text == "(":
            inner = self.either()
            self.take(")")
            return inner
        if kind != "name":
            raise ValueError(f"A property was expected, not {text}")
        owner, _, method = text.rpartition(".")
        if method.lower() in _METHODS and self.peek()[1] == "(":
            return self.contains(owner, _METHODS[method.lower()])
        getter = self.property(text)
        if self.peek()[0] != "op":
            return lambda record: bool(getter(record))
        return self.comparison(getter, _COMPARE[self.take()[1]])

    def contains(self, owner: str, test: Callable[[str, str], bool]) -> Predicate:
        getter = self.property(owner)
        self.take("(")
        part = str(self.value()).lower()
        self.take(")")
        return lambda record: test(str(getter(record) or "").lower(), part)

    def comparison(self, getter: Getter, compare: Callable[[Any, Any], bool]) -> Predicate:
        wanted = self.value()
        if isinstance(wanted, str) and compare is operator.eq:
            return lambda record: str(getter(record)).lower() == wanted
        ordered = compare not in (operator.eq, operator.ne)

        def holds(record: Any) -> bool:
            found = getter(record)
            if found is None or wanted is None:
                return not ordered and compare(found, wanted)
            if isinstance(wanted, str):
                return compare(str(found).lower(), wanted)
            if isinstance(wanted, datetime):
                return compare(_as_datetime(found), wanted)
            return compare(found, wanted)

        return holds

    def property(self, name: str) -> Getter:
        self.names.add(name.lower())
        try:
            return self.reader(name)
        except KeyError:
            raise ValueError(f"No property or field '{name.rpartition('.')[2]}' exists in type") from None

    def value(self) -> Any:
        kind, text = self.take()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1]).lower()
        if kind == "number":
            return Decimal(text.rstrip("m"))
        if text.lower() in ("true", "false", "null"):
            return {"true": True, "false": False, "null": None}[text.lower()]
        if text.lower() in _CONSTRUCTORS and self.peek()[1] == "(":
            return self.construct(text.lower())
        raise ValueError(f"A value was expected, not {text}")

    def construct(self, name: str) -> Any:
        self.take("(")
        values = [self.value()]
        while self.peek()[1] == ",":
            self.take()
            values.append(self.value())
        self.take(")")
        if name.startswith("guid"):
            return values[0]
        if name == "datetime.parse":
            return datetime.fromisoformat(str(values[0]).upper())
        return datetime(*(int(number) for number in values))  # type: ignore[arg-type]  # noqa: DTZ001


def where(text: str, reader: Reader) -> tuple[Predicate, set[str]]:
    """Return the predicate of a where expression and the properties it names, in lower case."""
    try:
        parser = _Parser(text, reader)
        return parser.parse(), parser.names
    except (ValueError, TypeError) as error:
        raise bad_request("QueryParseException", str(error), 16) from None


def order(text: str, reader: Reader) -> list[tuple[Getter, bool]]:
    """Return the sort keys of an order expression, each with whether it descends."""
    keys = []
    for part in text.split(","):
        words = part.split()
        if not words or len(words) > 2 or (words[-1].upper() in ("ASC", "DESC") and len(words) == 1):
            raise bad_request("QueryParseException", f"Cannot order by '{part.strip()}'", 16)
        try:
            keys.append((reader(words[0]), len(words) == 2 and words[1].upper() == "DESC"))
        except KeyError:
            raise bad_request("QueryParseException", f"No property or field '{words[0]}' exists in type", 16) from None
    return keys


def ordered(records: list[Any], keys: list[tuple[Getter, bool]]) -> list[Any]:
    """Sort by several keys; what is missing comes first."""
    for getter, descending in reversed(keys):
        records = sorted(records, key=lambda record: _sortable(getter(record)), reverse=descending)
    return records


def reader_of(getters: Mapping[str, Getter]) -> Reader:
    """Return a reader over a table of getters; names are compared without case."""
    lowered = {name.lower(): getter for name, getter in getters.items()}
    return lambda name: lowered[name.lower()]


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)


def _as_datetime(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    assert isinstance(value, date)
    return datetime(value.year, value.month, value.day)  # noqa: DTZ001
