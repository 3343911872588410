"""Remember the companies that were made a moment ago, to look once more whether an older one was there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "newly_made",
        sa.Column("organisation", sa.Text, primary_key=True),
        sa.Column("customer", sa.Text, primary_key=True),
        sa.Column("company", sa.Text, primary_key=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("older", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("newly_made_by_moment", "newly_made", ["organisation", "look_at"])
