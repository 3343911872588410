"""What a record must have: required properties, stages that fit their pipeline, invoice rules, admin rules."""

from __future__ import annotations

from typing import Any

from ledgerloop_sandbox.hubspot.billing import contradicts, term_of
from ledgerloop_sandbox.hubspot.edges import Key
from ledgerloop_sandbox.hubspot.kinds import COMPANY, CONTACT, DEAL, INVOICE, LINE_ITEM, PAYMENT, SUBSCRIPTION, Kind
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.records import Properties, Record
from ledgerloop_sandbox.hubspot.refusals import Failure, Refusal, invalid

_ONE_OF: dict[Kind, tuple[str, ...]] = {CONTACT: ("email", "firstname", "lastname"), COMPANY: ("name", "domain")}


def for_create(portal: Portal, kind: Kind, values: Properties, joined: list[Key], *, strict: bool) -> None:
    """Require what HubSpot and, from 2026-09 on, the account's admins require of a new record."""
    if kind is PAYMENT:
        raise invalid("Payments cannot be recorded through this API without a payment processor.")
    if kind is SUBSCRIPTION and not portal.settings.takes_payments:
        raise invalid("Subscriptions need an account that is set up to collect payments.")
    one_of = _ONE_OF.get(kind)
    if one_of and not any(values.get(name) for name in one_of):
        raise _missing(kind, list(one_of))
    missing = [name for name in kind.required if not values.get(name)]
    if kind is DEAL and len(portal.pipelines[DEAL]) > 1 and not values.get("pipeline"):
        missing.append("pipeline")
    if missing:
        raise _missing(kind, missing)
    if kind is DEAL and not values.get("pipeline"):
        values["pipeline"] = next(iter(portal.pipelines[DEAL]))
    if kind is INVOICE:
        values.setdefault("hs_invoice_status", "draft")
        _open_invoice(values, joined)
    if kind is SUBSCRIPTION:
        values.setdefault("hs_invoice_creation", "off")
        _billable(values, joined)
    if strict:
        _admin_rules(portal, kind, values, values, creating=True)


def for_update(portal: Portal, record: Record, values: Properties, *, strict: bool) -> None:
    """Require what a changed record must still have."""
    after = record.properties | values
    if record.kind is INVOICE and values.get("hs_invoice_status"):
        _open_invoice(after, [key for key, _ in portal.edges.all_of((INVOICE, record.id))])
    if record.kind is SUBSCRIPTION:
        _billable(values, [key for key, _ in portal.edges.all_of((SUBSCRIPTION, record.id))])
    if strict:
        _admin_rules(portal, record.kind, values, after, creating=False)


def for_removal(record: Record) -> None:
    """Refuse to archive a subscription that bills and has not ended."""
    values = record.properties
    ended = values.get("hs_status") in ("canceled", "expired")
    if record.kind is SUBSCRIPTION and values.get("hs_invoice_creation") == "on" and not ended:
        raise invalid("A billable subscription can be deleted once it is canceled or expired.")


def pipeline_failures(portal: Portal, kind: Kind, values: Properties, record: Record | None) -> list[Failure]:
    """Check that a deal's pipeline exists and that its stage belongs to that pipeline."""
    if kind is not DEAL or not {"pipeline", "dealstage"} & values.keys():
        return []
    known = portal.pipelines[DEAL]
    before = record.properties if record is not None else {}
    pipeline_id = values.get("pipeline") or before.get("pipeline", "")
    if pipeline_id and pipeline_id not in known:
        return [_no_option("pipeline", pipeline_id, list(known))]
    stage = values.get("dealstage") or before.get("dealstage", "")
    pipelines = [known[pipeline_id]] if pipeline_id else list(known.values())
    stages = [id_ for pipeline in pipelines for id_ in pipeline.stages]
    return [_no_option("dealstage", stage, stages)] if stage and stage not in stages else []


def term_failures(kind: Kind, values: Properties, record: Record | None) -> list[Failure]:
    """Check that a line's term has the form of its billing cycle."""
    name = "hs_recurring_billing_period"
    if kind is not LINE_ITEM or not {name, "recurringbillingfrequency"} & values.keys():
        return []
    after = (record.properties if record is not None else {}) | values
    term = term_of(after.get(name, ""))
    if term is None or not contradicts(after.get("recurringbillingfrequency", ""), term):
        return []
    text = f"The term {after[name]} does not fit the billing frequency {after['recurringbillingfrequency']}."
    return [Failure(name, "BILLING_PERIOD_TO_FREQUENCY_FORM_MISMATCH", text, after[name])]


def _no_option(name: str, value: str, allowed: list[str]) -> Failure:
    text = f"{value} was not one of the allowed options: [{', '.join(allowed)}]"
    return Failure(name, "INVALID_OPTION", text, value)


def _missing(kind: Kind, names: list[str]) -> Refusal:
    message = f"Error creating {kind.singular.upper()}. Some required properties were not set."
    return invalid(message, context={"properties": names})


def _open_invoice(values: Properties, joined: list[Key]) -> None:
    if values.get("hs_invoice_status") == "paid":
        raise invalid("An invoice is paid by payments; the status cannot be set by hand.")
    if values.get("hs_invoice_status") != "open":
        return
    kinds = [kind for kind, _ in joined]
    if kinds.count(CONTACT) != 1 or LINE_ITEM not in kinds:
        raise invalid("An open invoice needs 1 contact and at least 1 line item.")


def _billable(values: Properties, joined: list[Key]) -> None:
    if values.get("hs_invoice_creation") == "on" and LINE_ITEM not in [kind for kind, _ in joined]:
        raise invalid("A billable subscription needs at least 1 line item.")


def _admin_rules(portal: Portal, kind: Kind, written: Properties, after: Properties, *, creating: bool) -> None:
    conditional: list[str] = []
    plain: list[str] = []
    for rule in portal.settings.required_rules:
        if portal.kind(str(rule["objectType"])) is not kind or after.get(str(rule["property"])):
            continue
        when: dict[str, Any] = rule.get("when") or {}
        if not when and creating:
            plain.append(str(rule["property"]))
        elif when and all(after.get(k) == v for k, v in when.items()) and (creating or when.keys() & written.keys()):
            conditional.append(str(rule["property"]))
    errors = [
        {
            "message": f"The property {name} is required.",
            "code": code,
            "context": {"propertyName": [name]},
        }
        for names, code in (
            (plain, "MISSING_REQUIRED_PROPERTY"),
            (conditional, "MISSING_CONDITIONAL_REQUIRED_PROPERTY"),
        )
        for name in names
    ]
    if errors:
        raise invalid("Some required properties are missing.", errors=errors)
