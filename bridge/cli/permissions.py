"""Files with secrets that other users of the machine can read."""

import contextlib
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bridge.errors import ConfigurationError
from bridge.settings.document import REFERENCE, read

SECRETS = {
    "token", "secrets", "webhook_secrets", "encryption_keys", "client_secret", "password_hash", "verify_tokens", "urls",
    "database_url", "password", "api_key",
}  # fmt: skip
"""Keys of bridge.toml; `urls` are those of alerts."""


def readable_secrets(path: Path | None) -> Iterator[Path]:
    """bridge.toml, if it contains a secret, and the files with secrets that it names."""
    if path is None:
        return
    try:
        document = read(path)
    except ConfigurationError:
        return
    values = list(_secrets(document))
    if any(
        isinstance(value, str) and not REFERENCE.search(value) for value in values
    ) and _is_readable_by_all(path):
        yield path
    for value in values:
        if isinstance(value, Path) and _is_readable_by_all(path.parent / value):
            yield path.parent / value


def _secrets(value: Any, *, secret: bool = False) -> Iterator[str | Path]:
    """Texts that are secrets; of a reference to a file its path."""
    match value:
        case {"file": str(name), **rest} if not rest:
            yield Path(name)
        case dict():
            for key, inner in value.items():
                yield from _secrets(inner, secret=secret or key in SECRETS)
        case list():
            for inner in value:
                yield from _secrets(inner, secret=secret)
        case str() if secret:
            yield value


def _is_readable_by_all(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return bool(path.stat().st_mode & stat.S_IROTH)
    return False
