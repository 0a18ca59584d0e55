"""A new source, step by step: what its sender needs, what it has sent first, and what is assumed for the rest."""

import base64
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.aliases import Aliases, property_named
from bridge.console.dates import office_zone
from bridge.console.status_words import action_words
from bridge.delivery.rules.outcomes import Reason
from bridge.errors import BridgeError, ConfigurationError
from bridge.events.detail import mapping_of
from bridge.events.dry_run import error_sentence
from bridge.inbound.incoming import RequestMetadata
from bridge.mapping.booking import BookingRequest
from bridge.mapping.catalogue import Catalogue, MappingFile
from bridge.mapping_checks.preview import preview_event
from bridge.models import Event
from bridge.settings import Property, Settings

SECRETS: tuple[Callable[[], str], ...] = (
    lambda: secrets.token_urlsafe(32),
    lambda: "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
    lambda: secrets.token_hex(32),
    lambda: base64.b64encode(secrets.token_bytes(32)).decode(),
)
"""Ways to make a secret; each sender's proof takes some of them."""
RECORDER = "recorder"
"""The mapping of a sender that has no mapping yet."""
EDITABLE = ("property", "lead_source", "phone_region", "on_request")
"""What step 4 changes of a stored source."""


@dataclass(frozen=True)
class Sender:
    """One choice of the first step."""

    mapping: str
    name: str
    category: str


@dataclass(frozen=True)
class NewSourceForm:
    """What has to be known of a new source of one sender."""

    mapping: str
    sender: str
    key: str
    """A name that is free."""
    needs_secret: bool
    makes_secret: bool
    """Whether a secret that the bridge makes fits; else the sender gives one."""
    needs_tenants: bool
    credentials: tuple[str, ...]
    """Of the sender's API, for hooks that carry ids only."""
    needs_origins: bool
    """Whether browsers post: the websites that may are listed."""


@dataclass(frozen=True)
class FirstEvent:
    """The newest event of a new source, as it is read."""

    event_id: int
    is_test: bool
    action: str
    name: str | None
    email: str | None
    phone: str | None
    start: datetime | None
    """In the time of its property."""
    named_property: str | None
    property_name: str | None
    """The configured property that it means."""
    problems: tuple[str, ...]


def senders(catalogue: Catalogue) -> list[Sender]:
    """All senders, by category and name."""
    found = []
    for name in catalogue.paths:
        try:
            file = catalogue.get(name)
        except ConfigurationError:
            continue  # the workbench and `bridge check` say what is wrong with it
        found.append(Sender(name, file.schema.sender(), file.schema.category))
    return sorted(found, key=lambda sender: (sender.category, sender.name.casefold()))


def form_of(file: MappingFile, taken: Iterable[str]) -> NewSourceForm:
    """What the form of a sender asks for."""
    schema, proof = file.schema, file.schema.signature
    needs_secret = proof is not None and bool(list(proof.secret_problems([])))
    return NewSourceForm(
        file.name,
        schema.sender(),
        free_key(file.name, taken),
        needs_secret,
        needs_secret and new_secret(file) is not None,
        schema.tenant_required,
        tuple(schema.api.credentials) if schema.api else (),
        schema.public,
    )


def free_key(name: str, taken: Iterable[str]) -> str:
    """A name for a source that no other one has."""
    known, base = set(taken), name.replace("_", "-")
    return next(
        key
        for number in range(1, len(known) + 2)
        if (key := f"{base}-{number}" if number > 1 else base) not in known
    )


def new_secret(file: MappingFile) -> str | None:
    """A secret that the sender's proof takes; `None` where only the sender can give one."""
    proof = file.schema.signature
    if proof is None:
        return None
    return next((made for make in SECRETS if not list(proof.secret_problems([made := make()]))), None)


def document_from(form: Mapping[str, str], file: MappingFile) -> dict[str, Any]:
    """The table of a new source; what is not given is left out."""
    document: dict[str, Any] = {"mapping": file.name, **({"record": True} if file.name == RECORDER else {})}
    proof = file.schema.signature
    if proof is not None and list(proof.secret_problems([])):
        document["secrets"] = (
            [secret] if (secret := form.get("secret", "").strip() or new_secret(file)) else []
        )
    for name in ("tenants", "origins"):
        if texts := listed(form.get(name, "")):
            document[name] = texts
    names = ("base_url", *(file.schema.api.credentials if file.schema.api else ()))
    api = {name: text for name in names if (text := form.get(f"api_{name}", "").strip())}
    if api:
        document["api"] = api
    return document


def listed(text: str) -> list[str]:
    """The items of a text that are separated by commas, blanks or line breaks."""
    return text.replace(",", " ").split()


def edited(document: Mapping[str, Any], form: Mapping[str, str]) -> dict[str, Any]:
    """The table with what step 4 says; an empty field takes a key away. Origins that are not named stay."""
    kept = {name: value for name, value in document.items() if name not in (*EDITABLE, "record")}
    texts = {name: text for name in EDITABLE if (text := form.get(name, "").strip())}
    origins = {"origins": listed(form["origins"])} if "origins" in form else {}
    return kept | texts | origins | ({"record": True} if form.get("record") else {})


def first_event(session: Session, settings: Settings, source: str, aliases: Aliases) -> FirstEvent | None:
    """The newest event of a source that is still kept, as its mapping reads it."""
    query = select(Event).where(Event.source == source, Event.blanked_at.is_(None)).order_by(Event.id.desc())
    event = session.scalar(query.limit(1))
    if event is None:
        return None
    try:
        mapping = mapping_of(settings, event)
        metadata = RequestMetadata(event.headers, event.query)
        read = preview_event(
            mapping, event.body, event.content_type, metadata, event.answers or {}, event.delivery_id
        )
    except BridgeError as error:
        return _unread(event, error.message)
    booking = read.booking
    if booking is None:
        problems = tuple(error_sentence(error) for error in read.errors) or (
            (read.reason,) if read.reason else ()
        )
        return _unread(event, *problems)
    contact = booking.contact
    found = property_named(settings, booking.property, aliases) if booking.property else None
    assumed = settings.sources[source].property if not booking.property else None
    return FirstEvent(
        event.id,
        event.reason == Reason.TEST,
        action_words(booking.action),
        " ".join(filter(None, (contact.first_name, contact.last_name))) or None,
        contact.email,
        contact.phone,
        _start_of(booking, found or settings.properties.get(assumed or ""), settings),
        booking.property,
        (found.name or found.key) if found else None,
        (),
    )


def _start_of(booking: BookingRequest, place: Property | None, settings: Settings) -> datetime | None:
    """The start by the clock of its property; an instant at an unknown one by that of the office."""
    zone = ZoneInfo(place.time_zone) if place else None
    if booking.starts_at is not None:
        return booking.starts_at.astimezone(zone or office_zone(settings))
    return booking.starts_at_local.replace(tzinfo=zone) if booking.starts_at_local else None


def _unread(event: Event, *problems: str) -> FirstEvent:
    words = action_words(event.action)
    return FirstEvent(
        event.id, event.reason == Reason.TEST, words, None, None, None, None, None, None, problems
    )
