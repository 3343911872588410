"""Which handler answers which path, in which versions, and which scopes the call needs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ledgerloop_sandbox.hubspot import (
    account_calls,
    association_calls,
    batch_calls,
    billing_calls,
    list_calls,
    oauth_calls,
    object_calls,
    pipeline_calls,
    rule_calls,
    schema_calls,
    searching,
)
from ledgerloop_sandbox.hubspot.edges import TYPES
from ledgerloop_sandbox.hubspot.portal import Portal
from ledgerloop_sandbox.hubspot.wire import Reply, Request

Handler = Callable[..., Reply]
Scopes = tuple[str, ...]
Need = Callable[[Portal, Request, tuple[str, ...]], list[Scopes]]
"""Names sets of scopes; of each set any one is needed."""

DATED = frozenset({"2026-03", "2026-09"})
V3 = DATED | {"v3"}
V4 = DATED | {"v4"}
_VERSION = re.compile(r"v\d|\d{4}-\d{2}(-beta)?")
# Where the version stands: by family, for dated paths; older paths have it right behind the first word.
_BEHIND_FAMILY = frozenset({"crm", "settings"})


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint. In the pattern `*` stands for an argument of the handler."""

    method: str
    pattern: tuple[str, ...]
    handler: Handler
    need: Need | None
    versions: frozenset[str] = V3
    family: str = "other"
    open: bool = False
    """Needs no token."""


def split(path: str) -> tuple[str, tuple[str, ...]]:
    """Take the version out of a path: `/crm/v3/owners/` and `/crm/owners/2026-09` are the same to what follows."""
    parts = [part for part in path.split("/") if part]
    place = 2 if len(parts) > 2 and parts[0] in _BEHIND_FAMILY and not re.fullmatch(r"v\d", parts[1]) else 1
    if len(parts) > place and _VERSION.fullmatch(parts[place]):
        dated = parts[place].startswith("20")
        if dated is (place == 2) or parts[0] not in _BEHIND_FAMILY:
            return parts[place], (*parts[:place], *parts[place + 1 :])
    return "", tuple(parts)


def route_for(method: str, version: str, parts: tuple[str, ...]) -> tuple[Route, tuple[str, ...]] | None:
    """Find the endpoint of a call, with its arguments."""
    for route in _BY_SHAPE.get((method, len(parts)), ()):
        if version in route.versions and all(
            want in ("*", part) for want, part in zip(route.pattern, parts, strict=True)
        ):
            return route, tuple(part for want, part in zip(route.pattern, parts, strict=True) if want == "*")
    return None


def _read(portal: Portal, request: Request, arguments: tuple[str, ...]) -> list[Scopes]:
    ends = [portal.kind(name).read for name in request.many("associations")]
    return [portal.kind(arguments[0]).read, *ends]


def _write(portal: Portal, request: Request, arguments: tuple[str, ...]) -> list[Scopes]:
    return [portal.kind(arguments[0]).write]


def _create(portal: Portal, request: Request, arguments: tuple[str, ...]) -> list[Scopes]:
    body = request.body if isinstance(request.body, dict) else {}
    rows = [body, *(body.get("inputs") or [])]
    numbers = {
        type_.get("associationTypeId")
        for row in rows
        if isinstance(row, dict)
        for one in row.get("associations") or []
        for type_ in one.get("types") or []
    }
    ends = [TYPES[number].end.write for number in numbers if number in TYPES]
    return [portal.kind(arguments[0]).write, *ends]


def _schema_read(portal: Portal, request: Request, arguments: tuple[str, ...]) -> list[Scopes]:
    kind = portal.kind(arguments[0])
    return [(*(scope.replace(".write", ".read") for scope in kind.schema), *kind.read, *kind.write)]


def _schema_write(portal: Portal, request: Request, arguments: tuple[str, ...]) -> list[Scopes]:
    return [portal.kind(arguments[0]).schema]


def _ends(portal: Portal, arguments: tuple[str, ...], *, write: bool) -> list[Scopes]:
    names = (arguments[0], arguments[2]) if len(arguments) > 2 else arguments
    return [portal.kind(name).write if write else portal.kind(name).read for name in names]


def _read_ends(portal: Portal, request: Request, arguments: tuple[str, ...]) -> list[Scopes]:
    return _ends(portal, arguments, write=False)


def _write_ends(portal: Portal, request: Request, arguments: tuple[str, ...]) -> list[Scopes]:
    return _ends(portal, arguments, write=True)


def _any_object(portal: Portal, request: Request, arguments: tuple[str, ...]) -> list[Scopes]:
    return [tuple(scope for kind in portal.shelves for scope in (*kind.read, *kind.write))]


def _scope(*scopes: str) -> Need:
    return lambda portal, request, arguments: [scopes]


_LISTS_READ, _LISTS_WRITE = _scope("crm.lists.read"), _scope("crm.lists.write")


def _route(
    method: str,
    path: str,
    handler: Handler,
    need: Need | None,
    versions: frozenset[str] = V3,
    family: str = "other",
    *,
    open_: bool = False,
) -> Route:
    pattern = tuple(part for part in path.split("/") if part)
    return Route(method, pattern, handler, need, versions, family, open_)


_OBJECTS = "crm/objects/*"
_ONE_EDGE = "crm/objects/*/*/associations"
_EDGES = "crm/associations/*/*"
_PROPERTIES = "crm/properties/*"
_RULES = "crm/property-validations/*"
_PIPELINES = "crm/pipelines/*"
_LISTS = "crm/lists"
_OAUTH = frozenset({"v1", "v3"}) | DATED

ROUTES: tuple[Route, ...] = (
    _route("POST", f"{_OBJECTS}/search", searching.search, _read, family="search"),
    _route("POST", f"{_OBJECTS}/batch/create", batch_calls.create, _create),
    _route("POST", f"{_OBJECTS}/batch/read", batch_calls.read, _read),
    _route("POST", f"{_OBJECTS}/batch/update", batch_calls.update, _write),
    _route("POST", f"{_OBJECTS}/batch/upsert", batch_calls.upsert, _write),
    _route("POST", f"{_OBJECTS}/batch/archive", batch_calls.remove, _write),
    _route("POST", f"{_OBJECTS}/merge", object_calls.merge, _write),
    _route("POST", f"{_OBJECTS}/gdpr-delete", object_calls.forget, _write),
    _route("GET", _OBJECTS, object_calls.list_, _read),
    _route("POST", _OBJECTS, object_calls.create, _create),
    _route("GET", f"{_OBJECTS}/*", object_calls.read, _read),
    _route("PATCH", f"{_OBJECTS}/*", object_calls.update, _write),
    _route("DELETE", f"{_OBJECTS}/*", object_calls.remove, _write),
    _route("POST", f"{_OBJECTS}/*/restore", object_calls.bring_back, _write),
    _route("PUT", f"{_ONE_EDGE}/default/*/*", association_calls.put_default, _write_ends, V4, "associations"),
    _route("PUT", f"{_ONE_EDGE}/*/*", association_calls.put, _write_ends, V4, "associations"),
    _route("DELETE", f"{_ONE_EDGE}/*/*", association_calls.remove, _write_ends, V4, "associations"),
    _route(
        "GET",
        f"{_ONE_EDGE}/*",
        association_calls.of_record,
        _read_ends,
        frozenset({"v3", "v4", "2026-03"}),
        "associations",
    ),
    _route("GET", f"{_EDGES}/labels", association_calls.labels, _read_ends, V4, "associations"),
    _route("POST", f"{_EDGES}/batch/read", association_calls.batch_read, _read_ends, V4, "associations"),
    _route("POST", f"{_EDGES}/batch/create", association_calls.batch_create, _write_ends, V4, "associations"),
    _route(
        "POST",
        f"{_EDGES}/batch/associate/default",
        association_calls.batch_default,
        _write_ends,
        V4,
        "associations",
    ),
    _route("POST", f"{_EDGES}/batch/archive", association_calls.batch_archive, _write_ends, V4, "associations"),
    _route(
        "POST",
        f"{_EDGES}/batch/labels/archive",
        association_calls.batch_labels_archive,
        _write_ends,
        V4,
        "associations",
    ),
    _route("GET", _PROPERTIES, schema_calls.list_, _schema_read),
    _route("POST", _PROPERTIES, schema_calls.create, _schema_write),
    _route("GET", f"{_PROPERTIES}/groups", schema_calls.list_groups, _schema_read),
    _route("POST", f"{_PROPERTIES}/groups", schema_calls.create_group, _schema_write),
    _route("GET", f"{_PROPERTIES}/groups/*", schema_calls.read_group, _schema_read),
    _route("PATCH", f"{_PROPERTIES}/groups/*", schema_calls.update_group, _schema_write),
    _route("DELETE", f"{_PROPERTIES}/groups/*", schema_calls.remove_group, _schema_write),
    _route("POST", f"{_PROPERTIES}/batch/create", schema_calls.batch_create, _schema_write),
    _route("POST", f"{_PROPERTIES}/batch/read", schema_calls.batch_read, _schema_read),
    _route("POST", f"{_PROPERTIES}/batch/archive", schema_calls.batch_archive, _schema_write),
    _route("GET", f"{_PROPERTIES}/*", schema_calls.read, _schema_read),
    _route("PATCH", f"{_PROPERTIES}/*", schema_calls.update, _schema_write),
    _route("DELETE", f"{_PROPERTIES}/*", schema_calls.remove, _schema_write),
    _route("GET", _RULES, rule_calls.list_, _schema_read),
    _route("GET", f"{_RULES}/*", rule_calls.of_property, _schema_read),
    _route("GET", f"{_RULES}/*/rule-type/*", rule_calls.read, _schema_read),
    _route("PUT", f"{_RULES}/*/rule-type/*", rule_calls.put, _schema_write),
    _route("DELETE", f"{_RULES}/*/rule-type/*", rule_calls.remove, _schema_write),
    _route("GET", _PIPELINES, pipeline_calls.list_, _any_object),
    _route("POST", _PIPELINES, pipeline_calls.create, _schema_write),
    _route("GET", f"{_PIPELINES}/*", pipeline_calls.read, _any_object),
    _route("PATCH", f"{_PIPELINES}/*", pipeline_calls.update, _schema_write),
    _route("DELETE", f"{_PIPELINES}/*", pipeline_calls.remove, _schema_write),
    _route("GET", f"{_PIPELINES}/*/stages", pipeline_calls.list_stages, _any_object),
    _route("POST", f"{_PIPELINES}/*/stages", pipeline_calls.create_stage, _schema_write),
    _route("GET", f"{_PIPELINES}/*/stages/*", pipeline_calls.read_stage, _any_object),
    _route("PATCH", f"{_PIPELINES}/*/stages/*", pipeline_calls.update_stage, _schema_write),
    _route("DELETE", f"{_PIPELINES}/*/stages/*", pipeline_calls.remove_stage, _schema_write),
    _route("GET", "crm/owners", account_calls.owners, _scope("crm.objects.owners.read")),
    _route("GET", "crm/owners/*", account_calls.owner, _scope("crm.objects.owners.read")),
    _route("POST", _LISTS, list_calls.create, _LISTS_WRITE),
    _route("GET", _LISTS, list_calls.read_many, _LISTS_READ),
    _route("POST", f"{_LISTS}/search", list_calls.search, _LISTS_READ),
    _route("GET", f"{_LISTS}/object-type-id/*/name/*", list_calls.read_by_name, _LISTS_READ),
    _route("GET", f"{_LISTS}/*", list_calls.read, _LISTS_READ),
    _route("DELETE", f"{_LISTS}/*", list_calls.remove, _LISTS_WRITE),
    _route("PUT", f"{_LISTS}/*/update-list-filters", list_calls.update_filters, _LISTS_WRITE),
    _route("PUT", f"{_LISTS}/*/update-list-name", list_calls.rename, _LISTS_WRITE),
    _route("GET", f"{_LISTS}/*/memberships", list_calls.members, _LISTS_READ),
    _route("PUT", f"{_LISTS}/*/memberships/add", list_calls.add_members, _LISTS_WRITE),
    _route("PUT", f"{_LISTS}/*/memberships/remove", list_calls.remove_members, _LISTS_WRITE),
    *(
        _route(
            "POST",
            f"payments-subscriptions/subscriptions/crm/*/{verb}",
            handler,
            _scope("crm.objects.subscriptions.write"),
            frozenset({"v1", "2026-09-beta"}),
        )
        for verb, handler in (
            ("pause", billing_calls.pause),
            ("unpause", billing_calls.unpause),
            ("cancel", billing_calls.cancel),
        )
    ),
    _route("GET", "account-info/details", account_calls.details, _scope("oauth")),
    _route("GET", "account-info/api-usage/daily/private-apps", account_calls.usage, _scope("oauth")),
    _route("GET", "tax-rates/tax-rates", account_calls.tax_rates, _scope("tax_rates.read"), DATED | {"v1"}),
    _route("GET", "tax-rates/tax-rates/*", account_calls.tax_rate, _scope("tax_rates.read"), DATED | {"v1"}),
    _route("GET", "settings/currencies/company-currency", account_calls.company_currency, _scope("oauth")),
    _route("GET", "settings/currencies/exchange-rates/current", account_calls.exchange_rates, _scope("oauth")),
    _route("GET", "settings/currencies/exchange-rates", account_calls.exchange_rates, _scope("oauth")),
    _route(
        "POST",
        "oauth/private-apps/get/access-token-info",
        account_calls.token_info,
        None,
        frozenset({"v2"}),
        open_=True,
    ),
    _route("GET", "oauth/authorize", oauth_calls.authorize, None, frozenset({""}), open_=True),
    _route("POST", "oauth/authorize", oauth_calls.authorize, None, frozenset({""}), open_=True),
    _route("POST", "oauth/token", oauth_calls.token, None, _OAUTH, open_=True),
    _route("POST", "oauth/token/introspect", oauth_calls.introspect, None, _OAUTH, open_=True),
    _route("POST", "oauth/token/revoke", oauth_calls.revoke, None, _OAUTH, open_=True),
)

_BY_SHAPE: dict[tuple[str, int], list[Route]] = {}
for _one in ROUTES:
    _BY_SHAPE.setdefault((_one.method, len(_one.pattern)), []).append(_one)
