"""What the PMS holds, matched to our bookings: by the API, the page and the command."""

import html
import json
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.events.pms_appointments import AppointmentOwner, OwnBooking, match
from bridge.models import Role
from bridge.propexo.records import Appointment

CHICAGO = ZoneInfo("America/Chicago")
CODE = "TB-7F3A9KQ2"


def held(appointment_id="cevent", notes=None, moment="2026-12-03T10:30:00.000Z"):
    return Appointment.read({"id": appointment_id, "notes": notes, "appointment_datetime": moment,
                             "associated_lead_ids": ["clead"]})  # fmt: skip


def own(**changes):
    given = {"id": 7, "code": CODE, "state": "booked", "starts_at": None, "appointment_id": None,
             "lead_id": "clead", "is_booked": True, **changes}  # fmt: skip
    return OwnBooking(**given)


@pytest.mark.parametrize(
    ("appointments", "bookings", "expected"),
    [
        ([held(notes=f"Ref {CODE}.")], [own()], [(AppointmentOwner.OURS, 7)]),
        ([held()], [own(appointment_id="cevent")], [(AppointmentOwner.OURS, 7)]),
        ([held(notes="Ref TB-22222222.")], [], [(AppointmentOwner.THEIRS, None)]),
        ([], [own()], [(AppointmentOwner.MISSING, 7)]),
        ([], [own(is_booked=False, state="cancelled")], []),
        ([held(notes=CODE)], [own(is_booked=False, state="cancelled")], [(AppointmentOwner.OURS, 7)]),
        (
            [held("cother"), held()],
            [own(appointment_id="cevent")],
            [(AppointmentOwner.THEIRS, None), (AppointmentOwner.OURS, 7)],
        ),
    ],
)
def test_match(appointments, bookings, expected):
    assert [(row.match, row.booking_id) for row in match(appointments, bookings, CHICAGO)] == expected


def test_a_cancelled_appointment_is_ours_and_hides_no_new_one():
    booking = own(appointment_id="cnew", earlier_codes=("TB-33333333",))
    cancelled = held("cold", notes="Ref TB-33333333.")
    rows = {row.appointment_id: row for row in match([cancelled, held("cnew")], [booking], CHICAGO)}
    assert [(row.match, row.code, row.state) for row in (rows["cold"], rows["cnew"])] == [
        (AppointmentOwner.OURS, "TB-33333333", "cancelled"),
        (AppointmentOwner.OURS, CODE, "booked"),
    ]
    assert {row.match for row in match([cancelled], [booking], CHICAGO)} == {
        AppointmentOwner.OURS,
        AppointmentOwner.MISSING,
    }


def test_a_cancelled_tour_is_ours_in_the_list(world, api):
    world.book(start="2026-12-03T10:30:00-06:00")
    world.run()
    world.cancel()
    world.run()
    world.clock.advance(minutes=1)
    world.sandbox.sync("cintegration")
    [row] = api(Role.OPERATOR).get("/api/v1/appointments?property=oakwood").json["appointments"]
    assert (row["match"], row["state"]) == ("ours", "cancelled")
    assert row["code"] in row["notes"]


@pytest.fixture
def mixed(world):
    """One appointment of ours, one of somebody else's, and one that was deleted before Propexo read it."""
    world.book(start="2026-12-03T10:30:00-06:00")
    world.run()
    [lead] = world.sandbox.leads
    body = {"integration_id": "cintegration", "lead_id": lead.id, "title": "Walk-in", "notes": "By phone",
            "appointment_date": "2026-12-05", "appointment_time": "15:00:00",
            "appointment_duration_minutes": 30}  # fmt: skip
    world.tools.propexo.create_appointment(body)
    world.clock.advance(minutes=1)
    world.sandbox.sync("cintegration")
    return world


def test_the_api_lists_ours_and_theirs(mixed, api):
    found = api(Role.OPERATOR).get("/api/v1/appointments?property=oakwood").json["appointments"]
    ours, theirs = found
    assert (ours["match"], ours["starts_at"], ours["state"]) == (
        "ours",
        "2026-12-03T10:30:00-06:00",
        "booked",
    )
    assert ours["code"] in ours["notes"]
    assert (theirs["match"], theirs["starts_at"]) == ("theirs", "2026-12-05T15:00:00")
    assert (theirs["notes"], theirs["code"]) == ("By phone", None)


def test_days_and_what_a_viewer_sees(mixed, api):
    viewer = api(Role.VIEWER)
    found = viewer.get("/api/v1/appointments?property=oakwood&from=2026-12-04&to=2026-12-05").json
    assert [(row["match"], row["notes"]) for row in found["appointments"]] == [("theirs", None)]
    assert viewer.get("/api/v1/appointments").status_code == 422
    assert viewer.get("/api/v1/appointments?property=nowhere").status_code in {400, 404, 422}


def test_what_propexo_does_not_show_is_missing(world, api):
    world.document["properties"]["oakwood"]["pms"] = "RENTMANAGER"
    world.book()
    world.run()
    world.sandbox.fail(path="/v1/appointments/", status=200, body={"meta": {"orderBy": []}, "results": []})
    [row] = api(Role.OPERATOR).get("/api/v1/appointments?property=oakwood").json["appointments"]
    assert (row["match"], row["state"]) == ("missing", "booked")


def test_propexo_away_is_an_error_of_the_api_and_a_line_of_the_page(world, api, signed_in):
    world.sandbox.fail(path="/v1/appointments/", status=503, times=2)
    answer = api(Role.OPERATOR).get("/api/v1/appointments?property=oakwood")
    assert answer.status_code >= 500
    assert answer.mimetype == "application/problem+json"
    page = signed_in(Role.OPERATOR).get("/console/appointments?property=oakwood")
    assert (page.status_code, "503" in page.text) == (200, True)


def test_the_page(mixed, signed_in):
    page = html.unescape(signed_in(Role.OPERATOR).get("/console/appointments?property=oakwood").text)
    assert "By phone" in page
    assert "as Propexo shows it" in page
    assert "By phone" not in signed_in(Role.VIEWER).get("/console/appointments?property=oakwood").text
    empty = signed_in(Role.VIEWER).get("/console/appointments").text
    assert "Choose a property" in empty
    assert "2026-12-03" in signed_in(Role.VIEWER).get("/console/appointments?property=elm&from=x").text


def test_the_command(mixed, tmp_path, monkeypatch):
    config = tmp_path / "bridge.toml"
    config.write_text(f'database_url = "{mixed.database.url}"\n{mixed.toml()}')
    args = ["appointments", "list", "--property", "oakwood", "--config", str(config)]
    reported = CliRunner().invoke(main, [*args, "--json"])
    assert reported.exit_code == 0, reported.output
    assert [row["match"] for row in json.loads(reported.stdout)["appointments"]] == ["ours", "theirs"]
    later = str(date(2026, 12, 3) + timedelta(days=1))
    table = CliRunner().invoke(main, [*args, "--from", later]).stdout
    assert "theirs" in table
    assert "ours" not in table
    reported = CliRunner().invoke(main, ["appointments", "list", "--property", "x", "--config", str(config)])
    assert (reported.exit_code, "there are: oakwood, elm" in reported.stderr) == (1, True)
