"""Each entry of the audit log as a sentence, and the page that shows what it is about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bridge.models import AuditEntry
from bridge.settings import Settings

Names = Mapping[str, str]
"""What people call the properties, by key."""
Predicate = Callable[[AuditEntry, Names], str]


def predicate_of(entry: AuditEntry, properties: Names) -> str:
    """The sentence of an entry without who did it; of a newer version's entry, what it says itself."""
    predicate = _PREDICATES.get((entry.what, entry.object))
    if predicate is None:
        return f"{entry.what} {entry.object} {entry.object_id}."
    return predicate(entry, properties)


def has_sentence(what: str, kind: str) -> bool:
    """Whether such an entry has a sentence of its own."""
    return (what, kind) in _PREDICATES


def page_of(entry: AuditEntry) -> str | None:
    """The address of the page that shows what was changed."""
    if entry.object == "event":
        return f"/console/events/{quote(entry.object_id, safe='')}"
    if entry.object == "source":
        return None if entry.what == "removed" else f"/console/sources/{quote(entry.object_id, safe='')}"
    if entry.object == "mapping":
        return f"/console/workbench?mapping={quote(entry.object_id, safe='')}"
    return _PAGES.get(entry.object)


@dataclass(frozen=True)
class ShownAuditEntry:
    """An entry as people read it."""

    entry: AuditEntry
    predicate: str
    """Its sentence without who did it."""
    page: str | None
    """Where what it is about is shown."""
    events: list[int]
    """Of an action on many."""

    @property
    def sentence(self) -> str:
        return f"{self.entry.actor} {self.predicate}"

    @property
    def fields(self) -> list[tuple[str, Any, Any]]:
        """What was changed, before and after; the events of an action on many are `events`."""
        before, after = (side or {} for side in (self.entry.before, self.entry.after))
        names = [name for name in {**before, **after} if name not in ("ids", "sources")]
        return [(name.replace("_", " "), before.get(name), after.get(name)) for name in names]


def audit_line(entry: AuditEntry, settings: Settings) -> ShownAuditEntry:
    """An entry with its sentence: `maya replayed 19 events of calendly: alias “Atlantis” -> Lakeside.`"""
    names = {key: place.name or key for key, place in settings.properties.items()}
    return ShownAuditEntry(entry, predicate_of(entry, names), page_of(entry), events_of(entry))


def events_of(entry: AuditEntry) -> list[int]:
    """The ids of the events of an action on many."""
    ids: list[int] = (entry.after or {}).get("ids", [])
    return ids


_PAGES = {
    "alias": "/console/properties",
    "integration": "/console/health",
    "user": "/console/users",
    "token": "/console/tokens",
    "calendar feed": "/console/bookings#calendar",
    "alerts": "/console/alerts",
}


def _event(verb: str) -> Predicate:
    def predicate(entry: AuditEntry, _: Names) -> str:
        before = entry.before or {}
        reason = f" ({_words(before['reason'])})" if before.get("reason") else ""
        was = f", which was {before['status']}{reason}" if before.get("status") else ""
        return f"{verb} event {entry.object_id}{was}{_fields(entry)}."

    return predicate


def _events(verb: str) -> Predicate:
    def predicate(entry: AuditEntry, _: Names) -> str:
        before = entry.before or {}
        reason = f" ({_words(before['reason'])})" if before.get("reason") else ""
        verb_of = "which was" if len(events_of(entry)) == 1 else "which were"
        were = f", {verb_of} {before['status']}{reason}" if before.get("status") else ""
        return f"{verb} {_counted(entry)}{were}{_fields(entry)}."

    return predicate


def _alias_added(entry: AuditEntry, properties: Names) -> str:
    after = entry.after or {}
    name, place = after.get("name", entry.object_id), _property(after.get("property"), properties)
    if events_of(entry):
        return f"replayed {_counted(entry)}: alias “{name}” -> {place}."
    return f"added the alias “{name}” for {place}."


def _alias_removed(entry: AuditEntry, properties: Names) -> str:
    place = _property((entry.before or {}).get("property"), properties)
    return f"removed the alias “{entry.object_id}” of {place}."


def _paused(entry: AuditEntry, _: Names) -> str:
    reason = (entry.after or {}).get("reason")
    return f"paused the integration {entry.object_id}{f': {reason}' if reason else ''}{'' if _ends(reason) else '.'}"


def _role_changed(entry: AuditEntry, _: Names) -> str:
    before, after = ((side or {}).get("role") for side in (entry.before, entry.after))
    return f"changed the role of {entry.object_id}{f' from {before}' if before else ''} to {after}."


def _user_added(entry: AuditEntry, _: Names) -> str:
    return f"added the user {entry.object_id} as {_article((entry.after or {}).get('role'))}."


def _token_created(entry: AuditEntry, _: Names) -> str:
    after = entry.after or {}
    role = f" for {_article(after['role'])}" if after.get("role") else ""
    return f"created the API token {_named(after, entry)}{role}."


def _token_revoked(entry: AuditEntry, _: Names) -> str:
    return f"revoked the API token {_named(entry.before or {}, entry)}."


def _feed(verb: str) -> Predicate:
    def predicate(entry: AuditEntry, properties: Names) -> str:
        key = (entry.after or {}).get("property", "all")
        tours = "all properties" if key == "all" else _property(key, properties)
        return f"{verb} calendar feed {entry.object_id} of {tours}."

    return predicate


def _source_saved(verb: str) -> Predicate:
    def predicate(entry: AuditEntry, _: Names) -> str:
        after = entry.after or {}
        mapping = f", read by the mapping {after['mapping']}" if after.get("mapping") else ""
        mode = f", in {after['mode']} mode" if after.get("mode") == "shadow" else ""
        return f"{verb} the source {entry.object_id}{mapping}{mode}."

    return predicate


def _source_switched(entry: AuditEntry, _: Names) -> str:
    is_live = (entry.after or {}).get("mode") == "live"
    return f"switched the source {entry.object_id} {'live' if is_live else 'to shadow mode'}."


def _source_tested(entry: AuditEntry, _: Names) -> str:
    sample = (entry.after or {}).get("sample")
    return f"sent the source {entry.object_id} a test{f': {sample}' if sample else ''}."


def _mapping_saved(entry: AuditEntry, _: Names) -> str:
    files = ", ".join((entry.after or {}).get("files", []))
    return f"saved the mapping {entry.object_id}{f': {files}' if files else ''}."


def _alerts_tested(entry: AuditEntry, _: Names) -> str:
    after = entry.after or {}
    reached = (
        f" It reached {after['sent']} of {after['of']} addresses." if {"sent", "of"} <= after.keys() else ""
    )
    return f"sent a test alert.{reached}"


def _plain(text: str) -> Predicate:
    """A sentence with nothing but the name of what was changed."""
    return lambda entry, _: text.format(entry.object_id)


def _counted(entry: AuditEntry) -> str:
    number, sources = len(events_of(entry)), (entry.after or {}).get("sources", [])
    listed = " and ".join(filter(None, (", ".join(sources[:-1]), *sources[-1:])))
    return f"{number} event{'' if number == 1 else 's'}{f' of {listed}' if listed else ''}"


def _fields(entry: AuditEntry) -> str:
    """What a correction changed."""
    changed: list[Any] = (entry.after or {}).get("changed", [])
    return f": {', '.join(map(str, changed))}" if changed else ""


def _named(fields: Mapping[str, Any], entry: AuditEntry) -> str:
    return f"“{fields['name']}”" if fields.get("name") else entry.object_id


def _property(key: str | None, properties: Names) -> str:
    return properties.get(key or "", key or "a property")


def _article(role: str | None) -> str:
    return {"admin": "an administrator", "operator": "an operator", "viewer": "a viewer"}.get(
        role or "", "a user"
    )


def _words(reason: str) -> str:
    return reason.replace("_", " ")


def _ends(text: str | None) -> bool:
    return (text or "").endswith((".", "!", "?"))


_PREDICATES: dict[tuple[str, str], Predicate] = {
    ("replayed", "event"): _event("replayed"),
    ("replayed", "events"): _events("replayed"),
    ("dismissed", "event"): _event("marked as done"),
    ("dismissed", "events"): _events("marked as done"),
    ("corrected", "event"): _event("corrected"),
    ("corrected", "events"): _events("corrected and replayed"),
    ("added", "alias"): _alias_added,
    ("removed", "alias"): _alias_removed,
    ("paused", "integration"): _paused,
    ("resumed", "integration"): _plain("resumed the integration {}."),
    ("added", "user"): _user_added,
    ("changed", "user"): _role_changed,
    ("gave a new password to", "user"): _plain("gave {} a new password."),
    ("enabled", "user"): _plain("let {} sign in again."),
    ("disabled", "user"): _plain("disabled the user {}."),
    ("made a sign-in link for", "user"): _plain("made a link that signs in once, as {}."),
    ("signed in", "user"): _plain("signed in."),
    ("created", "token"): _token_created,
    ("revoked", "token"): _token_revoked,
    ("created", "calendar feed"): _feed("created"),
    ("revoked", "calendar feed"): _feed("revoked"),
    ("added", "source"): _source_saved("added"),
    ("changed", "source"): _source_saved("changed"),
    ("switched", "source"): _source_switched,
    ("removed", "source"): _plain("removed the source {}. Its events stay."),
    ("tested", "source"): _source_tested,
    ("tested", "alerts"): _alerts_tested,
    ("saved", "mapping"): _mapping_saved,
}
"""By what was done, and to what kind of thing."""
