"""The migrations: safe to repeat, safe to run at once, and equal to the models."""

import os
import pwd
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, text

import bridge
from bridge.database import Database, DatabaseUnavailable, embedded
from bridge.errors import SchemaOutdated
from bridge.models import Base, Event


@pytest.fixture
def empty(server_url, database):
    """The test's database, emptied of all schema."""
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    return database


def test_migrating_twice_does_nothing_the_second_time(empty):
    assert [done.partition(":")[0] for done in empty.migrate()] == ["queue", "tables"]
    assert empty.migrate() == []
    empty.check_schema()


def test_migrating_from_several_places_at_once(empty):
    databases = [Database(empty.url) for _ in range(4)]
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(Database.migrate, databases))
    assert sorted(map(len, done)) == [0, 0, 0, 2]
    for database in databases:
        database.close()


def test_another_versions_schema_is_refused_by_name_of_the_command(empty):
    with pytest.raises(SchemaOutdated, match="bridge migrate"):
        empty.check_schema()
    empty.migrate()
    with empty.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(SchemaOutdated):
        empty.check_schema()


def test_an_earlier_version_with_events_is_brought_along(empty):
    config = Config()
    config.set_main_option("script_location", str(Path(bridge.__file__).parent / "migrations"))
    with empty.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text("""
                INSERT INTO events
                (source, delivery_id, received_at, headers, body, lock, status, tries, looks, replays)
                VALUES ('widget', 'msg_1', now(), '{}', 'body', 'maya', 'parked', 0, 0, 0)
            """)
        )
        connection.commit()
    empty.migrate()
    empty.check_schema()
    with empty.session() as session:
        (event,) = session.scalars(select(Event))
        assert (event.delivery_id, event.query, event.answers) == ("msg_1", {}, None)


def test_the_migrations_make_what_the_models_say(database):
    ours = set(Base.metadata.tables)

    def is_ours(item, name, kind, reflected, other):
        return (name if kind == "table" else item.table.name) in ours

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": is_ours})
        assert compare_metadata(context, Base.metadata) == []


def test_a_statement_that_waits_too_long_is_broken_off(database):
    limited = Database(database.url, statement_timeout=0.1)
    with psycopg.connect(database.url) as other:
        other.execute("LOCK TABLE events IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(Exception, match="statement timeout"), limited.session() as session:
            session.execute(text("SELECT count(*) FROM events"))
    limited.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root could take another user's files")
def test_root_does_not_take_the_embedded_server_of_another_user(tmp_path):
    folder = tmp_path / "postgres"
    folder.mkdir()
    os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    with pytest.raises(DatabaseUnavailable, match="belongs to nobody"), embedded(tmp_path):
        pass
    assert folder.stat().st_uid == pwd.getpwnam("nobody").pw_uid
