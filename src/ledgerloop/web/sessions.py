"""Remember a person by a signed cookie: who signed in, until when, and the token their forms must carry.

The cookie holds nothing secret and is not stored here, but for who signed out before its time.
Its key is made once and kept sealed; the password's hash is part of it, so a new password ends every session.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from ledgerloop.bootstrap import Ledgerloop
from ledgerloop.errors import SettingsError
from ledgerloop.secrets.shelf import SESSION_KEY
from ledgerloop.store import single_values

SESSION_LASTS = timedelta(hours=12)
SAID_LASTS = timedelta(minutes=1)

KNOWN_LASTS = timedelta(days=400)
"""For how long a browser is known in which somebody signed in; browsers keep no cookie for longer."""

_SESSION, _SAID, _KNOWN = "ledgerloop_session", "ledgerloop_said", "ledgerloop_known"


@dataclass(frozen=True, slots=True)
class Session:
    """A visit: of a person who signed in, or of somebody who may."""

    person: bool
    token: str
    """What every form must carry, so that no other site can send one in the person's name."""
    until: datetime


class Sessions:
    """Give out, read and end sessions; carry one sentence over to the next page."""

    def __init__(self, built: Ledgerloop) -> None:
        self._built, self._now = built, built.now
        self._secure = built.settings.service.address.startswith("https://")
        # A browser takes a cookie of that name only from this very host, over TLS: none of a neighbour's domain.
        self._prefix = "__Host-" if self._secure else ""

    def of(self, request: Request) -> Session:
        """Return the session that a request carries, or a new one of nobody if it is missing, forged or over."""
        kept = self._opened(_SESSION, request)
        now = self._now()
        if isinstance(kept, dict) and isinstance(kept.get("until"), int | float):
            until = datetime.fromtimestamp(kept["until"], UTC)
            if until > now and self._fingerprint(str(kept.get("token", ""))) not in self._ended():
                return Session(kept.get("person") is True, str(kept.get("token", "")), until)
        return self.new(person=False)

    def new(self, *, person: bool) -> Session:
        """Begin a session; what a stranger's cookie held before is not taken over."""
        return Session(person, secrets.token_urlsafe(24), self._now() + SESSION_LASTS)

    def keep(self, response: Response, session: Session) -> None:
        """Set the cookie."""
        text = {"person": session.person, "token": session.token, "until": session.until.timestamp()}
        self._set(response, _SESSION, text, session.until - self._now())

    def end(self, response: Response, session: Session) -> None:
        """End the session here as well as in the browser: a copy of its cookie is worth nothing from now on."""
        with self._built.database.transaction() as tx:
            now = self._now().timestamp()
            ended = {one: until for one, until in _ended(tx).items() if until > now}
            ended[self._fingerprint(session.token)] = session.until.timestamp()
            single_values.put(tx, single_values.SIGNED_OUT, ended)
        self._delete(response, _SESSION)

    def say(self, response: Response, sentence: str) -> None:
        """Let the next page show a sentence."""
        self._set(response, _SAID, {"said": sentence}, SAID_LASTS)

    def said(self, request: Request) -> str:
        """Return the sentence that the last answer left for this page."""
        kept = self._opened(_SAID, request)
        return str(kept.get("said", "")) if isinstance(kept, dict) else ""

    def unsay(self, request: Request, response: Response) -> None:
        """Forget the sentence, now that it has been shown."""
        if self._prefix + _SAID in request.cookies:
            self._delete(response, _SAID)

    def recognize(self, response: Response, request: Request) -> None:
        """Know this browser again: somebody has signed in."""
        self._set(response, _KNOWN, {"browser": self.known(request) or secrets.token_urlsafe(12)}, KNOWN_LASTS)

    def known(self, request: Request) -> str:
        """Return by what a browser is known in which somebody signed in before; nothing where nobody did."""
        kept = self._opened(_KNOWN, request)
        return str(kept.get("browser", "")) if isinstance(kept, dict) else ""

    def _ended(self) -> dict[str, float]:
        with self._built.database.reading() as tx:
            return _ended(tx)

    @staticmethod
    def _fingerprint(token: str) -> str:
        return hashlib.sha256(token.encode()).hexdigest()[:32]

    def _set(self, response: Response, name: str, content: object, lasts: timedelta) -> None:
        body = base64.urlsafe_b64encode(json.dumps(content).encode()).decode()
        response.set_cookie(
            self._prefix + name,
            f"{body}.{self._signature(name, body)}",
            max_age=max(1, int(lasts.total_seconds())),
            httponly=True,
            samesite="lax",
            secure=self._secure,
        )

    def _delete(self, response: Response, name: str) -> None:
        response.delete_cookie(self._prefix + name, httponly=True, samesite="lax", secure=self._secure)

    def _opened(self, name: str, request: Request) -> object:
        cookie = request.cookies.get(self._prefix + name)
        if cookie is None:  # most strangers have none, and the key to compare it with is dear
            return None
        body, _, signature = cookie.partition(".")
        if not hmac.compare_digest(self._signature(name, body).encode(), signature.encode("utf-8", "replace")):
            return None
        try:
            return json.loads(base64.urlsafe_b64decode(body))
        except (ValueError, binascii.Error):
            return None

    def _signature(self, name: str, body: str) -> str:
        """Sign for one kind of cookie only, so that none can stand in for another."""
        return hmac.new(self._key(), f"{name} {body}".encode(), hashlib.sha256).hexdigest()

    def _key(self) -> bytes:
        root = self._root() or self._new_root()
        with self._built.database.reading() as tx:
            password = single_values.get(tx, single_values.PASSWORD) or ""
        return hashlib.sha256(f"{root} {password}".encode()).digest()

    def _root(self) -> str | None:
        """Load the key; none where it is missing, or sealed by a key that is gone: sessions are worth little."""
        try:
            return self._built.stores.own.load(SESSION_KEY)
        except SettingsError:
            return None

    def _new_root(self) -> str:
        with self._built.stores.own.lock(SESSION_KEY):
            root = self._root()
            if root is None:
                root = secrets.token_urlsafe(32)
                self._built.stores.own.save(SESSION_KEY, root)
            return root


def _ended(tx: Connection) -> dict[str, float]:
    return {one: float(until) for one, until in (single_values.get(tx, single_values.SIGNED_OUT) or {}).items()}
