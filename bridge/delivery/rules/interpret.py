"""Interprets a stored event without its booking: decode it, enrich it from the sender's API, translate it.

Pure: `interpret` works on the event as it is stored and returns what to ask the sender's API for, if anything.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.delivery.rules.booking_state import CODE
from bridge.delivery.rules.entities import EventRow
from bridge.delivery.rules.outcomes import Reason
from bridge.delivery.rules.state import Enrich, Interpretation, Park
from bridge.errors import DecodingError
from bridge.inbound.decoding import decode
from bridge.keys import key
from bridge.mapping.booking import Action
from bridge.mapping.details import Fetch, with_details
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.sources import MappedSource
from bridge.mapping.translation import person_reference

MOST_CODES = 50
"""References in a text that are compared with those of other bookings."""


def interpret(
    event: EventRow,
    body: bytes,
    content_type: str | None,
    headers: Mapping[str, Any],
    query: Mapping[str, Any],
    source: MappedSource | None,
) -> Interpretation:
    """Read one event with today's mapping and configuration; `source` is `None` where it is no longer configured."""
    if source is None:
        detail = f'The source "{event.source}" is no longer in bridge.toml. Add it again, then replay.'
        return Interpretation(problem=Park(Reason.MISCONFIGURED, detail))
    source = source.reading(headers)
    try:
        received = received_as(body, content_type, headers, query, event.enrichment)
    except DecodingError as error:
        return Interpretation(source=source, problem=Park(Reason.UNDECODABLE, error.message))
    mapping = source.mapping
    action = mapping.decide(received).action
    actor = mapping.changed_by.read(received) if mapping.changed_by else None
    known = Interpretation(
        source=source,
        action=action,
        actor_is_ignored=actor if actor in source.settings.ignore_changes_by else None,
        codes=_codes_in(received),
    )
    fetch = mapping.asks_for(received)
    if fetch is not None:
        return _having(known, **_enrichment(source, fetch, received))
    translation = mapping.translate(received)
    problem = None
    if translation.errors:
        problem = Park(Reason.UNMAPPABLE, "; ".join(str(error) for error in translation.errors))
    return _having(
        known,
        translated_action=translation.action,
        problem=problem,
        ignored=translation.reason,
        is_unknown=translation.is_unknown,
        request=None if problem else translation.booking,
    )


def received_as(
    body: bytes,
    content_type: str | None,
    headers: Mapping[str, Any],
    query: Mapping[str, Any],
    enrichment: Mapping[str, Any] | None,
) -> DecodedRequest:
    """A stored event as its mapping reads it. Raises DecodingError."""
    return with_details(
        DecodedRequest(decode(body, content_type), dict(headers), dict(query)), enrichment or {}
    )


def _having(known: Interpretation, **more: Any) -> Interpretation:
    return Interpretation(**{**vars(known), **more})


def _codes_in(received: DecodedRequest) -> frozenset[str]:
    if "TB-" not in (text := json.dumps(received.payload, ensure_ascii=False)):
        return frozenset()
    return frozenset(sorted(set(CODE.findall(text)))[:MOST_CODES])


def _enrichment(source: MappedSource, fetch: Fetch, received: DecodedRequest) -> dict[str, Any]:
    """What to ask the sender's API for, or why that cannot be asked."""
    api = source.mapping.api
    if api is None or not source.settings.api:
        instead = f" Or without access to its API: {api.instead}." if api else ""
        detail = (
            f"The hook carries ids only. Add `[sources.{source.name}.api]` with "
            f"{', '.join(api.credentials) if api else 'credentials'}, then replay.{instead}"
        )
        return {"problem": Park(Reason.NEEDS_DETAILS, detail)}
    try:
        return {"enrich": Enrich(fetch, fetch.values(received))}
    except ValueError as error:
        return {"problem": Park(Reason.UNMAPPABLE, f"{fetch.into}: {error}")}


def person_key(read: Interpretation) -> str | None:
    """The reference of the events that say who the person of this one is; `None` where it gives no contact id."""
    request = read.request
    if request is None or request.contact_id is None or request.action is Action.REMEMBER:
        return None
    return key(person_reference(request.contact_id)) or request.contact_id


def moment_of(event: EventRow) -> tuple[datetime, int]:
    """When an event happened, by its sender's clock, and which came first where that is equal."""
    return event.occurred_at or event.received_at, event.id
