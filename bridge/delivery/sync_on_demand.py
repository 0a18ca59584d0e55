"""Asks Propexo for a sync when a tour cannot wait for the next one, and wakes who waits when it has ended."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge import queue
from bridge.delivery.rules.sync_on_demand import MODEL_OF, Waiter, is_look_due, is_soon, models_to_sync
from bridge.delivery.tools import Tools
from bridge.models import Booking, Event, IntegrationState, ProcessedWebhook, Status
from bridge.propexo.errors import PropexoError
from bridge.settings import Settings

if TYPE_CHECKING:
    import procrastinate

log = structlog.get_logger(__name__)

MOST_WAITERS = 1000
"""Events that are looked at; so many that wait for one sync need it in any case."""
KNOWN_FOR = timedelta(minutes=10)
"""How long the time of the last completed sync is taken for true."""


class SyncOnDemand:
    """Of one worker; what was asked for is kept in the database, so that all of them together ask once."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._completed: dict[str, tuple[datetime | None, datetime]] = {}
        """Of each integration when its last sync was completed, and when that was read."""
        self._looked: dict[str, datetime] = {}

    def run(self) -> None:
        """Check all integrations for which an event waits."""
        if not self._tools.settings.propexo.sync_on_demand:
            return
        with self._tools.database.session() as session:
            waiting = waiters(session, self._tools.settings)
            asked = _asked(session)
        for integration_id, found in waiting.items():
            try:
                self._look_after(integration_id, found, asked.get(integration_id))
            except PropexoError as error:
                log.warning("no sync could be asked for", integration_id=integration_id, error=error.message)

    def _look_after(self, integration_id: str, found: Sequence[Waiter], asked_at: datetime | None) -> None:
        account, now = self._tools.settings.propexo, self._tools.clock()
        every, pause = timedelta(hours=account.sync_hours), timedelta(minutes=account.sync_on_demand_minutes)
        if asked_at is not None and now - asked_at < pause:
            self._wake_after_sync(integration_id, asked_at, now)
            return
        if not any(is_soon(waiter, now + every, now) for waiter in found):
            return
        start = min(waiter.start for waiter in found if waiter.start)
        with self._tools.calls_for(start):
            models = models_to_sync(
                found,
                last_completed=self._last_completed(integration_id, now),
                asked_at=asked_at,
                now=now,
                every=every,
                pause=pause,
            )
            if models and self._claim(integration_id, now, pause):
                self._tools.propexo.manual_sync(integration_id, models)
                log.info("asked for a sync", integration_id=integration_id, models=models)

    def _wake_after_sync(self, integration_id: str, asked_at: datetime, now: datetime) -> None:
        """A webhook reports it immediately where one is registered; this is for all others."""
        if not is_look_due(asked_at, self._looked.get(integration_id), now):
            return
        self._looked[integration_id] = now
        completed = self._last_completed(integration_id, now, at_most=timedelta(0))
        if completed is not None and completed > asked_at:
            with self._tools.database.session() as session:
                queue.wake(session, integration_id=integration_id, reasons=[*MODEL_OF])

    def _last_completed(
        self, integration_id: str, now: datetime, at_most: timedelta = KNOWN_FOR
    ) -> datetime | None:
        known = self._completed.get(integration_id)
        if known is None or now - known[1] >= at_most:
            integration = self._tools.propexo.get_integration(integration_id)
            known = self._completed[integration_id] = (
                integration.last_completed_sync if integration else None,
                now,
            )
        return known[0]

    def _claim(self, integration_id: str, now: datetime, pause: timedelta) -> bool:
        """Record that a sync is asked for, before it is: no other worker asks, even if this one dies now."""
        asking = insert(ProcessedWebhook).values(key=_key(integration_id), received_at=now)
        again = asking.on_conflict_do_update(
            index_elements=[ProcessedWebhook.key],
            set_={"received_at": now},
            where=ProcessedWebhook.received_at <= now - pause,
        ).returning(ProcessedWebhook.key)
        with self._tools.database.session() as session:
            return session.scalar(again) is not None


def waiters(session: Session, settings: Settings) -> dict[str, list[Waiter]]:
    """Who waits for a sync, by integration; not of integrations that are paused."""
    paused = select(IntegrationState.integration_id).where(IntegrationState.paused_at.is_not(None))
    rows = session.execute(
        select(Event.reason, Event.integration_id, Booking)
        .join(Booking, Booking.id == Event.booking_id)
        .where(
            Event.ended_at.is_(None),
            Event.status == Status.WAITING,
            Event.reason.in_([*MODEL_OF]),
            Event.integration_id.is_not(None),
            Event.integration_id.not_in(paused),
        )
        .order_by(Event.id)
        .limit(MOST_WAITERS)
    )
    models: dict[str | None, str] = {reason.value: model for reason, model in MODEL_OF.items()}
    found: dict[str, list[Waiter]] = defaultdict(list)
    for reason, integration_id, booking in rows:
        assert integration_id is not None  # by the query
        found[integration_id].append(Waiter(models[reason], _start(booking, settings)))
    return found


def _start(booking: Booking, settings: Settings) -> datetime | None:
    start = (booking.details.get("start") or {}).get("value") or {}
    place = settings.properties.get(booking.property or "")
    if start.get("starts_at"):
        return datetime.fromisoformat(start["starts_at"])
    if start.get("starts_at_local") and place:
        return datetime.fromisoformat(start["starts_at_local"]).replace(tzinfo=ZoneInfo(place.time_zone))
    return None


_PREFIX = "manual-sync:"


def _key(integration_id: str) -> str:
    return f"{_PREFIX}{integration_id}"


def _asked(session: Session) -> Mapping[str, datetime]:
    """When a sync was last asked for, by integration."""
    rows = session.execute(
        select(ProcessedWebhook.key, ProcessedWebhook.received_at).where(
            ProcessedWebhook.key.startswith(_PREFIX)
        )
    )
    return {key.removeprefix(_PREFIX): at for key, at in rows}


def register(app: "procrastinate.App", tools: Tools) -> None:
    """Give a worker the task of looking every minute."""
    on_demand = SyncOnDemand(tools)

    @app.periodic(cron="* * * * *")
    @app.task(name="sync_on_demand", queueing_lock="sync_on_demand")
    def _sync_on_demand(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes it
        on_demand.run()
