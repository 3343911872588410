"""Check requests and answers against Xero's official OpenAPI file: requests strictly, answers leniently.

Answers are checked leniently because real ones carry keys that no schema names.
The file itself is invalid in places (23 boolean defaults are texts), so the document's own validation is off.
"""

from pathlib import Path
from typing import Any

import httpx2
import yaml
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.testing import MockResponse
from openapi_core.validation.response.exceptions import InvalidData
from werkzeug.datastructures import Headers, ImmutableMultiDict

SPECS = Path(__file__).parents[1] / "specs" / "xero"
BASE = "/api.xro/2.0"


class Loader(yaml.CSafeLoader):
    """Keep 2019-03-11T00:00:00 the text that it is on the wire."""


Loader.yaml_implicit_resolvers = {
    first: [rule for rule in rules if rule[0] != "tag:yaml.org,2002:timestamp"]
    for first, rules in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


class _Request:
    """Be a request as openapi-core wants to see it."""

    def __init__(self, request: httpx2.Request) -> None:
        url = request.url
        self.host_url = f"{url.scheme}://{url.host}:{url.port}"
        self.path = url.path
        self.method = request.method.lower()
        self.body = request.content or None
        self.content_type = request.headers.get("content-type", "application/json")
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(list(url.params.multi_items())),
            header=Headers(list(request.headers.items())),
        )


class Contract:
    """Hold the file twice: as it is for answers, and closed against unknown keys for requests."""

    def __init__(self, url: str) -> None:
        self._answers = OpenAPI.from_dict(_accounting(url), config=Config(spec_validator_cls=None))
        closed = _accounting(url)
        _forbid_unknown(closed["components"])
        self._requests = OpenAPI.from_dict(closed, config=Config(spec_validator_cls=None))
        self._query = {
            path: {parameter["name"] for parameter in _parameters(closed, operations)}
            for path, operations in closed["paths"].items()
        }

    def check_answer(self, answer: httpx2.Response) -> None:
        """Raise unless the answer fits its operation."""
        shown = MockResponse(answer.content, answer.status_code, dict(answer.headers), "application/json")
        try:
            self._answers.validate_response(_Request(answer.request), shown)  # type: ignore[arg-type]
        except InvalidData as error:
            wrong = getattr(error.__cause__, "schema_errors", error)
            raise AssertionError(f"{answer.request.method} {answer.request.url.path}: {wrong}") from None

    def check_request(self, request: httpx2.Request) -> None:
        """Raise unless the request fits its operation, with no unknown key in its body and no unknown parameter."""
        self._requests.validate_request(_Request(request))  # type: ignore[arg-type]
        known = set().union(*(names for path, names in self._query.items() if _matches(path, request.url.path)))
        unknown = set(request.url.params) - known
        assert not unknown, f"unknown query parameters {unknown}"


def _accounting(url: str) -> dict[str, Any]:
    with (SPECS / "xero_accounting.yaml").open(encoding="utf-8") as file:
        spec: dict[str, Any] = yaml.load(file, Loader)
    spec["servers"] = [{"url": f"{url}{BASE}"}]
    for operations in spec["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                operation.pop("security", None)  # its scopes are the old ones
    # The service documents a value without a zone, which is no date-time.
    spec["components"]["parameters"]["ifModifiedSince"]["schema"].pop("format", None)
    # Its own examples have texts here.
    for name in ("TotalAmount", "IsReconciled"):
        spec["components"]["schemas"]["BatchPayment"]["properties"][name].pop("type")
    return spec


def _forbid_unknown(node: Any) -> None:
    if isinstance(node, dict):
        if node.get("type") == "object" and "properties" in node:
            node.setdefault("additionalProperties", False)
        node = node.values()
    if not isinstance(node, str) and hasattr(node, "__iter__"):
        for child in node:
            _forbid_unknown(child)


def _parameters(spec: dict[str, Any], operations: dict[str, Any]) -> Any:
    for operation in operations.values():
        for parameter in operation.get("parameters", ()) if isinstance(operation, dict) else ():
            if "$ref" in parameter:
                parameter = spec["components"]["parameters"][parameter["$ref"].rpartition("/")[2]]
            if parameter["in"] == "query":
                yield parameter


def _matches(template: str, path: str) -> bool:
    wanted, given = template.strip("/").split("/"), path.removeprefix(BASE).strip("/").split("/")
    return len(wanted) == len(given) and all(w.startswith("{") or w == g for w, g in zip(wanted, given, strict=True))
