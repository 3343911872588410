"""Find an invoice in our copy of the ledger by its deal: by the mark in its reference, and by the deal's address."""

from __future__ import annotations

import re

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_MARK = re.compile(r"\bHS-[0-9]+\b")


def upgrade() -> None:
    """Add the column, fill it from the references that are there, and make the indexes."""
    op.add_column("receivable", sa.Column("mark", sa.Text, nullable=False, server_default=""))
    columns = ("organisation", "id", "reference", "mark")
    receivable = sa.table("receivable", *(sa.column(name, sa.Text) for name in columns))
    connection = op.get_bind()
    query = sa.select(receivable.c.organisation, receivable.c.id, receivable.c.reference)
    rows = connection.execute(query.where(receivable.c.reference.like("%HS-%"))).all()
    marked = [
        {"home": row.organisation, "key": row.id, "found": found[0]}
        for row in rows
        if (found := _MARK.search(row.reference))
    ]
    if marked:
        mine = sa.and_(receivable.c.organisation == sa.bindparam("home"), receivable.c.id == sa.bindparam("key"))
        connection.execute(receivable.update().where(mine).values(mark=sa.bindparam("found")), marked)
    for name in ("mark", "url"):
        there = sa.text(f"{name} <> ''")
        op.create_index(
            f"receivable_by_{name}",
            "receivable",
            ["organisation", name],
            sqlite_where=there,
            postgresql_where=there,
        )
