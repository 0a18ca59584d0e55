"""The lead of a tour: named by the sender, known to the bridge, found in Propexo, else created and waited for."""

from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from bridge.delivery.calls import Calls
from bridge.delivery.life import new_code
from bridge.delivery.open_writes import open_attempt
from bridge.delivery.outcomes import LOOK_FOR_ID, Parked, Reason
from bridge.delivery.resolve import Target
from bridge.delivery.writing import Write, Writing
from bridge.keys import key
from bridge.mapping.booking import Booking as Said
from bridge.mapping.booking import Contact
from bridge.models import Lead
from bridge.propexo import client
from bridge.propexo.bodies import Person, lead_body, ten_digits
from bridge.propexo.errors import Rejected


class Leads:
    """Finds or makes the lead for one event at one property."""

    def __init__(self, calls: Calls, writing: Writing, target: Target) -> None:
        self.calls = calls
        self.writing = writing
        self.place = target.place

    def lead_id(
        self, said: Said, contact_key: str | None, *, wish: str | None = None, **ids: str | None
    ) -> str:
        """The Propexo id of the lead; a new one is given `employee_id` and `lead_source_id` of `ids`.

        `wish` is what the person asked for, where no appointment will say it.

        Raises:
            NotYet: it is being created, or its id comes with the next sync.
            Parked: it cannot be created.
        """
        named = self._named(said.lead_id) if said.lead_id else None
        if named:
            return named
        if contact_key is None:
            detail = f'The sender names nobody but lead "{said.lead_id}", which Propexo does not know at this property.'
            raise Parked(Reason.STALE_LINK, detail)
        lead = self._row(contact_key)
        self.calls.event.awaits = lead.code
        under_way = lead.open_attempt_id is not None
        if under_way:
            with self.calls.context.database.single() as session:
                attempt = open_attempt(session, lead)
            self.writing.settle(lead, attempt, lead.code, lambda: self._adopt(said.contact))
            lead = self._row(contact_key)
        if lead.lead_id is None and (lead.created or not under_way):
            self._keep(lead, self._search(said.contact))
        if lead.lead_id is None:
            raise self._wait_for_sync() if lead.created else self._create(lead, said.contact, wish, **ids)
        return lead.lead_id

    def _named(self, lead_id: str) -> str | None:
        """The lead that the sender names, if Propexo knows it here: the id may be another system's."""
        lead = self._row(key(f"lead:{lead_id}") or lead_id)
        if lead.lead_id is None:
            found = self.calls.read("get_lead", self.place.integration_id, lambda: self._get(lead_id))
            if found and found.property_id in (None, self.place.property_id):
                self._keep(lead, found.id)
        return lead.lead_id

    def _get(self, lead_id: str) -> client.Lead | None:
        try:
            return self.calls.context.propexo.get_lead(lead_id)
        except Rejected:
            return None

    def _row(self, contact_key: str) -> Lead:
        key = (self.place.integration_id, self.place.property_id, contact_key)
        names = ("integration_id", "property_id", "contact")
        new = dict(zip(names, key, strict=True)) | {"code": new_code("LD"), "created_at": self.calls.now()}
        with self.calls.context.database.single() as session:
            made = insert(Lead).values(new).on_conflict_do_nothing().returning(Lead)
            return session.get(Lead, key) or session.scalar(made) or session.get_one(Lead, key)

    def _keep(self, lead: Lead, found: str | None) -> None:
        if found is not None:
            lead.lead_id = found
            mine = (Lead.integration_id == lead.integration_id, Lead.property_id == lead.property_id)
            with self.calls.context.database.single() as session:
                # Only this column: another event may just have begun to write the lead.
                session.execute(update(Lead).where(*mine, Lead.contact == lead.contact).values(lead_id=found))

    def _search(self, contact: Contact) -> str | None:
        """By e-mail, then by phone. The newest record wins; a phone can be shared, so names must not contradict."""
        if contact.email:
            hits = self._find(email=contact.email)
            if hits:
                return hits[0].id
        phone = ten_digits(contact.phone)
        hits = self._find(phone=phone) if phone else []
        return next((hit.id for hit in hits if not _somebody_else(hit, contact)), None)

    def _find(self, *, email: str | None = None, phone: str | None = None) -> list[client.Lead]:
        place, propexo = self.place, self.calls.context.propexo
        return self.calls.read(
            "find_leads",
            place.integration_id,
            lambda: propexo.find_leads(
                integration_id=place.integration_id, property_id=place.property_id, email=email, phone=phone
            ),
        )

    def _adopt(self, contact: Contact) -> dict[str, Any] | None:
        found = self._search(contact)
        return {"lead_id": found, "created": True} if found else None

    def _create(self, lead: Lead, contact: Contact, wish: str | None, **ids: str | None) -> Exception:
        person = Person(contact.first_name, contact.last_name, contact.email, contact.phone, lead.code)
        notes = ". ".join(filter(None, (f"Ref {lead.code}", wish)))
        body = self.calls.build(lambda: lead_body(self.place, person, **ids, notes=notes))
        effect = {"id_column": "lead_id" if self.place.profile.returns_lead_id else None, "created": True}
        return self.writing.write(
            lead, Write("create_lead", body, effect, lambda: self.calls.context.propexo.create_lead(body))
        )

    def _wait_for_sync(self) -> Exception:
        name = self.place.profile.name
        detail = f"The lead is in {name}; its id comes to Propexo with the next sync."
        return self.calls.look_again(LOOK_FOR_ID, Reason.LEAD_ID, detail)


def _somebody_else(hit: client.Lead, contact: Contact) -> bool:
    """A lead of the same phone with another last name and not the same e-mail: a partner or a roommate."""
    same_email = bool(hit.email and contact.email and hit.email.casefold() == contact.email.casefold())
    other_name = bool(
        hit.last_name and contact.last_name and hit.last_name.casefold() != contact.last_name.casefold()
    )
    return other_name and not same_email
