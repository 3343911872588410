"""Empty the HubSpot records whose links a person has ended: they show no customer any more. Called inside a step.

The link itself is gone at once; what stands on the record goes with the customer's next turn, so that it can be done
again after a crash.
"""

from __future__ import annotations

from ledgerloop.customers.claims import Customers
from ledgerloop.customers.hubspot_records import PLURAL, Pair
from ledgerloop.parts import parts
from ledgerloop.portal import batch_write
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Line, LinkKind, Organisation
from ledgerloop.rules.properties import properties_on, renamed
from ledgerloop.store import connections, journal, last_written, links, rulings

BATCH = 100


def empty(home: Organisation, customers: Customers) -> frozenset[Pair]:
    """Empty what is still shown of these customers on records that they are not, and return which these were.

    A record that carries another id by now, or is another customer, is left as it is.
    """
    with parts().database.reading() as tx:
        left = rulings.to_empty(tx, home.id, list(customers))
    for kind in PLURAL:
        mine = {record: customer for customer, of, record in left if of == kind}
        for start in range(0, len(mine), BATCH):
            _empty(home, kind, dict(list(mine.items())[start : start + BATCH]))
    return frozenset((customer, record) for customer, _, record in left)


def _empty(home: Organisation, kind: LinkKind, customer_of: dict[str, str]) -> None:
    at = parts()
    client = at.hubspot()
    there = client.read(PLURAL[kind], list(customer_of), (id_name(),))
    with at.database.reading() as tx:
        others = links.find_by_hubspot(tx, home.id, kind, list(customer_of))
    nothing = renamed({one.name: "" for one in properties_on(kind)}, at.names)
    rows = {
        record: nothing
        for record, customer in customer_of.items()
        if record in there
        and there[record].id == record
        and record not in others
        and (there[record].properties.get(id_name()) or "").strip().lower() == customer.lower()
    }
    asked = batch_write.ask(client, PLURAL[kind], rows)
    sent = batch_write.update(client, PLURAL[kind], rows, asked) if rows else batch_write.Sent()
    with at.database.transaction() as tx:
        portal = connections.only_portal(tx)
        for record, customer in customer_of.items():
            rulings.end(tx, home.id, customer, kind, record, at.now(), to_empty=False)
        if portal is not None:
            last_written.forget(tx, portal.id, kind, list(rows))
        lines = [
            Line(
                subject=f"customer {customer_of[record]}",
                decision="update",
                rule="customers.unlink",
                reason=f"A person ended the link to the {kind} {record}, so nothing is shown there any more.",
                target=f"hubspot {kind} {record}",
                values=nothing,
                answer="written",
            )
            for record in rows
            if _done(sent, record)
        ]
        journal.write(tx, lines, at.now())


def _done(sent: batch_write.Sent, record: str) -> bool:
    return record not in sent.failed
