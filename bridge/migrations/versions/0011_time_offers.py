"""The free times that a chat was offered, until one of them is chosen by its number."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
works_from = "0008"
"""The version before does not use the table."""

MOMENT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "time_offers",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("property", sa.String(), nullable=False),
        sa.Column("kind", sa.String()),
        sa.Column("starts", postgresql.JSONB(), nullable=False),
        sa.Column("offered_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("source", "digest"),
    )
    op.create_index("ix_time_offers_offered_at", "time_offers", ["offered_at"])


def downgrade() -> None:
    op.drop_table("time_offers")
