"""The console, seen by somebody who is signed in."""

from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher
from console.signing_in import FROM_OWN_PAGE, PASSWORD, browser_of

from bridge.app import create_app
from bridge.console.access import accounts, passwords, sessions, tokens
from bridge.console.access.accounts import Account
from bridge.database import Database
from bridge.models import Role

SignedIn = Callable[..., "Browser"]


class Browser:
    """Flask's test client with a session; it says of each form that a page of the console sent it."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.client.environ_base |= FROM_OWN_PAGE

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> Any:
        return self.client.post(path, data=data or {}, **options)


def open_browser(app: Any, settings: Any, database: Database, clock: Any, role: Role) -> Browser:
    """A browser in which somebody of this role is signed in."""
    with database.session() as session:
        account = Account(f"a {role}", role, None)
        text = sessions.begin_from_outside(session, settings, account.name, role, clock())
    client = app.test_client()
    client.set_cookie("bridge", text)
    return Browser(client)


@pytest.fixture(autouse=True)
def passwords_are_hashed_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """As always, with less work: a hash that takes a guesser long takes the tests long."""
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    monkeypatch.setattr(passwords, "_UNKNOWN_USER_HASH", quick.hash("a password of no user"))


@pytest.fixture
def signed_in(world: Any) -> SignedIn:
    """`signed_in(Role.VIEWER)`: the console of the world, for somebody of a role."""

    def open_one(role: Role = Role.ADMIN) -> Browser:
        app = world.client.application
        return open_browser(app, world.settings, world.database, world.clock, role)

    return open_one


@pytest.fixture
def api(world: Any) -> Callable[..., Any]:
    """`api(Role.VIEWER)`: a test client of the management API that sends a token of a role."""

    def open_one(role: Role = Role.ADMIN) -> Any:
        with world.database.session() as session:
            _, text = tokens.create(session, f"a {role}", role, world.clock(), None)
        client = world.client.application.test_client()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {text}"
        return client

    return open_one


@pytest.fixture
def app(world: Any) -> Any:
    return create_app(world.settings, world.database, clock=world.clock)


@pytest.fixture
def client(app: Any) -> Any:
    return browser_of(app)


@pytest.fixture
def maya(world: Any) -> str:
    with world.database.session() as session:
        accounts.add(session, world.settings, "Maya", Role.OPERATOR, PASSWORD, world.clock())
    return "maya"
