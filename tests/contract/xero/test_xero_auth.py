"""Section "Auth" of the Xero checklist: consent, tokens, scopes, connections."""

import base64
import json

import httpx2
import pytest
from xero_app import CLIENT, REDIRECT, SCOPES, App, pkce

from ledgerloop_sandbox import credentials

DAY = 86_400


def test_authorize_carries_the_state_and_gives_a_code(stranger: App) -> None:
    """The consent's answer goes to the redirect URI with code and the state that was sent."""
    location = httpx2.URL(stranger.authorize(state="s p&ce").headers["location"])

    assert str(location).startswith(REDIRECT)
    assert location.params["state"] == "s p&ce"
    assert location.params["code"]


def test_consent_page_lists_the_organisations_and_covers_those_chosen(stranger: App) -> None:
    """The page shows every organisation with a checkbox; only the chosen ones are connected."""
    page = stranger.authorize(sandbox_consent=None)
    tenant = next(iter(stranger.sandbox.xero.books.organisations))
    allowed = stranger.http.post(str(page.request.url), data={"tenant": tenant, "decision": "allow"})
    code = httpx2.URL(allowed.headers["location"]).params["code"]
    stranger.tokens = stranger.exchange(code).json()

    assert "Kiwi Demo Ltd" in page.text
    assert "Aussie Demo Pty" in page.text
    assert page.text.count('type="checkbox"') == 2
    assert [tenant] == [one["tenantId"] for one in stranger.connections().json()]


def test_cancelled_consent_comes_back_as_access_denied(stranger: App) -> None:
    """Who presses Cancel sends error=access_denied and the state to the app."""
    location = httpx2.URL(stranger.authorize(sandbox_consent="none").headers["location"])

    assert location.params["error"] == "access_denied"
    assert location.params["state"] == "a-state"


def test_pkce_s256_is_checked_and_a_wrong_verifier_is_invalid_grant(stranger: App) -> None:
    """With a challenge the token call needs its verifier."""
    verifier, challenge = pkce()
    asked = {"code_challenge": challenge, "code_challenge_method": "S256"}

    wrong = stranger.exchange(stranger.code(**asked), code_verifier="w" * 64)
    missing = stranger.exchange(stranger.code(**asked))
    good = stranger.exchange(stranger.code(**asked), code_verifier=verifier)

    assert (wrong.status_code, wrong.json()) == (400, {"error": "invalid_grant"})
    assert missing.json() == {"error": "invalid_grant"}
    assert good.status_code == 200


def test_plain_pkce_is_refused(stranger: App) -> None:
    """Only S256 is a code challenge method."""
    assert stranger.authorize(code_challenge="x", code_challenge_method="plain").status_code == 400


def test_code_is_single_use(stranger: App) -> None:
    """A code works once."""
    code = stranger.code()

    assert stranger.exchange(code).status_code == 200
    assert stranger.exchange(code).json() == {"error": "invalid_grant"}


def test_code_is_short_lived(stranger: App) -> None:
    """A code lives 5 minutes and is dead then."""
    living, dead = stranger.code(), stranger.code()
    stranger.clock.shift(295)
    answer = stranger.exchange(living)
    stranger.clock.shift(10)

    assert answer.status_code == 200
    assert stranger.exchange(dead).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize("uri", [REDIRECT + "/", REDIRECT.upper(), "http://127.0.0.1:8080/elsewhere"])
def test_redirect_uri_must_match_exactly(stranger: App, uri: str) -> None:
    """Another redirect URI is an error page, never a redirect; so it is at the token call."""
    assert stranger.authorize(redirect_uri=uri).status_code == 400
    assert stranger.exchange(stranger.code(), redirect_uri=uri).json() == {"error": "invalid_grant"}


def test_token_call_takes_basic_and_form_credentials(stranger: App) -> None:
    """The client proves itself by HTTP Basic or in the form body."""
    form = {"client_id": CLIENT[0], "client_secret": CLIENT[1]}

    assert stranger.exchange(stranger.code()).status_code == 200
    assert stranger.exchange(stranger.code(), auth=None, **form).status_code == 200


def test_web_app_without_its_secret_is_invalid_client_even_with_pkce(stranger: App) -> None:
    """A web app that leaves its secret out is refused."""
    verifier, challenge = pkce()
    code = stranger.code(code_challenge=challenge, code_challenge_method="S256")
    answer = stranger.exchange(code, auth=None, client_id=CLIENT[0], code_verifier=verifier)

    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})
    assert stranger.refresh("x", auth=(CLIENT[0], "wrong")).json() == {"error": "invalid_client"}


def test_client_credentials_are_for_custom_connections_only(stranger: App) -> None:
    """A web app may not use client_credentials."""
    answer = stranger.http.post("/connect/token", data={"grant_type": "client_credentials"}, auth=CLIENT)

    assert answer.json() == {"error": "unauthorized_client"}


def test_token_answer_has_the_documented_fields(app: App) -> None:
    """Access token of 1800 s, refresh token, id token, type and the granted scope."""
    assert app.tokens["expires_in"] == 1800
    assert app.tokens["token_type"] == "Bearer"
    assert app.tokens["scope"] == SCOPES
    assert {"access_token", "refresh_token", "id_token"} <= set(app.tokens)


def test_access_token_is_a_signed_jwt_with_the_documented_claims(app: App) -> None:
    """The access token is an RS256 JWT whose key is published, with the scope as an array."""
    from joserfc import jwt
    from joserfc.jwk import KeySet

    keys = KeySet.import_key_set(app.http.get("/.well-known/openid-configuration/jwks").json())
    token = jwt.decode(app.tokens["access_token"], keys)

    assert token.header["alg"] == "RS256"
    assert {"iss", "aud", "client_id", "sub", "xero_userid", "global_session_id", "jti", "nbf"} <= set(token.claims)
    assert {"exp", "auth_time", "authentication_event_id"} <= set(token.claims)
    assert token.claims["scope"] == SCOPES.split()
    assert token.claims["exp"] - token.claims["nbf"] == 1800
    assert token.claims["client_id"] == credentials.XERO_CLIENT_ID


def test_expired_access_token_is_401_token_expired(app: App) -> None:
    """After 1800 s calls answer 401 with Detail TokenExpired and PascalCase names."""
    app.clock.shift(1801)
    answer = app.get("Organisation")

    assert answer.status_code == 401
    assert answer.json()["Title"] == "Unauthorized"
    assert answer.json()["Detail"].startswith("TokenExpired: token expired at ")
    assert {"Type", "Title", "Status", "Detail", "Instance", "Extensions"} == set(answer.json())
    assert app.connections().status_code == 401


def test_missing_token_is_401(app: App) -> None:
    """Without a token a call is 401."""
    answer = app.get("Organisation", headers={"Authorization": "Bearer nonsense"})

    assert answer.status_code == 401


def test_refresh_rotates_and_the_old_token_works_for_30_minutes_more(app: App) -> None:
    """A refresh gives a new refresh token; the old one is good for a grace, then invalid_grant."""
    old = app.tokens["refresh_token"]
    fresh = app.refresh(old).json()
    app.clock.shift(29 * 60)
    graced = app.refresh(old)
    app.clock.shift(2 * 60)
    late = app.refresh(old)

    assert fresh["refresh_token"] != old
    assert graced.status_code == 200
    assert (late.status_code, late.json()) == (400, {"error": "invalid_grant"})
    assert app.refresh(fresh["refresh_token"]).status_code == 200


def test_refresh_token_dies_after_60_days_unused(app: App) -> None:
    """A refresh token lives 60 days; using it gives one that lives 60 days more."""
    app.clock.shift(59 * DAY)
    fresh = app.refresh(app.tokens["refresh_token"]).json()["refresh_token"]
    app.clock.shift(59 * DAY)
    fresher = app.refresh(fresh).json()["refresh_token"]
    app.clock.shift(61 * DAY)

    assert app.refresh(fresher).json() == {"error": "invalid_grant"}


def test_revocation_ends_access_and_refresh_tokens(app: App) -> None:
    """Revoking the refresh token ends both tokens, and the user's connections."""
    answer = app.http.post("/connect/revocation", data={"token": app.tokens["refresh_token"]}, auth=CLIENT)

    assert answer.status_code == 200
    assert app.refresh(app.tokens["refresh_token"]).json() == {"error": "invalid_grant"}
    assert app.get("Organisation").status_code == 401
    assert app.steer("state", method="GET")["connections"] == []


@pytest.mark.parametrize(
    ("mode", "scope", "status"),
    [
        ("both", "accounting.transactions accounting.contacts", 302),
        ("both", "accounting.invoices accounting.payments.read", 302),
        ("granular", "accounting.invoices", 302),
        ("granular", "accounting.transactions", 400),
        ("broad", "accounting.transactions", 302),
        ("broad", "accounting.invoices", 400),
    ],
)
def test_old_and_granular_scopes(stranger: App, mode: str, scope: str, status: int) -> None:
    """An app has the broad scopes, the granular ones, or both, by when it was made."""
    stranger.steer("settings", {"scopes": mode})

    assert status == stranger.authorize(scope=scope).status_code


@pytest.mark.parametrize(
    ("scope", "word"),
    [("accounting.nonsense", "invalid_scope"), ("", "invalid_scope"), ("app.connections", "unauthorized_client")],
)
def test_asking_a_wrong_scope_is_refused_on_the_login_page(stranger: App, scope: str, word: str) -> None:
    """An unknown scope is invalid_scope, one that the app may not have unauthorized_client; the user sees it."""
    answer = stranger.authorize(scope=scope)

    assert answer.status_code == 400
    assert word in answer.text
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("accounting.contacts.read", "GET", "Contacts", 200),
        ("accounting.contacts.read", "PUT", "Contacts", 403),
        ("accounting.contacts", "GET", "Invoices", 403),
        ("accounting.transactions.read", "GET", "Payments", 200),
        ("accounting.invoices.read", "GET", "Invoices", 200),
        ("accounting.invoices", "GET", "Payments", 403),
        ("accounting.payments", "GET", "Prepayments", 200),
        ("accounting.settings.read", "GET", "Organisation", 200),
        ("accounting.contacts", "GET", "Organisation", 403),
    ],
)
def test_calling_without_the_scope_is_403_with_the_misspelt_header(
    stranger: App, scope: str, method: str, path: str, status: int
) -> None:
    """Each endpoint wants its scope, broad or granular; writing wants one without .read."""
    stranger.connect(scope)
    answer = stranger.call(method, path, {"Contacts": [{"Name": "A"}]} if method == "PUT" else None)

    assert status == answer.status_code
    if status == 403:
        assert answer.headers["WWW-Authenticate"] == "insufficent_scope"


def test_connections_in_both_spellings_with_seven_digits_and_no_zone(app: App) -> None:
    """/connections and /Connections list the organisations; their dates have seven digits and no Z."""
    small, capital = app.connections(), app.connections("/Connections")
    item = small.json()[0]

    assert small.json() == capital.json()
    assert {"id", "authEventId", "tenantId", "tenantType", "tenantName", "createdDateUtc", "updatedDateUtc"} == set(
        item
    )
    assert item["tenantType"] == "ORGANISATION"
    assert len(item["createdDateUtc"].partition(".")[2]) == 7
    assert item["id"] != item["tenantId"]


def test_one_consent_covers_several_organisations_and_auth_event_id_filters(stranger: App) -> None:
    """Connections of earlier consents are listed too; authEventId shows those of the last one."""
    kiwi, aussie = stranger.sandbox.xero.books.organisations
    stranger.connect(consent=kiwi)
    stranger.clock.shift(60)
    stranger.connect(consent=aussie)
    payload = stranger.tokens["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    of_last = stranger.connections(authEventId=claims["authentication_event_id"]).json()

    assert {kiwi, aussie} == {one["tenantId"] for one in stranger.connections().json()}
    assert [aussie] == [one["tenantId"] for one in of_last]


def test_disconnected_organisation_is_403_while_refresh_still_works(app: App) -> None:
    """DELETE of a connection answers 204; calls are then 403 AuthenticationUnsuccessful, and tokens refresh."""
    connection = app.connections().json()[0]
    gone = app.http.delete(
        f"/connections/{connection['id']}", headers={"Authorization": f"Bearer {app.tokens['access_token']}"}
    )
    answer = app.get("Organisation")

    assert gone.status_code == 204
    assert answer.status_code == 403
    assert answer.json()["Detail"] == "AuthenticationUnsuccessful"
    assert app.refresh(app.tokens["refresh_token"]).status_code == 200
    assert len(app.connections().json()) == 1


@pytest.mark.parametrize("tenant", ["00000000-0000-0000-0000-000000000001", "none"])
def test_foreign_or_missing_tenant_is_403(app: App, tenant: str) -> None:
    """A tenant that is not connected, or none, is 403 AuthenticationUnsuccessful."""
    answer = app.call("GET", "Organisation", tenant=tenant)

    assert (answer.status_code, answer.json()["Detail"]) == (403, "AuthenticationUnsuccessful")


def test_connection_cap_of_the_tier(stranger: App) -> None:
    """A consent beyond the tier's connections is refused."""
    stranger.steer("settings", {"connection_cap": 1})

    assert stranger.authorize().status_code == 400
    assert stranger.authorize(sandbox_consent=next(iter(stranger.sandbox.xero.books.organisations))).status_code == 302


CUSTOM = (credentials.XERO_CUSTOM_CLIENT_ID, credentials.XERO_CUSTOM_CLIENT_SECRET)


def made(app: App, **form: str) -> httpx2.Response:
    """Ask for a token by the client's own credentials."""
    return app.http.post("/connect/token", data={"grant_type": "client_credentials", **form}, auth=CUSTOM)


@pytest.fixture
def custom(stranger: App) -> App:
    """Give an app with the token of a custom connection."""
    stranger.tokens = made(stranger, scope="accounting.settings.read accounting.contacts").json()
    return stranger


def test_custom_token_has_no_refresh_token_and_nobody_s_identity(custom: App) -> None:
    """It lasts as long as others, and says nothing of a person or a consent."""
    payload = custom.tokens["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    assert {"access_token", "expires_in", "token_type", "scope"} == set(custom.tokens)
    assert 1800 == custom.tokens["expires_in"]
    assert {"sub", "xero_userid", "authentication_event_id"}.isdisjoint(claims)


@pytest.mark.parametrize("scope", ["offline_access accounting.contacts", "openid", "accounting.nothing"])
def test_custom_connection_may_not_ask_for_a_person_s_scopes(stranger: App, scope: str) -> None:
    """Nobody signs in and nothing is renewed, so scopes for that are refused."""
    assert {"error": "invalid_scope"} == made(stranger, scope=scope).json()


def test_custom_connection_need_not_name_scopes(stranger: App) -> None:
    """None need be named."""
    assert "accounting.invoices" in made(stranger).json()["scope"].split()


@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token"])
def test_custom_connection_has_one_grant(stranger: App, grant: str) -> None:
    """It has one way to a token."""
    answer = stranger.http.post("/connect/token", data={"grant_type": grant}, auth=CUSTOM)

    assert (400, {"error": "unauthorized_client"}) == (answer.status_code, answer.json())
    assert 400 == stranger.authorize(client_id=credentials.XERO_CUSTOM_CLIENT_ID).status_code


def test_custom_connection_is_for_one_organisation_that_needs_no_naming(custom: App) -> None:
    """Its own organisation answers with or without a tenant, any other is refused, and there is nothing to list."""
    url = "/api.xro/2.0/Organisation"
    sent = {"Accept": "application/json", "Authorization": f"Bearer {custom.tokens['access_token']}"}
    first, second = custom.sandbox.xero.books.organisations
    unnamed = custom.http.get(url, headers=sent)
    named = custom.http.get(url, headers=sent | {"xero-tenant-id": first})
    other = custom.http.get(url, headers=sent | {"xero-tenant-id": second})
    invoices = custom.http.get("/api.xro/2.0/Invoices", headers=sent)

    assert [200, 200, 403, 403] == [one.status_code for one in (unnamed, named, other, invoices)]
    assert first == unnamed.json()["Organisations"][0]["OrganisationID"]
    assert 401 == custom.connections().status_code


def test_custom_connections_are_for_four_countries(stranger: App) -> None:
    """There are none outside four countries."""
    next(iter(stranger.sandbox.xero.books.organisations.values())).country_code = "CA"

    assert {"error": "unauthorized_client"} == made(stranger).json()
