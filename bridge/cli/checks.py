"""The checks of `bridge check`; every finding says what to do."""

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from bridge.cli.base import connect
from bridge.cli.permissions import readable_secrets
from bridge.console.actions.aliases import listed
from bridge.console.workbench.confinement import CANNOT_CONFINE, can_confine
from bridge.console.workbench.folder import refusal_of
from bridge.database import Database, DatabaseUnavailableError
from bridge.delivery.rules.resolve import TourTarget, at_property
from bridge.encryption import DecryptionError
from bridge.errors import ConfigurationError, Problem, SchemaOutdatedError, SchemaTooNewError
from bridge.mapping.base import Mapping
from bridge.mapping.catalogue import Catalogue
from bridge.mapping.sources import Sources
from bridge.propexo import pms, preflight
from bridge.propexo.bodies import MissingFieldsError, create_body, lead_body
from bridge.propexo.preflight import PreflightFinding, is_placeholder
from bridge.propexo.tours import LeadPerson, PmsLocation, Tour
from bridge.settings import Property, Settings, Source, SourceTable, Workbench
from bridge.settings.schema import dotted, source_from
from bridge.stored_sources import stored_rows, switched

PLACEHOLDER = "replace-me"
"""What `bridge init` writes where only the operator knows the value."""
OLDEST_POSTGRESQL = 14


def problems(error: ConfigurationError) -> Iterator[PreflightFinding]:
    """A configuration error as findings."""
    return (_of(problem) for problem in error.problems)


def installation(settings: Settings) -> Iterator[PreflightFinding]:
    """The checks that need no connection: settings, mappings, sources, properties."""
    read = settings.path or "the environment"
    counted = f"properties: {len(settings.properties)}, sources: {len(settings.sources)}"
    yield PreflightFinding("ok", str(read), f"valid ({counted})")
    yield from _private(settings)
    yield from _readable(settings)
    sources = {key: dataclasses.asdict(source) for key, source in settings.sources.items()}
    yield from _placeholders({**dataclasses.asdict(settings), "sources": sources})
    yield from _mappings(settings)
    yield from _sources(settings)
    yield from _alerts(settings)
    yield from workbench(settings.console.workbench, confinable=can_confine())
    if not settings.properties:
        message = "there is none, so no tour can be booked; add a table [properties.<key>]"
        yield PreflightFinding("warning", "properties", message)
    for each in settings.properties.values():
        yield from _pms(settings, each)


def _private(settings: Settings) -> Iterator[PreflightFinding]:
    server = settings.server
    if server.private_bind is None:
        return
    if server.private_bind == f"{server.host}:{server.port}":
        message = "is the address of the hooks (host and port); give it a port of its own, or leave it out"
        yield PreflightFinding("problem", "server.private_bind", message)
        return
    message = f"console, API and metrics answer at {server.private_bind} only; a proxy has to pass them there"
    yield PreflightFinding("ok", "server.private_bind", message)


def _readable(settings: Settings) -> Iterator[PreflightFinding]:
    for file in readable_secrets(settings.path):
        message = f"holds secrets, and all users of this machine can read it: `chmod o-r {file}`"
        yield PreflightFinding("warning", str(file), message)


def workbench(mode: Workbench, *, confinable: bool) -> Iterator[PreflightFinding]:
    """What keeps edited mappings in."""
    key = "console.workbench"
    if mode is Workbench.UNCONFINED:
        message = 'is "unconfined": an edited mapping reaches all files, secrets and addresses that the bridge reaches'
        yield PreflightFinding("warning", key, message)
    elif mode is Workbench.CONFINED and not confinable:
        yield PreflightFinding("warning", key, CANNOT_CONFINE)


def _alerts(settings: Settings) -> Iterator[PreflightFinding]:
    from bridge.alerts.channels import Channels  # noqa: PLC0415 - Apprise knows a hundred services and loads them all

    try:
        if Channels(settings.alerts.urls) and not settings.server.public_url:
            yield PreflightFinding(
                "warning", "server.public_url", "is not set, so alerts have no link to the console"
            )
    except ConfigurationError as error:
        yield from problems(error)


def database(settings: Settings) -> Iterator[PreflightFinding]:
    """Whether the database answers, is new enough, and has this version's tables."""
    key = "database_url" if settings.database_url else "data_dir"
    if not settings.database_url and not (settings.data_dir / "postgres").exists():
        yield PreflightFinding(
            "ok", key, f"no database yet; the first start makes one in {settings.data_dir}"
        )
        return
    try:
        with connect(settings) as opened:
            with opened.session() as session:
                version = int(session.scalar(text("SHOW server_version_num")) or 0) // 10_000
            if version < OLDEST_POSTGRESQL:
                message = f"found PostgreSQL {version}, expected {OLDEST_POSTGRESQL} or newer; upgrade it"
                yield PreflightFinding("problem", key, message)
            opened.check_schema()
    except (DatabaseUnavailableError, SchemaTooNewError) as error:
        yield PreflightFinding("problem", key, error.message)
    except SchemaOutdatedError as error:
        if settings.database_url:
            yield PreflightFinding("problem", key, error.message)
        else:
            yield PreflightFinding("ok", key, "the next start brings the database to this version")
    else:
        yield PreflightFinding("ok", key, f"PostgreSQL {version}, with the tables of this version")
        yield from _stored(settings)


def _stored(settings: Settings) -> Iterator[PreflightFinding]:
    """What was added at the console."""
    with connect(settings) as opened:
        yield from _stored_sources(settings, opened)
        yield from _aliases(settings, opened)


def _aliases(settings: Settings, opened: Database) -> Iterator[PreflightFinding]:
    """Names that were added at the console and have no effect."""
    with opened.session() as session:
        for alias in listed(session, settings):
            if alias.problem:
                yield PreflightFinding("warning", f'alias "{alias.alias}"', alias.problem)


def propexo(settings: Settings) -> Iterator[PreflightFinding]:
    """Whether Propexo takes the token, and what it says of each integration and property."""
    return preflight.examine(settings, preflight.client_of(settings.propexo))


def _of(problem: Problem) -> PreflightFinding:
    return PreflightFinding("problem", problem.key, problem.message)


def _placeholders(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[PreflightFinding]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _placeholders(each, (*at, key))
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from _placeholders(each, (*at, index))
    elif isinstance(value, str) and _is_to_fill_in(value, at):
        yield PreflightFinding("problem", dotted(at), f'is still "{value.strip()}"; put in your own value')


def _is_to_fill_in(text: str, at: tuple[str | int, ...]) -> bool:
    is_id = str(at[-1]).endswith("_id") or (len(at) > 1 and at[-2] in ("units", "agents", "lead_sources"))
    return is_placeholder(text) if is_id else text.strip().lower() == PLACEHOLDER


def _mappings(settings: Settings) -> Iterator[PreflightFinding]:
    folder = settings.mappings_dir
    if folder and not folder.is_dir():
        yield PreflightFinding(
            "problem", "mappings_dir", f"{folder} is no folder; create it, or leave the key out"
        )
    refused = refusal_of(folder) if settings.console.save_mappings else None
    if refused:
        yield PreflightFinding("warning", "console.save_mappings", refused)
    catalogue = Catalogue(folder)
    loaded = 0
    for name, path in sorted(catalogue.paths.items()):
        try:
            catalogue.get(name)
        except ConfigurationError as error:
            yield from problems(error)
            continue
        loaded += 1
        if path.parent == folder:
            yield PreflightFinding("ok", f"mapping {name}", f"loads, from {folder}")
    yield PreflightFinding("ok", "mappings", f"{loaded} loaded")


def _sources(settings: Settings) -> Iterator[PreflightFinding]:
    catalogue = Catalogue(settings.mappings_dir)
    for source in settings.sources.values():
        yield from _source(settings, source, catalogue)


def _source(settings: Settings, source: Source, catalogue: Catalogue) -> Iterator[PreflightFinding]:
    key = f"sources.{source.key}"
    try:
        Sources(dataclasses.replace(settings, sources=SourceTable({source.key: source})), catalogue)
    except ConfigurationError as error:
        yield from problems(error)
        return
    message = f"receives events at /hooks/{source.key} with the mapping {source.mapping}"
    yield PreflightFinding("ok", key, message)
    yield from _of_its_mapping(source, catalogue.get(source.mapping).schema)
    if not source.enabled:
        message = "is false, so its sender is asked to retry later; set it to true to receive events"
        yield PreflightFinding("warning", f"{key}.enabled", message)


def missing_source(settings: Settings) -> Iterator[PreflightFinding]:
    """Whether no source is left that can receive events, after those of the database were read."""
    if not settings.sources:
        message = "there is none, so no event can come in; add a table [sources.<key>], or set one up in the console"
        yield PreflightFinding("warning", "sources", message)


def _stored_sources(settings: Settings, opened: Database) -> Iterator[PreflightFinding]:
    """Those that were set up in the console, checked like those of bridge.toml; the settings show them from then on."""
    configured, shown = settings.sources.configured, dict(settings.sources)
    try:
        rows = [row for row in stored_rows(opened) if row.document is not None]
    except DecryptionError as error:
        yield PreflightFinding("problem", "privacy.encryption_keys", error.message)
        return
    for row in rows:
        key = f"sources.{row.key}"
        if row.key in configured:
            message = "is stored in the database as well; bridge.toml wins, and what is stored has no effect"
            yield PreflightFinding("warning", key, message)
            continue
        try:
            source = switched(source_from(row.key, row.document or {}, settings.properties), row)
        except ConfigurationError as error:
            yield from problems(error)
            continue
        yield from _placeholders({"sources": {row.key: dataclasses.asdict(source)}})
        yield from _source(settings, source, Catalogue(settings.mappings_dir))
        shown[row.key] = source
    settings.sources.show(shown)


def _of_its_mapping(source: Source, mapping: type[Mapping]) -> Iterator[PreflightFinding]:
    """What works, and is to be known."""
    key = f"sources.{source.key}"
    if mapping.api and not source.api:
        message = (
            f"missing, and the hooks carry ids only: each tour is parked. Add {', '.join(mapping.api.credentials)}; "
            f"or without access to the API: {mapping.api.instead}"
        )
        yield PreflightFinding("warning", f"{key}.api", message)
    if source.auth == "none":
        yield PreflightFinding(
            "warning", f"{key}.auth", 'is "none": anyone who finds the address can book tours'
        )
    if mapping.maturity == "inferred":
        message = "parts of what it reads are inferred, not documented; check the first tours of each kind"
        yield PreflightFinding("warning", f"{key}.mapping", message)


def _pms(settings: Settings, found: Property) -> Iterator[PreflightFinding]:
    key = f"properties.{found.key}"
    try:
        profile = pms.profile_of(found.pms)
        if profile.create is None:
            yield PreflightFinding("problem", f"{key}.pms", profile.note)
            return
        zone = pms.time_zone(profile, found.time_zone, found.pms_time)
    except pms.UnknownTimeRuleError as error:
        yield PreflightFinding("problem", f"{key}.pms_time", error.message)
        return
    except pms.UnsupportedPmsError as error:
        yield PreflightFinding("problem", f"{key}.pms", error.message)
        return
    yield PreflightFinding("ok", key, f"{profile.name}, which reads times in {zone.key}")
    if profile.note:
        yield PreflightFinding("warning", f"{key}.pms", profile.note)
    if profile.vendor == "RESMAN" and found.pms_time is None:
        yield PreflightFinding(
            "warning",
            f"{key}.pms_time",
            "Propexo's page on ResMan says both UTC and property time; the bridge takes UTC. Book a tour, "
            'look at its time in ResMan, and set "utc" or "property".',
        )
    target = at_property(settings, found)
    if isinstance(target, TourTarget):
        yield from _defaults(found, target.place)


def _defaults(found: Property, place: PmsLocation) -> Iterator[PreflightFinding]:
    """What the PMS asks for and the bridge cannot know, when a booking brings only a person and a time."""
    crosswalks = {"unit_id": found.units, "employee_id": found.agents, "lead_source_id": found.lead_sources}
    for field in sorted(_missing(place)):
        if not crosswalks.get(field):
            name = field.removeprefix("appointment_")
            message = f"{place.profile.name} needs it: set it, or a booking that brings none is parked"
            yield PreflightFinding("warning", f"properties.{found.key}.defaults.{name}", message)


def _missing(place: PmsLocation) -> set[str]:
    person = LeadPerson("Jane", "Doe", "jane@example.com", "+15125550100", "reference")
    noon = datetime(2030, 1, 15, 18, tzinfo=UTC)
    tour = Tour(noon, None, None, None, None, None, None, None, "reference", None)
    missing: set[str] = set()
    try:
        if place.profile.lead is not None:
            lead_body(place, person)
    except MissingFieldsError as error:
        missing.update(error.fields)
    try:
        create_body(place, "lead", tour)
    except MissingFieldsError as error:
        missing.update(error.fields)
    return missing
