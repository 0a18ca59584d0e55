"""Check every minute for problems, and send an alert once for each that is new or has become worse."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.orm import Session

from bridge.alerts import connections, payloads, tours
from bridge.alerts.channels import Channels
from bridge.alerts.digest import DIGEST, Digest
from bridge.alerts.finding import Finding, FindingKind
from bridge.alerts.message import message
from bridge.alerts.storage import forget, remember, sent_alerts
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
    """All current problems, the most urgent kind first. `alerts` are those that were sent, by key."""
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


class AlertChecker:
    """Compares the current problems with the alerts that were sent."""

    def __init__(self, settings: Settings, database: Database, channels: Channels, clock: Clock) -> None:
        self._settings, self._database, self._channels, self._clock = settings, database, channels, clock

    def check(self) -> list[Finding]:
        """Send what is new, has become worse, or is over. Returns the first two.

        An alert is noted after it was sent: if the process dies in between, it is sent twice.

        Raises:
            AlertDeliveryError: no channel works; the next look tries again.
        """
        with self._database.session() as session:
            alerts = sent_alerts(session, without=DIGEST)
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
            forget(session, [row.key for row in over])
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
    watch = AlertChecker(settings, database, channels, clock)
    digest = Digest(settings, database, channels, clock)

    @app.periodic(cron="* * * * *")
    @app.task(name="alert", queueing_lock="alert", lock="alert")
    def _alert(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes it
        watch.check()
        digest.send_if_due()
