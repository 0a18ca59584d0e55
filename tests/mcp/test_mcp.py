"""The tools for AI agents, called by the client of the official SDK, over memory, stdio and HTTP."""

import json
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import anyio
import pytest
import requests
import uvicorn
from jsonschema_rs import Draft202012Validator
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs
from world import World

from bridge.availability.calendar import Calendar
from bridge.availability.knowledge import reader
from bridge.mcp.desk import ToolDesk
from bridge.mcp.schemas import tools_for
from bridge.mcp.server import http_application, is_authentic, server_of
from bridge.metrics import TOOLS
from bridge.monitoring.collector import KnownGauges, Scrape

SECRET = "an-agents-secret"
NOW = datetime.fromisoformat("2026-11-24T10:00:00-06:00")
NINE, TEN = "2026-11-25T09:00:00-06:00", "2026-11-25T10:00:00-06:00"
MAYA = {"first_name": "Maya", "last_name": "Okafor", "email": "maya@example.com"}
Conversation = Callable[[Client], Awaitable[None]]


@pytest.fixture
def desk(world: World, clock: Any) -> Iterator[ToolDesk]:
    clock.now = NOW
    world.set_database_clock()
    world.document["properties"]["oakwood"] |= {
        "tour_hours": ["mon-fri 09:00-12:00"],
        "slots": {"notice": 60},
        "phone": "+1 512-555-0134",
    }
    world.document["sources"]["agent"] = {"mapping": "mcp", "secrets": [SECRET], "property": "oakwood"}
    world.restart()
    settings, database = world.settings, world.database
    calendar = Calendar(settings, database, clock, reader(settings, database, clock))
    yield ToolDesk(settings, world.tools.sources["agent"], database, calendar, clock)
    calendar.close()


def talk(desk: ToolDesk, conversation: Conversation) -> None:
    """Have an agent use the tools."""

    async def run() -> None:
        async with Client(server_of(desk)) as client:
            await conversation(client)

    anyio.run(run)


async def call(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(name, arguments)
    assert not result.is_error, result
    assert json.loads(result.content[0].text) == result.structured_content
    found: dict[str, Any] = result.structured_content
    return found


async def refused(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(name, arguments)
    assert result.is_error, result
    found: dict[str, Any] = result.structured_content
    return found


def test_an_agent_finds_a_time_books_moves_and_cancels(desk: ToolDesk, world: World) -> None:
    async def conversation(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert list(tools) == ["find_tour_times", "book_tour", "move_tour", "cancel_tour", "tour_status"]
        found = await call(client, "find_tour_times", **{"from": "2026-11-25", "days": 1})
        assert found["time_zone"] == "America/Chicago"
        assert found["slots"][0]["start"] == NINE
        tour = await call(client, "book_tour", start=NINE, **MAYA)
        assert (tour["state"], tour["start"], tour["property_name"]) == ("requested", NINE, "Oakwood Flats")
        booking_id = tour["booking_id"]
        assert await call(client, "book_tour", start=NINE, **MAYA) == tour
        world.run()
        assert (await call(client, "tour_status", booking_id=booking_id))["state"] == "booked"
        moved = await call(client, "move_tour", booking_id=booking_id, start=TEN)
        assert (moved["state"], moved["start"]) == ("requested", TEN)
        world.run()
        assert [tour.appointment_time for tour in world.tours] == ["10:00:00"]
        assert (await call(client, "cancel_tour", booking_id=booking_id))["state"] == "cancelled"
        assert (await call(client, "cancel_tour", booking_id=booking_id))["state"] == "cancelled"
        world.run()
        assert world.tours == []
        again = await call(client, "book_tour", start=NINE, **MAYA)
        assert (again["state"], again["booking_id"]) == ("requested", booking_id)

    talk(desk, conversation)
    world.run()
    assert [tour.appointment_time for tour in world.tours] == ["09:00:00"]
    assert [event.event for event in world.events()] == [
        "tour.booked", "tour.rescheduled", "tour.cancelled", "tour.booked",
    ]  # fmt: skip


def test_what_is_refused_says_why_and_stores_nothing(desk: ToolDesk, world: World, clock: Any) -> None:
    async def conversation(client: Client) -> None:
        tour = await call(client, "book_tour", start=NINE, **MAYA)
        world.run()
        noah = {"first_name": "Noah", "last_name": "Lund", "email": "noah@example.com"}
        taken = await refused(client, "book_tour", start=NINE, **noah)
        assert taken["error"] == "time_not_free"
        assert taken["nearest"][0]["start"] == "2026-11-25T09:30:00-06:00"
        closed = await refused(client, "book_tour", start="2026-11-28T09:00:00-06:00", **noah)
        assert closed["errors"] == {"start": ["This time is not free (closed). Choose another one."]}
        nobody = await refused(client, "book_tour", start=TEN, first_name="Noah", last_name="Lund")
        assert (nobody["error"], set(nobody["errors"])) == ("invalid_form", {"email", "phone"})
        past = await refused(client, "book_tour", start="2026-11-20T09:00:00-06:00", **noah)
        assert set(past["errors"]) == {"start"}
        wrong = await refused(client, "book_tour", when=TEN, **noah)
        assert wrong["message"] == "Unknown: when. Missing: start."
        elsewhere = await refused(client, "find_tour_times", property="Nowhere")
        assert elsewhere["error"] == "unknown_property_name"
        dates = await refused(client, "find_tour_times", **{"from": "tomorrow"})
        assert dates["error"] == "invalid_dates"
        assert (await refused(client, "find_tour_times", property="elm"))["error"] == "no_tour_times"
        unknown = await refused(client, "cancel_tour", booking_id="0" * 24)
        assert unknown["error"] == "unknown_tour"
        clock.now = datetime.fromisoformat(NINE) - timedelta(minutes=30)
        late = await refused(client, "move_tour", booking_id=tour["booking_id"], start=TEN)
        assert late == {
            "error": "tour_unchangeable",
            "message": "It is too late to change this tour here. Call the office: +1 512-555-0134.",
        }
        assert (await refused(client, "sing"))["error"] == "unknown_tool"

    talk(desk, conversation)
    assert len(world.events()) == 1


def test_the_schemas_are_those_of_the_mapping(desk: ToolDesk) -> None:
    mapping = desk.source.mapping
    tools = {
        tool.name: tool.schema
        for tool in tools_for(mapping, {"oakwood": "Oakwood Flats"}, ("virtual",), None)
    }
    booking = tools["book_tour"]
    assert booking["required"] == ["first_name", "last_name", "start", "property"]
    paths = {field.paths[0].expression for _, field in mapping.paths()}
    assert set(booking["properties"]) == paths - {"at", "booking_id"}
    assert booking["properties"]["kind"]["enum"] == ["virtual"]
    assert booking["properties"]["email"]["description"] == "An e-mail address such as maya@example.com."
    assert tools["find_tour_times"]["required"] == ["property"]
    assert tuple(tools) == TOOLS


def test_the_client_checks_answers_by_their_schemas(desk: ToolDesk) -> None:
    """Every answer in these tests is checked by the client; this shows that it does, and that nothing is left open."""

    async def conversation(client: Client) -> None:
        for tool in (await client.list_tools()).tools:
            assert tool.output_schema is not None
            assert tool.output_schema["additionalProperties"] is False
            assert set(tool.output_schema["required"]) == set(tool.output_schema["properties"])

    talk(desk, conversation)
    times = desk.call("find_tour_times", {"from": "2026-11-25", "days": 5})
    found = Draft202012Validator(desk.tools()[0].answer)
    assert list(found.iter_errors(times)) == []
    assert [error.message for error in found.iter_errors(times | {"more": 1})]
    assert {day.get("reason") for day in times["days"]} == {None, "closed"}


@pytest.mark.parametrize(
    ("header", "secrets", "expected"),
    [
        (f"Bearer {SECRET}", [SECRET], True),
        (f"bearer {SECRET}", ["other", SECRET], True),
        ("Bearer wrong", [SECRET], False),
        (f"Basic {SECRET}", [SECRET], False),
        ("Bearer ", [""], False),
        (f"Bearer {SECRET}", [], False),
        ("", [SECRET], False),
    ],
)
def test_a_bearer_token(header: str, secrets: list[str], expected: bool) -> None:
    assert is_authentic([(b"authorization", header.encode())], secrets) is expected


def test_streamable_http_needs_the_secret_of_the_source(desk: ToolDesk, world: World) -> None:
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            started.set()

    application = http_application(desk, [SECRET], "127.0.0.1", Scrape(KnownGauges(world.database)).text)
    server = Server(uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        assert started.wait(30)
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/mcp"

        async def ask(secret: str) -> Any:
            headers = {"Authorization": f"Bearer {secret}", "X-Request-ID": "req-00000001"}
            http = create_mcp_http_client(headers=headers)
            async with http:
                if secret != SECRET:
                    return await http.post(url, json={})
                async with Client(streamable_http_client(url, http_client=http)) as client:
                    return await call(client, "book_tour", start=NINE, **MAYA)

        assert anyio.run(ask, SECRET)["start"] == NINE
        assert [event.request_id for event in world.events()] == ["req-00000001"]
        counted = requests.get(
            f"http://127.0.0.1:{port}/metrics", timeout=30, headers={"Authorization": f"Bearer {SECRET}"}
        )
        assert 'bridge_tool_calls_total{outcome="answered",tool="book_tour"}' in counted.text
        answer = anyio.run(ask, "wrong")
        assert (answer.status_code, answer.json()["error"]) == (401, "not_authentic")
    finally:
        server.should_exit = True
        thread.join(10)


def test_a_call_leads_to_its_event_by_the_id_of_its_request(desk: ToolDesk, world: World) -> None:
    async def conversation(client: Client) -> None:
        tour = await call(client, "book_tour", start=NINE, **MAYA)
        await call(client, "cancel_tour", booking_id=tour["booking_id"])
        await refused(client, "cancel_tour", booking_id="0" * 24)

    with capture_logs([merge_contextvars]) as logs:
        talk(desk, conversation)
    booked, cancelled, denied = (entry for entry in logs if "request_id" in entry)
    for accepted, event in zip((booked, cancelled), world.events(), strict=True):
        assert (accepted["event"], accepted["source"]) == ("request accepted", "agent")
        assert (accepted["event_ids"], accepted["request_id"]) == ([event.id], event.request_id)
    assert (denied["event"], denied["code"]) == ("refused", "unknown_tour")
    assert len({entry["request_id"] for entry in (booked, cancelled, denied)}) == 3


@pytest.mark.processes
def test_stdio_is_started_by_the_assistant(desk: ToolDesk, world: World, tmp_path: Any) -> None:
    world.document["database_url"] = world.database.url
    configuration = tmp_path / "bridge.toml"
    configuration.write_text(world.toml())
    command = ["-m", "bridge", "mcp", "--config", str(configuration), "--source", "agent"]

    log = tmp_path / "log"

    async def conversation() -> None:
        started = StdioServerParameters(command=sys.executable, args=command, env=dict(os.environ))
        with log.open("w") as errlog:
            async with Client(stdio_client(started, errlog=errlog)) as client:
                assert len((await client.list_tools()).tools) == 5
                found = await refused(client, "tour_status", booking_id="x")
                assert found["error"] == "unknown_tour"
                times = await call(client, "find_tour_times")
                await call(client, "book_tour", start=times["slots"][-1]["start"], **MAYA)

    anyio.run(conversation)
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    [accepted] = [entry for entry in entries if entry["message"] == "request accepted"]
    [event] = world.events()
    assert (accepted["event_ids"], accepted["request_id"]) == ([event.id], event.request_id)
