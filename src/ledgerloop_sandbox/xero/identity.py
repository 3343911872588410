"""Answer the identity endpoints: authorize with its consent page, token, revocation, keys."""

import base64
import binascii
from html import escape
from typing import Any
from urllib.parse import unquote_plus, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from ledgerloop_sandbox.credentials import XERO_CLIENT_ID
from ledgerloop_sandbox.xero import scopes
from ledgerloop_sandbox.xero.grants import OAuthError, right_client, right_custom_client
from ledgerloop_sandbox.xero.state import TIERS, XeroState

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Xero sandbox</title></head>
<body><main><h1>{title}</h1>{inner}</main></body></html>"""
_FORM = """<p>Ledgerloop wants access to:</p><ul>{scopes}</ul>
<form method="post"><fieldset><legend>Organisations</legend>{boxes}</fieldset>
<button name="decision" value="allow">Allow access</button>
<button name="decision" value="cancel">Cancel</button></form>"""
_BOX = '<p><label><input type="checkbox" name="tenant" value="{id}" checked> {name}</label></p>'


class Identity:
    """Hold the endpoints of login.xero.com and identity.xero.com."""

    def __init__(self, state: XeroState) -> None:
        self.state = state
        self.routes = [
            Route("/identity/connect/authorize", self.authorize, methods=["GET", "POST"]),
            Route("/connect/token", self.token, methods=["POST"]),
            Route("/connect/revocation", self.revocation, methods=["POST"]),
            Route("/.well-known/openid-configuration", self.configuration),
            Route("/.well-known/openid-configuration/jwks", self.keys),
        ]

    async def authorize(self, request: Request) -> Response:
        """Ask the user, or with `sandbox_consent` (all, none, or tenant ids) take the answer from the query."""
        query, state = request.query_params, self.state
        if query.get("client_id") != XERO_CLIENT_ID:
            return _error("unauthorized_client", "Unknown client or client not enabled")
        if query.get("redirect_uri") not in state.redirect_uris:
            return _error("unauthorized_client", "Invalid redirect_uri")
        if query.get("response_type") != "code":
            return _error("unsupported_response_type", "response_type must be code")
        asked = query.get("scope", "").split()
        if word := scopes.problem(asked, str(state.options["scopes"])):
            return _error(word, "Invalid scope for client")
        if query.get("code_challenge") and query.get("code_challenge_method") != "S256":
            return _error("invalid_request", "Transform algorithm not supported")
        if request.method == "POST":
            form = await request.form()
            chosen = [str(one) for one in form.getlist("tenant")] if form.get("decision") == "allow" else []
            return self._decided(request, asked, chosen)
        if consent := query.get("sandbox_consent"):
            everything = list(state.organisations)
            return self._decided(request, asked, everything if consent == "all" else consent.split(","))
        boxes = "".join(_BOX.format(id=org.tenant_id, name=escape(org.name)) for org in state.organisations.values())
        listed = "".join(f"<li>{escape(scope)}</li>" for scope in asked)
        return HTMLResponse(_PAGE.format(title="Allow access?", inner=_FORM.format(scopes=listed, boxes=boxes)))

    def _decided(self, request: Request, asked: list[str], chosen: list[str]) -> Response:
        query, grants = request.query_params, self.state.grants
        chosen = [tenant_id for tenant_id in chosen if tenant_id in self.state.organisations]
        carried = {"state": query["state"]} if "state" in query else {}
        if not chosen:
            return _redirect(query["redirect_uri"], {"error": "access_denied", **carried})
        fresh = [tenant_id for tenant_id in chosen if grants.connection(tenant_id) is None]
        most = self.state.options["connection_cap"] or TIERS[str(self.state.options["tier"])].connections
        if len(grants.connections) + len(fresh) > int(most):
            return _error("connection_limit", f"This app has reached its limit of {most} connections")
        code = grants.consent(tuple(asked), chosen, query["redirect_uri"], query.get("code_challenge"))
        return _redirect(query["redirect_uri"], {"code": code, "scope": " ".join(asked), **carried})

    async def token(self, request: Request) -> Response:
        """Exchange a code, or refresh."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        client = _client(request, form)
        if right_custom_client(*client):
            return self._custom(form)
        if not right_client(*client):
            return _refused("invalid_client")
        grants = self.state.grants
        try:
            match form.get("grant_type"):
                case "authorization_code":
                    verifier = form.get("code_verifier")
                    tokens = grants.exchange(form.get("code", ""), form.get("redirect_uri", ""), verifier)
                case "refresh_token":
                    tokens = grants.refresh(form.get("refresh_token", ""))
                case "client_credentials":  # custom connections only
                    return _refused("unauthorized_client")
                case _:
                    return _refused("unsupported_grant_type")
        except OAuthError as error:
            return _refused(str(error))
        return JSONResponse(tokens, headers={"Cache-Control": "no-store"})

    def _custom(self, form: dict[str, str]) -> Response:
        """Answer a custom connection, which has one grant only: for one organisation, of four countries."""
        state = self.state
        if form.get("grant_type") != "client_credentials":
            return _refused("unauthorized_client")
        organisation = state.custom_organisation()
        if organisation is None:
            return _refused("unauthorized_client")
        mode = str(state.options["scopes"])
        asked = form.get("scope", "").split() or sorted(scopes.allowed(mode) - scopes.IDENTITY)
        if word := scopes.problem_of_custom(asked, mode):
            return _refused(word)
        tokens = state.grants.issue(tuple(asked), organisation.tenant_id)
        return JSONResponse(tokens, headers={"Cache-Control": "no-store"})

    async def revocation(self, request: Request) -> Response:
        """Revoke a refresh token, and with it everything that came from the consent."""
        form = {name: str(value) for name, value in (await request.form()).items()}
        if not right_client(*_client(request, form)):
            return _refused("invalid_client")
        self.state.grants.revoke(form.get("token", ""))
        return Response(status_code=200)

    async def keys(self, request: Request) -> Response:
        """Publish the key that access tokens are signed with."""
        key: dict[str, Any] = dict(self.state.grants.key.as_dict(private=False))
        return JSONResponse({"keys": [{**key, "use": "sig", "alg": "RS256"}]})

    async def configuration(self, request: Request) -> Response:
        """Publish where the endpoints are."""
        url = self.state.url
        return JSONResponse(
            {
                "issuer": url,
                "jwks_uri": f"{url}/.well-known/openid-configuration/jwks",
                "authorization_endpoint": f"{url}/identity/connect/authorize",
                "token_endpoint": f"{url}/connect/token",
                "revocation_endpoint": f"{url}/connect/revocation",
                "response_types_supported": ["code"],
                "code_challenge_methods_supported": ["S256"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "subject_types_supported": ["public"],
            }
        )


def _client(request: Request, form: dict[str, str]) -> tuple[str | None, str | None]:
    kind, _, encoded = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return form.get("client_id"), form.get("client_secret")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, None
    return unquote_plus(client_id), unquote_plus(secret)


def _refused(word: str) -> Response:
    return JSONResponse({"error": word}, status_code=400)


def _error(word: str, sentence: str) -> Response:
    # Like the real login page: errors of the request itself are shown to the user and never sent to the app.
    inner = f"<p>Error: <code>{escape(word)}</code></p><p>{escape(sentence)}</p>"
    return HTMLResponse(_PAGE.format(title="Sorry, something went wrong", inner=inner), status_code=400)


def _redirect(uri: str, query: dict[str, str]) -> Response:
    return RedirectResponse(f"{uri}{'&' if '?' in uri else '?'}{urlencode(query)}", status_code=302)
