"""Do by control route what Xero offers in its own screens only: settings of an organisation, merging, adding one."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ledgerloop_sandbox.asked import object_in
from ledgerloop_sandbox.clock import Clock
from ledgerloop_sandbox.xero import stock
from ledgerloop_sandbox.xero.organisation import Change, Organisation
from ledgerloop_sandbox.xero.state import XeroState
from ledgerloop_sandbox.xero.webhooks import Webhooks
from ledgerloop_sandbox.xero.wire import read_day


class Steering:
    """Hold the Xero half's own routes under /_sandbox."""

    def __init__(self, books: Callable[[], XeroState], hooks: Callable[[], Webhooks], clock: Clock) -> None:
        self._books, self._hooks, self._clock = books, hooks, clock
        self.routes = [
            Route("/_sandbox/organisations/{tenant_id}", self.organisation, methods=["POST"]),
            Route("/_sandbox/merge", self.merge, methods=["POST"]),
            Route("/_sandbox/day", self.day, methods=["POST"]),
        ]

    async def organisation(self, request: Request) -> JSONResponse:
        """Set lock dates, currencies, class, archived accounts, payment terms, stock, rounding; put it offline."""
        org = self._organisation(request.path_params["tenant_id"])
        given = await object_in(request)
        for name, value in given.items():
            match name:
                case "PeriodLockDate":
                    org.period_lock_date = read_day(value) if value else None
                case "EndOfYearLockDate":
                    org.end_of_year_lock_date = read_day(value) if value else None
                case "Currencies":
                    org.currencies = {code: org.currencies.get(code, code) for code in value}
                case "Class":
                    org.organisation_class = str(value)
                case "ArchivedAccounts":
                    org.accounts = {
                        code: replace(account, status="ARCHIVED" if code in value else "ACTIVE")
                        for code, account in org.accounts.items()
                    }
                case "PaymentTerms":
                    org.payment_terms = value
                case "Rounding":
                    org.rounding = bool(value)
                case "Stock":
                    if unknown := sorted(set(value) - org.items.keys()):
                        raise ValueError(f"there is no item {', '.join(unknown)}")
                    stock.track(org, {code: Decimal(str(quantity)) for code, quantity in value.items()})
                case "Offline":
                    org.offline = bool(value)
                case _:
                    raise ValueError(f"an organisation has no {name} that can be set here")
        return JSONResponse({"tenantId": org.tenant_id, "changed": sorted(given)})

    async def merge(self, request: Request) -> JSONResponse:
        """Merge one contact into another: the loser is archived and points to the winner."""
        given = await object_in(request, "organisation", "from", "into")
        org = self._organisation(given["organisation"])
        loser, winner = org.contacts.get(given["from"]), org.contacts.get(given["into"])
        if loser is None or winner is None or loser is winner:
            raise ValueError("merging needs two contacts of the organisation, as from and into")
        change = Change(org, self._clock.now())
        change.edit(loser)
        loser.status, loser.merged_to = "ARCHIVED", winner.id
        change.touch(org.contacts, loser, "CONTACT")
        for document in list(org.documents.get(loser.id, ())):
            change.edit(document)
            document.contact_id = winner.id
            change.quietly(document)
        change.edit(winner)
        winner.is_customer |= loser.is_customer
        winner.is_supplier |= loser.is_supplier
        change.touch(org.contacts, winner, "CONTACT")
        self._hooks().tell(org.tenant_id, change.keep())
        return JSONResponse({"ContactID": loser.id, "MergedToContactID": winner.id})

    async def day(self, request: Request) -> JSONResponse:
        """Leave only so many calls of an organisation's day: {"organisation": …, "left": n}."""
        given = await object_in(request, "organisation", "left")
        books, org = self._books(), self._organisation(given["organisation"])
        books.limits.spend_day(org.tenant_id, self._clock.seconds(), int(given["left"]), books.caps())
        return JSONResponse({"tenantId": org.tenant_id, "left": int(given["left"])})

    def _organisation(self, tenant_id: str) -> Organisation:
        org = self._books().organisations.get(tenant_id)
        if org is None:
            raise ValueError(f"there is no organisation {tenant_id}")
        return org
