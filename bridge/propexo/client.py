"""Propexo's generic endpoints for lead appointments, one method each.

A write answers a *job id*: Propexo has queued it, the PMS has not seen it. `write_status` reports the outcome.
Every failure is a PropexoError (see `bridge.propexo.errors`); nothing is retried here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from http import HTTPStatus
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from bridge.clock import Clock, utc_now
from bridge.propexo.availability import PmsCalendar
from bridge.propexo.errors import (
    MisconfiguredError,
    NotFoundError,
    RejectedError,
    TransientError,
    UnknownOutcomeError,
)
from bridge.propexo.rate_limit import Permit
from bridge.propexo.records import (
    Appointment,
    Integration,
    PropexoLead,
    PropexoRecord,
    StandardOffset,
    WriteLogEntry,
    WriteState,
    WriteStatus,
)
from bridge.propexo.transport import NoQuota, Quota, Transport

__all__ = [
    "Appointment",
    "Integration",
    "NoQuota",
    "Propexo",
    "PropexoLead",
    "PropexoRecord",
    "Quota",
    "StandardOffset",
    "WriteLogEntry",
    "WriteState",
    "WriteStatus",
]

Read = TypeVar("Read")
Body = Mapping[str, Any]

_PAGE = 250
"""Most records per page of a list; the write log has 100."""
_MOST_PAGES = 40
_LOG_PAGE, _MOST_LOG_PAGES = 100, 5
_TEN_DIGITS = re.compile(r"[2-9]\d{9}", re.ASCII)
_NEWEST_FIRST = {"order-by": "created_at:desc"}
_DROP_UNKNOWN = {"ignore_unknown_fields": "true"}
"""Without it a field that the PMS does not know is a 400; with it, it is dropped silently."""


class Propexo:
    """A client for one account; may be shared between threads.

    Time-outs are in seconds. Propexo delays answers by 2 s when the budget runs low: keep `read_timeout`
    well above.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        quota: Quota,
        clock: Clock = utc_now,
        connect_timeout: float = 10.0,
        read_timeout: float = 30.0,
    ) -> None:
        self._transport = Transport(
            base_url,
            token,
            quota=quota,
            clock=clock,
            timeouts=(connect_timeout, read_timeout),
        )

    def flush_rate_limit(self, *, at_once: bool = False) -> None:
        """Return calls that are reserved and not used, so that another process may make them.

        To be called about once a second. `at_once`: even if the last call was just made, as at the end of a process.
        """
        self._transport.flush_rate_limit(at_once=at_once)

    def reserve(self, start: datetime | None) -> Permit | None:
        """A permit for one call, for a tour that starts then: a write gets it before it is put on record.

        To be used within `calls_for`, or given back. `None` where calls are not limited. Raises RateLimitedError.
        """
        return self._transport.reserve(start)

    def give_back(self, permit: Permit) -> None:
        """No call is made with it."""
        self._transport.give_back(permit)

    # The paths end in a slash, or do not, exactly as Propexo documents them.

    def create_lead(self, body: Body) -> str:
        """Queue a new lead (`bodies.lead_body`); answers the job id."""
        return self._write("POST", "/v1/leads/", body)

    def update_lead(self, lead_id: str, body: Body) -> str:
        """Queue a change of a lead (`bodies.lead_update_body`); answers the job id."""
        return self._write("PUT", f"/v1/leads/{_in_path(lead_id)}", body)

    def create_appointment(self, body: Body) -> str:
        """Queue a new appointment (`bodies.create_body`); answers the job id.

        Propexo has no idempotency key: sent twice, it may be booked twice.
        """
        return self._write("POST", "/v1/events/appointments/leads", body)

    def update_appointment(self, event_id: str, body: Body) -> str:
        """Queue a change (`bodies.update_body`); answers the job id."""
        return self._write("PUT", f"/v1/events/appointments/leads/{_in_path(event_id)}", body)

    def cancel_appointment(self, body: Body) -> str:
        """Queue a cancellation (`bodies.cancel_body`); answers the job id."""
        return self._write("POST", "/v1/events/appointments/leads/cancel", body)

    def write_status(self, job_id: str) -> WriteStatus:
        """Tell how far a write is."""
        path = f"/v1/admin/write-status/{_in_path(job_id)}"
        return _read(path, WriteStatus.read, self._get(path))

    def find_leads(
        self, *, integration_id: str, property_id: str, email: str | None = None, phone: str | None = None
    ) -> list[PropexoLead]:
        """List the leads of a property with this e-mail and this phone, the newest first, at most 100.

        `phone` is ten digits (`bodies.ten_digits`). A lead that is missing may only not be synced yet.
        """
        if not email and not phone:
            raise ValueError("find_leads needs an e-mail or a phone: without, every lead would match")
        if phone and not _TEN_DIGITS.fullmatch(phone):
            raise RejectedError(
                "GET /v1/leads/ was not sent: the phone search takes ten digits, the first from 2 to 9."
            )
        place = {"integration_id": integration_id, "property_id": property_id}
        path = "/v1/leads/"
        page = self._get(path, **place, email_1=email, phone_1=phone, **_NEWEST_FIRST, limit=100)
        return _read(path, lambda answer: [PropexoLead.read(record) for record in answer["results"]], page)

    def newest_leads(self, *, integration_id: str) -> list[PropexoLead]:
        """List the leads that Propexo read last, of all properties of an integration, at most 250."""
        path = "/v1/leads/"
        page = self._get(path, integration_id=integration_id, **_NEWEST_FIRST, limit=_PAGE)
        return _read(path, lambda answer: [PropexoLead.read(record) for record in answer["results"]], page)

    def get_lead(self, lead_id: str) -> PropexoLead | None:
        """Read one lead; None if Propexo does not know it."""
        return self._read_record(f"/v1/leads/{_in_path(lead_id)}", PropexoLead.read)

    def list_appointments(self, *, integration_id: str, lead_id: str) -> list[Appointment]:
        """List every appointment of a lead, the newest first. Absence proves nothing: the cache lags."""
        query = {"integration_id": integration_id, "lead_id": lead_id}
        return self._all("/v1/appointments/", Appointment.read, **query)

    def list_property_appointments(self, *, integration_id: str, property_id: str) -> list[Appointment]:
        """List every appointment of a property, the newest record first. Absence proves nothing: the cache lags."""
        query = {"integration_id": integration_id, "property_id": property_id}
        return self._all("/v1/appointments/", Appointment.read, **query)

    def get_appointment(self, event_id: str) -> Appointment | None:
        """Read one appointment; None if Propexo does not know it."""
        return self._read_record(f"/v1/events/{_in_path(event_id)}", Appointment.read)

    def write_log(
        self,
        *,
        integration_id: str,
        category: Literal["events", "leads"],
        time_range: Literal["hour", "day", "week", "month"] = "hour",
        enough: Callable[[list[WriteLogEntry]], bool] = lambda _: False,
    ) -> list[WriteLogEntry]:
        """List finished writes, at most 500. A pending job is not listed, so absence proves nothing.

        No further page is read once what has been read is `enough`.
        """
        path = "/v1/admin/logs/writes/"
        query = {"integration_id": integration_id, "write_category": category, "time_range": time_range}
        entries: list[WriteLogEntry] = []
        for _ in range(_MOST_LOG_PAGES):
            page = self._get(path, **query, limit=_LOG_PAGE, offset=len(entries))
            logs = _read(path, lambda answer: list(map(WriteLogEntry.read, answer["results"]["logs"])), page)
            entries += logs
            if len(logs) < _LOG_PAGE or enough(entries):
                break
        return entries

    def get_integration(self, integration_id: str) -> Integration | None:
        """Read an integration; None if Propexo does not know it. Its `vendor` is the PMS."""
        return self._read_record(f"/v1/admin/integrations/{_in_path(integration_id)}/", Integration.read)

    def manual_sync(self, integration_id: str, models: Sequence[str]) -> None:
        """Ask for a sync of some data models now, such as `leads`. It ends minutes later; see `get_integration`."""
        path = f"/v1/admin/integrations/{_in_path(integration_id)}/manual-sync"
        answer = self._transport.request("POST", path, params={}, body={"models_to_sync": list(models)})
        result = answer.get("result") if isinstance(answer, dict) else None
        if isinstance(result, dict) and result.get("success") is False:
            raise RejectedError(f"POST {path}: Propexo did not begin the sync.")

    def list_units(self, *, integration_id: str, property_id: str) -> list[PropexoRecord]:
        """List the units of a property."""
        query = {"integration_id": integration_id, "property_id": property_id}
        return self._all("/v1/units/", PropexoRecord.read, **query)

    def list_employees(self, *, integration_id: str, property_id: str) -> list[PropexoRecord]:
        """List the employees of a property; one person may have several records."""
        query = {"integration_id": integration_id, "property_id": property_id}
        return self._all("/v1/employees/", PropexoRecord.read, **query)

    def list_lead_sources(self, *, integration_id: str, property_id: str) -> list[PropexoRecord]:
        """List where leads of a property may come from."""
        query = {"integration_id": integration_id, "property_id": property_id}
        return self._all("/v1/lead-sources/", PropexoRecord.read, **query)

    def list_lead_relationships(self, *, integration_id: str, property_id: str) -> list[PropexoRecord]:
        """List the lead relationships of a property, which RealPage Partner Exchange asks for."""
        query = {"integration_id": integration_id, "property_id": property_id}
        return self._all("/v1/lead-relationships/", PropexoRecord.read, **query)

    def appointment_availability(
        self,
        *,
        integration_id: str,
        property_id: str,
        first: date,
        days: int,
        minutes: int,
        calendar_types: Sequence[str] = (),
    ) -> list[PmsCalendar]:
        """Ask the PMS which times are free, for 1 to 7 days. It is answered at once and changes nothing.

        Args:
            first: in the zone in which the PMS counts days (`pms.time_zone`).
            minutes: length of the appointment.
        """
        path = "/v1/appointment-availability/"
        body: dict[str, Any] = {
            "integration_id": integration_id,
            "property_id": property_id,
            "availability_start_date": first.isoformat(),
            "availability_duration_days": days,
            "appointment_duration_minutes": minutes,
        }
        if calendar_types:
            body["calendar_types"] = list(calendar_types)
        answer = self._transport.request("POST", path, params={}, body=body)
        return _read(
            path, lambda answer: [PmsCalendar.read(calendar) for calendar in answer["result"]], answer
        )

    def newest_appointments(self, *, integration_id: str, property_id: str) -> list[Appointment]:
        """List the appointments of a property that Propexo read last, at most 250."""
        path = "/v1/appointments/"
        page = self._get(
            path, integration_id=integration_id, property_id=property_id, **_NEWEST_FIRST, limit=_PAGE
        )
        return _read(path, lambda answer: [Appointment.read(record) for record in answer["results"]], page)

    def list_properties(self, *, integration_id: str | None = None) -> list[PropexoRecord]:
        """List the properties of an integration, or of the whole account."""
        return self._all("/v1/properties/", PropexoRecord.read, integration_id=integration_id)

    def list_enabled(self, *, integration_id: str) -> dict[str, bool]:
        """Return which properties of an integration Propexo syncs, by their ids."""
        path = f"/v1/admin/integrations/{_in_path(integration_id)}/properties"
        return dict(
            self._all(path, lambda record: (str(record["property_id"]), record.get("enabled") is not False))
        )

    def list_offsets(self, *, integration_id: str) -> list[StandardOffset]:
        """List the clocks of the properties of an integration; most PMSs give none."""
        return self._all("/v1/timezones/", StandardOffset.read, integration_id=integration_id)

    def _write(self, method: str, path: str, body: Body) -> str:
        answer = self._transport.request(method, path, params=_DROP_UNKNOWN, body=dict(body))
        return _job_id(f"{method} {path}", answer)

    def _get(self, path: str, **query: str | int | None) -> Any:
        return self._transport.request("GET", path, params=query)

    def _read_record(self, path: str, read: Callable[[Mapping[str, Any]], Read]) -> Read | None:
        try:
            answer = self._get(path)
        except NotFoundError:
            return None
        except RejectedError as error:
            if error.status != HTTPStatus.BAD_REQUEST:
                raise
            return None  # the one error that Propexo documents, so an unknown id may be answered with it
        return _read(path, lambda answer: read(answer["results"]) if answer["results"] else None, answer)

    def _all(self, path: str, read: Callable[[Mapping[str, Any]], Read], **query: str | None) -> list[Read]:
        found: list[Read] = []
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            page = self._get(path, **query, **_NEWEST_FIRST, limit=_PAGE, offset=len(found))
            records = _read(path, lambda answer: [read(record) for record in answer["results"]], page)
            ids = {str(record.get("id")) for record in page["results"]}
            if ids <= seen:
                return found  # an empty page, or one that repeats another
            found, seen = [*found, *records], seen | ids
            if len(records) < _PAGE:  # whatever it says in `hasMore`
                return found
        raise MisconfiguredError(f"GET {path} does not end after {len(found)} records.")


def _in_path(record_id: str) -> str:
    # An empty id would address the whole list, and dots another path.
    if not record_id.strip("."):
        raise RejectedError("Not sent: an id is empty or consists of dots.")
    return quote(record_id, safe="")


def _job_id(request: str, answer: Any) -> str:
    """Propexo documents two shapes, one of them twice for one endpoint: `job_id`, or `meta.job_id`."""
    if isinstance(answer, dict):
        meta = answer.get("meta")
        for holder in (answer, meta if isinstance(meta, dict) else {}):
            job_id = holder.get("job_id")
            if isinstance(job_id, str) and job_id:
                return job_id
    raise UnknownOutcomeError(f"{request} was accepted, but the answer names no job.")


def _read(path: str, read: Callable[[Any], Read], answer: Any) -> Read:
    try:
        return read(answer)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TransientError(
            f"GET {path} was answered in a shape that is not documented.", sent=False
        ) from error
