"""One table from what a vendor answers to what happens next: to the call, to the work, and to a person. Does no I/O.

A row is found by vendor, status and code. The codes are read by each vendor's dialect; where an answer has several,
the first row of the table counts. docs/errors.md shows the table.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from ledgerloop.errors import (
    Conflict,
    ConsentNeeded,
    Invalid,
    LedgerloopError,
    Missing,
    RateLimited,
    Refused,
    ScopeMissing,
    Transient,
    UnknownOutcome,
)

Where = Literal["xero", "hubspot", "identity", "any"]
"""Whose answer it is; ``identity`` is the host at which Xero's tokens are made and renewed."""
Again = Literal["never", "renewed", "replaced", "told", "unlocked", "unsent", "reads"]
"""When the same call is sent again by itself:

- ``never``;
- ``renewed``: once, with another token, where there is one;
- ``told``: after the time that the vendor tells, where that is short;
- ``unlocked``: a few times, as it was not carried out, and not before the vendor's lock is over;
- ``unsent``: a few times, as it never left;
- ``reads``: a few times, where doing it twice is doing it once. Else its outcome is unknown.
"""

NO_ANSWER = (0,)
"""The status of a call to which no answer came is 0."""
_SUCCESS = range(200, 300)
_SAID = "{name} {call}: {status}, {said}"


@dataclass(frozen=True, slots=True)
class Row:
    """Say what follows from an answer."""

    where: Where
    statuses: Collection[int]
    code: str
    """What the dialect reads out of the answer; empty for whatever else has such a status."""
    shown: str
    """How the answer looks, for people."""
    error: type[LedgerloopError]
    again: Again
    sentence: str
    """The error's message, to be filled in; of a ConsentNeeded its reason."""
    follows: str
    """What is done by itself and what by a person, once the call is given up."""

    def fits(self, where: Where, status: int, codes: Collection[str]) -> bool:
        """Tell whether the row is about such an answer."""
        mine = self.where == where or (self.where == "any" and where != "identity")
        return mine and status in self.statuses and (not self.code or self.code in codes)

    def error_for(self, repeatable: bool) -> type[LedgerloopError]:
        """Return what a caller gets: nobody knows what became of a write whose answer was lost."""
        return UnknownOutcome if self.again == "reads" and not repeatable else self.error


_HELD = "The record is held with this sentence; the rest of its batch goes on."
_RESTS = "The lane rests that long and goes on by itself."
_LOST = "The lane rests some seconds and goes on by itself; a write is looked for before it is sent again."

ROWS: tuple[Row, ...] = (
    # --- Xero --------------------------------------------------------------------------------------------------------
    Row(
        "xero",
        (400,),
        "values",
        "`ValidationException` with sentences",
        Invalid,
        "never",
        _SAID,
        "The deal or customer is held with Xero's sentences, or ours where the cause is known; the rest of its batch"
        " goes on.",
    ),
    Row(
        "xero",
        (401, 403),
        "scope",
        "`WWW-Authenticate: insufficent_scope`, a scope in the text, or 401 with `AuthorizationUnsuccessful`",
        ScopeMissing,
        "never",
        f"{_SAID}{{scopes}}",
        "What needs the call waits. Put the scope among `xero.scopes` and connect again.",
    ),
    Row(
        "xero",
        (403,),
        "gone",
        "`AuthenticationUnsuccessful`, its keys in either case",
        ConsentNeeded,
        "replaced",
        "the organisation is no longer connected to this app",
        "The organisation's lane waits and its events are kept. Connect again, or end it with `ledgerloop disconnect`.",
    ),
    Row(
        "xero",
        (403,),
        "page",
        "a page of HTML",
        Refused,
        "never",
        "{name} {call}: 403, {said}, which is not Xero's way: something between here and Xero refuses the call",
        "The lane rests a quarter of an hour. Look at the proxy or firewall by which this machine reaches Xero.",
    ),
    Row(
        "xero",
        (403,),
        "",
        "anything else, such as `You are not permitted to access this resource`",
        Refused,
        "never",
        f"{_SAID}; who connected Xero needs the role Standard or Adviser in this organisation",
        "The lane rests a quarter of an hour. Have the role given in Xero, or somebody who has it connect.",
    ),
    Row(
        "xero",
        (429,),
        "concurrent",
        "`X-Rate-Limit-Problem: concurrent`, without `Retry-After`",
        RateLimited,
        "told",
        "{name} {call}: 429, too many calls at once",
        "A second is waited for; then the lane rests and goes on by itself.",
    ),
    Row(
        "xero",
        (429,),
        "day",
        "`X-Rate-Limit-Problem: day`, `daily` or `DayLimit`; `Retry-After` of hours",
        RateLimited,
        "told",
        "{name} {call}: 429",
        f"{_RESTS} Where the plan was raised, `ledgerloop retry --organisation NAME` looks at once.",
    ),
    Row(
        "xero",
        (429,),
        "appminute",
        "`X-Rate-Limit-Problem: appminute`",
        RateLimited,
        "told",
        "{name} {call}: 429, this app's calls of the minute for all organisations are used up",
        f"{_RESTS} So do the other organisations of the app, which share this quota.",
    ),
    Row(
        "xero",
        (429,),
        "",
        "`X-Rate-Limit-Problem: minute`, or none",
        RateLimited,
        "told",
        "{name} {call}: 429, the organisation's calls of the minute are used up",
        _RESTS,
    ),
    # --- HubSpot -----------------------------------------------------------------------------------------------------
    Row(
        "hubspot",
        (400,),
        "INVALID_EMAIL",
        "`INVALID_EMAIL`",
        Invalid,
        "never",
        _SAID,
        "The record is written without its email, and the journal says why; one that has nothing else is held.",
    ),
    Row(
        "hubspot",
        (400,),
        "required",
        "`MISSING_REQUIRED_PROPERTY` or `MISSING_CONDITIONAL_REQUIRED_PROPERTY`",
        Invalid,
        "never",
        _SAID,
        "The record is held. Fill the property in, or relax the rule that an administrator made for it in HubSpot.",
    ),
    Row(
        "hubspot",
        (400,),
        "CONFLICTING_UNIQUE_VALUE",
        "`CONFLICTING_UNIQUE_VALUE`",
        Invalid,
        "never",
        _SAID,
        "A change is made without this value. A new record is not made: a person is asked about the one that has it.",
    ),
    Row(
        "hubspot",
        (400,),
        "PROPERTY_DOESNT_EXIST",
        "`PROPERTY_DOESNT_EXIST`",
        Invalid,
        "never",
        _SAID,
        "A property of ours is made anew and the record written. If that does not help, the lane rests and names it.",
    ),
    Row(
        "hubspot",
        (401, 403),
        "scope",
        "`MISSING_SCOPES`, named or not, or `requires one of […]`",
        ScopeMissing,
        "never",
        f"{_SAID}{{scopes}}",
        "What needs the call waits. Add the scope to the app or key in HubSpot.",
    ),
    Row(
        "hubspot",
        (403,),
        "role",
        "`USER_DOES_NOT_HAVE_PERMISSIONS`",
        Refused,
        "never",
        f"{_SAID}; whoever made the app or key lacks this permission, or has left: have a super admin make it anew",
        "The lane rests a quarter of an hour. Have the app or key made anew, and save its token.",
    ),
    Row(
        "hubspot",
        (409,),
        "existing",
        "`CONFLICT` with `Existing ID: …`",
        Conflict,
        "never",
        _SAID,
        "That record is updated instead. A create is never sent again.",
    ),
    Row(
        "hubspot",
        (409,),
        "",
        "`CONFLICT` or `OBJECT_ALREADY_EXISTS` without an id",
        Conflict,
        "never",
        _SAID,
        "The record is looked up by its email, the property by its name, and taken.",
    ),
    Row(
        "hubspot",
        (423,),
        "",
        "other writes lock the record for some 2 seconds",
        Transient,
        "unlocked",
        _SAID,
        "The lane rests some seconds and goes on by itself.",
    ),
    Row(
        "hubspot",
        (429,),
        "day",
        "`policyName` of `DAILY`",
        RateLimited,
        "told",
        _SAID,
        "HubSpot does not tell how long: the lane rests for an hour and looks again.",
    ),
    Row(
        "hubspot",
        (429,),
        "search",
        "a search, or `policyName` of `SECONDLY`",
        RateLimited,
        "told",
        _SAID,
        "A second is waited for; then the lane rests and goes on by itself.",
    ),
    Row(
        "hubspot",
        (429,),
        "",
        "`policyName` of `TEN_SECONDLY_ROLLING`, or none",
        RateLimited,
        "told",
        _SAID,
        "The lane rests ten seconds and goes on by itself.",
    ),
    Row(
        "hubspot",
        (477,),
        "",
        "HubSpot moves the account to another data centre; `Retry-After` of up to 24 hours",
        RateLimited,
        "told",
        _SAID,
        _RESTS,
    ),
    # --- a token that is refused: below what says that a scope is lacking ---------------------------------------------
    Row(
        "any",
        (401,),
        "renewed",
        "any 401 for a token that was renewed a moment ago",
        Transient,
        "never",
        "{name} {call}: 401, though its token was renewed just now",
        "The lane rests some seconds and goes on by itself: only a refused renewal ends a connection.",
    ),
    Row(
        "xero",
        (401,),
        "",
        "`TokenExpired`, or `AuthenticationUnsuccessful` for a token that was revoked",
        ConsentNeeded,
        "renewed",
        "its API refuses the credential ({said})",
        "The token is renewed and the call repeated; nobody notices. Where there is no other token, connect again.",
    ),
    Row(
        "hubspot",
        (401,),
        "",
        "`INVALID_AUTHENTICATION` or `EXPIRED_AUTHENTICATION`",
        ConsentNeeded,
        "renewed",
        "its API refuses the credential ({said})",
        "A token that was saved meanwhile is taken. Else events are kept: save a token that works, and connect again.",
    ),
    # --- both --------------------------------------------------------------------------------------------------------
    Row("any", (400, 413, 414, 422), "", "anything else, such as a field's code", Invalid, "never", _SAID, _HELD),
    Row(
        "any",
        (404, 410),
        "",
        "JSON, text or HTML",
        Missing,
        "never",
        _SAID,
        "The link to the record is dropped, and the next turn finds or makes another.",
    ),
    Row("any", (408, 425), "", "anything", Transient, "reads", _SAID, _LOST),
    Row(
        "any",
        range(500, 600),
        "told",
        "`Retry-After`, to a read",
        RateLimited,
        "told",
        _SAID,
        _RESTS,
    ),
    Row(
        "any",
        range(500, 600),
        "",
        "JSON, text such as `The Organisation is offline`, or HTML",
        Transient,
        "reads",
        _SAID,
        _LOST,
    ),
    Row(
        "any",
        _SUCCESS,
        "unreadable",
        "HTML, or JSON that is cut off",
        Transient,
        "reads",
        "{name} {call}: {status} with a body that is not JSON",
        _LOST,
    ),
    Row(
        "any",
        _SUCCESS,
        "empty",
        "no body where one belongs",
        Transient,
        "reads",
        "{name} {call}: {status} without a body",
        _LOST,
    ),
    Row(
        "any",
        NO_ANSWER,
        "unsent",
        "no connection: refused, timed out, no such host",
        Transient,
        "unsent",
        "{name} {call}: no connection to {said}",
        "The lane rests some seconds and goes on by itself; nothing was sent.",
    ),
    Row(
        "any",
        NO_ANSWER,
        "",
        "a time-out, a reset, or an answer that breaks off",
        Transient,
        "reads",
        "{name} {call}: the answer was lost ({said})",
        _LOST,
    ),
    Row(
        "any",
        range(1, 1000),
        "",
        "anything else",
        Refused,
        "never",
        _SAID,
        "A record is held with this sentence. Where it concerns every call, the lane rests a quarter of an hour.",
    ),
    # --- where tokens are made ---------------------------------------------------------------------------------------
    Row(
        "identity",
        (400,),
        "invalid_grant",
        "`invalid_grant`: revoked, unused for 60 days, or used twice",
        ConsentNeeded,
        "never",
        "{said} (invalid_grant)",
        "All organisations of this consent wait, and their events are kept. Connect again.",
    ),
    Row(
        "identity",
        range(400, 500),
        "word",
        "`invalid_client`, `unauthorized_client`, `invalid_scope`",
        Refused,
        "never",
        "{name} refused the client ({said}): compare `xero.client_id` and `xero.scopes` with the app's page there, and"
        " save its client secret anew",
        "The connection stands. Correct `xero.client_id`, the secret or `xero.scopes`.",
    ),
    Row(
        "identity",
        (429,),
        "",
        "anything",
        RateLimited,
        "never",
        "{name}'s identity host asks to wait",
        "The connection stands. The lane rests that long and goes on by itself.",
    ),
    Row(
        "identity",
        range(500, 600),
        "",
        "anything",
        Transient,
        "reads",
        "{name}'s identity host answered {status}",
        "The connection stands. The renewal is repeated with the same token, which Xero takes for 30 minutes more.",
    ),
    Row(
        "identity",
        range(300, 500),
        "",
        "no word of OAuth",
        Refused,
        "never",
        "{name}'s identity host refused the call",
        "The connection stands. The lane rests a quarter of an hour.",
    ),
    Row(
        "identity",
        _SUCCESS,
        "no refresh token",
        "no `refresh_token`",
        ConsentNeeded,
        "never",
        "{said}, because offline_access was not granted",
        "Nothing is kept. Put `offline_access` among `xero.scopes` and connect again.",
    ),
    Row(
        "identity",
        _SUCCESS,
        "no access token",
        "no `access_token`",
        Transient,
        "reads",
        "{name} gave no access token",
        "The connection stands. The renewal is repeated.",
    ),
    Row(
        "identity",
        _SUCCESS,
        "unreadable",
        "no JSON",
        Transient,
        "reads",
        "{name}'s identity host gave an answer that is not JSON",
        "The connection stands. The renewal is repeated.",
    ),
    Row(
        "identity",
        NO_ANSWER,
        "",
        "a time-out, a reset, no connection",
        Transient,
        "reads",
        "{name}'s identity host did not answer ({said})",
        "The connection stands. The renewal is repeated.",
    ),
)


def row_for(where: Where, status: int, codes: Collection[str] = ()) -> Row:
    """Return the first row about such an answer."""
    return next(row for row in ROWS if row.fits(where, status, codes))
