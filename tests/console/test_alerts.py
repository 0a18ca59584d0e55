"""The page of the alerts: what does not go well, who is notified, and whether that works."""

import html
import json
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.wrappers import Response

from bridge.alerts.test_message import scheme_and_host
from bridge.console.flash import Flash
from bridge.models import AuditEntry, Role


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("json://user:****@example.com:8080/hooks/", "json://example.com:8080"),
        ("mailto://maya%40example.com:****@example.com/", "mailto://example.com"),
        ("slack://T...1/A...2/c...3/", "slack://T...1"),
        ("json://example.com", "json://example.com"),
    ],
)
def test_of_an_address_only_scheme_and_host_are_shown(address: str, shown: str) -> None:
    assert scheme_and_host(address) == shown


@pytest.fixture
def notified(world: Any, sender_api: Any) -> str:
    """The address of somebody who is notified, as it is shown."""
    sender_api.answers["/team-room"] = {}
    host = sender_api.url.removeprefix("http://")
    world.document["alerts"] = {"urls": [f"json://user:secret-password@{host}/team-room"]}
    world.restart()
    return f"json://{host}"


def test_the_page_has_the_alerts_and_masks_the_addresses(world: Any, notified: str, signed_in: Any) -> None:
    world.book(property="Elm Cuort")
    world.run_due()
    page = signed_in(Role.OPERATOR).get("/console/alerts").text
    assert f"<code>{notified}</code>" in page
    assert "Tours that need attention" in page
    assert "Maya Okafor, Thu, Dec 3, 10:30 AM CST: No property is called “Elm Cuort”." in page
    assert "aliases" not in page
    assert "Send a test" not in page
    viewer = signed_in(Role.VIEWER).get("/console/alerts").text
    assert "Tours that need attention" in viewer
    for secret in ("Maya", "Okafor"):
        assert secret not in viewer
    for secret in ("secret-password", "user:", "team-room"):
        assert secret not in page + viewer


def test_the_api_says_what_the_page_says(world: Any, notified: str, signed_in: Any, api: Any) -> None:
    assert "No alert now." in signed_in(Role.OPERATOR).get("/console/alerts").text
    world.book(property="Elm Cuort")
    world.run_due()
    shown = api(Role.OPERATOR).get("/api/v1/alerts").json
    page = html.unescape(signed_in(Role.OPERATOR).get("/console/alerts").text)
    [alert] = shown["alerts"]
    texts = [alert["heading"], *alert["lines"], *shown["recipients"]]
    texts += [kind["heading"] for kind in shown["notified_of"]]
    assert [text for text in texts if text not in page] == []
    assert (alert["kind"], alert["opened_at"], shown["recipients"]) == ("parked", None, [notified])
    [hidden] = api(Role.VIEWER).get("/api/v1/alerts").json["alerts"]
    assert (hidden["lines"], hidden["count"]) == ([], 1)


def test_an_alert_has_no_paths_of_a_payload(world: Any, api: Any) -> None:
    world.book(start="next Tuesday, maybe")
    world.run_due()
    [alert] = api(Role.OPERATOR).get("/api/v1/alerts").json["alerts"]
    [line] = alert["lines"]
    assert line.endswith(
        ": The request could not be read as a tour. Open it and enter what the renter meant."
    )


def test_an_administrator_sends_a_test(
    world: Any, notified: str, sender_api: Any, signed_in: Any, api: Any
) -> None:
    admin = signed_in(Role.ADMIN)
    assert "Send a test" in admin.get("/console/alerts").text
    assert admin.post("/console/alerts/test").status_code == 303
    assert Flash.ALERT_SENT.text in admin.get("/console/alerts").text
    assert [json.loads(request.body)["title"] for request in sender_api.asked] == ["The bridge can reach you"]
    with world.database.session() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.what == "tested"))
    assert (entry.object, entry.after) == ("alerts", {"sent": 1, "of": 1})

    sender_api.answers["/team-room"] = Response("", 500)
    failed = admin.post("/console/alerts/test")
    assert (failed.status_code, f"<code>{notified}</code>: NOT sent" in failed.text) == (502, True)
    assert "secret-password" not in failed.text
    assert api(Role.ADMIN).post("/api/v1/alerts/test").json == {
        "results": [{"address": notified, "sent": False}]
    }
    for role in (Role.VIEWER, Role.OPERATOR):
        assert signed_in(role).post("/console/alerts/test").status_code == 403
        assert api(role).post("/api/v1/alerts/test").status_code == 403
    assert len(sender_api.asked) == 3


def test_without_an_address_it_says_what_to_do(signed_in: Any, api: Any) -> None:
    admin = signed_in(Role.ADMIN)
    assert "No one is notified." in admin.get("/console/alerts").text
    refused = admin.post("/console/alerts/test")
    assert (refused.status_code, "alerts.urls is empty" in refused.text) == (422, True)
    answer = api(Role.ADMIN).post("/api/v1/alerts/test")
    assert (answer.status_code, answer.json["code"]) == (409, "no_alert_address")
