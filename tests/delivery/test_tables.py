"""Each row of the tables in the docstring of bridge.delivery, held against `decide`."""

import re
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
from delivery.cases import (
    HERE,
    MAYA,
    NOBODY,
    NOW,
    SETTINGS,
    SOURCE,
    START,
    appointment,
    attempt,
    booking,
    event,
    in_flight,
    in_pms,
    lead,
    request,
    snapshot,
    stored,
)

import bridge.delivery
from bridge.delivery.decide import decide
from bridge.delivery.perform import after_write
from bridge.delivery.results import ended_event
from bridge.delivery.rules.booking_state import apply_request
from bridge.delivery.rules.entities import TimeClaim
from bridge.delivery.rules.in_flight import _log_call
from bridge.delivery.rules.outcomes import LOOK_AFTER_UNKNOWN, Reason, WriteOutcome
from bridge.delivery.rules.state import Call, Enrich, Ignore, Interpretation, Park, Read, Wait, Write, Written
from bridge.mapping.booking import Action, Contact
from bridge.models import Status
from bridge.propexo.client import WriteState, WriteStatus
from bridge.propexo.errors import RejectedError, UnknownOutcomeError
from bridge.settings.tour_times import SlotSettings


def table(title: str) -> dict[str, list[str]]:
    """The rows below a heading of the docstring, by their first cell (two, where the second is none of a step)."""
    section = (bridge.delivery.__doc__ or "").partition(f"{title}\n")[2].lstrip("\n")
    lines = section.partition("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    return {" | ".join(row[:-1]): row for row in rows}


def label(step) -> str:
    """A step as the tables spell it."""
    match step:
        case Read():
            return f"`Read` {step.call.kind}"
        case Write():
            return f"`Write` {step.kind}"
        case Enrich():
            return "`Enrich`"
    return f"`{type(step).__name__}` {step.reason}"


def read(**changes):
    return Interpretation(**{"source": SOURCE, "action": "book", "translated_action": "book", **changes})


JONAS = Contact("Jonas", "Weller", "jonas@example.com", "+13035550188")
TEXT = "The payload has no start."
GONE = Interpretation(problem=Park(Reason.MISCONFIGURED, TEXT))
EVENTS = {
    "its source is no longer configured": snapshot(interpretation=GONE),
    "it cannot be decoded": snapshot(interpretation=Interpretation(SOURCE, problem=Park(Reason.UNDECODABLE, TEXT))),
    "an earlier event of its booking has not ended": snapshot(predecessor=3, echoed="TB-22222222"),
    "an ignored actor made the change": snapshot(interpretation=read(actor_is_ignored="bridge", request=request())),
    "its text holds the reference of another booking": snapshot(echoed="TB-22222222", newer=4),
    "a later event speaks for both": snapshot(newer=4),
    "the sender's API has to be asked": snapshot(interpretation=read(enrich=Enrich(None, {}))),
    "the mapping cannot read it": snapshot(interpretation=read(problem=Park(Reason.UNMAPPABLE, TEXT))),
    "no rule of the mapping knows it": snapshot(interpretation=read(ignored="viewed", is_unknown=True)),
    "it changes no appointment": snapshot(interpretation=read(ignored="viewed")),
    "it says who a person is": snapshot(request(Action.REMEMBER, contact_id="P-1")),
    "the renter did not come": snapshot(request(Action.NO_SHOW)),
    "an earlier event of its person has not ended": snapshot(
        request(contact=Contact(), contact_id="P-1"), person_predecessor=3
    ),
    "its booking is of another person": snapshot(
        request(contact=JONAS), **stored(booking())
    ),
    "it is tentative, and such tours are held": snapshot(
        request(requested=True),
        interpretation=replace(
            snapshot(request(requested=True)).interpretation,
            source=replace(SOURCE, settings=replace(SOURCE.settings, on_request="hold")),
        ),
    ),
}  # fmt: skip
OFFERING = replace(
    SETTINGS,
    properties={
        key: replace(property_, slots=SlotSettings()) for key, property_ in SETTINGS.properties.items()
    },
)
UNSURE = attempt(outcome="unknown", job_id=None, look_count=1, look_at=NOW)
CANCEL = request(Action.CANCEL)
OF_ANOTHER_SOURCE = apply_request(in_pms(source="other", fields={}), request(property="oakwood"), (NOW, 0))
CANCELLED = {"desired_state": "cancelled"}
BOOKINGS = {
    "a duplicate of it is in the PMS": snapshot(**stored(booking(), duplicates=(in_pms(id=8, merged_into=7),))),
    "any / a write is in flight": snapshot(**in_flight(attempt())),
    "any / a write of unknown outcome is in flight": snapshot(**in_flight(UNSURE)),
    "cancelled / booked": snapshot(CANCEL, of=event(2, minutes=1), **stored(in_pms())),
    "cancelled / nothing": snapshot(CANCEL, of=event(2, minutes=1), **stored(booking())),
    "booked / nothing, and no contact is given": snapshot(request(contact=Contact())),
    "booked / nothing, and no property is known": snapshot(request(property="Nowhere")),
    "booked / nothing, and no start is known": snapshot(request(starts_at=None)),
    "booked / nothing, and another tour has its time": snapshot(
        claims=(TimeClaim(99, "oakwood", "in_person", START, START + timedelta(minutes=30)),)
    ),
    "booked / at another property": snapshot(request(property="elm"), of=event(2, minutes=1), **stored(in_pms())),
    "booked / another person's": snapshot(
        request(contact=JONAS), of=event(2, minutes=1, replayed_at=NOW), **stored(in_pms(person=MAYA))
    ),
    "booked / the same tour, and its person is corrected": snapshot(
        request(contact=replace(MAYA, email="m.okafor@example.com")),
        of=event(2, minutes=1),
        **stored(in_pms(person=MAYA)),
    ),
    "booked / the same tour": snapshot(**stored(in_pms())),
    "booked / nothing, and another source's tour is the same": snapshot(related=(OF_ANOTHER_SOURCE,)),
    "booked / nothing, and its start has passed": snapshot(request(starts_at=NOW - timedelta(hours=1))),
    "booked / another tour": snapshot(
        request(starts_at=START + timedelta(hours=1)), of=event(2, minutes=1), **stored(in_pms())
    ),
    "booked / nothing, and the lead is known": snapshot(**lead(lead_id="clead", person=MAYA)),
}  # fmt: skip
LEADS = {
    "nothing is known of it": snapshot(),
    "Propexo has no lead with this e-mail or phone": snapshot(answers=NOBODY),
    "its write is in flight": snapshot(
        **lead(in_flight_attempt_id=5), attempts={5: attempt(kind="create_lead", booking_id=None)}
    ),
    "the PMS has it, and its id has not come yet": snapshot(**lead(created=True), answers=NOBODY),
    "its id is known, and not who it is": snapshot(**lead(lead_id="clead")),
    "it is known": snapshot(**lead(lead_id="clead", person=MAYA)),
}
TABLES = {
    "What keeps an event from changing its booking, in this order:": EVENTS,
    "Then its booking decides, in this order; what it is to be, and what the PMS has:": BOOKINGS,
    "Its lead, where it has to be created:": LEADS,
}


@pytest.mark.parametrize("title", TABLES)
def test_every_row_has_its_case(title):
    assert list(table(title)) == list(TABLES[title])


@pytest.mark.parametrize(("title", "row"), [(title, row) for title, cases in TABLES.items() for row in cases])
def test_a_row_is_what_decide_does(title, row):
    decision = decide(TABLES[title][row], OFFERING if "has its time" in row else SETTINGS, NOW)
    assert label(decision.step) == table(title)[row][1]


def test_what_a_step_makes_of_its_event():
    steps = {
        "`Ignore`": Ignore(Reason.ECHO, ""), "`Park`": Park(Reason.REJECTED, ""), "`Written`": Written(),
        "`Wait`": Wait(NOW, Status.WAITING, Reason.LEAD_ID, ""),
    }  # fmt: skip
    rows = table("What a step makes of its event:")
    assert set(rows) == {*steps, "`Read`", "`Enrich`", "`Write`"}
    for name, step in steps.items():
        row = ended_event(event(), step, NOW)
        assert row.status in re.findall(r"\w+", rows[name][1]), name
        assert (row.ended_at is None) is isinstance(step, Wait)
        assert (row.due_at is None) is not isinstance(step, Wait)


def status_answer(state: str) -> dict:
    return {Call.of("write_status", HERE, job_id="cjob"): WriteStatus(WriteState(state), ("words",), "cid")}


def traced(answers: dict, row) -> object:
    known = snapshot(**in_flight(row, in_pms() if row.kind == "update" else None), answers=answers)
    return decide(known, SETTINGS, NOW).snapshot.attempts[5].outcome


def sent(answer) -> object:
    row = attempt(outcome=WriteOutcome.SENDING, job_id=None)
    known = snapshot(**in_flight(row))
    known = known.having(booking=known.bookings[0])
    write = Write("create", known.bookings[0], HERE, row.request, row.on_confirm)
    tools = SimpleNamespace(random=None, settings=SETTINGS)
    return after_write(known, write, row, answer, tools, NOW).decision.snapshot.attempts[5].outcome


def nothing_found(row) -> dict:
    appointments = Call.of("list_appointments", HERE, integration_id=HERE, lead_id="clead")
    return {_log_call(row, HERE, NOW): [], appointments: []}


def lost(**changes):
    return replace(UNSURE, **changes)


UPDATE = lost(kind="update", look_count=3, request={"event_id": "cappointment"})
FIVE_TIMES = lost(look_count=len(LOOK_AFTER_UNKNOWN))
LOGGED = SimpleNamespace(job_id="cjob", parameters={"notes": "Ref TB-STORED22."})

ATTEMPTS = {
    "sending | a job id": lambda: sent("cjob"),
    "sending | it was too late to send it": lambda: sent(None),
    "sending | a refusal": lambda: sent(RejectedError("no")),
    "sending | no usable answer": lambda: sent(UnknownOutcomeError("no")),
    "unknown | its job is in the write log": lambda: traced({_log_call(UNSURE, HERE, NOW): [LOGGED]}, UNSURE),
    "unknown | the record that it made": lambda: traced(
        {
            _log_call(UNSURE, HERE, NOW): [],
            Call.of("list_appointments", HERE, integration_id=HERE, lead_id="clead"): [appointment()],
        },
        UNSURE,
    ),
    "unknown | no trace of an update, three times": lambda: traced(nothing_found(UPDATE), UPDATE),
    "unknown | no trace of a create, five times": lambda: traced(nothing_found(FIVE_TIMES), FIVE_TIMES),
    "submitted | SUCCESS": lambda: traced(status_answer("SUCCESS"), attempt()),
    "submitted | FAILURE, and the record that it made": lambda: traced(
        {
            **status_answer("FAILURE"),
            Call.of("list_appointments", HERE, integration_id=HERE, lead_id="clead"): [appointment()],
        },
        attempt(),
    ),
    "submitted | FAILURE": lambda: traced(
        {**status_answer("FAILURE"), **nothing_found(attempt())}, attempt()
    ),
    "submitted | PARTIAL_SUCCESS": lambda: traced(status_answer("PARTIAL_SUCCESS"), attempt()),
    "submitted | PENDING": lambda: traced(status_answer("PENDING"), attempt()),
}


def test_every_row_of_attempts_has_its_case():
    assert list(table("A write on record (an attempt), by what is learned of it:")) == list(ATTEMPTS)


@pytest.mark.parametrize("row", ATTEMPTS)
def test_what_becomes_of_an_attempt(row):
    assert ATTEMPTS[row]() == table("A write on record (an attempt), by what is learned of it:")[row][-1]


def test_a_contact_completes_what_an_event_names_by_id_only():
    asked = request(contact=Contact(), contact_id="P-1")
    assert label(decide(snapshot(asked), SETTINGS, NOW).step) == "`Wait` unknown_contact"
    assert MAYA.email
