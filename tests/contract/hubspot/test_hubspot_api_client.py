"""Run the official `hubspot-api-client` (v3 and v4) through whole scenarios; its models check every answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hubspot import HubSpot
from hubspot.crm import contacts, deals, lists, objects, properties
from hubspot.crm.associations import v4
from hubspot.oauth.exceptions import ApiException as OAuthError

from ledgerloop_sandbox.credentials import HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET, HUBSPOT_TOKEN


@pytest.fixture
def client(portal: Any) -> HubSpot:
    """Make a client of the sandbox."""
    return HubSpot(access_token=HUBSPOT_TOKEN, host=portal.url)


def contact(**values: str) -> contacts.SimplePublicObjectInputForCreate:
    """Write a new contact."""
    return contacts.SimplePublicObjectInputForCreate(properties=values, associations=[])


def test_a_contact_from_creation_to_deletion(client: HubSpot) -> None:
    """Create, read with history, change, list, merge and archive a contact."""
    api = client.crm.contacts.basic_api
    made = api.create(contact(email="p@q.nz", firstname="P"))
    api.update(made.id, contacts.SimplePublicObjectInput(properties={"firstname": "Pat"}))
    read = api.get_by_id("p@q.nz", id_property="email", properties_with_history=["firstname"])
    page = api.get_page(limit=2)
    other = api.create(contact(email="o@q.nz"))
    api.merge(contacts.PublicMergeInput(primary_object_id=made.id, object_id_to_merge=other.id))
    survivor = api.get_by_id(other.id).id
    api.archive(made.id)

    assert [one.value for one in read.properties_with_history["firstname"]] == ["Pat", "P"]
    assert (len(page.results), page.paging.next.after) == (2, page.results[-1].id)
    assert survivor == made.id
    with pytest.raises(contacts.ApiException, match="resource not found"):
        api.get_by_id(made.id)


def test_a_409_tells_the_existing_id(client: HubSpot) -> None:
    """A taken email raises 409, and the body names the contact that has it."""
    api = client.crm.contacts.basic_api
    made = api.create(contact(email="p@q.nz"))
    with pytest.raises(contacts.ApiException) as raised:
        api.create(contact(email="p@q.nz"))

    assert raised.value.status == 409
    assert json.loads(raised.value.body)["message"].endswith(made.id)


def test_batches_with_a_207_are_typed_with_errors(client: HubSpot) -> None:
    """A 207 comes as the model WithErrors; without trace ids the whole batch is refused."""
    api = client.crm.contacts.batch_api

    def inputs(*traces: str | None) -> contacts.BatchInputSimplePublicObjectBatchInputForCreate:
        emails = ("a@q.nz", "bad")
        rows = [
            contacts.SimplePublicObjectBatchInputForCreate(
                properties={"email": email}, associations=[], object_write_trace_id=trace
            )
            for email, trace in zip(emails, traces, strict=True)
        ]
        return contacts.BatchInputSimplePublicObjectBatchInputForCreate(inputs=rows)

    with pytest.raises(contacts.ApiException, match="INVALID_EMAIL"):
        api.create(inputs(None, None))
    made = api.create(inputs("t1", "t2"))
    ids = [contacts.SimplePublicObjectId(id=one) for one in (made.results[0].id, "1")]
    read = api.read(
        contacts.BatchReadInputSimplePublicObjectId(inputs=ids, properties=["email"], properties_with_history=[])
    )
    row = contacts.SimplePublicObjectBatchInputUpsert(id="n@q.nz", id_property="email", properties={"city": "N"})
    upserted = api.upsert(contacts.BatchInputSimplePublicObjectBatchInputUpsert(inputs=[row]))

    assert isinstance(made, contacts.BatchResponseSimplePublicObjectWithErrors)
    assert made.errors[0].context["objectWriteTraceId"] == ["t2"]
    assert isinstance(read, contacts.BatchResponseSimplePublicObjectWithErrors)
    assert read.errors[0].context["ids"] == ["1"]
    assert upserted.results[0].new is True


def test_search(client: HubSpot) -> None:
    """A search finds deals by stage, sorted, with the properties asked for."""
    wanted = deals.Filter(property_name="dealstage", operator="IN", values=["contractsent", "qualifiedtobuy"])
    found = client.crm.deals.search_api.do_search(
        deals.PublicObjectSearchRequest(
            filter_groups=[deals.FilterGroup(filters=[wanted])],
            sorts=["dealname"],
            properties=["dealname", "amount"],
            limit=10,
            after="0",
        )
    )

    assert found.total == 2
    assert [one.properties["dealname"] for one in found.results] == ["Espresso bar fit-out", "Reroofing"]


def test_a_deal_is_won(client: HubSpot) -> None:
    """The pipelines say which stages are won; a deal moved there is closed won."""
    stages = [s for one in client.crm.pipelines.pipelines_api.get_all("deals").results for s in one.stages]
    won = [stage.id for stage in stages if stage.metadata["probability"] == "1.0"]
    api = client.crm.deals.basic_api
    deal = api.get_page(limit=1, associations=["line_items", "companies"]).results[0]
    api.update(deal.id, deals.SimplePublicObjectInput(properties={"dealstage": "closedwon"}))
    after = api.get_by_id(deal.id, properties=["hs_is_closed_won", "closedate"])
    lines = [one.id for one in deal.associations["line items"].results]
    line = client.crm.line_items.basic_api.get_by_id(lines[0], properties=["amount"])

    assert won == ["closedwon", "94137005"]
    assert (after.properties["hs_is_closed_won"], bool(after.properties["closedate"])) == ("true", True)
    assert line.properties["amount"] == "8450"


def test_properties_and_groups(client: HubSpot, portal: Any) -> None:
    """A group and a unique property are made; the second time is 409."""
    client.crm.properties.groups_api.create("contacts", properties.PropertyGroupCreate(name="xero", label="Xero"))
    given = properties.PropertyCreate(
        name="xero_contact_id",
        label="Xero contact",
        type="string",
        field_type="text",
        group_name="xero",
        has_unique_value=True,
    )
    api = client.crm.properties.core_api
    api.create("contacts", given)
    with pytest.raises(properties.ApiException, match="PROPERTY_WITH_NAME_EXISTS"):
        api.create("contacts", given)
    portal.pass_time(1)

    assert api.get_by_name("contacts", "xero_contact_id").has_unique_value is True
    assert len(api.get_all("contacts").results) > 20


def test_associations_v4(client: HubSpot) -> None:
    """Associations are made by default and with a label, listed, read in batches, and their types told."""
    company = client.crm.companies.basic_api.get_page(limit=1).results[0].id
    person = client.crm.contacts.basic_api.create(contact(firstname="A")).id
    api = client.crm.associations.v4.basic_api
    api.create_default("contacts", person, "companies", company)
    spec = v4.AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=931)
    made = api.create("contacts", person, "companies", company, [spec])
    listed = api.get_page("contacts", person, "companies").results
    rows = v4.BatchInputPublicFetchAssociationsBatchRequest(
        inputs=[v4.PublicFetchAssociationsBatchRequest(id=one) for one in (person, "1")]
    )
    read = client.crm.associations.v4.batch_api.get_page("contacts", "companies", rows)
    known = client.crm.associations.v4.schema.definitions_api.get_all("contacts", "companies").results

    assert made.labels == ["Billing contact"]
    assert sorted(one.type_id for one in listed[0].association_types) == [1, 279, 931]
    assert (len(read.results), len(read.errors)) == (1, 1)
    assert [one.type_id for one in known] == [279, 1, 931]


def test_owners_lists_and_notes(client: HubSpot) -> None:
    """Paths with a trailing slash: owners are listed, a list is made, found and filled; a note is made."""
    person = client.crm.contacts.basic_api.create(contact(firstname="L")).id
    given = lists.ListCreateRequest(object_type_id="0-1", processing_type="MANUAL", name="By hand")
    made = client.crm.lists.lists_api.create(given).list
    added = client.crm.lists.memberships_api.add(made.list_id, [person])
    found = client.crm.lists.lists_api.get_by_name("By hand", "0-1").list
    note = client.crm.objects.notes.basic_api.create(
        objects.notes.SimplePublicObjectInputForCreate(
            properties={"hs_timestamp": "2026-01-17T00:00:00Z", "hs_note_body": "x"}, associations=[]
        )
    )

    assert [one.user_id for one in client.crm.owners.owners_api.get_page().results] == [1, 2]
    assert (found.list_id, added.records_ids_added) == (made.list_id, [person])
    assert note.properties["hs_note_body"] == "x"


def test_privacy_deletion(client: HubSpot) -> None:
    """A contact is deleted for good."""
    api = client.crm.contacts.basic_api
    made = api.create(contact(email="gone@q.nz"))
    api.purge(contacts.PublicGdprDeleteInput(object_id="gone@q.nz", id_property="email"))

    with pytest.raises(contacts.ApiException, match="resource not found"):
        api.get_by_id(made.id, archived=True)


def test_oauth_tokens(client: HubSpot, portal: Any) -> None:
    """A refresh token brings an access token; a wrong one is 400."""
    refresh = portal.token_of("oauth", ["crm.objects.deals.read"])["refresh_token"]
    form = {"client_id": HUBSPOT_CLIENT_ID, "client_secret": HUBSPOT_CLIENT_SECRET, "grant_type": "refresh_token"}
    granted = client.oauth.tokens_api.create(**form, refresh_token=refresh)

    assert granted.expires_in == 1800
    with pytest.raises(OAuthError, match="BAD_REFRESH_TOKEN"):
        client.oauth.tokens_api.create(**form, refresh_token="wrong")
