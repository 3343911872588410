"""Guard and route the Accounting API: access, quotas, sizes, replays, then the handler."""

import logging
import re
from collections.abc import Callable
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from ledgerloop_sandbox.edge import Note
from ledgerloop_sandbox.xero import (
    banktransactions,
    batchpayments,
    contacts,
    credit,
    history,
    invoices,
    payments,
    reference,
    scopes,
)
from ledgerloop_sandbox.xero.call import ApiCall
from ledgerloop_sandbox.xero.errors import Answer, Refused, not_found, problem, text_answer
from ledgerloop_sandbox.xero.idempotency import fingerprint
from ledgerloop_sandbox.xero.state import XeroState
from ledgerloop_sandbox.xero.webhooks import Webhooks
from ledgerloop_sandbox.xero.wire import as_xml, loads

_log = logging.getLogger(__name__)
Answering = Callable[[ApiCall], Answer]
BASE = "/api.xro/2.0/"
LONGEST_URL = 2091
LARGEST_BODY = 3_500_000
PERSON = "person"
_QUERY = {
    name.lower(): name
    for name in (
        "page pageSize where order IDs InvoiceNumbers ContactIDs Statuses References summaryOnly searchTerm "
        "includeArchived createdByMyApp unitdp summarizeErrors allowBackorders"
    ).split()
}


def _routes() -> list[tuple[str, re.Pattern[str], Answering]]:
    table: list[tuple[str, str, Answering]] = [
        ("GET", "Organisations?", reference.organisation),
        ("GET", "Organisations?/Actions", reference.actions),
        ("GET", "Accounts(?:/{id})?", reference.accounts),
        ("GET", "TaxRates(?:/{id})?", reference.tax_rates),
        ("GET", "Currencies", reference.currencies),
        ("GET", "BrandingThemes(?:/{id})?", reference.branding_themes),
        ("GET", "Items(?:/{id})?", reference.items),
        ("GET", "TrackingCategories(?:/{id})?", reference.tracking_categories),
        ("GET", "Contacts", contacts.get_all),
        ("PUT", "Contacts", contacts.put),
        ("POST", "Contacts", contacts.post),
        ("GET", "Contacts/{id}", contacts.get_one),
        ("POST", "Contacts/{id}", contacts.post_one),
        ("GET", "Invoices", invoices.get_all),
        ("PUT", "Invoices", invoices.put),
        ("POST", "Invoices", invoices.post),
        ("GET", "Invoices/{id}", invoices.get_one),
        ("POST", "Invoices/{id}", invoices.post_one),
        ("GET", "Invoices/{id}/OnlineInvoice", invoices.online),
        ("POST", "Invoices/{id}/Email", invoices.email),
        ("GET", "Payments", payments.get_all),
        ("PUT|POST", "Payments", payments.put),
        ("GET", "Payments/{id}", payments.get_one),
        ("POST", "Payments/{id}", payments.delete),
        ("GET", "BatchPayments", batchpayments.get_all),
        ("PUT", "BatchPayments", batchpayments.put),
        ("POST", "BatchPayments(?:/{id})?", batchpayments.post),
        ("GET", "BatchPayments/{id}", batchpayments.get_one),
        ("PUT", "CreditNotes", credit.put_credit_notes),
        ("POST", "CreditNotes(?:/{id})?", credit.post_credit_notes),
        ("PUT|POST", "BankTransactions", banktransactions.put),
        ("GET", "(?:Contacts|Invoices|Payments|CreditNotes|Prepayments|Overpayments)/{id}/History", history.get),
        ("PUT", "(?:Contacts|Invoices|Payments|CreditNotes|Prepayments|Overpayments)/{id}/History", history.put),
    ]
    for kind in ("CreditNote", "Prepayment", "Overpayment"):
        table += [
            ("GET", f"{kind}s", credit.get_all(kind)),
            ("GET", f"{kind}s/{{id}}", credit.get_one(kind)),
            ("GET", f"{kind}s/{{id}}/Allocations", credit.get_allocations(kind)),
            ("PUT", f"{kind}s/{{id}}/Allocations", credit.put_allocations(kind)),
            ("DELETE", f"{kind}s/{{id}}/Allocations/{{id}}", credit.delete_allocation(kind)),
        ]
    return [
        (methods, re.compile(path.replace("{id}", "([^/]+)"), re.IGNORECASE), answer) for methods, path, answer in table
    ]


class AccountingApi:
    """Hold the endpoints under /api.xro/2.0."""

    def __init__(self, state: Callable[[], XeroState], webhooks: Callable[[], Webhooks]) -> None:
        self._state, self._webhooks = state, webhooks
        self._routes = _routes()

    async def answer(self, request: Request) -> Response:
        """Answer one call."""
        state, note = self._state(), request.scope["note"]
        body = await request.body()
        try:
            answer = self._answer(state, note, request, body)
        except Refused as refusal:
            answer = refusal.answer
        headers = dict(answer.headers)
        if not note.person:
            headers |= state.limits.remaining(note.organisation, state.clock.seconds(), state.caps())
        accept = request.headers.get("accept", "")
        if answer.content_type.startswith("application/json") and "json" not in accept:
            root = "Response" if answer.status == 200 else "ApiException"
            xml = as_xml(root, loads(answer.body))
            return Response(f'<?xml version="1.0"?>{xml}', answer.status, headers, "text/xml; charset=utf-8")
        return Response(answer.body, answer.status, headers, answer.content_type if answer.body else None)

    def _answer(self, state: XeroState, note: Note, request: Request, body: bytes) -> Answer:
        target = f"https://api.xero.com{request.url.path}?{request.url.query}"
        if len(target) > LONGEST_URL:
            raise not_found()
        path = request.url.path[len(BASE) :].strip("/")
        client_id = PERSON if note.person else _admitted(state, note, request, path.partition("/")[0])
        if len(body) > LARGEST_BODY:
            return text_answer(413, "The request is larger than 3.5 MB")
        organisation = state.organisations.get(note.organisation or next(iter(state.organisations)))
        if organisation is None:
            raise problem(403, "Forbidden", "AuthenticationUnsuccessful")
        if organisation.offline:
            return text_answer(503, "The Organisation is offline")
        query = {_QUERY.get(name.lower(), name): value for name, value in parse_qsl(request.url.query)}
        handler, ids = self._route(request.method, path)
        call = ApiCall(
            method=request.method,
            path=path,
            ids=ids,
            query=query,
            headers=dict(request.headers),
            body=body,
            organisation=organisation,
            now=state.clock.now(),
            client_id=client_id,
            options=state.options,
        )
        answer = _replayed(state, call, request.url.query, handler)
        self._webhooks().tell(organisation.tenant_id, call.happened)
        return answer

    def _route(self, method: str, path: str) -> tuple[Answering, tuple[str, ...]]:
        known = False
        for methods, pattern, handler in self._routes:
            if match := pattern.fullmatch(path):
                if method in methods.split("|"):
                    return handler, tuple(group for group in match.groups() if group is not None)
                known = True
        if known:
            raise Refused(text_answer(405, "The method is not allowed on this resource"))
        raise not_found()


def _admitted(state: XeroState, note: Note, request: Request, endpoint: str) -> str:
    """Check token, organisation, scope and quota, in this order; return the app's id."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    found = state.grants.access_tokens.get(token)
    if kind.lower() != "bearer" or found is None or not found.consent.alive:
        raise problem(401, "Unauthorized", "AuthenticationUnsuccessful")
    if state.clock.now() >= found.expires:
        raise problem(401, "Unauthorized", f"TokenExpired: token expired at {found.expires:%m/%d/%Y %H:%M:%S}")
    tenant_id = request.headers.get("xero-tenant-id", "").lower()
    if only := found.consent.only:  # the one organisation needs no naming
        known = tenant_id in ("", only) and getattr(state.custom_organisation(), "tenant_id", "") == only
        tenant_id = only
    else:
        known = state.grants.connection(tenant_id) is not None
    if not known:
        raise problem(403, "Forbidden", "AuthenticationUnsuccessful")
    note.organisation = tenant_id
    if not scopes.opens(frozenset(found.consent.scopes), endpoint, request.method):
        # Misspelt as the real one is.
        raise problem(403, "Forbidden", "AuthorizationUnsuccessful", WWW_Authenticate="insufficent_scope")
    caps = state.caps() if state.options["quotas"] else None
    if refusal := state.limits.enter(tenant_id, state.clock.seconds(), caps):
        headers = {"X-Rate-Limit-Problem": refusal.problem}
        if refusal.retry_after is not None:
            headers["Retry-After"] = str(refusal.retry_after)
        raise Refused(Answer(429, b"", "text/plain", headers))
    note.done.append(lambda: state.limits.leave(tenant_id))
    return "custom" if found.consent.only else "app"


def _replayed(state: XeroState, call: ApiCall, query: str, handler: Answering) -> Answer:
    key = call.headers.get("idempotency-key")
    if key is None or call.method not in ("PUT", "POST", "PATCH"):
        return _handled(handler, call)
    tenant_id, now = call.organisation.tenant_id, state.clock.seconds()
    request = fingerprint(call.method, call.path, query, call.body)
    if (kept := state.replays.find(tenant_id, key, request, now)) is not None:
        return kept
    answer = _handled(handler, call)
    state.replays.keep(tenant_id, key, request, now, answer)
    return answer


def _handled(handler: Answering, call: ApiCall) -> Answer:
    try:
        return handler(call)
    except Refused as refusal:
        return refusal.answer
    except Exception:
        # What no rule has foreseen, such as a list where an object belongs; Xero answers it in the same way.
        _log.exception("%s %s could not be handled", call.method, call.path)
        return text_answer(500, "An unhandled error with the Xero API occurred. Contact the Xero API team.")
