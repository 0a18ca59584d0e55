"""`init` writes a configuration, `check` reports its problems."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from bridge.cli import checks
from bridge.cli.base import config_option, json_option, load_settings, print_json, say
from bridge.cli.first_configuration import properties_of, with_properties
from bridge.cli.group import CommandError
from bridge.errors import BridgeError, ConfigurationError
from bridge.propexo.preflight import PreflightFinding, client_of
from bridge.settings import template
from bridge.settings.records import PropexoSettings

COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}


class AlreadyExistsError(BridgeError):
    """The file already exists."""

    code = "already_there"


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), default="bridge.toml")
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@click.option(
    "--from-propexo",
    is_flag=True,
    help="Write the properties that Propexo has, with their ids, PMS and names. Needs PROPEXO_TOKEN.",
)
@click.option(
    "--base-url",
    default="https://api.propexo.com",
    show_default=True,
    help="The address of Propexo's API.",
)
def init(path: Path, force: bool, from_propexo: bool, base_url: str) -> None:
    """Write a commented bridge.toml."""
    if path.exists() and not force:
        raise AlreadyExistsError(
            f"{path} is there already. Choose another name, or overwrite it with --force."
        )
    text = _found_at_propexo(template(), base_url) if from_propexo else template()
    try:
        # For its owner only: secrets may be written into it.
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
        ) as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text)
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
    say(f"Wrote {path}. Next:")
    say("  1. Add your properties and sources to it, and set the environment variable PROPEXO_TOKEN.")
    say("  2. Run `bridge check`: it shows what is still missing.")
    say(
        "  3. Run `bridge serve`.  (Without an account: `bridge demo`, or `bridge sandbox` in place of Propexo.)"
    )


def _found_at_propexo(template: str, base_url: str) -> str:
    """The template with the properties of the account. Raises PropexoError."""
    token = os.environ.get("PROPEXO_TOKEN", "").strip()
    if not token:
        raise CommandError("Set the environment variable PROPEXO_TOKEN to the token of your account.")
    found, offsets = properties_of(client_of(PropexoSettings(token, base_url.rstrip("/"))))
    if not found:
        raise CommandError(
            "Propexo lists no property for this token; ask Propexo to enable the model properties."
        )
    say(f"Found {len(found)} properties at Propexo.")
    return with_properties(template, found, offsets, base_url)


@click.command()
@config_option
@json_option
@click.option("--offline", is_flag=True, help="Leave out the database, Propexo and public_url.")
@click.option(
    "--deploy",
    is_flag=True,
    help="Also check this machine (rights, space, memory, port, clock), what the database grants, and the proxy.",
)
def check(config: Path | None, as_json: bool, offline: bool, deploy: bool) -> None:
    """Check the configuration, the mappings, the database and Propexo.

    Changes nothing; with --deploy an embedded database is not even started. Exit code 1 when there is a problem;
    warnings do not change it.
    """
    findings = []
    for finding in _look(config, offline, deploy):
        findings.append(finding)
        if not as_json:
            level = click.style(f"{finding.level:8}", fg=COLOURS[finding.level])
            click.echo(f"{level} {finding.key}: {finding.message}")
    counted = Counter(finding.level for finding in findings)
    if as_json:
        print_json({"findings": [asdict(finding) for finding in findings]})
    else:
        say(f"Problems: {counted['problem']}, warnings: {counted['warning']}.")
    if counted["problem"]:
        raise click.exceptions.Exit(1)


def _look(config: Path | None, offline: bool, deploy: bool) -> Iterator[PreflightFinding]:
    """Every finding as soon as it is known."""
    try:
        settings = load_settings(config)
        yield from checks.installation(settings)
        if not offline and (settings.database_url or not deploy):
            yield from checks.database(settings)
        yield from checks.missing_source(settings)
        if not offline:
            yield from checks.propexo(settings)
        if deploy:
            from bridge.cli.deployment_facts import deployment_findings  # noqa: PLC0415 - it loads the web process

            yield from deployment_findings(settings, offline=offline)
    except ConfigurationError as error:
        yield from checks.problems(error)
