"""Make the indexes that every turn needs, and drop two that no question could use."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Make and drop them."""
    _make("inbox_by_moment", "inbox", "received_at")
    _make("journal_by_moment", "journal", "at")
    _make("receivable_by_day", "receivable", "organisation", "issued_on")
    _make("note_open", "note", "organisation", where="state IN ('intended', 'sent')")
    _make("link_by_record", "link", "hubspot_id", "kind")
    _make("lost_by_record", "lost", "hubspot_id", "kind")
    _make("intent_by_state", "intent", "portal", "state")
    _make("intent_by_marker", "intent", "organisation", "marker")
    _make("intent_by_key", "intent", "portal", "key")
    _make("intent_by_sending", "intent", "portal", "sent_at")
    _make(
        "intent_followed",
        "intent",
        "organisation",
        where="state = 'made' AND (email IN ('wanted', 'asked') OR online_url = 'wanted')",
    )
    _make("hold_open", "hold", "since", "subject", where="cleared_at IS NULL")
    _make("hold_open_by_cause", "hold", "cause", "lane", "subject", where="cleared_at IS NULL")
    op.drop_index("note_unsettled", "note")
    op.drop_index("intent_pending", "intent")


def _make(name: str, table: str, *columns: str, where: str = "") -> None:
    limit = sa.text(where) if where else None
    op.create_index(name, table, list(columns), sqlite_where=limit, postgresql_where=limit)
