"""The summary of the day before, once a day."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bridge.alerts import connections, tours
from bridge.alerts.channels import Channels
from bridge.alerts.storage import count_events, hourly_counts, remember
from bridge.clock import Clock
from bridge.database import Database
from bridge.models import UNFINISHED, Alert, Status
from bridge.settings import Settings

DIGEST = "digest"
"""The key of the row with the day for which it was last sent."""
LISTED = 20


class Digest:
    """Sends it at `alerts.digest_at` or, where no worker ran then, as soon as one does on that day."""

    def __init__(self, settings: Settings, database: Database, channels: Channels, clock: Clock) -> None:
        self._settings, self._database, self._channels, self._clock = settings, database, channels, clock

    def send_if_due(self) -> bool:
        """Return whether it was sent. Raises AlertDeliveryError; the next check tries again."""
        alerts, now = self._settings.alerts, self._clock()
        here = now.astimezone(ZoneInfo(alerts.time_zone))
        if alerts.digest_at is None or here.time() < alerts.digest_at:
            return False
        with self._database.session() as session:
            sent = session.get(Alert, DIGEST)
            if sent is not None and sent.state == str(here.date()):
                return False
            title, text = digest(session, self._settings, now)
        self._channels.notify(title, text)
        with self._database.session() as session:
            remember(session, DIGEST, 0, str(here.date()), now)
        return True


def digest(session: Session, settings: Settings, now: datetime) -> tuple[str, str]:
    """Title and text: the events of yesterday, and what is still open now."""
    zone = ZoneInfo(settings.alerts.time_zone)
    yesterday = now.astimezone(zone).date() - timedelta(days=1)
    by_source = hourly_counts(session, *_bounds(yesterday, zone))
    lines = [f"{source}: {received} received, {written} written" for source, received, written in by_source]
    unfinished = count_events(session, UNFINISHED)
    parts = [
        "\n".join(lines or ["Nothing was received."]),
        f"In progress: {unfinished}. Parked: {count_events(session, (Status.PARKED,))}.",
    ]
    open_tours = [
        *(line for finding in tours.unsent(session, settings, now) for line in finding.lines),
        *(line for finding in connections.silent(session, settings, now) for line in finding.lines),
    ]
    if open_tours:
        parts.append("\n".join(f"- {line}" for line in open_tours[:LISTED]))
    if settings.server.public_url:
        parts.append(f"{settings.server.public_url}/console")
    received = sum(received for _, received, _ in by_source)
    written = sum(written for _, _, written in by_source)
    return f"{yesterday:%A, %b %-d}: {received} events received, {written} written", "\n\n".join(parts)


def _bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Midnight, and the next one."""
    following = day + timedelta(days=1)
    return (
        datetime(day.year, day.month, day.day, tzinfo=zone),
        datetime(following.year, following.month, following.day, tzinfo=zone),
    )
