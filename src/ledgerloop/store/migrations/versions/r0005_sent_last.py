"""Remember when the request of an intent left for the last time, beside the first."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column. Where it is empty the first time counts."""
    op.add_column("intent", sa.Column("last_sent_at", sa.DateTime(timezone=True)))
