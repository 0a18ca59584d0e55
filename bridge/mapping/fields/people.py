"""How to reach the renter: e-mail and phone."""

import itertools
import re
import unicodedata
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any
from urllib.parse import unquote

import phonenumbers
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from bridge.mapping.absent import is_no_value
from bridge.mapping.fields.base import Field, Match
from bridge.mapping.paths import as_text

LONGEST_SENTENCE = 300
"""Characters that are searched for an address or a number."""
MOST_CANDIDATES = 50
"""Texts that are tried. Each costs a parse or two, and a public form takes lists of any length."""

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_SPECIAL = "|".join(sorted({name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES}))
_PLAIN_ADDRESS = re.compile(
    rf"(?=.{{6,200}}\Z)(?=[^@]{{1,64}}@)(?!.*--)[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*@(?:{_LABEL}\.)+(?!(?:{_SPECIAL})\Z)[a-z]{{2,24}}",
    re.ASCII | re.IGNORECASE,
)
"""What most addresses look like. The validator takes each of them as it is, and a hundred times as long."""
_ADDRESS = re.compile(r"[^\s,;:<>()\[\]{}\"|]+@[^\s,;:<>()\[\]{}\"|]+")
_UNSET = re.compile(r"^(?:undefined|null|nan)@|@(?:undefined|null)\b")


def _without_invisible(text: str) -> str:
    """With full-width characters as plain ones, and without invisible characters."""
    return "".join(
        char for char in unicodedata.normalize("NFKC", text) if char.isprintable() or char.isspace()
    )


class Email(Field):
    """An e-mail address, in the letters of the sender. Deliverability is not checked: no look-up happens here.

    The first address of a text or a list wins: `Maya <maya@example.com>`, `maya@example.com, office@example.org`,
    `<mailto:maya@example.com|maya@example.com>`, also with a full stop after it.
    """

    expected = "an e-mail address such as maya@example.com"

    def choose(self, found: list[Match]) -> str:
        for match in found:
            values = match.value if isinstance(match.value, list) else [match.value]
            for value in values[:MOST_CANDIDATES]:
                if address := _address(value):
                    return address
        raise self.refuse(found[0].value)


def _address(value: Any) -> str | None:
    if isinstance(value, str) and _PLAIN_ADDRESS.fullmatch(value):
        return None if _UNSET.search(value.lower()) else value
    if isinstance(value, Mapping):
        value = next(
            (value[name] for name in ("email", "address", "value", "emailAddress") if value.get(name)), None
        )
        if isinstance(value, Mapping):
            return _address(value)
    text = _without_invisible(unescape(as_text(value) or "")).strip()
    if text.casefold().startswith("mailto:"):
        text = unquote(text[len("mailto:") :].partition("?")[0])
    if "@" not in text:
        text = text.replace("%40", "@")
    found = _ADDRESS.finditer(text[:LONGEST_SENTENCE])
    # In `m aya@example.com` a blank may have slipped into the address: half of it is another person's.
    inside = [each[0] for each in found if not re.search(r"(?:^|\s)[^\s,;:<(]\s$", text[: each.start()])]
    for candidate in (text, *inside):
        try:
            validated = validate_email(
                candidate.strip("<>'\u2018\u2019 ").rstrip(".,;!?"),
                check_deliverability=False,
                test_environment=True,
            )
        except EmailNotValidError:
            continue
        if _UNSET.search(validated.normalized.lower()):
            return None
        # Propexo's search may be exact, so the letters stay as they came; all comparisons ignore their case.
        same = validated.original.lower() == validated.normalized.lower()
        return validated.original if same else validated.normalized
    return None


_MEXICAN_MOBILE = re.compile(r"^\+521(?=\d{10}$)")
"""WhatsApp still writes the 1 that Mexico dropped in 2019."""
E164 = phonenumbers.PhoneNumberFormat.E164


class Phone(Field):
    """A phone number in E.164, read in the source's `phone_region` where it has no country code.

    The first candidate that is a possible number wins, also of a list of them: an answer such as "call me"
    hides no number after it. A number inside a sentence is found ("call 512-555-0142 after five"). An object has the
    number in parts: `{"country": "44", "area": "20", "phone": "7946 0958"}`.
    """

    expected = "a phone number such as +1 512-555-0142"
    region: str = "US"

    def choose(self, found: list[Match]) -> str:
        values = [match.value if isinstance(match.value, list) else [match.value] for match in found]
        candidates = list(itertools.islice(itertools.chain.from_iterable(values), MOST_CANDIDATES))
        texts = [text for value in candidates for text in _texts(value)]
        numbers = itertools.chain(
            (self._parse(*text) for text in texts), (self._find(*text) for text in texts)
        )
        number = next(filter(None, numbers), None)
        if number is None:
            raise self.refuse(found[0].value)
        return number

    def _find(self, text: str, region: str | None) -> str | None:
        matches = phonenumbers.PhoneNumberMatcher(text[:LONGEST_SENTENCE], region or self.region)
        return next((phonenumbers.format_number(match.number, E164) for match in matches), None)

    def _parse(self, text: str, region: str | None) -> str | None:
        text = _MEXICAN_MOBILE.sub("+52", text.removeprefix("whatsapp:").removeprefix("tel:"))
        if re.fullmatch(r"\d\.\d+E\+?\d{1,2}", text, re.IGNORECASE):
            text = f"{float(text):.0f}"
        if re.match(r"00[1-9]", text):
            text = f"+{text[2:]}"
        try:
            number = phonenumbers.parse(text, region or self.region)
        except phonenumbers.NumberParseException:
            return None
        # Not "possible, but only locally": seven digits without an area code.
        possible = phonenumbers.is_possible_number_with_reason(number)
        if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
            return None
        return phonenumbers.format_number(number, E164)


def _texts(value: Any) -> Iterator[tuple[str, str | None]]:
    """What may be a number, with the region beside it."""
    if not isinstance(value, Mapping):
        yield as_text(value) or "", None
        return
    parts = {name.casefold().replace("_", ""): as_text(inner) or "" for name, inner in value.items()}
    parts = {name: text for name, text in parts.items() if not is_no_value(text)}
    names = ("full", "e164", "phonenumber", "number", "phone", "value", "national")
    number = next((parts[name] for name in names if name in parts), "")
    if "full" not in parts:
        number = parts.get("area", "") + " " + number if "area" in parts else number
    country = next(
        (parts[name] for name in ("countrycode", "country", "code", "dialcode") if name in parts), ""
    )
    digits = re.sub(r"\D", "", country)
    if digits and not number.lstrip().startswith(("+", "00")):
        yield f"+{digits} {number}", None
    yield number, country.upper() if re.fullmatch(r"[A-Za-z]{2}", country) else None
