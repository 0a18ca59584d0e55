"""The events that the demo sends, with their expected results."""

import copy
import hashlib
import json
import secrets
from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bridge.cli import demo_chat
from bridge.mapping.catalogue import shipped_folder

ZONE = ZoneInfo("America/Chicago")
PROPERTIES = {
    # Key: PMS, name. Oakwood's renters are known to its PMS, Riverside's are not.
    "oakwood": ("REALPAGE_RPX", "Oakwood Flats"),
    "riverside": ("RENTMANAGER", "Riverside Lofts"),
}
SECRETS = {
    "calendly": secrets.token_hex(16),
    "cal_com": secrets.token_hex(16),
    "standard_webhooks": f"whsec_{b64encode(secrets.token_bytes(24)).decode()}",
    "website_form": "",
}
ORIGIN = "https://www.oakwood.example"
EVENT_TYPE = "https://api.calendly.com/event_types/DEMO"
"""The Calendly event type of Oakwood's tours, by which its property is known."""

Name = tuple[str, str]
End = tuple[str, str | None]
WRITTEN: End = ("written", None)
REFUSED: End = ("refused", "not_authentic")


@dataclass(frozen=True)
class Post:
    """One request of a sender and the end that its event must come to."""

    story: str
    source: str
    event: str
    body: dict[str, Any]
    expected: End
    """Status and reason; `refused` and `duplicate` are answers of the webhook endpoint."""
    forged: bool = False
    delivery_id: str | None = None

    @property
    def raw(self) -> bytes:
        return json.dumps(self.body).encode()


@dataclass(frozen=True)
class Scenario:
    """The posts in their order, and the tours that the PMS must hold afterwards."""

    posts: list[Post]
    tours: set[tuple[str, str, str]]
    """Last name of the lead, date and time as the PMS has them."""
    known: list[tuple[str, str, str]]
    """First name, last name and e-mail of those who are leads already."""


def scenario(now: datetime) -> Scenario:
    """Bookings of the days after tomorrow, so that the demo works on any day."""
    days = [(now.astimezone(ZONE) + timedelta(days=number)).date() for number in range(8)]

    def at(day: int, hour: int) -> datetime:
        return datetime.combine(days[day], time(hour), ZONE)

    maya, jonas, noor = ("Maya", "Okafor"), ("Jonas", "Weller"), ("Noor", "Haddad")
    avery, lena, tomas = ("Jordan", "Avery"), ("Lena", "Fischer"), ("Tomas", "Rivera")
    calendly, cal_com = Calendly(now), CalCom(now)
    booked = _standard("TB-1", noor, at(3, 10), "oakwood")
    posts = [
        calendly.booked("Maya books", maya, 1, at(2, 11)),
        calendly.moved("Maya moves, new first", maya, 2, 1, at(4, 15)),
        calendly.left("... and the old invitee", maya, 1, at(2, 11)),
        calendly.booked("Lena books", lena, 3, at(2, 14)),
        calendly.left("Lena moves, old first", lena, 3, at(2, 14)),
        calendly.moved("... and the new invitee", lena, 4, 3, at(5, 9)),
        cal_com.post("Jonas books", "BOOKING_CREATED", jonas, "J1", at(2, 10)),
        cal_com.post("Jonas moves", "BOOKING_RESCHEDULED", jonas, "J2", at(3, 16)),
        cal_com.post("Jonas cancels", "BOOKING_CANCELLED", jonas, "J2", at(3, 16)),
        _signed("Noor books", booked),
        _signed("the same delivery again", booked, ("duplicate", None)),
        _signed("a forged signature", _standard("TB-9", noor, at(3, 10), "oakwood"), REFUSED, forged=True),
        _signed("a tour without a start", _without_start(booked), ("parked", "unmappable")),
        _signed("Jordan needs a new lead", _standard("TB-3", avery, at(6, 13), "riverside")),
        Post("Tomas uses the form", "website_form", "form.submitted", _form(tomas, at(6, 17)), WRITTEN),
    ]
    tours = {
        _tour("Okafor", at(4, 15)),
        _tour("Fischer", at(5, 9)),
        _tour("Haddad", at(3, 10)),
        _tour("Avery", at(6, 13)),
        _tour("Rivera", at(6, 17)),
    }
    return Scenario(posts, tours, [(*name, _email(name)) for name in (maya, jonas, noor, lena)])


def _tour(last_name: str, start: datetime) -> tuple[str, str, str]:
    return (last_name, start.date().isoformat(), start.time().isoformat())


def _email(name: Name) -> str:
    return f"{name[0]}.{name[1]}@example.com".lower()


def _sample(mapping: str, name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        (shipped_folder() / "samples" / mapping / f"{name}.json").read_text()
    )
    return document


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass
class Calendly:
    """A Calendly account, whose events happen a minute after each other."""

    now: datetime

    def booked(self, story: str, name: Name, number: int, start: datetime) -> Post:
        return self._post(story, "invitee.created", name, number, start, old_invitee=None)

    def moved(self, story: str, name: Name, number: int, previous: int, start: datetime) -> Post:
        """The new half of a reschedule: the old invitee is named."""
        return self._post(story, "invitee.created", name, number, start, old_invitee=_invitee(previous))

    def left(self, story: str, name: Name, number: int, start: datetime) -> Post:
        """The old half of a reschedule, which must not cancel the tour."""
        post = self._post(story, "invitee.canceled", name, number, start, old_invitee=None, rescheduled=True)
        return replace(post, expected=("ignored", "not_forwarded"))

    def _post(self, story: str, event: str, name: Name, number: int, start: datetime, **more: Any) -> Post:
        self.now += timedelta(minutes=1)
        body = _sample("calendly", event)
        body["created_at"] = _utc(self.now)
        payload = body["payload"]
        payload |= {
            "uri": _invitee(number),
            "rescheduled": False,
            "email": _email(name),
            "name": " ".join(name),
        }
        payload |= {
            "first_name": None,
            "last_name": None,
            "tracking": {},
            "text_reminder_number": None,
            **more,
        }
        times = {"start_time": _utc(start), "end_time": _utc(start + timedelta(minutes=30))}
        payload["scheduled_event"] |= {"event_type": EVENT_TYPE, **times}
        return Post(story, "calendly", event, body, WRITTEN)


def _invitee(number: int) -> str:
    return f"https://api.calendly.com/scheduled_events/DEMO{number}/invitees/DEMO{number}"


@dataclass
class CalCom:
    """A Cal.com account, whose events happen a minute after each other."""

    now: datetime

    def post(self, story: str, event: str, name: Name, uid: str, start: datetime) -> Post:
        self.now += timedelta(minutes=1)
        body = _sample("cal_com", event)
        body["createdAt"] = _utc(self.now)
        payload = body["payload"]
        payload |= {"uid": uid, "startTime": _utc(start), "endTime": _utc(start + timedelta(minutes=30))}
        payload |= {"metadata": {}, "responses": {}, "type": "oakwood"}
        payload["attendees"] = [{"name": " ".join(name), "email": _email(name), "timeZone": "America/Denver"}]
        if event == "BOOKING_RESCHEDULED":
            payload["rescheduleUid"] = "J1"
        return Post(story, "cal_com", event, body, WRITTEN)


def _signed(story: str, body: dict[str, Any], expected: End = WRITTEN, *, forged: bool = False) -> Post:
    """A Standard Webhooks delivery; equal bodies are the same delivery."""
    delivery_id = f"msg_{hashlib.sha256(json.dumps(body).encode()).hexdigest()[:16]}"
    return Post(story, "standard_webhooks", body["type"], body, expected, forged, delivery_id)


def _standard(booking_id: str, name: Name, start: datetime, place: str) -> dict[str, Any]:
    prospect = {"first_name": name[0], "last_name": name[1], "email": _email(name), "phone": "+15125550162"}
    tour = {
        "start": start.isoformat(),
        "duration_minutes": 30,
        "type": "in_person",
        "notes": "2 BR, one cat 🐈",
    }
    data = {"booking_id": booking_id, "prospect": prospect, "tour": tour, "property": place}
    return {"type": "tour.booked", "timestamp": _utc(datetime.now(UTC)), "data": data}


def _without_start(body: dict[str, Any]) -> dict[str, Any]:
    broken = copy.deepcopy(body)
    broken["data"]["tour"]["start"] = "next Tuesday, maybe"
    return broken


def _form(name: Name, start: datetime) -> dict[str, Any]:
    return {
        "name": " ".join(name),
        "email": _email(name),
        "phone": "(512) 555-0177",
        "date": start.strftime("%m/%d/%Y"),
        "time": start.strftime("%I:%M %p"),
        "property": "Riverside Lofts",
        "message": "Is there parking?",
    }


STREETS = {"oakwood": "410 Oakwood Avenue", "riverside": "22 River Street"}


def configuration(base_url: str, site: str) -> dict[str, Any]:
    """The bridge.toml of the demo, as a document; `site` is the origin of the page with the widget."""
    return {
        "propexo": {"token": "demo-token", "base_url": base_url},
        "properties": {
            key: {
                "integration_id": f"integration-{key}",
                "property_id": f"property-{key}",
                "pms": pms,
                "name": name,
                "time_zone": str(ZONE),
                "address": f"{STREETS[key]}, Austin, TX",
                "phone": "+1 512-555-0134",
                "tour_hours": ["mon-sun 08:00-19:00"],
                "slots": {"minutes": 30, "kinds": {"in_person": {}, "self_guided": {}}},
                "aliases": [EVENT_TYPE if key == "oakwood" else demo_chat.TO],
                "defaults": {"employee_id": "employee-demo", "duration_minutes": 30},
            }
            for key, (pms, name) in PROPERTIES.items()
        },
        "sources": {
            name: {
                "mapping": name,
                "property": "oakwood",
                **({"secrets": [secret]} if secret else {"origins": [ORIGIN]}),
            }
            for name, secret in SECRETS.items()
        }
        | {
            "website": {"mapping": "website_form", "property": "riverside", "origins": [site]},
            "chat": demo_chat.source(),
        },
    }
