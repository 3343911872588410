"""Renew tokens as the service does, in processes of their own, at an identity host that counts each token's use."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

from ledgerloop.clock import Clock
from ledgerloop.oauth import Provider, Tokens, TokenSet
from ledgerloop.secret_stores import SecretStores, open_stores
from ledgerloop.settings import load
from ledgerloop.store.db import Database

GRANT = "xero"
SHORT = 60
"""Seconds that tokens last here: less than the time ahead at which they are renewed, so each use renews them."""


@dataclass
class Identity:
    """An identity host with one grant. It takes the latest refresh token; an older one only if it is ``lenient``."""

    url: str = ""
    number: int = 1
    used: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    lenient: bool = False
    before_answer: Callable[[], object] = lambda: None
    after_answer: Callable[[], object] = lambda: None
    turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def latest(self) -> str:
        """The refresh token that counts."""
        return f"refresh-hunter2-{self.number}"

    def renewed(self, token: str) -> dict[str, object] | None:
        """Take a refresh token, and give the next; none where it does not count."""
        with self.turn:
            self.used[token] += 1
            known = token in {f"refresh-hunter2-{one}" for one in range(1, self.number + 1)}
            if token != self.latest and not (self.lenient and known):
                self.refused.append(token)
                return None
            self.number += 1
            return {"access_token": f"access-hunter2-{self.number}", "refresh_token": self.latest, "expires_in": SHORT}


@contextmanager
def identity() -> Iterator[Identity]:
    """Run one while the block lasts."""
    found = Identity()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            given = found.renewed(form["refresh_token"][0])
            found.before_answer()
            body = json.dumps(given or {"error": "invalid_grant"}).encode()
            self.send_response(200 if given else 400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            found.after_answer()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def first() -> str:
    """Give the tokens that a consent gave."""
    return TokenSet("access-hunter2-1", "refresh-hunter2-1", datetime.now(UTC) + timedelta(seconds=SHORT)).to_json()


@contextmanager
def opened(file: Path) -> Iterator[SecretStores]:
    """Open the secrets of some settings."""
    settings = load(file)
    database = Database(settings.service.database)
    try:
        yield open_stores(settings, database, GRANT)
    finally:
        database.close()


def tokens(stores: SecretStores, url: str) -> Tokens:
    """Give what hands out access tokens."""
    provider = Provider("Xero", "", f"{url}/connect/token", "", "id", lambda: "secret", "", ("offline_access",), 30.0)
    return Tokens(provider, stores.shelf, GRANT, clock=Clock())


def begun(file: Path, url: str, times: int) -> subprocess.Popen[str]:
    """Start a process that renews so many times."""
    words = [sys.executable, "-m", "renewing", str(file), url, str(times)]
    return subprocess.Popen(words, cwd=Path(__file__).parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


if __name__ == "__main__":
    with opened(Path(sys.argv[1])) as _stores:
        _ask = tokens(_stores, sys.argv[2])
        for _ in range(int(sys.argv[3])):
            _ask()
    print("done")
