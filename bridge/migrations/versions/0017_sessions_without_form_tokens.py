"""Sessions without the token of their forms: Sec-Fetch-Site and Origin say from which page a form was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0015"
works_from = "0008"
"""The version before asks its forms for the token, so each session still has a random one."""


def upgrade() -> None:
    op.alter_column("sign_ins", "csrf", server_default=sa.text("gen_random_uuid()::text"))


def downgrade() -> None:
    op.alter_column("sign_ins", "csrf", server_default=None)
