"""`bridge openapi`: the management API, described for other programs."""

from pathlib import Path

import click
from flask import Flask

from bridge.cli.base import config_option, load_settings, say
from bridge.console.api import application as api
from bridge.mapping.catalogue import Catalogue


@click.command()
@config_option
@click.option("--postman", is_flag=True, help="A collection for Postman instead of the OpenAPI document.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this file instead of stdout.",
)
def openapi(*, config: Path | None, postman: bool, output: Path | None) -> None:
    """Print the description of the management API: OpenAPI 3.1 with every sender's hook, or a Postman collection.

    It needs neither a configuration nor a database; with --config your own mappings and `server.public_url` are in it.
    """
    settings = load_settings(config) if config else None
    catalogue = Catalogue(settings.mappings_dir if settings else None)
    description = api.init_app(Flask(__name__), catalogue, settings.server.public_url if settings else None)
    text = description.postman if postman else description.text
    if output is None:
        click.echo(text)
        return
    output.write_text(text + "\n", encoding="utf-8")
    say(f"{output} is written.")
