"""The settings of routes: in which organisation a won deal is invoiced, and how its invoice is made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from ledgerloop.rules import routing
from ledgerloop.settings.types import InvoiceNumber, PropertyName, Reference, Section, TaxTypes, Tracking


class Route(Section):
    """How a won deal becomes an invoice. With [[routes]] below, this is what each of them leaves out."""

    organisation: str = Field(
        default="",
        description="The Xero organisation's id or name. May be empty while only one is connected, and where one was"
        " chosen in the console or with `ledgerloop connect choose`.",
    )
    status: Literal["DRAFT", "SUBMITTED", "AUTHORISED"] = Field(
        default="DRAFT", description="The status of a new invoice."
    )
    approval: bool = Field(
        default=False,
        description="Whether a person must approve each invoice, in the console or with `ledgerloop approve`, before it"
        " is made as AUTHORISED.",
    )
    account_code: str = Field(default="200", min_length=1, description="The code of the sales account for each line.")
    account_property: PropertyName = Field(
        default="",
        description="A property of line items, copied from their products, that chooses the account. Where it is empty"
        " the account_code counts.",
    )
    accounts: dict[str, str] = Field(
        default={},
        description="Account codes by the values of that property. A value that is not named here must be a code"
        " itself.",
    )
    tax_type: str = Field(
        default="",
        description="Xero's TaxType for lines without a tax rate in HubSpot. Empty leaves it to the account's default.",
    )
    tax: TaxTypes = Field(default={}, description="TaxTypes by tax rate for this route, above those under [tax].")
    line_amount_types: Literal["Exclusive", "Inclusive", "NoTax"] = Field(
        default="Exclusive", description="Whether the deal's prices include tax."
    )
    due_days: int = Field(default=30, ge=0, le=3650, description="Days from the invoice's date to its due date.")
    due_date_property: PropertyName = Field(
        default="",
        description="A date property of deals that is the due date; of a moment, its day where the organisation is."
        " Where it is empty, due_terms count. With closedate an invoice is due at once, on its own date where the deal"
        " was won before that.",
    )
    due_terms: Literal["route", "xero"] = Field(
        default="route",
        description='Whether due_days count, or with "xero" the payment terms that the customer has in Xero, else the'
        " organisation's, and due_days where neither has any.",
    )
    branding_theme: str = Field(
        default="", description="The name of a branding theme. Empty leaves it to the organisation's default."
    )
    reference: Reference = Field(
        default="{marker}",
        description="The invoice's reference: words, {marker}, {deal}, and deal properties such as {dealname}. {marker}"
        " must be in it, between spaces; by it the invoice is found again.",
    )
    number: InvoiceNumber = Field(
        default="",
        description="The invoice's number, made likewise, such as HS{deal}. Empty leaves it to Xero, which counts."
        " The invoice that takes the place of a deleted or voided one gets -2 behind it, the next -3.",
    )
    tracking: Tracking = Field(default={}, description="Options by tracking category for each line, at most two.")
    tracking_properties: Tracking = Field(
        default={}, description="Properties of line items that name the option, by tracking category."
    )
    email: bool = Field(
        default=False, description="Whether Xero emails the invoice to its contact, once, when it is approved."
    )
    billing_label: str = Field(
        default="Billing contact",
        description="The label, at the deal or at its company, of the contact that receives a new customer's invoices."
        " Empty for none.",
    )
    online_invoice: bool = Field(
        default=False,
        description="Whether the deal shows where the customer sees the invoice. Costs a call to Xero for each"
        " invoice.",
    )
    no_lines: Literal["hold", "amount"] = Field(
        default="hold",
        description='What becomes of a deal without line items: a hold, or with "amount" one line with the deal\'s'
        " amount.",
    )
    recurring: Literal["hold", "first"] = Field(
        default="hold",
        description='What becomes of a line item that is billed again and again: a hold, or with "first" its first'
        " period is invoiced, and the deal says what is not.",
    )
    rounding: Literal["report", "line"] = Field(
        default="report",
        description="What becomes of a difference of cents between the deal and its invoice: the deal says so, or a"
        " line closes it.",
    )
    rounding_account: str = Field(
        default="", description="The account of that line. Empty means the one that Xero keeps for rounding."
    )
    edits: Literal["update", "hold"] = Field(
        default="update",
        description="What becomes of an edit to the deal while its invoice is a draft: the draft is changed, or the"
        " edit is held. An approved invoice is never changed.",
    )
    paid_stage: str = Field(
        default="", description="The id of the stage that a deal moves to when its invoice is paid. Empty for none."
    )


class RouteOfDeals(Route):
    """Deals that are invoiced in their own way. The first of these whose conditions a deal meets counts."""

    pipeline: str = Field(default="", description="The id of the deal's pipeline.")
    stage: str = Field(
        default="",
        description="The id of the deal's stage. A deal that comes there is invoiced, whatever the stage's"
        " probability.",
    )
    currency: str = Field(default="", description="The deal's currency, such as AUD.")
    country: str = Field(default="", description="The country of the deal's company, as it stands in HubSpot.")
    owner: str = Field(default="", description="The email of the deal's owner.")
    properties: dict[str, str] = Field(default={}, description="Values that properties of the deal must have.")


CONDITIONS = tuple(name for name in RouteOfDeals.model_fields if name not in Route.model_fields)


def routes_from(defaults: Route, own: Sequence[RouteOfDeals], tax: TaxTypes) -> tuple[routing.Route, ...]:
    """Return the routes as the rules know them: each with the defaults for what it leaves out."""
    if not own:
        return (_route(defaults, tax),)
    found: list[routing.Route] = []
    for place, one in enumerate(own, 1):
        written = {name: getattr(one, name) for name in one.model_fields_set if name in Route.model_fields}
        written["tax"] = {**defaults.tax, **one.tax}
        conditions = routing.Conditions(
            pipeline=one.pipeline,
            stage=one.stage,
            currency=one.currency,
            country=one.country,
            owner=one.owner,
            properties=tuple(one.properties.items()),
        )
        found.append(_route(defaults.model_copy(update=written), tax, conditions, f"[[routes]] {place}"))
    return tuple(found)


def _route(
    terms: Route, tax: TaxTypes, conditions: routing.Conditions | None = None, name: str = "[route]"
) -> routing.Route:
    return routing.Route(
        organisation=terms.organisation,
        conditions=conditions or routing.Conditions(),
        name=name,
        terms=routing.Terms(
            status=terms.status,
            approval=terms.approval,
            account_code=terms.account_code,
            account_property=terms.account_property,
            accounts=tuple(terms.accounts.items()),
            tax_type=terms.tax_type,
            tax=tuple({**tax, **terms.tax}.items()),
            line_amount_types=terms.line_amount_types,
            due_days=terms.due_days,
            due_date_property=terms.due_date_property,
            due_terms=terms.due_terms,
            branding_theme=terms.branding_theme,
            reference=terms.reference,
            number=terms.number,
            tracking=tuple(terms.tracking.items()),
            tracking_properties=tuple(terms.tracking_properties.items()),
            email=terms.email,
            billing_label=terms.billing_label,
            online_invoice=terms.online_invoice,
            no_lines=terms.no_lines,
            recurring=terms.recurring,
            rounding=terms.rounding,
            rounding_account=terms.rounding_account,
            edits=terms.edits,
            paid_stage=terms.paid_stage,
        ),
    )
