"""The migrations: safe to repeat, safe to run at once, and equal to the models."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from revisions import empty_out, make_at, run
from sqlalchemy import select, text

from bridge.database import Database
from bridge.errors import SchemaOutdatedError
from bridge.keys import contact_key
from bridge.models import Base, Event


@pytest.fixture
def empty(own_database):
    """The test's database, emptied of all schema."""
    empty_out(own_database)
    return own_database


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
    with pytest.raises(SchemaOutdatedError, match="bridge migrate"):
        empty.check_schema()
    empty.migrate()
    with empty.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(SchemaOutdatedError):
        empty.check_schema()


@pytest.fixture
def first_version(own_database):
    """The test's database as 0.1.0 left it."""
    make_at(own_database, "0001")
    return own_database


AN_EVENT = """
    INSERT INTO events (source, delivery_id, received_at, headers, body, lock, status, tries, looks, replays)
    VALUES ('widget', 'msg_1', now(), '{}', 'body', :lock, 'parked', 0, 0, 0)
"""


def test_an_earlier_version_with_events_is_brought_along(first_version):
    run(first_version, AN_EVENT, lock="booking:widget:B-1")
    first_version.migrate()
    first_version.check_schema()
    with first_version.session() as session:
        (event,) = session.scalars(select(Event))
        reported = (event.delivery_id, event.query, event.answers, event.lock)
    assert reported == ("msg_1", {}, None, "booking:widget:B-1")


@pytest.mark.parametrize(("email", "phone"), [("maya@example.com", None), (None, "+15125550142")])
def test_what_0_1_0_locked_by_a_contact_in_clear_text_is_locked_by_its_digest(first_version, email, phone):
    named = f"email:{email}" if email else f"phone:{phone}"
    run(first_version, AN_EVENT, lock=named)
    run(
        first_version,
        "INSERT INTO procrastinate_jobs (task_name, queue_name, lock, args) VALUES ('forward', 'default', :lock, '{}')",
        lock=named,
    )
    run(
        first_version,
        "INSERT INTO leads (integration_id, property_id, contact, code, created, created_at) "
        "VALUES ('i', 'p', :contact, 'LD-1', true, now())",
        contact=named,
    )
    first_version.migrate()
    with first_version.session() as session:
        named = [
            session.scalar(text(f"SELECT {column} FROM {table}"))
            for table, column in (("events", "lock"), ("procrastinate_jobs", "lock"), ("leads", "contact"))
        ]
    assert named == [contact_key(email, phone)] * 3


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
