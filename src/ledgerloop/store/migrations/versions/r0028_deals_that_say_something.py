"""Find the deals that say something of their invoices without reading all of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Make the index."""
    noted = sa.text("state = 'made' AND note <> ''")
    op.create_index("intent_noted", "intent", ["portal"], sqlite_where=noted, postgresql_where=noted)
