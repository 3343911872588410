"""Receive webhooks on a real socket, answering as a test wants."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ledgerloop_sandbox.credentials import XERO_WEBHOOK_KEY

Reply = Callable[[bytes, str], tuple[int, dict[str, str], bytes]]


def right(body: bytes, signature: str, key: str = XERO_WEBHOOK_KEY) -> bool:
    """Tell whether a signature is right, worked out here independently of the sandbox."""
    wanted = base64.b64encode(hmac.new(key.encode(), body, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(wanted, signature)


def well_behaved(body: bytes, signature: str) -> tuple[int, dict[str, str], bytes]:
    """Answer as Xero wants it: 200 or 401, empty."""
    return (200 if right(body, signature) else 401), {}, b""


class Receiver:
    """Listen on loopback and keep every delivery."""

    def __init__(self) -> None:
        self.reply: Reply = well_behaved
        self.bodies: list[bytes] = []
        self.signatures: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signature = self.headers.get("x-xero-signature", "")
                status, headers, content = receiver.reply(body, signature)
                receiver.bodies.append(body)
                receiver.signatures.append(signature)
                self.send_response_only(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: Any) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhooks/xero"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def payloads(self) -> list[dict[str, Any]]:
        """Return the payloads that carry events, in the order of their arrival."""
        return [payload for body in self.bodies if (payload := json.loads(body))["events"]]

    def events(self) -> list[dict[str, Any]]:
        """Return the events that have arrived."""
        return [event for payload in self.payloads() for event in payload["events"]]

    def wait(self, ready: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until something is so."""
        until = time.monotonic() + seconds
        while not ready():
            assert time.monotonic() < until, f"did not happen; received {self.bodies}"
            time.sleep(0.005)
