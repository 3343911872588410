"""Keep which differences between a deal and its invoice a person called right, so that only others are told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Add the column: nobody could call a difference right until now."""
    op.add_column("intent", sa.Column("accepted", sa.Text, nullable=False, server_default=""))
