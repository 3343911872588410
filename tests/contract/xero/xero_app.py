"""Be an app that talks to the sandbox's Xero half over HTTP, as any client would."""

import base64
import hashlib
from typing import Any

import httpx2
from xero_contract import Contract

from ledgerloop_sandbox import credentials
from ledgerloop_sandbox.server import Sandbox

REDIRECT = "http://127.0.0.1:8080/connect/xero/callback"
SCOPES = (
    "openid profile email offline_access accounting.contacts accounting.invoices accounting.payments "
    "accounting.banktransactions accounting.settings.read"
)
CLIENT = (credentials.XERO_CLIENT_ID, credentials.XERO_CLIENT_SECRET)
API = "/api.xro/2.0"


class App:
    """Hold a connection to the sandbox; every answer of the Accounting API is checked against Xero's own file."""

    def __init__(self, sandbox: Sandbox, contract: Contract | None = None) -> None:
        self.sandbox, self.contract = sandbox, contract
        self.clock = sandbox.clock
        self.http = httpx2.Client(base_url=sandbox.xero_url, trust_env=False, timeout=60, verify=False)
        self.tokens: dict[str, Any] = {}
        self.tenants: list[str] = []
        self.tenant = ""

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    # Identity

    def authorize(self, **changes: Any) -> httpx2.Response:
        """Ask for consent; a change of None leaves a parameter out."""
        query = {
            "response_type": "code",
            "client_id": credentials.XERO_CLIENT_ID,
            "redirect_uri": REDIRECT,
            "scope": SCOPES,
            "state": "a-state",
            "sandbox_consent": "all",
            **changes,
        }
        return self.http.get(
            "/identity/connect/authorize", params={name: value for name, value in query.items() if value is not None}
        )

    def code(self, **changes: Any) -> str:
        """Return the code of a consent."""
        location = self.authorize(**changes).headers["location"]
        return httpx2.URL(location).params["code"]

    def exchange(self, code: str, auth: Any = CLIENT, **more: str) -> httpx2.Response:
        """Exchange a code for tokens."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, **more}
        return self.http.post("/connect/token", data=form, auth=auth)

    def refresh(self, token: str, auth: Any = CLIENT) -> httpx2.Response:
        """Refresh with a refresh token."""
        return self.http.post("/connect/token", data={"grant_type": "refresh_token", "refresh_token": token}, auth=auth)

    def connect(self, scopes: str = SCOPES, consent: str = "all") -> "App":
        """Connect, and choose the first organisation."""
        answer = self.exchange(self.code(scope=scopes, sandbox_consent=consent))
        assert answer.status_code == 200, answer.text
        self.tokens = answer.json()
        self.tenants = [one["tenantId"] for one in self.connections().json()]
        self.tenant = self.tenants[0]
        return self

    def connections(self, path: str = "/connections", **query: str) -> httpx2.Response:
        """List the connections."""
        return self.http.get(path, params=query, headers=self._bearer())

    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}

    # Accounting

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Any = None,
        headers: dict[str, str] | None = None,
        tenant: str | None = None,
    ) -> httpx2.Response:
        """Call the Accounting API, and check the answer."""
        sent = {
            "Accept": "application/json",
            "xero-tenant-id": tenant or self.tenant,
            **self._bearer(),
            **(headers or {}),
        }
        answer = self.http.request(method, f"{API}/{path}", params=params, json=body, headers=sent)
        kind = answer.headers.get("content-type", "")
        described = answer.status_code == 200 or (answer.status_code == 400 and method != "GET")
        described &= not (method == "GET" and path.endswith("/Allocations"))  # documented, not in the file
        if self.contract is not None and described and kind.startswith("application/json"):
            self.contract.check_answer(answer)
        return answer

    def get(self, path: str, headers: dict[str, str] | None = None, **params: Any) -> httpx2.Response:
        """GET a path."""
        return self.call("GET", path, params=params, headers=headers)

    def put(self, path: str, body: Any, headers: dict[str, str] | None = None, **params: Any) -> httpx2.Response:
        """PUT a body."""
        return self.call("PUT", path, body, params=params, headers=headers)

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None, **params: Any) -> httpx2.Response:
        """POST a body."""
        return self.call("POST", path, body, params=params, headers=headers)

    def one(self, path: str, **params: Any) -> dict[str, Any]:
        """Return the first element of a single fetch."""
        return first(self.get(path, **params))

    # Making records

    def contact(self, name: str = "Miro Fencing", **more: Any) -> dict[str, Any]:
        """Create a contact."""
        return first(self.put("Contacts", {"Contacts": [{"Name": name, **more}]}))

    def invoice(self, contact: dict[str, Any], status: str = "AUTHORISED", **more: Any) -> dict[str, Any]:
        """Create an invoice of 115.00."""
        answer = self.put("Invoices", {"Invoices": [sale(contact, status, **more)]})
        return first(answer)

    def pay(self, invoice: dict[str, Any], amount: Any) -> dict[str, Any]:
        """Pay an invoice."""
        return first(self.put("Payments", {"Payments": [payment(invoice, amount)]}))

    # Steering

    def steer(self, path: str, body: Any = None, method: str = "POST") -> dict[str, Any]:
        """Use the control API."""
        answer = self.http.request(method, f"/_sandbox/{path}", json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def fault(self, kind: str, **more: Any) -> None:
        """Arm a fault for the next call, unless told otherwise."""
        self.steer("faults", {"kind": kind, "times": 1, **more})

    def mend(self) -> None:
        """Take all faults away."""
        self.steer("faults", method="DELETE")


def first(answer: httpx2.Response) -> dict[str, Any]:
    """Return the first element of an answer."""
    assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
    return next(value[0] for value in answer.json().values() if isinstance(value, list))


def messages(answer: httpx2.Response) -> list[str]:
    """Return the validation messages of a 400."""
    assert answer.status_code == 400, f"{answer.status_code} {answer.text}"
    body = answer.json()
    return [one["Message"] for element in body["Elements"] for one in element["ValidationErrors"]]


def sale(contact: dict[str, Any], status: str = "AUTHORISED", **more: Any) -> dict[str, Any]:
    """Return the body of a sales invoice of 115.00."""
    return {
        "Type": "ACCREC",
        "Contact": {"ContactID": contact["ContactID"]},
        "Status": status,
        "DueDate": "2030-12-22",
        "LineItems": [line()],
        **more,
    }


def line(**more: Any) -> dict[str, Any]:
    """Return a line of 100.00."""
    return {"Description": "Work", "Quantity": 1, "UnitAmount": 100, "AccountCode": "200", "TaxType": "OUTPUT2", **more}


def payment(invoice: dict[str, Any], amount: Any) -> dict[str, Any]:
    """Return the body of a payment."""
    return {"Invoice": {"InvoiceID": invoice["InvoiceID"]}, "Account": {"Code": "090"}, "Amount": amount}


def pkce() -> tuple[str, str]:
    """Return a verifier and its S256 challenge."""
    verifier = "v" * 64
    digest = hashlib.sha256(verifier.encode()).digest()
    return verifier, base64.urlsafe_b64encode(digest).decode().rstrip("=")
