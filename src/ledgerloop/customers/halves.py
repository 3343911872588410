"""Hold the contacts and companies that customers are, and why others are in doubt."""

from __future__ import annotations

from dataclasses import dataclass, field

from ledgerloop.customers.claims import Doubts, Found


@dataclass(slots=True)
class Halves:
    """The contacts and companies that customers are, and why others are in doubt."""

    contacts: Found = field(default_factory=dict)
    companies: Found = field(default_factory=dict)
    unsure_contacts: Doubts = field(default_factory=dict)
    unsure_companies: Doubts = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    """By customer: on what evidence its company was found, and beside which others."""
    without_contact: dict[str, str] = field(default_factory=dict)
    """By customer: the contact that has its email and is not the customer, so that it gets none."""
