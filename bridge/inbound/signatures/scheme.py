"""The interface of all authentication schemes."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bridge.errors import AuthFailure, NotAuthenticError
from bridge.inbound.signatures.request import AuthFailureError, Request

NO_SECRET = "There is no secret: without one, anybody could send bookings. Copy it from the sender."  # noqa: S105


Check = Callable[[Request, datetime], None]
"""Raises ValueError, with a sentence for the log, unless a request is genuine at this moment."""


@dataclass(frozen=True)
class SchemeVerifier:
    """A scheme with the secrets of one source, which are prepared once and not for each request."""

    check: Check = field(repr=False)

    def verify(self, request: Request, now: datetime) -> None:
        """Accept the request silently, or raise NotAuthenticError and nothing else, whatever its bytes are.

        The `__cause__` of the error is a sentence for the operator's log. It holds no secret and must not reach the
        sender.
        """
        try:
            self.check(request, now)
        except ValueError as reason:
            raise NotAuthenticError(
                reason.failure if isinstance(reason, AuthFailureError) else AuthFailure.MALFORMED
            ) from reason


class Scheme(ABC):
    """One way of a sender to prove who it is; the secrets come from the source's configuration."""

    @property
    def header_names(self) -> tuple[str, ...]:
        """The headers that carry secrets or signatures: they are never stored and never logged."""
        return ()

    @property
    def query_names(self) -> tuple[str, ...]:
        """The query parameters that carry secrets: they are removed before the query is stored."""
        return ()

    @property
    def body_secrets(self) -> tuple[str, ...]:
        """Where the body carries secrets (`account.secret_key`): they are removed before it is stored."""
        return ()

    @property
    @abstractmethod
    def where(self) -> str:
        """A description of where the signature or secret is."""

    def signs_body(self, request: Request) -> bool:
        """Whether the proof that the request carries is good for this body only."""
        del request
        return False

    @property
    def signs_url(self) -> bool:
        """Whether the address is signed: the bridge has to know under which one the sender calls it."""
        return False

    @property
    def needs_secret(self) -> bool:
        """Whether nothing can be verified without a secret in the configuration."""
        return True

    @abstractmethod
    def is_present(self, request: Request) -> bool:
        """Whether the request carries this proof, right or wrong."""

    def sign_request(
        self, request: Request, secrets: Sequence[str], now: datetime, delivery_id: str | None = None
    ) -> Request:
        """The whole request as this sender would send it with the first secret that it can use, and with its own
        delivery id, that of `request`, or a new one.

        Raises:
            ValueError: the secrets are unfit, or the request has no place for them, as a sentence.
        """
        if problems := self.secret_problems(secrets):
            raise ValueError(" ".join(problems))
        return self._signed_request(request, secrets, now, delivery_id)

    @abstractmethod
    def _signed_request(
        self, request: Request, secrets: Sequence[str], now: datetime, delivery_id: str | None
    ) -> Request:
        """What `sign_request` does with secrets that were checked."""

    @abstractmethod
    def _secret_error(self, secret: str) -> str | None:
        """Why the secret cannot be used, as a sentence that does not repeat it."""

    @abstractmethod
    def _check_with(self, secrets: Sequence[str], tolerance: int | None) -> Check:
        """What `_check` does with secrets that were checked."""

    def secret_problems(self, secrets: Sequence[str]) -> list[str]:
        """What is wrong with the secrets of a source, as sentences; none of them repeats a secret."""
        if not secrets and self.needs_secret:
            return [NO_SECRET]
        errors = [(number, self._secret_error(secret)) for number, secret in enumerate(secrets, start=1)]
        return [f"Secret {number} of {len(secrets)}: {error}" for number, error in errors if error]

    def verifier(self, secrets: Sequence[str], tolerance: int | None = None) -> SchemeVerifier:
        """Accepts requests that fit any of the secrets, so that two are live during a rotation.

        With none, or with an unfit one, nothing is authentic. `tolerance` (seconds) replaces that of the declaration.
        """
        return SchemeVerifier(self._check(secrets, tolerance))

    def verify(
        self, request: Request, secrets: Sequence[str], now: datetime, tolerance: int | None = None
    ) -> None:
        """Verify one request; see `verifier`. Raises NotAuthenticError."""
        self.verifier(secrets, tolerance).verify(request, now)

    def _check(self, secrets: Sequence[str], tolerance: int | None) -> Check:
        """Whether a request fits one of the secrets, with all that does not depend on it computed."""
        if problems := self.secret_problems(secrets):
            return _refusal(" ".join(problems))
        return self._check_with(secrets, tolerance)

    def _usable_secrets(self, secrets: Sequence[str]) -> Sequence[str]:
        """Those of the secrets that this scheme can use."""
        return [secret for secret in secrets if self._secret_error(secret) is None]


def _refusal(sentence: str) -> Check:
    def check(request: Request, now: datetime) -> None:
        del request, now
        raise AuthFailureError(AuthFailure.CONFIGURATION, sentence)

    return check


class SecretScheme(Scheme):
    """A scheme with one key, whose signature or secret is in one place of the request."""

    @abstractmethod
    def _key(self, secret: str) -> bytes:
        """The bytes that the secret encodes. Raises ValueError, which does not repeat the secret."""

    @abstractmethod
    def _matches(self, request: Request, keys: list[bytes], now: datetime, tolerance: int | None) -> bool:
        """Whether the request fits one of the keys. Raises ValueError where it cannot be read."""

    def _keys(self, secrets: Sequence[str]) -> list[bytes]:
        return [self._key(secret) for secret in secrets]

    def _secret_error(self, secret: str) -> str | None:
        try:
            self._key(secret)
        except ValueError as error:
            return str(error)
        return None

    def _check_with(self, secrets: Sequence[str], tolerance: int | None) -> Check:
        keys = self._keys(secrets)

        def check(request: Request, now: datetime) -> None:
            if not self._matches(request, keys, now, tolerance):
                raise AuthFailureError(
                    AuthFailure.MISMATCH, f"What {self.where} holds fits none of the secrets."
                )

        return check

    def _first(self, secrets: Sequence[str]) -> str:
        if not secrets:
            raise ValueError("There is no secret to sign with.")
        return secrets[0]
