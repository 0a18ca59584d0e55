"""The findings of `bridge check` at Propexo, cached for some minutes, so that an open page costs few calls."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta

from flask import current_app

from bridge.propexo import preflight
from bridge.propexo.preflight import PreflightFinding
from bridge.settings import Settings

KEEP = timedelta(minutes=10)
LONGEST_CALL = 10.0
"""Seconds that a page waits for one answer of Propexo."""


class LatestFindings:
    """Of one web process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: tuple[list[PreflightFinding], datetime] | None = None

    def forget(self) -> None:
        """Check again at the next request."""
        with self._lock:
            self._found = None

    def of(self, settings: Settings, now: datetime) -> tuple[list[PreflightFinding], datetime]:
        """The findings and when they were made: now, or at most ten minutes ago."""
        with self._lock:
            if self._found is None or now - self._found[1] > KEEP:
                account = settings.propexo
                quick = replace(account, read_timeout=min(account.read_timeout, LONGEST_CALL))
                self._found = list(preflight.examine(settings, preflight.client_of(quick))), now
            return self._found


def latest_findings() -> LatestFindings:
    """Those of this process, for its pages and its API."""
    kept: LatestFindings = current_app.extensions.setdefault("health", LatestFindings())
    return kept
