"""The times that tours hold, and what Propexo has answered about free times."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0005"

MOMENT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "slot_calendars",
        sa.Column("property", sa.String(), nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("property", name="pk_slot_calendars"),
    )
    op.create_table(
        "slot_claims",
        sa.Column("booking_id", sa.BigInteger(), nullable=False),
        sa.Column("property", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("agent", sa.String()),
        sa.Column("changed_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["bookings.id"], name="fk_slot_claims_booking_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("booking_id", name="pk_slot_claims"),
    )
    op.create_index("ix_slot_claims_property_starts_at", "slot_claims", ["property", "starts_at"])
    op.create_table(
        "slot_sources",
        sa.Column("integration_id", sa.String(), nullable=False),
        sa.Column("property_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("fetched_at", MOMENT),
        sa.Column("asked_at", MOMENT),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("integration_id", "property_id", "kind", name="pk_slot_sources"),
    )


def downgrade() -> None:
    for table in ("slot_sources", "slot_claims", "slot_calendars"):
        op.drop_table(table)
