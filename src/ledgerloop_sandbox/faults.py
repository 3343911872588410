"""Decide which call or webhook goes wrong, and how: on demand, seeded and repeatable. Does no I/O itself."""

import itertools
import random
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

CALL_KINDS = frozenset(
    {
        "status",  # this status instead of the answer
        "html",  # an HTML error page, as from a network in between
        "delay",  # the answer takes longer
        "late",  # the call arrives later: it is carried out after the delay, whether its caller still waits or not
        "reset_before",  # the connection is reset and nothing was done
        "reset_late",  # the connection is reset and nothing was done yet: the call is carried out after the delay
        "reset_after",  # the change was committed, then the connection is reset
        "partial",  # the first of a batch are committed, the connection is reset, and the rest follows after the delay
        "truncate",  # the answer is cut in the middle
        "rewrite",  # a text in the answer is replaced, such as an enum value nobody knows
        "expire_tokens",  # every access token expires before the call
        "revoke_tokens",  # every token is revoked before the call
    }
)
WEBHOOK_KINDS = frozenset({"drop", "double", "reorder"})
_TEXT, _WHOLE, _NUMBER = "a text", "a whole number", "a number"
_WANTED: Mapping[str, tuple[tuple[type, ...], str]] = {
    "kind": ((str,), _TEXT),
    "method": ((str, type(None)), _TEXT),
    "path": ((str, type(None)), _TEXT),
    "probability": ((int, float), _NUMBER),
    "times": ((int, type(None)), _WHOLE),
    "status": ((int,), _WHOLE),
    "headers": ((dict,), "an object"),
    "delay_ms": ((int, float), _NUMBER),
    "find": ((str,), _TEXT),
    "put": ((str,), _TEXT),
    "after": ((bool,), "true or false"),
    "first": ((int,), _WHOLE),
}
_ONCE = frozenset({"expire_tokens", "revoke_tokens"})


@dataclass(slots=True)
class Fault:
    """Describe one fault: what happens, and to which calls."""

    kind: str
    method: str | None = None
    path: str | None = None
    probability: float = 1.0
    times: int | None = None
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = ""
    delay_ms: float = 0.0
    find: str = ""
    put: str = ""
    after: bool = False
    first: int = 1
    id: int = 0
    taken: int = 0

    def __post_init__(self) -> None:
        for name, (kinds, wanted) in _WANTED.items():
            value = getattr(self, name)
            if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
                raise ValueError(f"a fault's {name} must be {wanted}")
        if self.kind not in CALL_KINDS | WEBHOOK_KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(CALL_KINDS | WEBHOOK_KINDS))}")
        if not 0 <= self.probability <= 1:
            raise ValueError("probability must be between 0 and 1")
        for name, pattern in (("path", self.path), ("find", self.find)):
            try:
                re.compile(pattern or "")
            except re.error as error:
                raise ValueError(f"a fault's {name} must be a regular expression: {error}") from None
        if self.times is None and self.kind in _ONCE:
            self.times = 1

    def concerns(self, method: str, path: str) -> bool:
        """Tell whether a call with this method and path is meant."""
        if self.method is not None and self.method.upper() != method:
            return False
        return self.path is None or re.search(self.path, path) is not None

    @property
    def armed(self) -> bool:
        """Whether the fault may still hit a call: its times are not used up."""
        return self.times is None or self.taken < self.times

    def as_json(self) -> dict[str, Any]:
        """Return the fault as the control API shows it."""
        return {name: getattr(self, name) for name in self.__slots__} | {"armed": self.armed}


class Faults:
    """Hold the faults of one half and hand them out, the same for the same seed and calls."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self._random = random.Random(seed)
        self._numbers = itertools.count(1)
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        """Arm a fault; it stays until its times are used up or it is removed."""
        fault.id = next(self._numbers)
        self._faults.append(fault)
        return fault

    def add_json(self, given: Mapping[str, Any]) -> Fault:
        """Arm a fault that is given as the control API takes it."""
        known = set(Fault.__slots__) - {"id", "taken"}
        if not isinstance(given, Mapping):
            raise ValueError("send a fault as a JSON object, or a list of them")
        if unknown := set(given) - known:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}")
        if "kind" not in given:
            raise ValueError("a fault needs a kind")
        return self.add(Fault(**given))

    def clear(self, number: int | None = None) -> None:
        """Remove one fault, or all of them and begin the seed anew."""
        if number is None:
            self._faults = []
            self._random = random.Random(self._seed)
        else:
            self._faults = [fault for fault in self._faults if fault.id != number]

    def holds(self, fault: Fault) -> bool:
        """Tell whether a fault was not removed yet; one whose times are used up stays until then."""
        return any(one is fault for one in self._faults)

    def take_for_call(self, method: str, path: str) -> Fault | None:
        """Return the fault that hits this call, if any, and count it."""
        return self._take(fault for fault in self._faults if fault.kind in CALL_KINDS and fault.concerns(method, path))

    def take_for_webhook(self, url: str) -> Fault | None:
        """Return the fault that hits this webhook delivery, if any, and count it."""
        return self._take(
            fault for fault in self._faults if fault.kind in WEBHOOK_KINDS and fault.concerns("POST", url)
        )

    def as_json(self) -> list[dict[str, Any]]:
        """Return the faults as the control API shows them."""
        return [fault.as_json() for fault in self._faults]

    def _take(self, candidates: Iterable[Fault]) -> Fault | None:
        for fault in candidates:
            if not fault.armed:
                continue
            if fault.probability >= 1 or self._random.random() < fault.probability:
                fault.taken += 1
                return fault
        return None
