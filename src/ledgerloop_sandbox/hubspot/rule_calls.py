"""Answer calls for the validation rules of properties: read and set; a person also takes one away."""

from __future__ import annotations

from ledgerloop_sandbox.hubspot.definitions import Definition
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.refusals import invalid, not_found, object_in
from ledgerloop_sandbox.hubspot.rules import Rule, problem_of
from ledgerloop_sandbox.hubspot.wire import Reply, Request


def list_(portal: Portal, request: Request, type_: str) -> Reply:
    """List the properties of an object type that have rules, each with its rules."""
    kind = portal.kind(type_)
    ruled = {name: rules for name, rules in portal.rules[kind].items() if rules}
    results = [
        {"propertyName": name, "propertyValidationRules": [rule.as_json() for rule in rules.values()]}
        for name, rules in ruled.items()
    ]
    return Reply(200, {"results": results})


def of_property(portal: Portal, request: Request, type_: str, name: str) -> Reply:
    """List the rules of one property."""
    definition = _property(portal, type_, name)
    rules = portal.rules[portal.kind(type_)].get(definition.name, {})
    return Reply(200, {"results": [rule.as_json() for rule in rules.values()]})


def read(portal: Portal, request: Request, type_: str, name: str, rule_type: str) -> Reply:
    """Read one rule."""
    rule = portal.rules[portal.kind(type_)].get(name, {}).get(rule_type)
    if rule is None:
        raise not_found()
    return Reply(200, rule.as_json())


def put(portal: Portal, request: Request, type_: str, name: str, rule_type: str) -> Reply:
    """Set one rule: 204; one of the same type is replaced, others stay."""
    definition, body = _property(portal, type_, name), object_in(request.body)
    arguments = body.get("ruleArguments")
    if not isinstance(arguments, list):
        raise invalid("ruleArguments must be a list.")
    rule = Rule(rule_type, tuple(map(str, arguments)), bool(body.get("shouldApplyNormalization", False)))
    if problem := problem_of(rule, definition.type):
        raise invalid(problem)
    portal.rules[portal.kind(type_)].setdefault(name, {})[rule_type] = rule
    return Reply(204)


def remove(portal: Portal, request: Request, type_: str, name: str, rule_type: str) -> Reply:
    """Take one rule away; HubSpot has this in its UI only, so only a person may."""
    rules = portal.rules[portal.kind(type_)].get(name, {})
    if request.actor.scopes is not None or rule_type not in rules:
        raise not_found()
    del rules[rule_type]
    return Reply(204)


def _property(portal: Portal, type_: str, name: str) -> Definition:
    definition = portal.definition(portal.kind(type_), name)
    if definition is None:
        raise not_found()
    return definition
