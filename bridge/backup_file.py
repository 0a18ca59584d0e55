"""The file of a backup: a line that describes it, then what pg_dump writes in its custom format, encrypted on wish.

The first line is a JSON object, see BackupHeader. Without `encryption` the rest is pg_dump's. With it, the rest is a
sequence of chunks of 65536 bytes, the last one shorter or empty. Each is encrypted by AES-256-GCM and so 16 bytes
longer. The key is scrypt's of the passphrase, with the parameters in the header; every file has another salt. The nonce
of a chunk is its number in 11 bytes, the most significant first, and a byte that is 1 in the last chunk and else 0: no
chunk can be left out, moved or cut off. The associated data of every chunk is the first line with 64 zeros as
`content`.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from bridge.database import head
from bridge.errors import BridgeError

PRODUCT = "propexo-bridge"
UNKNOWN = "0" * 64
"""As long as a digest."""
LONGEST_HEADER = 10_000
"""Bytes."""
BLOCK = 1 << 20
"""Bytes that are read at a time."""
CHUNK = 65536
TAG = 16
CIPHER = "scrypt, AES-256-GCM"
MOST_MEMORY = 1 << 30
"""Bytes that a passphrase may take; a file that asks for more is refused."""


class BackupError(BridgeError):
    """The backup cannot be made or restored."""

    code = "backup_failed"


@dataclass(frozen=True)
class Encryption:
    """How the key is made of the passphrase; the parameters are those of scrypt."""

    cipher: str
    salt: str
    n: int
    r: int
    p: int

    @classmethod
    def new(cls) -> Self:
        """With another salt each time. It takes 64 MB and some tenths of a second."""
        return cls(CIPHER, os.urandom(16).hex(), n=2**16, r=8, p=2)

    def key(self, passphrase: str) -> bytes:
        """The key of the file. Raises BackupError: another version of the bridge has encrypted it."""
        if self.cipher != CIPHER or 128 * self.n * self.r > MOST_MEMORY:
            raise BackupError("The backup is encrypted in a way that this version does not know.")
        return Scrypt(bytes.fromhex(self.salt), 32, self.n, self.r, self.p).derive(passphrase.encode())


@dataclass(frozen=True)
class BackupHeader:
    """The first line of a backup."""

    product: str
    version: str
    revision: str
    """Of the tables."""
    server: int
    """The major version of PostgreSQL."""
    events: int
    digest: str
    """Of id, status, keys and body of every event."""
    content: str = UNKNOWN
    """The SHA-256 of what follows this line."""
    encryption: Encryption | None = None

    @property
    def line(self) -> bytes:
        """As it is written."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @property
    def associated_data(self) -> bytes:
        """What every encrypted chunk authenticates besides itself."""
        return replace(self, content=UNKNOWN).line

    @classmethod
    def read(cls, file: IO[bytes]) -> Self:
        """Raises BackupError: the file is no backup, or of a later version."""
        try:
            document = json.loads(file.readline(LONGEST_HEADER))
            encryption = document.pop("encryption", None)
            found = cls(**document, encryption=Encryption(**encryption) if encryption else None)
        except (ValueError, TypeError, AttributeError) as error:
            raise BackupError(
                "The file is no backup of the bridge: its first line does not describe one."
            ) from error
        if found.product != PRODUCT:
            raise BackupError(f"The file is a backup of {found.product}.")
        if found.revision > head():
            raise BackupError(
                f"The backup is of version {found.version} with tables {found.revision}, and this version has "
                f"{head()}. Install that version or a later one."
            )
        return found


def header_of(path: Path) -> BackupHeader:
    """Raises BackupError, as BackupHeader.read."""
    with path.open("rb") as file:
        return BackupHeader.read(file)


def content(file: IO[bytes]) -> Iterator[bytes]:
    """What follows the header, as it is in the file."""
    file.seek(0)
    file.readline(LONGEST_HEADER)
    while block := file.read(BLOCK):
        yield block


def encrypted(blocks: Iterable[bytes], key: bytes, associated_data: bytes) -> Iterator[bytes]:
    """The chunks of a file of these blocks."""
    cipher = AESGCM(key)
    for nonce, chunk in _chunks(blocks, CHUNK):
        yield cipher.encrypt(nonce, chunk, associated_data)


def decrypted(blocks: Iterable[bytes], key: bytes, associated_data: bytes) -> Iterator[bytes]:
    """The inverse of `encrypted`. Raises BackupError where a chunk is not what was written."""
    cipher = AESGCM(key)
    try:
        for nonce, chunk in _chunks(blocks, CHUNK + TAG):
            yield cipher.decrypt(nonce, chunk, associated_data)
    except InvalidTag:
        raise BackupError("The passphrase is wrong, or the backup is damaged.") from None


def _chunks(blocks: Iterable[bytes], size: int) -> Iterator[tuple[bytes, bytes]]:
    """Nonces and chunks: all of this size but the last."""
    number, buffer = 0, bytearray()
    for block in blocks:
        buffer += block
        while len(buffer) > size:
            yield number.to_bytes(11) + b"\0", bytes(buffer[:size])
            del buffer[:size]
            number += 1
    yield number.to_bytes(11) + b"\1", bytes(buffer)


def passphrase_of(path: Path) -> str:
    """The passphrase in a file, without the end of its line. Raises BackupError: it cannot be read, or is empty."""
    try:
        found = path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise BackupError(f"The passphrase cannot be read from {path}: {reason}.") from error
    if not found:
        raise BackupError(f"{path} has no passphrase.")
    return found


def backup_name(moment: datetime) -> str:
    """The name of a new backup in a folder of them."""
    return f"bridge-{moment:%Y%m%dT%H%M%SZ}.backup"
