"""References of bookings that stand in the notes of appointments that were cancelled."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
works_from = "0008"
"""The version before does not use the table: the references that it replaces are not kept."""


def upgrade() -> None:
    op.create_table(
        "earlier_codes",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("code", sa.String(), nullable=False, unique=True),
        sa.Column(
            "booking_id", sa.BigInteger(), sa.ForeignKey("bookings.id", ondelete="CASCADE"), nullable=False
        ),
    )
    op.create_index("ix_earlier_codes_booking_id", "earlier_codes", ["booking_id"])


def downgrade() -> None:
    op.drop_table("earlier_codes")
