"""What the bridge hands to a browser and gets back with its form: when the page was opened, and a challenge to solve.

Both are signed; a challenge is good for one form of one source.
"""

import base64
import hmac
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import altcha

from bridge.signing_keys import signature

CHALLENGE_LIFE = timedelta(minutes=20)
ALGORITHM, ROUNDS = "PBKDF2/SHA-256", 2000
FEWEST_TRIES, MOST_TRIES = 100, 200
"""Each costs about a millisecond, on a slow phone ten. Bounded, so that no visitor waits long by bad luck."""
LONGEST_SOLUTION = 4000
"""Characters."""


def stamp(key: bytes, source: str, now: datetime) -> str:
    """When a page of this source was opened, signed."""
    seconds = str(int(now.timestamp()))
    return f"{seconds}.{signature(key, 'stamp', source, seconds)[:24]}"


def seconds_since(key: bytes, source: str, text: str, now: datetime) -> float:
    """Seconds since a stamp was made; 0 for one that is not ours."""
    seconds, _, signed = text.partition(".")
    expected = signature(key, "stamp", source, seconds)[:24]
    if (
        not seconds.isascii()
        or not seconds.isdigit()
        or not hmac.compare_digest(signed.encode(), expected.encode())
    ):
        return 0
    return now.timestamp() - int(seconds)


def challenge(key: bytes, source: str, now: datetime) -> dict[str, Any]:
    """A challenge of altcha, as its browser side reads it."""
    until = int((now + CHALLENGE_LIFE).timestamp())
    made = altcha.create_challenge(
        ALGORITHM,
        ROUNDS,
        counter=FEWEST_TRIES + secrets.randbelow(MOST_TRIES - FEWEST_TRIES),
        data={"source": source, "until": until},
        hmac_secret=key,
    )
    document: dict[str, Any] = made.to_dict()
    return document


def solved(key: bytes, source: str, text: str, now: datetime) -> tuple[str, datetime] | None:
    """The name of the challenge that `text` solves, and when it ends; `None` where it is no valid solution.

    The name must be used up in the database: this function would accept it again.
    """
    if len(text) > LONGEST_SOLUTION:
        return None
    try:
        payload = altcha.Payload.from_dict(json.loads(base64.b64decode(text, validate=True)))
        parameters = payload.challenge.parameters
        data = dict(parameters.data or {})
        until = datetime.fromtimestamp(data["until"], UTC)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError):
        return None
    if data.get("source") != source or until < now:
        return None
    # The signature is checked before the work, so no one can make this expensive.
    if not altcha.verify_solution(payload, key).verified:
        return None
    return str(parameters.nonce), until
