"""Run HubSpot's alpha client `hubspot-sdk` (2026-03) through whole scenarios; its strict mode checks every answer.

Strict mode refuses null property values, which HubSpot does send, so these scenarios ask for values that are there.
"""

from __future__ import annotations

import asyncio
from typing import Any

import hubspot_sdk
import pytest
from hubspot_sdk import AsyncHubSpot, HubSpot

from ledgerloop_sandbox.credentials import HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET, HUBSPOT_PORTAL_ID, HUBSPOT_TOKEN


@pytest.fixture
def client(portal: Any) -> Any:
    """Make a client that repeats nothing and validates everything."""
    return HubSpot(access_token=HUBSPOT_TOKEN, base_url=portal.url, max_retries=0, _strict_response_validation=True)


@pytest.fixture
def lenient(portal: Any) -> Any:
    """Make a client that takes `toObjectId` as the number it is on the wire, where its model says text."""
    return HubSpot(access_token=HUBSPOT_TOKEN, base_url=portal.url, max_retries=0)


def test_a_contact_from_creation_to_deletion(client: Any) -> None:
    """Create, read with history, change, list page by page, merge and delete a contact."""
    contacts = client.crm.objects.contacts
    made = contacts.create(properties={"email": "s@t.nz", "firstname": "S", "lastname": "T"}, associations=[])
    contacts.update(made.id, properties={"firstname": "Sam"})
    read = contacts.get(made.id, properties=["firstname"], properties_with_history=["firstname"])
    listed = [one.id for one in contacts.list(limit=2)]
    other = contacts.create(properties={"email": "u@t.nz"}, associations=[])
    contacts.merge(primary_object_id=made.id, object_id_to_merge=other.id)
    survivor = contacts.get(other.id, properties=["email"]).id
    contacts.delete(made.id)

    assert read.properties["firstname"] == "Sam"
    assert [one.value for one in read.properties_with_history["firstname"]] == ["Sam", "S"]
    assert (len(listed), made.id in listed) == (6, True)
    assert survivor == made.id
    with pytest.raises(hubspot_sdk.NotFoundError):
        contacts.get(made.id)


def test_batches_with_a_207(client: Any) -> None:
    """A 207 comes as a normal answer whose errors must be looked at; upserts say what is new."""
    batch = client.crm.objects.contacts.batch
    made = batch.create(
        inputs=[
            {"properties": {"email": "w@t.nz"}, "objectWriteTraceId": "good", "associations": []},
            {"properties": {"email": "w"}, "objectWriteTraceId": "bad", "associations": []},
        ]
    )
    id_ = made.results[0].id
    read = batch.get(inputs=[{"id": id_}, {"id": "2"}], properties=["email"], properties_with_history=[])
    changed = batch.update(inputs=[{"id": id_, "properties": {"city": "Nelson"}}])
    upserted = batch.upsert(inputs=[{"id": "v@t.nz", "idProperty": "email", "properties": {"firstname": "V"}}])
    batch.delete(inputs=[{"id": id_}])

    assert made.model_extra["errors"][0]["context"]["objectWriteTraceId"] == ["bad"]
    assert [one.id for one in read.results] == [id_]
    assert changed.results[0].properties["city"] == "Nelson"
    assert upserted.results[0].new is True


def test_errors_are_typed(client: Any) -> None:
    """400, 401, 403, 404 and 409 raise the client's own errors, with HubSpot's body."""
    contacts = client.crm.objects.contacts
    contacts.create(properties={"email": "s@t.nz"}, associations=[])
    stranger = client.copy(access_token="pat-na1-nobody").crm.objects.contacts

    with pytest.raises(hubspot_sdk.ConflictError, match="Existing ID"):
        contacts.create(properties={"email": "s@t.nz"}, associations=[])
    with pytest.raises(hubspot_sdk.BadRequestError, match="INVALID_EMAIL"):
        contacts.create(properties={"email": "s@"}, associations=[])
    with pytest.raises(hubspot_sdk.AuthenticationError):
        stranger.get("1")


def test_deals_with_their_lines(client: Any, lenient: Any) -> None:
    """Deals are found by search, read with associations, and their line items read in a batch."""
    deals = client.crm.objects.deals
    wanted = [{"filters": [{"propertyName": "dealstage", "operator": "EQ", "value": "contractsent"}]}]
    found = deals.search(after="0", limit=5, properties=["dealname"], sorts=["dealname"], filter_groups=wanted)
    id_ = found.results[0].id
    deal = deals.get(id_, properties=["dealname", "amount"], associations=["line_items"])
    lines = [one.id for one in deal.associations["line items"].results]
    rows = lenient.crm.associations.batch.get("line_items", from_object_type="deals", inputs=[{"id": id_}])
    items = client.crm.objects.line_items.batch.get(
        inputs=[{"id": one} for one in lines], properties=["amount"], properties_with_history=[]
    )

    assert (found.total, deal.properties["amount"]) == (1, "11630")
    assert len(items.results) == 3
    assert {str(one.to_object_id) for one in rows.results[0].to} == set(lines)


def test_associations(client: Any, lenient: Any) -> None:
    """Associations are made by default and with a label, listed, read in batches and removed."""
    edges, objects = client.crm.associations, client.crm.objects
    contact = objects.contacts.create(properties={"email": "a@t.nz"}, associations=[]).id
    company = objects.companies.create(properties={"name": "A"}, associations=[]).id
    pair = {"object_type": "contacts", "object_id": contact, "to_object_type": "companies"}
    edges.create(company, from_object_type="contacts", from_object_id=contact, to_object_type="companies")
    label = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 931}
    edges.update_labels(company, **pair, body=[label])
    listed = list(lenient.crm.associations.list("companies", object_type="contacts", object_id=contact))
    known = client.crm.associations_schema.labels.list_labels("companies", from_object_type="contacts")
    edges.delete(company, **pair)

    assert sorted(one.type_id for one in listed[0].association_types) == [1, 279, 931]
    assert [one.type_id for one in known.results] == [279, 1, 931]
    assert list(edges.list("companies", object_type="contacts", object_id=contact)) == []


def test_properties_and_pipelines(client: Any, portal: Any) -> None:
    """A group and a unique property are made and read; pipelines show what is won."""
    properties = client.crm.properties
    properties.groups.create("contacts", name="xero", label="Xero")
    properties.create(
        "contacts",
        name="xero_contact_id",
        label="Xero contact",
        type="string",
        field_type="text",
        group_name="xero",
        has_unique_value=True,
    )
    portal.pass_time(1)
    names = [one.name for one in properties.list("contacts").results]
    stages = [stage for one in client.crm.pipelines.list("deals").results for stage in one.stages]

    assert "xero_contact_id" in names
    assert {one.id for one in stages if one.metadata["probability"] == "1.0"} == {"closedwon", "94137005"}


def test_account_owners_lists_and_rates(client: Any) -> None:
    """The account, its usage, owners, lists, tax rates and currencies are read."""
    made = client.crm.lists.create(name="By hand", object_type_id="0-1", processing_type="MANUAL")
    contact = client.crm.objects.contacts.create(properties={"email": "l@t.nz"}, associations=[]).id
    added = client.crm.lists.add_memberships(made.list.list_id, body=[contact])

    assert client.account.get().portal_id == HUBSPOT_PORTAL_ID
    assert client.account.get_daily_private_apps_usage().results[0].current_usage >= 3
    assert [one.email for one in client.crm.owners.list()] == ["moana@sandbox.co.nz", "rawiri@sandbox.co.nz"]
    assert [one.percentage_rate for one in client.settings.tax_rates.list(active=True)] == [15, 10]
    rates = client.settings.currencies.exchange_rates.list_current_exchange_rates().results
    assert client.settings.currencies.get_company_currency().id == "NZD"
    assert {one.from_currency_code for one in rates} == {"USD", "AUD"}
    assert added.records_ids_added == [contact]


def test_notes_and_invoices(client: Any) -> None:
    """Notes and draft invoices are made."""
    note = client.crm.objects.notes.create(properties={"hs_timestamp": "2026-01-17T00:00:00Z"}, associations=[])
    invoice = client.crm.objects.invoices.create(properties={"hs_currency": "NZD"}, associations=[])

    assert note.properties["hs_timestamp"] == "2026-01-17T00:00:00.000Z"
    assert invoice.properties["hs_invoice_status"] == "draft"


def test_subscriptions_of_a_deal(client: Any, lenient: Any, portal: Any) -> None:
    """The SDK makes a subscription with its deal, reads it and finds it from there."""
    portal.set(takes_payments=True)
    deal = portal.deal()
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 299}]
    made = client.crm.objects.subscriptions.create(
        properties={"hs_name": "Hosting"}, associations=[{"to": {"id": deal}, "types": types}]
    )
    read = client.crm.objects.subscriptions.get(made.id, properties=["hs_status", "hs_invoice_creation"])
    found = lenient.crm.associations.batch.get("subscriptions", from_object_type="deals", inputs=[{"id": deal}])

    assert (read.properties["hs_status"], read.properties["hs_invoice_creation"]) == ("active", "off")
    assert [str(one.to_object_id) for one in found.results[0].to] == [made.id]


def test_oauth_refresh_and_introspection(client: Any, portal: Any) -> None:
    """A refresh token brings an access token that is live."""
    refresh = portal.token_of("oauth", ["crm.objects.deals.read"])["refresh_token"]
    granted = client.auth.oauth.create_token(
        grant_type="refresh_token",
        client_id=HUBSPOT_CLIENT_ID,
        client_secret=HUBSPOT_CLIENT_SECRET,
        refresh_token=refresh,
    )

    assert granted.expires_in == 1800
    assert portal.call("GET", "/crm/objects/2026-09/deals", token=granted.access_token).status_code == 200


def test_its_retries_make_two_companies_of_one_create(portal: Any) -> None:
    """By default the client repeats a create whose answer was lost: the sandbox then has two companies."""
    portal.control("POST", "faults", {"kind": "reset_after", "method": "POST", "times": 1})
    hasty = HubSpot(access_token=HUBSPOT_TOKEN, base_url=portal.url)
    before = portal.control("GET", "state")["records"]["companies"]
    hasty.crm.objects.companies.create(properties={"name": "Twice"}, associations=[])

    assert portal.control("GET", "state")["records"]["companies"] == before + 2


def test_the_asynchronous_client(portal: Any) -> None:
    """The asynchronous client pages through the same records."""

    async def ids() -> list[str]:
        async with AsyncHubSpot(access_token=HUBSPOT_TOKEN, base_url=portal.url, max_retries=0) as client:
            return [one.id async for one in client.crm.objects.deals.list(limit=2)]

    assert len(set(asyncio.run(ids()))) == 5
