"""One question to a sender's API: nothing retried, no redirect followed, every failure classified."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import requests

from bridge import __version__, bounded_http
from bridge.bounded_http import AnswerTooLargeError, BoundedSession
from bridge.errors import BridgeError, DecodingError
from bridge.mapping.details import Api, Fetch, Login, filled
from bridge.mapping.documents import read_json, sanitise_json
from bridge.mapping.paths import DecodedRequest, Path, as_text
from bridge.propexo.errors import Outcome

TIMEOUT = (5.0, 20.0)
"""Seconds: to connect, and for the answer."""
LARGEST_ANSWER = 1024 * 1024
"""Bytes, unpacked."""
LONGEST_WAIT = 24 * 60 * 60
"""Seconds that a `Retry-After` counts for."""
GONE = (404, 410)
BUSY = (408, 425, 429)


class NoAnswerError(BridgeError):
    """The sender's API gave no usable answer."""

    code = "no_answer"

    def __init__(
        self, message: str, outcome: Outcome, status: int | None = None, after: float | None = None
    ) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.status = status
        """The HTTP status; `None` without an answer."""
        self.after = after
        """Seconds after which it may be asked again, if it gave any."""


def ask(sender: str, api: Api, fetch: Fetch, access: Mapping[str, str], ids: Mapping[str, str]) -> Any:
    """The JSON that the API answers.

    `access` has the credentials, perhaps a `token` and a `base_url`; `ids` have been checked.

    Raises:
        NoAnswerError: what it says holds neither an id nor a credential.
    """
    values = {**access, **ids}
    user, _, password = filled(api.basic or "", access).partition(":")
    return _send(
        lambda answered: f"{sender} answered {answered} to {fetch.name}.",
        fetch.method,
        access.get("base_url", api.base_url) + filled(fetch.path, ids),
        json=filled(fetch.json, values),
        headers={**filled(api.headers, access), **filled(fetch.headers, values)},
        auth=(user, password) if api.basic else None,
    )


def log_in(sender: str, api: Api, login: Login, access: Mapping[str, str]) -> str:
    """A fresh token.

    Raises:
        NoAnswerError: as `ask`.
    """

    def sentence(answered: object) -> str:
        return f"{sender} answered {answered} to the login at {login.path}."

    host = access.get("login_url", login.base_url or access.get("base_url", api.base_url))
    answer = _send(
        sentence, "POST", host + login.path, json=filled(login.json, access), data=filled(login.form, access)
    )
    token = as_text(Path(login.at).search(DecodedRequest(answer, {})))
    if token is None:  # an OAuth server may say `invalid_client` with a 200
        raise NoAnswerError(f"{sentence(200)} It contains no token.", Outcome.UNAUTHORIZED, 200)
    return token


def _send(
    sentence: Callable[[object], str],
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    **request: Any,
) -> Any:
    usual = {"Accept": "application/json", "User-Agent": f"propexo-bridge/{__version__}"}
    try:
        with BoundedSession() as session:
            answer = bounded_http.request(
                session, method, url, headers={**usual, **(headers or {})}, timeouts=TIMEOUT,
                largest=LARGEST_ANSWER, **request,
            )  # fmt: skip
        return _read(sentence(answer.status_code), answer)
    except AnswerTooLargeError:
        text = f"{sentence('too much')} It is over {LARGEST_ANSWER} bytes."
        raise NoAnswerError(text, Outcome.MISCONFIGURED) from None
    except (requests.RequestException, OSError, ValueError) as error:
        # `from None`: the texts of these exceptions hold the address and what was sent.
        raise NoAnswerError(sentence(f"nothing ({type(error).__name__})"), Outcome.TRANSIENT) from None


def _read(sentence: str, answer: requests.Response) -> Any:
    status = answer.status_code
    if status in (401, 403):
        raise NoAnswerError(sentence, Outcome.UNAUTHORIZED, status)
    if status in BUSY or status >= 500:  # noqa: PLR2004 - the class of server errors
        after = answer.headers.get("Retry-After", "")
        seconds = float(min(int(after), LONGEST_WAIT)) if re.fullmatch("[0-9]{1,15}", after) else None
        raise NoAnswerError(sentence, Outcome.TRANSIENT, status, seconds)
    if not 200 <= status < 300:  # noqa: PLR2004 - the class of successes
        raise NoAnswerError(sentence, Outcome.STALE if status in GONE else Outcome.REJECTED, status)
    content = answer.content
    try:
        return sanitise_json(read_json(content.decode(json.detect_encoding(content))))
    except (ValueError, DecodingError):
        raise NoAnswerError(
            f"{sentence} It is not JSON that can be kept.", Outcome.MISCONFIGURED, status
        ) from None
