"""Keys for signatures, counts of website forms, and the links of renters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"

MOMENT = postgresql.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_table(
        "form_counts",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("hour", MOMENT, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "hour"),
    )
    op.create_table(
        "tour_links",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT),
    )
    op.create_index("ix_tour_links_tour", "tour_links", ["source", "reference"])


def downgrade() -> None:
    for table in ("tour_links", "form_counts", "signing_keys"):
        op.drop_table(table)
