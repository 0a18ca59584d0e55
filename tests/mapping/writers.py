"""How languages and their libraries write an instant, as data: a name, and a function from instant and zone to text."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

Writer = Callable[[datetime, ZoneInfo], str]


def _formatted(pattern: str, *, utc: bool = False) -> Writer:
    """`strftime` with more: `{offset}` (-06:00), `{hour}` and `{day}` without a zero, `{zone}` (its IANA name)."""

    def write(instant: datetime, zone: ZoneInfo) -> str:
        local = instant.astimezone(UTC if utc else zone)
        offset = local.strftime("%z")
        text = local.strftime(pattern)
        return (
            text.replace("{offset}", f"{offset[:3]}:{offset[3:]}")
            .replace("{hour}", str(local.hour % 12 or 12))
            .replace("{day}", str(local.day))
            .replace("{zone}", zone.key)
        )

    return write


def _epoch(scale: int, shape: type = int) -> Writer:
    return lambda instant, _zone: str(shape(instant.timestamp() * scale))


WRITERS: dict[str, Writer] = {
    "JavaScript toISOString": _formatted("%Y-%m-%dT%H:%M:%S.000Z", utc=True),
    "JavaScript toString": _formatted("%a %b %d %Y %H:%M:%S GMT%z (Local Standard Time)"),
    "JavaScript toUTCString": _formatted("%a, %d %b %Y %H:%M:%S GMT", utc=True),
    "moment toString": _formatted("%a %b %d %Y %H:%M:%S GMT%z"),
    "Luxon toISO": _formatted("%Y-%m-%dT%H:%M:%S.000{offset}"),
    "Temporal ZonedDateTime": _formatted("%Y-%m-%dT%H:%M:%S{offset}[{zone}]"),
    "Java ZonedDateTime": _formatted("%Y-%m-%dT%H:%M:%S{offset}[{zone}]"),
    "Java OffsetDateTime": _formatted("%Y-%m-%dT%H:%M:%S{offset}"),
    "Java Instant": _formatted("%Y-%m-%dT%H:%M:%SZ", utc=True),
    "Python str": _formatted("%Y-%m-%d %H:%M:%S{offset}"),
    "Python isoformat": _formatted("%Y-%m-%dT%H:%M:%S.000123{offset}"),
    "Python format_datetime": _formatted("%a, %d %b %Y %H:%M:%S %z"),
    "Go String": _formatted("%Y-%m-%d %H:%M:%S %z"),
    "Go RFC850": _formatted("%A, %d-%b-%y %H:%M:%S UTC", utc=True),
    "Go RFC1123Z": _formatted("%a, %d %b %Y %H:%M:%S %z"),
    "Go RubyDate": _formatted("%a %b %d %H:%M:%S %z %Y"),
    "Go UnixDate in UTC": _formatted("%a %b %d %H:%M:%S UTC %Y", utc=True),
    ".NET o": _formatted("%Y-%m-%dT%H:%M:%S.0000000{offset}"),
    ".NET u": _formatted("%Y-%m-%d %H:%M:%SZ", utc=True),
    ".NET DateTimeOffset": _formatted("%m/%d/%Y {hour}:%M:%S %p {offset}"),
    "PHP ATOM": _formatted("%Y-%m-%dT%H:%M:%S{offset}"),
    "PHP COOKIE": _formatted("%A, %d-%b-%Y %H:%M:%S GMT", utc=True),
    "PHP RFC2822": _formatted("%a, %d %b %Y %H:%M:%S %z"),
    "Ruby to_s": _formatted("%Y-%m-%d %H:%M:%S %z"),
    "Ruby to_s in UTC": _formatted("%Y-%m-%d %H:%M:%S UTC", utc=True),
    "a form with its zone": _formatted("%m/%d/%Y %I:%M:%S %p {zone}"),
    "a sentence with its zone": _formatted("%A, %B {day}, %Y at %I:%M:%S %p {zone}"),
    "epoch in seconds": _epoch(1),
    "epoch in milliseconds": _epoch(1000),
    "epoch as a float": _epoch(1, float),
}
