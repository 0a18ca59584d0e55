"""`bridge users` and `bridge tokens`: access to the console and to the management API."""

import sys
from datetime import timedelta
from pathlib import Path

import click

from bridge.cli.base import (
    cli_actor,
    config_option,
    json_option,
    load_settings,
    open_database,
    print_json,
    say,
)
from bridge.cli.group import CommandError
from bridge.cli.tables import plain, show_table
from bridge.clock import iso, utc_now
from bridge.console.access import accounts, passwords
from bridge.console.access import tokens as api_tokens
from bridge.console.actions import tokens as token_actions
from bridge.console.actions import users as actions
from bridge.console.actions.users import UserChange
from bridge.models import Role

role_option = click.option("--role", type=click.Choice([role.value for role in Role]), required=True)


@click.group()
def users() -> None:
    """Manage who may sign in at the console."""


@users.command("list")
@config_option
@json_option
def list_users(*, config: Path | None, as_json: bool) -> None:
    """List the users of bridge.toml and of the database."""
    settings = load_settings(config)
    with open_database(settings) as database, database.session() as session:
        rows = [
            {"name": user.key, "role": user.role, "where": "bridge.toml", "disabled_at": None}
            for user in settings.users.values()
        ]
        rows += [
            {"name": user.name, "role": user.role, "where": "database", "disabled_at": iso(user.disabled_at)}
            for user in accounts.every_user(session)
        ]
    if as_json:
        print_json({"users": rows})
        return
    show_table(
        ("Name", "Role", "Where", "Disabled"), [[plain(value) for value in row.values()] for row in rows]
    )


@users.command()
@click.argument("name")
@role_option
@config_option
def add(*, name: str, role: str, config: Path | None) -> None:
    """Add NAME to the database. Prompts for the password, or reads it from standard input."""
    settings, password = load_settings(config), _password()
    with open_database(settings, may_create=True) as database, database.session() as session:
        user = actions.add_user(session, settings, cli_actor(), name, Role(role), password, utc_now())
    click.echo(f"{user.name} may sign in at /console as {role}.")


@users.command()
@click.argument("name")
@role_option
@config_option
def role(*, name: str, role: str, config: Path | None) -> None:
    """Change the role of NAME, with immediate effect."""
    with open_database(load_settings(config)) as database, database.session() as session:
        user = actions.change_user(session, cli_actor(), name, UserChange(role=Role(role)), utc_now())
    click.echo(f"{user.name} is {role}.")


@users.command()
@click.argument("name")
@config_option
def password(*, name: str, config: Path | None) -> None:
    """Set a new password for NAME, and end its sessions."""
    settings, text = load_settings(config), _password()
    with open_database(settings) as database, database.session() as session:
        user = actions.change_user(session, cli_actor(), name, UserChange(password=text), utc_now())
    click.echo(f"{user.name} has a new password.")


@users.command()
@click.argument("name")
@config_option
def disable(*, name: str, config: Path | None) -> None:
    """Stop NAME from signing in, and end its sessions."""
    with open_database(load_settings(config)) as database, database.session() as session:
        user = actions.change_user(session, cli_actor(), name, UserChange(enabled=False), utc_now())
    click.echo(f"{user.name} cannot sign in any more.")


@users.command("hash")
def hash_password() -> None:
    """Print the hash of a password, for `password_hash` of a user in bridge.toml."""
    click.echo(passwords.hashed(_password()))


@users.command()
@config_option
def link(*, config: Path | None) -> None:
    """Print a link that opens the console once, as admin, within a quarter of an hour."""
    settings = load_settings(config)
    server = settings.server
    address = server.public_url or f"http://{server.private_bind or f'{server.host}:{server.port}'}"
    with open_database(settings, may_create=True) as database, database.session() as session:
        text = actions.make_sign_in_link(session, cli_actor(), utc_now())
    click.echo(f"{address}/console/sign-in/{text}")


@click.group()
def tokens() -> None:
    """Manage the bearer tokens of the management API."""


@tokens.command("create")
@click.option("--name", required=True, help="What it is for.")
@role_option
@click.option("--days", type=click.IntRange(1, 3650), help="How long it is valid.  [default: no end]")
@config_option
def create_token(*, name: str, role: str, days: int | None, config: Path | None) -> None:
    """Create a token and print it; it is shown only once."""
    now = utc_now()
    with open_database(load_settings(config), may_create=True) as database, database.session() as session:
        until = now + timedelta(days=days) if days else None
        token, text = token_actions.create_token(session, cli_actor(), name, Role(role), now, until)
    say(f"Token {token.id}, {role}; it is shown only now:")
    click.echo(text)


@tokens.command("list")
@config_option
@json_option
def list_tokens(*, config: Path | None, as_json: bool) -> None:
    """List all tokens, the newest first."""
    with open_database(load_settings(config)) as database, database.session() as session:
        rows = [
            {
                "id": token.id, "name": token.name, "role": token.role, "created_at": iso(token.created_at),
                "used_at": iso(token.used_at), "expires_at": iso(token.expires_at), "revoked_at": iso(token.revoked_at),
            }
            for token in api_tokens.every_token(session)
        ]  # fmt: skip
    if as_json:
        print_json({"tokens": rows})
        return
    headings = ("Id", "Name", "Role", "Created", "Used", "Expires", "Revoked")
    show_table(headings, [[plain(value) for value in row.values()] for row in rows])


@tokens.command()
@click.argument("token_id", metavar="ID", type=int)
@config_option
def revoke(*, token_id: int, config: Path | None) -> None:
    """Revoke the token ID."""
    with open_database(load_settings(config)) as database, database.session() as session:
        token_actions.revoke_token(session, cli_actor(), token_id, utc_now())
    click.echo(f"Token {token_id} is revoked.")


def _password() -> str:
    """Typed twice at a terminal, else the first line of standard input. Raises Refusal."""
    if sys.stdin.isatty():
        text: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return text
    line = sys.stdin.readline().rstrip("\n")
    if not line:
        raise CommandError("There is no terminal to type a password at; give it on standard input.")
    return line
