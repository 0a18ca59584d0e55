"""When the tour is: which of a payload's times is its start, its end, and the moment of the event."""

import re
from collections.abc import Iterable, Sequence

from bridge.mapping.drafting import looks
from bridge.mapping.drafting.guesses import Guess, best
from bridge.mapping.drafting.places import Place

STARTS = re.compile(
    r"start|begin|showtime|check_?in|^from$|(^|_)day$|appointment|tour|visit|viewing|booking_|scheduled?(_|$)|slot|when|date_?time|requested"
    r"|preferred|desired|(^|_)(date|time)$|meeting_time"
)
NO_STARTS = re.compile(
    r"end|finish|until|creat|updat|modif|occur|timestamp|sent|submi|receiv|expir|birth|dob|move|cancel|landed|delet"
    r"|duration|now|last_|_before|signed|available|old|prev|original|earliest|latest|build|request_?date|triggered"
)
ENDS = re.compile(r"(?<!w)(?<!s)end(?!er|point)|finish|until|^to$")
HAPPENED = {
    "occurred|happened|triggered|timestamp|event_?time|sent_at|webhook_?time": 8,
    "updat|modif|changed": 5,
    "creat|submi|request_?date|^time$": 4,
}
"""Words of the moment of an event. `created` is one only beside the name of the event: a booking keeps its own."""
SURE = 4


def start(places: Sequence[Place]) -> dict[str, Guess]:
    """`starts_at` or `starts_at_local`."""
    whole = max((place for place in places if _points(place) > 0), key=_points, default=None)
    apart = _apart(places)
    if apart and (whole is None or apart[0] > _points(whole)):
        _, date, time = apart
        return {"starts_at_local": Guess("LocalTime", "their names, a date and a time", date=date, time=time)}
    if whole is None:
        whole = _latest(places)
        told = "the latest time in this sample"
    else:
        told = "its name, a time with offset"
    if whole is None:
        return {}
    if looks.moment(whole.value) in {"instant", "epoch"}:
        return {"starts_at": Guess("Instant", told, (whole,))}
    zone = next((place for place in places if _is_zone_beside(place, whole)), None)
    told = "its name, a time without offset"
    if zone:
        told += f"; if it is in the zone at `{zone.path}`, make it a `starts_at = fields.ZonedTime`"
    return {"starts_at_local": Guess("LocalTime", told, (whole,))}


def end(places: Sequence[Place], start: Place) -> dict[str, Guess]:
    """The end, of the same kind as the start; else `duration_minutes`."""
    whole = looks.moment(start.value)
    kinds = {"instant", "epoch"} if whole in {"instant", "epoch"} else {"local"} & {whole}
    ends = [place for place in places if looks.moment(place.value) in kinds and ENDS.search(place.own)]
    ends.sort(key=lambda place: place.around != start.around)
    if not ends:
        return length(places)
    if "local" in kinds:
        return {"ends_at_local": Guess("LocalTime", "its name, a time without offset", (ends[0],))}
    return {"ends_at": Guess("Instant", "its name, a time with offset", (ends[0],))}


def length(places: Sequence[Place]) -> dict[str, Guess]:
    """`duration_minutes`."""
    found = best("duration_minutes", places)
    minutes = re.fullmatch(r"(\d{1,6})(\.0*)?|\d\d?:\d\d|\d{1,3} ?m\w*", str(found.value)) if found else None
    if not (found and minutes):
        return {}
    in_seconds = bool(re.search("sec", found.own)) or int(minutes[1] or 0) >= 900  # noqa: PLR2004 - fifteen hours
    options = 'unit="seconds"' if in_seconds else ""
    return {"duration_minutes": Guess("Duration", "its name", (found,), options=options)}


def happened(places: Sequence[Place], event: Place | None, without: Iterable[str]) -> dict[str, Guess]:
    """`occurred_at`."""
    taken = set(without)
    scored = [
        (points - place.depth, place)
        for place in places
        if place.expression not in taken
        and looks.moment(place.value) in {"instant", "epoch"}
        and (points := _happened(place, event))
    ]
    if not scored:
        return {}
    found = max(scored, key=lambda one: one[0])[1]
    return {"occurred_at": Guess("Instant", "its name, a time with offset", (found,))}


def _happened(place: Place, event: Place | None) -> int:
    points = next((count for words, count in HAPPENED.items() if re.search(words, place.own)), 0)
    beside_event = event is not None and place.parent == event.parent
    return points if points > SURE or beside_event else 0


def _points(place: Place) -> int:
    """How much of a start it is, where the time is whole."""
    kinds = {"instant": 4, "local": 3, "epoch": 1}
    look = kinds.get(looks.moment(place.value) or "", 0)
    return look + _named(place) if look and _named(place) > 0 else 0


def _named(place: Place) -> int:
    if NO_STARTS.search(place.own):
        return 0
    own = (
        7
        if re.search("start|begin|showtime|check_?in|^from$", place.own)
        else 5
        if STARTS.search(place.own)
        else 0
    )
    return own or (3 if STARTS.search(place.pair) and not NO_STARTS.search(place.pair) else 0)


def _apart(places: Sequence[Place]) -> tuple[int, Place, Place] | None:
    """A date and a time of one tour, and how sure they are."""
    dates = [place for place in places if looks.moment(place.value) == "date" and _named(place)]
    times = [place for place in places if looks.moment(place.value) == "time" and _named(place)]
    found = [
        (
            max(_named(date), _named(time))
            + 1
            + (2 if date.around == time.around else 0)
            + _alike(date, time),
            date,
            time,
        )
        for date in dates
        for time in times
    ]
    return max(found, key=lambda one: one[0]) if found else None


def _alike(date: Place, time: Place) -> int:
    """Names that begin alike: `tour_date` and `tour_time`."""
    first = date.own.split("_")[0]
    return 3 if first == time.own.split("_")[0] and first not in {"date", "time"} else 0


def _latest(places: Sequence[Place]) -> Place | None:
    """Of several instants the last: a tour lies after all that was noted about it."""
    times = [
        place for place in places if looks.moment(place.value) == "instant" and not ENDS.search(place.own)
    ]
    instants = sorted(times, key=lambda place: looks.instant(place.value))
    if len(instants) < 2 or NO_STARTS.search(instants[-1].own):  # noqa: PLR2004 - one alone is the event's
        return None
    return instants[-1]


def _is_zone_beside(place: Place, start: Place) -> bool:
    text = place.value if isinstance(place.value, str) else ""
    return place.around == start.around and bool(re.fullmatch(r"[A-Z][A-Za-z]+/[A-Z][\w/]+", text))
