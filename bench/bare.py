"""Be the bound of receiving webhooks: the same server, the same check of the signature, and nothing stored."""

from __future__ import annotations

import argparse

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ledgerloop.errors import BadSignature
from ledgerloop.web.server import listening, serve
from ledgerloop.xero.webhooks import verify
from ledgerloop_sandbox.credentials import XERO_WEBHOOK_KEY


async def _check(request: Request) -> Response:
    raw = await request.body()
    try:
        verify(raw, request.headers.get("x-xero-signature"), XERO_WEBHOOK_KEY)
    except BadSignature:
        return Response(status_code=401)
    return Response()


def main() -> None:
    """Serve until told to stop."""
    reader = argparse.ArgumentParser(prog="python -m bench.bare", description=__doc__)
    reader.add_argument("--port", type=int, required=True)
    reader.add_argument("--path", required=True)
    given = reader.parse_args()
    app = Starlette(routes=[Route(given.path, _check, methods=["POST"])])
    serve(app, listening("127.0.0.1", given.port, "the command line"))


if __name__ == "__main__":
    main()
