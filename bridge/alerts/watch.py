"""Looks every minute whether something should be known, and tells what is new or has become worse, once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bridge.alerts import connections, payloads, tours
from bridge.alerts.channels import Channels
from bridge.alerts.digest import DIGEST, Digest
from bridge.alerts.finding import Finding, FindingKind
from bridge.alerts.message import message
from bridge.alerts.state import remember
from bridge.clock import Clock
from bridge.database import Database
from bridge.delivery.tools import Tools
from bridge.models import Alert
from bridge.settings import Settings

if TYPE_CHECKING:
    import procrastinate

log = structlog.get_logger(__name__)


def findings(
    session: Session, settings: Settings, now: datetime, alerts: Mapping[str, Alert]
) -> list[Finding]:
    """All that does not go well now, the most urgent kind first; `told` is what people know, by key."""
    return [
        *tours.unsent(session, settings, now),
        *tours.parked(session, settings, alerts.get(f"{FindingKind.PARKED}:")),
        *connections.paused(session, settings, now),
        *connections.budget(session, settings, now),
        *connections.silent(session, settings, now),
        *connections.unknown_events(session, settings, now),
        *payloads.drifted(session, settings, now),
        *connections.refused(session, settings, now),
    ]


class Watch:
    """Compares what is with what people were told."""

    def __init__(self, settings: Settings, database: Database, channels: Channels, clock: Clock) -> None:
        self._settings, self._database, self._channels, self._clock = settings, database, channels, clock

    def look(self) -> list[Finding]:
        """Tell what is new, has become worse, or is over; answers the first two.

        It is written down after it was told: of a process that dies in between, people hear twice.

        Raises:
            AlertDeliveryError: no channel works; the next look tries again.
        """
        with self._database.session() as session:
            alerts = {row.key: row for row in session.scalars(select(Alert).where(Alert.key != DIGEST))}
            found = findings(session, self._settings, self._clock(), alerts)
        news = [finding for finding in found if finding.lines and _is_news(finding, alerts.get(finding.key))]
        current = {finding.key for finding in found}
        over = [row for key, row in alerts.items() if key not in current]
        endings = [row.state["over"] for row in over if row.state and row.state.get("over")]
        if news or endings:
            self._channels.notify(*message(news, endings, self._settings.server.public_url))
            log.info("alerts sent", findings=len(news), over=len(endings))
        self._note(news, over)
        return news

    def _note(self, news: Iterable[Finding], over: Sequence[Alert]) -> None:
        now = self._clock()
        with self._database.session() as session:
            session.execute(delete(Alert).where(Alert.key.in_([row.key for row in over])))
            for finding in news:
                remember(session, finding.key, finding.level, {**finding.state, "over": finding.over}, now)


def _is_news(finding: Finding, alert: Alert | None) -> bool:
    return alert is None or finding.level > alert.level


def register(app: "procrastinate.App", tools: Tools) -> None:
    """Give a worker the task of looking. Raises ConfigurationError: an address cannot be read."""
    settings, database, clock = tools.settings, tools.database, tools.clock
    channels = Channels(settings.alerts.urls)
    if not channels:
        return
    watch = Watch(settings, database, channels, clock)
    digest = Digest(settings, database, channels, clock)

    @app.periodic(cron="* * * * *")
    @app.task(name="alert", queueing_lock="alert", lock="alert")
    def _alert(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes it
        watch.look()
        digest.send_if_due()
