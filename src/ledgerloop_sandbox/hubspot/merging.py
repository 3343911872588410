"""Merge two records into one, and delete a record for good."""

from __future__ import annotations

from ledgerloop_sandbox.hubspot import calculated
from ledgerloop_sandbox.hubspot.changes import Change
from ledgerloop_sandbox.hubspot.kinds import COMPANY, CONTACT
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.records import Record
from ledgerloop_sandbox.hubspot.refusals import refuse
from ledgerloop_sandbox.hubspot.tokens import Actor

MOST_IDENTITIES = 250


def merge(portal: Portal, primary: Record, other: Record, by: Actor) -> Record:
    """Let the primary take over values, addresses and associations; both ids find the survivor."""
    shelf, now = portal.shelves[primary.kind], portal.now()
    addresses = _addresses(primary) + _addresses(other)
    if len(addresses) > MOST_IDENTITIES:
        raise refuse(414, None, f"Cannot have more than {MOST_IDENTITIES} identities on a profile")
    lag = portal.settings.search_lag_update
    if lag > 0:
        shelf.lag(primary, portal.clock.seconds() + lag)
    for name, index in shelf.unique.items():
        for value in [value for value, id_ in index.items() if id_ == other.id] if name == "email" else []:
            index[value] = primary.id
        value = other.properties.get(name, "")
        if value and not primary.properties.get(name):
            index[value.lower()] = primary.id
        elif value and name != "email":
            index.pop(value.lower(), None)
    moved = {name: value for name, value in other.properties.items() if name not in primary.properties}
    if primary.kind is CONTACT and len(addresses) > 1:
        moved["hs_additional_emails"] = ";".join(addresses[1:])
    if primary.kind is COMPANY and len(domains := _domains(primary, other)) > 1:
        moved["hs_additional_domains"] = ";".join(domains[1:])
    merged_ids = [id_ for id_ in (primary.properties.get("hs_merged_object_ids", ""), other.id) if id_]
    moved["hs_merged_object_ids"] = ";".join(merged_ids)
    primary.put(moved, now, by)
    primary.updated = now
    for end, types in portal.edges.all_of((other.kind, other.id)):
        portal.edges.remove((other.kind, other.id), end)
        if not portal.edges.between((primary.kind, primary.id), end):
            portal.edges.add((primary.kind, primary.id), end, types)
    del shelf.live[other.id]
    shelf.merged[other.id] = primary.id
    survivor = _renumbered(portal, primary) if portal.settings.merge_creates else primary
    calculated.refresh(portal, survivor)
    more = {
        "primaryObjectId": int(primary.id) if survivor is primary else int(_former(portal, survivor)),
        "mergedObjectIds": [int(other.id)],
        "newObjectId": int(survivor.id),
        "numberOfPropertiesMoved": len(moved),
    }
    portal.tell(Change("merge", survivor.kind, survivor.id, now, by, more))
    return survivor


def forget(portal: Portal, record: Record, by: Actor) -> None:
    """Delete a record for good, and tell of it."""
    shelf = portal.shelves[record.kind]
    portal.erased |= {address.strip().lower() for address in _addresses(record)}
    if record.archived is None:
        shelf.archive(record, portal.now())
    record.properties, record.history = {}, None
    if portal.settings.erased == "gone":
        shelf.forget(record.id)
    for end, _ in portal.edges.all_of((record.kind, record.id)):
        portal.edges.remove((record.kind, record.id), end)
    portal.tell(Change("privacyDeletion", record.kind, record.id, portal.now(), by))


def _addresses(record: Record) -> list[str]:
    values = [record.properties.get("email", ""), *record.properties.get("hs_additional_emails", "").split(";")]
    return [value for value in values if value]


def _domains(primary: Record, other: Record) -> list[str]:
    """Return the domains of two companies, each once; the one that the survivor will call its own stands first."""
    own = [one.properties.get("domain", "") for one in (primary, other)]
    more = [one.properties.get("hs_additional_domains", "").split(";") for one in (primary, other)]
    values = [own[0] or own[1], *more[0], own[1], *more[1]]
    return list(dict.fromkeys(value for value in values if value))


def _renumbered(portal: Portal, record: Record) -> Record:
    shelf, old = portal.shelves[record.kind], record.id
    del shelf.live[old]
    new = Record(
        portal.new_id(),
        record.kind,
        record.properties,
        record.created,
        record.updated,
        record.by,
        history=record.history,
    )
    for index in shelf.unique.values():
        for value in [value for value, id_ in index.items() if id_ == old]:
            index[value] = new.id
    shelf.add(new)
    shelf.merged[old] = new.id
    for end, types in portal.edges.all_of((record.kind, old)):
        portal.edges.remove((record.kind, old), end)
        portal.edges.add((record.kind, new.id), end, types)
    return new


def _former(portal: Portal, survivor: Record) -> str:
    return next(old for old, new in portal.shelves[survivor.kind].merged.items() if new == survivor.id)
