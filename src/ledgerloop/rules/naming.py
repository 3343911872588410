"""Say why a deal gets no invoice that names one already, and what to do about it. Does no I/O.

So it is where an invoice lost its deal's mark and the database forgot it, or where a deal was copied.
"""

from __future__ import annotations

from ledgerloop.records import Hold, Receivable
from ledgerloop.rules.edits import gone_first
from ledgerloop.rules.standing import GONE


def named_already(deal: str, named: str, known: Receivable | None, owner: str) -> Hold:
    """Hold a deal that names an invoice which is not followed for it.

    ``known`` is what our copy says of that invoice, and ``owner`` the deal for which it is followed, if for any.
    """
    called = (known.number or named) if known is not None else named
    if owner:
        said = (
            f"The deal names invoice {called}, which is deal {owner}'s, so no other is made. Clear the deal's Xero"
            " invoice id if it shall have an invoice of its own."
        )
    elif known is None:
        said = (
            f"The deal names invoice {called}, which is not known here, so no other is made. Run `ledgerloop adopt"
            f" --deal {deal}` to have it followed; or, if it is deleted or voided in Xero, `ledgerloop retry --deal"
            f" {deal} --new` to have another made."
        )
    elif known.status in GONE:
        said = (
            f"The deal names invoice {called}, which is {known.status} in Xero, and no other is made by itself. If the"
            f" deal shall have a new one, run `ledgerloop retry --deal {deal} --new`; if somebody has typed one there"
            f" by hand, `ledgerloop adopt --deal {deal} --invoice` with its number."
        )
    else:
        said = (
            f"The deal names invoice {called}, which stands in Xero without the deal's mark, so no other is made. Run"
            f" `ledgerloop adopt --deal {deal} --invoice {called}` to have it followed; or"
            f" {gone_first(known)}, and run `ledgerloop retry --deal {deal} --new`."
        )
    return Hold((said,))
