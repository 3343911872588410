"""Make the keys anew by which customers and companies are found: each firm at a host of sites has its own domain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Have all contacts read once more, from the first page on, and all companies listed once more.

    A first fill that is under way begins with its first page again.
    """
    cursor = sa.table("cursor", *(sa.column(name) for name in ("organisation", "kind", "since", "page", "highest")))
    contacts = cursor.c.kind == "contacts"
    op.execute(cursor.update().where(contacts, cursor.c.since.is_(None)).values(page=1, highest=None))
    op.execute(cursor.delete().where(cursor.c.kind == "contacts anew"))
    filled = sa.select(cursor.c.organisation, sa.literal("contacts anew"), sa.literal(1))
    op.execute(
        cursor.insert().from_select(
            ["organisation", "kind", "page"], filled.where(contacts, cursor.c.since.is_not(None))
        )
    )
    op.execute("DELETE FROM value WHERE name LIKE 'companies %'")
