"""Words for firms of several people that buy: their labels, their deals, and who got the invoice."""

from __future__ import annotations

from typing import Any

from crm import ASSOCIATIONS, Customers
from scene import OBJECTS, Scene

BILLING, PRIMARY = 931, 1


def firm(scene: Scene, name: str, *people: str) -> tuple[str, list[str]]:
    """Make a company with its people, and return their ids; the first is the oldest."""
    domain = f"{name.lower().replace(' ', '-')}.example.com"
    company = scene.make("companies", name=f"{name} Ltd")
    made = [scene.make("contacts", email=f"{one}@{domain}", lastname=one.capitalize()) for one in people]
    for one in made:
        tie(scene, one, company, PRIMARY)
    return company, made


def tie(scene: Scene, contact: str, company: str, kind: int) -> None:
    """Associate a contact with a company in one of HubSpot's ways."""
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}]
    scene.on.at_hubspot("PUT", f"{OBJECTS}/contacts/{contact}/associations/companies/{company}", types)


def sold(scene: Scene, company: str, name: str, contacts: list[str] | None = None) -> str:
    """Win a deal of a company with these contacts, or with all the company's people."""
    if contacts is None:
        path, body = f"{ASSOCIATIONS}/companies/contacts/batch/read", {"inputs": [{"id": company}]}
        contacts = [str(one["toObjectId"]) for one in scene.on.at_hubspot("POST", path, body)["results"][0]["to"]]
    deal = scene.sell(company=company, contact=None, won=False)
    for one in contacts:
        scene.on.at_hubspot("PUT", f"{OBJECTS}/deals/{deal}/associations/default/contacts/{one}")
    scene.edit("deals", deal, dealname=f"Deal of {name}")
    scene.win(deal)
    return deal


def customer_of(scene: Scene, crm: Customers, deal: str) -> dict[str, Any]:
    """Return what Xero shows of the customer who got a deal's invoice."""
    (invoice,) = scene.invoices_of(deal)
    return crm.in_xero(invoice["Contact"]["ContactID"])
