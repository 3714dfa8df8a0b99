"""Alembic's entry: migrates on the connection that `windward.store.sql.schema` hands over, in its transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
