"""The input of a decision, frozen, and its possible results.

A `Snapshot` holds everything about one event at one moment. `decide` turns it into a `Decision`: the next step, and the
snapshot with what was concluded on the way. Rows carry the names of `models`' columns as this folder uses them
(store.py maps them); a changed row is one that differs from what was loaded.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Self

from bridge.aliases import Aliases, no_aliases
from bridge.availability.rules.slots import Times
from bridge.delivery.rules.entities import (
    AttemptRow,
    BookingRow,
    Breaker,
    CachedRecords,
    EventRow,
    LeadRow,
    Owner,
    SenderContact,
    TimeClaim,
    changed,
)
from bridge.delivery.rules.outcomes import Reason
from bridge.mapping.booking import BookingRequest, Contact
from bridge.mapping.details import Fetch
from bridge.mapping.sources import MappedSource
from bridge.models import Status


@dataclass(frozen=True)
class Call:
    """One reading call to Propexo, or to a sender's API; equal calls have equal answers within a run."""

    kind: str
    integration_id: str
    arguments: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def of(cls, kind: str, integration_id: str, /, **arguments: Any) -> Self:
        return cls(kind, integration_id, tuple(arguments.items()))


@dataclass(frozen=True)
class Ignore:
    """Nothing to forward."""

    reason: Reason
    detail: str


@dataclass(frozen=True)
class Park:
    """An operator decides."""

    reason: Reason
    detail: str


@dataclass(frozen=True)
class Wait:
    """The event runs again when `waiting_on` ends, or at `until`."""

    until: datetime
    status: Status
    reason: Reason
    detail: str
    waiting_on: str | None = None
    """The code of a booking or lead, `event:<id>`, `contact:...`, `integration:<id>`, `budget` or `source:<name>`."""
    poll_count: int | None = None
    """`None`: it polls for nothing, and the count stays."""
    failure_count: int | None = None


@dataclass(frozen=True)
class Read:
    """Make a reading call, then decide again with its answer."""

    call: Call
    takes_probe: bool = False
    """Whether it is the one call that looks if a paused integration is back."""


@dataclass(frozen=True)
class Enrich:
    """Ask the sender's API for what its webhook leaves out, then interpret the event again."""

    fetch: Fetch
    ids: Mapping[str, str]


@dataclass(frozen=True)
class Write:
    """Make a write: on record first, then sent."""

    kind: Literal["create_lead", "update_lead", "create", "update", "cancel"]
    owner: Owner
    integration_id: str
    request: Mapping[str, Any]
    on_confirm: Mapping[str, Any]
    """What the owner becomes once the PMS has confirmed it, by column. `id_column` names the one that takes the id of
    the created record, where this PMS gives it at once."""
    note: str | None = None
    """What the record says besides: what this PMS will not store."""
    tour_key: str | None = None
    """What the booking takes with it (see tour_key.py); `None`: it keeps what it has."""
    takes_probe: bool = False


@dataclass(frozen=True)
class Written:
    """The PMS has confirmed it."""

    reason: Reason | None = None
    detail: str | None = None


End = Ignore | Park | Wait | Written
Step = End | Read | Enrich | Write


@dataclass(frozen=True)
class Interpretation:
    """What a stored event says, as far as that is known without its booking."""

    source: MappedSource | None = None
    action: str | None = None
    """What it seems to ask for, as far as that is known without the sender's API. `None`: it cannot be read."""
    actor_is_ignored: str | None = None
    """Who made the change, where `ignore_changes_by` of the source lists them."""
    codes: frozenset[str] = frozenset()
    """The references of bookings that stand in its text."""
    enrich: Enrich | None = None
    problem: Park | Wait | None = None
    """Why it cannot be read."""
    translated_action: str | None = None
    ignored: str | None = None
    """Why nothing is forwarded."""
    is_unknown: bool = False
    """Whether that is because no rule of the mapping knows the event."""
    request: BookingRequest | None = None


@dataclass(frozen=True)
class Snapshot:
    """Everything that matters for one event at one moment."""

    event: EventRow
    interpretation: Interpretation
    codes: tuple[str, ...]
    """Unguessable endings for the reference codes of new bookings and leads."""
    aliases: Aliases = no_aliases
    answers: Mapping[Call, Any] = field(default_factory=dict)
    """What this run has read."""
    bookings: tuple[BookingRow, ...] = ()
    """Those that a reference of the event, or of its `chain`, names, the oldest first."""
    links: Mapping[str, int] = field(default_factory=dict)
    """The booking that each reference of the event names."""
    chain: tuple[str, ...] = ()
    """Further references of the booking, as stored events that have not ended connect them with the event's."""
    duplicates: tuple[BookingRow, ...] = ()
    """Rows that turned out to be the event's booking, and whose appointments may still be in the PMS."""
    related: tuple[BookingRow, ...] = ()
    """Other bookings with the same e-mail or phone, the newest of each."""
    contested: frozenset[str] = frozenset()
    """Keys of tours that other bookings had when this event was to take them; these are among the `related`."""
    creates_of_related: Mapping[int, tuple[AttemptRow | None, AttemptRow | None]] = field(
        default_factory=dict
    )
    """By other booking: its last confirmed create, and its last create that failed."""
    predecessor: int | None = None
    """An earlier event of the same booking that has not ended."""
    person_predecessor: int | None = None
    """Likewise one that says who the person is."""
    newer: int | None = None
    """A later event of the same booking, of a sender whose events only say that something changed."""
    echoed: str | None = None
    """A reference in the text that belongs to another booking."""
    contact: SenderContact | None = None
    shadow: Mapping[str, Any] | None = None
    """What the last shadow event of the booking has recorded."""
    attempts: Mapping[int, AttemptRow] = field(default_factory=dict)
    leads: Mapping[tuple[str, str, str], LeadRow] = field(default_factory=dict)
    last_create: AttemptRow | None = None
    """The last confirmed create of the booking."""
    failed_writes: int = 0
    """Writes of this event that failed since it came, or was replayed."""
    refused_changes: int = 0
    """Updates and cancels of this event that Propexo refused since it came, or was replayed."""
    refused_creates: int = 0
    """Likewise creates of its appointment."""
    lead_update_refused: bool = False
    """Whether a change of the lead was refused since the event came, or was replayed: the notes say it instead."""
    failed_create: AttemptRow | None = None
    """The last create of the booking that failed: its appointment may be there all the same."""
    known_jobs: frozenset[str] = frozenset()
    """Job ids in an answer of the write log that belong to other attempts."""
    breakers: Mapping[str, Breaker] = field(default_factory=dict)
    records: Mapping[tuple[str, str, str], CachedRecords] = field(default_factory=dict)
    claims: tuple[TimeClaim, ...] = ()
    """The times that the bookings of the event hold, and all those around the times that it may ask for."""
    calendars: Mapping[tuple[str, str], CachedRecords] = field(default_factory=dict)
    """What the PMS of a property has offered just now, by integration and property."""
    several_wait: frozenset[tuple[str | None, str]] = frozenset()
    """Integrations and categories whose write log is read for all: a single write need not ask."""
    is_backlog: bool = False
    # What `decide` concludes.
    slot: "SlotChange | None" = None
    """What becomes of the time that the booking holds; `None`: nothing."""
    booking: BookingRow | None = None
    merges: tuple["Merge", ...] = ()
    linked: tuple[int, ...] = ()
    """Bookings of which this run has learned that two sources report them."""
    start: datetime | None = None
    """When the tour starts, once it is known. Nothing is tried beyond it."""
    unknown: Mapping[str, Any] = field(default_factory=dict)
    """By body field, the names of the sender that could not be resolved (`resolve.UnresolvedName`)."""
    learned_contact: Contact | None = None
    """What the event says of a person whose id it names."""
    uses_contact: bool = False
    reached: frozenset[str] = frozenset()
    """Integrations that have answered in this run."""
    probing: frozenset[str] = frozenset()
    """Integrations whose probe this run has taken."""

    @property
    def named_by(self) -> list[str]:
        """All references of its booking."""
        return [*self.event.known_by, *self.chain]

    def having(self, **changes: Any) -> Self:
        """This snapshot with what was concluded."""
        return changed(self, **changes)

    def with_event(self, **changes: Any) -> Self:
        return changed(self, event=changed(self.event, **changes))

    def with_answer(self, call: Call, answer: Any) -> Self:
        """What is known after a call was answered."""
        event = changed(self.event, failure_count=0, integration_id=call.integration_id)
        return changed(
            self,
            event=event,
            answers={**self.answers, call: answer},
            reached=self.reached | {call.integration_id},
        )

    def with_attempt(self, attempt: AttemptRow) -> Self:
        return changed(self, attempts={**self.attempts, attempt.id: attempt})

    def with_lead(self, lead: LeadRow) -> Self:
        return changed(self, leads={**self.leads, lead.key: lead})

    def forgetting_lead(self, lead_id: str | None) -> Self:
        """What is known when Propexo no longer knows a lead: the next run searches for it again."""
        lost = {
            key: changed(lead, lead_id=None, created=False)
            for key, lead in self.leads.items()
            if lead_id and lead.lead_id == lead_id
        }
        return changed(self, leads={**self.leads, **lost})

    def with_owner(self, owner: Owner) -> Self:
        """Replace the row of a booking or a lead."""
        if isinstance(owner, LeadRow):
            return self.with_lead(owner)
        if self.booking is not None and self.booking.id == owner.id:
            return changed(self, booking=owner)
        duplicates = tuple(owner if duplicate.id == owner.id else duplicate for duplicate in self.duplicates)
        return changed(self, duplicates=duplicates)

    def code(self, prefix: str, number: int) -> str:
        """The reference code of a new row: `number` distinguishes several new rows of one run."""
        return f"{prefix}-{self.codes[number]}"


@dataclass(frozen=True)
class Merge:
    """Two rows turned out to be one booking."""

    kept: int
    gone: int
    gone_version: int
    is_deleted: bool
    """Else the row remains until its appointment is cancelled."""


@dataclass(frozen=True)
class SlotChange:
    """A booking takes a time, or gives back what it holds."""

    claim: TimeClaim | None
    """`None`: it holds nothing any more."""
    times: Times | None = None
    """By what it is checked again as it is stored, without the times that other bookings hold; `None`: it is not."""


@dataclass(frozen=True)
class StepDecision:
    """What happens next, and what was concluded on the way there."""

    step: Step
    snapshot: Snapshot
