"""Tell of deals whose invoice was sent without an answer, and is not sent again yet: what is waited for, until when.

Called inside a step, but for ``told``, which a plan asks. ``invoices.submit`` is what waits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from ledgerloop import subjects
from ledgerloop.engine.epoch import KEY_LASTS
from ledgerloop.invoices.approvals import amount_of
from ledgerloop.invoices.poll import CURSOR as POLLED
from ledgerloop.parts import parts
from ledgerloop.records import Intent, Line
from ledgerloop.rules.clocks import due_at
from ledgerloop.rules.waiting import looked_for, unanswered
from ledgerloop.store import cursors, journal, lanes


def may_arrive(intent: Intent, now: datetime) -> bool:
    """Tell whether a request that was sent without an answer may still be on its way, or under way at Xero."""
    last = intent.last_sent_at or intent.sent_at
    return last is not None and now - last < KEY_LASTS


def hold(portal: str, waiting: Sequence[Intent], other: Collection[str]) -> list[str]:
    """Hold the deals whose invoices may still arrive, with the moment until which they may; return these deals.

    Those among the ``other`` say something else by now.
    """
    at = parts()
    now = at.now()
    sent = [one for one in waiting if one.state == "sent" and may_arrive(one, now)]
    if not sent:
        return []
    lines: list[Line] = []
    with at.database.transaction() as tx:
        for one in sent:
            subject, why = subjects.deal(one.deal), _said(one, edited=one.deal in other)
            if journal.hold(tx, portal, subject, (why,), (), now):
                lines.append(Line(subject, "hold", "invoices.submit", why))
        journal.write(tx, lines, now)
    return [one.deal for one in sent]


def _said(intent: Intent, *, edited: bool) -> str:
    sent = intent.last_sent_at or intent.sent_at
    assert sent is not None
    currency, amount = amount_of(intent)
    return unanswered(amount, currency, sent, sent + KEY_LASTS, edited=edited)


def told(tx: Connection, intent: Intent) -> str:
    """Say that an intent's invoice was sent, that the answer is not known, and when it is looked for again."""
    at = parts()
    now, sent = at.now(), intent.last_sent_at or intent.sent_at
    lane = next((one for one in lanes.all_lanes(tx) if (one.flow, one.lane) == ("invoicing", intent.portal)), None)
    polled = due_at(cursors.get(tx, intent.portal, POLLED).highest, at.poll_every, now)
    rests = lane.parked_until if lane is not None else None
    currency, amount = amount_of(intent)
    return looked_for(amount, currency, sent, max(polled, rests or polled, now))
