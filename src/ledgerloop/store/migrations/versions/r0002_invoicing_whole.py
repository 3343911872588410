"""Remember more of an invoice's making: what the deal said, approval, email, notes; and an organisation's books."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

moment = sa.DateTime(timezone=True)
money = sa.Numeric().with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Add the columns, and the table of books."""
    for name in ("basis", "note", "asks", "email", "paid_stage", "online_url"):
        op.add_column("intent", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.add_column("intent", sa.Column("said", money))
    op.add_column("intent", sa.Column("approved_at", moment))
    op.add_column("hold", sa.Column("cause", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "book",
        sa.Column("organisation", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("read_at", moment, nullable=False),
    )
