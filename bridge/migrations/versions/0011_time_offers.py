"""The free times that a chat was offered, until one of them is chosen by its number."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from bridge.errors import WorkersRunningError

revision = "0011"
down_revision = "0010"
works_from = "0008"
"""The version before does not use the table."""

LIVING_WORKERS = """
    SELECT EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds')
"""
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
    # As 0005 asks: there a refusal would come when this table is gone already.
    if op.get_bind().scalar(sa.text(LIVING_WORKERS)):
        raise WorkersRunningError("Workers are still running. Stop all processes first.")
    op.drop_table("time_offers")
