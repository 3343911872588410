"""Hold what a handler of the Accounting API needs to know about one call."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ledgerloop_sandbox.xero.errors import bad_request
from ledgerloop_sandbox.xero.organisation import Happening, Organisation
from ledgerloop_sandbox.xero.wire import loads
from ledgerloop_sandbox.xero.xml_bodies import from_xml


@dataclass(slots=True)
class ApiCall:
    """Be one call to the Accounting API that has passed the gate."""

    method: str
    path: str
    ids: tuple[str, ...]
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    organisation: Organisation
    now: datetime
    client_id: str
    options: dict[str, Any]
    happened: list[Happening] = field(default_factory=list)

    @property
    def unitdp(self) -> int:
        """Return how many decimals unit amounts have in this call."""
        return 4 if self.query.get("unitdp") == "4" else 2

    def flag(self, name: str, default: bool = False) -> bool:
        """Read a boolean query parameter."""
        return self.query.get(name, str(default)).lower() == "true"

    def listed(self, name: str) -> list[str] | None:
        """Read a comma list; nothing when it was not sent."""
        text = self.query.get(name)
        return None if not text else [part.strip() for part in text.split(",") if part.strip()]

    def data(self) -> Any:
        """Read the body, which is JSON or XML."""
        xml = self.body.lstrip()[:1] == b"<"
        try:
            return from_xml(self.body) if xml else loads(self.body)
        except ValueError:
            said = "Invalid XML data" if xml else "Invalid Json data"
            raise bad_request("PostDataInvalidException", said, 14) from None

    def elements(self, key: str) -> list[Any]:
        """Read the elements of a write: an array under the plural key, a bare array, or one element."""
        given = self.data()
        if isinstance(given, dict) and key in given:
            given = given[key]
        elements = given if isinstance(given, list) else [given]
        if not elements or not all(isinstance(element, dict) for element in elements):
            raise bad_request("PostDataInvalidException", f"No {key} were found in the request body", 17)
        return elements
