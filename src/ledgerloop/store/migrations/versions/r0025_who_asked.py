"""Tell planned work that a person asked for from what a new day brought: each is counted apart."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the key of the counts wider; whatever is under way counts as asked for, as it did."""
    op.add_column("planned", sa.Column("asked", sa.Boolean, nullable=False, server_default=sa.true()))
    op.rename_table("allowance", "allowance_before")
    op.create_table(
        "allowance",
        sa.Column("organisation", sa.Text, primary_key=True),
        sa.Column("asked", sa.Boolean, primary_key=True),
        sa.Column("customers", sa.Integer, nullable=False),
        sa.Column("may_create", sa.Integer, nullable=False),
        sa.Column("may_update", sa.Integer, nullable=False),
        sa.Column("created", sa.Integer, nullable=False),
        sa.Column("updated", sa.Integer, nullable=False),
        sa.Column("accepted_at", moment, nullable=False),
        sa.Column("rests_since", moment),
        sa.Column("rests_until", moment),
        sa.Column("rests_why", sa.Text, nullable=False, server_default=""),
        sa.Column("figures", sa.Text, nullable=False, server_default="{}"),
    )
    op.execute(
        "INSERT INTO allowance (organisation, asked, customers, may_create, may_update, created, updated, accepted_at,"
        " rests_since, rests_until, rests_why, figures) SELECT organisation, true, customers, may_create, may_update,"
        " created, updated, accepted_at, rests_since, rests_until, rests_why, figures FROM allowance_before"
    )
    op.drop_table("allowance_before")
