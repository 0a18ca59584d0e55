"""Details, known contacts and choices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "choices",
        sa.Column("integration_id", sa.String(), nullable=False),
        sa.Column("property_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("fetched_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("records", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("integration_id", "property_id", "kind", name=op.f("pk_choices")),
    )
    op.create_table(
        "known_contacts",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("source", "contact_id", name=op.f("pk_known_contacts")),
    )
    op.add_column(
        "events",
        sa.Column(
            "query", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default=sa.text("'{}'")
        ),
    )
    op.alter_column("events", "query", server_default=None)  # only for the rows that are there
    op.add_column("events", sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
