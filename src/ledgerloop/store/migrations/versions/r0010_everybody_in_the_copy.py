"""Keep every contact of Xero in our copy, and know who is a customer, who a supplier, and their numbers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the columns, and have all contacts read once more: suppliers were left out, and nobody's numbers were kept.

    Contacts are read anew beside the usual pulls, whose cursor stays, so that no change is missed meanwhile. A first
    fill that is under way begins with its first page again.
    """
    for name in ("is_customer", "is_supplier"):
        op.add_column("customer", sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false()))
    for name in ("tax_number", "company_number"):
        op.add_column("customer", sa.Column(name, sa.Text, nullable=False, server_default=""))
    cursor = sa.table("cursor", *(sa.column(name) for name in ("organisation", "kind", "since", "page", "highest")))
    contacts = cursor.c.kind == "contacts"
    op.execute(cursor.update().where(contacts, cursor.c.since.is_(None)).values(page=1, highest=None))
    filled = sa.select(cursor.c.organisation, sa.literal("contacts anew"), sa.literal(1))
    op.execute(
        cursor.insert().from_select(
            ["organisation", "kind", "page"], filled.where(contacts, cursor.c.since.is_not(None))
        )
    )
