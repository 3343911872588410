"""Call HubSpot for one portal: records, searches, batches, associations, properties, pipelines, account.

What may be repeated after a lost answer is said at each call; a create may not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ledgerloop.bisect import bisect
from ledgerloop.concurrency import abreast
from ledgerloop.errors import Conflict, Invalid, Missing, Refused, Transient, UnknownOutcome
from ledgerloop.http import Api
from ledgerloop.hubspot import batches
from ledgerloop.hubspot.dialect import SEARCH
from ledgerloop.hubspot.models import (
    OBJECT_TYPES,
    TYPE_IDS,
    Account,
    Association,
    BatchError,
    BatchResult,
    Change,
    Group,
    New,
    Owner,
    Pipeline,
    Property,
    Record,
    RecordList,
    SearchPage,
    TaxRate,
    To,
    TokenInfo,
)
from ledgerloop.hubspot.paths import DEFAULT_VERSION, TOKEN_INFO, Paths, plural
from ledgerloop.hubspot.reading import (
    after_in,
    associations_from,
    errors_in,
    last_changes_in,
    model_from,
    models_from,
    records_in,
    results_in,
)
from ledgerloop.vendor_errors import Answer

MOST_ROWS = batches.MOST_ROWS
MOST_ASSOCIATIONS = 1000
_EXISTS = ("OBJECT_ALREADY_EXISTS", "CONFLICT")
"""What a row of a batch that exists already may be called: no source tells it of properties."""
MOST_A_SEARCH_PAGE = 200


class HubSpotClient:
    """Speak for one portal. The Api's lane is its id."""

    def __init__(
        self, api: Api, version: str = DEFAULT_VERSION, survivors: dict[tuple[str, str], str] | None = None
    ) -> None:
        """Take the Api, the version whose addresses are used, and which records are known to have been merged away.

        ``survivors`` are by kind and id; what is found out is added. HubSpot cannot undo a merge.
        """
        self._api, self._paths = api, Paths(version)
        self.survivors = {} if survivors is None else survivors

    @property
    def api(self) -> Api:
        """Return the Api that this client calls."""
        return self._api

    @property
    def version(self) -> str:
        """Return the version whose addresses are used."""
        return self._paths.version

    def as_backfill(self) -> HubSpotClient:
        """Return the same client whose calls stand behind live work."""
        return HubSpotClient(self._api.as_backfill(), self.version, self.survivors)

    # --- reading --------------------------------------------------------------------------------------------------

    def read(
        self, kind: str, ids: Sequence[str], properties: Sequence[str], id_property: str | None = None
    ) -> dict[str, Record]:
        """Read records by id, or by a unique property, a hundred a call; what is not there is absent.

        A record that was merged away answers with the survivor, under another id. By email the keys are lower-case,
        and a record is found by its further addresses too.
        """
        wanted = list(dict.fromkeys(one.lower() if id_property == "email" else one for one in ids))
        found: dict[str, Record] = {}
        parts = list(_parts(wanted, MOST_ROWS))
        for answer in abreast(
            self._api.clock, lambda some: self._read_some(kind, some, properties, id_property), parts
        ):
            found |= answer.result()
        return found

    def archived(self, kind: str, ids: Sequence[str], properties: Sequence[str]) -> dict[str, Record]:
        """Read deleted records by id, a hundred a call. HubSpot has them for 90 days, and not what was erased."""
        found: dict[str, Record] = {}
        for some in _parts(list(dict.fromkeys(ids)), MOST_ROWS):
            body = {
                "inputs": [{"id": one} for one in some],
                "properties": list(properties),
                "propertiesWithHistory": [],
            }
            path, params = self._paths.objects(kind, "/batch/read"), {"archived": "true"}
            answer = self._api.call("POST", path, body=body, params=params, repeatable=True)
            found |= {one.id: one for one in records_in(answer)}
        return found

    def last_changes(self, kind: str, ids: Sequence[str], properties: Sequence[str]) -> dict[str, dict[str, Change]]:
        """Read each property's last change, fifty records a call; a property that never changed is absent."""
        found: dict[str, dict[str, Change]] = {}
        for some in _parts(list(dict.fromkeys(ids)), MOST_ROWS // 2):
            body = {
                "inputs": [{"id": one} for one in some],
                "properties": [],
                "propertiesWithHistory": list(properties),
            }
            answer = self._api.call("POST", self._paths.objects(kind, "/batch/read"), body=body, repeatable=True)
            found |= {str(given.get("id", "")): last_changes_in(given) for given in results_in(answer)}
        return found

    def read_one(self, kind: str, id: str, properties: Sequence[str], id_property: str | None = None) -> Record:  # noqa: A002
        """Read one record, consistently even right after a write, unlike search. Raise Missing if it is not there."""
        params = {"properties": ",".join(properties)} if properties else {}
        if id_property:
            params["idProperty"] = id_property
        answer = self._api.call("GET", self._paths.objects(kind, "/{id}"), ids={"id": id}, params=params)
        return model_from(answer.data, Record)

    def search(
        self,
        kind: str,
        filter_groups: Sequence[Mapping[str, Any]],
        properties: Sequence[str],
        sorts: Sequence[Mapping[str, str]] = (),
        limit: int = 100,
        after: str | None = None,
    ) -> SearchPage:
        """Search records. New and changed ones appear only after some moments, so never look here for a duplicate."""
        body = {
            "filterGroups": filter_groups,
            "sorts": sorts,
            "properties": properties,
            "limit": min(limit, MOST_A_SEARCH_PAGE),
            "after": after or "0",
        }
        answer = self._api.call("POST", self._paths.objects(kind, "/search"), body=body, repeatable=True, kind=SEARCH)
        results = records_in(answer)
        return SearchPage(int(answer.data.get("total") or len(results)), results, after_in(answer.data))

    def list_page(self, kind: str, properties: Sequence[str], after: str | None = None) -> SearchPage:
        """List a page of all records of a kind, unlike search without a limit to how many there are and without lag."""
        params = {"limit": str(MOST_ROWS), "properties": ",".join(properties)} | ({"after": after} if after else {})
        answer = self._api.call("GET", self._paths.objects(kind), params=params)
        results = records_in(answer)
        return SearchPage(len(results), results, after_in(answer.data))

    # --- writing --------------------------------------------------------------------------------------------------

    def create(self, kind: str, values: Mapping[str, str], associations: Sequence[To] = ()) -> Record:
        """Create a record. Raise Conflict, with the id where HubSpot tells it, if it exists already."""
        body = {"properties": values, "associations": _ties(kind, associations)}
        answer = self._api.call("POST", self._paths.objects(kind), body=body)
        try:
            return model_from(answer.data, Record)
        except Transient as error:
            raise UnknownOutcome(error.message, answer.status) from None

    def update(self, kind: str, id: str, values: Mapping[str, str]) -> Record:  # noqa: A002
        """Change one record by its id. An empty text clears a value."""
        path = self._paths.objects(kind, "/{id}")
        return model_from(
            self._api.call("PATCH", path, ids={"id": id}, body={"properties": values}, repeatable=True).data, Record
        )

    def create_batch(self, kind: str, inputs: Sequence[New]) -> BatchResult:
        """Create up to 100 records; the results come in any order, so take them by trace."""
        rows = [
            {
                "properties": one.values,
                "associations": _ties(kind, one.associations),
                "objectWriteTraceId": one.trace,
            }
            for one in inputs
        ]
        if len({one.trace for one in inputs}) < len(inputs):
            raise ValueError("every input of a batch needs a trace of its own")
        return batches.write(self._api, self._paths.objects(kind, "/batch/create"), rows, repeatable=False)

    def update_batch(self, kind: str, inputs: Sequence[tuple[str, Mapping[str, str]]]) -> BatchResult:
        """Change up to 100 records by id. The same id twice becomes one row, later values first."""
        merged: dict[str, dict[str, str]] = {}
        for id_, values in inputs:
            merged.setdefault(id_, {}).update(values)
        rows = [{"id": id_, "properties": values, "objectWriteTraceId": id_} for id_, values in merged.items()]
        result = batches.write(self._api, self._paths.objects(kind, "/batch/update"), rows, repeatable=True)
        return result.plus(BatchResult(errors=batches.not_answered(list(merged), result)))

    def upsert_batch(self, kind: str, id_property: str, inputs: Sequence[tuple[str, Mapping[str, str]]]) -> BatchResult:
        """Change or create up to 100 records by a unique property; the trace is its value.

        Some portals refuse this even for contacts: keep the way of reading first, then updating or creating.
        """
        rows = [
            {"id": value, "idProperty": id_property, "properties": values, "objectWriteTraceId": value}
            for value, values in dict(inputs).items()
        ]
        return batches.write(self._api, self._paths.objects(kind, "/batch/upsert"), rows, repeatable=False)

    # --- associations ---------------------------------------------------------------------------------------------

    def associated(self, from_kind: str, to_kind: str, ids: Sequence[str]) -> dict[str, list[Association]]:
        """Read what each record is associated with, a thousand records a call. Every id asked has a list."""
        found: dict[str, list[Association]] = {one: [] for one in ids}
        path = self._paths.associations(from_kind, to_kind, "/batch/read")
        waiting = [{"id": one} for one in found]
        while waiting:
            some, waiting = waiting[:MOST_ASSOCIATIONS], waiting[MOST_ASSOCIATIONS:]
            answer = self._api.call("POST", path, body={"inputs": some}, repeatable=True)
            for given in results_in(answer):
                start = str((given.get("from") or {}).get("id", ""))
                found.setdefault(start, []).extend(associations_from(given.get("to")))
                if after := after_in(given):
                    waiting.append({"id": start, "after": after})
        return found

    def associate(self, from_kind: str, to_kind: str, pairs: Sequence[tuple[str, str]]) -> tuple[BatchError, ...]:
        """Associate pairs of records as HubSpot does by default, and return what did not go through.

        Doing it twice is doing it once.
        """
        path = self._paths.associations(from_kind, to_kind, "/batch/associate/default")
        errors: list[BatchError] = []
        for some in _parts(list(dict.fromkeys(pairs)), MOST_ASSOCIATIONS):
            rows = [{"from": {"id": one}, "to": {"id": other}} for one, other in some]
            answer = self._api.call("POST", path, body={"inputs": rows}, repeatable=True, empty=True)
            errors += errors_in(answer)
        return tuple(errors)

    # --- definitions ----------------------------------------------------------------------------------------------

    def properties(self, kind: str) -> list[Property]:
        """Fetch the properties of a kind."""
        return models_from(self._api.call("GET", self._paths.properties(kind)), Property)

    def groups(self, kind: str) -> list[Group]:
        """Fetch the property groups of a kind."""
        return models_from(self._api.call("GET", self._paths.properties(kind, "/groups")), Group)

    def create_properties(self, kind: str, definitions: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[str]]:
        """Make up to 100 properties; return the names of those made, and HubSpot's sentences about those refused.

        One that exists already is neither: compare type and uniqueness. May be repeated so.
        """
        path = self._paths.properties(kind, "/batch/create")

        def send(some: Sequence[Mapping[str, Any]]) -> Answer:
            return self._api.call("POST", path, body={"inputs": some}, repeatable=True)

        made: list[str] = []
        refused: list[str] = []
        for _, answer in bisect(send, definitions, (Invalid, Conflict)):
            if isinstance(answer, Refused):
                refused += () if isinstance(answer, Conflict) else answer.sentences
            else:
                made += [one.name for one in models_from(answer, Property)]
                refused += [one.message for one in errors_in(answer) if one.category not in _EXISTS]
        return made, refused

    def create_group(self, kind: str, name: str, label: str) -> Group:
        """Make a property group. Conflict means that it exists."""
        body = {"name": name, "label": label}
        return model_from(
            self._api.call("POST", self._paths.properties(kind, "/groups"), body=body, repeatable=True).data, Group
        )

    def pipelines(self, kind: str = "deals") -> list[Pipeline]:
        """Fetch the pipelines with their stages."""
        return models_from(self._api.call("GET", self._paths.pipelines(kind)), Pipeline)

    # --- lists ----------------------------------------------------------------------------------------------------

    def list_named(self, kind: str, name: str) -> RecordList:
        """Fetch a list by its name, which is unique in the account. Raise Missing if there is none."""
        path, ids = self._paths.lists("/object-type-id/{type}/name/{name}"), {"type": OBJECT_TYPES[kind], "name": name}
        answer = self._api.call("GET", path, ids=ids, params={"includeFilters": "true"})
        return model_from((answer.data or {}).get("list"), RecordList)

    def create_list(self, kind: str, name: str, branch: Mapping[str, Any]) -> RecordList:
        """Make a list that fills itself. Not repeated by itself: the second would be refused for its name."""
        body = {"name": name, "objectTypeId": OBJECT_TYPES[kind], "processingType": "DYNAMIC", "filterBranch": branch}
        return model_from((self._api.call("POST", self._paths.lists(), body=body).data or {}).get("list"), RecordList)

    def set_list_filter(self, list_id: str, branch: Mapping[str, Any]) -> None:
        """Replace the filter of a list."""
        path, body = self._paths.lists("/{listId}/update-list-filters"), {"filterBranch": branch}
        self._api.call("PUT", path, ids={"listId": list_id}, body=body, repeatable=True)

    # --- account --------------------------------------------------------------------------------------------------

    def account(self) -> Account:
        """Fetch the portal's id, currency, time zone and the host of its pages."""
        return model_from(self._api.call("GET", self._paths.account()).data, Account)

    def token_info(self) -> TokenInfo:
        """Fetch whose the token is and which scopes it has."""
        body = {"tokenKey": self._api.token("")}
        return model_from(self._api.call("POST", TOKEN_INFO, body=body, repeatable=True).data, TokenInfo)

    def owners(self) -> list[Owner]:
        """Fetch all owners."""
        owners: list[Owner] = []
        params = {"limit": "100"}
        while True:
            answer = self._api.call("GET", self._paths.owners(), params=params)
            owners += models_from(answer, Owner)
            if not (after := after_in(answer.data)):
                return owners
            params["after"] = after

    def tax_rates(self) -> list[TaxRate]:
        """Fetch all tax rates, those that are no longer active too: older line items have them."""
        rates: list[TaxRate] = []
        params = {"limit": "100"}
        while True:
            answer = self._api.call("GET", self._paths.tax_rates(), params=params)
            rates += models_from(answer, TaxRate)
            if not (after := after_in(answer.data)):
                return rates
            params["after"] = after

    # --- how ------------------------------------------------------------------------------------------------------

    def _read_some(
        self, kind: str, ids: Sequence[str], properties: Sequence[str], id_property: str | None
    ) -> dict[str, Record]:
        extra = {"email": ["email", "hs_additional_emails"]}.get(
            id_property or "", [id_property] if id_property else []
        )
        survivor_of = {} if id_property else {one: self._survivor(kind, one) for one in ids}
        asked = list(dict.fromkeys(survivor_of.get(one, one) for one in ids))
        body: dict[str, Any] = {
            "inputs": [{"id": one} for one in asked],
            "properties": list(dict.fromkeys([*properties, *extra])),
            "propertiesWithHistory": [],
        }
        if id_property:
            body["idProperty"] = id_property
        answer = self._api.call("POST", self._paths.objects(kind, "/batch/read"), body=body, repeatable=True)
        found: dict[str, Record] = {}
        for record in records_in(answer):
            found.update((key, record) for key in _keys(record, id_property) if key in asked)
        if id_property:
            return found
        missing = {name for error in errors_in(answer) for name in error.ids}
        for merged in (one for one in asked if one not in found and one not in missing):
            # Neither found nor missing: merged into another record, which a read of its own tells.
            with contextlib.suppress(Missing):
                found[merged] = record = self.read_one(kind, merged, properties)
                if record.id != merged:
                    self.survivors[kind, merged] = record.id
        return {one: found[at] for one, at in survivor_of.items() if at in found}

    def _survivor(self, kind: str, id: str) -> str:  # noqa: A002
        """Return the record into which one was merged, as far as we know; itself where it was not."""
        while to := self.survivors.get((kind, id)):
            id = to  # noqa: A001
        return id


def _keys(record: Record, id_property: str | None) -> Iterator[str]:
    """Yield the keys by which a record may have been asked for."""
    if not id_property:
        yield record.id
        return
    value = record.properties.get(id_property) or ""
    if id_property != "email":
        yield value
        yield value.strip().lower()  # HubSpot takes unique values for the same whatever their case
        return
    yield value.lower()
    yield from (one.strip().lower() for one in (record.properties.get("hs_additional_emails") or "").split(";"))


def _ties(kind: str, associations: Sequence[To]) -> list[dict[str, Any]]:
    return [
        {
            "to": {"id": one.id},
            "types": [
                {
                    "associationCategory": "HUBSPOT_DEFINED",
                    "associationTypeId": one.type_id or TYPE_IDS[plural(kind), plural(one.kind)],
                }
            ],
        }
        for one in associations
    ]


def _parts(whole: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (whole[start : start + size] for start in range(0, len(whole), size))
