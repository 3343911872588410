"""Remember since when a lane fails and why, and what was refused at each vendor's webhook address."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the columns and make the table."""
    op.add_column("lane", sa.Column("failing_since", sa.DateTime(timezone=True)))
    op.add_column("lane", sa.Column("problem", sa.Text, nullable=False, server_default=""))
    op.add_column("lane", sa.Column("failed_why", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "signature",
        sa.Column("vendor", sa.Text, primary_key=True),
        sa.Column("right_at", sa.DateTime(timezone=True)),
        sa.Column("refused", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("refused_since", sa.DateTime(timezone=True)),
        sa.Column("refused_at", sa.DateTime(timezone=True)),
        sa.Column("why", sa.Text, nullable=False, server_default=""),
        sa.Column("ever", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
    )
