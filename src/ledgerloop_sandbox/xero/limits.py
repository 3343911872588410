"""Count calls against Xero's four limits: per minute, at once and per day for a tenant, per minute for the app. Pure.

The minute is a sliding window here (not documented which kind it is); the day is a fixed window per tenant.
"""

from collections import deque
from dataclasses import dataclass, field

MINUTE, DAY = 60.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Caps:
    """Be the numbers that apply."""

    minute: int
    concurrent: int
    day: int
    app_minute: int


@dataclass(slots=True)
class Refusal:
    """Say which limit was hit, and for how many seconds, where Xero says so."""

    problem: str
    retry_after: int | None


@dataclass(slots=True)
class _Tenant:
    begins: float
    recent: deque[float] = field(default_factory=deque)
    in_flight: int = 0
    day: int = 0
    used: int = 0


class Limits:
    """Admit or refuse calls."""

    def __init__(self) -> None:
        self._tenants: dict[str, _Tenant] = {}
        self._app: deque[float] = deque()

    def enter(self, tenant_id: str, now: float, caps: Caps | None) -> Refusal | None:
        """Count a call, or say why it is refused; without caps everything is admitted."""
        tenant = self._tenant(tenant_id, now)
        _forget(tenant.recent, now - MINUTE)
        _forget(self._app, now - MINUTE)
        if caps is not None:
            if tenant.in_flight >= caps.concurrent:
                return Refusal("concurrent", None)
            if tenant.used >= caps.day:
                return Refusal("day", int(tenant.begins + (tenant.day + 1) * DAY - now) + 1)
            if len(tenant.recent) >= caps.minute:
                return Refusal("minute", int(tenant.recent[0] + MINUTE - now) + 1)
            if len(self._app) >= caps.app_minute:
                return Refusal("appminute", int(self._app[0] + MINUTE - now) + 1)
        tenant.recent.append(now)
        self._app.append(now)
        tenant.used += 1
        tenant.in_flight += 1
        return None

    def leave(self, tenant_id: str) -> None:
        """Give a concurrency slot back."""
        self._tenants[tenant_id].in_flight -= 1

    def remaining(self, tenant_id: str | None, now: float, caps: Caps) -> dict[str, str]:
        """Return the three headers that every answer carries."""
        _forget(self._app, now - MINUTE)
        headers = {"X-AppMinLimit-Remaining": str(max(0, caps.app_minute - len(self._app)))}
        if tenant_id is not None:
            tenant = self._tenant(tenant_id, now)
            _forget(tenant.recent, now - MINUTE)
            headers["X-MinLimit-Remaining"] = str(max(0, caps.minute - len(tenant.recent)))
            headers["X-DayLimit-Remaining"] = str(max(0, caps.day - tenant.used))
        else:
            headers |= {"X-MinLimit-Remaining": str(caps.minute), "X-DayLimit-Remaining": str(caps.day)}
        return headers

    def spend_day(self, tenant_id: str, now: float, left: int, caps: Caps) -> None:
        """Leave only so many calls of this tenant's day."""
        self._tenant(tenant_id, now).used = caps.day - left

    def _tenant(self, tenant_id: str, now: float) -> _Tenant:
        tenant = self._tenants.get(tenant_id)
        if tenant is None:
            # Each tenant's day begins at another time; where, its id decides.
            begins = now - (int(tenant_id[:8], 16) % 86_400)
            tenant = self._tenants[tenant_id] = _Tenant(begins)
        day = int((now - tenant.begins) // DAY)
        if day != tenant.day:
            tenant.day, tenant.used = day, 0
        return tenant


def _forget(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()
