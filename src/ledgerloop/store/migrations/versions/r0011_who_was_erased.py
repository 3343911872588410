"""Remember, by keyed hashes, which addresses were erased in HubSpot for privacy; find people by email and record."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table. Whose contacts were erased before is hashed when the customer is next looked at."""
    op.create_table(
        "erased",
        sa.Column("digest", sa.Text, primary_key=True),
        sa.Column("contact", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("erased_by_contact", "erased", ["contact"])
    op.create_index("person_by_email", "person", ["email"])
    op.create_index("person_by_record", "person", ["hubspot_id"])
