"""The tasks of the workbench: a mapping on requests, two mappings on stored events, or one against the contract."""

from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bridge.aliases import no_aliases
from bridge.errors import BridgeError
from bridge.events.dry_run import error_sentence
from bridge.inbound.incoming import RequestMetadata
from bridge.mapping.base import Mapping
from bridge.mapping.catalogue import MappingFile, line_in_file, load_text
from bridge.mapping.explanation import explain
from bridge.mapping.samples import Sample, UnsavedSample
from bridge.mapping.sources import configured
from bridge.mapping_checks.contract import accepted_text, check
from bridge.mapping_checks.explanation import explanation_as_json
from bridge.mapping_checks.preview import Posted, Preview, preview, preview_event, resolved
from bridge.mapping_checks.recorded_requests import RecordedRequest, files_beside
from bridge.settings import ConsoleSettings, PropexoSettings, Settings, SourceTable


@dataclass(frozen=True)
class Script:
    """A mapping as text, and the configured source whose settings count for it, if any."""

    name: str
    text: str
    source: str | None = None

    @property
    def path(self) -> Path:
        """Where the text would stand, in a folder of mappings."""
        return Path(f"{self.name}.py")

    def load(self) -> MappingFile:
        """Raises ConfigurationError."""
        return load_text(self.text, self.path)

    def schema(self, settings: Settings) -> Mapping:
        """Raises ConfigurationError."""
        return configured(
            self.load().schema, settings, settings.sources[self.source] if self.source else None
        )


@dataclass(frozen=True)
class Reading:
    """Read requests with a mapping, each for itself."""

    script: Script
    requests: tuple[Posted, ...]
    settings: Settings

    def run(self) -> dict[str, Any]:
        """`requests`: of each its `events`, or its `problem`. Raises ConfigurationError: the text cannot be loaded.

        Each event is as `bridge translate --explain` prints it, with its `remarks`.
        """
        mapping = self.script.schema(self.settings)
        return {"requests": [self._read(mapping, request) for request in self.requests]}

    def _read(self, mapping: Mapping, request: Posted) -> dict[str, Any]:
        try:
            events = preview(mapping, request, self.settings, self.script.source)
            return {"events": [_as_document(mapping, event) for event in events]}
        except BridgeError as error:
            return {"problem": error.message}
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - a defect of the text that is tried out, at this request only
            return {"problem": f"{type(error).__name__}: {error}{line_in_file(error, self.script.path)}"}


@dataclass(frozen=True)
class UnsavedPayload:
    """A request that is to become a sample."""

    name: str
    request: RecordedRequest

    @property
    def file_name(self) -> str:
        """Of its body."""
        return f"{self.name}{self.request.file_ending}"


@dataclass(frozen=True)
class ContractCheck:
    """Check a mapping as `bridge mappings test` does, with the samples that it has and those that it is to get."""

    script: Script
    samples: tuple[UnsavedSample, ...]
    """Those that it has."""
    accepted: frozenset[str]
    """The names of those whose booking may become what the mapping gives now."""
    payloads: tuple[UnsavedPayload, ...]
    """Those that it is to get; one replaces the sample that has its file's name."""
    settings: Settings

    def run(self) -> dict[str, Any]:
        """`findings`; `beside`, of each payload the text of each file beside its body, by ending; `bookings`, by the
        names of accepted samples.

        Raises ConfigurationError: the text cannot be loaded.
        """
        file = self.script.load()
        mapping = file.schema()
        bookings: dict[str, str] = {}
        samples: dict[str, Sample] = {}
        for sample in self.samples:
            text = accepted_text(mapping, sample) if sample.name in self.accepted else None
            if text is not None:
                bookings[sample.name] = text
            samples[sample.path.name] = sample.having(
                {} if text is None else {sample.booking.name: text.encode()}
            )
        beside = []
        for payload in self.payloads:
            texts, sample = self._added(mapping, payload)
            beside.append(texts)
            samples[sample.path.name] = sample
        findings = check(_UnsavedFile(file.name, file.path, file.schema, tuple(samples.values())))
        return {"findings": findings, "beside": beside, "bookings": bookings}

    def _added(self, mapping: Mapping, payload: UnsavedPayload) -> tuple[dict[str, str], UnsavedSample]:
        texts = files_beside(mapping, payload.request)
        before = next((sample for sample in self.samples if sample.name == payload.name), None)
        if before is not None and (booking := before.content(before.booking)) is not None:
            texts[".booking.json"] = booking.decode("utf-8", "replace")
        files = {f"{payload.name}{ending}": text.encode() for ending, text in texts.items()}
        sample = UnsavedSample(Path(payload.file_name), files | {payload.file_name: payload.request.body})
        accepted = accepted_text(mapping, sample)
        if accepted is not None:
            texts[".booking.json"] = accepted
            sample = sample.having({sample.booking.name: accepted.encode()})
        return texts, sample


@dataclass(frozen=True)
class _UnsavedFile(MappingFile):
    """A mapping whose samples need not be on disk."""

    unsaved: tuple[Sample, ...] = field(default=())

    @property
    def samples(self) -> list[Sample]:
        return sorted(self.unsaved, key=lambda sample: sample.path.name)


@dataclass(frozen=True)
class StoredEvent:
    """What is kept of one event."""

    id: int
    body: bytes
    content_type: str | None
    metadata: RequestMetadata
    answers: Dictionary[str, Any]
    delivery_id: str


@dataclass(frozen=True)
class Comparison:
    """Read stored events with two versions of a mapping."""

    before: Script
    now: Script
    events: tuple[StoredEvent, ...]
    settings: Settings

    def run(self) -> dict[str, Any]:
        """`events`: of those that differ, `id` and `differences` (`field`, `before`, `now`).

        Raises ConfigurationError.
        """
        before, now = self.before.schema(self.settings), self.now.schema(self.settings)
        events = (
            {"id": event.id, "differences": list(self._differences(event, before, now))}
            for event in self.events
        )
        return {"events": [event for event in events if event["differences"]]}

    def _differences(self, event: StoredEvent, before: Mapping, now: Mapping) -> Iterator[dict[str, Any]]:
        first, second = self._read(event, before), self._read(event, now)
        for name in dict.fromkeys((*first, *second)):
            if first.get(name) != second.get(name):
                yield {"field": name, "before": first.get(name), "now": second.get(name)}

    def _read(self, event: StoredEvent, mapping: Mapping) -> dict[str, Any]:
        read = preview_event(
            mapping, event.body, event.content_type, event.metadata, event.answers, event.delivery_id
        )
        return _flat(resolved(read, self.settings, self.before.source, no_aliases))


Task = Reading | Comparison | ContractCheck


def open_settings(settings: Settings, source: str | None, aliases: Dictionary[str, str]) -> Settings:
    """What a task may know of the configuration: the properties, and that source without what is secret.

    `aliases` are those of the console (the name, and the key of its property): a task sees no database.
    """
    properties = {
        key: replace(found, aliases=(*found.aliases, *(name for name, of in aliases.items() if of == key)))
        for key, found in settings.properties.items()
    }
    sources = {}
    if source:
        sources[source] = replace(settings.sources[source], secrets=(), verify_tokens=(), api={})
    console = ConsoleSettings(workbench=settings.console.workbench)
    return Settings(
        PropexoSettings(token=""), console=console, properties=properties, sources=SourceTable(sources)
    )


def _as_document(mapping: Mapping, event: Preview) -> dict[str, Any]:
    why = explanation_as_json(explain(mapping, event.received)) if event.received else None
    return {**event.as_json(), "remarks": list(event.remarks), "explanation": why}


def _flat(read: Preview) -> dict[str, Any]:
    """What two readings are compared by: the booking and the request, a line for each field."""
    events = read.as_json()
    booking = dict(events["booking"] or {})
    booking.update(booking.pop("contact", {}))
    body = (events["propexo"] or {}).get("body", {})
    return {
        "action": events["action"],
        "reason": events["reason"],
        **booking,
        **{f"Propexo: {name}": value for name, value in body.items()},
        "problems": [error_sentence(error) for error in read.errors] or None,
    }
