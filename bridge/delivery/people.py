"""Who is behind a sender's id of a person, for senders that name people in events of their own."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bridge.delivery.life import Stamp, merged
from bridge.mapping.booking import Booking as Said
from bridge.mapping.booking import Contact
from bridge.models import KnownContact

_PARTS = ("first_name", "last_name", "email", "phone")


def remember(
    session: Session, source: str, contact_id: str, contact: Contact, stamp: Stamp, now: datetime
) -> None:
    """Take over what an event says of a person; of each part the newest saying stays."""
    new = insert(KnownContact).values(source=source, contact_id=contact_id, details={}, used_at=now)
    session.execute(new.on_conflict_do_nothing())
    row = session.get_one(KnownContact, (source, contact_id), with_for_update=True)
    said = {name: value for name in _PARTS if (value := getattr(contact, name))}
    row.details, row.used_at = merged(row.details, said, stamp), now


def known(session: Session, source: str, contact_id: str) -> Contact | None:
    """The person, if an event has told."""
    row = session.get(KnownContact, (source, contact_id))
    return Contact(**{name: saying["value"] for name, saying in row.details.items()}) if row else None


def completed(session: Session, source: str, said: Said) -> Said:
    """The booking, with what is known of the person behind its id; what it says itself stays."""
    person = known(session, source, said.contact_id or "")
    if person is None:
        return said
    given = {name: value for name, value in vars(said.contact).items() if value}
    return replace(said, contact=replace(person, **given))


def keep(session: Session, source: str, contact_id: str, now: datetime) -> None:
    """Note that a person is still booked for: who is not will be forgotten; see privacy/retention.py."""
    same = (KnownContact.source == source, KnownContact.contact_id == contact_id)
    session.execute(update(KnownContact).where(*same).values(used_at=now))
