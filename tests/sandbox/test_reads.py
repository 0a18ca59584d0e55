"""What Propexo has read of the PMSs: lists, single records, look-ups, availability."""

import pytest
from propexo_contract.contract import document

CREATE = "/v1/events/appointments/leads"
AVAILABILITY = "/v1/appointment-availability/"
BASE = {"id", "created_at", "updated_at", "last_seen", "x_id", "x_property_id", "integration_id",
        "integration_vendor", "property_id"}  # fmt: skip


def add_lead(sandbox, **fields):
    return sandbox.add_lead(
        "RENTMANAGER", "RENTMANAGER-property", first_name="Ana", last_name="Ruiz", **fields
    )


def add_appointment(sandbox, api, lead_id, vendor="RENTMANAGER", **changes):
    body = {
        "integration_id": vendor,
        "lead_id": lead_id,
        "appointment_date": "2026-05-04",
        "appointment_time": "15:30:00",
        "appointment_duration_minutes": 30,
        "title": "Tour",
        "notes": "ref 7f3a",
    } | changes
    body = {name: value for name, value in body.items() if value is not None}
    api.outcome(api.post(CREATE, body))
    return sandbox.appointments[-1].id


def found(api, path, **query):
    answer = api.get(path, **query)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["results"]]


class TestLeads:
    def test_has_every_documented_key(self, sandbox, api):
        lead_id = add_lead(sandbox, email_1="ana@example.com", phone_1="+1 512-555-0143", status="COLD")
        lead = api.get(f"/v1/leads/{lead_id}").json()["results"]
        assert lead.keys() == document()["components"]["schemas"]["Lead"]["properties"].keys()
        assert lead["property_id"] == "RENTMANAGER-property"
        assert lead["integration_vendor"] == "RENTMANAGER"
        assert lead["phone_1"] == "(512) 555-0143"
        assert lead["status"] == "Cold"
        assert (lead["email_2"], lead["phone_2"], lead["pets"]) == (None, None, [])

    def test_meta_of_a_list(self, sandbox, api):
        add_lead(sandbox)
        assert api.get("/v1/leads/").json()["meta"] == {
            "offset": 0,
            "limit": 100,
            "orderBy": [{"field": "created_at", "direction": "desc"}],
            "hasMore": False,
            "total": 1,
        }

    def test_filters(self, sandbox, api):
        ana = add_lead(sandbox, email_1="ana@example.com", phone_1="(512) 555-0143")
        eva = sandbox.add_lead("RESMAN", "RESMAN-property", email_1="eva@example.com", phone_1="512.555.0144")
        assert found(api, "/v1/leads/") == [eva, ana]
        assert found(api, "/v1/leads/", email_1="ana@example.com") == [ana]
        assert found(api, "/v1/leads/", email_1="ana@example") == []
        assert found(api, "/v1/leads/", email_2="ana@example.com") == []
        assert found(api, "/v1/leads/", phone_1="5125550144") == [eva]
        assert found(api, "/v1/leads/", integration_id="RESMAN") == [eva]
        assert found(api, "/v1/leads/", integration_vendor="RENTMANAGER") == [ana]
        assert found(api, "/v1/leads/", property_id="RENTMANAGER-property", email_1="eva@example.com") == []
        lead = api.get(f"/v1/leads/{ana}").json()["results"]
        pms = {"integration_id": "RENTMANAGER", "x_property_id": lead["x_property_id"]}
        assert found(api, "/v1/leads/", x_id=lead["x_id"], **pms) == [ana]

    def test_filters_by_moments(self, sandbox, api, clock):
        early = add_lead(sandbox)
        clock.advance(hours=1)
        late = add_lead(sandbox)
        assert found(api, "/v1/leads/", updated_at_gte="2026-05-01T12:30:00Z") == [late]
        assert found(api, "/v1/leads/", last_seen_lte="2026-05-01T14:30:00+02:00") == [early]
        assert found(api, "/v1/leads/", updated_at_lte="2026-05-01") == []
        assert api.issues(api.get("/v1/leads/", updated_at_gte="yesterday"))

    @pytest.mark.parametrize(
        "query",
        [
            {"phone_1": "+15125550143"},
            {"phone_1": "1125550143"},
            {"phone_1": "512555014"},
            {"name": "Ana"},
            {"limit": 251},
            {"offset": "x"},
            {"order_by": "created_at:down"},
            {"order_by": "height"},
            {"order_by": "pets"},
            {"x_id": "1"},
            {"x_unit_id": "1", "integration_id": "RENTMANAGER"},
        ],
    )
    def test_refuses(self, sandbox, api, query):
        add_lead(sandbox)
        assert api.issues(api.get("/v1/leads/", **query))

    def test_pages_and_orders(self, sandbox, api, clock):
        ids = []
        for name in ("B", "A", "B"):
            ids.append(add_lead(sandbox, notes=name))
            clock.advance(seconds=1)
        first, second, third = ids
        assert found(api, "/v1/leads/") == [third, second, first]
        assert found(api, "/v1/leads/", order_by="created_at") == [first, second, third]
        assert found(api, "/v1/leads/", order_by="notes:asc,created_at:desc") == [second, third, first]
        page = api.get("/v1/leads/", limit=2).json()
        assert (page["meta"]["hasMore"], page["meta"]["total"]) == (True, 3)
        assert found(api, "/v1/leads/", limit=2, offset=2) == [first]
        assert found(api, "/v1/leads/", limit=0) == []

    def test_orders_what_is_null_first(self, sandbox, api):
        with_notes, without = add_lead(sandbox, notes="x"), add_lead(sandbox)
        assert found(api, "/v1/leads/", order_by="notes") == [without, with_notes]

    def test_of_equal_moments_the_later_record_is_newer(self, sandbox, api):
        ids = [add_lead(sandbox) for _ in range(3)]
        assert found(api, "/v1/leads/") == ids[::-1]

    def test_unknown_id(self, api):
        answer = api.get("/v1/leads/nobody")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")


class TestAppointments:
    def test_has_every_documented_key(self, sandbox, api):
        lead_id = add_lead(sandbox)
        event_id = add_appointment(sandbox, api, lead_id)
        event = api.get(f"/v1/events/{event_id}").json()["results"]
        assert event.keys() == BASE | {
            "x_leasing_agent_id", "x_type_id", "x_location_id", "event_name", "event_datetime",
            "appointment_datetime", "type_raw", "notes", "agent_name", "reasons_for_event",
            "associated_lead_ids", "associated_applicant_ids", "associated_resident_ids",
        }  # fmt: skip
        assert event["associated_lead_ids"] == [lead_id]
        assert event["property_id"] == "RENTMANAGER-property"
        assert event["appointment_datetime"] == "2026-05-04T15:30:00.000Z"
        assert event["notes"] == "ref 7f3a"

    def test_some_pms_give_the_moment_as_event_datetime(self, sandbox, api):
        lead_id = sandbox.add_lead("RESMAN", "RESMAN-property", first_name="Ana")
        changes = {"lead_source_id": "s", "appointment_duration_minutes": None, "title": None}
        event_id = add_appointment(sandbox, api, lead_id, "RESMAN", **changes)
        event = api.get(f"/v1/events/{event_id}").json()["results"]
        assert (event["appointment_datetime"], event["event_datetime"]) == (None, "2026-05-04T15:30:00.000Z")

    def test_filters(self, sandbox, api):
        ana, eva = add_lead(sandbox), add_lead(sandbox)
        of_ana, of_eva = add_appointment(sandbox, api, ana), add_appointment(sandbox, api, eva)
        assert found(api, "/v1/appointments/") == [of_eva, of_ana]
        assert found(api, "/v1/appointments/", lead_id=ana, integration_id="RENTMANAGER") == [of_ana]
        assert found(api, "/v1/appointments/", property_id="RENTMANAGER-property") == [of_eva, of_ana]
        assert found(api, "/v1/appointments/", property_id="RESMAN-property") == []
        assert found(api, "/v1/appointments/", applicant_id=ana) == []
        assert api.issues(api.get("/v1/appointments/", email_1="ana@example.com"))

    def test_update_moves_updated_at_and_a_sync_last_seen(self, sandbox, api, clock):
        event_id = add_appointment(sandbox, api, add_lead(sandbox))
        clock.advance(hours=1)
        sandbox.sync("RENTMANAGER")
        event = api.get(f"/v1/events/{event_id}").json()["results"]
        assert event["updated_at"] == "2026-05-01T12:00:00.000Z"
        assert event["last_seen"] == "2026-05-01T13:00:00.000Z"
        changes = {"appointment_date": "2026-05-05", "appointment_time": "10:00:00",
                   "appointment_duration_minutes": 30, "title": "Tour"}  # fmt: skip
        api.outcome(api.put(f"{CREATE}/{event_id}", changes))
        event = api.get(f"/v1/events/{event_id}").json()["results"]
        assert event["appointment_datetime"] == "2026-05-05T10:00:00.000Z"
        assert event["created_at"] == "2026-05-01T12:00:00.000Z"
        assert event["updated_at"] == "2026-05-01T13:00:00.000Z"

    def test_deleted_record_stays_and_is_no_longer_seen(self, sandbox, api, clock):
        event_id = add_appointment(sandbox, api, add_lead(sandbox))
        api.outcome(api.post(f"{CREATE}/cancel", {"integration_id": "RENTMANAGER", "event_id": event_id}))
        clock.advance(hours=1)
        sandbox.sync("RENTMANAGER")
        event = api.get(f"/v1/events/{event_id}").json()["results"]
        assert event["last_seen"] == "2026-05-01T12:00:00.000Z"

    def test_what_entrata_wrote_is_read_at_the_next_sync(self, sandbox, api):
        lead_id = sandbox.add_lead("ENTRATA", "ENTRATA-property", first_name="Ana")
        event_id = add_appointment(sandbox, api, lead_id, "ENTRATA", appointment_type="TOUR")
        assert found(api, "/v1/appointments/", lead_id=lead_id) == []
        sandbox.sync("ENTRATA")
        assert found(api, "/v1/appointments/", lead_id=lead_id) == [event_id]
        api.outcome(api.put(f"{CREATE}/{event_id}", {"notes": "later"}))
        assert api.get(f"/v1/events/{event_id}").json()["results"]["notes"] == "ref 7f3a"
        sandbox.sync("ENTRATA")
        assert api.get(f"/v1/events/{event_id}").json()["results"]["notes"] == "later"


class TestLookups:
    def test_keys_and_filters(self, sandbox, api):
        place = ("APPFOLIO", "APPFOLIO-property")
        added = {
            "lead-sources": sandbox.add_lead_source(*place, "Website"),
            "lead-relationships": sandbox.add_lead_relationship(*place, "Prospect"),
            "employees": sandbox.add_employee(*place, "Kim Lee", roles=["LEASING_AGENT"]),
            "units": sandbox.add_unit(*place, "12B", bedrooms="2"),
            "timezones": sandbox.add_timezone(*place, "-06:00", observes_daylight_savings=True),
        }
        own = {
            "lead-sources": {"name": "Website"},
            "lead-relationships": {"name": "Prospect"},
            "employees": {"name": "Kim Lee", "email": None, "is_active": True, "roles": ["LEASING_AGENT"]},
            "units": {"number": "12B", "bedrooms": "2", "bathrooms": None, "is_available": None},
            "timezones": {
                "offset": "-06:00",
                "observes_daylight_savings": True,
                "server_time_error_seconds": None,
            },
        }
        for kind, record_id in added.items():
            [record] = api.get(f"/v1/{kind}/", property_id="APPFOLIO-property").json()["results"]
            assert record["id"] == record_id
            assert record.keys() >= BASE
            assert own[kind].items() <= record.items()
            assert found(api, f"/v1/{kind}/", property_id="RESMAN-property") == []
            assert found(api, f"/v1/{kind}/", integration_id="APPFOLIO") == [record_id]
        assert api.issues(api.get("/v1/employees/", name="Kim Lee"))

    def test_unit_number_needs_the_property(self, sandbox, api):
        unit_id = sandbox.add_unit("APPFOLIO", "APPFOLIO-property", "12B")
        sandbox.add_unit("APPFOLIO", "APPFOLIO-property", "12C")
        assert api.issues(api.get("/v1/units/", unit_number="12B"))
        assert found(api, "/v1/units/", unit_number="12B", property_id="APPFOLIO-property") == [unit_id]

    def test_field_that_a_lookup_does_not_have(self, sandbox):
        with pytest.raises(TypeError, match="employees have no role"):
            sandbox.add_employee("APPFOLIO", "APPFOLIO-property", "Kim Lee", role="x")

    def test_properties(self, api):
        [place] = api.get("/v1/properties/", integration_id="APPFOLIO", is_active="true").json()["results"]
        assert place.keys() == document()["components"]["schemas"]["Property"]["properties"].keys()
        assert (place["id"], place["property_id"]) == ("APPFOLIO-property", "APPFOLIO-property")
        assert found(api, "/v1/properties/", is_active="false") == []

    def test_integration(self, api):
        integration = api.get("/v1/admin/integrations/RESMAN/").json()["results"]
        assert (
            integration.items()
            >= {
                "id": "RESMAN",
                "name": "Resman sandbox",
                "vendor": "RESMAN",
                "active": True,
                "system": "SANDBOX",
                "is_archived": False,
                "can_authenticate": True,
                "last_completed_sync": None,
            }.items()
        )
        assert api.get("/v1/admin/integrations/nobody/").json()["results"] is None


ENTRATA = {
    "integration_id": "ENTRATA",
    "property_id": "ENTRATA-property",
    "availability_start_date": "2026-05-04",
    "availability_duration_days": 2,
}


class TestAvailability:
    def test_answers_free_slots_at_once(self, api):
        answer = api.post(AVAILABILITY, ENTRATA | {"appointment_duration_minutes": 60}).json()
        assert answer["meta"]["job_id"]
        [calendar] = answer["result"]
        assert calendar.keys() == {
            "last_seen", "calendar_type", "x_agent_id", "agent_first_name", "agent_last_name",
            "default_appointment_length", "minimum_appointment_lead_time", "timezone", "calendar_days",
            "x_property_id",
        }  # fmt: skip
        monday, tuesday = calendar["calendar_days"]
        assert monday.keys() == {
            "date", "day_of_week", "opening_time", "closing_time", "simultaneous_appointment_mode",
            "max_simultaneous_appointments", "available_slots",
        }  # fmt: skip
        assert (monday["date"], monday["day_of_week"]) == ("2026-05-04", "MONDAY")
        assert tuesday["date"] == "2026-05-05"
        assert monday["available_slots"][0] == {"start": "09:00:00", "end": "10:00:00"}
        assert len(monday["available_slots"]) == 8

    def test_leaves_out_what_is_booked(self, sandbox, api):
        lead_id = sandbox.add_lead("ENTRATA", "ENTRATA-property", first_name="Ana")
        add_appointment(sandbox, api, lead_id, "ENTRATA", appointment_type="TOUR")
        [calendar] = api.post(AVAILABILITY, ENTRATA).json()["result"]
        monday, tuesday = (
            [slot["start"] for slot in day["available_slots"]] for day in calendar["calendar_days"]
        )
        assert set(tuesday) - set(monday) == {"15:30:00"}

    def test_rpx_needs_the_integration_only(self, api):
        [calendar] = api.post(AVAILABILITY, {"integration_id": "REALPAGE_RPX", "employee_id": "x"}).json()[
            "result"
        ]
        assert calendar["calendar_days"][0]["date"] == "2026-05-01"

    @pytest.mark.parametrize("name", ["property_id", "availability_start_date", "availability_duration_days"])
    def test_entrata_needs(self, api, name):
        body = {key: value for key, value in ENTRATA.items() if key != name}
        [found] = api.issues(api.post(AVAILABILITY, body))
        assert found["path"] == [name]

    @pytest.mark.parametrize(
        "changes", [{"availability_duration_days": 8}, {"employee_id": "x"}, {"calendar_types": ["TOURS"]}]
    )
    def test_entrata_refuses(self, api, changes):
        assert api.issues(api.post(AVAILABILITY, ENTRATA | changes))

    @pytest.mark.parametrize("vendor", ["RENTMANAGER", "RESMAN", "APPFOLIO", "MRI", "YARDI", "YARDI_REST"])
    def test_not_offered(self, api, vendor):
        assert api.post(AVAILABILITY, {"integration_id": vendor}).status_code == 405
