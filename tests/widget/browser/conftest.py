"""The widget in a real browser, on a page of another origin than the bridge's."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from console.browser.conftest import PATIENCE, OwnThread, browser, site
from werkzeug.serving import make_server
from widget.conftest import with_website
from world import World

from bridge.database import Database
from bridge.sandbox.server import SandboxRequestHandler, SandboxServer
from bridge.sandbox.state import Sandbox

__all__ = ["browser", "site"]  # the fixtures of the console's browser

POLICY = "default-src 'none'; script-src {bridge}; connect-src {bridge}; require-trusted-types-for 'script'"
"""All that a strict website has to allow."""


@pytest.fixture
def world(browser: Any, database: Database, clock: Any) -> Iterator[Any]:
    sandbox = Sandbox(clock, slow_zone_seconds=0, write_seconds=2, budget_per_minute=1000)
    with SandboxServer(sandbox) as propexo:
        world = OwnThread(lambda: with_website(World(database, sandbox, propexo.url, clock, "RENTMANAGER")))
        yield world
        world.close()


class Website:
    """Pages of somebody else: `page` is what a request for any path gets."""

    def __init__(self) -> None:
        self.body = ""
        self.policy: str | None = None
        self.language = "en"

    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        headers = [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")]
        if self.policy:
            headers.append(("Content-Security-Policy", self.policy))
        start_response("200 OK", headers)
        document = f"""<!doctype html><html lang="{self.language}"><head><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1"><title>Oakwood</title>
            <link rel="icon" href="data:,"></head><body><main><h1>Oakwood Flats</h1>{self.body}</main></body></html>"""
        return [document.encode()]


@pytest.fixture
def website(world: Any, site: str) -> Iterator[Any]:
    """A website whose origin the bridge knows; `website.line(...)` is the line of its widget."""
    pages = Website()
    server = make_server("127.0.0.1", 0, pages, threaded=True, request_handler=SandboxRequestHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    world.document["sources"]["website"]["origins"] = [url]
    world.restart()
    pages.url, pages.bridge = url, site  # type: ignore[attr-defined]
    pages.line = lambda more="property=oakwood": (  # type: ignore[attr-defined]
        f'<script async src="{site}/widget.js?source=website&amp;{more}"></script>'
    )
    pages.body = pages.line()  # type: ignore[attr-defined]
    yield pages
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_page(browser: Any, website: Any) -> Iterator[Callable[..., Any]]:
    """`open_page(width=320, ...)`: the website in a window of its own. A script that fails on it fails the test."""
    contexts, errors = [], []

    def open_one(width: int = 1280, path: str = "/", **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-US", **options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda stated: errors.append(stated.text) if stated.type == "error" else None)
        page.goto(website.url + path if path.startswith("/") else path)
        return page

    open_one.errors = errors  # type: ignore[attr-defined]
    yield open_one
    for context in contexts:
        context.close()
    assert not errors, "\n".join(errors)
