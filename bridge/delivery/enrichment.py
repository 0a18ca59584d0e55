"""Asks a sender's API for what its webhook leaves out: the mapping says what, bridge.toml where and with what.

Every call is on record like one to Propexo. Its host comes from the configuration, never from a payload; ids are
checked before they enter the address; redirects are not followed.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bridge.delivery import sender_api
from bridge.delivery.rules.entities import ReadRow
from bridge.delivery.rules.outcomes import Reason, backoff
from bridge.delivery.rules.state import Enrich, Park, Wait
from bridge.delivery.sender_api import NoAnswerError
from bridge.delivery.tools import Tools
from bridge.mapping.details import Api, Login
from bridge.mapping.sources import MappedSource
from bridge.models import Status
from bridge.propexo.errors import Outcome

AFTER_REFUSAL = timedelta(minutes=5)
"""The wait after an answer that an operator has to mend: credentials that are not accepted."""


def enrich(
    tools: Tools, source: MappedSource, step: Enrich, failure_count: int
) -> tuple[Wait | Park | None, Any, list[ReadRow]]:
    """Ask one question: how the run ends without an answer, else the answer; and the calls that were made."""
    asking = _Asking(tools, source)
    try:
        answer = asking.answer(step)
    except NoAnswerError as error:
        if error.outcome is Outcome.STALE and step.fetch.optional:
            return None, None, asking.reads
        return _without_answer(tools, source, error, failure_count), None, asking.reads
    return None, answer, asking.reads


class _Asking:
    def __init__(self, tools: Tools, source: MappedSource) -> None:
        self.tools, self.source = tools, source
        self.reads: list[ReadRow] = []

    def answer(self, step: Enrich) -> Any:
        """What the API answers; a token that it no longer takes is replaced once."""
        api, access = self.source.mapping.api, self.source.settings.api
        assert api is not None  # `interpret` parks an event without
        sender, tokens, kind = self.source.mapping.sender(), self.tools.tokens, f"fetch_{step.fetch.into}"
        kept = tokens.get(self.source.name)
        if api.login:
            access = {**access, "token": kept or self._log_in(api, api.login)}
        try:
            return self._call(kind, lambda: sender_api.ask(sender, api, step.fetch, access, step.ids))
        except NoAnswerError as error:
            if error.outcome is not Outcome.UNAUTHORIZED or api.login is None:
                raise
            tokens.pop(self.source.name, None)
            if kept is None:
                raise
            return self.answer(step)

    def _log_in(self, api: Api, login: Login) -> str:
        sender, access = self.source.mapping.sender(), self.source.settings.api
        token: str = self._call("login", lambda: sender_api.log_in(sender, api, login, access))
        self.tools.tokens[self.source.name] = token
        return token

    def _call(self, kind: str, call: Callable[[], Any]) -> Any:
        started = self.tools.clock()
        try:
            answer = call()
        except NoAnswerError as error:
            ended = self.tools.clock()
            self.reads.append(ReadRow(kind, started, ended, error.outcome, error.status, error.message))
            raise
        self.reads.append(ReadRow(kind, started, self.tools.clock(), Outcome.READ, 200))
        return answer


def _without_answer(
    tools: Tools, source: MappedSource, error: NoAnswerError, failure_count: int
) -> Wait | Park:
    now = tools.clock()
    match error.outcome:
        case Outcome.UNAUTHORIZED:
            detail = f"{error.message} Correct the credentials in `[sources.{source.name}.api]`."
            until = now + AFTER_REFUSAL
            return Wait(until, Status.WAITING, Reason.NEEDS_DETAILS, detail, f"source:{source.name}")
        case Outcome.TRANSIENT:
            wait = max(backoff(failure_count, tools.random), timedelta(seconds=error.after or 0))
            return Wait(
                now + wait, Status.RETRYING, Reason.TEMPORARY, error.message, failure_count=failure_count + 1
            )
        case _:
            return Park(Reason.NEEDS_DETAILS, error.message)
