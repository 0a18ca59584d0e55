"""Which versions of the bridge work with which tables."""

from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from bridge.database import MIGRATIONS, Database, head, tables
from bridge.errors import SchemaOutdatedError, SchemaTooNewError
from bridge.schema_versions import Tables, comment


@pytest.mark.parametrize(
    ("revision", "works_from", "are_older", "suit"),
    [
        (None, None, True, False),
        ("0004", None, True, False),
        ("0004", "0001", True, False),
        ("0005", None, False, True),
        ("0005", "0005", False, True),
        ("0006", None, False, False),
        ("0006", "0006", False, False),
        ("0006", "0005", False, True),
        ("0009", "0003", False, True),
        ("0009", "0007", False, False),
    ],
)
def test_what_version_five_works_on(
    revision: str | None, works_from: str | None, are_older: bool, suit: bool
) -> None:
    found = Tables(revision, works_from)
    assert (found.are_older_than("0005"), found.suit("0005")) == (are_older, suit)


@pytest.fixture
def later(database: Database) -> Any:
    """Lets the database be of a later version, from which on others work."""

    def change(works_from: str) -> None:
        with database.session() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
            session.execute(text(comment(works_from)))

    return change


def test_a_migration_says_from_which_version_on_others_work(database: Database) -> None:
    with database.engine.connect() as connection:
        assert tables(connection) == Tables(head(), "0008")


def test_a_process_starts_on_later_tables_that_suit_it(database: Database, later: Any) -> None:
    later(head())
    database.check_schema()
    assert database.migrate() == []


def test_a_process_does_not_start_on_other_later_tables(database: Database, later: Any) -> None:
    later("9998")
    with pytest.raises(SchemaTooNewError):
        database.check_schema()
    with pytest.raises(SchemaTooNewError):
        database.migrate()


def test_a_process_does_not_start_on_older_tables(database: Database) -> None:
    with database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    with pytest.raises(SchemaOutdatedError):
        database.check_schema()


def test_the_newest_file_is_where_the_migrations_end() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [head()]
