"""Columns that identify a person, encrypted where `privacy.encryption_keys` lists keys.

The types here stand in models.py; the keys belong to an engine, so two databases of one process can differ. The
first key encrypts, all decrypt. What was stored before there was a key is read as it is, and
`bridge encrypt` catches up. Empty values stay empty: they hide nothing.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Connection, Dialect, Engine, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from bridge.errors import BridgeError

MARK = b"sealed:"
"""Opens every encrypted value."""
PLAINTEXT_MARK = b"as-it-is:"
"""After MARK: not encrypted, but what was to be stored began with MARK itself."""
DIGEST_LENGTH = 20
"""Hexadecimal digits of a word in an index: eighty bits, of which no two names share all."""
SEALED = "sealed"
"""The key under which a document with open fields keeps the others."""


class DecryptionError(BridgeError):
    """A stored value is encrypted with a key that `privacy.encryption_keys` does not list. Add that key again."""

    code = "undecipherable"


class Cipher:
    """Encrypts with the first of some keys and decrypts with any; without keys it leaves values as they are."""

    def __init__(self, keys: Sequence[str] = ()) -> None:
        self._keys = tuple(keys)
        self._fernet = MultiFernet([Fernet(key) for key in keys]) if keys else None

    def __bool__(self) -> bool:
        return self._fernet is not None

    def seal(self, value: bytes) -> bytes:
        """The value as it is stored."""
        if self._fernet is None:
            return MARK + PLAINTEXT_MARK + value if value.startswith(MARK) else value
        return MARK + self._fernet.encrypt(value)

    def unseal(self, stored: bytes) -> bytes:
        """The inverse of `seal`. Raises DecryptionError."""
        if not stored.startswith(MARK):
            return stored
        rest = stored.removeprefix(MARK)
        if rest.startswith(PLAINTEXT_MARK):
            return rest.removeprefix(PLAINTEXT_MARK)
        if self._fernet is None:
            raise DecryptionError
        try:
            return self._fernet.decrypt(rest)
        except InvalidToken:
            raise DecryptionError from None

    def digests(self, word: str) -> list[str]:
        """A word as an index keeps it: under the key that encrypts, then under the others, then under none."""
        plain = word.encode()
        keyed = [hmac.digest(key.encode(), plain, "sha256").hex() for key in self._keys]
        return [digest[:DIGEST_LENGTH] for digest in (*keyed, hashlib.sha256(plain).hexdigest())]


_ciphers: WeakKeyDictionary[Dialect, Cipher] = WeakKeyDictionary()
"""By the dialect of an engine: it is what SQLAlchemy shows a type when it converts a value."""
_NO_KEYS = Cipher()


def set_keys(engine: Engine, keys: Sequence[str]) -> None:
    """Let everything that goes through this engine be encrypted with these keys."""
    _ciphers[engine.dialect] = Cipher(keys)


def _cipher(dialect: Dialect) -> Cipher:
    return _ciphers.get(dialect, _NO_KEYS)


def digests(session: Session | Connection, word: str) -> list[str]:
    """As `Cipher.digests`, with the keys of the session's database: the first is written, all are looked for."""
    dialect = session.dialect if isinstance(session, Connection) else session.get_bind().dialect
    return _cipher(dialect).digests(word)


class SealedBytes(TypeDecorator[bytes]):
    """Bytes."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return _cipher(dialect).seal(value) if value else value

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> bytes | None:
        return _cipher(dialect).unseal(value) if value else value


class SealedText(TypeDecorator[str]):
    """A text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return _cipher(dialect).seal(value.encode()).decode() if value else value

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        return _cipher(dialect).unseal(value.encode()).decode() if value else value


class SealedJson(TypeDecorator[Any]):
    """A JSON object or list. Fields of an object that are `open` stay as they are, for conditions in SQL."""

    impl = JSONB
    cache_ok = True

    def __init__(self, *open_fields: str) -> None:
        super().__init__(none_as_null=True)
        self.open_fields = open_fields

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        cipher = _cipher(dialect)
        if not cipher or not value:
            return value
        if not self.open_fields:
            return _sealed(cipher, value)
        closed = {name: each for name, each in value.items() if name not in self.open_fields}
        opened = {name: each for name, each in value.items() if name in self.open_fields}
        return {**opened, SEALED: _sealed(cipher, closed)} if closed else opened

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if isinstance(value, str):
            return _unsealed(_cipher(dialect), value)
        if self.open_fields and isinstance(value, dict) and SEALED in value:
            opened = {name: each for name, each in value.items() if name != SEALED}
            return {**opened, **_unsealed(_cipher(dialect), value[SEALED])}
        return value

    def coerce_compared_value(self, op: Any, value: Any) -> Any:
        """As SQLAlchemy wants it of a type around JSON: indexes are not values of the column."""
        return self.impl_instance.coerce_compared_value(op, value)


def _sealed(cipher: Cipher, value: Any) -> str:
    return cipher.seal(json.dumps(value).encode()).decode()


def _unsealed(cipher: Cipher, stored: str) -> Any:
    return json.loads(cipher.unseal(stored.encode()))
