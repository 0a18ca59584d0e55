"""Asks a sender's API for what its hook leaves out: the mapping says what, bridge.toml where and with what.

Every question is on record like a call to Propexo. Its host comes from the configuration, never from a payload;
ids are checked before they enter the address; redirects are not followed.
"""

from datetime import timedelta
from typing import Any, NoReturn

from bridge.delivery import sender_api
from bridge.delivery.calls import Calls
from bridge.delivery.outcomes import NotYet, Parked, Reason, backoff
from bridge.delivery.sender_api import NoAnswer
from bridge.mapping.details import Api, Fetch, Login, with_details
from bridge.mapping.paths import Received
from bridge.mapping.sources import Source
from bridge.models import Status
from bridge.propexo.errors import Outcome

AFTER_REFUSAL = timedelta(minutes=5)
"""The wait after an answer that an operator has to mend: credentials that are not accepted."""


class Enrichment:
    """The questions of one event."""

    def __init__(self, calls: Calls, source: Source) -> None:
        self.calls = calls
        self.source = source

    def complete(self, received: Received) -> Received:
        """The request with all that its mapping asks for.

        Raises:
            Parked: there are no credentials, or the sender does not know the id.
            NotYet: the API is asked again later.
        """
        while (fetch := self.source.mapping.asks_for(received)) is not None:
            answer = self._ask(self._api(), fetch, received)
            self.calls.event.answers = {**(self.calls.event.answers or {}), fetch.into: answer}
            received = with_details(received, {fetch.into: answer})
        return received

    def _api(self) -> Api:
        api = self.source.mapping.api
        if api is None or not self.source.settings.api:
            instead = f" Or without access to its API: {api.instead}." if api else ""
            raise Parked(
                Reason.NEEDS_DETAILS,
                f"The hook carries ids only. Add `[sources.{self.source.name}.api]` with "
                f"{', '.join(api.credentials) if api else 'credentials'}, then replay.{instead}",
            )
        return api

    def _ask(self, api: Api, fetch: Fetch, received: Received) -> Any:
        try:
            ids = fetch.values(received)
        except ValueError as error:
            raise Parked(Reason.UNMAPPABLE, f"{fetch.into}: {error}") from error
        try:
            answer = self._answer(api, fetch, ids)
        except NoAnswer as error:
            if error.outcome is Outcome.STALE and fetch.optional:
                return None
            self._give_up_or_wait(error)
        self.calls.event.tries = 0
        return answer

    def _answer(self, api: Api, fetch: Fetch, ids: dict[str, str]) -> Any:
        """What the API answers; a token that it no longer takes is replaced once."""
        sender, access = self.source.mapping.sender(), self.source.settings.api
        tokens, kind = self.calls.context.tokens, f"fetch_{fetch.into}"
        kept = tokens.get(self.source.name)
        if api.login:
            access = {**access, "token": kept or self._log_in(api, api.login)}
        try:
            return self.calls.ledger.read(kind, lambda: sender_api.ask(sender, api, fetch, access, ids))
        except NoAnswer as error:
            if error.outcome is not Outcome.UNAUTHORIZED or api.login is None:
                raise
            tokens.pop(self.source.name, None)
            if kept is None:
                raise
            return self._answer(api, fetch, ids)

    def _log_in(self, api: Api, login: Login) -> str:
        sender, access = self.source.mapping.sender(), self.source.settings.api
        token = self.calls.ledger.read("login", lambda: sender_api.log_in(sender, api, login, access))
        self.calls.context.tokens[self.source.name] = token
        return token

    def _give_up_or_wait(self, error: NoAnswer) -> NoReturn:
        calls = self.calls
        match error.outcome:
            case Outcome.UNAUTHORIZED:
                told = f"{error.message} Correct the credentials in `[sources.{self.source.name}.api]`."
                raise NotYet(
                    calls.now() + AFTER_REFUSAL, Status.WAITING, Reason.NEEDS_DETAILS, told
                ) from error
            case Outcome.TRANSIENT:
                wait = backoff(calls.event.tries, calls.context.random)
                calls.event.tries += 1
                wait = max(wait, timedelta(seconds=error.after or 0))
                raise NotYet(calls.now() + wait, Status.RETRYING, Reason.TEMPORARY, error.message) from error
            case _:
                raise Parked(Reason.NEEDS_DETAILS, error.message) from error
