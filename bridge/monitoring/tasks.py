"""The periodic tasks of monitoring."""

from typing import TYPE_CHECKING

from bridge.delivery.tools import Tools
from bridge.monitoring import gauges, hourly_counts

if TYPE_CHECKING:
    import procrastinate

BEFORE_EVENTS = 1
"""The priority, so that the figures do not wait in the backlog that they show. That of a new event is 0."""


def register(app: "procrastinate.App", tools: Tools) -> None:
    """Give a worker the tasks that refresh the gauges and the hourly counts."""

    @app.periodic(cron="* * * * * */20")
    @app.task(name="gauge", queueing_lock="gauge", lock="gauge", priority=BEFORE_EVENTS)
    def _gauge(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes it
        with tools.database.session() as session:
            gauges.refresh(session, tools.settings, tools.clock())

    @app.periodic(cron="* * * * *")
    @app.task(name="tally", queueing_lock="tally", lock="tally", priority=BEFORE_EVENTS)
    def _tally(timestamp: int) -> None:  # noqa: ARG001 - as above
        with tools.database.session() as session:
            hourly_counts.count(session, tools.clock())

    @app.periodic(cron="29 3 * * *")
    @app.task(name="forget_tallies", queueing_lock="forget_tallies")
    def _forget_tallies(timestamp: int) -> None:  # noqa: ARG001 - as above
        with tools.database.session() as session:
            hourly_counts.forget(session, tools.clock())
