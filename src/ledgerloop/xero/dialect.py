"""Read how Xero words refusals and quotas, and set up the governor that keeps to its limits. Does no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ledgerloop.clock import Clock
from ledgerloop.rate_limiter import Governor, Limit, Reading
from ledgerloop.records import Vendor
from ledgerloop.vendor_errors import Answer, Refusal, figure, retry_after
from ledgerloop.xero.scopes import opening

LIMITS = (
    Limit("minute", 60, 60.0),
    Limit("concurrent", 5, 0.0),
    Limit("appminute", 10_000, 60.0, shared=True),
)
_LEFT = {"minute": "X-MinLimit-Remaining", "day": "X-DayLimit-Remaining", "appminute": "X-AppMinLimit-Remaining"}
_ACCOUNTING = "/api.xro/2.0"
_READ = frozenset(
    f"{_ACCOUNTING}/{name}"
    for name in (
        "Organisation",
        "Organisation/Actions",
        "Accounts",
        "TaxRates",
        "Currencies",
        "Items",
        "BrandingThemes",
        "TrackingCategories",
        "Contacts",
        "Invoices",
        "Invoices/{InvoiceID}/OnlineInvoice",
        "CreditNotes",
        "Prepayments",
        "Overpayments",
        "Payments",
        "Payments/{PaymentID}",
    )
) | {"/connections"}
"""What is read, by GET. All else may write."""
_WITHOUT_RETRY_AFTER = {"concurrent": 1.0, "day": 900.0}


def governor(clock: Clock, daily: int = 1000, reserve: float = 0.2) -> Governor:
    """Keep Xero's four limits; ``daily`` is the Starter figure unless set, until Xero's own figure is known."""
    return Governor(LIMITS, clock=clock, day=daily, reserve=reserve)


class XeroDialect:
    """Read Xero's answers."""

    vendor: Vendor = "xero"
    name = "Xero"

    def reads(self, method: str, path: str) -> bool:
        """Tell whether a call is listed as a read."""
        return method == "GET" and path in _READ

    def scopes(self, method: str, path: str) -> tuple[str, ...]:
        """Return the scopes of which any one opens a call: Xero's refusals do not name them."""
        return opening(method, path)

    def to_grant(self) -> str:
        """Say what a person does to have a scope granted."""
        return "See that the setting `xero.scopes` has one of them, and connect Xero again."

    def codes(self, answer: Answer) -> frozenset[str]:
        """Read out of a refusal what the table of refusals tells apart.

        A 401 with AuthorizationUnsuccessful comes of a scope, as many have seen, with the header or without.
        """
        data = answer.data if isinstance(answer.data, dict) else {}
        detail, status = _first(data, "Detail", "Message", "Title").lower(), answer.status
        challenge = answer.headers.get("WWW-Authenticate", "").lower()
        found = {
            "values": bool(sentences_in(data)),
            "gone": status == 403 and "authenticationunsuccessful" in detail,
            "scope": "scope" in challenge
            or (status == 403 and "scope" in detail)
            or (status == 401 and "authorizationunsuccessful" in detail),
            "page": answer.text.lstrip().startswith("<"),
        }
        return frozenset(code for code, is_so in found.items() if is_so)

    def refusal(self, answer: Answer) -> Refusal:
        """Say what a refusal says: its keys are PascalCase or lower case, its body may be plain text or HTML."""
        data = answer.data if isinstance(answer.data, dict) else {}
        problems = tuple(("", "", sentence) for sentence in sentences_in(data))
        sentence = ". ".join(said.rstrip(".") for _, _, said in problems) or _first(data, "Detail", "Message", "Title")
        return Refusal(
            sentence or _plain(answer),
            problems,
            request_id=_first(data, "Instance") or answer.headers.get("Xero-Correlation-Id", ""),
        )

    def reading(self, answer: Answer, kind: str) -> Reading:
        """Say what the three Remaining headers and, for a 429, X-Rate-Limit-Problem and Retry-After tell."""
        told = {name: figure(answer.headers, header) for name, header in _LEFT.items()}
        left = {name: count for name, count in told.items() if count is not None}
        stated = retry_after(answer.headers)
        if answer.status != 429:
            return Reading(left, wait=stated if answer.status >= 500 else None)
        spent = _limit_named(answer.headers.get("X-Rate-Limit-Problem", ""))
        return Reading(left, {}, spent, _WITHOUT_RETRY_AFTER.get(spent, 10.0) if stated is None else stated)


def sentences_in(data: Mapping[str, Any]) -> list[str]:
    """Collect the sentences of ValidationErrors, of an element itself and of the Elements of a ValidationException."""
    found = list(_messages(data.get("ValidationErrors")))
    elements = data.get("Elements")
    for element in elements if isinstance(elements, list) else ():
        if isinstance(element, dict):
            found.extend(_messages(element.get("ValidationErrors")))
    return list(dict.fromkeys(found))


def _messages(given: Any) -> Iterator[str]:
    for one in given if isinstance(given, list) else ():
        if isinstance(one, dict) and isinstance(one.get("Message"), str):
            yield one["Message"]


def _first(data: Mapping[str, Any], *names: str) -> str:
    spelt = (spelling for name in names for spelling in (name, name.lower()))
    return next((value for name in spelt if isinstance(value := data.get(name), str) and value), "")


def _plain(answer: Answer) -> str:
    text = answer.text.strip()
    return "an answer in HTML or XML" if text.startswith("<") else text[:200]


def _limit_named(said: str) -> str:
    """Compare the beginning without case: ``minute``, ``Minute``, ``daily`` and ``DayLimit`` were all seen."""
    word = said.strip().lower()
    return next((name for start, name in _NAMES.items() if word.startswith(start)), "minute")


_NAMES = {"min": "minute", "day": "day", "dai": "day", "conc": "concurrent", "app": "appminute"}
