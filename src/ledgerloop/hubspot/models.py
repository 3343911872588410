"""What HubSpot answers and what it is sent, in HubSpot's own words. Does no I/O.

Ids are text, whatever HubSpot writes; property values are text or None. Unknown keys are ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

WON = Decimal(1)

TYPE_IDS: Mapping[tuple[str, str], int] = {
    ("deals", "contacts"): 3,
    ("deals", "companies"): 341,
    ("deals", "line_items"): 19,
    ("contacts", "deals"): 4,
    ("contacts", "companies"): 279,
    ("companies", "contacts"): 280,
    ("companies", "deals"): 342,
    ("line_items", "deals"): 20,
    ("notes", "contacts"): 202,
    ("notes", "companies"): 190,
    ("notes", "deals"): 214,
}
"""The unlabelled association types that HubSpot defines."""
PRIMARY_COMPANY: Mapping[str, int] = {"deals": 5, "contacts": 1}
"""The association type that marks a company as the primary one of a deal or contact."""
BILLING_CONTACT = 931
"""The association type from a contact to the company whose billing contact it is."""

OBJECT_TYPES: Mapping[str, str] = {"contacts": "0-1", "companies": "0-2", "deals": "0-3"}
"""The ids by which lists name a kind of record."""


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _value(value: object) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def _properties(given: object) -> object:
    return {name: _value(value) for name, value in given.items()} if isinstance(given, Mapping) else {}


def moment_from(value: object) -> datetime | None:
    """Read a moment in any of HubSpot's forms; None where it is none."""
    try:
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _decimal(value: object) -> Decimal | None:
    try:
        return None if value in (None, "") else Decimal(str(value))
    except InvalidOperation:
        return None


def _list(value: object) -> object:
    return [] if value is None else value


Text = Annotated[str, BeforeValidator(_text)]
Moment = Annotated[datetime | None, BeforeValidator(moment_from)]
Flag = Annotated[bool, BeforeValidator(lambda value: str(value).lower() == "true")]
Texts = Annotated[list[Text], BeforeValidator(_list)]


class Model(BaseModel):
    """Be read from HubSpot's JSON and never changed."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )


class Record(Model):
    """Hold a contact, company, deal, line item or note. The id may be another than the one asked for: see merges."""

    id: Text
    properties: Annotated[dict[str, str | None], BeforeValidator(_properties)] = Field(default_factory=dict)
    created_at: Moment = None
    updated_at: Moment = None
    archived: Flag = False
    object_write_trace_id: Text = ""
    new: Flag = False
    """Whether an upsert made it."""


@dataclass(frozen=True, slots=True)
class BatchError:
    """Hold why one or some rows of a batch did not go through."""

    message: str
    category: str
    codes: tuple[str, ...] = ()
    problems: tuple[tuple[str, str, str], ...] = ()
    """As in errors.Invalid: field, code, HubSpot's sentence."""
    ids: tuple[str, ...] = ()
    trace_ids: tuple[str, ...] = ()
    existing_id: str = ""


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Hold what went through and what did not."""

    results: tuple[Record, ...] = ()
    errors: tuple[BatchError, ...] = ()

    def by_trace(self) -> dict[str, Record]:
        """Return the records by the trace that their input carried."""
        return {one.object_write_trace_id: one for one in self.results if one.object_write_trace_id}

    def plus(self, other: BatchResult) -> BatchResult:
        """Return both results as one."""
        return BatchResult(self.results + other.results, self.errors + other.errors)


@dataclass(frozen=True, slots=True)
class To:
    """Name a record that a new one is to be associated with, and how; without a type id as HubSpot does by default."""

    kind: str
    id: str
    type_id: int | None = None


@dataclass(frozen=True, slots=True)
class New:
    """Hold a record to be made. ``trace`` tells its result from the others; unique in the batch."""

    trace: str
    values: Mapping[str, str]
    associations: tuple[To, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Hold one page of a search or of a listing. ``after`` asks for the next; None on the last."""

    total: int
    results: tuple[Record, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """Hold a change of a property: when it was made, and the value since; empty where it was cleared."""

    at: datetime
    value: str


@dataclass(frozen=True, slots=True)
class Association:
    """Hold what a record is associated with, and how."""

    to_id: str
    type_ids: tuple[int, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def primary_company(self) -> bool:
        """Tell whether this is the primary company of a deal or contact."""
        return any(type_id in self.type_ids for type_id in PRIMARY_COMPANY.values())

    @property
    def billing_contact(self) -> bool:
        """Tell whether this is a company whose billing contact the record is."""
        return BILLING_CONTACT in self.type_ids


class Option(Model):
    """Hold one value of an enumeration."""

    label: Text = ""
    value: Text = ""
    hidden: Flag = False


class Property(Model):
    """Hold the definition of a property."""

    name: Text
    label: Text = ""
    type: Text = ""
    field_type: Text = ""
    group_name: Text = ""
    has_unique_value: Flag = False
    calculated: Flag = False
    archived: Flag = False
    hubspot_defined: Flag = False
    options: Annotated[list[Option], BeforeValidator(_list)] = []


class Group(Model):
    """Hold a group of properties."""

    name: Text
    label: Text = ""
    archived: Flag = False


class RecordList(Model):
    """Hold a list of records."""

    list_id: Text
    name: Text = ""
    processing_type: Text = ""
    filter_branch: dict[str, Any] | None = None


class Stage(Model):
    """Hold a stage of a pipeline. Its label lies and its id may be a number: the probability decides."""

    id: Text
    label: Text = ""
    metadata: Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})] = Field(default_factory=dict)
    archived: Flag = False

    @property
    def probability(self) -> Decimal | None:
        """Return the probability, which HubSpot writes as text."""
        return _decimal(self.metadata.get("probability"))

    @property
    def won(self) -> bool:
        """Tell whether a deal in this stage is won: probability 1.0."""
        return self.probability == WON


class Pipeline(Model):
    """Hold a pipeline with its stages."""

    id: Text
    label: Text = ""
    archived: Flag = False
    stages: Annotated[list[Stage], BeforeValidator(_list)] = []


class Account(Model):
    """Hold what HubSpot says of the account."""

    portal_id: Text
    time_zone: Text = ""
    ui_domain: Text = "app.hubspot.com"
    company_currency: Text = ""


class TaxRate(Model):
    """Hold a tax rate of the account; line items name it by its id."""

    id: Text
    label: Text = ""
    percentage_rate: Annotated[Decimal, BeforeValidator(lambda value: Decimal(str(value or 0)))] = Decimal(0)
    active: Flag = False


class TokenInfo(Model):
    """Hold what HubSpot says of the token: whose it is and what it may do."""

    user_id: Text = ""
    hub_id: Text = ""
    app_id: Text = ""
    scopes: Texts = []


class Owner(Model):
    """Hold a person or queue that records can belong to."""

    id: Text
    email: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    type: Text = ""
    archived: Flag = False
