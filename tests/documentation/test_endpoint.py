"""What the guide offers to senders and websites is accepted at the webhook endpoint."""

import json
import re
import threading
import urllib.error
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from documentation.documents import GUIDE, OWN_BODY, SECRET, SITE, TEXTS, block, translate
from flask.testing import FlaskClient
from werkzeug.serving import WSGIRequestHandler, make_server

from bridge.mapping.catalogue import Catalogue


class Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep the test output clean."""


@pytest.fixture
def address(app: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where it can be reached over HTTP."""
    monkeypatch.setenv("no_proxy", "*")
    server = make_server("127.0.0.1", 0, app, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hooks"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_signing_example_is_accepted(address: str) -> None:
    names: dict[str, Any] = {}
    exec(block("python", "def send"), names)
    send = names["send"]
    first = send(f"{address}/own", SECRET, "msg_1", OWN_BODY)
    assert first == {"id": first["id"], "status": "received"}
    assert send(f"{address}/own", SECRET, "msg_1", OWN_BODY) == {**first, "duplicate": True}
    batch = send(f"{address}/own", SECRET, "msg_2", [OWN_BODY, {**OWN_BODY, "type": "tour.cancelled"}])
    assert (batch["status"], len(batch["events"])) == ("received", 2)
    with pytest.raises(urllib.error.HTTPError) as refused:
        send(f"{address}/own", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_3", OWN_BODY)
    assert refused.value.code == 401
    refused.value.close()


class Form(HTMLParser):
    """The fields of a form with something that a visitor may put in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        typed = {"email": "maya@example.com", "tel": "512-555-0142", "date": "2031-03-04", "time": "10:30"}
        name = given.get("name")
        if tag == "select":
            self._select = name or ""
        elif tag == "option":
            self.values.setdefault(self._select, given["value"] or "")
        elif tag in {"input", "textarea"} and name:
            self.values[name] = given.get("value") or typed.get(given.get("type") or "", "Maya")


def test_the_form_to_copy_is_accepted_with_its_script_and_without(app: Any) -> None:
    html = block("html", "<form")
    client: FlaskClient = app.test_client()
    values = Form(html).values
    booking = translate(values, "website_form").booking
    assert set(values) <= set(re.findall(r"[a-z_]+", " ".join(where for where in form_paths())))
    assert (booking.property, booking.kind, booking.notes) == ("oakwood", "in_person", "Maya")
    assert (booking.contact.phone, booking.starts_at_local.isoformat()) == (
        "+15125550142",
        "2031-03-04T10:30:00",
    )

    names = re.findall(r'"([A-Z][\w-]+)": "', html)
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": ", ".join(names)}
    allowed = client.options("/hooks/website", headers={"Origin": SITE, **asked})
    assert allowed.headers["Access-Control-Allow-Origin"] == SITE
    assert allowed.headers["Access-Control-Allow-Headers"].lower() == ", ".join(names).lower()
    as_json = client.post("/hooks/website", json=values, headers={"Origin": SITE})
    assert (as_json.status_code, as_json.headers["Access-Control-Allow-Origin"]) == (200, SITE)
    assert client.post("/hooks/website", data=values, headers={"Origin": SITE}).status_code == 200
    assert client.post("/hooks/website", json=values, headers={"Origin": "https://other"}).status_code == 403


def form_paths() -> list[str]:
    mapping = Catalogue().get("website_form").schema()
    return [field.where for _, field in mapping.paths()]


def test_the_form_has_no_other_fields_than_the_guide_names() -> None:
    section = TEXTS[GUIDE].partition("## A form on your website")[2]
    for path in {path for where in form_paths() for path in where.split(" | ")}:
        assert re.search(rf"\b{path}\b", section), path


def test_the_error_of_a_form_is_the_one_shown(app: Any) -> None:
    shown = json.loads(block("json", "invalid_form"))
    values = {**Form(block("html", "<form")).values, "email": "maya"}
    answer = app.test_client().post("/hooks/website", json=values, headers={"Origin": SITE})
    assert {name: answer.json[name] for name in shown} == shown
    answer = app.test_client().post(
        "/hooks/website", json={**values, "time": "late"}, headers={"Origin": SITE}
    )
    assert {"email", "date", "time"} <= answer.json["errors"].keys()
