"""What everybody can make the web process compute without signing in: never more than 50 ms of processor."""

import gc
from collections.abc import Iterator
from typing import Any

import processor
import pytest
from argon2 import PasswordHasher
from console.signing_in import FROM_OWN_PAGE

from bridge.app import create_app
from bridge.cli.gunicorn import Server
from bridge.console.access import accounts, passwords
from bridge.models import Role

AS_CONFIGURED = passwords._hasher
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def limit() -> float:
    """Fifty milliseconds, on whatever machine this is."""
    return processor.reference()


@pytest.fixture
def real_hasher(passwords_are_hashed_quickly: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not the quick one of the other tests."""
    monkeypatch.setattr(passwords, "_hasher", AS_CONFIGURED)
    monkeypatch.setattr(passwords, "_UNKNOWN_USER_HASH", AS_CONFIGURED.hash("a password of no user"))


@pytest.mark.parametrize("name", ["maya", "nobody"])
def test_a_guess_of_a_password(world: Any, real_hasher: None, limit: float, name: str) -> None:
    with world.database.session() as session:
        accounts.add(session, world.settings, "maya", Role.OPERATOR, PASSWORD, world.clock())
    client = create_app(world.settings, world.database, clock=world.clock).test_client()
    client.environ_base |= FROM_OWN_PAGE
    statuses = []

    def guess() -> None:
        answer = client.post("/console/sign-in", data={"name": name, "password": "a wrong guess"})
        statuses.append(answer.status_code)

    cost = processor.seconds(guess)
    assert statuses == [401] * 3
    assert cost < limit


def test_a_password_hashed_with_other_parameters_is_valid_and_hashed_again(world: Any) -> None:
    with world.database.session() as session:
        user = accounts.add(session, world.settings, "maya", Role.OPERATOR, PASSWORD, world.clock())
        user.password_hash = PasswordHasher(time_cost=2, memory_cost=128, parallelism=4).hash(PASSWORD)
        assert passwords.is_outdated(user.password_hash)
        assert accounts.authenticate(session, world.settings, "maya", PASSWORD)
        assert not passwords.is_outdated(user.password_hash)
        assert accounts.authenticate(session, world.settings, "maya", PASSWORD)


@pytest.fixture
def web_process(world: Any) -> Iterator[Any]:
    """The application of a process that has just begun."""
    url = world.database.engine.url.render_as_string(hide_password=False)
    app = Server(world.settings, url, []).load()
    gc.unfreeze()
    yield app
    app.extensions["endpoint"].database.close()


@pytest.mark.parametrize("path", ["/openapi.json", "/api/docs"])
def test_the_first_reading_of_the_description(web_process: Any, limit: float, path: str) -> None:
    statuses = []
    cost = processor.seconds(
        lambda: statuses.append(web_process.test_client().get(path).status_code), rounds=1
    )
    assert statuses == [200]
    assert cost < limit


def test_every_address(web_process: Any, limit: float) -> None:
    costs = {}
    for app in (web_process, web_process.extensions["public"]):
        for rule in app.url_map.iter_rules():
            with app.test_request_context():
                path = app.url_map.bind("127.0.0.1").build(
                    rule.endpoint, dict.fromkeys(rule.arguments, "1"), force_external=False
                )
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                costs[method, path] = processor.seconds(
                    lambda path=path, method=method: (
                        web_process.test_client().open(path, method=method).close()
                    )
                )
    assert len(costs) > 80
    assert max(costs.values()) < limit, max(costs.items(), key=lambda item: item[1])
