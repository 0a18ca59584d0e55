"""The periodic tasks of retention."""

from typing import TYPE_CHECKING

from bridge.delivery.tools import Tools
from bridge.privacy.retention import Retention

if TYPE_CHECKING:
    import procrastinate


def register(app: "procrastinate.App", tools: Tools) -> None:
    """Give a worker the task of retention."""

    @app.periodic(cron="43 * * * *")
    @app.task(name="retain", queueing_lock="retain")
    def _retain(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes it
        Retention(tools.database, tools.settings.privacy, tools.clock).run()
