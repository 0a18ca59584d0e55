"""The id of the request that brought an event, by which the log and the event lead to each other."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0013"
works_from = "0008"
"""The version before leaves the column empty."""


def upgrade() -> None:
    op.add_column("events", sa.Column("request_id", sa.String(), nullable=True))
    op.create_index(
        "ix_events_request", "events", ["request_id"], postgresql_where=sa.text("request_id IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_events_request", table_name="events")
    op.drop_column("events", "request_id")
