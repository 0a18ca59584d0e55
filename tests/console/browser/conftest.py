"""The console in a real browser: a web server around the whole bridge, and Debian's chromium before it."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from werkzeug.serving import make_server
from world import World

from bridge.console.access import sessions
from bridge.database import Database
from bridge.models import Role
from bridge.sandbox.server import SandboxRequestHandler, SandboxServer
from bridge.sandbox.state import Sandbox

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = [
    "--no-sandbox",  # it does not start as root otherwise, and opens nothing but these pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 20_000
"""Milliseconds that a test waits for what is to appear; on a busy machine that takes its time."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", metavar="FOLDER", help="where test_pages.py puts pictures of every page")


class OwnThread:
    """An object in a thread of its own: Playwright keeps an event loop running in that of the tests, and there may be
    but one. Its methods can be called from anywhere."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._made = self._thread.submit(make).result()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._made, name)
        return partial(self._call, found) if callable(found) else found

    def _call(self, method: Callable[..., Any], *args: Any, **named: Any) -> Any:
        return self._thread.submit(method, *args, **named).result()


class Clicks:
    """Counts what somebody does with the mouse: a field that is filled in was clicked first, and so was a choice."""

    def __init__(self) -> None:
        self.count = 0

    def click(self, found: Any) -> None:
        self.count += 1
        found.click()

    def fill(self, found: Any, text: str) -> None:
        self.count += 1
        found.fill(text)

    def choose(self, found: Any, label: str) -> None:
        """An option of a list: a click opens it, another one chooses."""
        self.count += 2
        found.select_option(label=label)


@pytest.fixture
def clicks() -> Clicks:
    return Clicks()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One for the tests of a file, each of which has a context of its own. It ends before other tests begin: they need
    the thread without Playwright's event loop."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    named = os.environ.get("BRIDGE_TEST_BROWSER")
    path = named or next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(
            "There is no browser on this machine: apt-get install chromium, or set BRIDGE_TEST_BROWSER."
        )
    playwright.expect.set_options(timeout=PATIENCE)
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def world(browser: Any, database: Database, clock: Any) -> Iterator[Any]:
    """As everywhere, and served at `world.url`."""
    sandbox = Sandbox(clock, slow_zone_seconds=0, write_seconds=2, budget_per_minute=1000)
    with SandboxServer(sandbox) as propexo:
        world = OwnThread(lambda: World(database, sandbox, propexo.url, clock, "RENTMANAGER"))
        yield world
        world.close()


@pytest.fixture
def site(world: Any) -> Iterator[str]:
    """The address of the web server."""

    def answer(environ: Any, start_response: Any) -> Any:
        application = world.client.application  # another one after `world.restart()`
        application.config["CONSOLE_POLL_SECONDS"] = 0.2
        return application(environ, start_response)

    server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=SandboxRequestHandler)
    server.daemon_threads = False  # so that closing it waits for the last answer
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def page(visitor: Any, world: Any, site: str) -> Any:
    """A page in a window of its own, in which an administrator is signed in."""
    with world.database.session() as session:
        cookie = sessions.begin_from_outside(session, world.settings, "ada", Role.ADMIN, world.clock())
    visitor.context.add_cookies([{"name": "bridge", "value": cookie, "url": site}])
    return visitor


@pytest.fixture
def visitor(browser: Any, site: str) -> Iterator[Any]:
    """A page without a signed-in user; a script that fails on it fails the test."""
    context = browser.new_context(base_url=site, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda stated: errors.append(stated.text) if stated.type == "error" else None)
    yield page
    context.close()
    assert not errors, "\n".join(errors)
