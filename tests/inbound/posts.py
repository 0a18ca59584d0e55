"""What the tests of the webhook endpoint post, and what they expect of a refusal."""

import json
from typing import Any

SITE = "https://www.oakwood.example"
SECRETS = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_CZ4aZVp/ch4Hq3VO7euPzku6StVjOAB8")
BOOKED = {
    "type": "tour.booked",
    "timestamp": "2026-11-24T15:00:00Z",
    "data": {
        "booking_id": "B-1",
        "prospect": {"name": "Maya Okafor", "email": "Maya@Example.com", "phone": "(512) 555-0142"},
        "tour": {"start": "2026-12-03T10:30:00-06:00"},
    },
}
FORM = {"name": "Maya Okafor", "email": "maya@example.com", "date": "12/03/2026", "time": "10:30 AM"}
BODY = json.dumps(BOOKED).encode()


def assert_problem(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert {"type", "title", "status", "detail", "code"} <= answer.json.keys()
    assert (answer.json["status"], answer.json["code"]) == (status, code)
    assert answer.json["title"]
    assert answer.json["detail"]
    assert ("Retry-After" in answer.headers) == (status == 503)
