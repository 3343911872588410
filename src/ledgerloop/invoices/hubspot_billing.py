"""See whether HubSpot itself bills deals, before this service does. Called inside a step.

One call asks for the invoices of all of a turn's deals, and one for their subscriptions; they are read only where there
are any. What the token may not see, or an account does not have, is said once and asked for again after an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from ledgerloop import subjects
from ledgerloop.errors import RateLimited, Refused, ScopeMissing
from ledgerloop.hubspot.models import Record
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.records import Line
from ledgerloop.rules.clocks import passed
from ledgerloop.rules.hubspot_billing import (
    INVOICE_PROPERTIES,
    SUBSCRIPTION_PROPERTIES,
    billed_by_invoice,
    billed_by_subscription,
)
from ledgerloop.store import journal, single_values

AGAIN = timedelta(hours=1)
Judge = Callable[[Record], str]
_KINDS: Mapping[str, tuple[Sequence[str], Judge]] = {
    "invoices": (INVOICE_PROPERTIES, billed_by_invoice),
    "subscriptions": (SUBSCRIPTION_PROPERTIES, billed_by_subscription),
}


def billed_by_hubspot(portal: str, deals: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return for each deal that HubSpot bills itself why that is so; the others are absent."""
    found: dict[str, tuple[str, ...]] = {}
    for kind, (properties, judge) in _KINDS.items():
        if not deals or _unseen(portal, kind):
            continue
        try:
            told = _told(kind, deals, properties, judge)
        except RateLimited:
            raise
        except Refused as refusal:
            _say_once(portal, kind, refusal)
            continue
        for deal, sentences in told.items():
            found[deal] = (*found.get(deal, ()), *sentences)
    return found


def _told(kind: str, deals: Sequence[str], properties: Sequence[str], judge: Judge) -> dict[str, list[str]]:
    client = parts().hubspot()
    tied = {deal: [one.to_id for one in some] for deal, some in client.associated("deals", kind, deals).items() if some}
    if not tied:
        return {}
    records = client.read(kind, [one for some in tied.values() for one in some], properties)
    told = {deal: [judge(records[one]) for one in some if one in records] for deal, some in tied.items()}
    return {deal: said for deal, some in told.items() if (said := list(filter(None, some)))}


def _unseen(portal: str, kind: str) -> bool:
    """Tell whether HubSpot refused to tell of this kind within the last hour."""
    at = parts()
    with at.database.reading() as tx:
        refused = single_values.get(tx, single_values.UNSEEN.of(kind, portal))
    return refused is not None and not passed(refused, AGAIN, at.now())


def _say_once(portal: str, kind: str, refusal: Refused) -> None:
    at = parts()
    with at.database.transaction() as tx:
        said = single_values.get(tx, single_values.UNSEEN.of(kind, portal)) is not None
        single_values.put(tx, single_values.UNSEEN.of(kind, portal), at.now())
        if not said:
            scope = f"crm.objects.{kind}.read"
            cure = f"Allow the token {scope} to have it looked at." if isinstance(refusal, ScopeMissing) else ""
            why = f"HubSpot's own {kind} of deals cannot be seen, so a deal that HubSpot bills too is invoiced. {cure}"
            line = Line(subjects.portal(portal), "skip", "invoices.hubspot_billing", why.strip())
            journal.write(tx, [line], at.now(), lane=portal)
            logger.warning("hubspot's own billing cannot be seen", kind=kind, why=refusal.sentence)
