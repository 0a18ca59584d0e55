"""The command line `bridge`: one module per group of commands, imported when one of its commands is used."""

import importlib
import keyword

import click

from bridge import __version__
from bridge.cli.garbage import loading
from bridge.cli.group import Commands

COMMANDS = {
    "serve": ("serve", "Run the bridge on this machine: database, web and worker under one roof."),
    "web": ("serve", "Run the web process, which receives and stores events."),
    "worker": ("worker", "Run a worker, which forwards stored events to Propexo."),
    "migrate": ("serve", "Bring the database to this version."),
    "backup": ("backup", "Write a backup of the database to FILE, also while the bridge runs."),
    "restore": ("backup", "Restore FILE into an empty database, and bring it to this version."),
    "upgrade-database": (
        "backup",
        "Bring the embedded database to the major version of PostgreSQL that this version uses.",
    ),
    "accept-copy": ("backup", "Accept an embedded database that is refused as a copy of a running one."),
    "init": ("setup", "Write a commented bridge.toml."),
    "check": ("setup", "Check the configuration, the mappings, the database and Propexo."),
    "settings": ("reference", "Show every setting of bridge.toml, with its default and what it does."),
    "propexo": ("propexo", "Show what the account has at Propexo, with the ids that bridge.toml wants."),
    "sources": ("catalogue", "Show the configured sources."),
    "mappings": ("catalogue", "List the mappings, run their tests, and start a new one."),
    "translate": (
        "translate",
        "Show the booking that MAPPING reads from FILE, and the request that would go to Propexo.",
    ),
    "send": ("send", "Sign SAMPLE as the sender of SOURCE does, and post it to the running bridge."),
    "events": ("events", "Show stored events; replay, correct or dismiss them."),
    "import": (
        "imports",
        "Import saved requests as if their senders had just posted them.",
    ),
    "appointments": ("appointments", "Show what the PMS holds, matched to our bookings."),
    "alerts": ("alerts", "Show the current alerts, and test the channels."),
    "integrations": ("integrations", "Show the connections to PMSs; pause and resume one."),
    "availability": ("availability", "Show the free times of PROPERTY, as a widget or a chat offers them."),
    "mcp": (
        "mcp",
        "Let AI agents find times and book, move and cancel tours, through the Model Context Protocol.",
    ),
    "users": ("people", "Manage who may sign in at the console."),
    "tokens": ("people", "Manage the bearer tokens of the management API."),
    "openapi": (
        "openapi",
        "Print the description of the management API: OpenAPI 3.1 with every sender's hook, or a Postman collection.",
    ),
    "aliases": ("aliases", "Manage the names that senders use for a property, without a restart."),
    "erase": ("erase", "Remove a person from all stored data: events, calls, tours, leads, contacts."),
    "retention": ("privacy", "Delete expired data now; this also runs every hour."),
    "encrypt": ("privacy", "Encrypt all that is stored with the first of `encryption_keys`."),
    "sandbox": ("sandbox", "Run a stand-in for Propexo that needs no account."),
    "demo": (
        "demo",
        "Run everything against the sandbox and send bookings, moves, cancellations and invalid requests.",
    ),
}
"""Every command: the module below bridge.cli that holds it, and its line in `bridge --help`."""


class LazyCommands(Commands):
    """Commands that are imported when they are used, and listed without."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in COMMANDS:
            return None
        name = f"bridge.cli.{COMMANDS[cmd_name][0]}"
        with loading():
            module = importlib.import_module(name)
        attribute = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name.replace("-", "_")
        command: click.Command = getattr(module, attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=LazyCommands)
@click.version_option(__version__, package_name="propexo-bridge")
@click.option("--stop-with-stdin", is_flag=True, hidden=True)
def main(stop_with_stdin: bool) -> None:
    """A tour booked anywhere becomes the right appointment in the property-management system."""
    from bridge import logs  # noqa: PLC0415 - `--help` must not wait for it
    from bridge.cli import processes  # noqa: PLC0415 - the same

    logs.configure()
    processes.exit_gracefully()
    if stop_with_stdin:
        processes.stop_with_stdin()
