"""The generic schema of each write: what is refused at once, in the documented error shape."""

import pytest

CREATE = "/v1/events/appointments/leads"
MRI = {"integration_id": "MRI", "lead_id": "some-lead", "appointment_date": "2026-05-04"}
ENTRATA = {
    "integration_id": "ENTRATA",
    "lead_id": "some-lead",
    "appointment_date": "2026-05-04",
    "appointment_time": "15:30:00",
    "appointment_duration_minutes": 30,
    "appointment_type": "TOUR",
    "notes": "ref 7f3a",
}


def test_unknown_key_is_the_published_example(api):
    answer = api.post(CREATE, ENTRATA | {"foo": 1})
    assert answer.status_code == 400
    assert answer.json() == {
        "error": {
            "code": "invalid_request",
            "message": "invalid request",
            "details": {
                "details": {
                    "issues": [
                        {
                            "code": "unrecognized_keys",
                            "keys": ["foo"],
                            "path": [],
                            "message": "Unrecognized key(s) in object: 'foo'",
                        }
                    ],
                    "name": "ZodError",
                }
            },
        }
    }


@pytest.mark.parametrize("flag", ["true", "false", "1"])
def test_key_that_no_pms_knows_stays_an_error(api, flag):
    [found] = api.issues(api.post(CREATE, ENTRATA | {"foo": 1}, params={"ignore_unknown_fields": flag}))
    assert found["keys"] == ["foo"]


def test_names_every_problem_at_once(api):
    issues = api.issues(api.post(CREATE, {"integration_id": "ENTRATA", "title": 5, "foo": 1}))
    assert {(each["code"], *each["path"]) for each in issues} == {
        ("unrecognized_keys",),
        ("invalid_type", "title"),
        ("invalid_type", "lead_id"),
        ("invalid_type", "appointment_date"),
        ("invalid_type", "appointment_time"),
        ("invalid_type", "appointment_duration_minutes"),
        ("invalid_type", "appointment_type"),
        ("invalid_type", "notes"),
    }


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lead_id": None}, "invalid_type"),
        ({"lead_id": ""}, "too_small"),
        ({"notes": ""}, "too_small"),
        ({"notes": "A" * 257}, "too_big"),
        ({"title": "A" * 51}, "too_big"),
        ({"appointment_type": "tour"}, "invalid_enum_value"),
        ({"appointment_date": "04.05.2026"}, "invalid_string"),
        ({"appointment_date": "2026-02-30"}, "invalid_string"),
        ({"appointment_date": "2026-05-04T15:30:00"}, "invalid_string"),
        ({"appointment_time": "15:30"}, "invalid_string"),
        ({"appointment_time": "24:00:00"}, "invalid_string"),
        ({"appointment_time": "15:30:00Z"}, "invalid_string"),
        ({"appointment_time": "15:30:00\n"}, "invalid_string"),
        ({"appointment_duration_minutes": 0}, "too_small"),
        ({"appointment_duration_minutes": 30.5}, "invalid_type"),
        ({"appointment_duration_minutes": "30"}, "invalid_type"),
        ({"appointment_duration_minutes": True}, "invalid_type"),
    ],
)
def test_refuses(sandbox, api, changes, code):
    [found] = api.issues(api.post(CREATE, ENTRATA | changes))
    assert (found["code"], found["path"]) == (code, list(changes))
    assert found["message"]
    assert sandbox.appointments == []


@pytest.mark.parametrize(
    "changes",
    [
        {"notes": "A" * 256},
        {"title": "A" * 50},
        {"appointment_date": "2026-05-04T00:00:00Z"},
        {"appointment_date": "2026-05-04T00:00:00.000-06:00"},
        {"appointment_type": "SELF_GUIDED_TOUR"},
    ],
)
def test_accepts(api, changes):
    assert api.post(CREATE, ENTRATA | changes).status_code == 200


def test_status_and_priority_have_words_of_their_own(api):
    [found] = api.issues(api.post(CREATE, MRI | {"status": "ACTIVE"}))
    assert found["options"] == ["COMPLETED", "OPEN", "REVIEW", "DENIED"]
    issues = api.issues(api.post(CREATE, MRI | {"priority": "URGENT"}))
    assert [each["code"] for each in issues] == ["invalid_enum_value", "unrecognized_keys"]


@pytest.mark.parametrize("body", [None, [], "text", 5])
def test_body_must_be_an_object(api, body):
    [found] = api.issues(api.post(CREATE, body))
    assert (found["code"], found["path"]) == ("invalid_type", [])


def test_body_must_be_json(api):
    for path in (CREATE, "/v1/leads/", "/v1/appointment-availability/"):
        assert api.issues(api.call("POST", path, data="{", headers={"Content-Type": "application/json"}))


@pytest.mark.parametrize("integration_id", [None, "", 5])
def test_integration_must_be_named(api, integration_id):
    [found] = api.issues(api.post(CREATE, {"integration_id": integration_id}))
    assert found["path"] == ["integration_id"]
    [found] = api.issues(api.post(CREATE, {}))
    assert (found["path"], found["message"]) == (["integration_id"], "Required")


def test_integration_must_exist(api):
    [found] = api.issues(api.post(CREATE, {"integration_id": "nobody"}))
    assert found["path"] == ["integration_id"]


LEAD = {
    "integration_id": "APPFOLIO",
    "property_id": "APPFOLIO-property",
    "first_name": "Ana",
    "last_name": "Ruiz",
}


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"email_2": "ana@example.com"}, "unrecognized_keys", []),
        ({"status": "Active"}, "invalid_enum_value", ["status"]),
        ({"middle_initial": "AB"}, "too_big", ["middle_initial"]),
        ({"phone_1_type": "CELL"}, "invalid_enum_value", ["phone_1_type"]),
        ({"desired_unit_ids": ["u"] * 26}, "too_big", ["desired_unit_ids"]),
        ({"desired_unit_ids": ["u", 5]}, "invalid_type", ["desired_unit_ids", 1]),
        ({"desired_num_bathrooms": -1}, "too_small", ["desired_num_bathrooms"]),
        ({"desired_lease_term_in_months": 12}, "invalid_type", ["desired_lease_term_in_months"]),
        ({"desired_max_rent_in_cents": 1.5}, "invalid_type", ["desired_max_rent_in_cents"]),
        ({"has_cats": "yes"}, "invalid_type", ["has_cats"]),
        ({"target_move_in_date": "soon"}, "invalid_string", ["target_move_in_date"]),
        ({"events": [{"event_name": "Tour", "employee_id": "e", "event_datetime": "2026-05-01T10:00:00Z"}]},
         "invalid_enum_value", ["events", 0, "event_name"]),
        ({"events": [{"event_name": "Other", "employee_id": "e"}]},
         "invalid_type", ["events", 0, "event_datetime"]),
        ({"events": [{"event_name": "Other", "employee_id": "e", "event_datetime": "2026-05-01"}]},
         "invalid_string", ["events", 0, "event_datetime"]),
        ({"inactive_reason": "PRICE"}, "unrecognized_keys", []),
    ],
)  # fmt: skip
def test_lead_refuses(sandbox, api, changes, code, path):
    [found] = api.issues(api.post("/v1/leads/", LEAD | changes))
    assert (found["code"], found["path"]) == (code, path)
    assert sandbox.leads == []


def test_lead_takes_a_full_body(sandbox, api):
    body = LEAD | {
        "email_1": "ana@example.com",
        "phone_1": "+1 512 555 0143",
        "phone_1_type": "MOBILE",
        "notes": "ref 7f3a",
        "has_cats": False,
        "desired_num_bedrooms": 1.5,
        "desired_min_rent_in_cents": None,
        "target_move_in_date": "2026-06-01",
        "events": [{"event_name": "Other", "employee_id": "e", "event_datetime": "2026-05-01T10:00:00Z"}],
    }
    assert api.outcome(api.post("/v1/leads/", body))["write_status"] == "SUCCESS"
    [lead] = sandbox.leads
    assert {name: getattr(lead, name) for name in body} == body


def test_lead_can_be_updated(sandbox, api):
    lead_id = sandbox.add_lead("APPFOLIO", "APPFOLIO-property", first_name="Ana", last_name="Ruiz")
    answer = api.put(
        f"/v1/leads/{lead_id}", {"lead_id": lead_id, "last_name": "Rojas", "inactive_reason": "OTHER"}
    )
    assert api.outcome(answer)["write_status"] == "SUCCESS"
    [lead] = sandbox.leads
    assert (lead.first_name, lead.last_name, lead.inactive_reason) == ("Ana", "Rojas", "OTHER")
    [found] = api.issues(api.put(f"/v1/leads/{lead_id}", {"integration_id": "APPFOLIO"}))
    assert found["keys"] == ["integration_id"]


def test_yardi_rest_update_of_a_lead_needs_both_names(sandbox, api):
    lead_id = sandbox.add_lead("YARDI_REST", "YARDI_REST-property", first_name="Ana", last_name="Ruiz")
    issues = api.issues(api.put(f"/v1/leads/{lead_id}", {"notes": "x"}))
    assert {each["path"][0] for each in issues} == {"first_name", "last_name"}
