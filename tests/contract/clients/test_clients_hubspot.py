"""Our HubSpot client on the sandbox, at each version: every call, and what happens when one goes wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ledgerloop.clock import Clock
from ledgerloop.errors import Conflict, ConsentNeeded, Invalid, Missing, RateLimited, ScopeMissing, UnknownOutcome
from ledgerloop.http import Api
from ledgerloop.hubspot.client import HubSpotClient
from ledgerloop.hubspot.dialect import LIMITS, HubSpotDialect, governor
from ledgerloop.hubspot.models import New, Record, To
from ledgerloop.rate_limiter import Governor
from ledgerloop_sandbox import credentials

EMAIL = "mia@kauri-cafe.example.com"


def mia(portal: HubSpotClient, *properties: str) -> Record:
    """Return the demo contact of that name."""
    return portal.read_one("contacts", EMAIL, properties or ("email",), id_property="email")


class TestReading:
    def test_read_by_id(self, portal: HubSpotClient) -> None:
        """Records come by id with the properties asked; what is not there is absent; a doubled id is asked once."""
        id_ = mia(portal).id
        found = portal.read("contact", [id_, "999999999", id_], ["firstname", "email"])

        assert list(found) == [id_]
        assert found[id_].properties["firstname"] == "Mia"
        assert found[id_].created_at is not None
        assert portal.read("contacts", [], ["email"]) == {}

    def test_read_by_email(self, portal: HubSpotClient) -> None:
        """By email the keys are the addresses in lower case, whatever case they were asked in."""
        found = portal.read("contacts", [EMAIL.upper(), "nobody@example.com"], ["firstname"], id_property="email")

        assert list(found) == [EMAIL]
        assert found[EMAIL].properties["firstname"] == "Mia"

    def test_read_by_unique_property(self, portal: HubSpotClient) -> None:
        """By a unique property of ours the keys are its values."""
        make_unique(portal)
        id_ = mia(portal).id
        portal.update("contacts", id_, {"xero_contact_id": "c-1"})

        found = portal.read("contacts", ["c-1", "c-2"], ["email"], id_property="xero_contact_id")
        assert {key: one.id for key, one in found.items()} == {"c-1": id_}

    def test_read_by_unique_property_in_any_case(self, portal: HubSpotClient) -> None:
        """HubSpot takes unique values for the same whatever their case, and the key is the one that was asked for."""
        make_unique(portal)
        id_ = mia(portal).id
        portal.update("contacts", id_, {"xero_contact_id": "ABC-1"})

        found = portal.read("contacts", ["abc-1"], ["email"], id_property="xero_contact_id")

        assert {"abc-1": id_} == {key: record.id for key, record in found.items()}

    def test_list_page(self, portal: HubSpotClient) -> None:
        """A listing goes through all records a page at a time, without search's lag and its limit."""
        made = {
            one.id
            for start in (0, 100)
            for one in portal.create_batch(
                "companies", [New(str(number), {"name": f"C {number}"}) for number in range(start, start + 100)]
            ).results
        }

        first = portal.list_page("companies", ["name"])
        found = [first]
        while found[-1].after:
            found.append(portal.list_page("companies", ["name"], found[-1].after))

        ids = [record.id for page in found for record in page.results]
        assert 100 == len(first.results)
        assert made <= set(ids)
        assert len(set(ids)) == len(ids)

    def test_last_changes_of_properties(self, portal: HubSpotClient) -> None:
        """HubSpot tells the moment and the value of each property's last change; what is not there is absent."""
        before = datetime.now(UTC)
        id_ = mia(portal).id
        portal.update("contacts", id_, {"phone": "1"})

        portal.update("contacts", id_, {"phone": ""})

        found = portal.last_changes("contacts", [id_, "999999999"], ["phone", "email"])

        assert list(found) == [id_]
        assert found[id_]["email"].at <= found[id_]["phone"].at
        assert found[id_]["phone"].at >= before.replace(microsecond=0)
        assert ["", "mia@"] == [found[id_]["phone"].value, found[id_]["email"].value[:4]]

    def test_more_than_a_hundred(self, hubspot: Any, portal: HubSpotClient) -> None:
        """More ids than one call takes are asked in several."""
        id_ = mia(portal).id
        hubspot.calls.clear()

        assert list(portal.read("contacts", [id_, *map(str, range(900000, 900150))], ["email"])) == [id_]
        assert len(hubspot.calls) == 2

    def test_missing_one(self, portal: HubSpotClient) -> None:
        """A single record that is not there is Missing."""
        with pytest.raises(Missing):
            portal.read_one("contacts", "999999999", ["email"])

    def test_deleted_and_erased(self, hubspot: Any, portal: HubSpotClient) -> None:
        """What was deleted can be read as archived; what was erased, or is there, cannot."""
        deleted, erased, there = (
            portal.create("contacts", {"email": f"{name}@archived.example.com"}).id for name in ("a", "b", "c")
        )
        hubspot.act("DELETE", f"/crm/v3/objects/contacts/{deleted}")
        hubspot.act("POST", "/crm/v3/objects/contacts/gdpr-delete", {"objectId": erased})

        found = portal.archived("contacts", [deleted, erased, there], ["email"])

        assert {deleted: "a@archived.example.com"} == {key: one.properties["email"] for key, one in found.items()}

    def test_merged_record_answers_as_the_survivor(self, hubspot: Any, portal: HubSpotClient) -> None:
        """A merged id still resolves, to a record with another id, which is the one to store."""
        winner, loser = (
            portal.create("contacts", {"email": "w@example.com"}),
            portal.create("contacts", {"email": "l@example.com"}),
        )
        hubspot.act(
            "POST", "/crm/v3/objects/contacts/merge", {"primaryObjectId": winner.id, "objectIdToMerge": loser.id}
        )

        found = portal.read("contacts", [loser.id, mia(portal).id, "999999999"], ["email"])
        assert found[loser.id].id == winner.id
        assert portal.read("contacts", [loser.id, winner.id], ["email"]).keys() == {loser.id, winner.id}
        assert "l@example.com" in portal.read("contacts", ["l@example.com"], ["email"], id_property="email")

    def test_a_merge_is_found_out_once(self, hubspot: Any, portal: HubSpotClient) -> None:
        """What was merged away is asked for by its survivor from then on, in the batch, whatever became of that one."""
        first, second, third = (portal.create("contacts", {"email": f"{name}@example.com"}).id for name in "abc")
        path = "/crm/v3/objects/contacts/merge"
        hubspot.act("POST", path, {"primaryObjectId": second, "objectIdToMerge": first})
        portal.read("contacts", [first, third], ["email"])
        hubspot.act("POST", path, {"primaryObjectId": third, "objectIdToMerge": second})
        portal.read("contacts", [first], ["email"])
        hubspot.calls.clear()

        found = portal.read("contacts", [first, second, third], ["email"])

        assert {first: third, second: third, third: third} == {one: record.id for one, record in found.items()}
        assert 1 == len(hubspot.calls)

    def test_search(self, portal: HubSpotClient) -> None:
        """A search answers in pages, sorted as asked, and says how many there are."""
        sorts = [{"propertyName": "hs_lastmodifieddate", "direction": "ASCENDING"}]
        filters = [{"filters": [{"propertyName": "dealstage", "operator": "HAS_PROPERTY"}]}]
        first = portal.search("deals", filters, ["dealname"], sorts=sorts, limit=3)
        second = portal.search("deals", filters, ["dealname"], sorts=sorts, limit=3, after=first.after)

        assert (first.total, len(first.results), second.after) == (5, 3, None)
        names = {one.properties["dealname"] for one in (*first.results, *second.results)}
        assert len(names) == 5

    def test_won_is_a_probability(self, portal: HubSpotClient) -> None:
        """Won stages are those of probability 1.0, whatever their label or id."""
        won = {stage.id for pipeline in portal.pipelines() for stage in pipeline.stages if stage.won}

        assert won == {"closedwon", "94137005"}
        stages = [stage for pipeline in portal.pipelines() for stage in pipeline.stages]
        assert Decimal("0.8") in {one.probability for one in stages if one.label == "Closed lost"}


class TestWriting:
    def test_create_and_associate(self, portal: HubSpotClient) -> None:
        """A record is made with its associations, and more are added as HubSpot does by default, once or twice."""
        company = portal.create("companies", {"name": "New Ltd"})
        contact = portal.create("contacts", {"email": "new@example.com"}, [To("company", company.id)])
        deal = portal.create("deals", {"dealname": "D", "dealstage": "closedwon", "pipeline": "default"})
        for _ in range(2):
            assert portal.associate("deals", "companies", [(deal.id, company.id)]) == ()

        assert [one.to_id for one in portal.associated("contacts", "companies", [contact.id])[contact.id]] == [
            company.id
        ]
        (tie,) = portal.associated("deal", "company", [deal.id])[deal.id]
        assert tie.to_id == company.id
        assert 341 in tie.type_ids

    def test_associations_of_many(self, portal: HubSpotClient) -> None:
        """Every id asked has a list, an empty one where there is nothing; ids are text."""
        deals = portal.search("deals", [], ["dealname"]).results
        lone = portal.create("deals", {"dealname": "D", "dealstage": "closedwon", "pipeline": "default"}).id
        found = portal.associated("deals", "line_items", [*(one.id for one in deals), lone])

        assert found[lone] == []
        assert sum(len(ties) for ties in found.values()) == 7
        items = portal.read("line_items", [tie.to_id for ties in found.values() for tie in ties], ["name", "price"])
        assert len(items) == 7

    def test_existing_email_is_a_conflict_with_its_id(self, portal: HubSpotClient) -> None:
        """A create that meets an existing email carries the id to update instead."""
        with pytest.raises(Conflict) as caught:
            portal.create("contacts", {"email": EMAIL})

        assert caught.value.existing_id == mia(portal).id

    def test_bad_email_is_known_by_its_code(self, hubspot: Any, portal: HubSpotClient) -> None:
        """INVALID_EMAIL is read from the code, also where the text is translated."""
        hubspot.control("POST", "settings", {"language": "de"})
        with pytest.raises(Invalid) as caught:
            portal.create("contacts", {"email": "not an address"})

        assert ("email", "INVALID_EMAIL") in {(field, code) for field, code, _ in caught.value.problems}

    def test_update_and_clear(self, portal: HubSpotClient) -> None:
        """A value is changed by id, and an empty text clears it."""
        id_ = mia(portal).id
        portal.update("contacts", id_, {"city": "Picton", "phone": ""})

        record = mia(portal, "city", "phone")
        assert (record.properties["city"], record.properties.get("phone") or "") == ("Picton", "")

    def test_create_batch_by_trace(self, portal: HubSpotClient) -> None:
        """Each result is known by its trace, whatever order HubSpot answers in; bad rows cost themselves."""
        inputs = [New(f"t{n}", {"email": f"t{n}@example.com", "firstname": f"F{n}"}) for n in range(8)]
        inputs += [New("bad", {"email": "nonsense"}), New("taken", {"email": EMAIL})]
        result = portal.create_batch("contacts", inputs)

        made = result.by_trace()
        assert {f"t{n}" for n in range(8)} == made.keys()
        assert all(made[f"t{n}"].properties["email"] == f"t{n}@example.com" for n in range(8))
        errors = {trace: error for error in result.errors for trace in error.trace_ids}
        assert errors.keys() == {"bad", "taken"}
        assert "INVALID_EMAIL" in errors["bad"].codes
        assert errors["taken"].existing_id == mia(portal).id
        with pytest.raises(ValueError):
            portal.create_batch("contacts", [New("same", {"email": "a@x.nz"}), New("same", {"email": "b@x.nz"})])

    def test_update_batch(self, hubspot: Any, portal: HubSpotClient) -> None:
        """Good rows are written in one call; missing and merged ones stand in errors with their ids."""
        one, two = (portal.create("contacts", {"email": f"{name}@example.com"}) for name in ("one", "two"))
        gone = portal.create("contacts", {"email": "gone@example.com"})
        hubspot.act("POST", "/crm/v3/objects/contacts/merge", {"primaryObjectId": one.id, "objectIdToMerge": gone.id})
        hubspot.calls.clear()
        rows = [
            (one.id, {"city": "A"}),
            (gone.id, {"city": "B"}),
            ("999999999", {"city": "C"}),
            (two.id, {"city": "D"}),
        ]
        result = portal.update_batch("contacts", [*rows, (two.id, {"zip": "7010"})])

        assert {record.id for record in result.results} == {one.id, two.id}
        assert {error.category: error.ids for error in result.errors} == {
            "OBJECT_NOT_FOUND": ("999999999",),
            "MERGED": (gone.id,),
        }
        assert len(hubspot.calls) == 1
        found = portal.read("contacts", [two.id], ["city", "zip"])[two.id].properties
        assert (found["city"], found["zip"]) == ("D", "7010")

    def test_update_batch_isolates_the_bad_row(self, portal: HubSpotClient) -> None:
        """One row that HubSpot refuses is found, named with its code, and all the others are written."""
        ids = [portal.create("contacts", {"email": f"r{n}@example.com"}).id for n in range(9)]
        rows = [(id_, {"city": "Nelson", **({"email": "broken"} if n == 4 else {})}) for n, id_ in enumerate(ids)]
        result = portal.update_batch("contacts", rows)

        assert {record.id for record in result.results} == set(ids) - {ids[4]}
        (error,) = result.errors
        assert (error.ids or error.trace_ids) == (ids[4],)
        assert "INVALID_EMAIL" in error.codes

    def test_upsert(self, hubspot: Any, portal: HubSpotClient) -> None:
        """By a unique property records are made or changed, and each says which; where refused, every row says so."""
        make_unique(portal)
        rows = [("c-1", {"firstname": "A"}), ("c-2", {"firstname": "B"})]
        first, second = (portal.upsert_batch("contacts", "xero_contact_id", rows) for _ in range(2))

        assert [one.new for one in first.results] == [True, True]
        assert [one.new for one in second.results] == [False, False]
        assert {one.id for one in first.results} == {one.id for one in second.results}
        assert first.by_trace().keys() == {"c-1", "c-2"}
        hubspot.control("POST", "settings", {"upsert_refused": True})
        refused = portal.upsert_batch("contacts", "xero_contact_id", rows)
        assert (refused.results, len(refused.errors)) == ((), 2)

    def test_too_many_rows(self, portal: HubSpotClient) -> None:
        """A batch of more than a hundred is a mistake of ours and never leaves; an empty one costs nothing."""
        with pytest.raises(ValueError):
            portal.update_batch("contacts", [(str(n), {"city": "X"}) for n in range(101)])
        assert portal.update_batch("contacts", []).results == ()


def make_unique(portal: HubSpotClient) -> None:
    """Make the property that carries Xero's id."""
    portal.create_properties(
        "contacts",
        [
            {
                "name": "xero_contact_id",
                "label": "Xero contact id",
                "type": "string",
                "fieldType": "text",
                "groupName": "contactinformation",
                "hasUniqueValue": True,
            }
        ],
    )


class TestDefinitions:
    def test_properties_and_groups(self, portal: HubSpotClient) -> None:
        """A group and a property are made and read back with what matters; what exists is not made again."""
        portal.create_group("companies", "xero", "Xero")
        definition = {
            "name": "xero_outstanding_balance",
            "label": "Outstanding in Xero",
            "type": "number",
            "fieldType": "number",
            "groupName": "xero",
        }
        assert portal.create_properties("companies", [definition]) == (["xero_outstanding_balance"], [])

        made = next(one for one in portal.properties("companies") if one.name == "xero_outstanding_balance")
        assert (made.type, made.field_type, made.group_name, made.has_unique_value) == (
            "number",
            "number",
            "xero",
            False,
        )
        assert "xero" in {one.name for one in portal.groups("companies")}
        assert portal.create_properties("companies", [definition]) == ([], [])
        with pytest.raises(Conflict):
            portal.create_group("companies", "xero", "Xero")

    @pytest.mark.parametrize("as_one", [False, True], ids=["row by row", "as a whole"])
    def test_a_property_that_is_refused(self, hubspot: Any, portal: HubSpotClient, as_one: bool) -> None:
        """One that HubSpot refuses, and one that is there, keep no other from being made, however it refuses them."""
        text = {"label": "t", "type": "string", "fieldType": "text", "groupName": "companyinformation"}
        portal.create_properties("companies", [text | {"name": "there"}])
        hubspot.control("POST", "settings", {"definitions_whole": as_one})

        names = ("first", "there", "Wrong Name", "last")
        made, refused = portal.create_properties("companies", [text | {"name": name} for name in names])

        assert (made, len(refused)) == (["first", "last"], 1)
        assert "Wrong Name" in refused[0]

    def test_a_property_that_exists_by_another_word(self, hubspot: Any, portal: HubSpotClient) -> None:
        """Whichever word HubSpot has for it in a batch, one that is there is not told as refused."""
        text = {"label": "t", "type": "string", "fieldType": "text", "groupName": "companyinformation", "name": "there"}
        portal.create_properties("companies", [text])
        fault = {"kind": "rewrite", "path": "batch/create", "find": "OBJECT_ALREADY_EXISTS", "put": "CONFLICT"}
        hubspot.control("POST", "faults", fault)

        assert portal.create_properties("companies", [text]) == ([], [])

    def test_account_and_token(self, portal: HubSpotClient) -> None:
        """Portal, currency and zone, and the token's portal, app and scopes are read."""
        account, info = portal.account(), portal.token_info()

        assert (account.portal_id, account.company_currency) == (str(credentials.HUBSPOT_PORTAL_ID), "NZD")
        assert account.time_zone
        assert (info.hub_id, info.app_id) == (account.portal_id, str(credentials.HUBSPOT_APP_ID))
        assert "crm.objects.contacts.read" in info.scopes

    def test_owners(self, portal: HubSpotClient) -> None:
        """Owners that are not archived are read."""
        assert {"moana@sandbox.co.nz", "rawiri@sandbox.co.nz"} == {one.email for one in portal.owners()}

    def test_tax_rates(self, portal: HubSpotClient) -> None:
        """All tax rates are read, those no longer active too: older line items have them."""
        rates = {one.id: (one.percentage_rate, one.active) for one in portal.tax_rates()}

        assert {"1": (15, True), "2": (10, True), "3": (Decimal("12.5"), False)} == rates


class TestTrouble:
    @pytest.mark.parametrize("refusals", [1, 2, 3, 4])
    def test_refused_batch_is_sent_in_halves(self, hubspot: Any, portal: HubSpotClient, refusals: int) -> None:
        """A batch refused as a whole is halved until the refused row stands alone; every other row is written."""
        ids = [one.id for one in portal.search("contacts", [], ["email"]).results[:4]]
        problem = '[{"message":"no","error":"PROPERTY_DOESNT_EXIST","name":"city"}]'
        said = {"message": f"Property values were not valid: {problem}", "category": "VALIDATION_ERROR"}
        hubspot.fault(kind="status", status=400, body=said, path="batch/update", times=refusals)
        result = portal.update_batch("contacts", [(id_, {"city": "Picton"}) for id_ in ids])

        refused = max(0, refusals - 2)  # the whole, its first half, then single rows
        assert {record.id for record in result.results} == set(ids[refused:])
        assert [error.ids for error in result.errors] == [(id_,) for id_ in ids[:refused]]
        assert all(error.codes == ("PROPERTY_DOESNT_EXIST",) for error in result.errors)

    def test_traces_survive_a_silent_answer(self, hubspot: Any, portal: HubSpotClient) -> None:
        """Where results carry no trace, a record is known by the values that only its row had."""
        hubspot.fault(kind="rewrite", path="batch/create", find="objectWriteTraceId", put="somethingElse")
        inputs = [New(f"t{n}", {"email": f"s{n}@example.com"}) for n in range(5)]
        made = portal.create_batch("contacts", inputs).by_trace()

        assert {trace: one.properties["email"] for trace, one in made.items()} == {
            one.trace: one.values["email"] for one in inputs
        }

    def test_unreadable_create_is_unknown(self, hubspot: Any, portal: HubSpotClient) -> None:
        """A batch that was made but whose answer makes no sense is UnknownOutcome, never sent again by itself."""
        hubspot.fault(kind="rewrite", path="batch/create", find='"results"', put='"surprises"')

        with pytest.raises(UnknownOutcome):
            portal.create_batch("contacts", [New("t", {"email": "odd@example.com"})])
        assert len([path for _, path, _ in hubspot.seen() if path.endswith("batch/create")]) == 1

    def test_lost_create_is_found_again(self, hubspot: Any, portal: HubSpotClient) -> None:
        """A create whose answer was lost is UnknownOutcome after one request, and a direct read finds the record."""
        hubspot.fault(kind="reset_after", method="POST", times=1)

        with pytest.raises(UnknownOutcome):
            portal.create("contacts", {"email": "lost@example.com"})
        assert portal.read("contacts", ["lost@example.com"], ["email"], id_property="email").keys() == {
            "lost@example.com"
        }

    @pytest.mark.parametrize("kind", ["reset_after", "reset_before", "truncate", "html"])
    def test_updates_survive(self, hubspot: Any, portal: HubSpotClient, kind: str) -> None:
        """A batch update by id that goes wrong twice is right the third time."""
        id_ = mia(portal).id
        hubspot.fault(kind=kind, method="POST", path="batch/update", times=2)

        assert [one.id for one in portal.update_batch("contacts", [(id_, {"city": "Picton"})]).results] == [id_]

    def test_wrong_token_needs_a_person(self, hubspot: Any, wire: Any) -> None:
        """A token that HubSpot does not know cannot be renewed: a person must put in another."""
        with pytest.raises(ConsentNeeded):
            client_with(hubspot, wire, "pat-na1-nobody").account()

    def test_ten_second_limit_is_kept(self, hubspot: Any, wire: Any, portal: HubSpotClient) -> None:
        """A burst goes at once up to a good part of the limit; the rest waits its ten seconds, and none is refused."""
        at_once = client_with(hubspot, wire, credentials.HUBSPOT_TOKEN, Governor(LIMITS, clock=Clock(), patience=0.0))
        repeat(at_once, 130)  # without patience, whoever had to wait would be an error
        repeat(portal, 40)

        assert [200] * 170 == [status for _, _, status in hubspot.seen()]

    def test_search_limit_is_waited_for(self, hubspot: Any, portal: HubSpotClient) -> None:
        """Searches beyond four a second wait their turn, and HubSpot never refused one."""
        for _ in range(7):
            portal.search("deals", [], ["dealname"], limit=1)

        assert {status for _, _, status in hubspot.seen()} == {200}

    def test_spent_day_is_parked(self, hubspot: Any, portal: HubSpotClient) -> None:
        """With the day spent HubSpot names no time, and the lane is parked for an hour before it is looked at again."""
        hubspot.control("POST", "settings", {"daily": 1})
        with pytest.raises(RateLimited) as caught:
            repeat(portal, 3)

        assert caught.value.limit == "day"

    def test_calls_are_told_by_template(self, hubspot: Any, portal: HubSpotClient) -> None:
        """Those who count see addresses without ids."""
        mia(portal)

        assert {one.path.endswith("/contacts/{id}") for one in hubspot.calls} == {True}
        assert {one.vendor for one in hubspot.calls} == {"hubspot"}


class TestScopes:
    def test_missing_scope_is_named(self, hubspot: Any, wire: Any) -> None:
        """A token without a scope is told which one would do."""
        made = hubspot.control("POST", "tokens", {"kind": "static", "scopes": ["crm.objects.contacts.read"]})
        token = made.get("token") or made.get("access_token")
        assert token, made

        with pytest.raises(ScopeMissing) as caught:
            client_with(hubspot, wire, token).search("deals", [], ["dealname"])
        assert "crm.objects.deals.read" in caught.value.scopes


def client_with(hubspot: Any, wire: Any, token: str, limits: Governor | None = None) -> HubSpotClient:
    """Make a client with that token, which keeps to these limits."""
    kept = limits or governor(Clock())
    return HubSpotClient(
        Api(
            wire, hubspot.url, HubSpotDialect(), token=lambda refused: token, governor=kept, clock=Clock(), lane="62515"
        )
    )


def repeat(portal: HubSpotClient, times: int) -> None:
    """Make the same call that many times."""
    for _ in range(times):
        portal.account()


def test_moments_are_utc(portal: HubSpotClient) -> None:
    """Moments of records are aware and near now for a new one."""
    before = datetime.now(UTC).replace(microsecond=0)
    made = portal.create("contacts", {"email": "now@example.com"})

    assert made.created_at is not None
    assert before <= made.created_at <= datetime.now(UTC)
