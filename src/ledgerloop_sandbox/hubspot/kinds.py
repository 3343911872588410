"""The object types of the portal: names, ids, default properties, requirements and scopes. Data only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One object type in HubSpot's words."""

    name: str
    singular: str
    type_id: str
    defaults: tuple[str, ...]
    modified: str = "hs_lastmodifieddate"
    created: str = "createdate"
    required: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    schema: tuple[str, ...] = ()
    group: str = "details"

    @property
    def always(self) -> tuple[str, str, str]:
        """Name the properties that every answer carries."""
        return (self.created, self.modified, "hs_object_id")


def _crm(name: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    scope = f"crm.objects.{name}"
    return (f"{scope}.read",), (f"{scope}.write",), (f"crm.schemas.{name}.write",)


def _kind(name: str, singular: str, type_id: str, defaults: str, **more: object) -> Kind:
    read, write, schema = _crm(name)
    values = {"read": read, "write": write, "schema": schema} | more
    return Kind(name, singular, type_id, tuple(defaults.split()), **values)  # type: ignore[arg-type]


_SHOP = "e-commerce"
_CONTACT_READ, _CONTACT_WRITE, _CONTACT_SCHEMA = _crm("contacts")

CONTACT = _kind(
    "contacts", "contact", "0-1", "firstname lastname email", modified="lastmodifieddate", group="contactinformation"
)
COMPANY = _kind("companies", "company", "0-2", "name domain", group="companyinformation")
DEAL = _kind(
    "deals",
    "deal",
    "0-3",
    "dealname amount closedate pipeline dealstage",
    required=("dealname", "dealstage"),
    group="dealinformation",
)
LINE_ITEM = _kind(
    "line_items",
    "line_item",
    "0-8",
    "quantity amount price",
    read=("crm.objects.line_items.read", _SHOP),
    write=("crm.objects.line_items.write", _SHOP),
    schema=(_SHOP,),
    group="lineiteminformation",
)
PRODUCT = _kind(
    "products",
    "product",
    "0-7",
    "name description price",
    read=("crm.objects.products.read", _SHOP),
    write=("crm.objects.products.write", _SHOP),
    schema=(_SHOP,),
    group="productinformation",
)
NOTE = _kind(
    "notes",
    "note",
    "0-46",
    "",
    created="hs_createdate",
    required=("hs_timestamp",),
    read=_CONTACT_READ,
    write=_CONTACT_WRITE,
    schema=_CONTACT_SCHEMA,
    group="engagement",
)
TASK = _kind(
    "tasks",
    "task",
    "0-27",
    "",
    created="hs_createdate",
    required=("hs_timestamp",),
    read=_CONTACT_READ,
    write=_CONTACT_WRITE,
    schema=_CONTACT_SCHEMA,
    group="engagement",
)
INVOICE = _kind("invoices", "invoice", "0-53", "", required=("hs_currency",), group="invoiceinformation")
PAYMENT = _kind(
    "commerce_payments",
    "commerce_payment",
    "0-101",
    "",
    read=("crm.objects.commercepayments.read",),
    write=("crm.objects.commercepayments.write",),
    schema=("crm.schemas.commercepayments.write",),
    group="paymentinformation",
)
SUBSCRIPTION = _kind(
    "subscriptions", "subscription", "0-69", "", created="hs_createdate", group="subscriptioninformation"
)

KINDS: tuple[Kind, ...] = (CONTACT, COMPANY, DEAL, LINE_ITEM, PRODUCT, NOTE, TASK, INVOICE, PAYMENT, SUBSCRIPTION)

BY_NAME: dict[str, Kind] = {
    spelling: kind
    for kind in KINDS
    for spelling in {
        kind.name,
        kind.singular,
        kind.type_id,
        kind.name.replace("_", ""),
        kind.singular.replace("_", ""),
    }
}
