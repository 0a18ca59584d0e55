"""Sources that are set up in the console, beside those of bridge.toml."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from bridge.encryption import SealedJson
from bridge.models.base import Base


class StoredSource(Base):
    """A source of the console, or how the console switched one of bridge.toml."""

    __tablename__ = "stored_sources"

    key: Mapped[str] = mapped_column(primary_key=True)
    document: Mapped[dict[str, Any] | None] = mapped_column(SealedJson())
    """Its table, with the keys and values of bridge.toml; `None`: bridge.toml has it, and only `mode` is here."""
    mode: Mapped[str | None]
    """`live` or `shadow`, where bridge.toml does not say."""
    live_since: Mapped[datetime | None]
    """When it was switched live: events that came before stay in shadow."""
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
    version: Mapped[int] = mapped_column(server_default=text("nextval('stored_source_version')"))
    """Another one with every change: by it running processes see that there is something new."""
