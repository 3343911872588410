"""Replay the first answer to an Idempotency-Key for about 6 minutes, errors included. Pure."""

import hashlib
from dataclasses import dataclass, field

from ledgerloop_sandbox.xero.errors import Answer, bad_request

WINDOW = 360.0
LONGEST = 128


@dataclass
class Replays:
    """Remember answers by tenant and key."""

    answers: dict[tuple[str, str], tuple[float, str, Answer]] = field(default_factory=dict)

    def find(self, tenant_id: str, key: str, request: str, now: float) -> Answer | None:
        """Return the first answer; the same key with another request is a 400."""
        if len(key) > LONGEST:
            raise bad_request("ValidationException", f"The Idempotency-Key must have at most {LONGEST} characters", 10)
        kept = self.answers.get((tenant_id, key))
        if kept is None or now - kept[0] > WINDOW:
            return None
        if kept[1] != request:
            raise bad_request("ValidationException", f"Idempotency Key: {key} is used with a different request.", 10)
        return kept[2]

    def keep(self, tenant_id: str, key: str, request: str, now: float, answer: Answer) -> None:
        """Remember an answer, and forget what is too old."""
        for old in [name for name, kept in self.answers.items() if now - kept[0] > WINDOW]:
            del self.answers[old]
        self.answers[tenant_id, key] = (now, request, answer)


def fingerprint(method: str, path: str, query: str, body: bytes) -> str:
    """Return what makes two requests the same."""
    return hashlib.sha256(f"{method} {path}?{query}\n".encode() + body).hexdigest()
