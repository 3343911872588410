"""End links, and empty the HubSpot records that show no customer any more. Called inside a step.

The link itself is gone at once; what stands on the record goes with the customer's next turn, so that it can be done
again after a crash.
"""

from __future__ import annotations

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.customers.claims import Customers, Doubts
from ledgerloop.customers.hubspot_records import PLURAL, Pair
from ledgerloop.parts import parts
from ledgerloop.portal import batch_write
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Hold, Line, Link, LinkKind, Organisation
from ledgerloop.rules import hold_reasons
from ledgerloop.rules.properties import properties_on, renamed
from ledgerloop.store import (
    associations,
    connections,
    journal,
    lanes,
    last_compared,
    last_written,
    links,
    pending_customers,
    rulings,
)

BATCH = 100
_GONE = ("OBJECT_NOT_FOUND", "MERGED")


def end(tx: Connection, organisation: Organisation, link: Link, *, to_empty: bool) -> None:
    """End a link because a person says that the record is another, and have the record emptied where it shows us.

    What the person had said before for this record goes with it; customers that the record is as well, in another
    organisation, are shown there now.
    """
    now = parts().now()
    portal = connections.only_portal(tx)
    links.remove(tx, link)
    last_compared.forget(tx, organisation.id, link.kind, [link.xero_id])
    associations.forget(tx, organisation.id, link.xero_id)
    if portal is not None:
        last_written.forget(tx, portal.id, link.kind, [link.hubspot_id])
    for subject, answer in (
        (f"customer {link.xero_id} {link.kind}", link.hubspot_id),
        (f"{link.kind} {link.hubspot_id}", link.xero_id),
    ):
        if rulings.get(tx, organisation.id, [subject]).get(subject) == answer:
            rulings.forget(tx, organisation.id, subject)
    rulings.end(tx, organisation.id, link.xero_id, link.kind, link.hubspot_id, now, to_empty=to_empty)
    for other in links.of_records(tx, link.kind, [link.hubspot_id]):
        pending_customers.mark(tx, other.organisation, [other.xero_id])
        lanes.wake(tx, "standing", other.organisation, now)


def empty(organisation: Organisation, customers: Customers) -> tuple[frozenset[Pair], Doubts]:
    """Empty what is still shown of these customers on records that they are not; return which these were.

    A record that carries another's id by now, or is another customer, is left as it is. One whose id somebody cleared
    still shows what we wrote. What HubSpot will not empty is tried again with the customer's next look, and a doubt
    until then.
    """
    with parts().database.reading() as tx:
        left = rulings.to_empty(tx, organisation.id, list(customers))
    unsure: Doubts = {}
    for kind in PLURAL:
        mine = {record: customer for customer, of, record in left if of == kind}
        for start in range(0, len(mine), BATCH):
            for record, said in _empty(organisation, kind, dict(list(mine.items())[start : start + BATCH])).items():
                before = unsure.get(mine[record], Hold(()))
                reason = hold_reasons.refused_update(kind, record, said)
                unsure[mine[record]] = Hold((*before.reasons, reason), (*before.candidates, record))
    return frozenset((customer, record) for customer, _, record in left), unsure


def _empty(organisation: Organisation, kind: LinkKind, customer_of: dict[str, str]) -> dict[str, str]:
    """Empty some records; return what HubSpot said of those that it would not empty."""
    at = parts()
    client = at.hubspot()
    there = client.read(PLURAL[kind], list(customer_of), (id_name(),))
    with at.database.reading() as tx:
        others = links.find_by_hubspot(tx, organisation.id, kind, list(customer_of))
    nothing = renamed({one.name: "" for one in properties_on(kind)}, at.names)
    rows = {
        record: nothing
        for record, customer in customer_of.items()
        if record in there
        and there[record].id == record
        and record not in others
        and (there[record].properties.get(id_name()) or "").strip().lower() in ("", customer.lower())
    }
    asked = batch_write.ask(client, PLURAL[kind], rows)
    sent = batch_write.update(client, PLURAL[kind], rows, asked) if rows else batch_write.Sent()
    refused = {record: error for record, error in sent.failed.items() if error.category not in _GONE}
    said = {record: batch_write.said(error) for record, error in refused.items()}
    said |= {record: " ".join(one.said for one in dropped) for record, dropped in sent.dropped.items()}
    with at.database.transaction() as tx:
        portal = connections.only_portal(tx)
        for record, customer in customer_of.items():
            if record not in said:
                rulings.end(tx, organisation.id, customer, kind, record, at.now(), to_empty=False)
        if portal is not None:
            last_written.forget(tx, portal.id, kind, list(rows))
        done = [record for record in rows if record not in said and record not in sent.failed]
        lines = [
            Line(
                subject=subjects.customer(customer_of[record]),
                decision="update",
                rule="customers.unlink",
                reason=f"A person ended the link to the {kind} {record}, so nothing is shown there any more.",
                target=subjects.hubspot(kind, record),
                values=nothing,
                answer="written",
            )
            for record in done
        ]
        journal.write(tx, lines, at.now())
    return said
