"""The webhook endpoint with its database, and senders that sign what they post."""

import io
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from inbound.posts import SECRETS, SITE
from sqlalchemy import select

from bridge.app import create_app
from bridge.database import Database
from bridge.inbound.signatures import Request
from bridge.models import Event, Lane
from bridge.settings import parse

OLD_SECRET, SECRET = SECRETS


class WebhookEndpoint:
    """Posts to the hooks of a bridge and looks at what is stored."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        sources: dict[str, dict[str, Any]] | None = None,
        **server: Any,
    ) -> None:
        property_ = {
            "integration_id": "i",
            "property_id": "p",
            "pms": "ENTRATA",
            "time_zone": "America/Chicago",
        }
        signed = {"mapping": "standard_webhooks", "secrets": [SECRET, OLD_SECRET]}
        settings = parse(
            {
                "propexo": {"token": "t"},
                "server": server,
                "properties": {"oakwood": {**property_, "name": "Oakwood Flats"}},
                "sources": {
                    "widget": signed,
                    "other": signed,
                    "off": {**signed, "enabled": False},
                    "calendly": {"mapping": "calendly", "secrets": ["calendly-key"]},
                    "cal_com": {"mapping": "cal_com", "secrets": ["cal-key"]},
                    "form": {"mapping": "website_form", "origins": [SITE], "property": "oakwood"},
                    "forms": {"mapping": "website_form", "origins": ["https://other.example"]},
                    **(sources or {}),
                },
            },
            {},
        )
        self.clock = clock
        self.app = create_app(settings, database, clock=clock)
        self.sources = self.app.extensions["endpoint"].sources
        self.client = self.app.test_client()
        self.database = database

    def sign(
        self, body: bytes, delivery_id: str = "msg_1", source: str = "widget", secret: str = ""
    ) -> dict[str, str]:
        """The headers with which the sender of a source posts a body."""
        configured = self.sources[source]
        if configured.mapping.public:
            return {"Content-Type": "application/json"}
        secret = secret or configured.settings.secrets[0]
        signed = configured.mapping.signature.sign_request(
            Request({}, body), [secret], self.clock(), delivery_id
        ).headers
        return {**signed, "Content-Type": "application/json"}

    def post(
        self, body: Any, delivery_id: str = "msg_1", source: str = "widget", secret: str = "", **more: str
    ) -> Any:
        """Post a signed body; `more` are headers to add or replace."""
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {**self.sign(body, delivery_id, source, secret), **more}
        # As a stream: the test client would make up a body for an empty multipart form.
        length = {"CONTENT_LENGTH": str(len(body))}
        stream = io.BytesIO(body)
        return self.client.post(
            f"/hooks/{source}", input_stream=stream, headers=headers, environ_overrides=length
        )

    def send(
        self,
        source: str,
        body: bytes,
        content_type: str = "application/json",
        query: str = "",
        secrets: list[str] | None = None,
    ) -> Any:
        """Post a body as the sender of a source does, wherever it puts its proof."""
        configured = self.sources[source]
        base = f"{self.app.extensions['endpoint'].settings.server.public_url or 'http://localhost'}/hooks/{source}"
        request = Request({"content-type": content_type}, body, url=f"{base}{query}")
        if configured.settings.auth != "none":
            known = secrets or list(configured.settings.secrets)
            request = configured.mapping.signature.sign_request(request, known, self.clock(), "msg_1")
        address = request.url.removeprefix(base)
        return self.client.post(f"/hooks/{source}{address}", data=request.body, headers=dict(request.headers))

    def events(self) -> list[Event]:
        with self.database.session() as session:
            return list(session.scalars(select(Event).order_by(Event.id)))

    def lanes(self) -> list[str]:
        """What workers have to look at."""
        with self.database.session() as session:
            return list(session.scalars(select(Lane.lane).where(Lane.ready).order_by(Lane.lane)))


@pytest.fixture
def open_endpoint(clock: Any) -> Callable[..., WebhookEndpoint]:
    """Makes a endpoint over a database, with more sources and settings of the server."""
    return lambda database, sources=None, **server: WebhookEndpoint(database, clock, sources, **server)


@pytest.fixture
def endpoint(database: Database, open_endpoint: Callable[..., WebhookEndpoint]) -> WebhookEndpoint:
    return open_endpoint(database)
