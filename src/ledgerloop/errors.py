"""The error tree, named for what happens next. Does no I/O.

::

    LedgerloopError              never raised itself
    ├── Transient                the same call may succeed later; the flow tries again by itself
    │   ├── RateLimited          ... but not before a stated moment; the lane is parked until then
    │   └── StoreAway            ... once the secret store answers again; no secret is lost meanwhile
    ├── UnknownOutcome           a write may or may not have happened: look before sending again
    ├── Refused                  the vendor said no and would say no again; never repeated
    │   ├── Invalid              ... because of values: the fields and the vendor's sentences are inside
    │   ├── Missing              ... because the record is not there
    │   ├── Conflict             ... because the record exists already; carries its id where the vendor tells it
    │   └── ScopeMissing         ... because the credential lacks a scope
    ├── Braked                   more would be written in an hour than anybody planned; a person must say yes
    ├── Damaged                  the database's file is damaged, or none at all: a backup must take its place
    ├── ConsentNeeded            a person must connect again; the work waits and is not lost
    ├── NotSent                  a call that may write was stopped before it left: only reading was allowed
    ├── BadSignature             a webhook that is not to be trusted
    ├── Unreadable               a rightly signed webhook whose body cannot be understood; kept and shown
    └── SettingsError            a person must change a setting; says which, where, and to what
        └── Locked               ... or a permission: a secret is there, and no key opens it, or we are not let in

Every class passes all its arguments by position to ``super().__init__``, and they are plain data: the workflow engine
keeps an error's name and arguments, and one that cannot be made from them again would hide the one that mattered.
"""

from __future__ import annotations


class LedgerloopError(Exception):
    """Be the root of every error that this program raises on purpose."""

    @property
    def sentence(self) -> str:
        """Say in one sentence what happened and what to do, for a person."""
        return str(self.args[0]) if self.args else type(self).__name__


class Transient(LedgerloopError):
    """Report a failure that time may heal: a read that timed out, a 5xx, a lock."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message, status)
        self.message, self.status = message, status


class RateLimited(Transient):
    """Report a spent quota. ``retry_after`` is in seconds and always wins over computed waits."""

    def __init__(self, message: str, retry_after: float, limit: str = "") -> None:
        LedgerloopError.__init__(self, message, retry_after, limit)
        self.message, self.status = message, 429
        self.retry_after, self.limit = retry_after, limit

    @property
    def sentence(self) -> str:
        """Say which quota is spent; that of a day comes back only when the vendor's day begins anew."""
        if self.limit != "day":
            return self.message
        return (
            "The calls of the day are used up; where the limit was raised, `ledgerloop retry --organisation NAME` looks"
            f" again at once. {self.message}"
        )


class StoreAway(Transient):
    """Report a secret store that does not answer, is sealed or cannot do so just now."""


class UnknownOutcome(LedgerloopError):
    """Report a write whose answer was lost: timeout, reset or 5xx after the request may have left."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message, status)
        self.message, self.status = message, status


class Refused(LedgerloopError):
    """Report a call that the vendor refused for good. ``request_id`` is the vendor's own trace, if it gave one."""

    def __init__(self, message: str, status: int, body: str = "", request_id: str = "") -> None:
        super().__init__(message, status, body, request_id)
        self.message, self.status, self.body, self.request_id = message, status, body, request_id

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return what the vendor said, one sentence for each problem that it named."""
        return (self.message,)


class Invalid(Refused):
    """Report refused values. ``problems`` holds (field or '', code or '', the vendor's sentence)."""

    def __init__(
        self,
        message: str,
        status: int,
        body: str = "",
        request_id: str = "",
        problems: tuple[tuple[str, str, str], ...] = (),
    ) -> None:
        LedgerloopError.__init__(self, message, status, body, request_id, problems)
        self.message, self.status, self.body, self.request_id = message, status, body, request_id
        self.problems = problems

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return the vendor's sentences, one for each problem; the whole message where it named none."""
        return tuple(sentence for _, _, sentence in self.problems) or (self.message,)


class Missing(Refused):
    """Report that the record is not there (404)."""


class Conflict(Refused):
    """Report that the record exists already (409). ``existing_id`` is empty where the vendor does not say which."""

    def __init__(
        self, message: str, status: int = 409, body: str = "", request_id: str = "", existing_id: str = ""
    ) -> None:
        LedgerloopError.__init__(self, message, status, body, request_id, existing_id)
        self.message, self.status, self.body, self.request_id = message, status, body, request_id
        self.existing_id = existing_id


class ScopeMissing(Refused):
    """Report a call that needs a scope the credential does not have. Any one of ``scopes`` would do."""

    def __init__(
        self,
        message: str,
        status: int = 403,
        body: str = "",
        request_id: str = "",
        scopes: tuple[str, ...] = (),
    ) -> None:
        LedgerloopError.__init__(self, message, status, body, request_id, scopes)
        self.message, self.status, self.body, self.request_id = message, status, body, request_id
        self.scopes = scopes


class Braked(LedgerloopError):
    """Report work that was stopped before its first write, because nobody planned so much of it."""


class Damaged(LedgerloopError):
    """Report a database's file that is damaged, or that is none at all, and what to do."""


class ConsentNeeded(LedgerloopError):
    """Report that a person must connect again; ``vendor`` and ``why`` make the sentence."""

    def __init__(self, vendor: str, why: str) -> None:
        super().__init__(vendor, why)
        self.vendor, self.why = vendor, why

    @property
    def sentence(self) -> str:
        """Say who must be connected again, and why."""
        return f"{self.vendor} must be connected again: {self.why}"


class NotSent(LedgerloopError):
    """Report a call that is no read and was stopped before it left, because a rehearsal may only read. Ours to mend."""


class BadSignature(LedgerloopError):
    """Report a webhook whose signature is missing, malformed, stale or wrong. Says nothing about the right one."""


class Unreadable(LedgerloopError):
    """Report a rightly signed webhook body that cannot be understood."""


class SettingsError(LedgerloopError):
    """Report a setting that a person must change: its key, the file it belongs in, and what to write there."""

    def __init__(self, key: str, file: str, cure: str) -> None:
        super().__init__(key, file, cure)
        self.key, self.file, self.cure = key, file, cure

    @property
    def sentence(self) -> str:
        """Say in one sentence which key of which file needs what."""
        return f"Setting `{self.key}` in {self.file}: {self.cure}"


class Locked(SettingsError):
    """Report a secret that is there and cannot be had: no line of the key file opens it, or we are not let in to it.

    What needs it waits until it can be had.
    """
