"""Keep what a user granted: codes, tokens and connections, with Xero's lives and graces. No HTTP here.

A token set belongs to the pair of app and user; the organisations are connections of that user.
"""

import base64
import hashlib
import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.jwk import RSAKey

from ledgerloop_sandbox.clock import Clock
from ledgerloop_sandbox.credentials import (
    XERO_CLIENT_ID,
    XERO_CLIENT_SECRET,
    XERO_CUSTOM_CLIENT_ID,
    XERO_CUSTOM_CLIENT_SECRET,
)

CODE_LIFE = timedelta(minutes=5)
ACCESS_LIFE = timedelta(seconds=1800)
REFRESH_LIFE = timedelta(days=60)
GRACE = timedelta(minutes=30)
USER_ID = str(uuid.uuid5(uuid.NAMESPACE_URL, "https://sandbox.invalid/user"))


class OAuthError(Exception):
    """Refuse a token call with one of OAuth's error words."""


@dataclass(slots=True, eq=False)
class Consent:
    """Be what one Allow covered."""

    auth_event_id: str
    scopes: tuple[str, ...]
    at: datetime
    alive: bool = True
    only: str = ""
    """The one organisation of a custom connection."""


@dataclass(slots=True)
class Code:
    """Be an authorization code, good for one exchange."""

    consent: Consent
    redirect_uri: str
    challenge: str | None
    at: datetime


@dataclass(slots=True)
class RefreshToken:
    """Be a refresh token; `rotated` says when it was first used."""

    consent: Consent
    at: datetime
    rotated: datetime | None = None


@dataclass(slots=True)
class AccessToken:
    """Be an access token."""

    consent: Consent
    expires: datetime


@dataclass(slots=True)
class Connection:
    """Be the connection of one organisation."""

    id: str
    tenant_id: str
    auth_event_id: str
    created: datetime
    updated: datetime


@dataclass
class Grants:
    """Issue and check everything that proves consent."""

    url: str
    clock: Clock
    random: random.Random
    key: RSAKey
    codes: dict[str, Code] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    access_tokens: dict[str, AccessToken] = field(default_factory=dict)
    connections: dict[str, Connection] = field(default_factory=dict)

    def consent(self, scopes: tuple[str, ...], tenant_ids: list[str], redirect_uri: str, challenge: str | None) -> str:
        """Remember an Allow, connect the organisations, and return the code."""
        now = self.clock.now()
        consent = Consent(self._uuid(), scopes, now)
        for tenant_id in tenant_ids:
            old = self.connection(tenant_id)
            if old is None:
                fresh = Connection(self._uuid(), tenant_id, consent.auth_event_id, now, now)
                self.connections[fresh.id] = fresh
            else:
                old.auth_event_id, old.updated = consent.auth_event_id, now
        code = self._secret()
        self.codes[code] = Code(consent, redirect_uri, challenge, now)
        return code

    def exchange(self, code: str, redirect_uri: str, verifier: str | None) -> dict[str, object]:
        """Turn a code into tokens, once."""
        found = self.codes.pop(code, None)
        if found is None or self.clock.now() - found.at > CODE_LIFE or found.redirect_uri != redirect_uri:
            raise OAuthError("invalid_grant")
        if found.challenge is not None and _challenge(verifier or "") != found.challenge:
            raise OAuthError("invalid_grant")
        return self._tokens(found.consent)

    def refresh(self, token: str) -> dict[str, object]:
        """Turn a refresh token into new tokens; the old one stays good for its grace."""
        found, now = self.refresh_tokens.get(token), self.clock.now()
        if found is None or not found.consent.alive:
            raise OAuthError("invalid_grant")
        if now - found.at > REFRESH_LIFE or (found.rotated is not None and now - found.rotated > GRACE):
            raise OAuthError("invalid_grant")
        found.rotated = found.rotated or now
        return self._tokens(found.consent)

    def issue(self, scopes: tuple[str, ...], tenant_id: str) -> dict[str, object]:
        """Give a custom connection its access token: no refresh token, and nobody's identity."""
        return self._tokens(Consent(self._uuid(), scopes, self.clock.now(), only=tenant_id))

    def revoke(self, token: str) -> None:
        """End a consent: its tokens and the user's connections. An unknown token is no error."""
        found = self.refresh_tokens.get(token)
        if found is not None:
            found.consent.alive = False
            self.connections.clear()

    def expire_access_tokens(self) -> None:
        """Let every access token expire now."""
        for token in self.access_tokens.values():
            token.expires = min(token.expires, self.clock.now())

    def revoke_all(self) -> None:
        """End every consent, leaving the connections as they are."""
        for consent in (
            *(token.consent for token in self.refresh_tokens.values()),
            *(token.consent for token in self.access_tokens.values()),
        ):
            consent.alive = False

    def connection(self, tenant_id: str) -> Connection | None:
        """Return the connection of an organisation."""
        return next((one for one in self.connections.values() if one.tenant_id == tenant_id), None)

    def _tokens(self, consent: Consent) -> dict[str, object]:
        now = self.clock.now()
        begins = int(now.timestamp())
        shared = {
            "iss": self.url,
            "nbf": begins,
            "iat": begins,
            "exp": begins + int(ACCESS_LIFE.total_seconds()),
            "sub": hashlib.md5(USER_ID.encode(), usedforsecurity=False).hexdigest(),
            "auth_time": int(consent.at.timestamp()),
            "xero_userid": USER_ID,
            "global_session_id": hashlib.md5(consent.auth_event_id.encode(), usedforsecurity=False).hexdigest(),
        }
        of_person = {"authentication_event_id": consent.auth_event_id, "amr": ["pwd"]}
        of_nobody = {name: shared[name] for name in ("iss", "nbf", "iat", "exp")}
        access = self._sign(
            {
                **(of_nobody if consent.only else shared | of_person),
                "aud": f"{self.url}/resources",
                "client_id": XERO_CUSTOM_CLIENT_ID if consent.only else XERO_CLIENT_ID,
                "jti": self._uuid().replace("-", "").upper(),
                "scope": list(consent.scopes),
            }
        )
        self.access_tokens[access] = AccessToken(consent, now + ACCESS_LIFE)
        answer: dict[str, object] = {
            "access_token": access,
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "token_type": "Bearer",
            "scope": " ".join(consent.scopes),
        }
        if "openid" in consent.scopes:
            names = {"email": "demo@example.com", "given_name": "Demo", "family_name": "User"}
            answer["id_token"] = self._sign({**shared, "aud": XERO_CLIENT_ID, **names})
        if "offline_access" in consent.scopes:
            refresh = self._secret()
            self.refresh_tokens[refresh] = RefreshToken(consent, now)
            answer["refresh_token"] = refresh
        return answer

    def _sign(self, claims: dict[str, object]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid, "typ": "JWT"}, claims, self.key)

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def _secret(self) -> str:
        return base64.urlsafe_b64encode(self.random.randbytes(32)).decode().rstrip("=")


def right_client(client_id: str | None, secret: str | None) -> bool:
    """Tell whether a web app proved who it is: the secret is needed even with PKCE."""
    return client_id == XERO_CLIENT_ID and secret == XERO_CLIENT_SECRET


def right_custom_client(client_id: str | None, secret: str | None) -> bool:
    """Tell whether a custom connection proved who it is."""
    return client_id == XERO_CUSTOM_CLIENT_ID and secret == XERO_CUSTOM_CLIENT_SECRET


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
