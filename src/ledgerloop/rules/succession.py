"""Tell whether an active customer succeeds an archived one of its name, or is another. Does no I/O.

In Xero a name is unique among active contacts alone, so people archive a contact and make it anew: because its history
is long, because it was set up wrongly, because somebody clicked. The new one is the customer then, and the archived one
is history, unless it still owes something, or what is known of the two does not agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledgerloop.records import Customer, Hold
from ledgerloop.rules import hold_reasons
from ledgerloop.rules.identity.evidence import weigh
from ledgerloop.rules.identity.free_names import same_to_xero
from ledgerloop.rules.identity.profiles import profile_of_customer
from ledgerloop.rules.standing import Standing

_NUMBERS = ("tax number", "company number")


@dataclass(frozen=True, slots=True)
class Succeeds:
    """That the active customer takes the place of the archived one, and why."""

    reason: str


def succession(old: Customer, new: Customer, owed: Standing, records: Sequence[str]) -> Succeeds | Hold | None:
    """Decide whether ``new`` succeeds ``old``; None where the two have nothing to do with each other.

    ``owed`` is what the old one still has open, ``records`` are its HubSpot records, as a person reads them.
    """
    if old.active or old.merged_into or not new.active or new.merged_into or not same_name(old.name, new.name):
        return None
    said = _and(records)
    agreeing, differing = _compared(old, new)
    reasons: list[str] = []
    if open_ := still_open(owed):
        reasons.append(hold_reasons.archived_owes(new, old.id, said, open_))
    if differing:
        before, now = _details(old), _details(new)
        against = [f"{what} ({before[what]} and {now[what]})" for what in differing]
        reasons.append(hold_reasons.archived_differs(new, old.id, said, _and(against)))
    if reasons:
        return Hold(tuple(reasons))
    same = _and(["name", *agreeing])
    return Succeeds(
        f"“{old.name}” was archived in Xero with nothing open and made anew, with the same {same}, so its HubSpot"
        f" {said} {'goes' if len(records) == 1 else 'go'} from {old.id} to {new.id}."
    )


def same_name(one: str, other: str) -> bool:
    """Tell whether two names are one for Xero, which does not look at case."""
    return same_to_xero(one) == same_to_xero(other)


def _compared(old: Customer, new: Customer) -> tuple[list[str], list[str]]:
    """Return in what two customers of one name agree and in what they differ; what one of them lacks says nothing.

    Numbers are compared as everywhere. An email is the whole of the field here: another person there is a question.
    """
    numbers = weigh(profile_of_customer(old), profile_of_customer(new)).evidence
    agreeing = [what for what in _NUMBERS if what in numbers.agree]
    differing = [what for what in _NUMBERS if what in numbers.against]
    before, now = (one.email_key or one.email.lower() for one in (old, new))
    if before and now:
        (agreeing if before == now else differing).insert(0, "email")
    return agreeing, differing


def _details(customer: Customer) -> dict[str, str]:
    """Return what may speak against two customers of one name, as it is read."""
    return {
        "email": customer.email,
        "tax number": customer.tax_number,
        "company number": customer.company_number,
    }


def still_open(owed: Standing) -> str:
    """Say what a customer has open; empty where that is nothing."""
    some = [(owed.outstanding, "outstanding"), (owed.credit, "of credit")]
    said = [f"{amount:.2f} {owed.currency} {what}" for amount, what in some if amount]
    return _and(said) or ("an open invoice" if owed.open_invoices else "")


def _and(some: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(some[:-1]), *some[-1:])))
