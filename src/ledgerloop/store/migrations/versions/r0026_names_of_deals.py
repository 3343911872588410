"""Keep what a deal is called beside its invoice, so that a person can tell which deal is spoken of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Add the column. Where it is empty, the deal's name is taken with its next look."""
    op.add_column("intent", sa.Column("deal_name", sa.Text, nullable=False, server_default=""))
