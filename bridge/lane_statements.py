"""The statements that the queue (bridge/queue.py) sends in pipelines: wake workers, and update the lanes of a result.

All of them lock events before lanes, or wait for no event, and lock lanes in the order of their names.
"""

_MEANT = """
    ended_at IS NULL AND (awaits = ANY(%(codes)s::text[]) OR integration_id = %(integration_id)s::text
        OR booking_id = ANY(%(bookings)s::bigint[]))
"""
WAKE = f"""
    WITH waiting AS MATERIALIZED (
        SELECT id, lock FROM events WHERE {_MEANT} AND next_attempt_at IS NOT NULL
        AND (%(reasons)s::text[] IS NULL OR reason = ANY(%(reasons)s::text[]))
        ORDER BY id FOR UPDATE
    ), running AS MATERIALIZED (
        SELECT lock FROM events JOIN lanes ON lane = lock WHERE {_MEANT} AND lease IS NOT NULL
    ), sooner AS (
        UPDATE events SET next_attempt_at = now() + %(delay)s::interval FROM waiting
        WHERE events.id = waiting.id AND events.next_attempt_at > now() + %(delay)s::interval
    ), locked AS MATERIALIZED (
        SELECT lane FROM lanes WHERE lane IN (SELECT lock FROM waiting UNION SELECT lock FROM running)
        ORDER BY lane FOR UPDATE
    ), looked AS (
        UPDATE lanes SET
            news = news OR lease IS NOT NULL, woken = woken OR lease IS NOT NULL,
            ready = lease IS NULL AND (ready OR %(delay)s::interval = interval '0'),
            rank = CASE WHEN lease IS NULL AND %(soon)s THEN 0 ELSE rank END,
            due_at = CASE WHEN lease IS NULL THEN least(due_at, now() + %(delay)s::interval) ELSE due_at END
        FROM locked WHERE lanes.lane = locked.lane
    )
    SELECT count(*) FROM waiting
"""  # noqa: S608 - SQL of ours

_WAITING = """
    SELECT id, lock FROM events LEFT JOIN unnest(%(codes)s::text[], %(causes)s::bigint[]) AS ended (code, cause)
        ON events.awaits = ended.code AND events.id <> ended.cause
    WHERE ended_at IS NULL AND next_attempt_at IS NOT NULL AND (awaits = ANY(%(codes)s)
        OR (booking_id = ANY(%(bookings)s::bigint[]) AND reason = 'unknown_contact'))
    AND (ended.code IS NOT NULL OR reason = 'unknown_contact')
"""
HOLD = f"""
    WITH mine AS MATERIALIZED (SELECT * FROM unnest(%(lanes)s::text[], %(leases)s::bigint[]) AS mine (lane, lease)),
    named AS MATERIALIZED (SELECT lane FROM mine UNION SELECT lock FROM ({_WAITING}) AS waiting),
    held AS MATERIALIZED (
        SELECT lane, lease FROM lanes WHERE lane IN (SELECT lane FROM named) ORDER BY lane FOR UPDATE OF lanes
    )
    SELECT 1 / (count(*) = cardinality(%(lanes)s::text[]))::int FROM held JOIN mine USING (lane, lease)
"""  # noqa: S608 - SQL of ours
"""Locks all lanes of a commit in one order, and fails (22012, division by zero) unless all leases still hold."""
WOKEN = """
    UPDATE events SET next_attempt_at = now() FROM lanes
    WHERE events.id = ANY(%(waiting)s) AND lanes.lane = events.lock AND lanes.woken
"""
RELEASE = """
    WITH mine AS MATERIALIZED (
        SELECT * FROM unnest(%(lanes)s::text[], %(due)s::timestamptz[], %(ranks)s::bigint[])
            AS mine (lane, due_at, rank)
    ), gone AS (
        DELETE FROM lanes USING mine WHERE lanes.lane = mine.lane AND mine.due_at IS NULL AND NOT lanes.news
    )
    UPDATE lanes SET lease = NULL, claims = 0, news = false, woken = false,
        ready = lanes.news OR mine.due_at <= now(), due_at = coalesce(mine.due_at, now()),
        rank = CASE WHEN lanes.news THEN 0 ELSE mine.rank END
    FROM mine WHERE lanes.lane = mine.lane AND (mine.due_at IS NOT NULL OR lanes.news)
"""
WAKE_OTHERS = f"""
    WITH waiting AS MATERIALIZED ({_WAITING}), free AS MATERIALIZED (
        SELECT id FROM events WHERE id IN (SELECT id FROM waiting) AND ended_at IS NULL AND next_attempt_at > now()
        ORDER BY id FOR UPDATE SKIP LOCKED
    ), sooner AS (UPDATE events SET next_attempt_at = now() FROM free WHERE events.id = free.id)
    UPDATE lanes SET news = news OR lease IS NOT NULL, woken = woken OR lease IS NOT NULL, ready = lease IS NULL,
        rank = CASE WHEN lease IS NULL THEN 0 ELSE rank END,
        due_at = CASE WHEN lease IS NULL THEN least(due_at, now()) ELSE due_at END
    WHERE lane IN (SELECT lock FROM waiting)
"""  # noqa: S608 - SQL of ours
"""Locks no lane that `HOLD` has not locked, but those of events that began to wait since. It waits for no event: who
records one waits for its lane, and finds there that it was woken."""
