"""How the console writes dates and numbers for a user."""

import sqlalchemy as sa
from alembic import op

from bridge.errors import WorkersRunningError

revision = "0018"
down_revision = "0017"
works_from = "0008"
"""The version before does not know the column, and the database fills it in."""

LIVING_WORKERS = """
    SELECT EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds')
"""


def upgrade() -> None:
    op.add_column("users", sa.Column("locale", sa.String(), server_default="en_US", nullable=False))


def downgrade() -> None:
    # As 0005 asks: there a refusal would come when the column is gone already.
    if op.get_bind().scalar(sa.text(LIVING_WORKERS)):
        raise WorkersRunningError("Workers are still running. Stop all processes first.")
    op.drop_column("users", "locale")
