"""Who may only read: every read of both clients goes through, every write is stopped before it leaves."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ledgerloop.errors import LedgerloopError, NotSent
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.dry_run import Rehearsing
from ledgerloop.hubspot.models import New
from ledgerloop.xero.client import XeroClient, connections, disconnect

NOT_CALLS = {"api", "version", "survivors", "as_backfill", "reading_only"}
CONTACT, INVOICE = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
BRANCH: dict[str, Any] = {"filterBranchType": "OR", "filterBranches": [], "filters": []}

HUBSPOT_READS: dict[str, Callable[[HubSpotClient], object]] = {
    "account": lambda one: one.account(),
    "archived": lambda one: one.archived("contacts", ["1"], ["email"]),
    "associated": lambda one: one.associated("deals", "line_items", ["1"]),
    "last_changes": lambda one: one.last_changes("contacts", ["1"], ["email"]),
    "groups": lambda one: one.groups("contacts"),
    "list_named": lambda one: one.list_named("contacts", "none"),
    "list_page": lambda one: one.list_page("companies", ["name"]),
    "owners": lambda one: one.owners(),
    "pipelines": lambda one: one.pipelines(),
    "properties": lambda one: one.properties("deals"),
    "read": lambda one: one.read("contacts", ["1"], ["email"]),
    "read_one": lambda one: one.read_one("contacts", "1", ["email"]),
    "search": lambda one: one.search("deals", [], ["dealname"]),
    "tax_rates": lambda one: one.tax_rates(),
    "token_info": lambda one: one.token_info(),
}
HUBSPOT_WRITES: dict[str, Callable[[HubSpotClient], object]] = {
    "associate": lambda one: one.associate("deals", "companies", [("1", "2")]),
    "create": lambda one: one.create("contacts", {"email": "a@b.nz"}),
    "create_batch": lambda one: one.create_batch("contacts", [New("t", {"email": "a@b.nz"})]),
    "create_group": lambda one: one.create_group("contacts", "g", "G"),
    "create_list": lambda one: one.create_list("contacts", "l", BRANCH),
    "create_properties": lambda one: one.create_properties("contacts", [{"name": "p"}]),
    "set_list_filter": lambda one: one.set_list_filter("1", BRANCH),
    "update": lambda one: one.update("contacts", "1", {"email": "a@b.nz"}),
    "update_batch": lambda one: one.update_batch("contacts", [("1", {"email": "a@b.nz"})]),
    "upsert_batch": lambda one: one.upsert_batch("contacts", "email", [("a@b.nz", {"firstname": "A"})]),
}
XERO_READS: dict[str, Callable[[XeroClient], object]] = {
    "accounts": lambda one: one.accounts(),
    "actions": lambda one: one.actions(),
    "branding_themes": lambda one: one.branding_themes(),
    "contacts": lambda one: one.contacts(),
    "contacts_by_id": lambda one: one.contacts_by_id([CONTACT]),
    "credit_notes": lambda one: one.credit_notes(),
    "currencies": lambda one: one.currencies(),
    "invoices": lambda one: one.invoices(),
    "invoices_by_id": lambda one: one.invoices_by_id([INVOICE]),
    "items": lambda one: one.items(),
    "online_invoice": lambda one: one.online_invoice(INVOICE),
    "organisation": lambda one: one.organisation(),
    "overpayments": lambda one: one.overpayments(),
    "payment": lambda one: one.payment(INVOICE),
    "payments": lambda one: one.payments(),
    "prepayments": lambda one: one.prepayments(),
    "tax_rates": lambda one: one.tax_rates(),
    "tracking_categories": lambda one: one.tracking_categories(),
}
XERO_WRITES: dict[str, Callable[[XeroClient], object]] = {
    "create_contacts": lambda one: one.create_contacts([{"Name": "A"}], "k"),
    "create_invoices": lambda one: one.create_invoices([{"Type": "ACCREC"}], "k"),
    "email_invoice": lambda one: one.email_invoice(INVOICE, "k"),
    "update_contacts": lambda one: one.update_contacts([{"ContactID": CONTACT}]),
    "update_invoices": lambda one: one.update_invoices([{"InvoiceID": INVOICE}]),
}


def _calls_of(client: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(client) if not name.startswith("_")} - NOT_CALLS


def _ways(client: Any) -> Iterator[Any]:
    """Give the client that may only read, alone and behind live work."""
    yield client
    yield client.as_backfill()


def _sent(side: Any, do: Callable[[], object]) -> int:
    """Do it, whatever the vendor answers, and return how many calls were sent; NotSent is raised."""
    before = len(side.calls)
    try:
        do()
    except NotSent:
        assert before == len(side.calls)
        raise
    except LedgerloopError:
        pass
    return len(side.calls) - before


def test_every_call_of_both_clients_is_looked_at() -> None:
    """A new method of a client is a read or a write here, too."""
    assert _calls_of(HubSpotClient) == HUBSPOT_READS.keys() | HUBSPOT_WRITES.keys()
    assert _calls_of(XeroClient) == XERO_READS.keys() | XERO_WRITES.keys()


@pytest.mark.parametrize("name", sorted(HUBSPOT_READS))
def test_reads_of_hubspot_go_through(hubspot: Any, portal: HubSpotClient, name: str) -> None:
    """Searches and reads of many are POSTs, and still reads."""
    for one in _ways(HubSpotClient(portal.api.reading_only(), portal.version)):
        assert _sent(hubspot, lambda one=one: HUBSPOT_READS[name](one))


@pytest.mark.parametrize("name", sorted(HUBSPOT_WRITES))
def test_writes_to_hubspot_never_leave(hubspot: Any, portal: HubSpotClient, name: str) -> None:
    """Whatever the method is called, the call is stopped where it would leave."""
    for one in _ways(HubSpotClient(portal.api.reading_only(), portal.version)):
        with pytest.raises(NotSent):
            _sent(hubspot, lambda one=one: HUBSPOT_WRITES[name](one))


@pytest.mark.parametrize("name", sorted(HUBSPOT_WRITES))
def test_a_rehearsal_writes_nothing(hubspot: Any, portal: HubSpotClient, name: str) -> None:
    """A write is answered as if it had been made, or is an error; behind live work as well."""
    for one in _ways(Rehearsing(portal)):
        before = len(hubspot.calls)
        try:
            HUBSPOT_WRITES[name](one)
        except NotSent:
            assert name in ("create_group", "create_list", "create_properties", "set_list_filter")
        assert before == len(hubspot.calls)


@pytest.mark.parametrize("name", sorted(XERO_READS))
def test_reads_of_xero_go_through(xero: Any, name: str) -> None:
    """What Xero gives is had by GET."""
    assert xero.client is not None
    for one in _ways(xero.client.reading_only()):
        assert _sent(xero, lambda one=one: XERO_READS[name](one))


@pytest.mark.parametrize("name", sorted(XERO_WRITES))
def test_writes_to_xero_never_leave(xero: Any, name: str) -> None:
    """No invoice, no contact, no email."""
    assert xero.client is not None
    for one in _ways(xero.client.reading_only()):
        with pytest.raises(NotSent):
            _sent(xero, lambda one=one: XERO_WRITES[name](one))


def test_connections_are_read_and_not_ended(xero: Any) -> None:
    """The list of connections is a read, and taking the app out of an organisation is none."""
    api = xero.api().reading_only()

    assert connections(api)
    with pytest.raises(NotSent):
        disconnect(api, "1")
    with pytest.raises(NotSent):
        api.call("GET", "/api.xro/2.0/SomethingNew")
