"""What alembic runs: the revisions over one connection that `migrate` hands in, as the owner of the tables."""

from alembic import context

from twh_server.database.revisions import PROMISED
from twh_server.database.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
    if revision := context.get_context().get_current_revision():
        context.execute(PROMISED.format(code_from=context.script.get_revision(revision).module.code_from))
