"""The kinds of values in bridge.toml. A ValidationError of theirs says what is expected, and nothing else.

TOML has types, so a number in quotes is a slip there; an UntypedText has none and is converted.
"""

import base64
import difflib
import math
import re
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import phonenumbers
from marshmallow import ValidationError, fields

from bridge.settings.document import UntypedText
from bridge.settings.spelling import DEFAULT_PORTS, did_you_mean, is_loopback, split_url, time_zones

ZONE_OF_ABBREVIATION = {
    "EST": "America/New_York", "EDT": "America/New_York", "ET": "America/New_York",
    "CST": "America/Chicago", "CDT": "America/Chicago", "CT": "America/Chicago",
    "MST": "America/Denver", "MDT": "America/Denver", "MT": "America/Denver",
    "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "PT": "America/Los_Angeles",
    "AKST": "America/Anchorage", "AKDT": "America/Anchorage", "HST": "Pacific/Honolulu",
}  # fmt: skip
"""Zone databases know some of these, as zones without daylight-saving time: never what a property means."""


class Setting(fields.Field[Any]):
    """One value. Subclasses say in `expected` what they take, and `read` it or raise `self.refused()`.

    A field may have its own `expected`.
    """

    expected: ClassVar[str]

    def __init__(self, expected: str | None = None, *, required: bool = False) -> None:
        self.message = expected or self.expected
        super().__init__(required=required, error_messages=dict.fromkeys(("required", "null"), self.message))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - marshmallow's signature
        return self.read(value)

    def read(self, value: Any) -> Any:
        """Answers the value as the records hold it."""
        raise NotImplementedError

    def refused(self, hint: str = "") -> ValidationError:
        """The error of a value that is something else."""
        return ValidationError(self.message + hint)


class Text(Setting):
    """A text, trimmed."""

    expected = "a text in quotes that is not empty"

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self.refused()
        return self.convert(value.strip())

    def convert(self, text: str) -> str:
        """Answers the text as the records hold it."""
        return text


class SecurityContact(Text):
    """An address for a person, as RFC 9116 writes it."""

    expected = 'an address such as "mailto:security@example.com" or "https://example.com/security"'

    def convert(self, text: str) -> str:
        if not re.fullmatch(r"(mailto:[^@\s]+@|https://)[!-~]+", text):
            raise self.refused()
        return text


class OneOf(Text):
    """One of a few words, in any case."""

    def __init__(self, *words: str, required: bool = False) -> None:
        *most, last = (f'"{word}"' for word in words)
        super().__init__(f"{', '.join(most)} or {last}" if most else last, required=required)
        self.words = words

    def convert(self, text: str) -> str:
        if text.lower() not in self.words:
            raise self.refused()
        return text.lower()


class Capitals(OneOf):
    """One of a few words of Propexo, in capitals."""

    def convert(self, text: str) -> str:
        if text.upper() not in self.words:
            raise self.refused()
        return text.upper()


class Vendor(Text):
    expected = 'the name of the property-management system, such as "ENTRATA"'

    def convert(self, text: str) -> str:
        return text.upper()


class TimeZone(Text):
    expected = "an IANA time zone"

    def convert(self, text: str) -> str:
        zones = time_zones()
        if text.upper() in ZONE_OF_ABBREVIATION:
            raise self.refused(" and no abbreviation" + did_you_mean(ZONE_OF_ABBREVIATION[text.upper()]))
        if text not in zones.values():
            close = difflib.get_close_matches(text.lower(), zones, n=1)
            raise self.refused(did_you_mean(*(zones[name] for name in close)))
        return text


class PmsTime(TimeZone):
    expected = '"property", "utc" or an IANA time zone'

    def convert(self, text: str) -> str:
        return text.lower() if text.lower() in {"property", "utc"} else super().convert(text)


class PhoneRegion(Text):
    expected = 'a country code of two letters, such as "US"'

    def convert(self, text: str) -> str:
        if text.upper() not in phonenumbers.SUPPORTED_REGIONS:
            raise self.refused()
        return text.upper()


class BaseUrl(Text):
    expected = "an https address without path, such as https://api.propexo.com"

    def convert(self, text: str) -> str:
        url = split_url(text)
        if url is None or url.path.strip("/"):
            raise self.refused()
        if url.scheme == "http" and not is_loopback(url.hostname or ""):
            raise self.refused("; plain http would show secrets to the network")
        return text.rstrip("/")


class HttpsUrl(BaseUrl):
    """As BaseUrl, and with a path; kept as it is written, since others compare it."""

    expected = "an https address, such as https://login.example.com"

    def convert(self, text: str) -> str:
        url = split_url(text)
        if url is None or (url.scheme == "http" and not is_loopback(url.hostname or "")):
            raise self.refused()
        return text


class Origin(Text):
    expected = "the scheme and host of a website, such as https://www.example.com"

    def convert(self, text: str) -> str:
        url = split_url(text)
        if url is None:
            raise self.refused()
        # What a browser sends: no path, no default port.
        default = url.port in {None, DEFAULT_PORTS[url.scheme]}
        host = url.netloc.removesuffix(f":{url.port}").rstrip(":") if default else url.netloc
        origin = f"{url.scheme}://{host}".lower()
        if text.lower() != origin:
            raise self.refused(did_you_mean(origin))
        return origin


class DatabaseUrl(Text):
    expected = "an address that starts with postgresql:// (leave it out for the embedded database)"

    def convert(self, text: str) -> str:
        address, replaced = re.subn(r"\A(postgresql|postgres|postgresql\+psycopg)://", "postgresql://", text)
        if not replaced:
            raise self.refused()
        return address


class EncryptionKey(Text):
    expected = "32 bytes in base64, as `openssl rand -base64 32` prints them"
    length: ClassVar[int] = 32

    def convert(self, text: str) -> str:
        url_safe = text.replace("+", "-").replace("/", "_")
        try:
            key = base64.b64decode(url_safe, altchars=b"-_", validate=True)
        except ValueError:
            raise self.refused() from None
        if len(key) != self.length:
            raise self.refused()
        return url_safe


class PositiveInt(Setting):
    """A whole number above 0."""

    expected = "a whole number above 0, without quotes"
    lowest: ClassVar[int] = 1
    highest: ClassVar[float] = math.inf

    def read(self, value: Any) -> int:
        number = value
        if isinstance(value, UntypedText) and re.fullmatch(r"\s*\d{1,18}\s*", value, re.ASCII):
            number = int(value)
        if type(number) is not int or not self.lowest <= number <= self.highest:
            raise self.refused()
        return number


class Port(PositiveInt):
    expected = "a port from 1 to 65535, without quotes"
    highest = 65535


class Bind(Text):
    expected = 'an address to listen at, such as "127.0.0.1:8081"'

    def convert(self, text: str) -> str:
        host, _, port = text.rpartition(":")
        if not host or not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) <= Port.highest:
            raise self.refused()
        return text


class Seconds(Setting):
    expected = "a number of seconds above 0, without quotes"
    takes_zero: ClassVar[bool] = False

    def read(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | UntypedText):
            raise self.refused()
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise self.refused() from None
        if not 0 <= number < math.inf or (number == 0 and not self.takes_zero):
            raise self.refused()
        return number


class SecondsOrNone(Seconds):
    expected = "a number of seconds, or 0, without quotes"
    takes_zero = True


class Boolean(Setting):
    expected = "true or false, without quotes"
    words: ClassVar = {"true": True, "yes": True, "on": True, "1": True,
                       "false": False, "no": False, "off": False, "0": False}  # fmt: skip

    def read(self, value: Any) -> bool:
        if isinstance(value, UntypedText):
            value = self.words.get(value.strip().lower())
        if not isinstance(value, bool):
            raise self.refused()
        return value


class TextList(Setting):
    """A list of texts, read one by one as `item` does."""

    expected = 'a list of texts, such as ["one", "two"]'

    def __init__(self, item: type[Text] = Text) -> None:
        super().__init__()
        self.item = item()

    def read(self, value: Any) -> tuple[str, ...]:
        if isinstance(value, UntypedText):
            value = [part for part in value.split(",") if part.strip()]
        if not isinstance(value, list):
            raise self.refused()
        try:
            return tuple(_read_each(enumerate(value), self.item.read).values())
        except ValidationError as error:
            raise ValidationError(
                error.messages
            ) from None  # without the texts that could be read: no list yet


class NamedTable(Setting):
    """A table whose names the operator chooses; each value is read by the same function."""

    expected = "a table"

    def __init__(self, read_value: Callable[[Any], Any]) -> None:
        super().__init__()
        self.read_value = read_value

    def read(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.refused()
        return _read_each(value.items(), self.read_value)


class ApiAccess(NamedTable):
    """`base_url`, `login_url` and the credentials of a sender's API, which its mapping names."""

    def __init__(self) -> None:
        super().__init__(Text().read)

    def read(self, value: Any) -> dict[str, Any]:
        values = super().read(value)
        for name in {"base_url", "login_url"} & values.keys():
            values[name] = BaseUrl("an https address without path").read(values[name])
        return values


def _read_each(pairs: Iterable[tuple[Any, Any]], read: Callable[[Any], Any]) -> dict[Any, Any]:
    """Reads all before it raises, so that all mistakes are reported at once."""
    values, errors = {}, {}
    for key, value in pairs:
        try:
            values[key] = read(value)
        except ValidationError as error:
            errors[key] = error.messages
            if error.valid_data is not None:
                values[key] = error.valid_data
    if errors:
        raise ValidationError(errors, valid_data=values)
    return values
