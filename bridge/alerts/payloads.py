"""Payloads that a mapping may no longer read as it did: fields that vanished or changed their type."""

from datetime import datetime

from sqlalchemy.orm import Session

from bridge.alerts.finding import Finding, FindingKind
from bridge.alerts.plain import without_links
from bridge.monitoring.drift import Drift, drift
from bridge.settings import Settings

MOST_NAMED = 3
"""Fields that a message names; the page has all."""


def drifted(session: Session, settings: Settings, now: datetime) -> list[Finding]:
    """A finding for each source whose payloads have changed lately; a field that is new costs no tour."""
    findings = []
    for source in settings.sources:
        changes = [change for change in drift(session, source, now) if change.what != "appeared"]
        if not changes:
            continue
        named = "; ".join(map(_words, changes[:MOST_NAMED]))
        more = f", and {len(changes) - MOST_NAMED} more" if len(changes) > MOST_NAMED else ""
        line = f"{source}: {named}{more}. Compare with its mapping: a field that is read may be missing from tours now."
        findings.append(
            Finding(FindingKind.DRIFT, source, len(changes), (line,), f"/console/sources/{source}")
        )
    return findings


def _words(change: Drift) -> str:
    field = without_links(change.path)
    if change.what == "vanished":
        return f"{field} no longer comes"
    return f"{field} was {change.before} and is {change.type} now"
