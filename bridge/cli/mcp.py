"""`bridge mcp`: the tools for AI agents."""

from pathlib import Path

import click

from bridge.availability.calendar import Calendar
from bridge.availability.knowledge import reader
from bridge.cli.base import config_option, load_settings, open_database, say
from bridge.cli.completion import complete_source
from bridge.cli.group import CommandError
from bridge.clock import utc_now
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.sources import MappedSource, Sources
from bridge.mcp.desk import ToolDesk
from bridge.monitoring import metric_init
from bridge.monitoring.collector import KnownGauges, Scrape
from bridge.settings import Settings

HIGHEST_PORT = 65535


class McpAddress(click.ParamType[tuple[str, int]]):
    name = "host:port"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        host, _, port = value.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or int(port) > HIGHEST_PORT:
            self.fail("write it as 127.0.0.1:8090", param, ctx)
        return host.strip("[]"), int(port)


@click.command()
@config_option
@click.option(
    "--source",
    "source_key",
    required=True,
    help="The source with the mapping `mcp` that takes the tours.",
    shell_complete=complete_source,
)
@click.option("--http", type=McpAddress(), help="Serve streamable HTTP here, at /mcp.  [default: stdio]")
def mcp(config: Path | None, source_key: str, http: tuple[str, int] | None) -> None:
    """Let AI agents find times and book, move and cancel tours, through the Model Context Protocol.

    Over stdio the assistant starts this command. Over HTTP it sends a secret of the source as its bearer token; put
    TLS in front of it.
    """
    try:
        from bridge.mcp import server  # noqa: PLC0415 - an extra, which others do without
    except ModuleNotFoundError as error:
        raise CommandError("Install the extra first: pip install 'propexo-bridge[mcp]'") from error
    settings = load_settings(config)
    source = _source(settings, source_key)
    if http and not source.settings.secrets:
        raise CommandError(
            f"sources.{source_key} has no secret, and over HTTP anybody could book. Give it `secrets`."
        )
    with open_database(settings) as database:
        calendar = Calendar(settings, database, utc_now, reader(settings, database, utc_now))
        desk = ToolDesk(settings, source, database, calendar, utc_now)
        try:
            if http:
                say(f"MCP for the source {source_key} at http://{http[0]}:{http[1]}/mcp")
                metric_init.begin([source.name])
                scrape = Scrape(KnownGauges(database))
                server.run_http(desk, source.settings.secrets, *http, scrape.text)
            else:
                server.run_stdio(desk)
        finally:
            calendar.close()


def _source(settings: Settings, key: str) -> MappedSource:
    source = Sources(settings, Catalogue(settings.mappings_dir)).get(key)
    if source is None or source.settings.mapping != "mcp":
        raise CommandError(f'There is no source "{key}" with mapping = "mcp" in bridge.toml.')
    if not source.settings.enabled:
        raise CommandError(f"sources.{key} is switched off.")
    return source
