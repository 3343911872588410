"""Checklist of the HubSpot sandbox: auth and versions."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ledgerloop_sandbox.credentials import (
    HUBSPOT_APP_ID,
    HUBSPOT_CLIENT_ID,
    HUBSPOT_CLIENT_SECRET,
    HUBSPOT_PORTAL_ID,
    HUBSPOT_TOKEN,
)

DEALS = "/crm/objects/2026-09/deals"


@pytest.mark.parametrize("kind", ["legacy", "service_key", "static", "oauth"])
def test_bearer_tokens_of_four_kinds(portal: Any, kind: str) -> None:
    """A token of each kind opens the API within its scopes; all but OAuth look like `pat-`."""
    token = portal.token_of(kind, ["crm.objects.deals.read"])["token"]

    assert portal.call("GET", DEALS, token=token).status_code == 200
    assert portal.call("GET", "/crm/objects/2026-09/contacts", token=token).status_code == 403
    assert token.startswith("pat-") is (kind != "oauth")


def test_a_service_key_always_carries_the_oauth_scope(portal: Any) -> None:
    """A service key has the scope `oauth` without asking for it."""
    made = portal.token_of("service_key", ["crm.objects.deals.read"])

    assert "oauth" in made["scopes"]


def test_oauth_tokens_expire_after_30_minutes_and_are_refreshed(portal: Any) -> None:
    """An OAuth token lives 1,800 seconds; the refresh token brings a new one and stays good."""
    made = portal.token_of("oauth", ["crm.objects.deals.read"])
    portal.pass_time(1790)
    before = portal.call("GET", DEALS, token=made["token"]).status_code
    portal.pass_time(20)
    after = portal.call("GET", DEALS, token=made["token"]).status_code
    form = {
        "grant_type": "refresh_token",
        "client_id": HUBSPOT_CLIENT_ID,
        "client_secret": HUBSPOT_CLIENT_SECRET,
        "refresh_token": made["refresh_token"],
    }
    renewed = portal.http.post("/oauth/2026-09/token", data=form).json()
    again = portal.http.post("/oauth/v1/token", data=form).json()

    assert (before, after) == (200, 401)
    assert renewed["expires_in"] == 1800
    assert renewed["token_type"] == "bearer"
    assert {"token_use", "hub_id", "user_id", "scopes"} <= renewed.keys()
    assert portal.call("GET", DEALS, token=renewed["access_token"]).status_code == 200
    assert {"token_type", "access_token", "refresh_token", "expires_in"} == again.keys()


def test_oauth_authorization_code_with_pkce(portal: Any) -> None:
    """Consent leads back with a code and the state; the code works once, and only with its verifier."""
    verifier = "v" * 64
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = {
        "client_id": HUBSPOT_CLIENT_ID,
        "redirect_uri": "http://127.0.0.1:8080/back",
        "scope": "crm.objects.deals.read oauth",
        "optional_scope": "crm.objects.contacts.read nonsense",
        "state": "s1",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    page = portal.http.get("/oauth/authorize", params=query)
    back = portal.http.post("/oauth/authorize", params=query)
    told = parse_qs(urlsplit(back.headers["location"]).query)
    form = {
        "grant_type": "authorization_code",
        "client_id": HUBSPOT_CLIENT_ID,
        "client_secret": HUBSPOT_CLIENT_SECRET,
        "redirect_uri": query["redirect_uri"],
        "code": told["code"][0],
        "code_verifier": verifier,
    }
    granted = portal.http.post("/oauth/2026-09/token", data=form)
    twice = portal.http.post("/oauth/2026-09/token", data=form)

    assert "crm.objects.deals.read" in page.text
    assert told["state"] == ["s1"]
    assert granted.json()["scopes"] == ["crm.objects.deals.read", "oauth", "crm.objects.contacts.read"]
    assert (twice.status_code, twice.json()["status"]) == (400, "BAD_AUTH_CODE")


def test_oauth_introspection_and_revocation(portal: Any) -> None:
    """A live token is introspected with its scopes; a revoked one is not active and answers 401."""
    token = portal.token_of("oauth", ["crm.objects.deals.read"])["token"]
    live = portal.http.post("/oauth/2026-09/token/introspect", data={"token": token}).json()
    portal.http.post("/oauth/2026-09/token/revoke", data={"token": token})
    dead = portal.http.post("/oauth/2026-09/token/introspect", data={"token": token}).json()

    assert (live["active"], live["scopes"]) == (True, ["crm.objects.deals.read"])
    assert dead == {"active": False}
    assert portal.call("GET", DEALS, token=token).status_code == 401


def test_401_body(portal: Any) -> None:
    """Without a token the answer is 401 with category INVALID_AUTHENTICATION and the text of the captures."""
    answer = portal.call("GET", DEALS, token=None)
    unknown = portal.call("GET", DEALS, token="pat-na1-nobody")

    assert (answer.status_code, unknown.status_code) == (401, 401)
    assert {"status", "message", "correlationId", "category"} == answer.json().keys()
    assert answer.json()["category"] == "INVALID_AUTHENTICATION"
    assert answer.json()["message"].startswith("Authentication credentials not found. This API supports OAuth 2.0")


def test_403_names_the_required_granular_scopes(portal: Any) -> None:
    """A missing scope answers 403 MISSING_SCOPES, and any one of the scopes listed would do."""
    token = portal.token_of("static", ["crm.objects.deals.read"])["token"]
    answer = portal.call("GET", "/crm/objects/2026-09/line_items", token=token)
    shop = portal.token_of("static", ["e-commerce"])["token"]

    assert (answer.status_code, answer.json()["category"]) == (403, "MISSING_SCOPES")
    context = answer.json()["errors"][0]["context"]
    assert context["requiredGranularScopes"] == ["crm.objects.line_items.read", "e-commerce"]
    assert portal.call("GET", "/crm/objects/2026-09/line_items", token=shop).status_code == 200


def test_403_variants_without_category_and_without_names(portal: Any) -> None:
    """The 403 also comes without category, without any scope named, and as view_schema text."""
    token = portal.token_of("static", [])["token"]
    found = {}
    for variant in ("no_category", "unnamed", "view_schema"):
        portal.set(scope_error=variant)
        answer = portal.call("GET", DEALS, token=token)
        assert answer.status_code == 403
        found[variant] = answer.json()

    assert "category" not in found["no_category"]
    assert "requiredGranularScopes" not in str(found["unnamed"])
    assert "requires one of [crm.objects.deals.read]" in found["view_schema"]["message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "scopes"),
    [
        ("POST", DEALS, {"properties": {}}, ["crm.objects.deals.read"]),
        ("GET", f"{DEALS}?associations=line_items", None, ["crm.objects.deals.read"]),
        ("GET", "/crm/properties/2026-09/deals", None, ["crm.objects.contacts.read"]),
        ("POST", "/crm/properties/2026-09/deals", {}, ["crm.objects.deals.write"]),
        ("GET", "/crm/owners/2026-09", None, ["crm.objects.deals.read"]),
        ("GET", "/crm/lists/2026-09?listIds=1", None, ["crm.objects.deals.read"]),
        ("GET", "/tax-rates/2026-09/tax-rates", None, ["crm.objects.deals.read"]),
        ("GET", "/account-info/2026-09/details", None, ["crm.objects.deals.read"]),
        ("POST", "/crm/associations/2026-09/deals/contacts/batch/read", {"inputs": []}, ["crm.objects.deals.read"]),
        ("PUT", "/crm/objects/2026-09/deals/1/associations/default/contacts/2", None, ["crm.objects.deals.write"]),
    ],
)
def test_scopes_per_token_cover_each_task(portal: Any, method: str, path: str, body: Any, scopes: list[str]) -> None:
    """Each task needs its own scope: writing, schemas, owners, lists, tax rates, and both ends of associations."""
    token = portal.token_of("static", scopes)["token"]

    assert portal.call(method, path, body, token=token).status_code == 403


def test_token_info_by_token_key(portal: Any) -> None:
    """POST /oauth/v2/private-apps/get/access-token-info with `tokenKey` tells user, hub, app and scopes."""
    answer = portal.call(
        "POST", "/oauth/v2/private-apps/get/access-token-info", {"tokenKey": HUBSPOT_TOKEN}, token=None
    )
    wrong = portal.call("POST", "/oauth/v2/private-apps/get/access-token-info", {"tokenKey": "x"}, token=None)

    assert {"userId", "hubId", "appId", "scopes"} == answer.json().keys()
    assert (answer.json()["hubId"], answer.json()["appId"]) == (HUBSPOT_PORTAL_ID, HUBSPOT_APP_ID)
    assert wrong.status_code == 401


def test_token_info_shows_sensitive_scopes_of_a_service_key_with_v2(portal: Any) -> None:
    """A service key's sensitive scopes carry the suffix `.v2` in introspection."""
    token = portal.token_of("service_key", ["crm.objects.contacts.sensitive.read"])["token"]
    answer = portal.call("POST", "/oauth/v2/private-apps/get/access-token-info", {"tokenKey": token}, token=None)

    assert "crm.objects.contacts.sensitive.read.v2" in answer.json()["scopes"]


def test_token_info_of_european_tokens_needs_the_bearer_header(portal: Any) -> None:
    """A `pat-eu1` token is introspected only with the Bearer header beside it."""
    token = portal.token_of("legacy", ["oauth"], token="pat-eu1-a")["token"]
    path, body = "/oauth/v2/private-apps/get/access-token-info", {"tokenKey": token}

    assert portal.call("POST", path, body, token=None).status_code == 401
    assert portal.call("POST", path, body, token=token).status_code == 200


@pytest.mark.parametrize("path", ["/account-info/v3/details", "/account-info/2026-09/details"])
def test_account_details(portal: Any, path: str) -> None:
    """Account details tell portal, type, time zone, currencies and the UI's host."""
    details = portal.ok("GET", path)

    assert details["portalId"] == HUBSPOT_PORTAL_ID
    assert (details["companyCurrency"], details["additionalCurrencies"]) == ("NZD", ["USD", "AUD"])
    assert {"accountType", "timeZone", "utcOffset", "utcOffsetMilliseconds", "uiDomain", "dataHostingLocation"} <= (
        details.keys()
    )


def test_daily_usage(portal: Any) -> None:
    """Daily usage tells limit, current usage and when it resets."""
    portal.ok("GET", DEALS)
    usage = portal.ok("GET", "/account-info/2026-09/api-usage/daily/private-apps")["results"][0]

    assert {"name", "usageLimit", "currentUsage", "collectedAt", "fetchStatus", "resetsAt"} == usage.keys()
    assert (usage["usageLimit"], usage["currentUsage"], usage["fetchStatus"]) == (625_000, 2, "SUCCESS")


@pytest.mark.parametrize("path", ["/crm/v3/objects", "/crm/objects/2026-03", "/crm/objects/2026-09"])
@pytest.mark.parametrize("kind", ["deals", "deal", "0-3"])
def test_same_records_under_all_versions_names_and_ids(portal: Any, path: str, kind: str) -> None:
    """v3, 2026-03 and 2026-09 show the same records, by name and by `0-n` id."""
    id_ = portal.deal(dealname="Everywhere")

    assert portal.ok("GET", f"{path}/{kind}/{id_}")["properties"]["dealname"] == "Everywhere"


@pytest.mark.parametrize(
    "pair",
    [
        ("/crm/v3/properties/deals", "/crm/properties/2026-09/deals"),
        ("/crm/v3/pipelines/deals", "/crm/pipelines/2026-09/deals"),
        ("/crm/v3/owners/", "/crm/owners/2026-09"),
        ("/crm/v4/associations/deals/contacts/labels", "/crm/associations/2026-09/deal/contact/labels"),
        ("/tax-rates/v1/tax-rates", "/tax-rates/2026-09/tax-rates"),
        ("/settings/v3/currencies/company-currency", "/settings/currencies/2026-09/company-currency"),
        ("/account-info/v3/details", "/account-info/2026-03/details"),
    ],
)
def test_same_answers_under_old_and_dated_paths(portal: Any, pair: tuple[str, str]) -> None:
    """The version moves behind the family's name; the answers are the same. Association paths take singular too."""
    old, new = (portal.ok("GET", path) for path in pair)

    assert old == new


def test_trailing_slashes(portal: Any) -> None:
    """A trailing slash changes nothing."""
    assert portal.ok("GET", "/crm/v3/owners/") == portal.ok("GET", "/crm/v3/owners")


@pytest.mark.parametrize(
    "path", ["/crm/v3/nothing", "/crm/2026-09/objects/deals", "/crm/objects/v3/deals", "/crm/objects/2025-09/deals"]
)
def test_unknown_paths_are_404_in_html(portal: Any, path: str) -> None:
    """A path that does not exist, or carries the version in the wrong place, is 404 and no JSON."""
    answer = portal.call("GET", path)

    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html;charset=utf-8")


def test_unknown_object_type_is_400(portal: Any) -> None:
    """An object type nobody knows cannot be inferred."""
    answer = portal.call("GET", "/crm/objects/2026-09/spaceships")

    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_admin_required_rules_only_in_2026_09(portal: Any) -> None:
    """Rules an admin configured refuse a write in 2026-09 and are ignored in v3 and 2026-03."""
    portal.set(
        required_rules=[
            {"objectType": "deals", "property": "closed_won_reason", "when": {"dealstage": "closedwon"}},
            {"objectType": "contacts", "property": "phone"},
        ]
    )
    id_, won = portal.deal(), {"properties": {"dealstage": "closedwon"}}
    refused = portal.call("PATCH", f"/crm/objects/2026-09/deals/{id_}", won)
    created = portal.call("POST", "/crm/objects/2026-09/contacts", {"properties": {"firstname": "No phone"}})
    own = portal.call("PATCH", f"/crm/objects/2026-09/deals/{id_}", {"properties": {"dealname": "Other"}})
    older = portal.call("PATCH", f"/crm/objects/2026-03/deals/{id_}", won)
    v3 = portal.call("POST", "/crm/v3/objects/contacts", {"properties": {"firstname": "No phone"}})

    assert tuple(a.status_code for a in (refused, created, own, older, v3)) == (400, 400, 200, 200, 201)
    error = refused.json()["errors"][0]
    assert error["code"] == "MISSING_CONDITIONAL_REQUIRED_PROPERTY"
    assert error["context"]["propertyName"] == ["closed_won_reason"]
    assert created.json()["errors"][0]["code"] == "MISSING_REQUIRED_PROPERTY"


def test_warnings_only_in_2026_09(portal: Any) -> None:
    """A value that HubSpot changed brings a PROPERTY_VALUE_NORMALIZED warning, in 2026-09 alone."""
    found = {}
    for number, path in enumerate(("/crm/v3/objects", "/crm/objects/2026-03", "/crm/objects/2026-09")):
        body = {"properties": {"email": f"Upper{number}@Example.com"}}
        found[path] = portal.ok("POST", f"{path}/contacts", body)
    warning = found["/crm/objects/2026-09"]["warnings"][0]

    assert "warnings" not in found["/crm/v3/objects"]
    assert "warnings" not in found["/crm/objects/2026-03"]
    assert warning["category"] == "PROPERTY_VALUE_NORMALIZED"
    assert warning["context"]["normalizedValue"] == ["upper2@example.com"]
    assert warning["context"]["propertyName"] == ["email"]


def test_single_record_association_list_absent_in_2026_09(portal: Any) -> None:
    """One record's associations are listed in v4 and 2026-03; 2026-09 has only batch/read."""
    id_ = portal.ok("GET", DEALS)["results"][0]["id"]

    assert portal.call("GET", f"/crm/v4/objects/deals/{id_}/associations/contacts").status_code == 200
    assert portal.call("GET", f"/crm/objects/2026-03/deals/{id_}/associations/contacts").status_code == 200
    assert portal.call("GET", f"/crm/objects/2026-09/deals/{id_}/associations/contacts").status_code == 404
