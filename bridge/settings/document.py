"""bridge.toml as a document: read, overlaid with the environment, its references filled in."""

import copy
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from bridge.errors import ConfigurationError, Problem

KeyPath = tuple[str | int, ...]

PREFIX = "BRIDGE_"
NOT_SETTINGS = re.compile(r"BRIDGE_(CONFIG|URL|TOKEN|TEST_.*)", re.IGNORECASE)
KUBERNETES = re.compile(
    r"BRIDGE_((?!.*__).*_)?(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT_\d+_(TCP|UDP|SCTP)(_.*)?)=|\w+_PORT=(tcp|udp|sctp)://"
)
"""What every container beside a Service called `bridge` or `bridge-...` is given."""
REFERENCE = re.compile(r"\$\{([^{}]*)\}")


class UntypedText(str):
    """A text from the environment or a file. It may stand for a number, a boolean or a list with commas."""

    __slots__ = ("hidden", "origin")
    origin: str
    hidden: bool
    """True for references: they are how secrets are written, so their content never reaches a message."""

    def __new__(cls, text: str, origin: str, *, hidden: bool) -> Self:
        self = super().__new__(cls, text)
        self.origin, self.hidden = origin, hidden
        return self


def read(path: Path) -> dict[str, Any]:
    """Reads a TOML file. Raises ConfigurationError with the line and column of a slip."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        message = f"is not valid TOML: {error}"
    except FileNotFoundError:
        message = "there is no such file; `bridge init` writes one"
    except UnicodeDecodeError:
        message = "is not a text in UTF-8; save it in that encoding"
    except OSError as error:
        message = f"cannot be read ({error.strerror}); let this user read it"
    raise ConfigurationError([Problem(str(path), message)])


def overlay(document: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Copies the document and puts the value of every `BRIDGE_SECTION__KEY` into the copy."""
    overlaid = copy.deepcopy(dict(document))
    names = (name for name in environ if _is_override(name, environ[name]))
    # A variable that names a whole table comes last, so that it is reported and not silently overruled.
    for name in sorted(names, key=lambda name: (-name.count("__"), name)):
        *sections, last = name[len(PREFIX) :].lower().split("__")
        table = overlaid
        for section in sections:
            key = _existing_key(table, section)
            if not isinstance(table.get(key), dict):
                table[key] = {}
            table = table[key]
        table[_existing_key(table, last)] = UntypedText(environ[name], name, hidden=False)
    return overlaid


def _is_override(name: str, value: str) -> bool:
    return (
        name.upper().startswith(PREFIX)
        and not NOT_SETTINGS.fullmatch(name)
        and not KUBERNETES.match(f"{name}={value}")
    )


def _existing_key(table: dict[str, Any], name: str) -> str:
    """The key that a part of a variable's name means: `OAK_WOOD` is also `oak-wood`."""
    return next((key for key in table if re.sub(r"\W", "_", key.lower()) == name), name)


class References:
    """Fills in `${NAME}` and `{ file = "..." }`, and keeps in `problems` what could not be found."""

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self.environ = environ
        self.folder = folder
        self.problems: dict[KeyPath, str] = {}

    def fill_in(self, value: Any, at: KeyPath = ()) -> Any:
        """Answers the value without references. Overrides are taken as they are."""
        match value:
            case {"file": str(name), **rest} if not rest:
                return self._content_of(self.fill_in(name, at), at)
            case dict():
                return {key: self.fill_in(each, (*at, key)) for key, each in value.items()}
            case list():
                return [self.fill_in(each, (*at, index)) for index, each in enumerate(value)]
            case str() if not isinstance(value, UntypedText) and REFERENCE.search(value):
                return self._expanded(value, at)
        return value

    def _expanded(self, text: str, at: KeyPath) -> str:
        unset = [name for name in REFERENCE.findall(text) if name not in self.environ]
        if unset:
            self.problems[at] = f"the environment variable {unset[0]} is not set; set it and start again"
            return text
        expanded = REFERENCE.sub(lambda found: self.environ[found[1]], text)
        return UntypedText(expanded, text, hidden=True)

    def _content_of(self, name: str, at: KeyPath) -> str:
        if at in self.problems:
            return name
        try:
            content = (self.folder / name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not a text in UTF-8"
            self.problems[at] = f'the file "{name}" cannot be read ({reason}); correct its name or its rights'
            return name
        return UntypedText(content, name, hidden=True)
