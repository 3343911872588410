"""Keep in which currency, and how as to tax, a deal says what its invoice comes to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add the columns. Where they are empty, it is as the invoice was sent."""
    for name in ("said_currency", "said_tax"):
        op.add_column("intent", sa.Column(name, sa.Text, nullable=False, server_default=""))
