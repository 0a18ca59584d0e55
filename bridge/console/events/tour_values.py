"""What is known of the tour of an event, as the fields that an operator or a program corrects."""

from datetime import datetime

from sqlalchemy.orm import Session

from bridge.console.actions import corrections
from bridge.console.actor import Actor
from bridge.console.dates import office_zone
from bridge.console.events.correction_form import CheckedForm, FormValues, check
from bridge.console.events.presenter import explanation_of, known_values, place_of
from bridge.events.edit import Correction
from bridge.models import Event
from bridge.settings import Property, Settings


def place_in(session: Session, settings: Settings, event: Event) -> Property | None:
    """The property of the tour."""
    return place_of(session, event, settings, known_values(event, explanation_of(event, settings)))


def shown_values(session: Session, settings: Settings, event: Event, clock_of: Property | None) -> FormValues:
    """The fields before anything is changed; the start by the clock of `clock_of`, else by that of the office."""
    known = known_values(event, explanation_of(event, settings))
    place = place_of(session, event, settings, known)
    values = FormValues.of_tour(known, clock_of, office_zone(settings))
    return FormValues({**values.texts, "property": place.key if place else ""})


def save_tour(
    session: Session,
    settings: Settings,
    actor: Actor,
    event: Event,
    typed: FormValues,
    shown: FormValues,
    now: datetime,
) -> tuple[CheckedForm, Correction | None]:
    """Save what differs from what was shown, and run the event again; `None`: some fields cannot stay so.

    Raises UnreadableCorrectionError, NotRepairableError, NotAllowedError and what else `corrections.save` raises.
    """
    place = settings.properties.get(typed["property"])
    checked = checked_values(settings, event, typed, shown, place, now)
    if checked.errors:
        return checked, None
    correction = corrections.preview_fields(session, settings, event, checked.changes)
    corrections.save(session, actor, correction, now, again=True)
    return checked, correction


def checked_values(
    settings: Settings,
    event: Event,
    typed: FormValues,
    shown: FormValues,
    place: Property | None,
    now: datetime,
) -> CheckedForm:
    """What was typed, checked as the source of the event writes phones. `place` is the property that is chosen."""
    source = settings.sources.get(event.source)
    region = source.phone_region if source else "US"
    return check(typed, shown, place, action=event.action, now=now, region=region)
