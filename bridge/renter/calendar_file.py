"""A tour as a file for calendars (RFC 5545)."""

from datetime import UTC, datetime

from bridge.renter.tour import RenterTour

PRODUCT = "-//Propexo bridge//Tour//EN"


def calendar_file(tour: RenterTour, name: str, link: str, title: str, now: datetime) -> bytes:
    """The tour as an .ics file, under one UID for its whole life.

    All times are in UTC: a zone without its rules is an hour off in Outlook. It has no METHOD and no attendee: it is a
    download, not an invitation.

    Args:
        name: of the tour, the same for ever.
        link: the renter's link.
        title: what the calendar shows, in the language of the renter.
    """
    from icalendar import Calendar, Event  # noqa: PLC0415 - 3 MB that most web processes never need

    event = Event()
    event.add("uid", f"{name}@propexo-bridge")
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("dtstart", tour.start.astimezone(UTC))
    event.add("dtend", tour.end.astimezone(UTC))
    event.add("sequence", tour.changes)
    event.add("summary", title)
    event.add(
        "status", "CANCELLED" if tour.is_cancelled else "CONFIRMED" if tour.is_confirmed else "TENTATIVE"
    )
    if tour.place.address:
        event.add("location", tour.place.address)
    event.add("url", link)
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written
