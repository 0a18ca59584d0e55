"""Spans of requests, of runs and of calls, and how they belong together."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from world import World

from bridge import tracing

pytest.importorskip("opentelemetry.sdk", reason="the extra `otel` is not installed")
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

SENDERS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """What is traced from now on."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(tracing, "_tracer", None)
    tracing.use(provider)
    yield exporter
    provider.shutdown()


def named(spans: InMemorySpanExporter, name: str) -> list[Any]:
    return [span for span in spans.get_finished_spans() if span.name == name]


def test_a_run_links_to_the_request_that_brought_the_event_and_has_its_calls(
    world: World, spans: InMemorySpanExporter
) -> None:
    event = world.book(email="maya@example.com")
    world.run()
    [request] = named(spans, "POST /hooks/<name>")
    runs = named(spans, "forward event")
    assert len(runs) >= 2
    for run in runs:
        assert [link.context.span_id for link in run.links] == [request.context.span_id]
        assert run.context.trace_id != request.context.trace_id
        assert run.attributes["bridge.event_id"] == event
    calls = named(spans, "POST Propexo")
    assert {call.parent.span_id for call in calls} <= {run.context.span_id for run in runs}
    assert (request.kind.name, runs[0].kind.name, calls[0].kind.name) == ("SERVER", "CONSUMER", "CLIENT")


def test_a_request_goes_on_with_the_trace_of_whoever_sends_it(
    world: World, spans: InMemorySpanExporter
) -> None:
    world.client.get("/livez", headers={"traceparent": SENDERS})
    world.client.get("/livez", headers={"traceparent": "nonsense"})
    first, second = named(spans, "GET /livez")
    assert f"{first.context.trace_id:032x}" == SENDERS.split("-")[1]
    assert first.attributes["http.response.status_code"] == 200
    assert second.parent is None


def test_spans_hold_no_secret_and_nobody(world: World, spans: InMemorySpanExporter) -> None:
    world.client.post("/hooks/widget/s3cret?token=s3cret", data=b"{}")
    world.book(email="maya@example.com")
    world.run()
    reported = "".join(span.to_json() for span in spans.get_finished_spans())
    for word in ("s3cret", "maya", "Okafor", "secret-token", "5125550142"):
        assert word not in reported


@pytest.mark.processes
def test_without_its_variables_nothing_of_it_is_imported() -> None:
    code = "import sys, bridge.app, bridge.tracing; bridge.tracing.begin(); print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.processes
def test_its_variables_switch_it_on() -> None:
    code = """
import bridge.tracing as tracing
tracing.begin()
with tracing.span("shown", tracing.SpanKind.CLIENT, {}):
    assert tracing.current().startswith("00-")
"""
    env = {"OTEL_TRACES_EXPORTER": "console", "OTEL_BSP_SCHEDULE_DELAY": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert '"name": "shown"' in done.stdout
    assert '"service.name": "propexo-bridge"' in done.stdout
