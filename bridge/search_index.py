"""The search index of tours: words of the renter's name, e-mail and phone.

Names are encrypted where there is a key, and no index reads them. So each word is kept as a digest beside the id of
its booking: a search for the whole word finds it, in any case and with or without accents. With a key the digest
is made with it, so that the table alone is not enough to try names; without, it hides no more than the
table of bookings. The last four digits of a phone are a word as well: people read them to each other.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from bridge.encryption import digests

_WORD = re.compile(r"[^\W_]{2,}")
MOST = 12
"""Words of one name."""


def words_of(name: str) -> list[str]:
    """The words of a name as they are compared: without case and accents, each of at least two letters."""
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return list(dict.fromkeys(f"name:{word}" for word in _WORD.findall(plain.casefold())))[:MOST]


def email_word(email: str) -> str:
    return f"email:{email.strip().casefold()}"


def phone_word(e164: str) -> str:
    return f"phone:{e164}"


def ending_word(phone: str) -> str:
    """The last four digits of a number that has at least so many."""
    return f"ending:{digits_of(phone)[-ENDING:]}"


def digits_of(phone: str) -> str:
    """A number without all that is written between its digits."""
    return "".join(letter for letter in phone if letter in "0123456789")


ENDING = 4
"""Digits of a phone by which it is found."""


def words_in(details: Mapping[str, Any]) -> list[str]:
    """By what a booking can be found."""
    values = {name: field["value"] for name, field in details.items()}
    words = words_of(" ".join(filter(None, (values.get("first_name"), values.get("last_name")))))
    if values.get("email"):
        words.append(email_word(values["email"]))
    if values.get("phone"):
        words += [phone_word(values["phone"]), ending_word(values["phone"])]
    return words


def keep(session: Session | Connection, words: Mapping[int, Iterable[str]]) -> None:
    """Let bookings, by id, be found by these words and by no others."""
    found = [(digests(session, word)[0], id_) for id_, those in words.items() for word in those]
    named = {"ids": list(words), "terms": [term for term, _ in found], "bookings": [id_ for _, id_ in found]}
    session.execute(_KEEP, named)


_KEEP = text("""
WITH kept AS (SELECT * FROM unnest(CAST(:terms AS text[]), CAST(:bookings AS bigint[])) AS kept (term, booking_id)),
gone AS (DELETE FROM terms WHERE booking_id = ANY (CAST(:ids AS bigint[])) AND (term, booking_id) NOT IN (TABLE kept))
INSERT INTO terms (term, booking_id) SELECT term, booking_id FROM kept ON CONFLICT DO NOTHING
""")


def bookings_with(session: Session, words: list[str], most: int) -> list[int]:
    """The ids of the newest bookings that have all of these words, at most so many."""
    spelled = {word: digests(session, word) for word in words}
    conditions = " AND ".join(
        f"EXISTS (SELECT FROM terms AS t{number} WHERE t{number}.booking_id = terms.booking_id"
        f" AND t{number}.term = ANY(:word{number}))"
        for number in range(1, len(words))
    )
    query = "SELECT DISTINCT booking_id FROM terms WHERE term = ANY(:word0)"
    query += f" AND {conditions}" if conditions else ""
    values: dict[str, Any] = {f"word{number}": spelled[word] for number, word in enumerate(words)}
    found = session.execute(text(f"{query} ORDER BY booking_id DESC LIMIT :most"), {**values, "most": most})
    return list(found.scalars())
