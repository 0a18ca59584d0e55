"""Phone numbers as people read them."""

import phonenumbers
from phonenumbers import PhoneNumberFormat


def readable_phone(e164: str | None) -> str | None:
    """A number as people of its country write it: `(512) 555-0142`."""
    if not e164:
        return None
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        return e164
    form = PhoneNumberFormat.NATIONAL if number.country_code == 1 else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, form)
