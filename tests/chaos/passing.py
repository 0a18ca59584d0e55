"""Time, made to pass quickly: what waits for a moment need not wait for it, and who is dead is known to be dead.

Nothing of the bridge is changed for it. The moments stand in its database, where Propexo's own webhooks and a person's
`bridge integrations resume` change them as well.
"""

import asyncio
import threading
from collections.abc import Collection

import psycopg
from procrastinate.exceptions import ProcrastinateException
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from bridge.clock import utc_now
from bridge.database import Database
from bridge.delivery.job import take_over
from bridge.queue import queue_app
from bridge.sandbox.state import Sandbox

PATIENCE = 10
"""Seconds after which time passes by what somebody else holds locked."""
_IN_TIME = text(f"SET LOCAL statement_timeout = '{PATIENCE}s'")
_HASTEN = text("""
    UPDATE procrastinate_jobs job SET scheduled_at = now() FROM events
    WHERE job.id = events.queue_id AND job.status = 'todo' AND job.scheduled_at > now()
    AND (events.reason IS DISTINCT FROM 'unknown_booking' OR (:all_told
        AND NOT EXISTS (SELECT FROM events other WHERE other.ended_at IS NULL AND other.reason IS DISTINCT FROM
                        'unknown_booking')))
""")
"""Whoever waits for a booking that nobody has named yet looks six times only: not before all has been told."""
_SWEEP = text("UPDATE sweeps SET read_at = read_at - interval '1 minute'")
_PROBE = text("UPDATE integrations SET probe_at = probe_at - interval '5 minutes' WHERE probe_at > now()")
_TELL = text('SELECT pg_notify(\'procrastinate_any_queue_v1\', \'{"type": "job_inserted", "job_id": 0}\')')
"""Workers look for jobs now, and not when their second is over."""
_BURY = text("""
    UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'
    WHERE id = ANY(:dead) OR id NOT IN (SELECT id FROM procrastinate_workers ORDER BY id DESC LIMIT :living)
""")


class Passing:
    """A thread that lets time pass; `with passing:` around all that happens."""

    def __init__(self, database: Database, sandbox: Sandbox, *, every: float, workers: int = 1) -> None:
        self.database, self.sandbox = database, sandbox
        self.every = every
        """Seconds between two moments at which everybody may look again."""
        self.workers = workers
        """How many are alive at most: those that registered last; the others are dead. 0: nobody is declared dead."""
        self.dead: Collection[int] = ()
        self.all_told = False
        self.stands_still = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Passing":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(3 * PATIENCE)
        assert not self._thread.is_alive(), (
            "the database has kept somebody waiting, although nobody works any more"
        )

    def _run(self) -> None:
        while not self._ended.wait(self.every):
            for integration in self.sandbox.integrations:
                self.sandbox.sync(integration.id)
            try:
                if not self.stands_still.is_set():
                    self._hasten()
                if self.workers:
                    self._bury()
            except (SQLAlchemyError, ProcrastinateException, psycopg.Error):
                continue  # the database is away

    def _hasten(self) -> None:
        with self.database.session() as session:
            session.execute(_IN_TIME)
            session.execute(_HASTEN, {"all_told": self.all_told})
            session.execute(_SWEEP)
            session.execute(_PROBE)
            session.execute(_TELL)

    def _bury(self) -> None:
        """Let the jobs of dead workers be taken over now, and not after half a minute without a heartbeat."""
        with self.database.session() as session:
            session.execute(_IN_TIME)
            session.execute(_BURY, {"dead": list(self.dead), "living": self.workers})
            stalled = text("""
                SELECT EXISTS (SELECT FROM procrastinate_jobs job LEFT JOIN procrastinate_workers worker
                ON worker.id = job.worker_id WHERE job.status = 'doing'
                AND (worker.id IS NULL OR worker.last_heartbeat < now() - interval '30 seconds'))
            """)
            if not session.scalar(stalled):
                return
        asyncio.run(self._take_over())

    async def _take_over(self) -> None:
        app = queue_app(self.database, worker=True)
        async with app.open_async():
            await take_over(app, utc_now)
