"""Remember of each customer that waits whether the brake stopped it, so that the others go on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column."""
    op.add_column("dirty", sa.Column("stopped_at", sa.DateTime(timezone=True)))
