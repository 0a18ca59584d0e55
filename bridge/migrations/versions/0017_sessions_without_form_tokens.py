"""Sessions without the token of their forms: Sec-Fetch-Site and Origin say from which page a form was sent."""

import sqlalchemy as sa
from alembic import op

from bridge.errors import WorkersRunningError

revision = "0017"
down_revision = "0015"
works_from = "0008"
"""The version before asks its forms for the token, so each session still has a random one."""

LIVING_WORKERS = """
    SELECT EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds')
"""


def upgrade() -> None:
    op.alter_column("sign_ins", "csrf", server_default=sa.text("gen_random_uuid()::text"))


def downgrade() -> None:
    # As 0005 asks: there a refusal would come when the default is gone already.
    if op.get_bind().scalar(sa.text(LIVING_WORKERS)):
        raise WorkersRunningError("Workers are still running. Stop all processes first.")
    op.alter_column("sign_ins", "csrf", server_default=None)
