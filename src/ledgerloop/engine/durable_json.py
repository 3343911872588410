"""Write what the engine keeps as JSON, and read nothing else: plain data and our own errors, never a pickle.

Whoever can write to the engine's tables must not be able to run code here, and a pickle is code. Does no I/O.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from ledgerloop import errors
from ledgerloop.errors import LedgerloopError

Plain = Any
"""None, bool, int, float, str, and lists, tuples and dicts of these with text as keys. A tuple comes back as a list."""

_ERROR, _FOREIGN = "error", "foreign error"
_MOST_SAID = 2000
"""Characters kept of what a foreign error says."""


class NotPlain(TypeError):
    """Report a value that a step returned and that is not plain data, or a row that is not ours."""


class Foreign(Exception):
    """Stand for an error that was none of ours, as it was told before a crash."""

    def __repr__(self) -> str:
        """Tell what the error itself told."""
        return str(self.args[0])


def written(data: Any) -> str:
    """Write plain data, or an error. Raises NotPlain for anything else."""
    if isinstance(data, BaseException):
        return json.dumps(error_told(data), allow_nan=False)
    return json.dumps({"value": _checked(data)}, allow_nan=False)


def read(text: str) -> Any:
    """Read what :func:`written` gave. Raises NotPlain for anything else."""
    try:
        kept = json.loads(text)
    except (ValueError, RecursionError):
        raise NotPlain("the engine's row holds no JSON of ours") from None
    match kept:
        case {"value": value, **none_else} if not none_else:
            return value
        case _:
            return error_from(kept)


def error_told(error: BaseException) -> dict[str, Plain]:
    """Tell an error as plain data: one of ours by its name and arguments, any other by what it says."""
    if type(error) in _OURS.values():
        return {_ERROR: type(error).__name__, "args": _checked(list(error.args))}
    return {_FOREIGN: repr(error)[:_MOST_SAID]}


def error_from(told: Plain) -> Exception:
    """Make the error again. Raises NotPlain for what :func:`error_told` did not tell."""
    match told:
        case {"error": str(name), "args": list(args)} if name in _OURS:
            try:
                return _OURS[name](*map(_frozen, args))
            except TypeError:
                raise NotPlain(f"the engine's row holds no {name}") from None
        case {"foreign error": str(said)}:
            return Foreign(said)
        case _:
            raise NotPlain("the engine's row holds no JSON of ours")


def _tree(of: type[LedgerloopError]) -> Iterator[type[LedgerloopError]]:
    yield of
    for each in of.__subclasses__():
        if each.__module__ == errors.__name__:
            yield from _tree(each)


_OURS = {each.__name__: each for each in _tree(LedgerloopError)}


def _checked(value: Any) -> Plain:
    """Return the value, if it is plain all through."""
    match value:
        case None | bool() | str():
            return value
        case int() | float() if type(value) in (int, float) and math.isfinite(value):
            return value
        case list() | tuple():
            return [_checked(one) for one in value]
        case dict() if all(type(key) is str for key in value):
            return {key: _checked(one) for key, one in value.items()}
    raise NotPlain(f"the engine keeps plain data only, and this is {type(value).__name__}")


def _frozen(value: Plain) -> Plain:
    """Turn lists into tuples, as the arguments of our errors have them."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
