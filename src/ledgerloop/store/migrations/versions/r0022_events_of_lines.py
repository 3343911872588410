"""Find the events that a turn took, and keep with a line of the journal how many led to it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the columns and the index; lines of earlier releases name no events."""
    op.add_column("journal", sa.Column("more_events", sa.Integer, nullable=False, server_default="0"))
    op.add_column("heard", sa.Column("event", sa.BigInteger().with_variant(sa.Integer, "sqlite")))
    taken = sa.text("turn IS NOT NULL")
    op.create_index("inbox_of_turn", "inbox", ["source", "lane", "turn"], sqlite_where=taken, postgresql_where=taken)
