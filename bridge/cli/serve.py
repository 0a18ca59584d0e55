"""The processes of the bridge, `serve` and `web`; and `migrate`. See worker.py for `worker`."""

import contextlib
import socket
from collections.abc import Iterator
from pathlib import Path

import click

from bridge import grace
from bridge.cli.base import config_option, connect, load_settings, open_database, say
from bridge.cli.garbage import loading
from bridge.cli.processes import WORKER_NICENESS, Children, log_start
from bridge.clock import utc_now
from bridge.database import Database
from bridge.embedded import PARENT_RESTARTS
from bridge.errors import BridgeError
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.sources import Sources
from bridge.monitoring.multiprocess import counting_together
from bridge.settings import Settings

HIGHEST_PORT = 65535

bind_option = click.option(
    "--bind",
    metavar="HOST:PORT",
    help="Listen here instead of at server.host and server.port. Port 0 takes a free one; "
    "fd://N is a socket that is already open.",
)


private_bind_option = click.option(
    "--private-bind",
    metavar="HOST:PORT",
    help="Let console, API and metrics answer here instead of at server.private_bind, and not at the address of the "
    "hooks.",
)


class ListenError(BridgeError):
    """The bridge cannot listen on this address."""

    code = "cannot_listen"


@click.command()
@config_option
@bind_option
@private_bind_option
def serve(config: Path | None, bind: str | None, private_bind: str | None) -> None:
    """Run the bridge on this machine: database, web and worker under one roof.

    Without database_url it starts its own PostgreSQL, in data_dir, and starts it again if it ends, three times in ten
    minutes; after one more end everything stops with exit code 1. SIGTERM and Ctrl-C stop everything, after running
    requests and jobs are finished; a second one does not wait.
    """
    settings = load_settings(config)
    check_sources(settings)
    env = {PARENT_RESTARTS: "1"} | ({"BRIDGE_CONFIG": str(settings.path)} if settings.path else {})
    children = Children(stop_within=grace.of_processes(settings.server.drain))
    with (
        counting_together(),
        listen_at_each(settings, bind, private_bind) as listeners,
        open_database(settings, may_create=True, on_end=children.fail) as database,
    ):
        database.close()  # it only had to be ready; an embedded server keeps running
        with children:
            fds = [listener.fileno() for listener in listeners]
            options = [
                f"{name}=fd://{fd}" for name, fd in zip(("--bind", "--private-bind"), fds, strict=False)
            ]
            children.start("web", ["web", *options], env, pass_fds=fds)
            for listener in listeners:
                listener.close()  # so that it is closed when the web process closes it
            children.start("worker", ["worker"], env, niceness=WORKER_NICENESS)
            children.watch()
            say("Stopping.")


@click.command()
@config_option
@bind_option
@private_bind_option
def web(config: Path | None, bind: str | None, private_bind: str | None) -> None:
    """Run the web process, which receives and stores events."""
    settings = load_settings(config)
    check_sources(settings)
    with (
        counting_together(),
        listen_at_each(settings, bind, private_bind) as listeners,
        open_database(settings, may_create=True) as database,
    ):
        with loading():
            from bridge.cli.gunicorn import run  # noqa: PLC0415 - not before it is known where to count

        console = address_of(listeners[-1])
        _offer_a_link(settings, database, settings.server.public_url or console)
        database.close()  # each of gunicorn's processes opens its own
        log_start("web")
        say(f"Listening on {address_of(listeners[0])}")
        if len(listeners) > 1:
            say(f"Console, API and metrics on {console}")
        run(settings, database.url, *listeners)


@click.command()
@config_option
@click.option(
    "--back",
    is_flag=True,
    help="Return the database to what the version before this one works on. Stop all processes first.",
)
def migrate(config: Path | None, *, back: bool) -> None:
    """Bring the database to this version. Safe to repeat; web processes of the previous version may keep running."""
    with connect(load_settings(config)) as database:
        for done in (database.migrate_back() if back else database.migrate()) or ["nothing to do"]:
            click.echo(done)


@contextlib.contextmanager
def listen_at_each(
    settings: Settings, bind: str | None, private_bind: str | None
) -> Iterator[list[socket.socket]]:
    """The listening sockets of the web process: of the hooks, and of all else where that has its own."""
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(listen(settings, bind))]
        if private_bind := private_bind or settings.server.private_bind:
            listeners.append(stack.enter_context(listen(settings, private_bind)))
            if any(each.family not in (socket.AF_INET, socket.AF_INET6) for each in listeners):
                raise click.UsageError("With --private-bind both addresses must be of TCP.")
        yield listeners


def listen(settings: Settings, bind: str | None) -> socket.socket:
    """A listening socket of the web process.

    Raises:
        ListenError: the port is taken, or the host is none of this machine.
        click.UsageError: `bind` is not an address.
    """
    if bind and bind.startswith("fd://"):
        with contextlib.suppress(ValueError, OSError):
            return socket.socket(fileno=int(bind.removeprefix("fd://")))
        raise click.UsageError(f"--bind: {bind} is not an open socket.")
    host, _, port = bind.rpartition(":") if bind else (settings.server.host, "", str(settings.server.port))
    if not port.isdecimal() or int(port) > HIGHEST_PORT or not host:
        raise click.UsageError(f"--bind: found {bind}, expected HOST:PORT, such as 0.0.0.0:8080.")
    return bound(host, int(port))


def bound(host: str, port: int) -> socket.socket:
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ListenError(
            f"Cannot listen at {host}, port {port}: {error.strerror}. "
            "Choose another with --bind or --private-bind, or set server.host, server.port and server.private_bind."
        ) from error


def address_of(listener: socket.socket) -> str:
    """The address of a listening socket, for a browser."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _offer_a_link(settings: Settings, database: Database, address: str) -> None:
    """While no one can sign in to the console yet, print a sign-in link, once."""
    from bridge.console.access import accounts, sessions  # noqa: PLC0415 - of these processes only `web` needs them

    with database.session() as session:
        if accounts.is_anybody_there(session, settings):
            return
        text = sessions.make_link(session, utc_now())
    what = "There are no users yet. This link opens the console once, within 15 minutes"
    say(f"{what}: {address}/console/sign-in/{text}")


def check_sources(settings: Settings) -> None:
    """Raises ConfigurationError. Checked before anything starts, and once instead of in every process."""
    Sources(settings, Catalogue(settings.mappings_dir))
