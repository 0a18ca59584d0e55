"""What is tried out: a mapping's text on a request, or two of them on stored events."""

from collections.abc import Iterator
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bridge.aliases import no_aliases
from bridge.events.dry_run import error_sentence
from bridge.inbound.arrivals import Kept
from bridge.mapping.base import Mapping
from bridge.mapping.catalogue import load_text
from bridge.mapping.explanation import explain
from bridge.mapping.sources import configured
from bridge.mapping_checks.explanation import explanation_as_json
from bridge.mapping_checks.preview import Posted, Preview, preview, preview_event, resolved
from bridge.settings import ConsoleSettings, PropexoSettings, Settings, SourceTable


@dataclass(frozen=True)
class Script:
    """A mapping as text, and the configured source whose settings count for it, if any."""

    name: str
    text: str
    source: str | None = None

    def schema(self, settings: Settings) -> Mapping:
        """Raises ConfigurationError."""
        file = load_text(self.text, Path(f"{self.name}.py"))
        return configured(file.schema, settings, settings.sources[self.source] if self.source else None)


@dataclass(frozen=True)
class Reading:
    """Read one request with a mapping."""

    script: Script
    posted: Posted
    settings: Settings

    def run(self) -> dict[str, Any]:
        """`events`: each as `bridge translate --explain` prints it, with its `remarks`. Raises ConfigurationError."""
        mapping = self.script.schema(self.settings)
        events = preview(mapping, self.posted, self.settings, self.script.source)
        return {"events": [_as_document(mapping, event) for event in events]}


@dataclass(frozen=True)
class StoredEvent:
    """What is kept of one event."""

    id: int
    body: bytes
    content_type: str | None
    kept: Kept
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
            mapping, event.body, event.content_type, event.kept, event.answers, event.delivery_id
        )
        return _flat(resolved(read, self.settings, self.before.source, no_aliases))


def open_settings(settings: Settings, source: str | None, aliases: Dictionary[str, str]) -> Settings:
    """What a task may know of the configuration: the properties, and that source without what is secret.

    `aliases` are those that people told (the name, and the key of its property): a task sees no database.
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
