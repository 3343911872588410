"""Remember a customer's further people, what both sides say of its fields, and what became of its HubSpot records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Make the tables, and add the column."""
    op.add_column("customer", sa.Column("persons", sa.Text, nullable=False, server_default="[]"))
    op.create_index(
        "customer_by_winner",
        "customer",
        ["organisation", "merged_into"],
        sqlite_where=sa.text("merged_into <> ''"),
        postgresql_where=sa.text("merged_into <> ''"),
    )
    op.create_table(
        "compared",
        *_key("organisation", "kind", "xero_id"),
        *_texts("xero", "hubspot", "first"),
    )
    op.create_table("person", *_key("organisation", "customer", "email"), *_texts("hubspot_id", "company"))
    op.create_table(
        "lost",
        *_key("organisation", "kind", "hubspot_id"),
        *_texts("xero_id", "how"),
        sa.Column("at", moment, nullable=False),
    )
    op.create_index("lost_by_customer", "lost", ["organisation", "kind", "xero_id"])
    op.create_table(
        "heard",
        *_key("organisation", "kind", "hubspot_id", "what"),
        sa.Column("at", moment, nullable=False),
        sa.Column("mark", sa.Integer, nullable=False),
    )


def _key(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, primary_key=True) for name in names]


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]
