"""Mark an invoice with its deal, to find it again: a short mark in Reference, an address in Url. Does no I/O."""

from __future__ import annotations

import re

from ledgerloop.records import Portal

MARKER = "HS-"


def marker_of(deal: str) -> str:
    """Return the short mark that an invoice's Reference carries, by which it is found again."""
    return f"{MARKER}{deal}"


def marker_in(reference: str) -> str:
    """Return the mark in a Reference, which people may have added words to; empty where there is none."""
    found = re.search(rf"\b{MARKER}[0-9]+\b", reference)
    return found[0] if found else ""


def deal_of(marker: str) -> str:
    """Return the deal that a mark names."""
    return marker.removeprefix(MARKER)


def deal_url(portal: Portal, deal: str) -> str:
    """Return the deal's address in HubSpot; Xero shows it on the invoice as a link back."""
    return f"https://{portal.ui_domain}/contacts/{portal.id}/record/0-3/{deal}"


def deal_linked(portal: Portal, url: str) -> str:
    """Return the deal whose address this is; empty where it is none's."""
    start = deal_url(portal, "")
    deal = url.removeprefix(start).strip("/")
    return deal if url.startswith(start) and deal.isdecimal() else ""
