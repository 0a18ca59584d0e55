"""How commands end with an error. `bridge --help` loads this module and `garbage`, and nothing else of the bridge."""

from typing import Any

import click

from bridge.errors import BridgeError


class Commands(click.Group):
    """A group in which a BridgeError ends a command with exit code 1 and its message, a line per problem."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BridgeError as error:
            raise CommandError(error.message) from error


class CommandError(click.ClickException):
    """Ends a command with this message on stderr and exit code 1."""

    def show(self, file: Any = None) -> None:
        click.echo(self.message, file=file, err=file is None)
