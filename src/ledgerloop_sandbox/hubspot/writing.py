"""Create, change, archive, restore and merge one record by HubSpot's rules. Plans first, then commits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ledgerloop_sandbox.hubspot import calculated, requirements
from ledgerloop_sandbox.hubspot.builtin import STAGES_OF_LIFE
from ledgerloop_sandbox.hubspot.changes import Change
from ledgerloop_sandbox.hubspot.edges import TYPES, Key
from ledgerloop_sandbox.hubspot.joining import join, refuse_second_parent, types_from
from ledgerloop_sandbox.hubspot.kinds import COMPANY, CONTACT, LINE_ITEM, PRODUCT, Kind
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.records import Properties, Record
from ledgerloop_sandbox.hubspot.refusals import Failure, already_exists, bad_values, duplicate_ids, invalid
from ledgerloop_sandbox.hubspot.tokens import Actor
from ledgerloop_sandbox.hubspot.values import BadValue, failure_of, kept, normalised
from ledgerloop_sandbox.hubspot.wire import Json

IN_BATCH = "in this batch"
Taken = set[tuple[str, str]]
"""Unique values that earlier inputs of the same batch will hold."""


@dataclass(slots=True)
class Draft:
    """A write that has passed every rule and is not yet done."""

    values: Properties
    warnings: list[Json] = field(default_factory=list)
    joins: list[tuple[Key, list[int]]] = field(default_factory=list)


def properties_in(body: Any) -> dict[str, Any]:
    """Return the properties of a body."""
    given = body.get("properties") if isinstance(body, dict) else None
    if not isinstance(given, dict):
        raise invalid("Invalid input JSON: properties must be an object.")
    return given


def plan_create(portal: Portal, kind: Kind, body: Any, *, strict: bool, taken: Taken | None = None) -> Draft:
    """Check a new record: values, required properties, uniqueness and associations."""
    given = properties_in(body)
    if kind is LINE_ITEM and given.get("hs_product_id"):
        given = _from_product(portal, str(given["hs_product_id"])) | given
    draft = _checked(portal, kind, given, None, strict=strict, taken=taken)
    draft.joins = _joins(portal, kind, body.get("associations"))
    requirements.for_create(portal, kind, draft.values, [key for key, _ in draft.joins], strict=strict)
    return draft


def commit_create(portal: Portal, kind: Kind, draft: Draft, by: Actor) -> Record:
    """Make the record, tell of it, and associate it."""
    now = portal.now()
    values = {name: value for name, value in draft.values.items() if value}
    record = Record(portal.new_id(), kind, values, now, now, by)
    shelf = portal.shelves[kind]
    shelf.add(record)
    _claim(portal, record, {}, values)
    lag = portal.settings.search_lag_create
    if lag > 0:
        shelf.lag(record, portal.clock.seconds() + lag, new=True)
    told = dict(values)
    calculated.refresh(portal, record)
    portal.tell(Change("creation", kind, record.id, now, by, {"changeFlag": "NEW"}))
    _tell_properties(portal, record, told, now, by)
    for end, types in draft.joins:
        join(portal, (kind, record.id), end, types, by)
    if kind is CONTACT and portal.settings.automatic_company:
        _company_from_domain(portal, record, by)
    return record


def plan_update(portal: Portal, record: Record, given: dict[str, Any], *, strict: bool, taken: Taken) -> Draft:
    """Check new values for a record."""
    if not given:
        raise invalid("No properties found to update, please provide at least one.")
    draft = _checked(portal, record.kind, given, record, strict=strict, taken=taken)
    requirements.for_update(portal, record, draft.values, strict=strict)
    return draft


def commit_update(portal: Portal, record: Record, draft: Draft, by: Actor) -> None:
    """Store the values; the modified date moves, and what really changed is told."""
    now = portal.now()
    lag = portal.settings.search_lag_update
    if lag > 0:
        portal.shelves[record.kind].lag(record, portal.clock.seconds() + lag)
    before = {name: record.properties.get(name, "") for name in draft.values}
    changed = record.put(draft.values, now, by)
    record.updated = max(now, record.updated)
    _claim(portal, record, before, changed)
    calculated.refresh(portal, record)
    _tell_properties(portal, record, changed, now, by)


def archive(portal: Portal, record: Record, by: Actor) -> None:
    """Archive a record; search and lists no longer show it."""
    now = portal.now()
    portal.shelves[record.kind].archive(record, now)
    record.updated = now
    portal.tell(Change("deletion", record.kind, record.id, now, by))


def restore(portal: Portal, record: Record, by: Actor) -> None:
    """Bring an archived record back, as a person can in the UI."""
    portal.shelves[record.kind].restore(record)
    record.updated = portal.now()
    portal.tell(Change("restore", record.kind, record.id, record.updated, by))


def _checked(
    portal: Portal, kind: Kind, given: dict[str, Any], record: Record | None, *, strict: bool, taken: Taken | None
) -> Draft:
    draft, failures, existing = Draft({}), [], None
    for name, raw in given.items():
        definition = portal.definition(kind, name)
        if definition is None:
            failures.append(Failure(name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
            continue
        try:
            value = kept(definition, raw, strict=strict)
        except BadValue as error:
            failures.append(failure_of(definition, raw, error))
            continue
        value, broken = _ruled(portal, kind, name, value)
        if broken:
            failures += broken
            continue
        if name == "lifecyclestage" and record is not None and _backward(record, value):
            continue
        if definition.unique and value:
            holder = _holder(portal, kind, name, value, record, taken)
            if holder == IN_BATCH:
                raise duplicate_ids([value])
            if holder is not None and name == "email":
                existing = holder
            elif holder is not None:
                text = f"{value} is already the {name} of another object ({holder})"
                failures.append(Failure(name, "CONFLICTING_UNIQUE_VALUE", text, value))
        if name == "email" and portal.settings.erased_blocked and value in portal.erased:
            failures.append(
                Failure(name, "BLOCKED_EMAIL", f"{value} was deleted for privacy and cannot be used.", value)
            )
        draft.values[name] = value
        if strict and normalised(definition, raw, value):
            draft.warnings.append(_warning(name, raw, value))
    if kind is CONTACT and record is not None and draft.values.get("email"):
        _swap_emails(portal, record, draft.values)
    failures += requirements.pipeline_failures(portal, kind, draft.values, record)
    failures += requirements.term_failures(kind, draft.values, record)
    if failures:
        raise bad_values(failures, portal.portal_id, portal.settings.language)
    if existing is not None:
        raise already_exists(existing)
    if taken is not None:
        taken |= {(name, value.lower()) for name, value in draft.values.items() if name in portal.shelves[kind].unique}
    return draft


def _holder(
    portal: Portal, kind: Kind, name: str, value: str, record: Record | None, taken: Taken | None
) -> str | None:
    found = portal.shelves[kind].find_by(name, value)
    if found is not None and found is not record:
        return found.id
    return IN_BATCH if taken and (name, value.lower()) in taken and found is None else None


def _backward(record: Record, value: str) -> bool:
    # The lifecycle stage moves forward only; going back needs clearing it first. HubSpot leaves it, without an error.
    before = record.properties.get("lifecyclestage", "")
    if not value or before not in STAGES_OF_LIFE or value not in STAGES_OF_LIFE:
        return False
    return STAGES_OF_LIFE.index(value) < STAGES_OF_LIFE.index(before)


def _ruled(portal: Portal, kind: Kind, name: str, value: str) -> tuple[str, list[Failure]]:
    """Return the value as the property's validation rules leave it, and which of them it breaks."""
    rules = portal.rules[kind].get(name, {}).values() if value else ()
    for rule in rules:
        value = rule.tidied(value)
    text = "{name} does not meet the validation rule {rule}"
    return value, [
        Failure(name, "FAILED_VALIDATION_RULE", text.format(name=name, rule=rule.type), value)
        for rule in rules
        if not rule.allows(value)
    ]


def _swap_emails(portal: Portal, contact: Record, values: Properties) -> None:
    # An additional address that becomes the email changes places with the one before.
    old, new = contact.properties.get("email", ""), values["email"]
    more = [one.strip() for one in contact.properties.get("hs_additional_emails", "").split(";") if one.strip()]
    swapped = new in (one.lower() for one in more)
    if "hs_additional_emails" in values or old == new or not (swapped or portal.settings.old_email_kept):
        return
    kept = [one for one in more if one.lower() != new]
    values["hs_additional_emails"] = ";".join([*kept, old] if old else kept)


def _warning(name: str, raw: Any, value: str) -> Json:
    return {
        "category": "PROPERTY_VALUE_NORMALIZED",
        "message": f"The value of {name} was normalized.",
        "context": {"rawValue": [str(raw)], "normalizedValue": [value], "propertyName": [name]},
    }


def _joins(portal: Portal, kind: Kind, given: Any) -> list[tuple[Key, list[int]]]:
    joins: list[tuple[Key, list[int]]] = []
    for one in given or []:
        types = types_from(kind, None, one.get("types"))
        end = TYPES[types[0]].end
        id_ = str((one.get("to") or {}).get("id", ""))
        record = portal.shelves[end].find(id_)
        if record is None:
            raise invalid(f"One or more associations are not valid: {end.singular} {id_} does not exist.")
        refuse_second_parent(portal, (kind, ""), (end, record.id))
        joins.append(((end, record.id), types))
    return joins


def _claim(portal: Portal, record: Record, before: Properties, after: Properties) -> None:
    shelf = portal.shelves[record.kind]
    for name, value in after.items():
        if name in shelf.unique:
            shelf.claim(record, name, value, before.get(name, ""))
        elif name == "hs_additional_emails":
            for address in before.get(name, "").split(";"):
                shelf.claim(record, "email", "", address)
            for address in (*value.split(";"), record.properties.get("email", "")):
                shelf.claim(record, "email", address.strip())


def _tell_properties(portal: Portal, record: Record, changed: Properties, now: int, by: Actor) -> None:
    for name, value in changed.items():
        more = {"propertyName": name, "propertyValue": value}
        portal.tell(Change("propertyChange", record.kind, record.id, now, by, more))


def _from_product(portal: Portal, id_: str) -> dict[str, Any]:
    product = portal.shelves[PRODUCT].find(id_)
    if product is None:
        raise invalid(f"Product {id_} does not exist.")
    copied = ("name", "description", "price", "hs_sku", "recurringbillingfrequency", "hs_recurring_billing_period")
    return {name: product.properties[name] for name in copied if name in product.properties}


def _company_from_domain(portal: Portal, contact: Record, by: Actor) -> None:
    domain = contact.properties.get("email", "").rpartition("@")[2]
    if not domain:
        return
    companies = portal.shelves[COMPANY].live.values()
    company = next((one for one in companies if one.properties.get("domain") == domain), None)
    if company is None:
        named = {} if portal.settings.automatic_company_name == "empty" else {"name": domain}
        company = commit_create(portal, COMPANY, Draft({"domain": domain} | named), by)
    join(portal, (CONTACT, contact.id), (COMPANY, company.id), [279], by)
