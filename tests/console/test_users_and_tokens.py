"""Users, tokens and the audit log in the console."""

import re
from datetime import timedelta
from typing import Any

import pytest
from console.signing_in import PASSWORD, sign_in, signed_in_as
from sqlalchemy import select

from bridge.console.access import tokens
from bridge.models import AuditEntry


def test_an_admin_adds_a_user_who_signs_in(signed_in, client, world):
    browser = signed_in()
    data = {"name": "Noah", "role": "viewer", "password": PASSWORD}
    assert browser.post("/console/users", data).status_code == 303
    assert "noah" in browser.get("/console/users").text
    sign_in(client, "noah")
    assert signed_in_as(client) == "noah, viewer"
    assert browser.post("/console/users/noah", {"change": "role", "role": "operator"}).status_code == 303
    assert signed_in_as(client) == "noah, operator"
    assert browser.post("/console/users/noah", {"change": "disable"}).status_code == 303
    assert signed_in_as(client) is None
    reported = [(entry.what, entry.object_id) for entry in audit(world) if entry.actor == "a admin"]
    assert reported == [("added", "noah"), ("changed", "noah"), ("disabled", "noah")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"name": "noah", "password": "short"}, "at least 12 characters"),
        ({"name": "", "password": PASSWORD}, "Give the user a name"),
        ({"name": "maya", "password": PASSWORD}, "already exists"),
    ],
)
def test_a_user_who_cannot_be_added_is_explained(signed_in, maya, data, words):
    answer = signed_in().post("/console/users", data)
    assert (answer.status_code, words in answer.text) == (422, True)


def test_a_token_is_shown_once_and_ends(signed_in, world):
    browser = signed_in()
    made = browser.post("/console/tokens", {"name": "reports", "role": "viewer", "days": "1"})
    text = re.search(r"brg_[\w-]+", made.text)[0]
    assert text not in browser.get("/console/tokens").text
    with world.database.session() as session:
        assert tokens.find(session, text, world.clock()).name == "reports"
        assert tokens.find(session, text, world.clock() + timedelta(days=1)) is None
    assert browser.post("/console/tokens/1/revoke").status_code == 303
    with world.database.session() as session:
        assert tokens.find(session, text, world.clock()) is None
    assert [entry.what for entry in audit(world)][-2:] == ["created", "revoked"]


@pytest.mark.parametrize("days", ["0", "-3", "1.5", "ten", "9999", "9" * 5000])
def test_a_token_is_never_valid_for_ever_by_mistake(signed_in, world, days):
    answer = signed_in().post("/console/tokens", {"name": "reports", "role": "viewer", "days": days})
    assert (answer.status_code, "a number from 1 to 3650" in answer.text) == (422, True)
    assert audit(world) == []


def test_what_is_revoked_twice_is_a_page_that_says_so(signed_in):
    browser = signed_in()
    browser.post("/console/tokens", {"name": "reports", "role": "viewer"})
    browser.post("/console/bookings/feeds")
    for path in ("/console/tokens/1", "/console/bookings/feeds/1"):
        assert browser.post(f"{path}/revoke").status_code == 303
        again = browser.post(f"{path}/revoke")
        assert (again.status_code, "or it is already revoked" in again.text) == (404, True)
        assert "<nav" in again.text
    assert browser.post("/console/sign-out").status_code == 303
    assert browser.post("/console/sign-out").status_code in (303, 403)


def test_the_audit_pages_backwards(signed_in, world):
    browser = signed_in()
    for wrong in ("soon", "-1", "9" * 5000):
        assert browser.get("/console/audit", query_string={"before": wrong}).status_code == 422
    with world.database.session() as session:
        for number in range(150):
            session.add(AuditEntry(at=world.clock(), actor="maya", via="api", what="replayed", object="event",
                                   object_id=str(number)))  # fmt: skip
    newest = browser.get("/console/audit").text
    assert "/console/events/149" in newest
    older = re.search(r'href="(/console/audit\?before=\d+)"', newest)[1]
    assert "/console/events/0" in browser.get(older).text


def audit(world: Any) -> list[AuditEntry]:
    with world.database.session() as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
