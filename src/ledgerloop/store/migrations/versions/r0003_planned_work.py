"""Remember planned work, what the brake counts, gaps in webhooks, how often they usually come, and notes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

moment = sa.DateTime(timezone=True)
number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and add the column."""
    op.create_table(
        "planned",
        sa.Column("organisation", sa.Text, primary_key=True),
        sa.Column("customer", sa.Text, primary_key=True),
    )
    op.create_table(
        "allowance",
        sa.Column("organisation", sa.Text, primary_key=True),
        sa.Column("customers", sa.Integer, nullable=False),
        sa.Column("may_create", sa.Integer, nullable=False),
        sa.Column("may_update", sa.Integer, nullable=False),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("updated", sa.Integer, nullable=False),
        sa.Column("accepted_at", moment, nullable=False),
        sa.Column("rests_until", moment),
        sa.Column("rests_why", sa.Text, nullable=False, server_default=""),
        sa.Column("figures", sa.Text, nullable=False, server_default="{}"),
    )
    op.create_table(
        "spent",
        sa.Column("lane", sa.Text, primary_key=True),
        sa.Column("minute", moment, primary_key=True),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("updated", sa.Integer, nullable=False),
    )
    op.create_table(
        "gap",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("first", number, primary_key=True, autoincrement=False),
        sa.Column("last", number, nullable=False),
        sa.Column("seen_at", moment, nullable=False),
    )
    op.create_table(
        "note",
        sa.Column("organisation", sa.Text, primary_key=True),
        sa.Column("receivable", sa.Text, primary_key=True),
        sa.Column("event", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("hubspot_id", sa.Text, nullable=False, server_default=""),
        sa.Column("at", moment, nullable=False),
    )
    op.create_index(
        "note_unsettled",
        "note",
        ["organisation"],
        sqlite_where=sa.text("state = 'sent'"),
        postgresql_where=sa.text("state = 'sent'"),
    )
    op.add_column("delivery", sa.Column("usual_seconds", sa.Integer))
