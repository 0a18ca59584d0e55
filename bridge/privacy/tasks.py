"""What a worker does to keep no more of renters than the settings allow."""

import procrastinate

from bridge.delivery.context import Context
from bridge.privacy.retention import Retention


def register(app: procrastinate.App, context: Context) -> None:
    """Give a worker the task of retention."""

    @app.periodic(cron="43 * * * *")
    @app.task(name="retain", queueing_lock="retain")
    def _retain(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes it
        Retention(context.database, context.settings.privacy, context.clock).run()
