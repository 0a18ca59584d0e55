"""Time, made to pass quickly: what waits for a moment need not wait for it, and who is dead is known to be dead.

Nothing of the bridge is changed for it. The moments stand in its database, where Propexo's own webhooks and a person's
`bridge integrations resume` change them as well.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import psycopg
from sqlalchemy import TextClause, text
from sqlalchemy.exc import SQLAlchemyError

from bridge.database import Database
from bridge.queue import CHANNEL, LEASE
from bridge.sandbox.state import Sandbox

PATIENCE = 10
"""Seconds after which time passes by what somebody else holds locked."""
_IN_TIME = text(f"SET LOCAL statement_timeout = '{PATIENCE}s'")
# What a worker has locked at this moment is left out: the next round comes soon.
_EVENTS = text("""
    UPDATE events SET next_attempt_at = now() WHERE id IN (
        SELECT id FROM events WHERE ended_at IS NULL AND next_attempt_at > now()
        AND (reason IS DISTINCT FROM 'unknown_booking' OR (:all_told
            AND NOT EXISTS (SELECT FROM events other WHERE other.ended_at IS NULL AND other.reason IS DISTINCT FROM
                            'unknown_booking')))
        ORDER BY id FOR UPDATE SKIP LOCKED)
""")
"""Whoever waits for a booking that nobody has named yet looks six times only: not before all has been told."""
_LOOKS = text("""
    UPDATE attempts SET look_at = now() WHERE id IN (
        SELECT id FROM attempts WHERE look_at > now() ORDER BY id FOR UPDATE SKIP LOCKED)
""")
_LANES = text("""
    UPDATE lanes SET ready = true, due_at = now() WHERE lane IN (
        SELECT lane FROM lanes WHERE lease IS NULL AND NOT ready AND EXISTS (
            SELECT FROM events WHERE lock = lane AND ended_at IS NULL AND next_attempt_at <= now())
        ORDER BY lane FOR UPDATE SKIP LOCKED)
""")
_SWEEP = text("UPDATE sweeps SET read_at = read_at - interval '1 minute'")
_PROBE = text("UPDATE integrations SET probe_at = probe_at - interval '5 minutes' WHERE probe_at > now()")
_NOTIFY = text(f"SELECT pg_notify('{CHANNEL}', '')")
"""Workers look for lanes now, and not when their second is over."""
STATEMENTS = (_EVENTS, _LOOKS, _LANES, _SWEEP, _PROBE, _NOTIFY)
_OLD_JOBS = text("""
    UPDATE procrastinate_jobs SET scheduled_at = now() WHERE id IN (
        SELECT job.id FROM procrastinate_jobs job JOIN events ON job.id = events.queue_id
        WHERE job.status = 'todo' AND job.scheduled_at > now()
        AND (reason IS DISTINCT FROM 'unknown_booking' OR (:all_told
            AND NOT EXISTS (SELECT FROM events other WHERE other.ended_at IS NULL AND other.reason IS DISTINCT FROM
                            'unknown_booking')))
        ORDER BY job.id FOR UPDATE OF job SKIP LOCKED)
""")
_OLD_NOTIFY = text(
    'SELECT pg_notify(\'procrastinate_any_queue_v1\', \'{"type": "job_inserted", "job_id": 0}\')'
)
OLD_STATEMENTS = (_OLD_JOBS, _SWEEP, _PROBE, _OLD_NOTIFY)
"""The same on the tables of the version before, whose queue was another."""
_LEASES = text("""
    UPDATE lanes SET due_at = now() WHERE lease IS NOT NULL AND due_at > now() AND due_at <= :until
""")
"""Leases that were taken, or extended, until somebody died."""
_SENDS = text("""
    UPDATE attempts SET send_before = now() - interval '1 minute'
    WHERE outcome = 'sending' AND started_at <= :until AND send_before > now() - interval '1 minute'
""")
"""Writes of the dead, which they have sent by now or never will: their traces may be looked for."""


@dataclass
class Death:
    """Whoever worked until this moment does so no more."""

    at: datetime
    is_over: Callable[[], bool] = lambda: True
    """Whether all processes of the dead have ended as well; as long as one has not, it may still send."""


class Passing:
    """A thread that lets time pass; `with passing:` around all that happens."""

    def __init__(self, database: Database, sandbox: Sandbox, *, every: float, buries: bool = True) -> None:
        self.database, self.sandbox = database, sandbox
        self.every = every
        """Seconds between two moments at which everybody may look again."""
        self.buries = buries
        """Whether leases of the dead end at once. Else nobody is declared dead."""
        self.deaths: list[Death] = []
        self.leases_until: datetime | None = None
        """Leases taken until then have ended; for who is frozen and may go on, and send."""
        self.all_reported = False
        self.stands_still = threading.Event()
        self.statements = STATEMENTS
        self.guard = threading.Lock()
        """Whoever holds it lets time stand still for as long."""
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
                if self.buries:
                    self._bury()
                if not self.stands_still.is_set():
                    self._hasten()
            except (SQLAlchemyError, psycopg.Error):
                continue  # the database is away

    def _hasten(self) -> None:
        for statement in self.statements:
            with self.guard:
                self._do(
                    statement, **({"all_told": self.all_reported} if "all_told" in statement.text else {})
                )

    def _bury(self) -> None:
        """Let the lanes of dead workers be taken over now, and not when their leases end."""
        if self.leases_until is not None:
            self._do(_LEASES, until=self.leases_until + LEASE)
        for death in list(self.deaths):
            if death.is_over():
                self._do(_LEASES, until=death.at + LEASE)
                self._do(_SENDS, until=death.at)
                self.deaths.remove(death)

    def _do(self, statement: TextClause, **values: object) -> None:
        """In a transaction of its own, so that no worker waits for several."""
        with self.database.session() as session:
            session.execute(_IN_TIME)
            session.execute(statement, values)
