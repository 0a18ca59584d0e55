"""What a worker asks of a long queue: who else has the lock of a job."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # Procrastinate's own index of locks has the id first, so that each fetch reads all jobs that wait.
    # The queue's tables may outlive ours, and this index with them.
    op.create_index(
        "ix_jobs_lock",
        "procrastinate_jobs",
        ["lock", "id"],
        postgresql_where=sa.text("status IN ('todo', 'doing')"),
        if_not_exists=True,
    )
