"""Every read as Propexo documents it, spoken over a real connection."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.propexo.client import Propexo, WriteState
from bridge.propexo.errors import RejectedError, TransientError

from .conftest import FarEnd  # isort: skip

LEAD = {
    "id": "clead", "first_name": "Ana", "last_name": None, "email_1": "ana@example.com",
    "phone_1": "(512) 555-0123", "property_id": "cprop", "created_at": "2026-05-01T12:00:00.000Z", "pets": [],
}  # fmt: skip
EVENT = {
    "id": "cevt", "notes": "Ref TB-1.", "event_datetime": "2026-05-02T10:00:00.000Z",
    "appointment_datetime": None, "associated_lead_ids": ["clead"], "property_id": "cprop",
    "created_at": "2026-05-01T12:00:00.000Z", "last_seen": None,
}  # fmt: skip


def page(*records: Any, more: bool | None = False) -> dict[str, Any]:
    return {"meta": {"orderBy": [], "hasMore": more}, "results": list(records)}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"write_status": "PENDING", "errors": [], "created_record_id": None},
         (WriteState.PENDING, (), None)),
        ({"write_status": "SUCCESS", "errors": [], "created_record_id": "cevt"},
         (WriteState.SUCCESS, (), "cevt")),
        ({"write_status": "FAILURE", "errors": ['{"code":305}', "", "403 Forbidden"]},
         (WriteState.FAILURE, ("code: 305", "403 Forbidden"), None)),
        ({"write_status": "PARTIAL_SUCCESS"}, (WriteState.PARTIAL_SUCCESS, (), None)),
        ({"write_status": "FAILURE", "errors": "odd"}, (WriteState.FAILURE, ("odd",), None)),
    ],
)  # fmt: skip
def test_write_status(
    answer: Any, expected: tuple[WriteState, tuple[str, ...], str | None], propexo: Propexo, far_end: FarEnd
) -> None:
    far_end.answer(200, answer)
    found = propexo.write_status("cjob")
    assert (found.status, found.errors, found.created_record_id) == expected
    assert (far_end.last.method, far_end.last.path, far_end.last.query) == (
        "GET",
        "/v1/admin/write-status/cjob",
        {},
    )


@pytest.mark.parametrize(
    "answer", [{}, {"write_status": "QUEUED"}, [], b"", b"<html>", {"write_status": None}]
)
def test_a_read_in_another_shape_is_tried_again(answer: Any, propexo: Propexo, far_end: FarEnd) -> None:
    far_end.answer(200, answer)
    with pytest.raises(TransientError, match="not documented") as caught:
        propexo.write_status("cjob")
    assert not caught.value.sent


def test_find_leads(propexo: Propexo, far_end: FarEnd) -> None:
    far_end.answer(200, page(LEAD))
    [lead] = propexo.find_leads(
        integration_id="cint", property_id="cprop", email="ana@example.com", phone="5125550123"
    )
    assert (lead.id, lead.first_name, lead.last_name, lead.phone) == ("clead", "Ana", None, "(512) 555-0123")
    assert lead.created_at == datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert far_end.last.path == "/v1/leads/"
    assert far_end.last.query == {
        "integration_id": "cint", "property_id": "cprop",
        "email_1": "ana@example.com", "phone_1": "5125550123", "order-by": "created_at:desc", "limit": "100",
    }  # fmt: skip
    propexo.find_leads(integration_id="cint", property_id="cprop", phone="5125550123")
    assert "email_1" not in far_end.last.query


def test_a_search_that_cannot_work_is_not_sent(propexo: Propexo, far_end: FarEnd) -> None:
    for phone in ("+15125550123", "1125550123", "\u0665125550123", "51255501234"):
        with pytest.raises(RejectedError, match="ten digits"):
            propexo.find_leads(integration_id="cint", property_id="cprop", phone=phone)
    with pytest.raises(ValueError, match="every lead"):
        propexo.find_leads(integration_id="cint", property_id="cprop")
    assert far_end.requests == []


@pytest.mark.parametrize("record_id", ["", ".", ".."])
def test_an_id_never_addresses_something_else(record_id: str, propexo: Propexo, far_end: FarEnd) -> None:
    for call in (propexo.get_lead, propexo.get_appointment, propexo.write_status):
        with pytest.raises(RejectedError, match="id is empty"):
            call(record_id)
    assert far_end.requests == []


@pytest.mark.parametrize(
    ("call", "path", "record"),
    [
        (lambda p: p.get_lead("clead"), "/v1/leads/clead", LEAD),
        (lambda p: p.get_appointment("cevt"), "/v1/events/cevt", EVENT),
        (lambda p: p.get_integration("cint"), "/v1/admin/integrations/cint/",
         {"id": "cint", "name": "Oak", "vendor": "ENTRATA", "active": True, "is_archived": False,
          "can_authenticate": True, "last_completed_sync": None}),
    ],
)  # fmt: skip
def test_one_record_or_none(call: Any, path: str, record: Any, propexo: Propexo, far_end: FarEnd) -> None:
    far_end.answer(200, {"meta": {}, "results": record}).answer(200, {"meta": {}, "results": None}).answer(
        404
    ).answer(410)
    found = call(propexo)
    assert found.id == record["id"]
    assert far_end.last.path == path
    assert [call(propexo) for _ in range(3)] == [None, None, None]


def test_an_appointment_keeps_its_moments_as_they_are(propexo: Propexo, far_end: FarEnd) -> None:
    far_end.answer(
        200, {"results": EVENT | {"appointment_datetime": "2026-05-02T05:00:00", "associated_lead_ids": None}}
    )
    found = propexo.get_appointment("cevt")
    assert found is not None
    assert found.event_datetime == datetime(2026, 5, 2, 10, tzinfo=UTC)
    assert found.appointment_datetime == datetime(2026, 5, 2, 5)  # noqa: DTZ001 - no offset was given
    assert found.lead_ids == ()


def full_page(start: int) -> list[dict[str, Any]]:
    return [EVENT | {"id": f"c{number}"} for number in range(start, start + 250)]


@pytest.mark.parametrize("more", [True, False, None])
def test_a_list_is_read_until_a_page_is_short(propexo: Propexo, far_end: FarEnd, more: bool | None) -> None:
    far_end.answer(200, page(*full_page(0), more=more)).answer(200, page(EVENT, more=True))
    found = propexo.list_appointments(integration_id="cint", lead_id="clead")
    assert len(found) == 251
    assert [request.query["offset"] for request in far_end.requests] == ["0", "250"]
    assert far_end.last.query == {
        "integration_id": "cint", "lead_id": "clead", "order-by": "created_at:desc",
        "limit": "250", "offset": "250",
    }  # fmt: skip


@pytest.mark.parametrize("more", [True, False, None])
@pytest.mark.parametrize("second", [[], full_page(0)])
def test_a_page_without_new_records_ends_a_list(
    propexo: Propexo, far_end: FarEnd, second: list[dict[str, Any]], more: bool | None
) -> None:
    far_end.answer(200, page(*full_page(0), more=more)).answer(200, page(*second, more=more))
    assert len(propexo.list_appointments(integration_id="cint", lead_id="clead")) == 250
    assert len(far_end.requests) == 2


def test_an_unknown_id_may_be_answered_with_the_one_error_that_is_documented(
    propexo: Propexo, far_end: FarEnd
) -> None:
    far_end.answer(400, {"error": {"code": "invalid_request", "message": "invalid request"}})
    assert propexo.get_appointment("cevt") is None
    assert propexo.get_lead("clead") is None


def test_the_write_log_is_read_until_a_page_is_short(propexo: Propexo, far_end: FarEnd) -> None:
    entry = {
        "id": "clog", "created_at": "2026-05-01T12:00:00.000Z", "job_id": "cjob", "status": "FAILURE",
        "job_type": "WRITE_LEAD_EVENT", "error": '{"message":"no unit"}',
        "parameters": {"notes": "Ref TB-1."},
    }  # fmt: skip
    far_end.answer(200, {"results": {"logs": [entry] * 100}}).answer(200, {"results": {"logs": [entry]}})
    log = propexo.write_log(integration_id="cint", category="events", time_range="day")
    assert len(log) == 101
    assert (log[0].job_id, log[0].status, log[0].error) == ("cjob", "FAILURE", "no unit")
    assert log[0].parameters == {"notes": "Ref TB-1."}
    assert far_end.last.path == "/v1/admin/logs/writes/"
    assert far_end.last.query == {
        "integration_id": "cint", "write_category": "events", "time_range": "day",
        "limit": "100", "offset": "100",
    }  # fmt: skip


def test_the_write_log_stops_after_five_pages(propexo: Propexo, far_end: FarEnd) -> None:
    far_end.answer(200, {"results": {"logs": [{"job_id": "cjob"}] * 100}})
    assert len(propexo.write_log(integration_id="cint", category="leads")) == 500


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (lambda p: p.list_units(integration_id="cint", property_id="cprop"), "/v1/units/"),
        (lambda p: p.list_employees(integration_id="cint", property_id="cprop"), "/v1/employees/"),
        (lambda p: p.list_lead_sources(integration_id="cint", property_id="cprop"), "/v1/lead-sources/"),
        (
            lambda p: p.list_lead_relationships(integration_id="cint", property_id="cprop"),
            "/v1/lead-relationships/",
        ),
        (lambda p: p.list_properties(integration_id="cint"), "/v1/properties/"),
    ],
)
def test_choices(call: Any, path: str, propexo: Propexo, far_end: FarEnd) -> None:
    far_end.answer(
        200, page({"id": "c1", "name": None, "number": "4B"}, {"id": "c2", "name": "Web", "roles": ["X"]})
    )
    assert [(choice.id, choice.name, choice.roles) for choice in call(propexo)] == [
        ("c1", "4B", ()),
        ("c2", "Web", ("X",)),
    ]
    assert far_end.last.path == path
    assert far_end.last.query["integration_id"] == "cint"
    assert "unit_number" not in far_end.last.query
