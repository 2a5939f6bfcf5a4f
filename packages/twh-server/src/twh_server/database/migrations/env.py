"""What alembic runs: the revisions over one connection that `migrate` hands in, as the owner of the tables."""

from alembic import context

from twh_server.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
