"""The read calls: lists with filters, order and pages, and single records."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from flask import Blueprint, request

from bridge.sandbox.documents import (
    event_document,
    integration_document,
    lead_document,
    property_document,
    property_switch,
    ten_digits,
)
from bridge.sandbox.formats import unrecognized
from bridge.sandbox.index import Ranked
from bridge.sandbox.jobs import Pms
from bridge.sandbox.refusals import InvalidError, UnknownRecordError, issue
from bridge.sandbox.state import Sandbox

Document = dict[str, Any]
Order = list[tuple[str, str]]
NEWEST_FIRST: Order = [("created_at", "desc")]
PAGE = ("order-by", "offset", "limit")
ACCOUNT = ("integration_id", "integration_vendor", "location_id")
PLACE = (*ACCOUNT, "property_id")
PMS_IDS = ("x_id", "x_property_id")
PEOPLE = {
    "lead_id": "associated_lead_ids",
    "applicant_id": "associated_applicant_ids",
    "resident_id": "associated_resident_ids",
}
MOMENTS = ("updated_at_gte", "updated_at_lte", "last_seen_gte", "last_seen_lte")


@dataclass(frozen=True)
class ListCall:
    """What a list call chooses from."""

    entries: Sequence[Ranked[Any]]
    document: Callable[[Any], Document]
    """Makes the document of an entry."""
    all_pass: bool = False
    """The entries pass every filter and are in the order of `created_at`."""

    def page(
        self, filters: Mapping[str, str], order: Order, offset: int, limit: int
    ) -> tuple[list[Document], int]:
        """The documents of a page, and how many there are on all pages."""
        if self.all_pass and order == NEWEST_FIRST:
            total = len(self.entries)
            newest = self.entries[max(0, total - offset - limit) : max(0, total - offset)][::-1]
            return [self.document(entry) for *_, entry in newest], total
        found = [self.document(entry) for *_, entry in sorted(self.entries, key=itemgetter(1))]
        for name, value in filters.items():
            found = [document for document in found if passes(document, name, value)]
        return _sorted(found, order)[offset : offset + limit], len(found)


@dataclass(frozen=True)
class Listing:
    """One list call: what can be asked of it, and what it chooses from."""

    path: str
    filters: tuple[str, ...]
    choose: Callable[[Sandbox, Pms, Mapping[str, str]], ListCall]
    """Given what is asked of `filters`."""


def create_reads(sandbox: Sandbox) -> Blueprint:
    """The routes of all read calls."""
    reads = Blueprint("reads", __name__)
    for listing in LISTINGS:
        reads.add_url_rule(listing.path, listing.path.strip("/").replace("/", "-"),
                           lambda listing=listing: page(listing, sandbox, request.args))  # fmt: skip

    @reads.get("/v1/leads/<lead_id>")
    def lead(lead_id: str) -> Document:
        with sandbox.reading() as pms:
            return single(pms.leads.read, lead_id, lambda each: lead_of(sandbox, pms, each))

    @reads.get("/v1/events/<event_id>")
    def event(event_id: str) -> Document:
        with sandbox.reading() as pms:
            return single(pms.appointments.read, event_id, lambda each: event_of(sandbox, pms, each))

    @reads.get("/v1/admin/integrations/<integration_id>/")
    def integration(integration_id: str) -> Document:
        with sandbox.reading():
            found = [integration_document(each) for each in sandbox.integrations if each.id == integration_id]
        return {"meta": {"orderBy": []}, "results": found[0] if found else None}

    @reads.get("/v1/admin/integrations/<integration_id>/properties")
    def switches(integration_id: str) -> Document:
        places = [each for each in sandbox.properties if each.integration_id == integration_id]
        listing = Listing("", (), lambda *_: _all_of([property_switch(each) for each in places]))
        return page(listing, sandbox, request.args)

    return reads


def lead_of(sandbox: Sandbox, pms: Pms, lead_id: str) -> Document:
    cached = pms.leads.read[lead_id]
    lead = cached.record
    return lead_document(
        cached, sandbox.integration(lead.integration_id), sandbox.find_property(lead.property_id)
    )


def event_of(sandbox: Sandbox, pms: Pms, event_id: str) -> Document:
    cached = pms.appointments.read[event_id]
    appointment = cached.record
    place = sandbox.find_property(pms.leads.held[appointment.lead_id].property_id)
    return event_document(cached, sandbox.integration(appointment.integration_id), place)


def leads(sandbox: Sandbox, pms: Pms, filters: Mapping[str, str]) -> ListCall:
    entries, all_pass = pms.leads.find(filters)
    return ListCall(entries, lambda lead_id: lead_of(sandbox, pms, lead_id), all_pass)


def events(sandbox: Sandbox, pms: Pms, filters: Mapping[str, str]) -> ListCall:
    entries, all_pass = pms.appointments.find(filters)
    return ListCall(entries, lambda event_id: event_of(sandbox, pms, event_id), all_pass)


def properties(sandbox: Sandbox, *_: Any) -> ListCall:
    places = [
        each for each in sandbox.properties if sandbox.integration(each.integration_id).models["properties"]
    ]
    return _all_of([property_document(each, sandbox.integration(each.integration_id)) for each in places])


def _all_of(documents: list[Document]) -> ListCall:
    return ListCall([("", number, each) for number, each in enumerate(documents)], lambda document: document)


def _lookups(kind: str, *filters: str) -> Listing:
    return Listing(f"/v1/{kind}/", filters, lambda sandbox, *_: _all_of(sandbox.lookups(kind)))


LISTINGS = (
    Listing("/v1/leads/", (*PLACE, *PMS_IDS, *MOMENTS, "x_unit_id", "email_1", "email_2", "phone_1"), leads),
    Listing("/v1/appointments/", (*PLACE, *PMS_IDS, *MOMENTS, "x_type_id", *PEOPLE), events),
    Listing("/v1/properties/", (*ACCOUNT, *PMS_IDS, "is_active"), properties),
    _lookups("lead-sources", *PLACE, "x_id"),
    _lookups("lead-relationships", *PLACE, *PMS_IDS),
    _lookups("employees", *PLACE),
    _lookups("units", *PLACE, *PMS_IDS, "unit_number"),
    _lookups("timezones", *PLACE),
)

_RENAMED = {"location_id": "x_location_id", "unit_number": "number"}
_NEEDS = {"unit_number": ("property_id",)}
_SEARCHED_PHONE = re.compile(r"[2-9]\d{9}")


def page(listing: Listing, sandbox: Sandbox, query: Mapping[str, str]) -> Document:
    """A page of the documents that pass every filter. Propexo's default order is newest first."""
    refuse_unknown(query, (*listing.filters, *PAGE))
    asked = {name: value for name, value in query.items() if name in listing.filters}
    _refuse_lonely(asked, listing)
    _refuse_unusable(asked)
    order = _order(query.get("order-by", "created_at:desc"))
    offset, limit = whole_number(query, "offset", 0), whole_number(query, "limit", 100, most=250)
    with sandbox.reading() as pms:
        results, total = listing.choose(sandbox, pms, asked).page(asked, order, offset, limit)
    return {
        "meta": {
            "offset": offset,
            "limit": limit,
            "orderBy": [{"field": name, "direction": direction} for name, direction in order],
            "hasMore": offset + limit < total,
            "total": total,
        },
        "results": results,
    }


def single(known: Mapping[str, Any], record_id: str, document: Callable[[str], Document]) -> Document:
    """One record. Propexo documents no answer for an unknown id; here it is a 404."""
    if record_id not in known:
        raise UnknownRecordError
    return {"meta": {"orderBy": []}, "results": document(record_id)}


def passes(document: Document, name: str, value: str) -> bool:
    """Whether a document passes one filter."""
    if name in MOMENTS:
        key, bound = name.rsplit("_", 1)
        asked, seen = _moment(name, value), datetime.fromisoformat(document[key])
        return seen >= asked if bound == "gte" else seen <= asked
    if name in PEOPLE:
        return value in (document[PEOPLE[name]] or ())
    if name == "phone_1":
        return ten_digits(document["phone_1"] or "") == value
    held = document.get(_RENAMED.get(name, name))
    return str(held).lower() == value.lower() if isinstance(held, bool) else held == value


def _moment(name: str, value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise InvalidError([issue([name], "Expected an ISO 8601 date or date-time.")]) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _refuse_unusable(asked: Mapping[str, str]) -> None:
    for name, value in asked.items():
        if name in MOMENTS:
            _moment(name, value)
        elif name == "phone_1" and not _SEARCHED_PHONE.fullmatch(value):
            raise InvalidError([issue([name], "Ten digits, the first 2 to 9.")])


def refuse_unknown(query: Mapping[str, str], known: tuple[str, ...]) -> None:
    """A filter that is not documented would be ignored or refused by Propexo; refused is the safe reading."""
    if unknown := [name for name in query if name not in known]:
        raise InvalidError([unrecognized(unknown)])


def whole_number(
    query: Mapping[str, str], name: str, default: int, *, least: int = 0, most: int | None = None
) -> int:
    """A number of the query. Raises InvalidError outside its limits."""
    text = query.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", text) or int(text) < least or (most is not None and int(text) > most):
        upto = f" to {most}" if most else ""
        raise InvalidError([issue([name], f"Expected a whole number from {least}{upto}.")])
    return int(text)


def _refuse_lonely(asked: Mapping[str, str], listing: Listing) -> None:
    """Propexo: a PMS id needs `integration_id` and `x_property_id` with it, a unit number `property_id`."""
    for name in asked:
        needs = ("integration_id", "x_property_id") if name.startswith("x_") else _NEEDS.get(name, ())
        lacking = [need for need in needs if need in listing.filters and need not in asked]
        if lacking:
            raise InvalidError([issue([name], f"Needs {' and '.join(lacking)} with it.")])


def _order(text: str) -> Order:
    order = []
    for part in text.split(","):
        name, _, direction = part.strip().partition(":")
        if direction not in ("", "asc", "desc"):
            raise InvalidError([issue(["order-by"], f"Expected {name}:asc or {name}:desc.")])
        order.append((name, direction or "asc"))
    return order


def _sorted(documents: list[Document], order: Order) -> list[Document]:
    """Of equal moments the record made later counts as newer, so that `desc` really is newest first."""
    documents = documents[::-1] if order[0][1] == "desc" else documents
    for name, direction in reversed(order):
        ranks = [_rank(each, name) for each in documents]
        places = sorted(range(len(documents)), key=ranks.__getitem__, reverse=direction == "desc")
        documents = [documents[place] for place in places]
    return documents


def _rank(document: Document, name: str) -> tuple[bool, Any]:
    value = document.get(name, ())
    if not isinstance(value, str | int | float | None):
        raise InvalidError([issue(["order-by"], f"Cannot order by '{name}'.")])
    return (False, 0) if value is None else (True, value)
