"""Details, known contacts and choices."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "choices",
        sa.Column("integration_id", sa.String(), nullable=False),
        sa.Column("property_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("fetched_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("records", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("integration_id", "property_id", "kind", name=op.f("pk_choices")),
    )
    op.create_table(
        "known_contacts",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("contact_id", sa.String(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("used_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "contact_id", name=op.f("pk_known_contacts")),
    )
    op.add_column(
        "events",
        sa.Column(
            "query", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default=sa.text("'{}'")
        ),
    )
    op.alter_column("events", "query", server_default=None)  # only for the rows that are there
    op.add_column("events", sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("events", sa.Column("original_body", sa.LargeBinary(), nullable=True))
    op.add_column("events", sa.Column("original_content_type", sa.String(), nullable=True))
    op.add_column("events", sa.Column("history", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("events", sa.Column("integration_id", sa.String(), nullable=True))
    op.add_column("events", sa.Column("awaits", sa.String(), nullable=True))
    for column in ("integration_id", "awaits"):
        name = f"ix_events_{column.removesuffix('_id')}"
        op.create_index(name, "events", [column], postgresql_where=sa.text("ended_at IS NULL"))
    op.add_column(
        "integrations", sa.Column("failures", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.alter_column("integrations", "failures", server_default=None)
    op.add_column(
        "integrations", sa.Column("failing_since", postgresql.TIMESTAMP(timezone=True), nullable=True)
    )
    op.add_column("integrations", sa.Column("cause", sa.String(), nullable=True))
    op.create_table(
        "notices",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("received_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_notices")),
    )
    op.add_column("events", sa.Column("blanked_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    op.add_column("events", sa.Column("removed_at", postgresql.TIMESTAMP(timezone=True), nullable=True))
    kept = sa.text("ended_at IS NOT NULL AND removed_at IS NULL")
    op.create_index("ix_events_kept", "events", ["ended_at"], postgresql_where=kept)
    op.create_table(
        "erasures",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("erased_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    for table, column in (("events", "lock"), ("procrastinate_jobs", "lock"), ("leads", "contact")):
        op.execute(
            f"UPDATE {table} SET {column} = 'contact:' || encode(sha256(convert_to({column}, 'UTF8')), 'hex') "  # noqa: S608 - names of ours
            f"WHERE {column} LIKE 'email:%' OR {column} LIKE 'phone:%'"
        )
    op.drop_table("budget")  # it held one minute
    op.create_table(
        "budget",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("window", sa.BigInteger(), nullable=False),
        sa.Column("began", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("called_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("seen", sa.BigInteger(), nullable=False),
        sa.Column("in_flight", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("allowed", sa.BigInteger(), nullable=True),
        sa.Column("blocked_until", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_budget")),
    )
    op.create_table(
        "sweeps",
        sa.Column("integration_id", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("read_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("integration_id", "category", name=op.f("pk_sweeps")),
    )
    op.add_column("attempts", sa.Column("integration_id", sa.String(), nullable=True))
    op.add_column("attempts", sa.Column("listed", sa.String(), nullable=True))
    op.add_column(
        "attempts", sa.Column("unlisted", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.alter_column("attempts", "unlisted", server_default=None)
    submitted = sa.text("outcome = 'submitted'")
    op.create_index("ix_attempts_submitted", "attempts", ["integration_id"], postgresql_where=submitted)
