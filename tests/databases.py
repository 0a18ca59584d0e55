"""The databases of the tests: one for each process, emptied after each test, and copies for who needs its own."""

import contextlib
import itertools
import os
from collections.abc import Iterator
from typing import Any, Self

import psycopg
from sqlalchemy import Engine, QueuePool

from bridge.database import Database

TEST_CLOCK = """
    CREATE SCHEMA test_clock;
    CREATE TABLE test_clock.moment AS SELECT CAST(NULL AS timestamptz) AS now;
    CREATE FUNCTION test_clock.now() RETURNS timestamptz STABLE LANGUAGE sql AS
        'SELECT coalesce((SELECT moment.now FROM test_clock.moment), pg_catalog.now())';
"""
"""What `now()` answers in the database of a test that lets it stand; see world.py."""
SEARCH_PATH = "public, test_clock, pg_catalog"
"""`now()` is looked up along it: the test's comes before PostgreSQL's."""

EMPTYING = """
    CREATE FUNCTION test_clock.empty_out() RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        full_ones text[];
        is_large boolean;
    BEGIN
        SELECT array_agg(name), coalesce(bool_or(pg_relation_size(name::regclass) > 500000), false)
            INTO full_ones, is_large FROM unnest({full_ones}) AS name WHERE name IS NOT NULL;
        IF is_large THEN
            EXECUTE 'TRUNCATE ' || array_to_string(full_ones, ', ') || ' CASCADE';
        ELSIF full_ones IS NOT NULL THEN
            EXECUTE (
                SELECT 'WITH ' || string_agg(format('removed_%s AS (DELETE FROM %s)', number, name), ', ') || ' SELECT'
                FROM unnest(full_ones) WITH ORDINALITY AS full_one (name, number)
            );
        END IF;
        PERFORM setval(seqrelid, seqstart, false) FROM pg_sequence WHERE pg_sequence_last_value(seqrelid) IS NOT NULL;
        UPDATE test_clock.moment SET now = NULL WHERE now IS NOT NULL;
    END $$;
"""
"""Takes the rows out of the tables that have any, and starts the sequences again.

`full_ones` is one expression with all tables, so that PostgreSQL plans it once. A statement that deletes is quicker
than TRUNCATE where there are few rows, and leaves the plans of the next test's statements valid. What it leaves in the
files goes with the TRUNCATE that follows now and then.
"""

SHAPE = """
    SELECT
        (SELECT string_agg(concat_ws(' ', relnamespace, relname, relkind, relnatts, relhastriggers), ',' ORDER BY oid)
            FROM pg_class WHERE oid >= 16384 AND relkind <> 't'),
        (SELECT string_agg(attname, ',' ORDER BY attrelid, attnum)
            FROM pg_attribute WHERE attrelid >= 16384 AND attnum > 0),
        (SELECT string_agg(concat_ws(' ', oid, proname, md5(prosrc)), ',' ORDER BY oid)
            FROM pg_proc WHERE oid >= 16384),
        (SELECT string_agg(concat_ws(' ', oid, tgname, tgenabled), ',' ORDER BY oid)
            FROM pg_trigger WHERE NOT tgisinternal),
        (SELECT string_agg(concat_ws(' ', conname, conrelid), ',' ORDER BY oid) FROM pg_constraint WHERE oid >= 16384),
        (SELECT string_agg(nspname, ',' ORDER BY oid) FROM pg_namespace WHERE oid >= 16384 AND nspname NOT LIKE 'pg_%'),
        (SELECT string_agg(concat_ws(' ', setdatabase, setrole, setconfig), ',' ORDER BY setdatabase, setrole)
            FROM pg_db_role_setting),
        (SELECT string_agg(concat_ws(' ', rolname, rolconnlimit), ',' ORDER BY oid) FROM pg_roles),
        (SELECT count(*) FROM pg_statistic WHERE starelid >= 16384),
        (SELECT concat_ws(' ', datallowconn, datconnlimit) FROM pg_database WHERE datname = current_database())
"""
"""All that a test may alter besides rows; statistics too, by which PostgreSQL plans."""

END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL (%s)
"""
AS_NEW = "RESET ALL; SELECT pg_advisory_unlock_all(); UNLISTEN *"
"""What makes a session as it was when it began, but for its prepared statements."""
MOST_KEPT = 4
"""More connections than most tests use are not kept for the next one."""


class Databases:
    """Makes databases from a migrated template, which it makes first."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._numbers = itertools.count()
        self._template = f"bridge_template_{os.getpid()}"

    def __enter__(self) -> Self:
        self._admin = psycopg.connect(self._server_url, autocommit=True)
        self._admin.execute(f"CREATE DATABASE {self._template}")
        url = named(self._server_url, self._template)
        database = Database(url)
        database.migrate()
        database.close()
        with psycopg.connect(url) as connection:
            connection.execute(TEST_CLOCK)
        return self

    def __exit__(self, *_: object) -> None:
        self._admin.execute(f"DROP DATABASE {self._template}")
        self._admin.close()

    @contextlib.contextmanager
    def one(self) -> Iterator[str]:
        """The URL of a new one, for as long as it is used."""
        name = f"bridge_test_{os.getpid()}_{next(self._numbers)}"
        self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        try:
            yield named(self._server_url, name)
        finally:
            self._admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            self._admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [name]
            )
            self._admin.execute(f"DROP DATABASE {name}")


class SharedDatabase:
    """One database for test after test.

    After each test the rows are taken out, and the sessions ended that it has left. Where it has altered more than
    rows, a new database takes the place of this one.
    """

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        self._stack = contextlib.ExitStack()
        self._open()

    def _open(self) -> None:
        self._url = self._stack.enter_context(self._databases.one())
        self._keeper = self._stack.enter_context(psycopg.connect(self._url, autocommit=True))
        self._keeper.execute("SET lock_timeout = '2s'")
        self._keeper.execute(f"ALTER DATABASE {self._keeper.info.dbname} SET search_path = {SEARCH_PATH}")
        tables = self._keeper.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        self._kept = [name for (name,) in tables if self._rows(name)]
        """Tables that the migrations fill."""
        self._filled = [self._rows(name) for name in self._kept]
        emptied = [name for (name,) in tables if name not in self._kept]
        full_ones = [f"CASE WHEN EXISTS (SELECT FROM {name}) THEN '{name}' END" for name in emptied]
        self._keeper.execute(EMPTYING.format(full_ones=f"ARRAY[{', '.join(full_ones)}]"))
        self._shape = self._look()
        self._database = Database(self._url)
        self._listeners = listeners(self._database.engine)

    def _rows(self, table: str) -> list[Any]:
        return self._keeper.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()

    def _look(self) -> Any:
        return self._keeper.execute(SHAPE).fetchone()

    def lend(self) -> Database:
        """To one test at a time."""
        return self._database

    def take_back(self) -> None:
        """Make it as it was."""
        try:
            self._keeper.execute(END_OTHERS, [self._sessions()])
            is_as_it_was = self._look() == self._shape
            if is_as_it_was:
                self._keeper.execute("SELECT test_clock.empty_out()")
                is_as_it_was = [self._rows(name) for name in self._kept] == self._filled
        except psycopg.Error:  # the test has ended this session, or holds what nobody gets
            is_as_it_was = False
        if not is_as_it_was:
            self.close()
            self._open()
        elif self._is_altered():
            self._database = Database(self._url)

    def _is_altered(self) -> bool:
        return listeners(self._database.engine) != self._listeners or self._database.url != self._url

    def _sessions(self) -> list[int]:
        """The sessions that the next test may go on with: PostgreSQL has planned their statements already."""
        pool = self._database.engine.pool
        assert isinstance(pool, QueuePool)
        if self._is_altered() or pool.checkedout() or pool.checkedin() > MOST_KEPT:
            self._database.close()
            return []
        with contextlib.ExitStack() as stack:
            held = [stack.enter_context(contextlib.closing(pool.connect())) for _ in range(pool.checkedin())]
            sessions = [one.driver_connection for one in held]
            for session in sessions:
                session.execute(AS_NEW)
                session.commit()
            return [session.info.backend_pid for session in sessions]

    def close(self) -> None:
        self._database.close()
        self._stack.close()


def listeners(engine: Engine) -> Any:
    """Who listens to what happens there."""
    return [
        [(name, len(getattr(target.dispatch, name))) for name in sorted(target.dispatch._event_names)]
        for target in (engine, engine.pool)
    ]


def named(url: str, database: str) -> str:
    """The URL of another database on the same server."""
    address, _, query = url.partition("?")
    return f"{address.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")
