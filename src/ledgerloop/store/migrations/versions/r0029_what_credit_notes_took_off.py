"""Keep what credit notes took off an invoice: one that they took off in full bills nothing any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

money = sa.Numeric().with_variant(sa.Text(), "sqlite")


def upgrade() -> None:
    """Add the column. What is there counts as not credited until it changes in Xero."""
    op.add_column("receivable", sa.Column("credit_notes", money, nullable=False, server_default="0"))
