"""The own account, and that the last administrator stays."""

from typing import Any

import pytest
from console.signing_in import FROM_OWN_PAGE

from bridge.console.access import accounts, sessions
from bridge.console.actions.users import LastAdminError, UserChange, change_user
from bridge.console.actor import Actor, Via
from bridge.models import Role

OLD, NEW = "correct horse battery", "another long password"
ADA = Actor("ada", Role.ADMIN, Via.CONSOLE)


@pytest.fixture
def ada(world: Any, signed_in: Any) -> Any:
    """A browser in which an administrator of the database is signed in."""
    with world.database.session() as session:
        user = accounts.add(session, world.settings, "ada", Role.ADMIN, OLD, world.clock())
        text = sessions.begin(
            session, world.settings, accounts.Account("ada", Role.ADMIN, user.id), world.clock()
        )
    browser = signed_in(Role.ADMIN)
    browser.client.set_cookie("bridge", text)
    return browser


@pytest.mark.parametrize("change", [UserChange(enabled=False), UserChange(role=Role.OPERATOR)])
def test_the_last_administrator_stays(world: Any, ada: Any, change: UserChange) -> None:
    with world.database.session() as session, pytest.raises(LastAdminError):
        change_user(session, ADA, "ada", change, world.clock(), world.settings)
    with world.database.session() as session:
        accounts.add(session, world.settings, "ben", Role.ADMIN, OLD, world.clock())
        change_user(session, ADA, "ada", change, world.clock(), world.settings)
        with pytest.raises(LastAdminError):
            change_user(session, ADA, "ben", change, world.clock(), world.settings)


def test_a_page_says_why_the_last_administrator_stays(ada: Any) -> None:
    answer = ada.post("/console/users/ada", {"change": "disable"})
    assert (answer.status_code, "This is the last administrator" in answer.text) == (422, True)
    for data in ({"change": "everything"}, {"change": "role", "role": "king"}):
        assert ada.post("/console/users/ada", data).status_code == 422
    assert ada.post("/console/users/nobody", {"change": "disable"}).status_code == 422
    assert ada.post("/console/tokens/404/revoke").status_code == 404


def test_somebody_changes_the_own_password_and_other_sessions_end(
    world: Any, ada: Any, signed_in: Any
) -> None:
    other = world.client.application.test_client()
    other.environ_base |= FROM_OWN_PAGE
    assert other.post("/console/sign-in", data={"name": "ada", "password": OLD}).status_code == 303
    refused = ada.post("/console/account/password", {"current": "a wrong guess", "password": NEW})
    assert (refused.status_code, "not right" in refused.text) == (422, True)
    weak = ada.post("/console/account/password", {"current": OLD, "password": "short"})
    assert (weak.status_code, "at least 12 characters" in weak.text) == (422, True)
    assert ada.post("/console/account/password", {"current": OLD, "password": NEW}).status_code == 303
    assert "The password is changed" in ada.get("/console/account").text
    assert other.get("/console").status_code == 303
    assert other.post("/console/sign-in", data={"name": "ada", "password": OLD}).status_code == 401
    assert other.post("/console/sign-in", data={"name": "ada", "password": NEW}).status_code == 303
    assert "has no password here" in signed_in(Role.VIEWER).get("/console/account").text


def test_a_user_chooses_how_dates_are_written(world: Any, ada: Any) -> None:
    world.book()
    world.run()
    assert "Tue, Nov 24, 9:00 AM" in ada.get("/console/events").text
    assert ada.post("/console/account/locale", {"locale": "es_US"}).status_code == 303
    page = ada.get("/console/events").text
    assert 'lang="es">mar, 24 de nov, 9:00 a.m.</time>' in page
    assert '<html lang="en">' in page
    assert ada.post("/console/account/locale", {"locale": "tlh"}).status_code == 422
    with world.database.session() as session:
        assert accounts.named(session, "ada").locale == "es_US"


def test_who_is_not_in_the_database_keeps_it_in_the_browser(world: Any, signed_in: Any) -> None:
    browser = signed_in(Role.VIEWER)
    assert "your choice counts in this browser" in browser.get("/console/account").text
    browser.post("/console/account/locale", {"locale": "de_DE"})
    assert "Now: Di., 24. Nov., 09:00; 12.345." in browser.get("/console/account").text
    assert "Now: Tue, Nov 24, 9:00 AM; 12,345." in signed_in(Role.VIEWER).get("/console/account").text
