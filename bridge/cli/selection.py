"""Selects the stored events of a command, by id or by filter."""

import re
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from sqlalchemy.orm import Session

from bridge.cli.base import confirm
from bridge.cli.completion import complete_property, complete_source
from bridge.clock import utc_now
from bridge.console.actions import events as actions
from bridge.database import Database
from bridge.delivery.rules.outcomes import Reason
from bridge.models import Event, Status

REASONS = click.Choice([reason.value for reason in Reason])
SPANS = {"m": "minutes", "h": "hours", "d": "days"}


class MomentParameter(click.ParamType[datetime]):
    """`2026-11-24`, `2026-11-24T15:00` (UTC), or how long ago: `30m`, `12h`, `7d`."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        ago = re.fullmatch(r"(\d{1,6})([mhd])", value)
        try:
            if ago:
                return utc_now() - timedelta(**{SPANS[ago[2]]: int(ago[1])})
            moment = datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            message = f"{value!r} is neither a date and time (2026-11-24T15:00) nor a span (30m, 12h, 7d)."
            self.fail(message, param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


source_option = click.option(
    "--source", "sources", multiple=True, help="May be repeated.", shell_complete=complete_source
)
property_option = click.option(
    "--property",
    "property_name",
    help="Key, name or alias of a property.",
    shell_complete=complete_property,
)
reason_option = click.option(
    "--reason", "reasons", multiple=True, type=REASONS, metavar="REASON", help="May be repeated."
)
since_option = click.option(
    "--since",
    type=MomentParameter(),
    help="Received then or later: 2026-11-24, 2026-11-24T15:00 (UTC), or ago: 30m, 12h, 7d.",
)
until_option = click.option("--until", type=MomentParameter(), help="Received before then, in the same form.")


def status_option(statuses: Sequence[Status]) -> Callable[[Any], Any]:
    """`--status`, which takes these."""
    choice = click.Choice([status.value for status in statuses])
    return click.option(
        "--status", "statuses", multiple=True, type=choice, metavar="STATUS", help="May be repeated."
    )


def change_each(
    database: Database,
    event_ids: Sequence[int],
    problem_of: Callable[[Event], str | None],
    change: Callable[[Session, Event], str],
    *,
    question: str,
    yes: bool,
) -> dict[int, str]:
    """Change all of the events or, where one of them must not be, none. Each change is one transaction.

    Returns the result of `change` for each.
    """
    ids = list(dict.fromkeys(event_ids))
    with database.session() as session:
        actions.locked(session, ids, problem_of)
    if len(ids) > 1 and sys.stdin.isatty():
        confirm(question.format(len(ids)), yes)
    changed = {}
    for event_id in ids:
        with database.session() as session:
            [event] = actions.locked(session, [event_id], problem_of)
            changed[event_id] = change(session, event)
    return changed


def counted(number: int) -> str:
    """The number of events, as a phrase."""
    return "1 event" if number == 1 else f"{number} events"
