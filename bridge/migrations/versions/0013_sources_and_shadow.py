"""Sources that are set up in the console, and what events in shadow mode would have written."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
works_from = "0008"
"""The version before uses neither: its workers know the sources of bridge.toml only."""


def upgrade() -> None:
    op.add_column("events", sa.Column("would_write", postgresql.JSONB()))
    op.execute(sa.schema.CreateSequence(sa.Sequence("stored_source_version")))
    op.create_table(
        "stored_sources",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("document", postgresql.JSONB()),
        sa.Column("mode", sa.String()),
        sa.Column("live_since", postgresql.TIMESTAMP(timezone=True)),
        sa.Column("changed_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column(
            "version",
            sa.BigInteger(),
            nullable=False,
            server_default=sa.text("nextval('stored_source_version')"),
        ),
    )


def downgrade() -> None:
    op.drop_table("stored_sources")
    op.execute(sa.schema.DropSequence(sa.Sequence("stored_source_version")))
    op.drop_column("events", "would_write")
