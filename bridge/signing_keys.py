"""The keys of the bridge's own signatures, created once and kept in the database."""

import hashlib
import hmac
import secrets
from datetime import datetime
from weakref import WeakKeyDictionary

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from bridge.database import Database
from bridge.models import SigningKey

_known: WeakKeyDictionary[Database, dict[str, bytes]] = WeakKeyDictionary()


def signing_key(database: Database, name: str, now: datetime) -> bytes:
    """The key of a purpose, the same in all processes that share the database; made where there is none yet."""
    keys = _known.setdefault(database, {})
    if name not in keys:
        made = {"name": name, "key": secrets.token_hex(32), "created_at": now}
        with database.session() as session:
            session.execute(insert(SigningKey).values(made).on_conflict_do_nothing())
            found = session.scalars(select(SigningKey.key).where(SigningKey.name == name)).one()
        keys[name] = bytes.fromhex(found)
    return keys[name]


def signature(key: bytes, *parts: str) -> str:
    """A signature of some texts, as 64 hexadecimal digits."""
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()
