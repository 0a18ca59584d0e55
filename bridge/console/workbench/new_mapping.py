"""A new mapping by its name: from recorded requests, or from a complete example to rewrite."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.console.workbench.request_builder import MOST_PAYLOADS, Shown, shown_request, stored_event
from bridge.console.workbench.tasks import Script
from bridge.errors import BridgeError
from bridge.mapping.scaffold.skeleton import example_payloads, skeleton_of
from bridge.mapping.scaffold.writing import text_of
from bridge.mapping_checks.recorded_requests import (
    NAME,
    NAME_HINT,
    NothingToReadError,
    draft_of,
    of_event,
    readable,
    sample_names,
)
from bridge.models import Event
from bridge.settings import Settings

MOST_OFFERED = 50
"""Recorded requests that are offered to choose from."""


class UnusableNameError(BridgeError):
    """No mapping can have this name."""

    code = "unusable_name"


@dataclass(frozen=True)
class NewMapping:
    """What the workbench begins with."""

    script: Script
    payloads: tuple[Shown, ...]


def begin(
    session: Session,
    settings: Settings,
    name: str,
    docs: str,
    event_ids: Sequence[int],
    taken_names: Collection[str],
) -> NewMapping:
    """The beginning of a mapping. `docs` is the page on which the sender describes its payload, if known.

    Raises:
        UnusableNameError: it is no name, or another mapping has it.
        NothingToReadError: a request is not kept any more, or holds nothing.
    """
    if not NAME.fullmatch(name):
        raise UnusableNameError(f"The name of the mapping: found {name!r}; {NAME_HINT}.")
    if name in taken_names:
        raise UnusableNameError(f"There is a mapping {name} already: open it, or choose another name.")
    if len(event_ids) > MOST_PAYLOADS:
        raise NothingToReadError(f"Choose {MOST_PAYLOADS} requests at most; found {len(event_ids)}.")
    if not event_ids:
        places = [place.name or key for key, place in settings.properties.items()]
        examples = (Shown(body, name=sample) for sample, body in example_payloads(*places[:1]).items())
        return NewMapping(Script(name, skeleton_of(name, docs or None)), tuple(examples))
    requests = [readable(of_event(_event(session, event_id))) for event_id in event_ids]
    draft = draft_of(requests)
    names = sample_names(requests, draft)
    payloads = (
        replace(shown_request(request), name=sample, origin=f"event:{event_id}")
        for request, sample, event_id in zip(requests, names, event_ids, strict=True)
    )
    return NewMapping(Script(name, text_of(draft, name, docs or None)), tuple(payloads))


def recorded_events(session: Session, settings: Settings) -> list[Event]:
    """The newest requests that recording sources have stored."""
    recording = [source.key for source in settings.sources.values() if source.record]
    kept = (
        select(Event)
        .where(Event.source.in_(recording), Event.blanked_at.is_(None), Event.removed_at.is_(None))
        .order_by(Event.id.desc())
        .limit(MOST_OFFERED)
    )
    return list(session.scalars(kept))


def _event(session: Session, event_id: int) -> Event:
    event = stored_event(session, event_id)
    if event is None:
        raise NothingToReadError(f"There is no event {event_id}.")
    return event
