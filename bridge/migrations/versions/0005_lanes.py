"""The stored events and their lanes become the queue of deliveries.

Old web processes may go on: a trigger gives the events that they store a lane, and a second one lets no worker take
the jobs that they queue. Both go with the next release. Old workers must be stopped first.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from bridge.errors import WorkersRunningError

revision = "0005"
down_revision = "0004"

MOMENT = postgresql.TIMESTAMP(timezone=True)
OPEN = sa.text("ended_at IS NULL")

LIVING_WORKERS = """
    SELECT count(*) FROM procrastinate_jobs job JOIN procrastinate_workers worker ON worker.id = job.worker_id
    WHERE job.status = 'doing' AND job.task_name = 'forward' AND worker.last_heartbeat > now() - interval '30 seconds'
"""
EVENTS_TRIGGER = """
    CREATE FUNCTION give_lane() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_OP = 'UPDATE' THEN  -- a replay at an old console
            NEW.seq := nextval('event_seq');
            NEW.rank := NULL;
        END IF;
        INSERT INTO lanes (lane, rank, ready, due_at, news) VALUES (NEW.lock, 0, true, now(), true)
        ON CONFLICT (lane) DO UPDATE SET news = true, rank = 0, ready = lanes.lease IS NULL;
        PERFORM pg_notify('bridge_lanes', '');
        RETURN NEW;
    END $$;
    CREATE TRIGGER give_lane_at_arrival BEFORE INSERT ON events FOR EACH ROW
        WHEN (NEW.queue_id IS NOT NULL AND NEW.ended_at IS NULL) EXECUTE FUNCTION give_lane();
    CREATE TRIGGER give_lane_at_replay BEFORE UPDATE OF queue_id ON events FOR EACH ROW
        WHEN (NEW.queue_id IS DISTINCT FROM OLD.queue_id AND NEW.queue_id IS NOT NULL AND NEW.ended_at IS NULL)
        EXECUTE FUNCTION give_lane();
"""
JOBS_TRIGGER = """
    CREATE FUNCTION cancel_forward_job() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.status := 'cancelled';
        RETURN NEW;
    END $$;
    CREATE TRIGGER cancel_forward_job BEFORE INSERT ON procrastinate_jobs FOR EACH ROW
        WHEN (NEW.task_name = 'forward') EXECUTE FUNCTION cancel_forward_job();
"""
TAKE_OVER = (
    # The order inside a contact was that of the jobs; a replay had a new one.
    "UPDATE events SET seq = coalesce(queue_id, id) WHERE ended_at IS NULL",
    """SELECT setval('event_seq', greatest(
        (SELECT max(id) FROM events), (SELECT max(queue_id) FROM events), 1))""",
    # Who waited for an earlier event looks for it anew.
    "UPDATE events SET next_attempt_at = now(), awaits = NULL WHERE ended_at IS NULL AND reason = 'earlier_event'",
    """UPDATE events SET awaits = 'integration:' || integration_id
        WHERE ended_at IS NULL AND reason = 'integration_paused'""",
    """UPDATE events SET awaits = bookings.code FROM bookings WHERE bookings.id = events.booking_id
        AND ended_at IS NULL AND reason IN ('unknown_booking', 'requested')""",
    # An old worker may still be sending.
    "UPDATE attempts SET send_before = now() + interval '2 minutes' WHERE outcome = 'sending'",
    """UPDATE attempts SET look_count = events.looks, look_at = coalesce(events.next_attempt_at, now())
        FROM events WHERE events.id = attempts.event_id AND events.reason = 'outcome_unknown'
        AND events.ended_at IS NULL AND attempts.outcome IN ('unknown', 'transient', 'conflict')""",
    """INSERT INTO lanes (lane, rank, ready, due_at, news)
        SELECT lock, 0, min(coalesce(next_attempt_at, now())) <= now(), min(coalesce(next_attempt_at, now())), false
        FROM events WHERE ended_at IS NULL GROUP BY lock""",
    """UPDATE procrastinate_jobs SET status = 'cancelled'
        WHERE task_name IN ('forward', 'look_now') AND status IN ('todo', 'doing')""",
)


def upgrade() -> None:
    connection = op.get_bind()
    if connection.scalar(sa.text(LIVING_WORKERS)):
        raise WorkersRunningError
    op.execute("CREATE SEQUENCE event_seq")
    op.execute("CREATE SEQUENCE lease_seq")
    op.add_column("events", sa.Column("seq", sa.BigInteger()))
    op.execute("ALTER TABLE events ALTER seq SET DEFAULT nextval('event_seq')")
    op.add_column("events", sa.Column("rank", sa.BigInteger()))
    op.add_column("events", sa.Column("first_call_at", MOMENT))
    op.add_column("attempts", sa.Column("send_before", MOMENT))
    op.add_column("attempts", sa.Column("look_count", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("attempts", sa.Column("look_at", MOMENT))
    op.create_table(
        "lanes",
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("lease", sa.BigInteger()),
        sa.Column("claims", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("news", sa.Boolean(), nullable=False, server_default="false"),
        sa.Column("woken", sa.Boolean(), nullable=False, server_default="false"),
        sa.PrimaryKeyConstraint("lane", name="pk_lanes"),
        postgresql_with={"fillfactor": "70"},
    )
    op.create_index("ix_lanes_ready", "lanes", ["rank", "lane"], postgresql_where=sa.text("ready"))
    op.create_index("ix_lanes_due", "lanes", ["due_at"], postgresql_where=sa.text("NOT ready"))
    for statement in TAKE_OVER:
        op.execute(statement)
    op.execute(EVENTS_TRIGGER)
    op.execute(JOBS_TRIGGER)
    # Outside the transaction: the table can be large, and senders go on.
    with op.get_context().autocommit_block():
        _index("ix_events_lane_open", ["lock", "seq"], OPEN)
        _index("ix_events_reference_open", ["source", "reference"], OPEN)
        previous = sa.text("ended_at IS NULL AND previous_reference IS NOT NULL")
        _index("ix_events_previous_open", ["source", "previous_reference"], previous)


def _index(name: str, columns: list[str], condition: sa.TextClause) -> None:
    op.create_index(
        name, "events", columns, postgresql_where=condition, postgresql_concurrently=True, if_not_exists=True
    )


def downgrade() -> None:
    """The version before finds its open events without a job, and queues them within five minutes."""
    op.execute("DROP FUNCTION give_lane CASCADE")
    op.execute("DROP FUNCTION cancel_forward_job CASCADE")
    op.execute("UPDATE attempts SET outcome = 'abandoned' WHERE outcome = 'not_sent'")
    op.execute("UPDATE events SET awaits = NULL WHERE awaits LIKE '%:%'")
    for name in ("ix_events_lane_open", "ix_events_reference_open", "ix_events_previous_open"):
        op.drop_index(name, "events")
    op.drop_table("lanes")
    for table, columns in {
        "events": ("seq", "rank", "first_call_at"),
        "attempts": ("send_before", "look_count", "look_at"),
    }.items():
        for column in columns:
            op.drop_column(table, column)
    op.execute("DROP SEQUENCE event_seq")
    op.execute("DROP SEQUENCE lease_seq")
