"""The worker process: forwards events and runs periodic tasks until it is asked to stop, and finishes what it began."""

import asyncio
import contextlib
import faulthandler
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import procrastinate
import psycopg
import structlog
from procrastinate.exceptions import ProcrastinateException
from sqlalchemy import delete
from sqlalchemy.exc import DBAPIError

from bridge import grace, queue
from bridge.clock import Clock, utc_now
from bridge.database import CONNECT_OPTIONS, Database
from bridge.delivery.engine import Engine
from bridge.delivery.storage.claims import claim_written
from bridge.delivery.tools import Tools, boot_time
from bridge.delivery.upkeep import backlog_of
from bridge.models import ProcessedWebhook
from bridge.periodic import periodic_app
from bridge.propexo.client import Propexo
from bridge.propexo.quota import SharedQuota
from bridge.settings import Settings
from bridge.stored_sources import LiveSources

log = structlog.get_logger(__name__)

POLL_INTERVAL = 1.0
"""Seconds between looks for work that nothing has announced."""
TICK_INTERVAL = 0.02
"""Seconds between two ticks of a busy worker, so that they share commits."""
WAIT_FOR_ANSWERS = 0.1
"""Seconds for which a tick waits for all calls that are running, for the same reason."""
FINISH_WITHIN = float(grace.JOBS)
"""Seconds that running calls get at a shutdown: more than one call to Propexo can last."""
WATCHDOG = 60.0
"""Seconds without a tick, or a part of one, after which the process ends, so that another one can go on."""
FEED_EVERY = 1.0
"""Seconds."""
RETRY_INTERVAL = 1.0
"""Seconds between two attempts while the database is away."""
IDLE_IN_TRANSACTION = 10.0
"""Seconds after which the server breaks a transaction off in which a frozen worker does nothing."""
SENDER_SLOTS = 4
"""Calls to senders' APIs at the same time."""
KEEP_JOBS_HOURS = 7 * 24
WEBHOOK_RETENTION = timedelta(days=7)

Register = Callable[[procrastinate.App, Tools], None]
"""Gives a worker periodic tasks."""


def make_tools(settings: Settings, database: Database, clock: Clock = utc_now) -> Tools:
    """The tools of a worker.

    Raises:
        ConfigurationError: a source cannot work as it is configured.
    """
    account = settings.propexo
    backlog = backlog_of(account.budget_per_minute)
    propexo = Propexo(
        account.base_url,
        account.token,
        quota=SharedQuota(
            database,
            account.token,
            account.budget_per_minute,
            clock,
            backlog=lambda session: queue.is_backlog(session, backlog),
            slots=settings.server.worker_concurrency,
        ),
        clock=clock,
        connect_timeout=account.connect_timeout,
        read_timeout=account.read_timeout,
    )
    live = LiveSources(settings, database)
    return Tools(settings, live.sources, database, propexo, clock, refresh_sources=live.refresh)


class Worker:
    """Forwards events and runs periodic tasks; `stop` may be called from a signal handler."""

    def __init__(self, tools: Tools, tasks: Sequence[Register] = ()) -> None:
        slots = tools.settings.server.worker_concurrency
        self._tools, self._tasks = tools, (*tasks, register)
        self._slots = ThreadPoolExecutor(2 * slots, thread_name_prefix="slot")
        self._senders = ThreadPoolExecutor(SENDER_SLOTS, thread_name_prefix="sender")
        self._watchdog = _ProcessWatchdog()
        engine_tools = replace(tools, heartbeat=self._watchdog.feed)
        self._engine = Engine(engine_tools, slots=slots, executor=self._slots, senders=self._senders)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Ask it to stop: it begins nothing new."""
        self._stopping.set()
        self._engine.calls.stop()

    def run(self) -> None:
        """Work until `stop`, then finish what was begun."""
        self._tools.database.set_idle_timeout(IDLE_IN_TRANSACTION)
        helpers = [
            threading.Thread(target=self._listen, name="listen", daemon=True),
            threading.Thread(target=self._run_periodic, name="periodic", daemon=True),
        ]
        for thread in helpers:
            thread.start()
        try:
            self._claim_written()
            self._forward()
        finally:
            faulthandler.cancel_dump_traceback_later()
            self._stopping.set()
            self._slots.shutdown(wait=False, cancel_futures=True)
            self._senders.shutdown(wait=False, cancel_futures=True)
            for thread in helpers:
                thread.join(FINISH_WITHIN)
            self._tools.propexo.flush_rate_limit(at_once=True)

    def _claim_written(self) -> None:
        """Once, before anything is forwarded: bridge.toml may let a property offer times that it did not before."""
        while not self._stopping.is_set():
            try:
                with self._tools.database.engine.begin() as connection:
                    claim_written(connection, self._tools.settings, self._tools.clock())
            except (DBAPIError, psycopg.Error) as error:
                log.warning("the database is away", error=type(error).__name__)
                self._stopping.wait(RETRY_INTERVAL)
            else:
                return

    def _forward(self) -> None:
        ends_at: float | None = None
        is_announced = False
        while True:
            self._watchdog.feed()
            if self._stopping.is_set():
                ends_at = ends_at or boot_time() + FINISH_WITHIN
                if self._engine.is_idle or boot_time() > ends_at:
                    return
            self._tools.refresh_sources()
            try:
                did = self._engine.tick(look=not is_announced)
            except (DBAPIError, psycopg.Error) as error:
                log.warning("the database is away", error=type(error).__name__)
                self._stopping.wait(RETRY_INTERVAL)
                continue
            if did:
                is_announced = False
                self._stopping.wait(TICK_INTERVAL)
                self._engine.calls.wait_for_answers(WAIT_FOR_ANSWERS)
            else:  # what was announced is claimed first, but never twice in a row without a look
                is_announced = self._engine.calls.woken.wait(POLL_INTERVAL) and not is_announced

    def _listen(self) -> None:
        """Wake the engine when events arrive. Without it, it finds them within a second."""
        while not self._stopping.is_set():
            try:
                with psycopg.connect(
                    self._tools.database.url, autocommit=True, **CONNECT_OPTIONS
                ) as connection:
                    connection.execute(f"LISTEN {queue.CHANNEL}")
                    while not self._stopping.is_set():
                        for _ in connection.notifies(timeout=POLL_INTERVAL, stop_after=1):
                            self._engine.calls.woken.set()
            except psycopg.Error:
                self._stopping.wait(RETRY_INTERVAL)

    def _run_periodic(self) -> None:
        """Run the periodic tasks; begin anew after the database was away."""
        while not self._stopping.is_set():
            try:
                asyncio.run(self._periodic())
            except (ProcrastinateException, psycopg.Error, OSError) as error:
                log.warning("the periodic tasks begin anew", error=type(error).__name__)
                self._stopping.wait(RETRY_INTERVAL)

    async def _periodic(self) -> None:
        app = periodic_app(self._tools.database)
        for give_tasks in self._tasks:
            give_tasks(app, self._tools)
        async with app.open_async():
            running = asyncio.ensure_future(
                app.run_worker_async(
                    concurrency=1,
                    delete_jobs="successful",
                    shutdown_graceful_timeout=FINISH_WITHIN,
                    install_signal_handlers=False,
                )
            )
            while not running.done() and not self._stopping.is_set():
                await asyncio.wait([running], timeout=0.2)
            running.cancel()  # that is how Procrastinate is asked to finish
            with contextlib.suppress(asyncio.CancelledError):
                await running


class _ProcessWatchdog:
    """Ends the process, unless it is fed again in time."""

    def __init__(self) -> None:
        self._fed_at: float | None = None

    def feed(self) -> None:
        """Let the process go on. It is done once in a second at most: each time starts a thread."""
        now = boot_time()
        if self._fed_at is None or now - self._fed_at >= FEED_EVERY:
            faulthandler.dump_traceback_later(WATCHDOG, exit=True)
            self._fed_at = now


def register(app: procrastinate.App, tools: Tools) -> None:
    """The periodic tasks of delivery."""

    @app.periodic(cron="*/5 * * * *")
    @app.task(name="repair_lanes", queueing_lock="repair_lanes")
    def _repair(timestamp: int) -> None:  # noqa: ARG001 - Procrastinate passes it
        with tools.database.session() as session:
            if lanes := queue.repair(session):
                log.warning("open events had no lane", lanes=len(lanes))

    @app.periodic(cron="41 3 * * *")
    @app.task(name="forget_webhooks", queueing_lock="forget_webhooks")
    def _forget(timestamp: int) -> None:  # noqa: ARG001 - as above
        with tools.database.session() as session:
            session.execute(
                delete(ProcessedWebhook).where(
                    ProcessedWebhook.received_at < tools.clock() - WEBHOOK_RETENTION
                )
            )

    @app.periodic(cron="17 3 * * *")
    @app.task(name="delete_old_jobs", queueing_lock="delete_old_jobs")
    async def _delete_old_jobs(timestamp: int) -> None:  # noqa: ARG001 - as above
        await app.job_manager.delete_old_jobs(
            nb_hours=KEEP_JOBS_HOURS, include_failed=True, include_cancelled=True
        )

    @app.periodic(cron="* * * * *")
    @app.task(name="retry_stalled", queueing_lock="retry_stalled")
    async def _retry_stalled(timestamp: int) -> None:  # noqa: ARG001 - as above
        for job in await app.job_manager.get_stalled_jobs():
            await app.job_manager.finish_job(job, procrastinate.jobs.Status.FAILED, delete_job=True)


@contextlib.contextmanager
def stopped_by_signals(worker: Worker) -> Iterator[None]:
    """SIGTERM and SIGINT ask the worker to stop."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: worker.stop()) for number in numbers]
    # SIGTERM may arrive while the process starts. `exit_gracefully` then ignores further ones and raises SystemExit. A
    # process has gone on all the same, perhaps because the exception was raised in a finalizer, where Python drops it.
    if before[0] is signal.SIG_IGN:
        worker.stop()
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
