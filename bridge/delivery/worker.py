"""The worker process: runs jobs until it is told to stop, and finishes those that it has begun."""

import asyncio
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import procrastinate

from bridge.clock import Clock, utc_now
from bridge.database import Database
from bridge.delivery import turns
from bridge.delivery.context import Context
from bridge.delivery.job import register
from bridge.errors import BridgeError
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.sources import Sources
from bridge.propexo.client import Propexo
from bridge.propexo.quota import SharedQuota
from bridge.queue import WorkerConnector, queue_app
from bridge.settings import Settings

POLL_EVERY = 1.0
"""Seconds between looks for jobs whose time has come; new ones are announced by the database."""
FINISH_WITHIN = 45.0
"""Seconds that running jobs get at a shutdown: more than one call to Propexo can last."""

LONGEST_PAUSE = 10.0
"""Seconds; less than `HEARTBEAT_TIMEOUT` of job.py, after which others take over what a frozen worker had begun. No
transaction waits for anything but the database."""


def make_context(settings: Settings, database: Database, clock: Clock = utc_now) -> Context:
    """The tools of a worker.

    Raises:
        ConfigurationError: a source cannot work as it is configured.
    """
    told = settings.propexo
    propexo = Propexo(
        told.base_url,
        told.token,
        quota=SharedQuota(
            database,
            told.token,
            told.budget_per_minute,
            clock,
            backlog=lambda session: turns.is_backlog(session, clock(), told.budget_per_minute),
        ),
        clock=clock,
        connect_timeout=told.connect_timeout,
        read_timeout=told.read_timeout,
    )
    sources = Sources(settings, Catalogue(settings.mappings_dir))
    return Context(settings, sources, database, propexo, clock)


class WorkerEnded(BridgeError):  # noqa: N818 - what happened
    """The worker has lost its database and ended. Start it again."""

    code = "worker_ended"


Register = Callable[[procrastinate.App, Context], None]
"""Gives a worker tasks."""


async def work(context: Context, *, wait: bool = True, also: Sequence[Register] = ()) -> None:
    """Run jobs until SIGTERM or SIGINT; with `wait=False` only until none is due.

    `also` are tasks that have nothing to do with forwarding, and that this folder does not know.

    Raises:
        WorkerEnded: it ended, although nobody asked for it.
    """
    concurrency = context.settings.server.worker_concurrency
    context.database.limit_pauses(LONGEST_PAUSE)
    # asyncio's own pool has few threads on a small machine; every job needs one.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(concurrency + 2))
    app = queue_app(context.database, worker=True)
    for give_tasks in (register, *also):
        give_tasks(app, context)
    async with app.open_async():
        running = asyncio.ensure_future(
            app.run_worker_async(
                concurrency=concurrency,
                wait=wait,
                fetch_job_polling_interval=POLL_EVERY,
                delete_jobs="successful",
                shutdown_graceful_timeout=FINISH_WITHIN,
                install_signal_handlers=False,
            )
        )
        if wait:
            for number in (signal.SIGTERM, signal.SIGINT):
                # To cancel it is how Procrastinate wants to be told: running jobs are finished.
                asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        giving_up = asyncio.ensure_future(_cancel_when(app.connector, running))
        try:
            await running
        except asyncio.CancelledError:
            if not giving_up.done():
                return
        finally:
            giving_up.cancel()
    if wait:
        raise WorkerEnded


async def _cancel_when(connector: procrastinate.BaseConnector, running: asyncio.Future[None]) -> None:
    """End a worker that could not tell how a job ended: others take that over only from one that is gone."""
    assert isinstance(connector, WorkerConnector)  # queue_app has given it
    await connector.lost.wait()
    running.cancel()
