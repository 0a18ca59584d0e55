"""Every metric of the bridge, in one table.

Processes count what they do themselves: those are the counters and histograms. What only the database knows, such
as how many events wait, a worker finds out (monitoring/gauges.py) and a scrape repeats.

Labels have values of closed lists: sources as configured, and words of our own. None holds what anybody sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]  # it has no annotations

REGISTRY = CollectorRegistry()
"""Only our own: nothing is in a scrape that the table in deploy/metrics.md does not have."""

FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
LAG = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 6 * 3600)
LONG = (1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 3 * 3600, 12 * 3600, 24 * 3600)

RECEIVED = Counter("bridge_events_received_total", "Events that were stored.", ["source"], registry=REGISTRY)
DUPLICATES = Counter(
    "bridge_events_duplicate_total",
    "Events that were known already, and answered like the first time.",
    ["source"],
    registry=REGISTRY,
)
VERIFICATION_FAILURES = Counter(
    "bridge_verification_failures_total",
    "Requests that could not prove that they come from their sender.",
    ["source", "cause"],
    registry=REGISTRY,
)
REFUSED = Counter(
    "bridge_requests_refused_total",
    "Requests that were answered with an error, by its code.",
    ["code"],
    registry=REGISTRY,
)
INBOUND_REQUEST_DURATION = Histogram(
    "bridge_inbound_request_duration_seconds",
    "Seconds from a request of a sender to its answer.",
    buckets=FAST,
    registry=REGISTRY,
)
COMMIT = Histogram(
    "bridge_commit_requests",
    "Requests that were stored by one commit.",
    buckets=(1, 2, 4, 8, 16, 32, 64),
    registry=REGISTRY,
)
ATTEMPTS = Counter(
    "bridge_delivery_attempts_total",
    "Calls to Propexo and to senders' APIs, by kind and outcome.",
    ["kind", "outcome"],
    registry=REGISTRY,
)
DELIVERY_LAG = Histogram(
    "bridge_delivery_lag_seconds",
    "Seconds from the arrival of an event to the first call for it.",
    buckets=LAG,
    registry=REGISTRY,
)
EVENT_TO_WRITTEN = Histogram(
    "bridge_event_to_written_seconds",
    "Seconds from the arrival of an event, or its replay, until the PMS confirmed the write.",
    buckets=LONG,
    registry=REGISTRY,
)
TOOLS = ("find_tour_times", "book_tour", "move_tour", "cancel_tour", "tour_status")
TOOL_OUTCOMES = ("answered", "refused", "failed")
TOOL_CALLS = Counter(
    "bridge_tool_calls_total",
    "Calls of AI agents, by tool and outcome.",
    ["tool", "outcome"],
    registry=REGISTRY,
)
ENDED = Counter(
    "bridge_events_ended_total",
    "Events that ended, by status.",
    ["status"],
    registry=REGISTRY,
)


@dataclass(frozen=True)
class GaugeDescription:
    """A gauge from the database."""

    help: str
    labels: tuple[str, ...] = ()


GAUGES: Mapping[str, GaugeDescription] = MappingProxyType(
    {
        "bridge_queue_events": GaugeDescription("Events that have not ended, by status.", ("status",)),
        "bridge_oldest_due_age_seconds": GaugeDescription("Age of the oldest event that is due."),
        "bridge_parked_events": GaugeDescription("Events that wait for an operator, by reason.", ("reason",)),
        "bridge_last_event_timestamp_seconds": GaugeDescription(
            "When the last event of a source arrived; 0: never.", ("source",)
        ),
        "bridge_soonest_unsent_start_timestamp_seconds": GaugeDescription(
            "Start of the next tour that is not in the PMS; 0: there is none."
        ),
        "bridge_budget_used_calls": GaugeDescription(
            "Calls in this minute that Propexo has counted, or may have."
        ),
        "bridge_budget_limit_calls": GaugeDescription("Calls per minute that Propexo allows."),
        "bridge_paused_integrations": GaugeDescription("Integrations that are paused, by cause.", ("cause",)),
        "bridge_gauges_timestamp_seconds": GaugeDescription(
            "When a worker last updated these gauges; 0: never."
        ),
    }
)
