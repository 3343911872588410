"""Take due dates from the payment terms that customers have in Xero, where their routes say so. Called inside a step.

The customer's own terms count, else the organisation's, else the route's days. One call brings the terms of forty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from ledgerloop.invoices.decide import Ready, Verdict
from ledgerloop.ledger.reference_data import books_of
from ledgerloop.parts import parts
from ledgerloop.records import Hold, Organisation
from ledgerloop.rules.days import due_by_terms
from ledgerloop.rules.identity.payers import Found
from ledgerloop.rules.reference_data import Kind
from ledgerloop.xero.client import MOST_IDS
from ledgerloop.xero.models import Contact

BOOKS: tuple[Kind, ...] = ("organisation",)
CREATED = "created"
"""How a customer is known who was made just now: nobody has given it terms."""


def set_due(organisation: Organisation, verdicts: dict[str, Verdict], payers: Mapping[str, Found]) -> None:
    """Give the deals of these payers their due dates; terms that nobody can follow hold their deal."""
    asking = {
        deal: one
        for deal in payers
        if isinstance(one := verdicts.get(deal), Ready) and one.terms.due_terms == "xero" and not one.draft.due_told
    }
    if not asking:
        return
    known = sorted({payers[deal].id for deal in asking if payers[deal].how != CREATED})
    contacts: dict[str, Contact] = {}
    for start in range(0, len(known), MOST_IDS):
        found = parts().xero(organisation.id).contacts_by_id(known[start : start + MOST_IDS])
        contacts |= {contact.ContactID: contact for contact in found}
    default = books_of(organisation, BOOKS).sales_terms()
    for deal, one in asking.items():
        contact = contacts.get(payers[deal].id)
        dated = date.fromisoformat(one.draft.body["Date"])
        due = due_by_terms(contact.PaymentTerms.Sales, dated) if contact is not None else None
        whose = f"“{contact.Name}”" if contact is not None and due is not None else organisation.name
        due = due or due_by_terms(default, dated)
        if due is None:
            continue
        if due < dated:
            verdicts[deal] = Hold((_past(whose, due, dated),))
        else:
            draft = replace(one.draft, body={**one.draft.body, "DueDate": due.isoformat()})
            verdicts[deal] = replace(one, draft=draft)


def _past(whose: str, due: date, dated: date) -> str:
    return (
        f"By the payment terms of {whose} in Xero the invoice of {dated} would be due on {due}, before its own date."
        " Change them in Xero, or have the deal's route count days."
    )
