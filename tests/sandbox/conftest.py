"""A sandbox on a real HTTP server, with a clock that the test moves."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from bridge.sandbox.server import SandboxServer
from bridge.sandbox.state import Sandbox

VENDORS = (
    "APPFOLIO", "BUILDIUM", "ELISEAI", "ENTRATA", "FUNNEL", "KNOCK", "MRI", "PROPERTYWARE",
    "PROPERTYWARE_REST", "REALPAGE", "REALPAGE_RPX", "RENTCAFE", "RENTMANAGER",
    "RENTVINE", "RESMAN", "YARDI", "YARDI_REST",
)  # fmt: skip


class ManualClock:
    def __init__(self) -> None:
        self.now = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Api:
    """A client of the sandbox that sends a token, follows no redirects and raises nothing for a status."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.headers["Authorization"] = "Bearer test-token"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        options = {"timeout": 20, "allow_redirects": False, **options}
        return self.session.request(method, self.url + path, **options)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.call(
            "GET", path, params={name.replace("order_by", "order-by"): each for name, each in query.items()}
        )

    def post(self, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.call("POST", path, json=body, **options)

    def put(self, path: str, body: Any, **options: Any) -> requests.Response:
        return self.call("PUT", path, json=body, **options)

    def outcome(self, answer: requests.Response) -> dict[str, Any]:
        """The write-status of a write that was accepted."""
        assert answer.status_code == 200, answer.text
        return self.get(f"/v1/admin/write-status/{answer.json()['job_id']}").json()

    def issues(self, answer: requests.Response) -> list[dict[str, Any]]:
        """The issues of a 400 in the documented shape."""
        assert answer.status_code == 400, answer.text
        error = answer.json()["error"]
        assert (error["code"], error["message"]) == ("invalid_request", "invalid request")
        assert error["details"]["details"]["name"] == "ZodError"
        return error["details"]["details"]["issues"]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sandbox(clock: ManualClock) -> Sandbox:
    """Every test's account: an integration of each PMS, named by its vendor, with one property."""
    sandbox = Sandbox(clock, slow_zone_seconds=0, budget_per_minute=1000)
    for vendor in VENDORS:
        sandbox.add_integration(vendor, vendor)
        sandbox.add_property(vendor, f"{vendor}-property", f"{vendor} Flats")
    return sandbox


@pytest.fixture
def server(sandbox: Sandbox) -> Iterator[SandboxServer]:
    with SandboxServer(sandbox) as server:
        yield server


@pytest.fixture
def api(server: SandboxServer) -> Iterator[Api]:
    api = Api(server.url)
    with api.session:
        yield api
