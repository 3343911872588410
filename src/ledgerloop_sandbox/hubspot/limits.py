"""HubSpot's limits: a rolling 10 seconds per app, a day per account, 5 searches a second; and what 429 says."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from ledgerloop_sandbox.clock import Clock
from ledgerloop_sandbox.hubspot.refusals import Refusal
from ledgerloop_sandbox.hubspot.settings import TIERS, Settings
from ledgerloop_sandbox.hubspot.tokens import Actor
from ledgerloop_sandbox.hubspot.wire import Json

WINDOW = 10.0
SEARCHES = 5
OAUTH_BURST = 110
_NAME = "X-HubSpot-RateLimit-"


@dataclass(slots=True)
class Limits:
    """Count the calls of one account."""

    clock: Clock
    settings: Settings
    time_zone: str
    bursts: dict[tuple[int, str], deque[float]] = field(default_factory=dict)
    searches: deque[float] = field(default_factory=deque)
    day: str = ""
    used: int = 0

    def admit(self, actor: Actor, family: str) -> dict[str, str]:
        """Count a call and return its rate limit headers, or refuse it with 429.

        `family` is search, associations or other. Searches are exempt from the ten-secondly limit and carry the
        daily headers alone; OAuth apps carry no daily ones.
        """
        settings = self.settings
        if not settings.limits or actor.app_id is None:
            return {}
        now, oauth = self.clock.seconds(), actor.token_kind == "oauth"
        most_daily = settings.daily or TIERS[settings.tier][1]
        self._turn()
        if not oauth and self.used >= most_daily:
            headers = {"Retry-After": str(self.seconds_left())} if settings.retry_after else {}
            raise _daily(headers)
        headers = {}
        if family == "search":
            if not _fits(self.searches, now, 1.0, SEARCHES):
                raise _secondly(_retry(settings.retry_after, 1))
        else:
            most = burst_of(settings, actor, family)
            calls = self.bursts.setdefault((actor.app_id, family), deque())
            if not _fits(calls, now, WINDOW, most):
                raise _ten_secondly(_retry(settings.retry_after, 10))
            headers = {
                f"{_NAME}Interval-Milliseconds": "10000",
                f"{_NAME}Max": str(most),
                f"{_NAME}Remaining": str(most - len(calls)),
            }
        if not oauth:
            self.used += 1
            headers |= {f"{_NAME}Daily": str(most_daily), f"{_NAME}Daily-Remaining": str(most_daily - self.used)}
        return headers

    def usage(self) -> Json:
        """Return today's usage as the account endpoint shows it."""
        self._turn()
        resets = _midnight(self.clock, self.time_zone).astimezone(UTC)
        return {
            "name": "private-apps-api-calls-daily",
            "usageLimit": self.settings.daily or TIERS[self.settings.tier][1],
            "currentUsage": self.used,
            "collectedAt": f"{self.clock.now():%Y-%m-%dT%H:%M:%S.000Z}",
            "fetchStatus": "SUCCESS",
            "resetsAt": f"{resets:%Y-%m-%dT%H:%M:%S.000Z}",
        }

    def seconds_left(self) -> int:
        """Return the seconds until midnight in the account's zone."""
        return int((_midnight(self.clock, self.time_zone) - self.clock.now()).total_seconds()) + 1

    def _turn(self) -> None:
        today = f"{self.clock.now().astimezone(ZoneInfo(self.time_zone)):%Y-%m-%d}"
        if today != self.day:
            self.day, self.used = today, 0


def burst_of(settings: Settings, actor: Actor, family: str) -> int:
    """Return how many calls an app may make in 10 seconds."""
    if settings.burst is not None:
        return settings.burst
    burst, _, associations = TIERS[settings.tier]
    if actor.token_kind == "oauth":
        return OAUTH_BURST
    return associations if family == "associations" else burst


def _fits(calls: deque[float], now: float, window: float, most: int) -> bool:
    while calls and calls[0] <= now - window:
        calls.popleft()
    if len(calls) >= most:
        return False
    calls.append(now)
    return True


def _midnight(clock: Clock, time_zone: str) -> datetime:
    zone = ZoneInfo(time_zone)
    tomorrow = clock.now().astimezone(zone).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone)


def _retry(wanted: bool, seconds: int) -> dict[str, str]:
    return {"Retry-After": str(seconds)} if wanted else {}


def _ten_secondly(headers: dict[str, str]) -> Refusal:
    body = {
        "status": "error",
        "message": "You have reached your ten_secondly_rolling limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": None,
        "policyName": "TEN_SECONDLY_ROLLING",
        "groupName": "publicapi:private-apps-api-calls",
    }
    return Refusal(429, body, headers)


def _daily(headers: dict[str, str]) -> Refusal:
    body = {
        "status": "error",
        "message": "You have reached your daily limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": None,
        "policyName": "DAILY",
        "requestId": None,
    }
    return Refusal(429, body, headers)


def _secondly(headers: dict[str, str]) -> Refusal:
    body = {
        "status": "error",
        "message": "You have reached your secondly limit.",
        "correlationId": None,
        "category": "RATE_LIMITS",
    }
    return Refusal(429, body, headers)
