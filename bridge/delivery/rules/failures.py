"""What a failed write means, by the words of the PMS: it refuses the content, or it could not take it at the moment.

Propexo hands the words of each PMS on and documents no codes for them. It makes one attempt and never retries, so what
passes is ours to send again. `SENTENCES` is the place for a sentence seen in production: add a pattern to its kind.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from bridge.delivery.rules.outcomes import Reason, delay_for
from bridge.delivery.rules.state import Park, Wait
from bridge.models import Status


class Failure(StrEnum):
    """What kind of failure it is."""

    PASSING = "passing"
    """The PMS did not take it at the moment; it may an hour later."""
    REFUSED = "refused"
    """The PMS will not take it as it is."""
    UNKNOWN = "unknown"
    """A message without a classification."""


_SYSTEM = r"(?:pms|server|service|system|host|api|gateway|database|vendor|provider|website)"
_AWAY = r"(?:not available|unavailable|not responding|down|offline|busy|overloaded|unreachable)"
_PLACE = r"(?:slot|unit|apartment|calendar|appointment|agent|employee|day|date|time)s?"
SENTENCES: Sequence[tuple[Failure, Sequence[str]]] = (
    (
        Failure.REFUSED,
        (
            rf"\b{_PLACE}\b[^.;]{{0,40}}\b(?:taken|(?:not|no longer) available|unavailable|conflict)",
            rf"\b{_PLACE}\b[^.;]{{0,40}}\b(?:closed|full|booked|occupied)",
            r"already (?:booked|taken|scheduled|exists)",
        ),
    ),
    (
        Failure.PASSING,
        (
            r"\btim(?:ed|e)[ -]?out\b(?! of)|etimedout|deadline exceeded",
            r"\b(?:did|does|is|was) ?n[o']t (?:answer|respond|reply)|no (?:answer|response)\b|not responding",
            r"maintenance|temporar(?:y|ily)|try (?:it |this )?again|retry|please wait",
            rf"\b{_SYSTEM} (?:is |was )?(?:currently |temporarily |now )?{_AWAY}\b|\b{_AWAY}:? {_SYSTEM}\b",
            r"connection (?:was )?(?:reset|refused|closed|aborted|lost|failed)|\becon|socket|network",
            r"could ?n[o']t (?:connect|reach)|unable to (?:connect|reach)|failed to connect",
            r"too many requests|rate limit|throttl|\b429\b",
            r"deadlock|(?:record|row|table|database) (?:is )?locked|locked by|lock wait",
        ),
    ),
    (
        Failure.REFUSED,
        (
            r"required|missing|must (?:not )?(?:be|have|contain|match)|invalid|not (?:a )?valid|malformed",
            r"not found|(?:does|do|did) ?n[o']t exist|no such|unknown|unrecogni[sz]ed",
            r"permission|not (?:permitted|allowed|authori[sz]ed|enabled)|unauthori[sz]ed|forbidden|denied",
            r"not (?:available|open)|unavailable|closed|taken|occupied|booked|already|conflict|overlap|duplicate",
            r"too (?:long|short|many|late|early)|exceed|outside|in the past|before today",
            r"not support(?:ed)?|unsupported|disabled|inactive|no longer|refused|rejected|cannot|can't",
        ),
    ),
    (
        Failure.PASSING,
        (
            r"bad gateway|gateway error|internal (?:server )?error|server error",
            r"\b(?:http|status|code|error)\W{0,4}(?:code\W{0,3})?5\d\d\b|\b5\d\d (?:error|bad|service|gateway)",
        ),
    ),
)
"""By kind, in the order in which they are tried. A code of a server's error says the least, so it comes last."""
_COMPILED = [(kind, re.compile("|".join(patterns), re.IGNORECASE)) for kind, patterns in SENTENCES]

RETRY_FAILED = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60)]
"""Waits before a failed write is sent again; the last one repeats, until an operator is due to be notified."""


def failure_of(words: str) -> Failure:
    """The kind of a failure, by the words of the PMS."""
    return next((kind for kind, pattern in _COMPILED if pattern.search(words)), Failure.UNKNOWN)


def after_failure(words: str, failed_before: int, now: datetime) -> Wait | Park:
    """Return what happens after a failed write that left no trace.

    `failed_before` counts the writes of this event that failed already. Unknown words count as a refusal when they
    come a second time.
    """
    kind = failure_of(words)
    if kind is Failure.REFUSED or (kind is Failure.UNKNOWN and failed_before):
        return Park(Reason.PMS_REFUSED, f"The PMS refused it: {words}")
    until = now + delay_for(RETRY_FAILED, failed_before)
    return Wait(until, Status.RETRYING, Reason.PMS_UNAVAILABLE, f"The PMS did not write it: {words}")
