"""The configured sources: each a name, its settings and its mapping, ready to use."""

from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from bridge.errors import ConfigurationError, OriginNotAllowedError, Problem, UnknownSourceError
from bridge.mapping.authentication import Verifier
from bridge.mapping.base import Mapping
from bridge.mapping.catalogue import Catalogue, MappingFile
from bridge.mapping.moments import Conventions
from bridge.mapping.renter_change import MARK, RenterChange
from bridge.settings import Settings
from bridge.settings import Source as SourceSettings

RENTER_CHANGE = RenterChange()


@dataclass(frozen=True)
class MappedSource:
    """A configured inbound endpoint."""

    settings: SourceSettings
    file: MappingFile
    mapping: Mapping
    """Built once: making a schema costs more than using it."""

    @property
    def name(self) -> str:
        return self.settings.key

    def needs_no_secret(self, origin: str | None) -> bool:
        """Whether a request needs no secret: of a form, or of a source with `auth = "none"`.

        Raises OriginNotAllowedError for a form of a site that is not listed.
        """
        if self.mapping.public:
            if origin is not None and origin not in self.settings.origins:
                raise OriginNotAllowedError
            return True
        return self.settings.auth == "none"

    def reading(self, headers: Dictionary[str, Any]) -> "MappedSource":
        """The source as a stored event with these headers is read: a renter's change is in our own format."""
        return replace(self, mapping=RENTER_CHANGE) if MARK in headers else self

    @cached_property
    def verifier(self) -> Verifier | None:
        """The proof of its sender with its secrets; `None` where the mapping knows none."""
        proof, settings = self.mapping.signature, self.settings
        return proof.verifier(settings.secrets, settings.tolerance) if proof else None


class Sources:
    """All configured sources by name.

    Raises:
        ConfigurationError: a mapping is missing or broken, a secret is missing or not of the sender's kind.
    """

    def __init__(self, settings: Settings, catalogue: Catalogue) -> None:
        self._sources: dict[str, MappedSource] = {}
        problems: list[Problem] = []
        for source in settings.sources.values():
            try:
                self._sources[source.key] = mapped_source(source, catalogue, settings)
            except ConfigurationError as error:
                problems += error.problems
        if problems:
            raise ConfigurationError(problems)

    def show(self, sources: Dictionary[str, MappedSource]) -> None:
        """Replace the sources; an iteration in progress sees the former ones."""
        self._sources = dict(sources)

    def __iter__(self) -> Iterator[MappedSource]:
        return iter(self._sources.values())

    def get(self, name: str) -> MappedSource | None:
        """`None` where no source of this name is configured."""
        return self._sources.get(name)

    def __getitem__(self, name: str) -> MappedSource:
        """Raises UnknownSourceError."""
        try:
            return self._sources[name]
        except KeyError:
            raise UnknownSourceError from None


def mapped_source(source: SourceSettings, catalogue: Catalogue, settings: Settings) -> MappedSource:
    """A source with its mapping. Raises ConfigurationError: it cannot work as it is configured."""
    try:
        file = catalogue.get(source.mapping)
    except ConfigurationError as error:
        key = f"sources.{source.key}.mapping"
        raise ConfigurationError([Problem(key, str(problem)) for problem in error.problems]) from error
    if problems := list(_problems(source, file, settings)):
        raise ConfigurationError(problems)
    return MappedSource(source, file, configured(file.schema, settings, source))


MONTH_FIRST = frozenset({"US", "FM", "GU", "MH", "PH", "PR", "PW"})
BOTH_ORDERS = frozenset({"CA"})
"""Where 12/03/2026 can be December or March."""


def configured(
    schema: type[Mapping], settings: Settings | None, source: SourceSettings | None = None
) -> Mapping:
    """The mapping as a source uses it; as one without settings does where there is none."""
    conventions = conventions_of(settings, source) if settings else None
    return schema(phone_region=source.phone_region if source else "US", conventions=conventions)


def conventions_of(settings: Settings, source: SourceSettings | None) -> Conventions:
    """How a source writes dates: as it says, else as its country does; and the zones that a time of it can be in."""
    region = source.phone_region if source else "US"
    agent = ZoneInfo(source.agent_time_zone) if source and source.agent_time_zone else None
    order = source.date_order if source else None
    day_first: bool | None = order == "day_first" if order else region not in MONTH_FIRST
    if order is None and region in BOTH_ORDERS:
        day_first = None
    return Conventions(day_first, _zones(settings, source), agent)


def _zones(settings: Settings, source: SourceSettings | None) -> frozenset[str]:
    own = settings.properties.get((source.property if source else None) or "")
    return frozenset(each.time_zone for each in ([own] if own else settings.properties.values()))


def _problems(source: SourceSettings, file: MappingFile, settings: Settings) -> Iterator[Problem]:
    """What a source lacks that its mapping needs, or has that it does not know."""
    key, mapping = f"sources.{source.key}", file.schema
    yield from (Problem(f"{key}.api", message) for message in _api_problems(source, mapping))
    if source.agent_time_zone and not mapping.has_agent_time_zone:
        message = f"not needed; {mapping.sender()} puts no offset of its own behind times"
        yield Problem(f"{key}.agent_time_zone", message)
    if mapping.tenant_required and not source.tenants:
        message = (
            f"found none, expected your accounts: {mapping.sender()} signs for all its customers with one key"
        )
        yield Problem(f"{key}.tenants", message)
    if mapping.public:
        if not source.origins:
            message = (
                'found none, expected the sites that may post this form, e.g. ["https://www.example.com"]'
            )
            yield Problem(f"{key}.origins", message)
        return
    proof = mapping.signature
    assert proof is not None  # the catalogue loads no other
    if source.auth == "none":
        if source.secrets:
            yield Problem(f"{key}.auth", 'found "none" and secrets; remove one of the two')
        return
    yield from (Problem(f"{key}.secrets", message) for message in proof.secret_problems(source.secrets))
    if proof.signs_url and settings.server.public_url is None:
        message = f"missing; {mapping.sender()} signs the address to which it posts (sources.{source.key})"
        yield Problem("server.public_url", message)


def _api_problems(source: SourceSettings, mapping: type[Mapping]) -> Iterator[str]:
    if not source.api:
        return
    if mapping.api is None:
        yield f"not needed; the mapping {source.mapping} asks no API"
        return
    known = ("base_url", *(("login_url",) if mapping.api.login else ()), *mapping.api.credentials)
    for name in source.api.keys() - set(known):
        yield f"unknown key {name}; the known ones are {', '.join(known)}"
    for name in mapping.api.credentials:
        if name not in source.api:
            yield f"has no {name}, without which the API does not answer"
