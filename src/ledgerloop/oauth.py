"""Get and keep OAuth 2.0 tokens: authorization code with PKCE S256 and client secret, refresh, revocation.

Where tokens are kept is not decided here: :class:`Tokens` takes a shelf.
Only ``invalid_grant`` ends a connection. A timeout, a 5xx, a 429 or a wrong client secret never does.
"""

from __future__ import annotations

import base64
import binascii
import functools
import itertools
import json
import secrets
import ssl
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import httpx2

from ledgerloop.clock import Clock
from ledgerloop.errors import ConsentNeeded, LedgerloopError, RateLimited, Refused, Transient
from ledgerloop.refusals import row_for
from ledgerloop.vendor_errors import retry_after

AHEAD = 120.0
"""Seconds before its end at which an access token is renewed."""
CACHED = 30.0
"""Seconds for which a token is used without looking at the shelf again."""
ACCESS_LASTS = timedelta(minutes=30)
"""How long Xero's access tokens last."""
UNUSED = timedelta(days=60)
"""How long a refresh token lives that nobody uses."""
IDLE = timedelta(days=20)
"""After how long tokens are renewed that nobody needed: there are weeks left for trouble."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Say where and as whom tokens are asked for."""

    vendor: str
    authorize_url: str
    token_url: str
    revoke_url: str
    client_id: str
    client_secret: Callable[[], str]
    """Reads the app's secret when it is needed, so that a new one counts at once."""
    redirect_uri: str
    scopes: tuple[str, ...]
    timeout: float = 10.0
    custom: bool = False
    """Whether the client itself was given one organisation, so nobody consents and tokens are made, not renewed."""


@dataclass(frozen=True, slots=True)
class Consent:
    """Hold what must be remembered until the person comes back from the vendor."""

    url: str
    state: str
    verifier: str


@dataclass(frozen=True, slots=True)
class TokenSet:
    """Hold the tokens of one grant. Never shown: its repr has no token in it."""

    access_token: str
    refresh_token: str
    expires_at: datetime
    scope: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"TokenSet(expires_at={self.expires_at.isoformat()}, scope={self.scope})"

    @property
    def renewed_at(self) -> datetime:
        """When they were given: nobody tells it but by when the access token ends."""
        return self.expires_at - ACCESS_LASTS

    def expires_within(self, seconds: float, now: datetime) -> bool:
        """Tell whether the access token ends within that many seconds."""
        return now + timedelta(seconds=seconds) >= self.expires_at

    def to_json(self) -> str:
        """Write the tokens as text for a shelf."""
        return json.dumps(
            {
                "access_token": self.access_token,
                "refresh_token": self.refresh_token,
                "expires_at": self.expires_at.isoformat(),
                "scope": list(self.scope),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> TokenSet:
        """Read the tokens from a shelf's text."""
        kept = json.loads(text)
        return cls(
            kept["access_token"],
            kept["refresh_token"],
            datetime.fromisoformat(kept["expires_at"]),
            tuple(kept["scope"]),
        )


class Shelf(Protocol):
    """Keep texts by name, sealed, and let one process at a time work on one of them."""

    def load(self, name: str) -> str | None:
        """Return the text, or None if there is none."""

    def save(self, name: str, text: str) -> None:
        """Keep the text durably before returning."""

    def replace(self, name: str, before: str, after: str) -> bool:
        """Keep a text in the place of another, durably before returning; tell whether that one was still there."""

    def forget(self, name: str) -> None:
        """Keep the text no longer; one that is not there is right."""

    def lock(self, name: str) -> AbstractContextManager[Any]:
        """Hold the name for this process while the block lasts."""


def begin(provider: Provider) -> Consent:
    """Make the address that a person opens to give consent, with a state to check and a verifier to keep."""
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(32)
    with _client(provider) as client:
        url, _ = client.create_authorization_url(provider.authorize_url, state=state, code_verifier=verifier)
    return Consent(str(url), state, verifier)


def finish(provider: Provider, code: str, verifier: str, now: datetime) -> TokenSet:
    """Exchange the code that came back for tokens. The caller has checked the state."""
    with _errors(provider, "the consent was not accepted"), _client(provider) as client:
        given = client.fetch_token(
            provider.token_url, grant_type="authorization_code", code=code, code_verifier=verifier
        )
        tokens = _token_set(provider, given, now)
    if not tokens.refresh_token:
        raise _refusal(provider, 200, {"no refresh token"}, "no refresh token was issued")
    return tokens


def obtain(provider: Provider, now: datetime) -> TokenSet:
    """Have tokens made for a custom connection, by the client's own credentials. May be repeated at any time."""
    with _errors(provider, "the custom connection is no longer accepted"), _client(provider) as client:
        scope = " ".join(provider.scopes)
        given = client.fetch_token(provider.token_url, grant_type="client_credentials", scope=scope)
        return _token_set(provider, given, now)


def renew(provider: Provider, tokens: TokenSet, now: datetime) -> TokenSet:
    """Exchange the refresh token for new tokens; those of a custom connection are made anew.

    If the answer to this is lost, call it again with the same tokens: Xero takes the old one for 30 minutes more.
    """
    if provider.custom:
        return obtain(provider, now)
    if not tokens.refresh_token:
        raise _refusal(provider, 200, {"no refresh token"}, "there is no refresh token")
    with _errors(provider, "the refresh token is no longer accepted"), _client(provider) as client:
        client.scope = None  # the grant keeps its scopes; asking again could only narrow or break it
        given = client.refresh_token(provider.token_url, refresh_token=tokens.refresh_token)
        renewed = _token_set(provider, given, now)
    return (
        renewed
        if renewed.scope
        else TokenSet(renewed.access_token, renewed.refresh_token, renewed.expires_at, tokens.scope)
    )


def revoke(provider: Provider, tokens: TokenSet) -> None:
    """End the grant at the vendor, with every connection that this person has made to the app.

    A grant that has ended already is right. Raises Refused where the vendor refuses the client or the call, and
    Transient where it does not answer.
    """
    with _errors(provider, "the grant is gone already"), _client(provider) as client:
        answer = _stop_on_trouble(provider, client.revoke_token(provider.revoke_url, token=tokens.refresh_token))
        if answer.is_success:
            return
        error = _error_in(answer)
        if error not in _GONE:
            raise _refusal(provider, answer.status_code, {"word"} if error else (), error)


class Tokens:
    """Give a fresh access token for one grant, however many threads and processes ask.

    It is renewed under the shelf's lock, after looking again whether someone else has done so, and the new tokens are
    stored before the first of them is used. They take the place of those that were renewed and of no others: whoever
    put others there without the lock, such as a person who connected anew elsewhere, has the newer ones.
    """

    def __init__(
        self,
        provider: Provider,
        shelf: Shelf,
        name: str,
        *,
        clock: Clock,
        attempts: int = 3,
    ) -> None:
        self._provider, self._shelf, self._name = provider, shelf, name
        self._clock, self._attempts = clock, attempts
        self._mine = clock.lock()
        self._cached: tuple[float, TokenSet] | None = None

    def __call__(self, refused: str = "") -> str:
        """Return an access token; another one than ``refused`` if that is given."""
        cached = self._cached
        if cached is not None and self._clock.monotonic() < cached[0] + CACHED and self._good(cached[1], refused):
            return cached[1].access_token
        with self._mine:
            tokens = self._load()
            if not self._good(tokens, refused):
                tokens = self._renew(refused)
            self._cached = (self._clock.monotonic(), tokens)
            return tokens.access_token

    def replaced(self, used: str) -> bool:
        """Tell whether another token lies on the shelf, as where a person has connected anew by another process."""
        return self._load().access_token != used

    def granted(self) -> TokenSet:
        """Return the tokens as they lie on the shelf, for those who show scopes and ages."""
        return self._load()

    def keep_alive(self) -> None:
        """Renew tokens that nobody has needed for weeks, before they end unused; those made at any time need it not.

        Raises ConsentNeeded where they have ended, Transient where it cannot be done now; no tokens are right.
        """
        if self._provider.custom or self._shelf.load(self._name) is None:
            return
        with self._mine:
            tokens = self._load()
            if self._clock.now() - tokens.renewed_at >= IDLE:
                tokens = self._renew("")
            self._cached = (self._clock.monotonic(), tokens)

    @property
    def renewed_at(self) -> datetime | None:
        """When those were given that were looked at last; None before anybody looked."""
        return self._cached[1].renewed_at if self._cached else None

    def _renew(self, refused: str) -> TokenSet:
        with self._shelf.lock(self._name):
            kept = self._kept()
            tokens = TokenSet.from_json(kept)
            if self._good(tokens, refused):
                return tokens  # someone else has renewed it meanwhile
            for attempt in itertools.count(1):
                try:
                    renewed = renew(self._provider, tokens, self._clock.now())
                    break
                except RateLimited:
                    raise
                except Transient:
                    if attempt >= self._attempts:
                        raise
                    self._clock.sleep(float(attempt))
            if not self._shelf.replace(self._name, kept, renewed.to_json()):
                raise Transient(f"somebody else has put other tokens of {self._provider.vendor} there meanwhile")
            return renewed

    def _load(self) -> TokenSet:
        return TokenSet.from_json(self._kept())

    def _kept(self) -> str:
        text = self._shelf.load(self._name)
        if text is None:
            raise ConsentNeeded(self._provider.vendor, "nobody has connected it yet")
        return text

    def _good(self, tokens: TokenSet, refused: str) -> bool:
        return tokens.access_token != refused and not tokens.expires_within(AHEAD, self._clock.now())


def claims_of(access_token: str) -> Mapping[str, Any]:
    """Decode what a JWT says, without verifying it: for people to read, never to decide by. Empty if it is no JWT."""
    parts = access_token.split(".")
    if len(parts) != 3:
        return {}
    try:
        payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return payload if isinstance(payload, dict) else {}


def scopes_of(access_token: str) -> tuple[str, ...]:
    """Return the scopes that an access token claims to have, for ``doctor``."""
    return _scopes(claims_of(access_token).get("scope"))


def _scopes(given: Any) -> tuple[str, ...]:
    if isinstance(given, str):
        return tuple(given.split())
    return tuple(str(one) for one in given) if isinstance(given, list) else ()


@functools.cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context()  # reading all certificates takes longer than the call


def _client(provider: Provider) -> Any:
    from authlib.integrations.httpx_client import OAuth2Client  # type: ignore[import-untyped]

    client = OAuth2Client(
        client_id=provider.client_id,
        client_secret=provider.client_secret(),
        scope=" ".join(provider.scopes),
        redirect_uri=provider.redirect_uri,
        code_challenge_method="S256",
        verify=_tls(),
        timeout=httpx2.Timeout(provider.timeout, connect=min(provider.timeout, 5.0)),
    )
    stop = functools.partial(_stop_on_trouble, provider)
    client.register_compliance_hook("access_token_response", stop)
    client.register_compliance_hook("refresh_token_response", stop)
    return client


def _stop_on_trouble(provider: Provider, response: httpx2.Response) -> httpx2.Response:
    """Raise for answers that say nothing about the grant, before their bodies are read as if they did."""
    if response.status_code == 429 or response.status_code >= 500:
        raise _refusal(provider, response.status_code, wait=retry_after(response.headers))
    return response


_GONE = frozenset({"invalid_grant", "invalid_token", "unsupported_token_type"})
"""What an identity host may say of a token that it no longer knows, though RFC 7009 wants 200 for it."""


def _error_in(answer: httpx2.Response) -> str:
    """Return the word that OAuth has for a refusal; nothing where the body has none."""
    try:
        told = answer.json()
    except ValueError:
        return ""
    return str(told.get("error") or "") if isinstance(told, dict) else ""


def _token_set(provider: Provider, given: Mapping[str, Any], now: datetime) -> TokenSet:
    access_token = given.get("access_token")
    if not isinstance(access_token, str) or not access_token:
        raise _refusal(provider, 200, {"no access token"})
    try:
        lasts = float(given.get("expires_in", 1800))
    except (TypeError, ValueError):
        lasts = 1800.0
    scope = _scopes(given.get("scope", given.get("scopes")))
    return TokenSet(access_token, str(given.get("refresh_token") or ""), now + timedelta(seconds=lasts), scope)


@contextmanager
def _errors(provider: Provider, ended: str) -> Iterator[None]:
    """Translate what can go wrong at the identity host into what happens next."""
    from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]

    try:
        yield
    except LedgerloopError:
        raise
    except OAuthError as error:
        if error.error == "invalid_grant":
            raise _refusal(provider, 400, {"invalid_grant"}, ended) from None
        raise _refusal(provider, 400, {"word"}, error.error) from None
    except httpx2.HTTPStatusError as error:
        raise _refusal(provider, error.response.status_code) from None
    except httpx2.RequestError as error:
        raise _refusal(provider, 0, said=type(error).__name__) from None
    except ValueError:
        raise _refusal(provider, 200, {"unreadable"}) from None


def _refusal(
    provider: Provider, status: int, codes: Collection[str] = (), said: str = "", wait: float | None = None
) -> LedgerloopError:
    """Make the error that follows from what the identity host answered, by the table of refusals."""
    row = row_for("identity", status, codes)
    message = row.sentence.format(name=provider.vendor, status=status, said=said)
    if row.error is ConsentNeeded:
        return ConsentNeeded(provider.vendor, message)
    if row.error is RateLimited:
        return RateLimited(message, 10.0 if wait is None else wait, "identity")
    return Transient(message, status or None) if row.error is Transient else Refused(message, status)
