"""The stored events and their lanes become the queue of deliveries.

Old web processes may go on: triggers give the events that they store a lane, pass their news on, and let no worker take
the jobs that they queue. They go with the next release. Old workers must be stopped first.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from bridge.encryption import SealedJson
from bridge.errors import WorkersRunningError
from bridge.migrations.living_workers import has_living_workers, refuse_living_workers

revision = "0005"
down_revision = "0004"

MOMENT = postgresql.TIMESTAMP(timezone=True)
OPEN = "ended_at IS NULL"
INDEXES = {
    "ix_events_lane_open": (["lock", "seq"], OPEN),
    "ix_events_reference_open": (["source", "reference"], OPEN),
    "ix_events_previous_open": (
        ["source", "previous_reference"],
        f"{OPEN} AND previous_reference IS NOT NULL",
    ),
}

HALF_BUILT = """
    SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE NOT indisvalid AND indrelid = 'events'::regclass
"""
OWNERS = """(
    SELECT code, open_attempt_id FROM bookings WHERE open_attempt_id IS NOT NULL
    UNION ALL SELECT code, open_attempt_id FROM leads WHERE open_attempt_id IS NOT NULL
) AS owner"""
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
NEWS = f"""
    CREATE FUNCTION wake_by_news(args jsonb) RETURNS void LANGUAGE sql AS $$
        WITH waiting AS (
            UPDATE events SET next_attempt_at = now()
            WHERE ended_at IS NULL AND next_attempt_at > now() AND CASE
                WHEN reason = 'integration_paused'
                    THEN integration_id = args ->> 'integration_id' AND NOT args ? 'models'
                WHEN reason NOT IN ('lead_id', 'appointment_id', 'confirmation') THEN false
                ELSE args -> 'codes' ? awaits
                    OR (integration_id = args ->> 'integration_id' AND args ? 'models' AND reason <> 'confirmation')
                    OR awaits IN (
                        SELECT code FROM {OWNERS} JOIN attempts ON attempts.id = open_attempt_id
                        WHERE attempts.job_id = args ->> 'job_id')
                END
            RETURNING lock
        )
        UPDATE lanes SET news = news OR lease IS NOT NULL, woken = woken OR lease IS NOT NULL, ready = lease IS NULL
        WHERE lane IN (SELECT lock FROM waiting)
    $$
"""  # noqa: S608 - SQL of ours
JOBS_TRIGGER = """
    CREATE FUNCTION cancel_job() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.task_name = 'look_now' THEN
            PERFORM wake_by_news(NEW.args);
            PERFORM pg_notify('bridge_lanes', '');
        END IF;
        NEW.status := 'cancelled';
        RETURN NEW;
    END $$;
    CREATE TRIGGER cancel_job BEFORE INSERT ON procrastinate_jobs FOR EACH ROW
        WHEN (NEW.task_name IN ('forward', 'look_now')) EXECUTE FUNCTION cancel_job();
"""
TAKE_OVER = (
    # The order inside a contact was that of the jobs; a replay had a new one.
    "UPDATE events SET seq = coalesce(queue_id, id) WHERE ended_at IS NULL",
    """SELECT setval('event_seq', greatest(
        (SELECT max(id) FROM events), (SELECT max(seq) FROM events WHERE ended_at IS NULL), 1))""",
    # Events that waited for an earlier event search for it again.
    "UPDATE events SET next_attempt_at = now(), awaits = NULL WHERE ended_at IS NULL AND reason = 'earlier_event'",
    """UPDATE events SET awaits = 'integration:' || integration_id
        WHERE ended_at IS NULL AND reason = 'integration_paused'""",
    """UPDATE events SET awaits = bookings.code FROM bookings WHERE bookings.id = events.booking_id
        AND ended_at IS NULL AND reason IN ('unknown_booking', 'requested')""",
    # An old worker may still be sending.
    f"""UPDATE attempts SET send_before = now() + interval '2 minutes' FROM {OWNERS}
        WHERE attempts.id = open_attempt_id AND outcome = 'sending'""",  # noqa: S608 - SQL of ours
    # Looks were those of an event, which need not be the one that sent the write.
    f"""UPDATE attempts SET look_count = look.count, look_at = CASE WHEN outcome <> 'sending' THEN look.at END
        FROM (
            SELECT open_attempt_id, max(looks) AS count, min(coalesce(next_attempt_at, now())) AS at
            FROM events JOIN {OWNERS} ON code = awaits
            WHERE ended_at IS NULL AND reason = 'outcome_unknown' GROUP BY open_attempt_id
        ) AS look
        WHERE attempts.id = look.open_attempt_id AND outcome IN ('sending', 'unknown', 'transient', 'conflict')""",  # noqa: S608 - SQL of ours
    """INSERT INTO lanes (lane, rank, ready, due_at, news)
        SELECT lock, 0, min(coalesce(next_attempt_at, now())) <= now(), min(coalesce(next_attempt_at, now())), false
        FROM events WHERE ended_at IS NULL GROUP BY lock""",
    "SELECT wake_by_news(args) FROM procrastinate_jobs WHERE task_name = 'look_now' AND status IN ('todo', 'doing')",
    """UPDATE procrastinate_jobs SET status = 'cancelled'
        WHERE task_name IN ('forward', 'look_now') AND status IN ('todo', 'doing')""",
)
GIVE_JOBS = """
    WITH open AS MATERIALIZED (
        SELECT id, next_attempt_at, nextval(pg_get_serial_sequence('procrastinate_jobs', 'id')) AS job,
            CASE WHEN next_attempt_at > now() + interval '1 minute' OR reason IN ('unknown_booking', 'unknown_contact')
                THEN 'event:' || id ELSE lock END AS lock
        FROM (SELECT * FROM events WHERE ended_at IS NULL ORDER BY seq) AS events
    ), jobs AS (
        INSERT INTO procrastinate_jobs (id, queue_name, task_name, lock, args, scheduled_at)
        SELECT job, 'default', 'forward', lock, jsonb_build_object('event_id', id), next_attempt_at FROM open
    )
    UPDATE events SET queue_id = open.job FROM open WHERE events.id = open.id
"""
"""As the version before queues events: who waits long makes way for the others of its lane."""


def upgrade() -> None:
    connection = op.get_bind()
    # Idle ones count as well: every five minutes they would queue all open events again.
    if has_living_workers(connection):
        raise WorkersRunningError
    # Outside the transaction: the table can be large, and senders go on. It may have been broken off before.
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE events ADD COLUMN IF NOT EXISTS seq bigint")
        half_built = set(op.get_bind().scalars(sa.text(HALF_BUILT)))
        for name, (columns, condition) in INDEXES.items():
            if name in half_built:
                op.drop_index(name, "events", postgresql_concurrently=True)
            op.create_index(
                name,
                "events",
                columns,
                postgresql_where=sa.text(condition),
                postgresql_concurrently=True,
                if_not_exists=True,
            )
    if has_living_workers(op.get_bind()):
        raise WorkersRunningError
    op.execute("CREATE SEQUENCE event_seq")
    op.execute("CREATE SEQUENCE lease_seq")
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
    for statement in (NEWS, *TAKE_OVER, EVENTS_TRIGGER, JOBS_TRIGGER):
        op.execute(statement)


TOUR_OF_BEFORE = {
    "starts_at", "duration_minutes", "appointment_type", "unit_id", "employee_id", "lead_source_id", "title", "notes",
    "reference", "property_name",
}  # fmt: skip
"""The fields of a confirmed tour that the version before knows. It fails on any other."""
UNENCRYPTED = (
    "starts_at", "duration_minutes", "appointment_type", "unit_id", "employee_id", "lead_source_id", "reference",
    "property_name",
)  # fmt: skip
BOOKINGS = sa.table("bookings", sa.column("id"), sa.column("written", SealedJson(*UNENCRYPTED)))
IN_FLIGHT = sa.table("attempts", sa.column("id"), sa.column("outcome"), sa.column("effect", SealedJson()))
CONFIRMED = "SELECT id FROM bookings WHERE written ? 'sealed' OR written - CAST(:known AS text[]) <> '{}'"


def _let_the_version_before_read_tours() -> None:
    """Take out of confirmed tours, and of those that a write in flight confirms, what it does not know."""
    connection = op.get_bind()
    for (number,) in connection.execute(sa.text(CONFIRMED), {"known": sorted(TOUR_OF_BEFORE)}).all():
        row = sa.select(BOOKINGS.c.written).where(BOOKINGS.c.id == number)
        tour = _of_before(connection.scalar(row))
        connection.execute(sa.update(BOOKINGS).where(BOOKINGS.c.id == number).values(written=tour))
    in_flight = sa.select(IN_FLIGHT).where(
        IN_FLIGHT.c.outcome.in_(("sending", "submitted", "unknown")), IN_FLIGHT.c.effect.is_not(None)
    )
    for attempt in connection.execute(in_flight).all():
        if (attempt.effect or {}).get("written"):
            effect = {**attempt.effect, "written": _of_before(attempt.effect["written"])}
            connection.execute(sa.update(IN_FLIGHT).where(IN_FLIGHT.c.id == attempt.id).values(effect=effect))


def _of_before(tour: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (tour or {}).items() if name in TOUR_OF_BEFORE}


def downgrade() -> None:
    """The version before finds its open events with their jobs, in their order."""
    refuse_living_workers(op.get_bind())
    for function in ("give_lane()", "cancel_job()", "wake_by_news(jsonb)"):
        op.execute(f"DROP FUNCTION {function} CASCADE")
    op.execute("UPDATE attempts SET outcome = 'abandoned' WHERE outcome = 'not_sent'")
    op.execute(
        f"""UPDATE events SET looks = attempts.look_count FROM attempts JOIN {OWNERS} ON attempts.id = open_attempt_id
        WHERE events.ended_at IS NULL AND events.reason = 'outcome_unknown' AND events.awaits = code"""  # noqa: S608 - SQL of ours
    )
    op.execute("UPDATE events SET awaits = NULL WHERE awaits LIKE '%:%'")
    _let_the_version_before_read_tours()
    op.execute(GIVE_JOBS)
    for name in INDEXES:
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
