"""Endpoint verification: some senders ask the bridge to echo a text before they send anything.

    ChallengeByGet(token="hub.verify_token", challenge="hub.challenge", mode=("hub.mode", "subscribe"))
    ChallengeByPost(where="type == 'url_verification'", challenge="challenge")

The answer is plain text, short and printable, so that nothing can be echoed that a browser would run.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from bridge.errors import AuthFailure, NotAuthenticError
from bridge.inbound.signatures.algorithms import any_equal
from bridge.mapping.paths import DecodedRequest, Path

LONGEST = 512


@dataclass(frozen=True)
class ChallengeByGet:
    """A GET with a token that the customer chose and a challenge to repeat (Meta). It is not signed."""

    token: str
    """The query parameter with the token."""
    challenge: str
    """The query parameter with the text to repeat."""
    mode: tuple[str, str] | None = None
    """A further query parameter, and the value that it must have."""

    def __post_init__(self) -> None:
        if not self.token or not self.challenge:
            raise ValueError("A handshake needs the query parameters of the token and of the challenge.")

    @property
    def query_names(self) -> tuple[str, ...]:
        """The query parameter that carries the secret."""
        return (self.token,)

    def answer(self, query: Mapping[str, str], verify_tokens: Sequence[str]) -> str:
        """The text to answer. Raises NotAuthenticError; without a configured token always, as with an empty one."""
        given = query.get(self.token, "").encode("utf-8", "surrogatepass")
        known = [token.encode("utf-8", "surrogatepass") for token in verify_tokens if token]
        challenge = query.get(self.challenge, "")
        asks = self.mode is None or query.get(self.mode[0]) == self.mode[1]
        if not (any_equal(known, [given]) and asks and _is_harmless(challenge)):
            raise NotAuthenticError(AuthFailure.MISMATCH if known else AuthFailure.CONFIGURATION)
        return challenge


@dataclass(frozen=True)
class ChallengeByPost:
    """A signed POST with a challenge in its body (Slack): look after the request was found authentic."""

    where: str
    """JMESPath: what is true of such a body, and of no event."""
    challenge: str
    """JMESPath: the text to repeat."""

    def __post_init__(self) -> None:
        _ = self._where, self._challenge  # a mistake in a path shows at import

    def answer(self, payload: Any) -> str | None:
        """The text to answer, or `None`: the payload is no challenge."""
        received = DecodedRequest(payload, {})
        found = self._challenge.search(received) if self._where.search(received) else None
        return found if isinstance(found, str) and _is_harmless(found) else None

    @cached_property
    def _where(self) -> Path:
        return Path(self.where)

    @cached_property
    def _challenge(self) -> Path:
        return Path(self.challenge)


def _is_harmless(challenge: str) -> bool:
    return bool(re.fullmatch(rf"[!-~]{{1,{LONGEST}}}", challenge))
