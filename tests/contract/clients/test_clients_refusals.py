"""Every row of the table of refusals, provoked on the sandbox: what is sent again, which error comes, what it says."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from client_sides import Hasty, MemoryShelf, Side, XeroSide, consent

from free_ports import free_port
from ledgerloop import oauth
from ledgerloop.cli.errors_page import with_table
from ledgerloop.clock import Clock
from ledgerloop.errors import LedgerloopError, RateLimited, Refused, ScopeMissing, Transient, UnknownOutcome
from ledgerloop.http import Api, Retry, open_client
from ledgerloop.hubspot.dialect import HubSpotDialect
from ledgerloop.rate_limiter import Governor
from ledgerloop.refusals import ROWS, Row, Where, row_for
from ledgerloop.xero.client import connections, disconnect
from ledgerloop_sandbox import credentials

PAGE = Path(__file__).parents[3] / "docs" / "errors.md"
BOOKS = "/api.xro/2.0"
CONTACTS = "/crm/objects/2026-09/contacts"


@dataclass
class Bench:
    """Both halves of the sandbox, and calls whose pauses take no time."""

    xero: XeroSide
    hubspot: Side
    wire: httpx2.Client
    more: dict[str, Any] = field(default_factory=dict)

    def of_xero(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """Call Xero for the demo's organisation."""
        given = {"governor": Governor(clock=Clock()), "clock": Hasty(), "chance": lambda: 0.0, "retry": Retry(3)}
        api = self.xero.api(self.xero.organisation, **{**given, **self.more, **more})
        headers = {"xero-tenant-id": api.lane, "Accept": "application/json", **self.more.get("headers", {})}
        return api.call(method, path, body=body, headers=headers)

    def of_hubspot(
        self, method: str, path: str, body: Any = None, token: str = credentials.HUBSPOT_TOKEN, kind: str = ""
    ) -> Any:
        """Call HubSpot."""
        api = Api(
            self.wire, self.hubspot.url, HubSpotDialect(), lane="62515", token=lambda refused: token,
            governor=Governor(clock=Clock()), clock=Hasty(), retry=Retry(3), chance=lambda: 0.0,
        )  # fmt: skip
        return api.call(method, path, body=body, kind=kind)

    def seen(self, side: Side, path: str, least: int) -> int:
        """Count what the sandbox saw of calls whose path ends so; it logs a broken one a moment after we know of it."""
        for _ in range(200):
            count = sum(1 for _, one, _ in side.seen() if re.search(path, one))
            if count >= least:
                break
            time.sleep(0.01)
        return count


@dataclass(frozen=True)
class Case:
    """One way to come to a row."""

    where: Where
    status: int
    code: str
    provoke: Callable[[Bench], Any]
    sentence: str
    sent: int = 1
    """How often the call arrives at the sandbox."""
    count: str = ""
    """The path that is counted; nothing is, where it is empty."""
    written: bool = False


@pytest.fixture
def bench(xero: XeroSide, hubspot: Side, wire: httpx2.Client, wrong_on_purpose: None) -> Iterator[Bench]:
    """Put both halves on one bench; what a test breaks is whole again afterwards."""
    yield Bench(xero, hubspot, wire)
    xero.control("DELETE", "faults")
    hubspot.control("DELETE", "faults")


def read(on: Bench, path: str = f"{BOOKS}/Organisation", **fault: Any) -> None:
    """Read from Xero with a fault in the way."""
    on.xero.fault(**fault, path=path)
    on.of_xero("GET", path)


def told(on: Bench, status: int, body: Any = "", **headers: str) -> None:
    """Have Xero answer a read so."""
    read(on, kind="status", status=status, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def wrote(on: Bench, **fault: Any) -> None:
    """Write to Xero, which must not be repeated, with a fault in the way."""
    on.xero.fault(**fault, path=f"{BOOKS}/Contacts")
    on.of_xero("PUT", f"{BOOKS}/Contacts", {"Contacts": [{"Name": "Rimu Ltd"}]})


def asked(on: Bench, status: int, body: Any = "", method: str = "GET", kind: str = "", **headers: str) -> None:
    """Have HubSpot answer a call so."""
    said = {k.replace("_", "-"): v for k, v in headers.items()}
    on.hubspot.fault(kind="status", status=status, body=body, headers=said, path=CONTACTS)
    on.of_hubspot(method, CONTACTS, {} if method == "POST" else None, kind=kind)


def values(on: Bench) -> None:
    """Send an invoice without anything."""
    on.of_xero("PUT", f"{BOOKS}/Invoices", {"Invoices": [{"Type": "ACCREC"}]})


def key_twice(on: Bench) -> None:
    """Use a key for another request."""
    on.more["headers"] = {"Idempotency-Key": "once"}
    on.of_xero("PUT", f"{BOOKS}/Contacts", {"Contacts": [{"Name": "Rimu Ltd"}]})
    on.of_xero("PUT", f"{BOOKS}/Contacts", {"Contacts": [{"Name": "Rata Ltd"}]})


def short_grant(on: Bench) -> None:
    """Consent to too little, and read the invoices."""
    assert on.xero.provider is not None
    given = consent(replace(on.xero.provider, scopes=("offline_access", "accounting.contacts")), on.wire)
    on.of_xero("GET", f"{BOOKS}/Invoices", token=lambda refused: given.access_token)


def no_other_token(on: Bench) -> None:
    """Let the one token that there is expire."""
    assert on.xero.tokens is not None
    mine = on.xero.tokens()
    on.xero.fault(kind="expire_tokens")
    on.of_xero("GET", f"{BOOKS}/Organisation", token=lambda refused: mine)


def gone(on: Bench) -> None:
    """Take the app out of the organisation."""
    (mine,) = [one for one in connections(on.xero.api()) if one.tenantId == on.xero.organisation]
    disconnect(on.xero.api(), mine.id)
    on.of_xero("GET", f"{BOOKS}/Organisation")


def limit(name: str) -> Callable[[Bench], None]:
    """Set one of Xero's limits so low that the second call meets it."""

    def spend(on: Bench) -> None:
        on.xero.control("POST", "settings", {name: 1})
        on.more["retry"] = Retry(1)
        for _ in range(3):
            on.of_xero("GET", f"{BOOKS}/Organisation")

    return spend


def offline(on: Bench) -> None:
    """Put the organisation offline."""
    on.xero.control("POST", f"organisations/{on.xero.organisation}", {"Offline": True})
    on.of_xero("GET", f"{BOOKS}/Organisation")


def nowhere(on: Bench) -> None:
    """Call where nobody listens."""
    Api(
        on.wire, f"http://127.0.0.1:{free_port()}", HubSpotDialect(), token=lambda refused: "t",
        governor=Governor(clock=Clock()), clock=Hasty(), retry=Retry(3), chance=lambda: 0.0,
    ).call("GET", "/x")  # fmt: skip


def slow(on: Bench) -> None:
    """Wait for an answer no longer than a moment."""
    on.xero.fault(kind="delay", delay_ms=60_000, path=f"{BOOKS}/Organisation")
    with open_client(timeout=0.2) as hasty:
        Api(
            hasty, on.xero.url, on.xero.api()._dialect, token=on.xero.tokens or (lambda refused: ""),
            governor=Governor(clock=Clock()), clock=Hasty(), retry=Retry(1), lane=on.xero.organisation,
        ).call("GET", f"{BOOKS}/Organisation")  # fmt: skip


def made(on: Bench, **properties: str) -> None:
    """Create a contact in HubSpot."""
    on.of_hubspot("POST", CONTACTS, {"properties": properties})


def required(on: Bench) -> None:
    """Have an administrator want a value."""
    rule = {"objectType": "contacts", "property": "jobtitle"}
    on.hubspot.control("POST", "settings", {"required_rules": [rule]})
    made(on, email="ann@example.com")


def unique(on: Bench) -> None:
    """Write a value twice that may be there once."""
    on.of_hubspot(
        "POST",
        "/crm/properties/2026-09/contacts",
        {
            "name": "xero_contact_id", "label": "X", "type": "string", "fieldType": "text",
            "groupName": "contactinformation", "hasUniqueValue": True,
        },
    )  # fmt: skip
    made(on, email="ann@example.com", xero_contact_id="1")
    made(on, email="bob@example.com", xero_contact_id="1")


def same_property(on: Bench) -> None:
    """Make a property that is there."""
    definition = {
        "name": "colour", "label": "X", "type": "string", "fieldType": "text", "groupName": "contactinformation"
    }  # fmt: skip
    for _ in range(2):
        on.of_hubspot("POST", "/crm/properties/2026-09/contacts", definition)


def twice(on: Bench) -> None:
    """Create a contact whose email another has."""
    made(on, email="ann@example.com")
    made(on, email="ann@example.com")


def narrow(variant: str) -> Callable[[Bench], None]:
    """Read deals by a token for contacts, and have HubSpot say so in one of its ways."""

    def call(on: Bench) -> None:
        on.hubspot.control("POST", "settings", {"scope_error": variant})
        given = on.hubspot.control("POST", "tokens", {"kind": "static", "scopes": ["crm.objects.contacts.read"]})
        token = given.get("token") or given["access_token"]
        on.of_hubspot("GET", "/crm/objects/2026-09/deals", token=token)

    return call


def renewing(status: int, body: Any = "", kind: str = "status", times: int | None = None) -> Callable[[Bench], None]:
    """Have the identity host answer a renewal so."""

    def call(on: Bench) -> None:
        on.xero.fault(kind="expire_tokens")
        on.xero.fault(kind=kind, status=status, body=body, path="/connect/token", times=times)
        on.of_xero("GET", f"{BOOKS}/Organisation")

    return call


def revoked(on: Bench) -> None:
    """Revoke the grant."""
    assert on.xero.provider is not None
    assert on.xero.tokens is not None
    oauth.revoke(on.xero.provider, on.xero.tokens.granted())
    on.xero.fault(kind="expire_tokens")
    on.of_xero("GET", f"{BOOKS}/Organisation")


def wrong_secret(on: Bench) -> None:
    """Renew with another secret."""
    assert on.xero.provider is not None
    assert on.xero.tokens is not None
    shelf = MemoryShelf()
    shelf.save("grant", on.xero.tokens.granted().to_json())
    tokens = oauth.Tokens(
        replace(on.xero.provider, client_secret=lambda: "wrong"), shelf, "grant", clock=Hasty(), attempts=1
    )
    tokens(on.xero.tokens.granted().access_token)


def no_offline_access(on: Bench) -> None:
    """Consent without the scope that brings a refresh token."""
    assert on.xero.provider is not None
    consent(replace(on.xero.provider, scopes=("openid", "accounting.contacts")), on.wire)


def no_access_token(on: Bench) -> None:
    """Have the access token missing in the answer."""
    assert on.xero.provider is not None
    assert on.xero.tokens is not None
    on.xero.fault(kind="rewrite", find="access_token", put="excess_token", path="/connect/token")
    oauth.renew(on.xero.provider, on.xero.tokens.granted(), datetime.now(UTC))


def page_at_revocation(on: Bench) -> None:
    """Have a page of HTML come from the identity host."""
    assert on.xero.provider is not None
    assert on.xero.tokens is not None
    on.xero.fault(kind="html", status=403, path="/connect/revocation")
    oauth.revoke(on.xero.provider, on.xero.tokens.granted())


UNDERSTOOD = {"Type": None, "Title": "Unauthorized", "Status": 401, "Detail": "AuthorizationUnsuccessful"}
LEFT = {"message": "USER_DOES_NOT_HAVE_PERMISSIONS", "category": "PERMISSION"}
GRANT = "See that the setting `xero.scopes` has one of them, and connect Xero again."
ORGANISATION = "Xero GET /api.xro/2.0/Organisation"

CASES = (
    # --- Xero
    Case(
        "xero",
        400,
        "values",
        values,
        (
            "Xero PUT /api.xro/2.0/Invoices: 400, A Contact must be specified for this type of transaction. "
            "One or more line items must be specified"
        ),
    ),
    Case(
        "any",
        400,
        "",
        key_twice,
        "Xero PUT /api.xro/2.0/Contacts: 400, Idempotency Key: once is used with a different request.",
    ),
    Case(
        "xero",
        403,
        "scope",
        short_grant,
        (
            "Xero GET /api.xro/2.0/Invoices: 403, AuthorizationUnsuccessful; any one of these scopes would "
            "do: accounting.invoices.read, accounting.invoices, accounting.transactions.read, "
            f"accounting.transactions. {GRANT}"
        ),
    ),
    Case(
        "xero",
        401,
        "scope",
        lambda on: told(on, 401, UNDERSTOOD),
        (
            f"{ORGANISATION}: 401, AuthorizationUnsuccessful; any one of these scopes would do: "
            f"accounting.settings.read, accounting.settings. {GRANT}"
        ),
    ),
    Case(
        "xero",
        403,
        "scope",
        lambda on: told(on, 403, {"Detail": "Insufficient scope"}),
        (
            f"{ORGANISATION}: 403, Insufficient scope; any one of these scopes would do: "
            f"accounting.settings.read, accounting.settings. {GRANT}"
        ),
    ),
    Case(
        "any",
        401,
        "renewed",
        lambda on: told(on, 401, {"Detail": "TokenExpired"}),
        f"{ORGANISATION}: 401, though its token was renewed just now",
        2,
        "Organisation$",
    ),
    Case(
        "xero",
        401,
        "",
        no_other_token,
        ("Xero must be connected again: its API refuses the credential (TokenExpired: token expired at …)"),
    ),
    Case(
        "xero", 403, "gone", gone, "Xero must be connected again: the organisation is no longer connected to this app"
    ),
    Case(
        "xero",
        403,
        "gone",
        lambda on: told(on, 403, {"detail": "authenticationunsuccessful"}),
        "Xero must be connected again: the organisation is no longer connected to this app",
    ),
    Case(
        "xero",
        403,
        "page",
        lambda on: read(on, kind="html", status=403),
        (
            f"{ORGANISATION}: 403, an answer in HTML or XML, which is not Xero's way: something between here "
            "and Xero refuses the call"
        ),
    ),
    Case(
        "xero",
        403,
        "",
        lambda on: told(on, 403, {"Message": "You are not permitted to access this resource"}),
        (
            f"{ORGANISATION}: 403, You are not permitted to access this resource; who connected Xero needs "
            "the role Standard or Adviser in this organisation"
        ),
    ),
    Case(
        "xero",
        429,
        "",
        limit("minute_limit"),
        f"{ORGANISATION}: 429, the organisation's calls of the minute are used up",
    ),
    Case(
        "xero",
        429,
        "day",
        limit("day_limit"),
        (
            "The calls of the day are used up; where the limit was raised, `ledgerloop retry --organisation "
            "NAME` looks again at once. Xero GET /api.xro/2.0/Organisation: 429"
        ),
    ),
    Case(
        "xero",
        429,
        "day",
        lambda on: told(on, 429, X_Rate_Limit_Problem="DayLimit", Retry_After="66975"),
        (
            "The calls of the day are used up; where the limit was raised, `ledgerloop retry --organisation "
            "NAME` looks again at once. Xero GET /api.xro/2.0/Organisation: 429"
        ),
    ),
    Case(
        "xero",
        429,
        "appminute",
        limit("app_minute_limit"),
        f"{ORGANISATION}: 429, this app's calls of the minute for all organisations are used up",
    ),
    Case(
        "xero",
        429,
        "concurrent",
        lambda on: told(on, 429, X_Rate_Limit_Problem="Concurrent"),
        f"{ORGANISATION}: 429, too many calls at once",
        3,
        "Organisation$",
    ),
    # --- HubSpot
    Case(
        "hubspot",
        400,
        "INVALID_EMAIL",
        lambda on: made(on, email="jane@"),
        (
            "HubSpot POST /crm/objects/2026-09/contacts: 400, Property values were not valid: Email address "
            "[email] is invalid"
        ),
    ),
    Case(
        "hubspot",
        400,
        "required",
        required,
        (
            "HubSpot POST /crm/objects/2026-09/contacts: 400, Some required properties are missing. The "
            "property jobtitle is required."
        ),
    ),
    Case(
        "hubspot",
        400,
        "CONFLICTING_UNIQUE_VALUE",
        unique,
        (
            "HubSpot POST /crm/objects/2026-09/contacts: 400, Property values were not valid: 1 is already "
            "the xero_contact_id of another object (…)"
        ),
    ),
    Case(
        "hubspot",
        400,
        "PROPERTY_DOESNT_EXIST",
        lambda on: made(on, email="ann@example.com", xero_nothing="1"),
        (
            "HubSpot POST /crm/objects/2026-09/contacts: 400, Property values were not valid: Property "
            '"xero_nothing" does not exist'
        ),
    ),
    Case(
        "any",
        400,
        "",
        lambda on: made(on, email="ann@example.com", hs_lead_status="nonsense"),
        (
            "HubSpot POST /crm/objects/2026-09/contacts: 400, Property values were not valid: nonsense was "
            "not one of the allowed options: [BAD_TIMING, CONNECTED, IN_PROGRESS, NEW, OPEN, OPEN_DEAL, "
            "UNQUALIFIED]"
        ),
    ),
    Case(
        "hubspot",
        401,
        "",
        lambda on: on.of_hubspot("GET", CONTACTS, token="pat-na1-nobody"),
        (
            "HubSpot must be connected again: its API refuses the credential (The OAuth token used to make "
            "this call is expired, revoked or unknown)"
        ),
    ),
    Case(
        "hubspot",
        403,
        "scope",
        narrow("full"),
        (
            "HubSpot GET /crm/objects/2026-09/deals: 403, This app hasn't been granted all required scopes "
            "to make this call. Read more about required scopes here: "
            "https://developers.hubspot.com/scopes; any one of these scopes would do: "
            "crm.objects.deals.read. Add one of them to the app or key in HubSpot; a token made before that "
            "may have to be made anew. Then run `ledgerloop connect hubspot`, and what rests goes on."
        ),
    ),
    Case(
        "hubspot",
        403,
        "scope",
        narrow("no_category"),
        (
            "HubSpot GET /crm/objects/2026-09/deals: 403, This app hasn't been granted all required scopes "
            "to make this call. Read more about required scopes here: "
            "https://developers.hubspot.com/scopes; any one of these scopes would do: "
            "crm.objects.deals.read. Add one of them to the app or key in HubSpot; a token made before that "
            "may have to be made anew. Then run `ledgerloop connect hubspot`, and what rests goes on."
        ),
    ),
    Case(
        "hubspot",
        403,
        "scope",
        narrow("unnamed"),
        (
            "HubSpot GET /crm/objects/2026-09/deals: 403, This app hasn't been granted all required scopes "
            "to make this call. Read more about required scopes here: "
            "https://developers.hubspot.com/scopes; `ledgerloop doctor` says which scope is lacking"
        ),
    ),
    Case(
        "hubspot",
        403,
        "scope",
        narrow("view_schema"),
        (
            "HubSpot GET /crm/objects/2026-09/deals: 403, You do not have permissions to view_schema object "
            "type deals (requires one of [crm.objects.deals.read]); any one of these scopes would do: "
            "crm.objects.deals.read. Add one of them to the app or key in HubSpot; a token made before that "
            "may have to be made anew. Then run `ledgerloop connect hubspot`, and what rests goes on."
        ),
    ),
    Case(
        "hubspot",
        403,
        "role",
        lambda on: asked(on, 403, LEFT),
        (
            "HubSpot GET /crm/objects/2026-09/contacts: 403, USER_DOES_NOT_HAVE_PERMISSIONS; whoever made "
            "the app or key lacks this permission, or has left: have a super admin make it anew"
        ),
    ),
    Case(
        "any",
        403,
        "",
        lambda on: asked(on, 403, {"message": "No."}),
        "HubSpot GET /crm/objects/2026-09/contacts: 403, No.",
    ),
    Case(
        "any",
        404,
        "",
        lambda on: on.of_hubspot("GET", f"{CONTACTS}/1"),
        "HubSpot GET /crm/objects/2026-09/contacts/1: 404, resource not found",
    ),
    Case(
        "hubspot",
        409,
        "existing",
        twice,
        "HubSpot POST /crm/objects/2026-09/contacts: 409, Contact already exists. Existing ID: …",
    ),
    Case(
        "hubspot",
        409,
        "",
        same_property,
        "HubSpot POST /crm/properties/2026-09/contacts: 409, A property named 'colour' already exists.",
    ),
    Case(
        "hubspot",
        423,
        "",
        lambda on: asked(on, 423, {"message": "Locked"}, "POST"),
        "HubSpot POST /crm/objects/2026-09/contacts: 423, Locked",
        3,
        "contacts$",
    ),
    Case(
        "hubspot",
        429,
        "day",
        lambda on: (
            on.hubspot.control("POST", "settings", {"daily": 1}),
            [on.of_hubspot("GET", CONTACTS) for _ in "ab"],
        ),
        (
            "The calls of the day are used up; where the limit was raised, `ledgerloop retry --organisation "
            "NAME` looks again at once. HubSpot GET /crm/objects/2026-09/contacts: 429, You have reached "
            "your daily limit."
        ),
    ),
    Case(
        "hubspot",
        429,
        "search",
        lambda on: asked(on, 429, kind="search"),
        "HubSpot GET /crm/objects/2026-09/contacts: 429, no reason given",
        3,
        "contacts$",
    ),
    Case(
        "hubspot",
        429,
        "",
        lambda on: (
            on.hubspot.control("POST", "settings", {"burst": 1}),
            [on.of_hubspot("GET", CONTACTS) for _ in "ab"],
        ),
        ("HubSpot GET /crm/objects/2026-09/contacts: 429, You have reached your ten_secondly_rolling limit."),
    ),
    Case(
        "hubspot",
        477,
        "",
        lambda on: (
            on.hubspot.control("POST", "settings", {"migrating_seconds": 7200}),
            on.of_hubspot("GET", CONTACTS),
        ),
        "HubSpot GET /crm/objects/2026-09/contacts: 477, The account is moving.",
    ),
    # --- either
    Case(
        "any",
        404,
        "",
        lambda on: on.of_xero("GET", f"{BOOKS}/Payments/1"),
        "Xero GET /api.xro/2.0/Payments/1: 404, The resource you're looking for cannot be found",
    ),
    Case(
        "any", 404, "", lambda on: read(on, kind="html", status=404), f"{ORGANISATION}: 404, an answer in HTML or XML"
    ),
    Case("any", 408, "", lambda on: told(on, 408), f"{ORGANISATION}: 408, no reason given", 3, "Organisation$"),
    Case(
        "any",
        503,
        "told",
        lambda on: told(on, 503, "Down for maintenance", Retry_After="600"),
        f"{ORGANISATION}: 503, Down for maintenance",
    ),
    Case("any", 503, "", offline, f"{ORGANISATION}: 503, The Organisation is offline", 3, "Organisation$"),
    Case(
        "any",
        502,
        "",
        lambda on: read(on, kind="html", status=502),
        f"{ORGANISATION}: 502, an answer in HTML or XML",
        3,
        "Organisation$",
    ),
    Case(
        "any",
        500,
        "",
        lambda on: wrote(on, kind="status", status=500, after=True),
        "Xero PUT /api.xro/2.0/Contacts: 500, no reason given",
        1,
        "Contacts$",
        True,
    ),
    Case(
        "any",
        524,
        "",
        lambda on: asked(on, 524),
        "HubSpot GET /crm/objects/2026-09/contacts: 524, no reason given",
        3,
        "contacts$",
    ),
    Case(
        "any",
        200,
        "unreadable",
        lambda on: read(on, kind="html", status=200),
        f"{ORGANISATION}: 200 with a body that is not JSON",
        3,
        "Organisation$",
    ),
    Case(
        "any",
        200,
        "unreadable",
        lambda on: read(on, kind="rewrite", find=".$", put=""),
        f"{ORGANISATION}: 200 with a body that is not JSON",
        3,
        "Organisation$",
    ),
    Case("any", 200, "empty", lambda on: told(on, 200), f"{ORGANISATION}: 200 without a body", 3, "Organisation$"),
    Case(
        "any",
        200,
        "empty",
        lambda on: wrote(on, kind="status", status=200, after=True),
        "Xero PUT /api.xro/2.0/Contacts: 200 without a body",
        1,
        "Contacts$",
        True,
    ),
    Case("any", 0, "unsent", nowhere, "HubSpot GET /x: no connection to http://127.0.0.1:… (ConnectError)"),
    Case(
        "any",
        0,
        "",
        lambda on: read(on, kind="truncate"),
        f"{ORGANISATION}: the answer was lost (RemoteProtocolError)",
        3,
        "Organisation$",
    ),
    Case(
        "any",
        0,
        "",
        lambda on: read(on, kind="reset_before"),
        f"{ORGANISATION}: the answer was lost (ReadError)",
        3,
        "Organisation$",
    ),
    Case(
        "any",
        0,
        "",
        lambda on: wrote(on, kind="reset_after"),
        "Xero PUT /api.xro/2.0/Contacts: the answer was lost (ReadError)",
        1,
        "Contacts$",
        True,
    ),
    Case("any", 0, "", slow, f"{ORGANISATION}: the answer was lost (ReadTimeout)"),
    Case(
        "any",
        405,
        "",
        lambda on: on.of_xero("DELETE", f"{BOOKS}/Contacts"),
        "Xero DELETE /api.xro/2.0/Contacts: 405, The method is not allowed on this resource",
    ),
    # --- the identity host
    Case(
        "identity",
        400,
        "invalid_grant",
        revoked,
        "xero must be connected again: the refresh token is no longer accepted (invalid_grant)",
    ),
    Case(
        "identity",
        400,
        "word",
        wrong_secret,
        (
            "xero refused the client (invalid_client): compare `xero.client_id` and `xero.scopes` with the app's page "
            "there, and save its client secret anew"
        ),
    ),
    Case("identity", 429, "", renewing(429), "xero's identity host asks to wait", 1, "token$"),
    Case("identity", 503, "", renewing(503), "xero's identity host answered 503", 3, "token$"),
    Case("identity", 403, "", page_at_revocation, "xero's identity host refused the call"),
    Case(
        "identity",
        200,
        "no refresh token",
        no_offline_access,
        ("xero must be connected again: no refresh token was issued, because offline_access was not granted"),
    ),
    Case("identity", 200, "no access token", no_access_token, "xero gave no access token"),
    Case(
        "identity",
        200,
        "unreadable",
        renewing(200, kind="html"),
        "xero's identity host gave an answer that is not JSON",
        3,
        "token$",
    ),
    Case(
        "identity",
        0,
        "",
        renewing(0, kind="reset_before", times=3),
        "xero's identity host did not answer (ReadError)",
        3,
        "token$",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.where}-{case.status}-{case.code}")
def test_each_row(bench: Bench, case: Case) -> None:
    """An answer leads to the row's error with the row's sentence, and its call is sent again as the row says."""
    row = row_of(case)
    bench.xero.control("DELETE", "calls")
    with pytest.raises(LedgerloopError) as caught:
        case.provoke(bench)

    assert row.error_for(not case.written) is type(caught.value)
    assert re.fullmatch(re.escape(case.sentence).replace("…", ".+"), caught.value.sentence)
    if isinstance(caught.value, ScopeMissing | RateLimited | Transient | UnknownOutcome | Refused):
        assert re.search(pattern_of(row.sentence), caught.value.message)
    if case.count:
        side = bench.hubspot if case.where == "hubspot" or "contacts" in case.count else bench.xero
        assert case.sent == bench.seen(side, case.count, case.sent)


def row_of(case: Case) -> Row:
    """Return the row that a case is about."""
    return next(row for row in ROWS if (row.where, row.code) == (case.where, case.code) and case.status in row.statuses)


def pattern_of(sentence: str) -> str:
    """Return what a row's sentence looks like when it is filled in."""
    return re.sub(r"\\\{\w+\\\}", ".*", re.escape(sentence)) + "$"


def test_no_row_is_left_out() -> None:
    """Every row is provoked above."""
    assert [] == [(row.where, row.statuses, row.code) for row in ROWS if row not in {row_of(case) for case in CASES}]


def test_each_row_can_be_reached() -> None:
    """No row stands behind others that take all of its answers."""
    for row in ROWS:
        vendors: tuple[Where, ...] = ("xero", "hubspot") if row.where == "any" else (row.where,)
        found = [row_for(vendor, status, {row.code}) for vendor in vendors for status in row.statuses]
        assert row in found, row


def test_the_page_shows_the_table() -> None:
    """docs/errors.md is made of the table."""
    page = PAGE.read_text("utf-8")

    assert page == with_table(page), "run: python -m ledgerloop.cli.errors_page docs/errors.md"
