"""The webhook endpoint while its database is away, busy or broken."""

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from inbound.posts import BODY, assert_problem
from structlog.testing import capture_logs

from bridge.database import Database


def test_a_database_that_is_away_means_later(open_endpoint: Any) -> None:
    endpoint = open_endpoint(Database("postgresql://nobody@127.0.0.1:1/none"))
    with capture_logs() as logs:
        assert_problem(endpoint.post(BODY), 503, "not_accepting")
    refused = next(line for line in logs if "source" in line)
    assert (refused["source"], refused["error"]) == ("widget", "OperationalError")
    assert "Maya" not in repr(logs)


@contextlib.contextmanager
def locked(database: Database, table: str) -> Iterator[None]:
    with psycopg.connect(database.url) as other:
        other.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()


@pytest.mark.parametrize("table", ["events", "lanes"])
def test_a_locked_table_means_later_and_stores_nothing(
    database: Database, open_endpoint: Any, table: str
) -> None:
    impatient = Database(database.url, statement_timeout=0.1)
    endpoint = open_endpoint(impatient)
    with locked(database, table):
        assert_problem(endpoint.post(BODY), 503, "not_accepting")
    assert (endpoint.events(), endpoint.lanes()) == ([], [])
    assert "duplicate" not in endpoint.post(BODY).json
    impatient.close()


def test_a_server_that_takes_no_more_connections_means_later(
    own_database: Database, open_endpoint: Any
) -> None:
    name = own_database.url.partition("?")[0].rpartition("/")[2]
    with psycopg.connect(own_database.url.replace(f"/{name}", "/postgres"), autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    assert_problem(open_endpoint(own_database).post(BODY), 503, "not_accepting")


def test_a_pool_without_a_free_connection_means_later(
    database: Database, open_endpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = Database(database.url, pool_size=1)
    monkeypatch.setattr(busy.engine.pool, "_timeout", 0.05)
    with contextlib.ExitStack() as held:
        for _ in range(3):
            held.enter_context(busy.engine.connect())
        assert_problem(open_endpoint(busy).post(BODY), 503, "not_accepting")
    busy.close()


def test_a_lost_connection_is_replaced(own_database: Database, open_endpoint: Any) -> None:
    endpoint = open_endpoint(own_database)
    endpoint.post(BODY)
    with psycopg.connect(endpoint.database.url, autocommit=True) as admin:
        extra = "pid <> pg_backend_pid() AND datname = current_database()"
        admin.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {extra}")
    assert endpoint.post(BODY, "msg_2").status_code == 200


@pytest.mark.parametrize(
    "broken",
    ["DROP TABLE lanes", "ALTER TABLE lanes RENAME COLUMN news TO key"],
)
def test_without_a_queue_nothing_is_stored(own_database: Database, open_endpoint: Any, broken: str) -> None:
    endpoint = open_endpoint(own_database)
    with psycopg.connect(endpoint.database.url, autocommit=True) as admin:
        admin.execute(broken)
    assert_problem(endpoint.post(BODY), 503, "not_accepting")
    assert endpoint.events() == []
