"""The pretend chat of the demo, before a bridge that is configured as the demo's."""

import json
import threading
from datetime import UTC, datetime
from typing import Any
from urllib.request import Request, urlopen

import pytest
from werkzeug.serving import make_server

from bridge.app import create_app
from bridge.cli import demo_chat
from bridge.cli.demo_site import DemoSite
from bridge.cli.scenario import configuration
from bridge.database import Database
from bridge.sandbox.server import SandboxRequestHandler
from bridge.settings import parse


@pytest.mark.parametrize(
    ("twiml", "text"),
    [
        ("<Response><Message>1) 9:00 &amp; &lt;2&gt;</Message></Response>", "1) 9:00 & <2>"),
        ("<Response></Response>", ""),
    ],
)
def test_the_text_of_an_answer(twiml: str, text: str) -> None:
    assert demo_chat.text_of(twiml) == text


def test_a_text_message_is_answered_with_free_times(database: Database, clock: Any) -> None:
    clock.now = datetime(2026, 11, 24, 16, tzinfo=UTC)
    settings = parse(configuration("http://127.0.0.1:9", "http://127.0.0.1:8"), {})
    app = create_app(settings, database, clock=clock)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=SandboxRequestHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        with DemoSite() as site:
            site.show(f"http://127.0.0.1:{server.server_port}")
            page = urlopen(f"{site.url}/chat").read().decode()
            assert "Text the leasing office" in page
            answer = json.load(urlopen(Request(f"{site.url}/chat", data=b"TIMES", method="POST")))
        assert answer["text"].startswith("Free times for a tour of Riverside Lofts: 1) ")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
