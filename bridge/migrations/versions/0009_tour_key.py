"""No two bookings have the same lead, property and start in the PMS."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
works_from = "0008"
"""The version before leaves the column empty: what it writes is not guarded, and blocks nothing."""


def upgrade() -> None:
    op.add_column("bookings", sa.Column("tour_key", sa.String()))
    op.create_index(
        "uq_bookings_tour_key",
        "bookings",
        ["tour_key"],
        unique=True,
        postgresql_where=sa.text("tour_key IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("uq_bookings_tour_key", "bookings")
    op.drop_column("bookings", "tour_key")
