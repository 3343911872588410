"""Remember which contact and company of a customer have been associated."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the table. Nobody remembers who was associated before: each customer is once more, at its next look."""
    op.create_table(
        "pair",
        sa.Column("organisation", sa.Text, primary_key=True),
        sa.Column("customer", sa.Text, primary_key=True),
        sa.Column("contact", sa.Text, nullable=False),
        sa.Column("company", sa.Text, nullable=False),
    )
