"""The process that forwards stored events: `worker`."""

import contextlib
import threading
from pathlib import Path

import click
import structlog

from bridge import tracing
from bridge.alerts import checker
from bridge.cli.base import config_option, load_settings, open_database, say
from bridge.cli.garbage import collect_garbage_rarely
from bridge.cli.processes import log_start
from bridge.cli.serve import address_of, bound, check_sources
from bridge.database import Database
from bridge.delivery import sync_on_demand
from bridge.delivery.worker import Worker, make_tools, stopped_by_signals
from bridge.monitoring import drift, metric_init, tasks
from bridge.monitoring.multiprocess import is_counting_together
from bridge.privacy import tasks as privacy_tasks
from bridge.propexo import preflight
from bridge.propexo.errors import PropexoError
from bridge.settings import Settings

log = structlog.get_logger(__name__)


@click.command()
@config_option
def worker(config: Path | None) -> None:
    """Run a worker, which forwards stored events to Propexo.

    SIGTERM and Ctrl-C let running jobs finish.
    """
    settings = load_settings(config)
    check_sources(settings)
    with (
        open_database(settings, may_create=True, pool_size=settings.server.worker_concurrency) as database,
        contextlib.ExitStack() as stack,
    ):
        _let_it_be_watched(stack, settings, database)
        tools = make_tools(settings, database)
        metric_init.begin(settings.sources)
        tracing.begin()
        threading.Thread(target=_warn, args=(settings,), name="preflight", daemon=True).start()
        log_start("worker")
        say("Forwarding events.")
        registers = [checker.register, drift.register, tasks.register, privacy_tasks.register]
        worker = Worker(tools, [*registers, sync_on_demand.register])
        collect_garbage_rarely()
        with stopped_by_signals(worker):
            worker.run()


def _let_it_be_watched(stack: contextlib.ExitStack, settings: Settings, database: Database) -> None:
    """A worker under `bridge serve` counts into the folder of the web process; a separate one may answer scrapes."""
    port = settings.server.metrics_port
    if is_counting_together() or port is None:
        return
    from bridge.cli.listener import answering  # noqa: PLC0415 - a worker under `bridge serve` does without

    listener = stack.enter_context(bound(settings.server.host, port))
    say(f"Metrics at {address_of(listener)}/metrics")
    stack.enter_context(answering(listener, settings, database))


def _warn(settings: Settings) -> None:
    """Log what Propexo does not sync; a worker does not wait for the answer."""
    try:
        for message in preflight.start_warnings(settings, preflight.client_of(settings.propexo)):
            log.warning("a model is not synced", detail=message)
    except PropexoError as error:
        log.info("Propexo could not be asked", detail=error.message)
