"""Know by which rule links were made and what a person is asked about them, and what a hold lets a person choose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the columns. The links that there are were made by an earlier rule, and are weighed once by the new one.

    Those that nobody need weigh stand: a person, an id or a number said so, or we made the record.
    """
    op.add_column("link", sa.Column("rule", sa.Integer, nullable=False, server_default="0"))
    op.add_column("link", sa.Column("asks", sa.Text, nullable=False, server_default=""))
    op.add_column("hold", sa.Column("choices", sa.Text, nullable=False, server_default="[]"))
    link = sa.table("link", *(sa.column(name) for name in ("kind", "how", "rule")))
    decided = ("link", "id", "number", "created", "ruling", "merged", "restored")
    op.execute(link.update().where(sa.or_(link.c.kind == "deal", link.c.how.in_(decided))).values(rule=1))
    earlier = sa.text("rule = 0")
    op.create_index(
        "link_of_an_earlier_rule",
        "link",
        ["organisation", "kind", "xero_id"],
        sqlite_where=earlier,
        postgresql_where=earlier,
    )
