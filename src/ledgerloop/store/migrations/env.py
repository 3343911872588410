"""Run the migrations on the connection that ``Database.migrate`` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from ledgerloop.store.tables import metadata

# SQLite can undo CREATE TABLE, but Alembic assumes that it cannot: one transaction, all of it or nothing.
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
