"""A tour that a renter asks for and nobody has confirmed: booked, held until somebody confirms it, or made a lead."""

from typing import NoReturn
from zoneinfo import ZoneInfo

from bridge.delivery import life
from bridge.delivery.calls import Calls
from bridge.delivery.leads import Leads
from bridge.delivery.lookups import Lookups
from bridge.delivery.outcomes import WAIT_FOR_CONFIRMING, Ended, Ignored, NotYet, Reason
from bridge.delivery.resolve import Target, ids_of, start_of, target_of
from bridge.delivery.writing import Writing
from bridge.keys import contact_key
from bridge.mapping.base import Mapping
from bridge.mapping.booking import Booking as Said
from bridge.mapping.sources import Source
from bridge.models import Booking, Status
from bridge.settings import Source as SourceSettings


def is_booked_at_once(source: Source) -> bool:
    """Whether the source books such tours like any other."""
    return policy(source.settings, source.mapping) == "book"


def policy(settings: SourceSettings, mapping: Mapping) -> str:
    """`book`, `hold` or `lead_only`."""
    return settings.on_request or mapping.on_request


def take_up(calls: Calls, source: Source, booking: Booking, asked: Said) -> NoReturn:
    """Make the person a lead, or wait for the event that confirms the tour.

    Raises:
        Ended, NotYet: how the run ends.
    """
    stamp = life.stamp_of(calls.event, asked.action)
    if life.has_decided(booking, stamp):
        raise Ignored(Reason.SUPERSEDED, "Another event of this booking has decided.")
    said = life.wish_of(booking, asked, stamp)
    target = target_of(calls.context.settings, booking.source, said.property, calls.context.aliases)
    if policy(source.settings, source.mapping) == "lead_only":
        _make_lead(calls, booking, said, target)
    calls.start = start_of(said, target.property)
    raise calls.look_again(
        WAIT_FOR_CONFIRMING, Reason.REQUESTED, f"{_in_words(calls, said, target)}; nobody has confirmed it."
    )


def _make_lead(calls: Calls, booking: Booking, said: Said, target: Target) -> NoReturn:
    """The office calls the person: what was asked for stands in the notes of a new lead."""
    if said.starts_at or said.starts_at_local:
        calls.start = start_of(said, target.property)
    ids, calls.unknown = ids_of(
        calls.context.settings, booking.source, said, target, Lookups(calls, target.place).find
    )
    leads = Leads(calls, Writing(calls, target.place.integration_id), target)
    wish = ". ".join(filter(None, (_in_words(calls, said, target), said.notes)))
    person = contact_key(said.contact.email, said.contact.phone)
    try:
        leads.lead_id(
            said,
            person,
            wish=wish,
            employee_id=ids.get("employee_id"),
            lead_source_id=ids.get("lead_source_id"),
        )
    except NotYet as later:
        if later.reason is not Reason.LEAD_ID:
            raise
    raise Ended(
        Status.WRITTEN, Reason.LEAD_ONLY, f"{wish}. The person is a lead in {target.place.profile.name}."
    )


def _in_words(calls: Calls, said: Said, target: Target) -> str:
    contact, zone = said.contact, target.property.time_zone
    name = " ".join(filter(None, (contact.first_name, contact.last_name))) or contact.email or contact.phone
    when = f" on {calls.start.astimezone(ZoneInfo(zone)):%Y-%m-%d at %H:%M} ({zone})" if calls.start else ""
    return f"{name or 'Somebody'} asks for a tour{when}"
