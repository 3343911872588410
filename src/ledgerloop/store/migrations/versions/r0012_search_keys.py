"""Look for customers and companies by keys, and keep what people say of who is who."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the tables. The companies are listed anew, for they are looked for by other keys now."""
    op.create_table(
        "search_key",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("record", sa.Text, primary_key=True),
    )
    op.create_index("search_key_by_record", "search_key", ["scope", "record"])
    op.create_table(
        "ruling",
        sa.Column("organisation", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said_by", sa.Text, nullable=False),
    )
    op.add_column("customer", sa.Column("keys", sa.Text, nullable=False, server_default="[]"))
    op.drop_index("customer_by_name", "customer")
    op.drop_column("customer", "name_key")
    op.drop_table("company")
    op.execute("DELETE FROM value WHERE name LIKE 'companies %'")
