"""Calendar feeds, and an index by which the tours of a day are found."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
works_from = "0008"
"""The version before does not use the table, and the index needs nothing of it."""

MOMENT = postgresql.TIMESTAMP(timezone=True)
# An index needs an expression that is immutable, which a cast to timestamptz is not in general. Here it is: an instant
# always has its offset, and wall time is read as UTC. A text of another form is no start, and never an error: that
# would keep a booking from being stored.
TOUR_START = r"""
    CREATE FUNCTION tour_start(details jsonb) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE
            WHEN details#>>'{start,value,starts_at}' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?([+-]\d\d:\d\d|Z)$'
            THEN (details#>>'{start,value,starts_at}')::timestamptz
            WHEN details#>>'{start,value,starts_at_local}' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$'
            THEN (details#>>'{start,value,starts_at_local}')::timestamp AT TIME ZONE 'UTC'
        END
    $$
"""


def upgrade() -> None:
    op.create_table(
        "calendar_feeds",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("property", sa.String()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("used_at", MOMENT),
        sa.Column("revoked_at", MOMENT),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.execute(TOUR_START)
    op.create_index("ix_bookings_tour_start", "bookings", [sa.text("tour_start(details)")])


def downgrade() -> None:
    op.drop_index("ix_bookings_tour_start", "bookings")
    op.execute("DROP FUNCTION tour_start(jsonb)")
    op.drop_table("calendar_feeds")
