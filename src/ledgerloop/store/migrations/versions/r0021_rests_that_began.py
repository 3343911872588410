"""Remember when a rest began, so that one that a wrong clock has kept is told from one that was asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Add the columns; rests of the earlier release end when they were to."""
    op.add_column("lane", sa.Column("parked_at", sa.DateTime(timezone=True)))
    op.add_column("allowance", sa.Column("rests_since", sa.DateTime(timezone=True)))
