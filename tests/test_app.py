"""The two applications of a web process: what each answers, and at which address."""

from typing import Any

import pytest

from bridge.app import create_app
from bridge.database import Database
from bridge.settings import parse

SITE = "https://www.example.com"
PRIVATE = {"SERVER_NAME": "10.0.0.5", "SERVER_PORT": "8081"}
PUBLIC = {"SERVER_NAME": "0.0.0.0", "SERVER_PORT": "8080"}
BEHIND = [
    "/",
    "/console",
    "/console/sign-in",
    "/console/static/console.css",
    "/api/v1/events",
    "/api/docs",
    "/openapi.json",
    "/metrics",
]


@pytest.fixture
def settings() -> Any:
    return parse(
        {
            "propexo": {"token": "t", "webhook_secrets": ["a-secret-of-webhooks"]},
            "server": {"security_contact": "mailto:security@example.com", "trusted_proxies": 1},
            "properties": {
                "oakwood": {
                    "integration_id": "i",
                    "property_id": "p",
                    "pms": "ENTRATA",
                    "time_zone": "America/Chicago",
                }
            },
            "sources": {"form": {"mapping": "website_form", "origins": [SITE], "property": "oakwood"}},
        },
        {},
    )


@pytest.fixture
def app(settings: Any, database: Database, clock: Any) -> Any:
    return create_app(settings, database, clock=clock, private_address=("10.0.0.5", "8081"))


def status(app: Any, path: str, at: dict[str, str], method: str = "GET", **options: Any) -> int:
    with app.test_client().open(path, method=method, environ_overrides=at, **options) as answer:
        return int(answer.status_code)


@pytest.mark.parametrize("path", BEHIND)
def test_the_public_address_has_neither_console_nor_api_nor_metrics(app: Any, path: str) -> None:
    assert status(app, path, PRIVATE) != 404
    assert status(app, path, PUBLIC) == 404
    # The Host header and a proxy's headers are the sender's to choose.
    forged = {"Host": "10.0.0.5:8081", "X-Forwarded-Host": "10.0.0.5", "X-Forwarded-Port": "8081"}
    assert status(app, path, PUBLIC, headers=forged) == 404


@pytest.mark.parametrize("at", [PUBLIC, PRIVATE], ids=["public", "private"])
def test_both_addresses_have_hooks_and_probes(app: Any, at: dict[str, str]) -> None:
    assert status(app, "/hooks/form", at, "POST", json={}) == 422
    assert status(app, "/hooks/nobody", at, "POST", json={}) == 404
    assert status(app, "/propexo/webhooks", at, "POST", json={}) == 401
    assert status(app, "/.well-known/security.txt", at) == 200
    assert status(app, "/livez", at) == status(app, "/readyz", at) == 200


def test_with_one_address_all_answer_there(settings: Any, database: Database, clock: Any) -> None:
    app = create_app(settings, database, clock=clock)
    for path in BEHIND:
        assert status(app, path, PUBLIC) != 404
    assert status(app, "/hooks/form", PUBLIC, "POST", json={}) == 422


def test_the_public_application_has_no_route_of_the_console(app: Any) -> None:
    rules = {rule.rule for rule in app.extensions["public"].url_map.iter_rules()}
    assert rules == {
        "/hooks/<name>", "/hooks/<name>/<token>", "/propexo/webhooks", "/.well-known/security.txt", "/livez", "/readyz",
        "/availability/<name>", "/widget.js", "/widget/<name>", "/widget/<name>/places", "/widget/<version>/widget.js",
        "/widget/static/<path:filename>", "/tour/<token>", "/tour/<token>/move", "/tour/<token>/cancel",
        "/tour/<token>.ics",
    }  # fmt: skip


def test_headers_of_the_console_are_not_on_answers_to_senders(app: Any) -> None:
    client = app.test_client()
    page = client.get("/console/sign-in", environ_overrides=PRIVATE)
    assert {"Content-Security-Policy", "Referrer-Policy", "Permissions-Policy"} <= set(page.headers.keys())
    answer = client.post("/hooks/form", json={}, headers={"Origin": SITE})
    assert not {"Content-Security-Policy", "Set-Cookie"} & set(answer.headers.keys())
    assert answer.headers["Access-Control-Allow-Origin"] == SITE
    assert "Access-Control-Allow-Origin" not in client.get("/livez", headers={"Origin": SITE}).headers


@pytest.mark.parametrize("path", ["/hooks/form", "/console/sign-in", "/livez", "/nowhere"])
def test_over_tls_every_answer_says_to_stay_there(app: Any, path: str) -> None:
    client = app.test_client()
    over_tls = client.get(path, headers={"X-Forwarded-Proto": "https"}, environ_overrides=PRIVATE)
    assert "max-age" in over_tls.headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in client.get(path, environ_overrides=PRIVATE).headers


@pytest.mark.parametrize("at", [PUBLIC, PRIVATE], ids=["public", "private"])
def test_every_answer_has_an_id_and_errors_one_shape(app: Any, at: dict[str, str]) -> None:
    for path in ("/hooks/nobody", "/nowhere", "/propexo/nothing"):
        answer = app.test_client().get(path, environ_overrides=at)
        assert answer.headers["X-Request-ID"]
        assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
