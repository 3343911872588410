"""The schema's history, run by Alembic. A revision is never changed once it was released."""
