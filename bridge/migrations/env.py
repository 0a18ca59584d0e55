"""Alembic's entry: runs our migrations on the connection that bridge.database hands in."""

from alembic import context

from bridge.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
