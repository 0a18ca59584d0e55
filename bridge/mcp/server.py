"""The tools as an MCP server: over stdio for an assistant on this machine, or over HTTP with a bearer token."""

import hmac
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

import anyio
import mcp_types as types
import structlog
from anyio.to_thread import run_sync
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.transport_security import TransportSecuritySettings
from prometheus_client import CONTENT_TYPE_LATEST
from structlog.contextvars import bound_contextvars

from bridge import __version__, metrics, tracing
from bridge.errors import BridgeError, RefusedRequestError
from bridge.mcp.desk import ToolDesk

INSTRUCTIONS = (
    "Tours of apartment communities. Ask find_tour_times first and use a `start` from it. A tour is `requested` until"
    " the property-management system confirms it; only then say that it is booked. Keep the booking_id."
)
UNAUTHORIZED = (
    b'{"error": "not_authentic", "message": "Send a secret of the source as Authorization: Bearer."}'
)

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def server_of(desk: ToolDesk) -> Server[Any]:
    """The MCP server of a source."""

    async def list_tools(
        _: ServerRequestContext[Any], __: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        tools = [
            types.Tool(
                name=tool.name,
                description=tool.description,
                input_schema=dict(tool.schema),
                output_schema=dict(tool.answer),
                annotations=types.ToolAnnotations(
                    read_only_hint=tool.is_reading, idempotent_hint=True, open_world_hint=False
                ),
            )
            for tool in desk.tools()
        ]
        return types.ListToolsResult(tools=tools)

    async def call_tool(
        context: ServerRequestContext[Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        sent_id = (
            context.request.headers.get(tracing.REQUEST_ID) if context.request else None
        )  # stdio has none
        with bound_contextvars(request_id=tracing.request_id(sent_id)):  # the thread gets a copy
            answer, is_error = await run_sync(_counted_call, desk, params.name, params.arguments or {})
        text = types.TextContent(type="text", text=json.dumps(answer, ensure_ascii=False))
        return types.CallToolResult(content=[text], structured_content=answer, is_error=is_error)

    return Server(
        "propexo-bridge",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _counted_call(desk: ToolDesk, name: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    answer, is_error = _call(desk, name, arguments)
    tool = name if name in metrics.TOOLS else "unknown"
    failed = is_error and answer["error"] == "internal_error"
    metrics.TOOL_CALLS.labels(tool, "failed" if failed else "refused" if is_error else "answered").inc()
    return answer, is_error


def _call(desk: ToolDesk, name: str, arguments: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """What a tool answers, and whether it was refused: an agent reads why, and can correct itself."""
    tool = next((tool for tool in desk.tools() if tool.name == name), None)
    if tool is None:
        return {"error": "unknown_tool", "message": f"There is no tool named {name}."}, True
    unknown = arguments.keys() - tool.schema["properties"].keys()
    missing = [item for item in tool.schema["required"] if arguments.get(item) in (None, "")]
    if unknown or missing:
        values = [f"Unknown: {', '.join(sorted(unknown))}."] if unknown else []
        values += [f"Missing: {', '.join(missing)}."] if missing else []
        return {"error": "wrong_arguments", "message": " ".join(values)}, True
    try:
        return desk.call(name, arguments), False
    except BridgeError as error:
        log.info("refused", code=error.code, source=desk.source.name)
        members = error.members if isinstance(error, RefusedRequestError) else {}
        return {"error": error.code, "message": error.message, **members}, True
    except Exception:  # an agent must get an answer; the log has the cause
        log.exception("mcp.tool_failed", tool=name, source=desk.source.name)
        return {"error": "internal_error", "message": "This did not work. Try again in a moment."}, True


def run_stdio(desk: ToolDesk) -> None:
    """Serve the process that started this one, until it ends."""
    server = server_of(desk)

    async def serve() -> None:
        async with stdio_server() as (reading, writing):
            await server.run(reading, writing, server.create_initialization_options())

    anyio.run(serve)


def http_application(
    desk: ToolDesk, secrets: Sequence[str], host: str, scrape: Callable[[], bytes]
) -> Application:
    """The streamable HTTP transport at `/mcp`, and `/metrics`, for clients that send a secret as a bearer token."""
    # A page that rebinds its name to this address has no token, so the names of hosts need no list.
    security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    inner = server_of(desk).streamable_http_app(
        stateless_http=True, json_response=True, host=host, transport_security=security
    )

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_authentic(scope["headers"], secrets):
            headers = [(b"content-type", b"application/json"), (b"www-authenticate", b"Bearer")]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": UNAUTHORIZED})
            return
        if scope["type"] == "http" and scope["path"] == "/metrics":
            headers = [(b"content-type", CONTENT_TYPE_LATEST.encode())]
            body = await run_sync(scrape)
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        await inner(scope, receive, send)

    return application


def is_authentic(headers: Sequence[tuple[bytes, bytes]], secrets: Sequence[str]) -> bool:
    """Whether a request shows one of the secrets; with no secret configured, none does."""
    given = next((value for name, value in headers if name.lower() == b"authorization"), b"")
    scheme, _, token = given.partition(b" ")
    if scheme.lower() != b"bearer" or not token.strip():
        return False
    return any(hmac.compare_digest(token.strip(), secret.encode()) for secret in secrets)


def run_http(
    desk: ToolDesk, secrets: Sequence[str], host: str, port: int, scrape: Callable[[], bytes]
) -> None:
    """Serve HTTP until the process is stopped."""
    import uvicorn  # noqa: PLC0415 - stdio does without

    logging.getLogger("uvicorn.access").disabled = True
    uvicorn.run(http_application(desk, secrets, host, scrape), host=host, port=port, log_level="warning")
