"""What a stored event says: decoded, completed with what its sender's API knows, translated."""

import json
from collections.abc import Iterator

from sqlalchemy import select

from bridge.delivery import life, people
from bridge.delivery.calls import Calls
from bridge.delivery.earlier import wait_for_earlier
from bridge.delivery.enrichment import Enrichment
from bridge.delivery.outcomes import Ignored, Parked, Reason
from bridge.errors import DecodingError, UnknownSource
from bridge.inbound.decoding import decode
from bridge.keys import key
from bridge.mapping.booking import Action
from bridge.mapping.booking import Booking as Said
from bridge.mapping.details import with_details
from bridge.mapping.paths import Received
from bridge.mapping.sources import Source
from bridge.mapping.translation import person_reference
from bridge.models import UNFINISHED, Booking, Event


class Reading:
    """Reads one event."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.event = calls.event
        self.source = self._source()
        self.received = received_of(self.event)

    @property
    def action(self) -> Action:
        """What it seems to ask for, as far as that can be told without the sender's API."""
        return self.source.mapping.decide(self.received).action

    def said(self) -> Said:
        """What the event asks for.

        Raises:
            Ignored: nothing is to be forwarded.
            Parked: it cannot be read.
            NotYet: the sender's API has to be asked again.
        """
        self._leave_out_our_own()
        self._leave_to_newer()
        received = Enrichment(self.calls, self.source).complete(self.received)
        translation = self.source.mapping.translate(received)
        self.event.action = translation.action
        if translation.errors:
            raise Parked(Reason.UNMAPPABLE, "; ".join(str(error) for error in translation.errors))
        if translation.booking is None:
            raise Ignored(Reason.NOT_FORWARDED, translation.reason or "")
        said = translation.booking
        if said.action is Action.REMEMBER:
            raise self._remember(said)
        if said.action is Action.NO_SHOW:
            raise self._no_show()
        return self._with_known_contact(said) if said.contact_id else said

    def _source(self) -> Source:
        try:
            return self.calls.context.sources[self.event.source]
        except UnknownSource as error:
            told = f'The source "{self.event.source}" is no longer in bridge.toml. Add it again, then replay.'
            raise Parked(Reason.MISCONFIGURED, told) from error

    def _leave_out_our_own(self) -> None:
        """What the bridge or the PMS did must not come back as a tour of its own."""
        changed_by = self.source.mapping.changed_by
        who = changed_by.read(self.received) if changed_by else None
        if who is not None and who in self.source.settings.ignore_changes_by:
            raise Ignored(Reason.ECHO, f'Changed by "{who}", which `ignore_changes_by` of the source lists.')
        codes = set(life.CODE.findall(json.dumps(self.received.payload, ensure_ascii=False)))
        if not codes:
            return
        mine = life.linked(self.event.source, life.named_by(self.event))
        echoed = select(Booking.code).where(Booking.code.in_(codes), Booking.id.not_in(mine))
        with self.calls.context.database.single() as session:
            code = session.scalar(echoed.limit(1))
        if code:
            raise Ignored(
                Reason.ECHO, f"Its text holds {code}, the bridge's own reference of a written tour."
            )

    def _leave_to_newer(self) -> None:
        """Events that only say "changed" are one question to the sender's API, not many."""
        mapping = self.source.mapping
        if not mapping.coalesce or self.action is Action.IGNORE:
            return
        for newer in self._newer():
            if mapping.decide(received_of(newer)).action is not Action.IGNORE:
                told = f"Event {newer.id} says later that this booking changed, and speaks for both."
                raise Ignored(Reason.SUPERSEDED, told)

    def _newer(self) -> Iterator[Event]:
        """Unfinished events of the same booking that happened later."""
        newer = select(Event).where(
            Event.source == self.event.source,
            Event.reference == self.event.reference,
            Event.status.in_(UNFINISHED),
            Event.id != self.event.id,
        )
        with self.calls.context.database.session() as session:
            yield from (one for one in session.scalars(newer) if _moment(one) > _moment(self.event))

    def _remember(self, said: Said) -> Ignored:
        with self.calls.context.database.session() as session:
            contact_id = said.contact_id or said.reference
            stamp = life.stamp_of(self.event, said.action)
            people.remember(session, self.event.source, contact_id, said.contact, stamp, self.calls.now())
        return Ignored(
            Reason.REMEMBERED, f'Person "{contact_id}" is known for tours that name no more than this id.'
        )

    def _no_show(self) -> Ignored:
        named = [self.event.reference] if self.event.reference else []
        with self.calls.context.database.single() as session:
            self.event.booking_id = session.scalar(life.linked(self.event.source, named))
        return Ignored(Reason.NO_SHOW, "The renter did not come. No PMS takes that through Propexo.")

    def _with_known_contact(self, said: Said) -> Said:
        """Who is behind the id: remembered if this event tells it, else looked up."""
        contact_id, source, now = said.contact_id or "", self.event.source, self.calls.now()
        with self.calls.context.database.session() as session:
            if said.contact.email or said.contact.phone:
                stamp = life.stamp_of(self.event, said.action)
                people.remember(session, source, contact_id, said.contact, stamp, now)
                return said
            people.keep(session, source, contact_id, now)
        # A change of the person that came before this tour must not be overtaken by it.
        wait_for_earlier(self.calls, "person", [key(person_reference(contact_id)) or contact_id])
        with self.calls.context.database.single() as session:
            return people.completed(session, source, said)


def received_of(event: Event) -> Received:
    """A stored event as its mapping reads it.

    Raises:
        Parked: it cannot be decoded any more.
    """
    try:
        payload = decode(event.body, event.content_type)
    except DecodingError as error:
        raise Parked(Reason.UNDECODABLE, error.message) from error
    return with_details(Received(payload, event.headers, event.query), event.answers or {})


def _moment(event: Event) -> tuple[float, int]:
    return ((event.occurred_at or event.received_at).timestamp(), event.id)
