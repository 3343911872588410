"""Keep an invoice's lines as Xero returned them, by which a change by hand shows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column. Where it is empty, what was sent says what changed."""
    op.add_column("intent", sa.Column("stood", sa.Text, nullable=False, server_default=""))
