"""OpenTelemetry, where its standard variables ask for it (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_EXPORTER` ...).

Without them, or without the extra `otel`, nothing of it is imported, and a span is nothing. The instrumentations of
Flask and requests are not used: they record whole addresses, which may contain a secret or a renter's name.
"""

import importlib.util
import os
import random
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from importlib.metadata import entry_points
from time import time_ns
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer, TracerProvider

PARENT = "traceparent"
"""The header of W3C's trace context, and how it is stored with an event."""
REQUEST_ID = "X-Request-ID"
WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{8,64}")
"""An id that a proxy has given: no more than a name, since it goes into the log and back."""
SERVICE = "propexo-bridge"
EXPORTERS = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
"""The one that the value `otlp` means, by protocol. The extra `otel` brings the first; grpc needs its own package."""


class SpanKind(StrEnum):
    """The kind of a span: client, server or internal, as OpenTelemetry names it."""

    SERVER = "SERVER"
    CLIENT = "CLIENT"
    CONSUMER = "CONSUMER"


_tracer: "Tracer | None" = None


def begin() -> None:
    """Trace from now on, if the environment asks for it. To be called in each process after its fork."""
    asked = any(name.startswith("OTEL_") and value for name, value in os.environ.items())
    if not asked or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return
    if (
        importlib.util.find_spec("opentelemetry") is None
        or importlib.util.find_spec("opentelemetry.sdk") is None
    ):
        return
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - only where it is asked for
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - the same

    os.environ.setdefault("OTEL_SERVICE_NAME", SERVICE)
    provider = TracerProvider()  # it and what is below read their variables themselves
    for name in os.environ.get("OTEL_TRACES_EXPORTER", "otlp").split(","):
        for exporter in entry_points(group="opentelemetry_traces_exporter", name=_exporter(name.strip())):
            provider.add_span_processor(BatchSpanProcessor(exporter.load()()))
    use(provider)


def _exporter(name: str) -> str:
    """The name under which an exporter is installed; `none` is none of them."""
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL") or os.environ.get(
        "OTEL_EXPORTER_OTLP_PROTOCOL"
    )
    return EXPORTERS.get(protocol or "http/protobuf", name) if name == "otlp" else name


def use(provider: "TracerProvider") -> None:
    """Trace with a provider."""
    global _tracer  # noqa: PLW0603 - one per process, as OpenTelemetry's own
    _tracer = provider.get_tracer("bridge")


def is_on() -> bool:
    """Whether anything is traced."""
    return _tracer is not None


def span(
    name: str,
    kind: SpanKind,
    attributes: Mapping[str, str | int],
    *,
    parent: str | None = None,
    link: str | None = None,
) -> AbstractContextManager["Span | None"]:
    """The span of what happens within the block; `None` where nothing is traced.

    `parent` and `link` are trace contexts in W3C's spelling: of the span that this one is part of, if it is in another
    process, and of one that has brought it about.
    """
    return nullcontext() if _tracer is None else _span(_tracer, name, kind, attributes, parent, link)


@contextmanager
def _span(
    tracer: "Tracer",
    name: str,
    kind: SpanKind,
    attributes: Mapping[str, str | int],
    parent: str | None,
    link: str | None,
) -> Iterator["Span"]:
    from opentelemetry import trace  # noqa: PLC0415 - only where it is asked for
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - the same

    def context_of(text: str | None) -> Any:
        return TraceContextTextMapPropagator().extract({PARENT: text}) if text else None

    links = [trace.Link(trace.get_current_span(context_of(link)).get_span_context())] if link else []
    with tracer.start_as_current_span(
        name,
        context=context_of(parent),
        kind=trace.SpanKind[kind],
        attributes=attributes,
        links=links,
        record_exception=False,  # its message may quote what was sent
        set_status_on_exception=False,
    ) as current:
        yield current


def name(text: str, attributes: Mapping[str, str]) -> None:
    """Give the present span the name that only became known within it."""
    from opentelemetry import trace  # noqa: PLC0415 - only where it is asked for

    span = trace.get_current_span()
    span.update_name(text)
    span.set_attributes(attributes)


def current() -> str | None:
    """The trace context of the present span, to be kept with what it has brought; `None` where nothing is traced."""
    if _tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415 - as above

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get(PARENT)


def request_id(sent: str | None) -> str:
    """The id that came with a request, if it looks like one, else a new one."""
    if sent and WELL_FORMED.fullmatch(sent):
        return sent
    # They begin with the time, like a UUID of version 7: an index of them grows at its end.
    return f"{time_ns() // 1_000_000:012x}{random.getrandbits(80):020x}"


def current_request_id() -> str | None:
    """The id of the request that is being answered; `request_id` gives it. It needs no OpenTelemetry."""
    found: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return found
