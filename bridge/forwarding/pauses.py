"""A paused integration: its events wait without using up attempts, and one at a time looks whether it is over."""

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from bridge.clock import Clock
from bridge.database import Database
from bridge.forwarding.outcomes import NotYet, Reason
from bridge.models import Integration, Status

PROBE_EVERY = timedelta(minutes=5)


class Pauses:
    """Which integrations are paused, for all workers."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def check(self, integration_id: str) -> bool:
        """Pass when the integration is not paused, or when it is our turn to probe; answers whether it is a probe.

        Raises:
            NotYet: it is paused.
        """
        with self._database.session() as session:
            row = session.get(Integration, integration_id, with_for_update=True)
            if row is None or row.paused_at is None:
                return False
            now = self._clock()
            if row.probe_at is not None and row.probe_at <= now:
                row.probe_at = now + PROBE_EVERY
                return True
            until, reason = row.probe_at or now + PROBE_EVERY, row.reason
        raise NotYet(until, Status.WAITING, Reason.INTEGRATION_PAUSED, f"The integration is paused. {reason}")

    def pause(self, integration_id: str, reason: str) -> NotYet:
        """Pause it until a probe succeeds; what to raise is returned."""
        now = self._clock()
        until = now + PROBE_EVERY
        row = insert(Integration).values(
            integration_id=integration_id, paused_at=now, reason=reason, probe_at=until
        )
        kept = row.on_conflict_do_update(
            index_elements=[Integration.integration_id],
            set_={"paused_at": row.excluded.paused_at, "reason": reason, "probe_at": until},
        )
        with self._database.session() as session:
            session.execute(kept)
        return NotYet(until, Status.WAITING, Reason.INTEGRATION_PAUSED, reason)

    def over(self, integration_id: str) -> None:
        """A call succeeded: nothing is paused any more."""
        running = update(Integration).where(
            Integration.integration_id == integration_id, Integration.paused_at.is_not(None)
        )
        with self._database.session() as session:
            session.execute(running.values(paused_at=None, probe_at=None, reason=None))
