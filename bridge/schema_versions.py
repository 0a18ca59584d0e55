"""Which versions of the bridge work with which tables.

A migration may say from which revision on a version of the bridge works on what it makes: `works_from = "0005"` beside
its `revision`. Without that, older versions do not. The setting is stored in the database, as the comment of
`alembic_version`, where versions find it that know nothing of the migration.
"""

import re
from dataclasses import dataclass

READ = "SELECT version_num, obj_description('alembic_version'::regclass, 'pg_class') FROM alembic_version"
_COMMENT = re.compile(r"works from (\d{4})")


@dataclass(frozen=True)
class Tables:
    """What a database says of its tables."""

    revision: str | None = None
    """Four digits, which count up; None: there are no tables."""
    works_from: str | None = None
    """The oldest revision whose version of the bridge works on them, if that is stored."""

    @classmethod
    def of_row(cls, row: "tuple[str, str | None] | None") -> "Tables":
        """The answer of READ."""
        if row is None:
            return cls()
        found = _COMMENT.search(row[1] or "")
        return cls(row[0], found[1] if found else None)

    def are_older_than(self, own: str) -> bool:
        """Whether a version whose revision is `own` has to bring them along."""
        return self.revision is None or self.revision < own

    def suit(self, own: str) -> bool:
        """Whether a version whose revision is `own` works on them."""
        if self.revision == own:
            return True
        return not self.are_older_than(own) and self.works_from is not None and self.works_from <= own


def comment(works_from: str) -> str:
    """The statement that keeps it."""
    return f"COMMENT ON TABLE alembic_version IS 'works from {works_from}'"
