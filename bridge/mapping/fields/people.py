"""The renter: names, e-mail, phone."""

import itertools
import re
from typing import Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from nameparser import HumanName

from bridge.mapping.fields.base import Field, Found, String
from bridge.mapping.paths import as_text

LONGEST_NAME = 200
"""Characters. The parser is slow on long text, and a public form takes anything."""


class Name(String):
    """A part of a person's name, without invisible characters and with single spaces."""

    expected = f"a name of at most {LONGEST_NAME} characters"

    def convert(self, value: Any) -> str:
        text = super().convert(value)
        if len(text) > LONGEST_NAME:
            raise self.refuse(value)
        kept = (" " if char.isspace() else char for char in text if char.isspace() or char.isprintable())
        return " ".join("".join(kept).split())


class PersonName(Name):
    """A full name, split into first and last name: `{"first": ..., "last": ...}`.

    One word alone is the first name. Names in the middle go with the first one; initials, titles and suffixes are
    left out.
    """

    expected = f"a person's name of at most {LONGEST_NAME} characters"

    def convert(self, value: Any) -> Any:
        text = super().convert(value).strip(" ,")
        if " " not in text:
            return {"first": text or None, "last": None}
        name = HumanName(text)
        if not (name.first or name.last):
            return {"first": text, "last": None}
        middle = [word for word in name.middle.split() if len(word.strip(".")) > 1]
        return {"first": " ".join([name.first, *middle]).strip() or None, "last": name.last or None}


class Email(Field):
    """An e-mail address, in lower case. Deliverability is not checked: no look-up happens here."""

    expected = "an e-mail address such as maya@example.com"

    def convert(self, value: Any) -> str:
        text = (as_text(value) or "").removeprefix("mailto:").strip("<> ")
        try:
            validated = validate_email(text, check_deliverability=False, test_environment=True)
        except EmailNotValidError as error:
            raise self.refuse(value) from error
        return validated.normalized.lower()


_MEXICAN_MOBILE = re.compile(r"^\+521(?=\d{10}$)")
"""WhatsApp still writes the 1 that Mexico dropped in 2019."""
E164 = phonenumbers.PhoneNumberFormat.E164
LONGEST_SENTENCE = 300
"""Characters that are searched for a phone number."""
MOST_CANDIDATES = 50
"""Texts that are tried. Each costs a parse or two, and a public form takes lists of any length."""


class Phone(Field):
    """A phone number in E.164, read in the source's `phone_region` where it has no country code.

    The first candidate that is a possible number wins, also of a list of them: an answer such as "call me"
    hides no number after it. A number inside a sentence is found ("call 512-555-0142 after five").
    """

    expected = "a phone number such as +1 512-555-0142"
    region: str = "US"

    def choose(self, found: list[Found]) -> str:
        values = [one.value if isinstance(one.value, list) else [one.value] for one in found]
        candidates = itertools.islice(itertools.chain.from_iterable(values), MOST_CANDIDATES)
        texts = [as_text(value) or "" for value in candidates]
        numbers = itertools.chain(map(self._parse, texts), map(self._find, texts))
        number = next(filter(None, numbers), None)
        if number is None:
            raise self.refuse(found[0].value)
        return number

    def _find(self, text: str) -> str | None:
        matches = phonenumbers.PhoneNumberMatcher(text[:LONGEST_SENTENCE], self.region)
        return next((phonenumbers.format_number(one.number, E164) for one in matches), None)

    def _parse(self, text: str) -> str | None:
        text = _MEXICAN_MOBILE.sub("+52", text.removeprefix("whatsapp:").removeprefix("tel:"))
        try:
            number = phonenumbers.parse(text, self.region)
        except phonenumbers.NumberParseException:
            return None
        # Not "possible, but only locally": seven digits without an area code.
        possible = phonenumbers.is_possible_number_with_reason(number)
        if possible != phonenumbers.ValidationResult.IS_POSSIBLE:
            return None
        return phonenumbers.format_number(number, E164)
