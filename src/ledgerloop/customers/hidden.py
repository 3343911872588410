"""Take off HubSpot's records what an organisation's customers owe that is not to be shown any more. Called in a step.

The Xero contact id goes too, since another organisation's customer may be shown there now; the link stays, so that
showing it again goes on where it was. What another organisation shows on the same record is none of ours.
"""

from __future__ import annotations

from collections.abc import Sequence

from ledgerloop import subjects
from ledgerloop.customers.claims import look_at_rivals, shown_elsewhere
from ledgerloop.customers.relink import KINDS
from ledgerloop.customers.update import Wanted, show
from ledgerloop.parts import parts
from ledgerloop.portal.batch_write import id_name
from ledgerloop.records import Organisation
from ledgerloop.rules.properties import properties_on, renamed
from ledgerloop.store import connections, journal, lanes, last_written, links, pending_customers, planned
from ledgerloop.store.write_counts import Written


def begin(organisation: Organisation) -> None:
    """Take on to empty every record, once a person has hidden an organisation; end the questions about its customers.

    It is done in the organisation's own turn: one that was under way meanwhile may have shown and asked some more.
    """
    at = parts()
    with at.database.reading() as tx:
        if not connections.is_to_be_hidden(tx, organisation.id):
            return
    with at.database.transaction() as tx:
        connections.hide(tx, organisation.id, False)
        asked = [one.subject for one in journal.holds(tx) if one.lane == organisation.id]
        journal.clear(tx, [one for one in asked if subjects.is_about_customers(one)], at.now())
        linked = [one.link for one in links.listed(tx, organisation.id)]
        may = Written(updated=len(linked))
        planned.accept(tx, organisation.id, {one.xero_id for one in linked}, may, at.now(), asked=False)


def take_off(organisation: Organisation, customers: Sequence[str]) -> None:
    """Empty the records that by what we wrote last are these customers'; once that is done, nothing is written.

    Customers of other organisations that had to leave a record to these are looked at.
    """
    at = parts()
    with at.database.reading() as tx:
        portal = connections.only_portal(tx)
        if portal is None:
            return
        mine = [link for kind in KINDS for link in links.find(tx, organisation.id, kind, customers).values()]
        written = {
            kind: last_written.get(tx, portal.id, kind, [one.hubspot_id for one in mine if one.kind == kind])
            for kind in KINDS
        }
    elsewhere = shown_elsewhere(organisation, mine)
    wanted = [
        Wanted(
            kind=link.kind,
            id=link.hubspot_id,
            values=renamed({one.name: "" for one in properties_on(link.kind)}, at.names),
            subject=subjects.customer(link.xero_id),
            rule="customers.hidden",
            reason=f"A person said that the customers of {organisation.name} are not to be shown in HubSpot.",
        )
        for link in mine
        if (link.kind, link.hubspot_id) not in elsewhere
        and written[link.kind].get(link.hubspot_id, {}).get(id_name()) == link.xero_id
    ]
    if not wanted:
        return
    show(wanted, organisation.id)
    with at.database.transaction() as tx:
        for kind in KINDS:
            records = [one.id for one in wanted if one.kind == kind]
            look_at_rivals(tx, organisation.id, records, ())
            for link in links.of_records(tx, kind, records):
                if link.organisation != organisation.id:
                    pending_customers.mark(tx, link.organisation, [link.xero_id])
                    lanes.wake(tx, "standing", link.organisation, at.now())
