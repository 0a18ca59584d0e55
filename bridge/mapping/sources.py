"""The configured sources: each a name, its settings and its mapping, ready to use."""

from collections.abc import Iterator
from dataclasses import dataclass

from bridge.errors import ConfigurationError, Problem, UnknownSource
from bridge.mapping.base import Mapping
from bridge.mapping.catalogue import Catalogue, MappingFile
from bridge.settings import Settings
from bridge.settings import Source as SourceSettings


@dataclass(frozen=True)
class Source:
    """A configured inbound endpoint."""

    settings: SourceSettings
    file: MappingFile
    mapping: Mapping
    """Built once: making a schema costs more than using it."""

    @property
    def name(self) -> str:
        return self.settings.key


class Sources:
    """All configured sources by name.

    Raises:
        ConfigurationError: a mapping is missing or broken, a secret is missing or not of the sender's kind.
    """

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self._sources: dict[str, Source] = {}
        problems: list[Problem] = []
        for source in settings.sources.values():
            try:
                file = catalogue.get(source.mapping)
            except ConfigurationError as error:
                problems += [
                    Problem(f"sources.{source.key}.mapping", str(problem)) for problem in error.problems
                ]
                continue
            problems += _problems(source, file)
            self._sources[source.key] = Source(source, file, file.schema(phone_region=source.phone_region))
        if problems:
            raise ConfigurationError(problems)

    def __iter__(self) -> Iterator[Source]:
        return iter(self._sources.values())

    def __getitem__(self, name: str) -> Source:
        """Raises UnknownSource."""
        try:
            return self._sources[name]
        except KeyError:
            raise UnknownSource from None


def _problems(source: SourceSettings, file: MappingFile) -> list[Problem]:
    key = f"sources.{source.key}"
    if file.schema.public:
        if source.origins:
            return []
        message = 'found none, expected the sites that may post this form, e.g. ["https://www.example.com"]'
        return [Problem(f"{key}.origins", message)]
    assert file.schema.signature is not None  # the catalogue loads no other
    return [Problem(f"{key}.secrets", told) for told in file.schema.signature.check_secrets(source.secrets)]
