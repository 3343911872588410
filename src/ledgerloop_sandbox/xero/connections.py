"""Answer the connections endpoint, with a small and with a capital c."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ledgerloop_sandbox.xero.errors import NOT_FOUND
from ledgerloop_sandbox.xero.state import XeroState


class Connections:
    """Hold GET /connections and DELETE /connections/{id}."""

    def __init__(self, state: XeroState) -> None:
        self.state = state
        self.routes = [
            Route(f"/{name}{path}", method, methods=[verb])
            for name in ("connections", "Connections")
            for path, verb, method in (("", "GET", self.all), ("/{id}", "DELETE", self.delete))
        ]

    async def all(self, request: Request) -> Response:
        """List every organisation that the user ever connected, or those of one consent."""
        if (refused := self._refused(request)) is not None:
            return refused
        wanted = request.query_params.get("authEventId")
        return JSONResponse(
            [
                {
                    "id": one.id,
                    "authEventId": one.auth_event_id,
                    "tenantId": one.tenant_id,
                    "tenantType": "ORGANISATION",
                    "tenantName": self.state.organisations[one.tenant_id].name,
                    "createdDateUtc": _seven_digits(one.created),
                    "updatedDateUtc": _seven_digits(one.updated),
                }
                for one in self.state.grants.connections.values()
                if wanted is None or one.auth_event_id == wanted
            ]
        )

    async def delete(self, request: Request) -> Response:
        """Disconnect one organisation; refreshing still works, and no webhook tells."""
        if (refused := self._refused(request)) is not None:
            return refused
        gone = self.state.grants.connections.pop(request.path_params["id"], None)
        return Response(NOT_FOUND, 404) if gone is None else Response(status_code=204)

    def _refused(self, request: Request) -> Response | None:
        if request.scope["note"].person:
            return None
        token = self.state.grants.access_tokens.get(request.headers.get("authorization", "").partition(" ")[2])
        if token is None or not token.consent.alive:
            detail = "AuthenticationUnsuccessful"
        elif self.state.clock.now() >= token.expires:
            detail = f"TokenExpired: token expired at {token.expires:%m/%d/%Y %H:%M:%S}"
        elif token.consent.only:  # nobody connected it, so there is nothing to list or to end
            detail = "AuthenticationUnsuccessful"
        else:
            return None
        return JSONResponse(
            {"Type": None, "Title": "Unauthorized", "Status": 401, "Detail": detail, "Extensions": {}}, status_code=401
        )


def _seven_digits(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}0"
