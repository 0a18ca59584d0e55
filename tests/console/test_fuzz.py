"""No input makes the bridge fail: every route, pages included, answers hostile values with something below 500."""

import os
import random
import re
from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest
from console.conftest import open_browser

from bridge.app import create_app
from bridge.console.access import tokens
from bridge.models import Role

REQUESTS = int(os.environ.get("BRIDGE_FUZZ_REQUESTS", "600"))
TEXTS = [
    "", " ", "\0", "a\0b", "%00", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "\r\nX: y", "'", "';--",
    "../../etc/passwd", "\\", "é\U0001f600", "a" * 5000, "<script>", "{{7*7}}", "null", "true", "[]", "{}", "[" * 300,
]  # fmt: skip
NUMBERS = [
    "0",
    "1",
    "2",
    "-1",
    "1.5",
    "1e9",
    "9999999999",
    str(2**63 - 1),
    str(2**63),
    "9" * 40,
    "NaN",
    "٣",
    "0x1",
]
DAYS = [
    "2026-12-31", "9999-12-31", "0001-01-01", "10000-01-01", "2026-02-30", "2026-12-31T25:00", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00", "2026-W53-7", "20261231",
]  # fmt: skip
WORDS = [
    "oakwood",
    "widget",
    "calendly",
    "written",
    "parked",
    "open",
    "event:1",
    "sample:booked",
    "B-1",
    "admin",
    "viewer",
]
VALUES = [*TEXTS, *NUMBERS, *DAYS, *WORDS]
NAMES = [
    "q", "status", "source", "property", "reason", "since", "until", "cursor", "before", "after", "limit", "actor",
    "mapping", "taken", "script", "most", "ids", "id", "note", "payload", "replay", "force", "name", "role", "password",
    "days", "change", "next", "alias", "integration", "event", "body", "headers", "query", "content_type", "day",
    "start", "selection", "all", "confirm", "text", "code", "state",
]  # fmt: skip
BODIES = [
    "{}",
    "[]",
    "null",
    "1",
    '"x"',
    '{"ids": [9223372036854775808]}',
    '{"ids": ["a"]}',
    "{",
    "[" * 300,
    "\0",
]


class Fuzzer:
    """Makes requests from a seed."""

    def __init__(self, app: Any, seed: int) -> None:
        self.random = random.Random(seed)
        self.routes = [
            (rule, method)
            for rule in app.url_map.iter_rules()
            for method in sorted(rule.methods)
            if rule.endpoint != "access.sign_out" and not (method == "OPTIONS" and "hooks" not in rule.rule)
        ]

    def value(self) -> str:
        return self.random.choice(VALUES)

    def request(self, number: int) -> tuple[str, str, dict[str, Any]]:
        """Each route in turn, with other values each time."""
        rule, method = self.routes[number % len(self.routes)]
        path = re.sub("<[^>]*>", lambda _: self._segment(), rule.rule)
        given = {self.random.choice(NAMES): self.value() for _ in range(self.random.randrange(5))}
        query = "&".join(f"{quote(name)}={quote(value)}" for name, value in given.items())
        more: dict[str, Any] = {}
        if method not in {"GET", "HEAD", "OPTIONS"}:
            more = self._body()
        return method, f"{path}?{query}", more

    def _segment(self) -> str:
        return quote(self.value(), safe="") or "x"

    def _body(self) -> dict[str, Any]:
        if self.random.random() < 0.5:
            names = self.random.sample(NAMES, 6)
            return {"form": {name: self.value() for name in names}}
        return {"data": self.random.choice(BODIES), "content_type": "application/json"}


@pytest.mark.parametrize("seed", [1])
def test_nothing_fails(world: Any, seed: int) -> None:
    world.book("B-1")
    world.book("B-2", property="Atlantis")
    world.run()
    app = create_app(world.settings, world.database, clock=world.clock)
    with world.database.session() as session:
        _, token = tokens.create(session, "a token", Role.ADMIN, world.clock(), None)
    browser = open_browser(app, world.settings, world.database, world.clock, Role.ADMIN)
    fuzzer, failed, statuses = Fuzzer(app, seed), [], Counter()
    for number in range(REQUESTS):
        method, path, more = fuzzer.request(number)
        headers = {"Authorization": f"Bearer {token}"} if path.startswith("/api/") else {}
        if "form" in more:
            more = {"data": more["form"]}
        answer = browser.client.open(path, method=method, headers=headers, **more)
        statuses[answer.status_code] += 1
        if answer.status_code >= 500:
            failed.append((answer.status_code, method, path[:200], str(more)[:200]))
        answer.close()
    assert not failed, failed
    assert statuses[200] > REQUESTS / 20, statuses
