"""Answer calls about the account: token introspection, details, usage, owners, tax rates and currencies."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from ledgerloop_sandbox.hubspot.object_calls import whole
from ledgerloop_sandbox.hubspot.people import TaxRate
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.refusals import not_found, unauthenticated
from ledgerloop_sandbox.hubspot.wire import Json, Reply, Request, iso


def token_info(portal: Portal, request: Request) -> Reply:
    """Tell a token's portal, app and scopes; a service key's sensitive scopes end in `.v2`."""
    body = request.body if isinstance(request.body, dict) else {}
    text = str(body.get("tokenKey", ""))
    token = portal.keys.find(text, portal.clock.seconds())
    # Reported of European tokens: they are introspected only with the Bearer header beside the body.
    if token is None or (text.startswith("pat-eu1-") and request.actor.app_id is None):
        raise unauthenticated("The token is invalid or expired.")
    scopes = [
        f"{scope}.v2" if token.kind == "service_key" and "sensitive" in scope else scope for scope in token.scopes
    ]
    return Reply(200, {"userId": token.user_id, "hubId": portal.portal_id, "appId": token.app_id, "scopes": scopes})


def details(portal: Portal, request: Request) -> Reply:
    """Tell the account's zone and currencies."""
    offset = portal.clock.now().astimezone(ZoneInfo(portal.time_zone)).utcoffset()
    seconds = int(offset.total_seconds()) if offset is not None else 0
    sign, minutes = "-" if seconds < 0 else "+", abs(seconds) // 60
    return Reply(
        200,
        {
            "portalId": portal.portal_id,
            "accountType": "STANDARD",
            "timeZone": portal.time_zone,
            "companyCurrency": portal.currencies[0],
            "additionalCurrencies": list(portal.currencies[1:]),
            "utcOffset": f"{sign}{minutes // 60:02d}:{minutes % 60:02d}",
            "utcOffsetMilliseconds": seconds * 1000,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        },
    )


def usage(portal: Portal, request: Request) -> Reply:
    """Tell today's calls."""
    return Reply(200, {"results": [portal.limits.usage()]})


def owners(portal: Portal, request: Request) -> Reply:
    """List owners, by email or archived."""
    email = request.one("email")
    limit, after = whole(request.one("limit"), 100, 1, 500), whole(request.one("after"), 0, 0, 10**9)
    found = [
        owner
        for owner in portal.owners
        if owner.archived is request.flag("archived") and (email is None or owner.email == email.lower())
    ]
    answer: Json = {"results": [owner.as_json() for owner in found[after : after + limit]]}
    if after + limit < len(found):
        answer["paging"] = {"next": {"after": str(after + limit), "link": f"?after={after + limit}"}}
    return Reply(200, answer)


def owner(portal: Portal, request: Request, id_: str) -> Reply:
    """Read one owner, by id or by user id."""
    by_user = request.one("idProperty") == "userId"
    for one in portal.owners:
        if (str(one.user_id) if by_user else one.id) == id_:
            return Reply(200, one.as_json())
    raise not_found()


def tax_rates(portal: Portal, request: Request) -> Reply:
    """List tax rates, the active ones alone if asked."""
    active = request.one("active")
    limit, after = whole(request.one("limit"), 100, 1, 100), whole(request.one("after"), 0, 0, 10**9)
    found = [rate for rate in portal.tax_rates if active is None or rate.active is (active == "true")]
    answer: Json = {"results": [rate.as_json() for rate in found[after : after + limit]]}
    if after + limit < len(found):
        answer["paging"] = {"next": {"after": str(after + limit)}}
    return Reply(200, answer)


def tax_rate(portal: Portal, request: Request, id_: str) -> Reply:
    """Read one tax rate."""
    found: TaxRate | None = next((rate for rate in portal.tax_rates if rate.id == id_), None)
    if found is None:
        raise not_found()
    return Reply(200, found.as_json())


def company_currency(portal: Portal, request: Request) -> Reply:
    """Tell the account's own currency; its code is the id."""
    return Reply(200, {"id": portal.currencies[0], "createdAt": iso(portal.started)})


def exchange_rates(portal: Portal, request: Request) -> Reply:
    """List the current exchange rates into the account's currency."""
    at = iso(portal.started)
    results = [
        {
            "id": str(number),
            "fromCurrencyCode": code,
            "toCurrencyCode": portal.currencies[0],
            "conversionRate": float(portal.exchange_rates[code]),
            "visibleInUI": True,
            "effectiveAt": at,
            "createdAt": at,
            "updatedAt": at,
        }
        for number, code in enumerate(portal.currencies[1:], 1)
    ]
    return Reply(200, {"results": results})
