"""Logging: events with named values, as JSON or for a terminal, times in UTC, and nothing secret in them.

Secrets and people's addresses are taken out twice: values by the name they are logged under, and texts by their shape,
so that a token inside an exception's message does not get out either.
"""

from __future__ import annotations

import logging
import re
import sys
import threading  # noqa: TID251 - stands below the clock, and what it counts is no part of the work
from collections.abc import Mapping
from typing import Any, Literal, TextIO

import structlog

REDACTED = "[redacted]"

_SECRET_NAME = re.compile(
    r"token|secret|password|passwd|authorization|cookie|signature|verifier|api_?key|webhook_?key|sealed|^code$|email",
    re.IGNORECASE,
)
_HARMLESS_NAME = re.compile(r"(_hash|_name|_count|_id|_at|_seconds|_type)$", re.IGNORECASE)
_SECRET_TEXT = re.compile(
    r"""
      (?P<scheme>\b(?:(?:Bearer|Basic)\s+)+)[\w.~+/=-]+       # an Authorization header
    | \beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?                       # a JWT: Xero's access tokens
    | \bpat-[a-z]{2,4}\d*-[\w-]+                             # the token of a HubSpot private app
    | (?P<field>
        (?:["']?\b(?:(?:access|refresh|id)_token|client_secret|code_verifier|password)["']?\s*[=:]\s*["']?)
        | [?&]code=
      )(?:(?:Bearer|Basic)\s+)*[^\s"'&,}]+                    # a form field, a query or a JSON value
    | (?P<login>\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+(?=@) # a password in an address
    | [A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+     # an email
    """,
    re.VERBOSE | re.IGNORECASE,
)

_MOST_KINDS = 100
"""Kinds of floods told apart at the same time; what comes beyond is counted together."""

logger: structlog.stdlib.BoundLogger = structlog.get_logger("ledgerloop")
"""The one logger: ``logger.info("invoice made", deal="123", number="INV-7")``."""


def configure(level: str = "info", form: Literal["json", "console"] = "json", stream: TextIO | None = None) -> None:
    """Send everything that is logged, by us or by a library, to standard error (or a stream) in one form."""
    stream = stream or sys.stderr
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]
    last: structlog.types.Processor = (
        structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=stream.isatty())
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    remove_meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[remove_meta, last]),
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    # The clients of secret stores would log whole bodies.
    for chatty in ("httpx2", "httpcore2", "alembic", "boto3", "botocore", "hvac", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


Level = Literal["warning", "error"]
Kind = tuple[Level, str, tuple[tuple[str, Any], ...]]


class Flood:
    """Log what strangers can cause as often as they like: the first at once, and the others once, with their count.

    Of each kind, which is the event with its ``values``, one line comes at once and one more when the seconds are over.
    """

    def __init__(self, seconds: float = 60.0) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._more: dict[Kind, int] = {}

    def warning(self, event: str, **values: Any) -> None:
        """Log it now, or count it."""
        self._note("warning", event, values)

    def error(self, event: str, **values: Any) -> None:
        """Log it now, or count it, as an error."""
        self._note("error", event, values)

    def _note(self, level: Level, event: str, values: dict[str, Any]) -> None:
        with self._lock:
            quiet = not self._more
            kind: Kind = (level, event, tuple(sorted(values.items())))
            if kind not in self._more and len(self._more) >= _MOST_KINDS:
                kind, values = (level, event, ()), {}
            first = kind not in self._more
            self._more[kind] = 0 if first else self._more[kind] + 1
        if first:
            _log(level, event, **values)
        if quiet:
            timer = threading.Timer(self._seconds, self._tell)
            timer.daemon = True
            timer.start()

    def _tell(self) -> None:
        with self._lock:
            told, self._more = self._more, {}
        for (level, event, values), more in told.items():
            if more:
                _log(level, event, **dict(values), times=more)


def _log(level: Level, event: str, **values: Any) -> None:
    (logger.error if level == "error" else logger.warning)(event, **values)


def redact(_logger: Any, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    """Take secrets and emails out of an event, by the names of its values and by the shape of its texts."""
    return {name: _without_secrets(name, value) for name, value in event.items()}


def _without_secrets(name: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if _SECRET_NAME.search(name) and not _HARMLESS_NAME.search(name):
        return REDACTED
    if isinstance(value, str):
        return _SECRET_TEXT.sub(_kept_prefix, value)
    if isinstance(value, bytes):
        return _without_secrets(name, value.decode("utf-8", "replace"))
    if isinstance(value, Mapping):
        return {key: _without_secrets(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_secrets(name, inner) for inner in value]
    if isinstance(value, BaseException):
        return _without_secrets(name, repr(value))
    return value


def _kept_prefix(match: re.Match[str]) -> str:
    """Keep what names the secret, so that the reader sees what was there."""
    return (match["scheme"] or match["field"] or match["login"] or "") + REDACTED
