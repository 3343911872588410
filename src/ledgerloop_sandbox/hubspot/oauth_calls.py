"""Answer OAuth: the consent page, codes, tokens of 30 minutes, refresh, introspection and revocation."""

from __future__ import annotations

import base64
import hashlib
import html
from urllib.parse import urlencode

from ledgerloop_sandbox.credentials import HUBSPOT_APP_ID, HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.refusals import Refusal, refuse
from ledgerloop_sandbox.hubspot.tokens import ALL_SCOPES, OAUTH_SECONDS, Code
from ledgerloop_sandbox.hubspot.wire import Json, Reply, Request

CODE_SECONDS = 60.0


def authorize(portal: Portal, request: Request) -> Reply:
    """Show the consent page; posting it, or `sandbox_consent=all`, sends the browser back with a code."""
    query = {name: values[0] for name, values in request.query.items() if values}
    redirect, scopes = query.get("redirect_uri", ""), tuple(query.get("scope", "").split())
    problem = _problem(query, redirect, scopes)
    if problem:
        return Reply(400, f"<h1>Authorization failed</h1><p>{html.escape(problem)}</p>")
    if request.method == "GET" and query.get("sandbox_consent") != "all":
        listed = "".join(f"<li>{html.escape(scope)}</li>" for scope in scopes)
        return Reply(
            200,
            f"<h1>Connect to HubSpot account {portal.portal_id}</h1><ul>{listed}</ul>"
            '<form method="post"><button type="submit">Connect app</button></form>',
        )
    optional = [scope for scope in query.get("optional_scope", "").split() if scope in ALL_SCOPES]
    code = portal.keys.fresh()
    portal.codes[code] = Code(
        redirect,
        tuple(dict.fromkeys((*scopes, *optional))),
        portal.clock.seconds() + CODE_SECONDS,
        query.get("code_challenge"),
    )
    back = {"code": code} | ({"state": query["state"]} if "state" in query else {})
    return Reply(302, "", {"location": f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(back)}"})


def token(portal: Portal, request: Request) -> Reply:
    """Redeem a code, renew by a refresh token, or give an app its own token."""
    form = _form(request)
    if form.get("client_id") != HUBSPOT_CLIENT_ID or form.get("client_secret") != HUBSPOT_CLIENT_SECRET:
        raise _bad("BAD_CLIENT_SECRET", "client_id or client_secret does not match")
    grant = form.get("grant_type")
    if grant == "authorization_code":
        return _tokens(portal, request, _redeem(portal, form), None)
    if grant == "refresh_token":
        refresh = portal.keys.refreshes.get(form.get("refresh_token", ""))
        if refresh is None or refresh.revoked:
            raise _bad("BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        return _tokens(portal, request, refresh.scopes, refresh.text)
    if grant == "client_credentials":
        return _tokens(portal, request, tuple(form.get("scope", "").split()), "")
    raise _bad("BAD_GRANT_TYPE", f"unknown grant_type {grant}")


def introspect(portal: Portal, request: Request) -> Reply:
    """Tell whether a token is live, and what it may do."""
    text = _form(request).get("token", "")
    token = portal.keys.find(text, portal.clock.seconds())
    if token is None:
        return Reply(200, {"active": False})
    left = OAUTH_SECONDS if token.expires is None else token.expires - portal.clock.seconds()
    shown: Json = {
        "active": True,
        "token_use": "access_token",
        "token_type": "access",
        "hub_id": portal.portal_id,
        "user_id": token.user_id,
        "app_id": token.app_id,
        "client_id": HUBSPOT_CLIENT_ID,
        "scopes": list(token.scopes),
        "expires_in": int(left),
    }
    return Reply(200, shown)


def revoke(portal: Portal, request: Request) -> Reply:
    """Revoke a refresh token or an access token."""
    text = _form(request).get("token", "")
    refresh, token = portal.keys.refreshes.get(text), portal.keys.by_text.get(text)
    if refresh is not None:
        refresh.revoked = True
    if token is not None:
        token.revoked = True
    return Reply(200, {})


def _redeem(portal: Portal, form: dict[str, str]) -> tuple[str, ...]:
    code = portal.codes.pop(form.get("code", ""), None)
    if code is None or code.expires < portal.clock.seconds() or code.redirect_uri != form.get("redirect_uri"):
        raise _bad("BAD_AUTH_CODE", "missing or unknown auth code")
    if code.challenge is not None:
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
            raise _bad("BAD_AUTH_CODE", "code_verifier does not match code_challenge")
    return code.scopes


def _tokens(portal: Portal, request: Request, scopes: tuple[str, ...], refresh: str | None) -> Reply:
    expires = portal.clock.seconds() + OAUTH_SECONDS
    token = portal.keys.add("oauth", scopes, app_id=HUBSPOT_APP_ID, expires=expires)
    if refresh is None:
        refresh = portal.keys.add_refresh(HUBSPOT_APP_ID, scopes).text
    answer: Json = {"token_type": "bearer", "access_token": token.text, "expires_in": int(OAUTH_SECONDS)}
    if refresh:
        answer["refresh_token"] = refresh
    if request.version != "v1":
        answer |= {
            "token_use": "access_token",
            "hub_id": portal.portal_id,
            "user_id": token.user_id,
            "scopes": list(scopes),
        }
    return Reply(200, answer)


def _problem(query: dict[str, str], redirect: str, scopes: tuple[str, ...]) -> str | None:
    if query.get("client_id") != HUBSPOT_CLIENT_ID:
        return "unknown client_id"
    if not redirect.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        return "redirect_uri must be https or on this machine"
    unknown = [scope for scope in scopes if scope not in ALL_SCOPES]
    return f"unknown scopes: {', '.join(unknown)}" if unknown or not scopes else None


def _form(request: Request) -> dict[str, str]:
    return request.body if isinstance(request.body, dict) else {}


def _bad(status: str, message: str) -> Refusal:
    refusal = refuse(400, None, message)
    refusal.body["status"] = status
    return refusal
