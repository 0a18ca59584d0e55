"""How the console writes dates and numbers for a user."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
works_from = "0008"
"""The version before does not know the column, and the database fills it in."""


def upgrade() -> None:
    op.add_column("users", sa.Column("locale", sa.String(), server_default="en_US", nullable=False))


def downgrade() -> None:
    op.drop_column("users", "locale")
