"""The version after this one: the same, but for a migration on whose tables this version works as well."""

from pathlib import Path

from chaos.fleet import THIS_VERSION

from bridge.database import head

MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = works_from = "{head}"


def upgrade() -> None:
    op.add_column("events", sa.Column("of_the_next_version", sa.Text))
    op.create_table("of_the_next_version", sa.Column("id", sa.BigInteger, primary_key=True))


def downgrade() -> None:
    op.drop_table("of_the_next_version")
    op.drop_column("events", "of_the_next_version")
"""


def make_next_version(tree: Path) -> Path:
    """A source tree: links to this version's, and another migration."""
    tree.mkdir()
    (tree / "mappings").symlink_to(THIS_VERSION / "mappings")
    _link_all(THIS_VERSION / "bridge", tree / "bridge", but="migrations")
    _link_all(THIS_VERSION / "bridge/migrations", tree / "bridge/migrations", but="versions")
    _link_all(THIS_VERSION / "bridge/migrations/versions", tree / "bridge/migrations/versions")
    (tree / "bridge/migrations/versions/9999_of_the_next_version.py").write_text(
        MIGRATION.format(head=head())
    )
    return tree


def _link_all(source: Path, folder: Path, but: str = "") -> None:
    folder.mkdir()
    for entry in source.iterdir():
        if entry.name != but and not (but == "" and entry.name == "__pycache__"):
            (folder / entry.name).symlink_to(entry)
