"""The types of settings that need more than a shape: each refuses a wrong value by saying what to write instead."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from ledgerloop.rules.invoice_markers import MARKER, marker_in, marker_of
from ledgerloop.rules.properties import mistaken
from ledgerloop.rules.templates import fields_in, filled
from ledgerloop.secrets.references import LOGIN_CURE, REMOTE, parse, store_of
from ledgerloop.xero.scopes import TO_READ_BOOKS, reads_books


class Section(BaseModel):
    """Refuse unknown keys and later changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


SCOPES: dict[str, tuple[str, ...]] = {
    "granular": (
        "openid",
        "profile",
        "email",
        "offline_access",
        "accounting.contacts",
        "accounting.invoices",
        "accounting.payments.read",
        "accounting.settings.read",
    ),
    "legacy": (
        "accounting.contacts",
        "accounting.contacts.read",
        "accounting.transactions",
        "accounting.transactions.read",
        "accounting.reports.read",
        "accounting.settings.read",
        "offline_access",
    ),
}
"""The two profiles of Xero scopes: for apps made since 2 March 2026, and for older ones until September 2027.

The usual list for older apps lacks `accounting.settings.read`, without which Xero refuses to say anything of the
organisation, its accounts and its tax rates, so that nothing could be connected.
See https://developer.xero.com/documentation/guides/oauth2/scopes.
"""

OF_PERSONS = frozenset({"openid", "profile", "email", "offline_access"})
"""What a custom connection is refused for: nobody signs in there, and its tokens are made anew instead of renewed."""


def _cure(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("cure", sentence)


def _secret_reference(value: str) -> str:
    """Refuse a secret that stands in the settings itself, without repeating it."""
    try:
        parse(value)
    except ValueError as error:
        raise _cure(str(error)) from None
    return value


def _login_reference(value: str) -> str:
    """Refuse what would need itself to be read."""
    _secret_reference(value)
    if parse(value).kind in REMOTE:
        raise _cure(LOGIN_CURE)
    return value


def _store(value: str) -> str:
    try:
        store_of(value)
    except ValueError as error:
        raise _cure(str(error)) from None
    return value


def _database(value: str) -> str:
    if not value.startswith(("sqlite:///", "postgresql://", "postgresql+psycopg://")):
        raise _cure('write "sqlite:///ledgerloop.sqlite3" or "postgresql+psycopg://USER@HOST/NAME".')
    return value


def _status_code(value: int) -> int:
    if value != 200 and not 400 <= value <= 599:
        raise _cure("write 200, or a status code of an error, from 400 to 599.")
    return value


def _http_address(value: str) -> str:
    if value and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
        raise _cure('write an address, such as "https://ledgerloop.example.com".')
    return value.rstrip("/")


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for one in value:
        try:
            ipaddress.ip_network(one)
        except ValueError:
            raise _cure(f'"{one}" is no address and no network; write such as ["10.0.0.5", "172.16.0.0/12"].') from None
    return value


def _scopes(value: str) -> str:
    if value not in SCOPES and "offline_access" not in value.split():
        raise _cure(
            '`offline_access` is missing, and without it Xero halts after 30 minutes; write "granular", "legacy", or a'
            " list of scopes, separated by spaces, that contains it."
        )
    if value not in SCOPES and not reads_books(value.split()):
        raise _cure(
            f"`{TO_READ_BOOKS[0]}` is missing, and without it Xero tells nothing of an organisation, so none can be"
            ' connected; write "granular", "legacy", or a list of scopes, separated by spaces, that contains it.'
        )
    return value


def _property_names(value: dict[str, str]) -> dict[str, str]:
    for ours, theirs in value.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", theirs):
            raise _cure(f'HubSpot has no property name like "{theirs}"; write {ours} = "lower_case_with_underscores".')
    if problem := mistaken(value):
        raise _cure(problem)
    return value


def _template(value: str) -> str:
    """Refuse what looks like a field and is none, which would otherwise stand on the invoice."""
    if re.search(r"[{}]", re.sub(r"\{[a-z][a-z0-9_]*\}", "", value)):
        raise _cure("write fields as {marker}, {deal} or {a_deal_property}, in small letters, and no other braces.")
    return value


def _reference(value: str) -> str:
    """Refuse a reference by which an invoice could not be found again: a second one would be made."""
    if "{marker}" not in value:
        raise _cure('{marker} is missing, by which the invoice is found again; write "{marker} {dealname}" or alike.')
    words = value.split()
    if "{marker}" not in words or any("{marker}" in word and word != "{marker}" for word in words):
        raise _cure('{marker} must stand alone, with a space on either side; write "{marker} {dealname}" or alike.')
    if MARKER in value:
        raise _cure(f'"{MARKER}" would look like a deal\'s mark; leave it out: {{marker}} writes it.')
    own, digits = "1", dict.fromkeys(fields_in(value), "2")
    if marker_in(filled(value, own, digits)) != marker_of(own):  # whatever else is in it
        raise _cure('the invoice could not be found again by this; write "{marker} {dealname}" or alike.')
    return value


def _number(value: str) -> str:
    if value and "{" not in value:
        raise _cure('every invoice would have the same number; write one that differs, such as "HS{deal}".')
    return value


def _property_name(value: str) -> str:
    if value and not re.fullmatch(r"[a-z][a-z0-9_]*", value):
        raise _cure(f'HubSpot has no property name like "{value}"; write "lower_case_with_underscores".')
    return value


def _tracking(value: dict[str, str]) -> dict[str, str]:
    if len(value) > 2:
        raise _cure('Xero keeps two tracking categories on a line; write at most two, such as { Region = "North" }.')
    return value


def _tax_types(value: dict[str, str]) -> dict[str, str]:
    for rate, tax_type in value.items():
        if not rate.strip() or not re.fullmatch(r"[A-Z0-9_]+", tax_type):
            raise _cure('write a tax rate and the TaxType that Xero has for it, such as "12.5" = "OUTPUT".')
    return value


SecretReference = Annotated[str, AfterValidator(_secret_reference)]
LoginReference = Annotated[str, AfterValidator(_login_reference)]
SecretStore = Annotated[str, AfterValidator(_store)]
StatusCode = Annotated[int, AfterValidator(_status_code)]
Address = Annotated[str, AfterValidator(_http_address)]
DatabaseAddress = Annotated[str, AfterValidator(_database)]
Networks = Annotated[tuple[str, ...], AfterValidator(_networks)]
Scopes = Annotated[str, AfterValidator(_scopes)]
PropertyNames = Annotated[dict[str, str], AfterValidator(_property_names)]
PropertyName = Annotated[str, AfterValidator(_property_name)]
Reference = Annotated[str, AfterValidator(_template), AfterValidator(_reference)]
InvoiceNumber = Annotated[str, AfterValidator(_template), AfterValidator(_number)]
Tracking = Annotated[dict[str, str], AfterValidator(_tracking)]
TaxTypes = Annotated[dict[str, str], AfterValidator(_tax_types)]
