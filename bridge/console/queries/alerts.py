"""The current alerts and who is notified of what: the same at the page, through the API and at the command line."""

from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.alerts.checker import findings
from bridge.alerts.finding import Finding, FindingKind
from bridge.alerts.test_message import recipients
from bridge.console.actor import Actor
from bridge.errors import ConfigurationError
from bridge.models import Alert
from bridge.settings import Settings


@dataclass(frozen=True)
class CurrentAlert:
    """Something that does not go well now."""

    kind: FindingKind
    about: str
    """Which tour, source or integration; empty where there is one for all."""
    level: int
    """How bad it is."""
    count: int
    """How many sentences there are."""
    lines: tuple[str, ...]
    """Empty for a user who must not see a renter's name."""
    page: str
    """The path of the console's page about it."""
    opened_at: datetime | None
    """When it was first notified; `None`: not yet."""
    notified_at: datetime | None
    """When they were notified last."""

    @property
    def heading(self) -> str:
        return self.kind.heading


@dataclass(frozen=True)
class AlertOverview:
    """What the page *Alerts* shows."""

    alerts: list[CurrentAlert]
    recipients: list[str]
    """Scheme and host of each address."""
    problem: str | None
    """Why the addresses cannot be used."""
    unsent_before: int
    silent_after: int
    digest_at: time | None
    time_zone: str

    @property
    def notified_of(self) -> list[FindingKind]:
        """What every recipient is notified of."""
        return list(FindingKind)


def alert_overview(session: Session, settings: Settings, actor: Actor, now: datetime) -> AlertOverview:
    """The alerts as they would be sent now, the most urgent kind first, and the recipients."""
    sent = {row.key: row for row in session.scalars(select(Alert))}
    found = [finding for finding in findings(session, settings, now, {}) if finding.lines]
    problem, addresses = None, list[str]()
    try:
        addresses = recipients(settings)
    except ConfigurationError as error:
        problem = error.message
    configured = settings.alerts
    return AlertOverview(
        [_current(finding, sent.get(finding.key), actor) for finding in found],
        addresses,
        problem,
        configured.unsent_before,
        configured.silent_after,
        configured.digest_at,
        configured.time_zone,
    )


def _current(finding: Finding, sent: Alert | None, actor: Actor) -> CurrentAlert:
    return CurrentAlert(
        finding.kind,
        finding.about,
        finding.level,
        len(finding.lines),
        finding.lines if actor.sees_people else (),
        finding.page,
        sent.opened_at if sent else None,
        sent.notified_at if sent else None,
    )
