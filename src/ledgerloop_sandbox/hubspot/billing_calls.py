"""Answer calls that pause, unpause and cancel the subscriptions by which HubSpot bills (body and status assumed)."""

from __future__ import annotations

from ledgerloop_sandbox.hubspot.kinds import SUBSCRIPTION
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.refusals import invalid, not_found
from ledgerloop_sandbox.hubspot.wire import Reply, Request
from ledgerloop_sandbox.hubspot.writing import Draft, commit_update

_ENDED = ("canceled", "expired")


def pause(portal: Portal, request: Request, id_: str) -> Reply:
    """Bill nothing until it goes on."""
    return _become(portal, request, id_, "paused", _ENDED)


def unpause(portal: Portal, request: Request, id_: str) -> Reply:
    """Let a paused subscription go on."""
    return _become(portal, request, id_, "active", (*_ENDED, "active", "scheduled", "past_due"))


def cancel(portal: Portal, request: Request, id_: str) -> Reply:
    """End a subscription for good."""
    return _become(portal, request, id_, "canceled", _ENDED)


def _become(portal: Portal, request: Request, id_: str, status: str, unless: tuple[str, ...]) -> Reply:
    record = portal.shelves[SUBSCRIPTION].find(id_)
    if record is None:
        raise not_found()
    now = record.properties.get("hs_status", "")
    if now in unless:
        raise invalid(f"A subscription that is {now} cannot become {status}.")
    commit_update(portal, record, Draft({"hs_status": status}), request.actor)
    return Reply(204)
