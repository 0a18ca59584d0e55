"""Passwords: hashed with Argon2id."""

import contextlib
import threading
from collections.abc import Iterator

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bridge.errors import BridgeError, NotAcceptingError

SHORTEST = 12
AT_ONCE = 2
"""Passwords that one process hashes at a time."""
PATIENCE = 5.0
"""Seconds."""

_hasher = PasswordHasher(time_cost=4, memory_cost=9216, parallelism=1)
"""One of the five settings that OWASP's Password Storage Cheat Sheet gives as equally strong, each of them enough.

It takes 9 MiB of memory and some 35 ms of processor: everybody who reaches the form can ask for it.
"""
_UNKNOWN_USER_HASH = _hasher.hash("a password of no user")
"""Checked for unknown names, so that they take as long."""


_slots = threading.BoundedSemaphore(AT_ONCE)


@contextlib.contextmanager
def slot() -> Iterator[None]:
    """Wait until a password may be hashed. Raises NotAcceptingError after a while."""
    if not _slots.acquire(timeout=PATIENCE):
        raise NotAcceptingError("Too many people sign in at the moment. Try it again.")
    try:
        yield
    finally:
        _slots.release()


class WeakPasswordError(BridgeError):
    """A password needs at least 12 characters. A sentence of a few words works well."""

    code = "weak_password"


def hashed(password: str) -> str:
    """What is stored. Raises WeakPasswordError."""
    if len(password) < SHORTEST:
        raise WeakPasswordError
    return _hasher.hash(password)


def is_right(password: str, stored: str | None) -> bool:
    """Whether a password is the hashed one; `None`: there is no such user, which takes as long to find out."""
    try:
        return _hasher.verify(stored or _UNKNOWN_USER_HASH, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether it was hashed with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)
