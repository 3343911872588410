"""Keep a small index of the portal's companies, by name and domain as matching compares them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table and its indexes."""
    op.create_table(
        "company",
        sa.Column("portal", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name_key", sa.Text, nullable=False),
        sa.Column("domain", sa.Text, nullable=False),
    )
    for name, column in (("company_by_name", "name_key"), ("company_by_domain", "domain")):
        op.create_index(
            name,
            "company",
            ["portal", column],
            sqlite_where=sa.text(f"{column} <> ''"),
            postgresql_where=sa.text(f"{column} <> ''"),
        )
