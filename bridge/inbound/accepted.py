"""The one line of the log for a request that is accepted."""

from collections.abc import Sequence
from time import perf_counter

import structlog

from bridge.inbound.inbox import Stored

log = structlog.get_logger(__name__)


def log_accepted(source: str, stored: Sequence[Stored], status: int, began: float) -> None:
    """Log which events a request brought, once they are stored; the id of the request is in all that is logged.

    `status` is that of the answer; `began` is when the request began, by `perf_counter`.
    """
    log.info(
        "request accepted",
        source=source,
        event_ids=[entry.id for entry in stored],
        duplicates=sum(entry.duplicate for entry in stored),
        status=status,
        seconds=round(perf_counter() - began, 4),
    )
