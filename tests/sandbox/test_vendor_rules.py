"""What each PMS wants of a write: re-typed from Propexo's pages, held against the sandbox over HTTP."""

import pytest

CREATE = "/v1/events/appointments/leads"
CANCEL = "/v1/events/appointments/leads/cancel"

VALUES = {
    "integration_id": "set by the test",
    "lead_id": "set by the test",
    "event_id": "set by the test",
    "property_id": "some-property",
    "unit_id": "some-unit",
    "employee_id": "some-employee",
    "lead_source_id": "some-source",
    "lead_relationship_id": "some-relationship",
    "third_party_id": "our-own-id",
    "organization_name": "Example Homes",
    "first_name": "Ana",
    "last_name": "Ruiz",
    "appointment_date": "2026-05-04",
    "appointment_time": "15:30:00",
    "appointment_duration_minutes": 30,
    "appointment_type": "TOUR",
    "title": "Tour",
    "notes": "ref 7f3a",
    "status": "OPEN",
    "priority": "HIGH",
}
DATE, TIME, MINUTES, KIND = (
    "appointment_date",
    "appointment_time",
    "appointment_duration_minutes",
    "appointment_type",
)

# vendor -> required, optional
CREATE_APPOINTMENT = {
    "ENTRATA": ({DATE, TIME, MINUTES, KIND, "notes"}, {"unit_id", "title"}),
    "REALPAGE_RPX": ({DATE, TIME, MINUTES, "employee_id"}, {"notes", "priority"}),
    "RENTMANAGER": ({DATE, TIME, MINUTES, "title"}, {"employee_id", "notes"}),
    "RESMAN": ({DATE, TIME, "lead_source_id"}, {"unit_id", "notes"}),
    "APPFOLIO": ({DATE, TIME, MINUTES, "unit_id"}, {"employee_id", "notes"}),
    "MRI": ({DATE}, {TIME, "employee_id", "status", "notes"}),
    "YARDI": ({DATE, TIME, "unit_id", "employee_id"}, {"notes"}),
    "YARDI_REST": ({DATE, TIME, "unit_id", "employee_id"}, {"notes"}),
}
UPDATE_APPOINTMENT = {
    "ENTRATA": ({"notes"}, {"unit_id", DATE, TIME, MINUTES, KIND, "title"}),
    "REALPAGE_RPX": ({DATE, TIME, MINUTES}, {"notes", "priority"}),
    "RENTMANAGER": ({DATE, TIME, MINUTES, "title"}, {"notes"}),
    "RESMAN": ({DATE, TIME}, {"unit_id", "notes"}),
    "APPFOLIO": (set(), {DATE, TIME, MINUTES, "employee_id", "notes"}),
    "MRI": ({DATE}, {TIME, "employee_id", "status", "notes"}),
    "YARDI": ({DATE, TIME}, set()),
    "YARDI_REST": ({DATE, TIME}, set()),
}
CREATE_LEAD = {
    "ENTRATA": {"property_id", "lead_source_id", "first_name", "last_name"},
    "REALPAGE_RPX": {"property_id", "lead_relationship_id", "first_name", "last_name"},
    "REALPAGE": {"first_name", "last_name"},
    "RENTMANAGER": {"property_id", "first_name", "last_name"},
    "RESMAN": {"property_id", "lead_source_id", "employee_id", "first_name", "last_name"},
    "APPFOLIO": {"property_id", "first_name", "last_name"},
    "MRI": {"property_id", "last_name"},
    "YARDI": {"property_id", "lead_source_id", "employee_id", "third_party_id", "organization_name",
              "first_name", "last_name"},
    "YARDI_REST": {"first_name", "last_name"},
    "PROPERTYWARE": {"first_name", "last_name"},
}  # fmt: skip
OPTIONAL_FIELDS = {"unit_id", "employee_id", "lead_source_id", DATE, TIME, MINUTES, KIND, "title", "notes",
                   "status", "priority"}  # fmt: skip

NO_APPOINTMENTS = ("REALPAGE", "RENTVINE", "BUILDIUM", "PROPERTYWARE", "PROPERTYWARE_REST", "RENTCAFE",
                   "ELISEAI", "FUNNEL", "KNOCK")  # fmt: skip
NO_LEADS = ("BUILDIUM", "PROPERTYWARE_REST", "RENTVINE", "RENTCAFE", "ELISEAI", "FUNNEL", "KNOCK")
CANCELS = ("ENTRATA", "REALPAGE_RPX", "RENTMANAGER", "APPFOLIO", "YARDI")
APPOINTMENT_ID_AT_ONCE = ("REALPAGE_RPX", "RENTMANAGER", "RESMAN", "APPFOLIO")
LEAD_ID_AT_ONCE = ("REALPAGE", "RENTMANAGER", "RESMAN", "APPFOLIO", "MRI", "YARDI", "PROPERTYWARE")


def values(names, **more):
    return {name: VALUES[name] for name in names} | more


def known_lead(sandbox, vendor):
    return sandbox.add_lead(vendor, f"{vendor}-property", first_name="Ana", last_name="Ruiz")


def known_appointment(sandbox, api, vendor):
    lead_id = known_lead(sandbox, vendor)
    body = values(CREATE_APPOINTMENT[vendor][0], integration_id=vendor, lead_id=lead_id)
    assert api.outcome(api.post(CREATE, body))["write_status"] == "SUCCESS"
    sandbox.sync(vendor)
    return sandbox.appointments[-1].id


def missing(api, answer):
    issues = api.issues(answer)
    assert all((each["code"], each["message"]) == ("invalid_type", "Required") for each in issues)
    return {each["path"][0] for each in issues}


@pytest.mark.parametrize("vendor", CREATE_APPOINTMENT)
class TestCreateAppointment:
    def test_names_every_missing_field(self, api, vendor):
        required, _ = CREATE_APPOINTMENT[vendor]
        assert missing(api, api.post(CREATE, {"integration_id": vendor})) == required | {"lead_id"}

    def test_needs_each_required_field(self, sandbox, api, vendor):
        required, _ = CREATE_APPOINTMENT[vendor]
        full = values(required, integration_id=vendor, lead_id=known_lead(sandbox, vendor))
        for name in required | {"lead_id"}:
            without = {key: value for key, value in full.items() if key != name}
            assert missing(api, api.post(CREATE, without)) == {name}
        assert sandbox.appointments == []

    def test_takes_every_listed_field(self, sandbox, api, vendor):
        required, optional = CREATE_APPOINTMENT[vendor]
        body = values(required | optional, integration_id=vendor, lead_id=known_lead(sandbox, vendor))
        assert api.outcome(api.post(CREATE, body))["write_status"] == "SUCCESS"
        [appointment] = sandbox.appointments
        assert {name: getattr(appointment, name) for name in body} == body

    def test_refuses_fields_that_it_does_not_list(self, sandbox, api, vendor):
        required, optional = CREATE_APPOINTMENT[vendor]
        unlisted = OPTIONAL_FIELDS - required - optional
        body = values(required | unlisted, integration_id=vendor, lead_id=known_lead(sandbox, vendor))
        [found] = api.issues(api.post(CREATE, body))
        assert found["code"] == "unrecognized_keys"
        assert set(found["keys"]) == unlisted

    def test_drops_them_when_asked_to_ignore_unknown_fields(self, sandbox, api, vendor):
        required, optional = CREATE_APPOINTMENT[vendor]
        unlisted = OPTIONAL_FIELDS - required - optional
        body = values(required | unlisted, integration_id=vendor, lead_id=known_lead(sandbox, vendor))
        api.outcome(api.post(CREATE, body, params={"ignore_unknown_fields": "true"}))
        [appointment] = sandbox.appointments
        assert {name: getattr(appointment, name) for name in unlisted} == dict.fromkeys(unlisted)

    def test_gives_the_id_at_once_or_after_the_next_sync(self, sandbox, api, vendor):
        lead_id = known_lead(sandbox, vendor)
        body = values(CREATE_APPOINTMENT[vendor][0], integration_id=vendor, lead_id=lead_id)
        given = api.outcome(api.post(CREATE, body))["created_record_id"]
        event_id = sandbox.appointments[0].id
        at_once = vendor in APPOINTMENT_ID_AT_ONCE
        # Yardi's id is that of the lead.
        assert given == (event_id if at_once else lead_id if vendor == "YARDI" else None)
        assert api.get(f"/v1/events/{event_id}").status_code == (200 if at_once else 404)
        sandbox.sync(vendor)
        assert api.get(f"/v1/events/{event_id}").json()["results"]["id"] == event_id


@pytest.mark.parametrize("vendor", UPDATE_APPOINTMENT)
class TestUpdateAppointment:
    def test_needs_each_required_field(self, sandbox, api, vendor):
        required, _ = UPDATE_APPOINTMENT[vendor]
        path = f"{CREATE}/{known_appointment(sandbox, api, vendor)}"
        for name in required:
            assert missing(api, api.put(path, values(required - {name}))) == {name}

    def test_changes_what_the_pms_holds(self, sandbox, api, vendor):
        required, optional = UPDATE_APPOINTMENT[vendor]
        path = f"{CREATE}/{known_appointment(sandbox, api, vendor)}"
        body = values(required | optional) | ({DATE: "2026-06-01"} if DATE in required | optional else {})
        assert api.outcome(api.put(path, body)) == {
            "write_status": "SUCCESS",
            "errors": [],
            "created_record_id": None,
        }
        [appointment] = sandbox.appointments
        assert {name: getattr(appointment, name) for name in body} == body

    def test_refuses_or_drops_fields_that_it_does_not_list(self, sandbox, api, vendor):
        required, optional = UPDATE_APPOINTMENT[vendor]
        unlisted = OPTIONAL_FIELDS - {"lead_source_id"} - required - optional
        path = f"{CREATE}/{known_appointment(sandbox, api, vendor)}"
        [found] = api.issues(api.put(path, values(required | unlisted)))
        assert set(found["keys"]) == unlisted
        dropped = api.put(path, values(required | unlisted), params={"ignore_unknown_fields": "true"})
        assert api.outcome(dropped)["write_status"] == "SUCCESS"

    def test_cannot_change_the_lead_or_its_source(self, sandbox, api, vendor):
        path = f"{CREATE}/{known_appointment(sandbox, api, vendor)}"
        body = values(UPDATE_APPOINTMENT[vendor][0], lead_id="another", lead_source_id="another")
        [found] = api.issues(api.put(path, body, params={"ignore_unknown_fields": "true"}))
        assert found["keys"] == ["lead_id", "lead_source_id"]


@pytest.mark.parametrize("vendor", CREATE_APPOINTMENT)
def test_cancels_where_the_pms_can(sandbox, api, vendor):
    event_id = known_appointment(sandbox, api, vendor)
    answer = api.post(CANCEL, {"integration_id": vendor, "event_id": event_id})
    if vendor not in CANCELS:
        assert answer.status_code == 405
        assert vendor in answer.json()["error"]["message"]
        assert sandbox.appointments[0].active
        return
    assert api.outcome(answer)["write_status"] == "SUCCESS"
    [appointment] = sandbox.appointments
    assert appointment.cancelled
    assert appointment.deleted == (vendor == "RENTMANAGER")
    assert sandbox.active_appointments() == []


@pytest.mark.parametrize("vendor", CANCELS)
def test_cancel_needs_the_event(api, vendor):
    assert missing(api, api.post(CANCEL, {"integration_id": vendor})) == {"event_id"}


@pytest.mark.parametrize("vendor", NO_APPOINTMENTS)
def test_pms_without_lead_appointments_answers_405(api, vendor):
    for path in (CREATE, CANCEL):
        answer = api.post(path, {"integration_id": vendor})
        assert answer.status_code == 405
        assert vendor in answer.json()["error"]["message"]


@pytest.mark.parametrize("vendor", CREATE_LEAD)
class TestCreateLead:
    def test_needs_each_required_field(self, api, vendor):
        required = CREATE_LEAD[vendor]
        assert missing(api, api.post("/v1/leads/", {"integration_id": vendor})) == required
        for name in required:
            body = values(required - {name}, integration_id=vendor)
            assert missing(api, api.post("/v1/leads/", body)) == {name}

    def test_gives_the_id_at_once_or_after_the_next_sync(self, sandbox, api, vendor):
        body = values(CREATE_LEAD[vendor], integration_id=vendor)
        given = api.outcome(api.post("/v1/leads/", body))
        [lead] = sandbox.leads
        at_once = vendor in LEAD_ID_AT_ONCE
        assert given == {
            "write_status": "SUCCESS",
            "errors": [],
            "created_record_id": lead.id if at_once else None,
        }
        assert {name: getattr(lead, name) for name in body} == body
        assert api.get(f"/v1/leads/{lead.id}").status_code == (200 if at_once else 404)
        sandbox.sync(vendor)
        assert api.get(f"/v1/leads/{lead.id}").json()["results"]["last_name"] == "Ruiz"


@pytest.mark.parametrize("vendor", NO_LEADS)
def test_pms_without_writable_leads_answers_405(api, vendor):
    assert api.post("/v1/leads/", {"integration_id": vendor}).status_code == 405


@pytest.mark.parametrize(
    ("vendor", "changes", "accepted"),
    [
        ("REALPAGE_RPX", {"first_name": "A" * 31}, False),
        ("REALPAGE_RPX", {"last_name": "A" * 30}, True),
        ("APPFOLIO", {"first_name": "A" * 31}, True),
        ("MRI", {"notes": "A" * 31}, False),
        ("APPFOLIO", {"notes": "A" * 999}, True),
        ("RENTMANAGER", {"phone_1_type": "OTHER"}, True),
        ("PROPERTYWARE", {"phone_1_type": "OTHER"}, True),
        ("APPFOLIO", {"phone_1_type": "OTHER"}, False),
        ("YARDI", {"third_party_id": ""}, False),
    ],
)
def test_limits_of_one_pms(api, vendor, changes, accepted):
    body = values(CREATE_LEAD[vendor], integration_id=vendor) | changes
    assert api.post("/v1/leads/", body).status_code == (200 if accepted else 400)
