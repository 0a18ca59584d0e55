"""What the senders do: tours over their lives, told out of order, some twice, each until it is answered."""

import json
import random
import threading
import time as wall
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import requests

from bridge.clock import utc_now
from bridge.inbound.signatures import Request
from bridge.mapping.catalogue import Catalogue

ZONE = ZoneInfo("America/Chicago")
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SOURCES = ("widget", "chatbot", "crm")
PROPERTIES = {"oakwood": "REALPAGE_RPX", "riverside": "RENTMANAGER"}
"""Oakwood's PMS gives no id of a new lead: only a sync brings it."""

Stands = tuple[str, str, str, str]
"""Property, e-mail, date and time of a tour, as the PMS has them."""


@dataclass(frozen=True)
class Delivery:
    """One event as its sender posts it, again and again under the same id until it is answered."""

    source: str
    id: str
    body: bytes


@dataclass
class Plan:
    """What is sent, in this order, and what must stand in the PMSs when all of it has been heard."""

    deliveries: list[Delivery]
    stands: Counter[Stands]

    @property
    def distinct(self) -> set[tuple[str, str]]:
        return {(delivery.source, delivery.id) for delivery in self.deliveries}


class Planner:
    """Invents `events` events of several senders about several people; the same for the same seed."""

    def __init__(self, seed: int, events: int) -> None:
        self.random = random.Random(seed)
        self.events = events
        self.people = max(4, events // 3)
        self.slots = self.sent = self.tours = 0
        self.stands: Counter[Stands] = Counter()
        self.began = utc_now() - timedelta(hours=1)

    def plan(self) -> Plan:
        reported: list[tuple[float, Delivery]] = []
        while self.sent < self.events:
            reported += self._life(self.random.uniform(0, self.events))
        for when, delivery in self.random.sample(reported, len(reported) // 8):
            reported.append((when + self.random.uniform(0, 20), delivery))  # the same delivery once more
        reported.sort(key=lambda one: one[0])
        return Plan([delivery for _, delivery in reported], self.stands)

    def _life(self, when: float) -> list[tuple[float, Delivery]]:
        """A tour that is booked, perhaps moved or cancelled, perhaps booked again; told from `when` on."""
        self.tours += 1
        source, number = self.random.choice(SOURCES), self.random.randrange(self.people)
        place = list(PROPERTIES)[number % len(PROPERTIES)]
        email, reference = f"renter{number}@example.com", f"T{self.tours}"
        prospect = {"first_name": "Renter", "last_name": f"Number{number}", "email": email}
        moment = self.began + timedelta(seconds=self.random.uniform(0, 1800))
        start = self._slot()
        reported = [self._reported(source, "booked", moment, reference, start, place, prospect)]
        stands: datetime | None = start
        for _ in range(self.random.choice((0, 0, 1, 1, 2, 3))):
            moment += timedelta(seconds=self.random.uniform(2, 200))
            person = prospect if self.random.random() < 0.5 else None  # else the booking says who it is
            if stands is None:
                stands = self._slot()
                reported.append(self._reported(source, "booked", moment, reference, stands, place, prospect))
            elif self.random.random() < 0.35:
                stands = None
                reported.append(self._reported(source, "cancelled", moment, reference, None, place, person))
            else:
                stands, previous = self._slot(), None
                if person and self.random.random() < 0.3:  # senders that give a moved tour a new id
                    previous, reference = reference, f"{reference}m"
                reported.append(
                    self._reported(source, "rescheduled", moment, reference, stands, place, person, previous)
                )
        if stands is not None:
            self.stands[place, email, stands.date().isoformat(), stands.time().isoformat()] += 1
        if self.random.random() < 0.3:
            self.random.shuffle(reported)
        return [(when + 3 * place_in_line, one) for place_in_line, one in enumerate(reported)]

    def _slot(self) -> datetime:
        """A start that no other tour ever has."""
        self.slots += 1
        day = (utc_now() + timedelta(days=30 + self.slots // 16)).date()
        return datetime.combine(day, time(9 + self.slots % 16 // 2, self.slots % 2 * 30), ZONE)

    def _reported(
        self, source: str, what: str, moment: datetime, reference: str, start: datetime | None, place: str,
        prospect: Mapping[str, str] | None, previous: str | None = None,
    ) -> Delivery:  # fmt: skip
        self.sent += 1
        data: dict[str, object] = {"booking_id": reference, "property": place}
        data |= {"tour": {"start": start.isoformat(), "duration_minutes": 30}} if start else {}
        data |= {"prospect": prospect} if prospect else {}
        data |= {"previous_booking_id": previous} if previous else {}
        document = {"type": f"tour.{what}", "timestamp": moment.astimezone(UTC).isoformat(), "data": data}
        return Delivery(source, f"msg_{self.sent}", json.dumps(document).encode())


@dataclass
class Senders:
    """Some senders at one endpoint, who keep what was not answered 200 and come again with it."""

    url: str
    threads: int = 4
    patience: float = 120.0
    """Seconds after which a delivery that is never taken fails the test."""
    answers: Counter[str] = field(default_factory=Counter)
    ids: dict[tuple[str, str], int] = field(default_factory=dict)
    """What each delivery was told to be."""

    def __post_init__(self) -> None:
        self._scheme = Catalogue().get("standard_webhooks").schema.signature
        self._guard = threading.Lock()
        self._line: deque[Delivery] = deque()
        self._taken = 0

    def send(self, plan: Plan, mischief: Mapping[int, Callable[[], None]] | None = None) -> None:
        """Returns when every delivery was answered 200.

        `mischief` is done by whoever has just taken the delivery of that number, while the others are busy.
        """
        self._line.extend(plan.deliveries)
        deadline = wall.monotonic() + self.patience
        errors: list[BaseException] = []
        busy = [
            threading.Thread(target=self._work, args=(mischief or {}, deadline, errors))
            for _ in range(self.threads)
        ]
        for thread in busy:
            thread.start()
        for thread in busy:
            thread.join()
        if errors:
            raise errors[0]
        assert self.ids.keys() == plan.distinct, (
            f"{len(self._line)} deliveries were never taken: {self.answers}"
        )

    def _work(
        self, mischief: Mapping[int, Callable[[], None]], deadline: float, errors: list[BaseException]
    ) -> None:
        pause = threading.Event()
        try:
            with requests.Session() as session:
                session.trust_env = False
                while (delivery := self._next(mischief)) and wall.monotonic() < deadline:
                    if not self._post(session, delivery):
                        with self._guard:
                            self._line.append(delivery)
                        pause.wait(0.1)
        except BaseException as error:
            errors.append(error)
            raise

    def _next(self, mischief: Mapping[int, Callable[[], None]]) -> Delivery | None:
        with self._guard:
            if not self._line:
                return None
            self._taken += 1
            number, delivery = self._taken, self._line.popleft()
        if number in mischief:
            mischief[number]()
        return delivery

    def _post(self, session: requests.Session, delivery: Delivery) -> bool:
        """Whether it was answered 200."""
        headers = self._scheme.sign_request(
            Request({}, delivery.body), [SECRET], utc_now(), delivery.id
        ).headers
        url = f"{self.url}/hooks/{delivery.source}"
        try:
            answer = session.post(
                url, delivery.body, headers={**headers, "Content-Type": "application/json"}, timeout=15
            )
        except requests.RequestException:
            with self._guard:
                self.answers["none"] += 1
            return False
        with self._guard:
            self.answers[str(answer.status_code)] += 1
        if answer.status_code != 200:
            assert answer.status_code == 503, (answer.status_code, answer.text)
            assert "Retry-After" in answer.headers
            return False
        reported = answer.json()["id"]
        assert self.ids.setdefault((delivery.source, delivery.id), reported) == reported, (
            "two events of one delivery"
        )
        return True
