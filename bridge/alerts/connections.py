"""Alerts about connections: silent senders, failed verifications, unknown events, pauses, the rate limit."""

import math
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from bridge.alerts.finding import Finding, FindingKind
from bridge.alerts.hours import business_hours_between
from bridge.alerts.plain import without_links
from bridge.alerts.storage import failed_verifications, paused_integrations, waiting_for_calls
from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.storage.breakers import unfinished
from bridge.events import unknown_events as unknown
from bridge.events.query import last_received
from bridge.settings import Settings

FEWEST_REFUSALS = 10
"""In two hours. Scanners of the internet cause a few everywhere."""
ABOVE_NORMAL = 4
"""So many times the mean of the last week."""
USUAL = timedelta(days=7)
LATELY = timedelta(hours=2)
BUDGET_WAIT = timedelta(minutes=5)
"""A wait of a minute or two is normal."""


def silent(session: Session, settings: Settings, now: datetime) -> list[Finding]:
    """Sources that have sent before, and not for the business hours that are allowed to them."""
    alerts, findings = settings.alerts, []
    zone = ZoneInfo(alerts.time_zone)
    for source in settings.sources.values():
        last = last_received(session, source.key)
        if last is None or not source.enabled:
            continue
        limit = source.silent_after or alerts.silent_after
        hours = business_hours_between(last, now, alerts.business_hours, zone)
        if hours < limit:
            continue
        line = (
            f"{source.key} has sent nothing for {hours:.0f} business hours, since "
            f"{last.astimezone(zone):%a, %b %-d, %-I:%M %p %Z}. Check that its webhook is still switched on there."
        )
        level = 1 + int(math.log2(hours / limit))
        page, over = f"/console/sources/{source.key}", f"{source.key} sends again."
        findings.append(Finding(FindingKind.SILENT, source.key, level, (line,), page, over))
    return findings


def refused(session: Session, settings: Settings, now: datetime) -> list[Finding]:
    """Sources whose requests fail their verification far more often than in the week before."""
    begin = now.replace(minute=0, second=0, microsecond=0) - LATELY + timedelta(hours=1)
    usual: dict[str, float] = {}
    for source, _, number in failed_verifications(session, now - USUAL, begin):
        usual[source] = usual.get(source, 0) + number * (LATELY / USUAL)
    causes: dict[str, dict[str, int]] = {}
    for source, cause, number in failed_verifications(session, begin):
        causes.setdefault(source, {})[cause] = number
    findings = []
    for source, by_cause in causes.items():
        number = sum(by_cause.values())
        if source not in settings.sources or number < FEWEST_REFUSALS:
            continue
        if number <= ABOVE_NORMAL * usual.get(source, 0):
            continue
        why = ", ".join(f"{cause.replace('_', ' ')} {count}" for cause, count in sorted(by_cause.items()))
        line = (
            f"{source}: {number} requests in two hours failed their verification ({why}). Its secret may have been "
            "changed at the sender, or someone is trying to forge bookings."
        )
        level = int(math.log2(number / FEWEST_REFUSALS)) + 1
        findings.append(Finding(FindingKind.REFUSED, source, level, (line,), f"/console/sources/{source}"))
    return findings


def unknown_events(session: Session, settings: Settings, now: datetime) -> list[Finding]:
    """Names of events that no rule of a source's mapping knows; each is reported once while it keeps coming."""
    findings = []
    for event in unknown.unknown_events(session, now):
        if event.source not in settings.sources:
            continue
        line = (
            f'{event.source} sends events named "{without_links(event.event)}", which its mapping does not know: they '
            f"are ignored. {Reason.UNKNOWN_EVENT.advice}"
        )
        about = f"{event.source}:{event.event}"
        findings.append(
            Finding(FindingKind.UNKNOWN_EVENT, about, 1, (line,), f"/console/sources/{event.source}")
        )
    return findings


def paused(session: Session, settings: Settings, now: datetime) -> list[Finding]:
    """Integrations that the bridge has paused. An operator who pauses one needs no alert."""
    findings = []
    for row in paused_integrations(session):
        places = [
            property_.name or property_.key
            for property_ in settings.properties.values()
            if property_.integration_id == row.integration_id
        ]
        names = ", ".join(places) or row.integration_id
        waiting = unfinished(session, row.integration_id)
        line = (
            f"{names}: {row.reason or 'Propexo does not answer for it.'} {waiting} events wait and "
            f"continue afterwards. {Reason.INTEGRATION_PAUSED.advice}"
        )
        assert row.paused_at is not None  # they were chosen by it
        level = 1 + ((now - row.paused_at) // timedelta(hours=1)).bit_length()
        over = f"{names}: the connection works again."
        findings.append(Finding(FindingKind.PAUSED, row.integration_id, level, (line,), "/console", over))
    return findings


def budget(session: Session, settings: Settings, now: datetime) -> list[Finding]:
    """Whether events have waited for Propexo's budget for longer than a few minutes."""
    number, oldest = waiting_for_calls(session)
    if oldest is None or now - oldest < BUDGET_WAIT:
        return []
    minutes = (now - oldest) // timedelta(minutes=1)
    line = (
        f"{number} events wait for a free call, one of them for {minutes} minutes; the soonest tours go first. "
        f"Propexo allows {settings.propexo.budget_per_minute} calls a minute: ask for more if this is often so."
    )
    level = (minutes // (BUDGET_WAIT // timedelta(minutes=1))).bit_length()
    over = "Propexo's calls are no longer used up."
    return [Finding(FindingKind.BUDGET, "", level, (line,), "/console", over)]
