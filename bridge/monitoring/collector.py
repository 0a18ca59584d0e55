"""The collector behind `/metrics`."""

import json
import struct
import threading
import time
from collections.abc import Callable, Iterator

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from bridge.database import Database
from bridge.metrics import GAUGES, REGISTRY
from bridge.monitoring.multiprocess import is_counting_together
from bridge.monitoring.storage import stored_gauges

log = structlog.get_logger(__name__)

CONTENT_TYPE = CONTENT_TYPE_LATEST
FRESH_FOR = 5.0
"""Seconds in which the table of gauges is not read again, however many scrapes come."""
PAUSE, MOST_PAUSES = 0.01, 50
"""Seconds, and how often, a scrape waits for the file of a process that begins."""

Found = dict[str, dict[str, float]]
"""Values by the name of the gauge and its labels, as stored."""


class KnownGauges(Collector):
    """The gauges as a worker last found them; without the database, as they were last read."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database, self._monotonic = database, monotonic
        self._guard = threading.Lock()
        self._found: Found = {}
        self._read_at: float | None = None

    def collect(self) -> Iterator[GaugeMetricFamily]:
        found = self._current()
        for name, gauge in GAUGES.items():
            family = GaugeMetricFamily(name, gauge.help, labels=gauge.labels)
            values = found.get(name, {} if gauge.labels else {"{}": 0.0})
            for labels, value in values.items():
                by_name = json.loads(labels)
                family.add_metric([by_name[label] for label in gauge.labels], value)
            yield family

    def _current(self) -> Found:
        with self._guard:
            now = self._monotonic()
            if self._read_at is None or now - self._read_at >= FRESH_FOR:
                self._read_at = now
                try:
                    self._found = self._read()
                except SQLAlchemyError as error:
                    log.warning("gauges could not be read", error=type(error).__name__)
            return self._found

    def _read(self) -> Found:
        found: Found = {}
        with self._database.session() as session:
            for name, labels, value in stored_gauges(session):
                found.setdefault(name, {})[labels] = value
        return found


class Scrape:
    """All metrics: those of this process, or of all that count into its folder, and the gauges."""

    def __init__(self, gauges: KnownGauges, pause: Callable[[], None] = lambda: time.sleep(PAUSE)) -> None:
        self._gauges, self._pause = gauges, pause

    def text(self) -> bytes:
        """In Prometheus' text format."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(self._counts())
        registry.register(self._gauges)
        for _ in range(MOST_PAUSES):
            try:
                return generate_latest(registry)
            except struct.error:  # a process that begins has made its file, and written nothing into it yet
                self._pause()
        return generate_latest(registry)

    def _counts(self) -> Collector:
        if is_counting_together():
            return MultiProcessCollector(None)  # type: ignore[no-untyped-call]  # it has no annotations
        return REGISTRY
