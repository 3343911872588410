"""Remember which companies were known when one was made, since an older one of these was passed over on purpose."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Add the column; of companies that an earlier release made it is not known."""
    op.add_column("newly_made", sa.Column("passed_over", sa.Text, nullable=False, server_default=""))
