"""Who calls: access tokens of the four kinds, the apps behind them, and what they may do. No I/O."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from ledgerloop_sandbox.hubspot.kinds import KINDS

TOKEN_KINDS = ("legacy", "service_key", "static", "oauth")
OAUTH_SECONDS = 1800.0
PREFIXES = {"legacy": "pat-na1-", "service_key": "pat-na1-", "static": "pat-na1-", "oauth": "CO"}

ALL_SCOPES: tuple[str, ...] = tuple(
    sorted(
        {scope for kind in KINDS for scope in (*kind.read, *kind.write, *kind.schema)}
        | {scope.replace(".write", ".read") for kind in KINDS for scope in kind.schema}
        | {"oauth", "crm.objects.owners.read", "crm.lists.read", "crm.lists.write", "tax_rates.read"}
        | {"settings.currencies.read", "e-commerce"}
    )
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change, as history (`sourceType`) and webhooks (`changeSource`) show it."""

    source_type: str
    source_id: str
    label: str
    user_id: int | None = None
    app_id: int | None = None
    token_kind: str | None = None
    scopes: frozenset[str] | None = None

    def may(self, scopes: tuple[str, ...]) -> bool:
        """Tell whether any one of the scopes is granted; a person in the UI may do everything."""
        return self.scopes is None or not self.scopes.isdisjoint(scopes)


PERSON = Actor("CRM_UI", "userId:1", "Moana Clarke", user_id=1)
LOADER = Actor("IMPORT", "1", "Import")


@dataclass(slots=True)
class Token:
    """One access token."""

    text: str
    kind: str
    app_id: int
    scopes: tuple[str, ...]
    user_id: int = 1
    expires: float | None = None
    revoked: bool = False

    @property
    def actor(self) -> Actor:
        """Return who a call with this token counts as."""
        return Actor(
            "INTEGRATION",
            str(self.app_id),
            f"App {self.app_id}",
            app_id=self.app_id,
            token_kind=self.kind,
            scopes=frozenset(self.scopes),
        )


@dataclass(slots=True)
class Refresh:
    """One OAuth refresh token; it does not expire by itself."""

    text: str
    app_id: int
    scopes: tuple[str, ...]
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """An authorization code that waits to be redeemed."""

    redirect_uri: str
    scopes: tuple[str, ...]
    expires: float
    challenge: str | None


@dataclass(slots=True)
class Keys:
    """All tokens of the portal."""

    dice: random.Random
    by_text: dict[str, Token] = field(default_factory=dict)
    refreshes: dict[str, Refresh] = field(default_factory=dict)
    next_app: int = 40_000_001

    def add(
        self,
        kind: str,
        scopes: tuple[str, ...],
        *,
        text: str | None = None,
        app_id: int | None = None,
        expires: float | None = None,
    ) -> Token:
        """Make a token; each app that is not named gets an id of its own."""
        if app_id is None:
            app_id, self.next_app = self.next_app, self.next_app + 1
        text = text or PREFIXES[kind] + self.fresh()
        if kind == "service_key" and "oauth" not in scopes:
            scopes = (*scopes, "oauth")
        token = Token(text, kind, app_id, scopes, expires=expires)
        self.by_text[text] = token
        return token

    def add_refresh(self, app_id: int, scopes: tuple[str, ...]) -> Refresh:
        """Make an OAuth refresh token."""
        refresh = Refresh(self.fresh(), app_id, scopes)
        self.refreshes[refresh.text] = refresh
        return refresh

    def find(self, text: str, now: float) -> Token | None:
        """Return a token that is known, not revoked and not expired."""
        token = self.by_text.get(text)
        if token is None or token.revoked or (token.expires is not None and now >= token.expires):
            return None
        return token

    def fresh(self) -> str:
        """Draw a new secret text; seeded, so that a run can be repeated."""
        return "-".join(f"{self.dice.getrandbits(32):08x}" for _ in range(4))

    def expire(self) -> int:
        """Let every OAuth token expire at once, as the fault `expire_tokens` asks."""
        spent = [token for token in self.by_text.values() if token.kind == "oauth"]
        for token in spent:
            token.expires = 0.0
        return len(spent)

    def revoke(self) -> int:
        """Revoke every token and refresh token, as the fault `revoke_tokens` asks."""
        for token in self.by_text.values():
            token.revoked = True
        for refresh in self.refreshes.values():
            refresh.revoked = True
        return len(self.by_text)
