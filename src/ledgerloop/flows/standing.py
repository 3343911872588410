"""Carry the ledger to HubSpot: what changed in Xero becomes each customer's standing on its records.

The same path serves a webhook, the schedule, the first fill of the mirror and a backfill: what differs is how far back
the cursor stands, and who put a customer on its list. A customer that changed is on the dirty list, one that a person
planned to have shown on the planned list, until its standing has been written; so a crash repeats work and loses none.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from ledgerloop.customers import (
    company_index,
    contact_number,
    drift,
    held,
    hidden,
    hubspot_changes,
    older_companies,
    push_to_xero,
    review,
    show,
    timeline_notes,
)
from ledgerloop.engine import epoch
from ledgerloop.engine.backoff import REFUSED_REST, REST, alone
from ledgerloop.engine.durable import step
from ledgerloop.engine.turns import in_turns, take
from ledgerloop.errors import Braked, ConsentNeeded, LedgerloopError, RateLimited, Refused
from ledgerloop.invoices import email, write_back
from ledgerloop.ledger import pull, reconcile, refill
from ledgerloop.log import logger
from ledgerloop.parts import parts
from ledgerloop.portal import properties
from ledgerloop.records import Organisation, Rest
from ledgerloop.safety import circuit_breaker, dry_run
from ledgerloop.store import connections, inbox, lanes, pending_customers, planned

AT_ONCE = 1000
"""Customers looked at in one step: ten full batches for HubSpot, some of them under way at the same time."""
PLANNED_AT_ONCE = dry_run.AT_ONCE
"""Planned customers in one step: what is live waits for no more than these."""
MOST_EVENTS = 10_000
"""Events taken in one turn; more than that wait for the next."""
PLANNED_BATCHES = 50
"""Steps of planned work in one turn at most, so that a turn ends."""
SHORT_REST = 15.0
"""A quota that comes back within so many seconds is waited for between two steps."""


@in_turns("standing")
def standing(lane: str, turn: int) -> None:
    """(take → pull → cover → mirror) → (brake → decide → write → record)… → follow → hear → verify → index, planned."""
    gather(lane, turn)
    try:
        while write(lane):
            pass
    except Braked:
        while follow(lane):  # what is stopped in HubSpot holds back no customer's email
            pass
        hear(lane)
        raise
    while follow(lane):
        pass
    news = hear(lane)
    if verify(lane) or news:
        while write(lane):
            pass
    while index(lane):
        pass
    for number in range(PLANNED_BATCHES):
        if not write_planned(lane, number == 0):
            break
    go_on(lane)


@step
def gather(lane: str, turn: int) -> int:
    """Take the waiting events; pull what changed since the cursors and what the events named beyond it; mirror it all.

    Returns how many records Xero sent. It is one step, and not one for each verb: every step is a commit that a payment
    waits for.
    """
    at = parts()
    with at.database.transaction() as tx:
        events = take(tx, "standing", lane, turn, MOST_EVENTS)
        if (connected := connections.get(tx, "xero", lane)) is None:
            # One app has one webhook address for all its organisations, those that are not connected here included.
            inbox.skip(tx, [event.id for event in events], "this organisation is not connected")
        if connected is None or connected.off:  # what came before a person ended it waits until it is connected again
            return 0
        timeline_notes.go_on(tx, lane, at.now())
    count = pull.pull(at.xero(lane), lane, events, held.look_at_held)
    epoch.settle()
    if events:
        # The mirror and the dirty list remember from here on: a later step that fails costs no second pull.
        with at.database.transaction() as tx:
            inbox.finish(tx, "xero", lane, turn, at.now())
    return count


@step
def write(lane: str) -> bool:
    """Decide and write the next customers whose standing must be looked at; tell whether there are more.

    Those that would be more than an hour may write without a plan are set aside first. Of those that are part of
    planned work some follow behind the others, and the rest wait for live work that has come meanwhile.
    """
    at = parts()
    organisation = _connected(lane)
    if organisation is None:
        return False
    circuit_breaker.look_ahead(organisation)
    with at.database.reading() as tx:
        live = pending_customers.first(tx, lane, AT_ONCE, planned=False)
        accepted = {} if len(live) == AT_ONCE else pending_customers.first(tx, lane, PLANNED_AT_ONCE, planned=True)
    overtaken = False
    for some, is_planned in ((live, False), (accepted, True)):
        if not some:
            continue
        try:
            with circuit_breaker.counting(organisation, planned_work=is_planned):
                of_today = _show(organisation, list(some), look=is_planned)
        except Braked:
            circuit_breaker.set_aside(organisation, some)
            continue
        if not of_today:
            overtaken = True
            continue
        with at.database.transaction() as tx:
            pending_customers.clean(tx, lane, some)
            if is_planned:
                planned.done(tx, lane, some)
    more = len(accepted) == PLANNED_AT_ONCE and not _interrupted(lane)
    return overtaken or len(live) == AT_ONCE or more


@step
def follow(lane: str) -> bool:
    """Have some approved invoices emailed, once, and show on their deals where customers see them.

    Tells whether there are more, unless something live has come: the next turn goes on with them.
    """
    return email.follow(lane) and not _interrupted(lane)


@step
def hear(lane: str) -> bool:
    """Look at what HubSpot told of the customers' records, and at some that it told nothing of.

    It stands behind the balances, and each part of it fails alone. Tells whether anybody is to be written for it.
    """
    at = parts()
    client = at.xero(lane)
    alone(
        lane,
        "contacts anew",
        lambda: refill.refill(client, lane, lambda: _interrupted(lane)),
    )
    organisation = _connected(lane)
    if organisation is None:
        return False
    alone(organisation.id, "hearing", lambda: hubspot_changes.hear(organisation))
    if not organisation.shown:
        hidden.begin(organisation)
        return False
    alone(organisation.id, "listening", lambda: push_to_xero.listen(organisation))
    alone(organisation.id, "telling", lambda: hubspot_changes.pass_on(organisation))
    if drift.look_round(organisation):
        properties.look_again(though_right=False)
    with at.database.reading() as tx:
        return bool(pending_customers.first(tx, lane, 1))


@step
def verify(lane: str) -> int:
    """Compare some customers with Xero's own balances, where it is time to; say how many were read anew."""
    organisation = _connected(lane)
    return reconcile.verify(organisation) if organisation is not None and organisation.shown else 0


@step
def index(lane: str) -> bool:
    """List some more of the portal's companies, once, unless something live has come; tell whether to go on.

    Then look once more at companies that were made, and weigh some of the links that an earlier release made.
    """
    with parts().database.reading() as tx:
        portal = connections.only_portal(tx)
    if portal is not None and company_index.fill(portal.id, lambda: _interrupted(lane)):
        return True
    organisation = _connected(lane)
    if organisation is None or not organisation.shown:
        return False
    more = older_companies.look(organisation, lambda: _interrupted(lane))
    return review.sweep(organisation, lambda: _interrupted(lane)) or more


@step
def write_planned(lane: str, first: bool) -> bool:
    """Write the next planned customers, unless something live has come; tell whether to go on with the next.

    The first in a turn are written in any case, so that a steady stream of live work does not hold up the rest for
    ever. A failure lets the planned work rest, and nothing else: what is live goes on.
    """
    at = parts()
    organisation = _connected(lane)
    with at.database.reading() as tx:
        some = planned.batch(tx, lane, PLANNED_AT_ONCE)
        rests = any(one.rests(at.now()) for one in planned.under_way(tx, lane))
    if organisation is None or not some or rests or at.stopping() or (not first and _interrupted(lane)):
        return False
    try:
        with circuit_breaker.counting(organisation, planned_work=True, behind=True):
            of_today = _show(organisation, some, look=True)
    except ConsentNeeded:
        raise
    except LedgerloopError as problem:
        wait = _rest_after(problem)
        if isinstance(problem, RateLimited) and wait.total_seconds() <= SHORT_REST:
            return _waited(lane, wait.total_seconds())
        logger.warning("planned work rests", organisation=lane, why=problem.sentence)
        with at.database.transaction() as tx:
            planned.rest(tx, lane, Rest(at.now(), at.now() + wait), problem.sentence)
        return False
    if not of_today:
        return True
    with at.database.transaction() as tx:
        planned.done(tx, lane, some)
        planned.report(tx, lane, at.figures(lane))
    return True


@step
def go_on(lane: str) -> None:
    """Have another turn while planned work is left that does not rest."""
    at = parts()
    with at.database.transaction() as tx:
        if lane in planned.organisations(tx, at.now()):
            lanes.wake(tx, "standing", lane, at.now())


def _rest_after(problem: LedgerloopError) -> timedelta:
    """Choose how long planned work rests."""
    if isinstance(problem, RateLimited):
        return timedelta(seconds=problem.retry_after)
    if isinstance(problem, Braked):
        return circuit_breaker.AGAIN
    return REFUSED_REST if isinstance(problem, Refused) else REST


def _show(organisation: Organisation, customers: Sequence[str], *, look: bool) -> bool:
    """Show customers; ``look`` first whether somebody changed what was shown of them.

    Tells whether what was written is of today: after a midnight in between, days overdue are of the day before.
    """
    now = parts().now
    today = organisation.day(now())
    if customers and look and organisation.shown:
        drift.look_at(organisation, customers)
    if customers:
        show.show_standings(organisation, customers, write_back.show_invoices)
    if customers and organisation.shown:
        timeline_notes.note_happenings(organisation, customers)
        contact_number.number(organisation, customers)
    return organisation.day(now()) == today


def _connected(lane: str) -> Organisation | None:
    """Return the organisation, once there is a portal to show its customers in; until then they stay on their lists.

    So they do while the database was put back and the books were not read since.
    """
    with parts().database.reading() as tx:
        may = connections.only_portal(tx) and not epoch.waits(tx, lane)
        return connections.organisation(tx, lane) if may else None


def _interrupted(lane: str) -> bool:
    """Tell whether planned work must make way: for live work, or for the end of the service."""
    at = parts()
    with at.database.reading() as tx:
        return at.stopping() or lanes.wanted(tx, "standing", lane)


def _waited(lane: str, seconds: float) -> bool:
    """Wait, and tell whether nothing came in between."""
    clock = parts().clock
    end = clock.monotonic() + seconds
    while clock.monotonic() < end:
        if _interrupted(lane):
            return False
        clock.sleep(min(0.2, seconds))
    return True
