"""Schemes made of schemes: `AllOf`, `AnyOf` and `FirstOf`."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime

from bridge.errors import AuthFailure
from bridge.inbound.signatures.request import AuthFailureError, Request
from bridge.inbound.signatures.scheme import Check, Scheme


class _Combined(Scheme):
    _joint = " or "

    def __init__(self, *parts: Scheme) -> None:
        if not parts:
            raise ValueError(f"{type(self).__name__} names no scheme: list them.")
        self.parts = parts

    @property
    def header_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for part in self.parts for name in part.header_names))

    @property
    def query_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for part in self.parts for name in part.query_names))

    @property
    def body_secrets(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for part in self.parts for name in part.body_secrets))

    @property
    def where(self) -> str:
        return self._joint.join(dict.fromkeys(part.where for part in self.parts))

    @property
    def signs_url(self) -> bool:
        return any(part.signs_url for part in self.parts)

    def is_present(self, request: Request) -> bool:
        return any(part.is_present(request) for part in self.parts)

    def _signed_request(
        self, request: Request, secrets: Sequence[str], now: datetime, delivery_id: str | None
    ) -> Request:
        for part, its_secrets in self._signing(secrets):
            request = part._signed_request(request, its_secrets, now, delivery_id)
        return request

    @abstractmethod
    def _signing(self, secrets: Sequence[str]) -> list[tuple[Scheme, Sequence[str]]]:
        """The parts with which a request is signed, each with its secrets."""


class AnyOf(_Combined):
    """Any of the schemes suffices. A secret belongs to every scheme that can use it."""

    def signs_body(self, request: Request) -> bool:
        present = [part for part in self._candidates(request) if part.is_present(request)]
        return all(part.signs_body(request) for part in present) if present else False

    @property
    def needs_secret(self) -> bool:
        return all(part.needs_secret for part in self.parts)

    def _secret_error(self, secret: str) -> str | None:
        errors = [part._secret_error(secret) for part in self.parts]
        return " Or: ".join(dict.fromkeys(filter(None, errors))) if all(errors) else None

    def _signing(self, secrets: Sequence[str]) -> list[tuple[Scheme, Sequence[str]]]:
        for part in self.parts:
            if usable := part._usable_secrets(secrets):
                return [(part, usable)]
        raise ValueError("None of the secrets can sign.")

    def _check_with(self, secrets: Sequence[str], tolerance: int | None) -> Check:
        checks = {id(part): part._check(part._usable_secrets(secrets), tolerance) for part in self.parts}

        def check(request: Request, now: datetime) -> None:
            candidates = self._candidates(request)
            missing = AuthFailureError(AuthFailure.MISSING, f"The request has nothing in {self.where}.")
            reasons: list[ValueError] = [] if candidates else [missing]
            for part in candidates:
                try:
                    checks[id(part)](request, now)
                except ValueError as reason:
                    reasons.append(reason)
                else:
                    return
            raise _joined(reasons)

        return check

    def _candidates(self, request: Request) -> Sequence[Scheme]:
        del request  # each is tried
        return self.parts


class FirstOf(AnyOf):
    """The first of the schemes whose proof the request carries decides; the others are not looked at."""

    def _candidates(self, request: Request) -> Sequence[Scheme]:
        return [part for part in self.parts if part.is_present(request)][:1]


class AllOf(_Combined):
    """Every one of the schemes has to hold.

    The secrets are configured in the order of the schemes, one for each, and all of them again for a rotation.
    So a secret proves one thing only: who learns a token cannot sign with it. One secret alone serves all.
    Schemes that bring their own `public_keys` take none.
    """

    _joint = " and "

    def signs_body(self, request: Request) -> bool:
        return any(part.signs_body(request) for part in self.parts)

    @property
    def needs_secret(self) -> bool:
        return any(part.needs_secret for part in self.parts)

    def is_present(self, request: Request) -> bool:
        return all(part.is_present(request) for part in self.parts)

    def secret_problems(self, secrets: Sequence[str]) -> list[str]:
        count = len(self._keyed)
        if secrets and not count:
            return ["No secret is needed: these senders bring their own keys. Leave the secrets out."]
        if len(secrets) > 1 and len(secrets) % count:
            order = ", ".join(part.where for part in self._keyed)
            return [f"There are {len(secrets)} secrets for {count} proofs: give one for each of {order}."]
        return super().secret_problems(secrets) or [
            f"The secret for {part.where}: {error}"
            for group in self._groups(secrets)
            for part, its_secrets in group
            for error in map(part._secret_error, its_secrets)
            if error
        ]

    @property
    def _keyed(self) -> list[Scheme]:
        return [part for part in self.parts if part.needs_secret]

    def _groups(self, secrets: Sequence[str]) -> list[list[tuple[Scheme, Sequence[str]]]]:
        """The parts with the secret of each: one group, or several during a rotation."""
        if len(secrets) < 2:  # noqa: PLR2004 - one serves all
            return [[(part, secrets if part.needs_secret else []) for part in self.parts]]
        count = len(self._keyed)
        groups: list[list[tuple[Scheme, Sequence[str]]]] = []
        for start in range(0, len(secrets), count):
            own = iter(secrets[start : start + count])
            groups.append([(part, [next(own)] if part.needs_secret else []) for part in self.parts])
        return groups

    def _secret_error(self, secret: str) -> str | None:
        errors = [part._secret_error(secret) for part in self._keyed]
        return " Or: ".join(dict.fromkeys(filter(None, errors))) if all(errors) else None

    def _usable_secrets(self, secrets: Sequence[str]) -> Sequence[str]:
        return [] if self.secret_problems(secrets) else secrets

    def _signing(self, secrets: Sequence[str]) -> list[tuple[Scheme, Sequence[str]]]:
        # Secrets in the address or in the body are written before those are signed.
        return sorted(self._groups(secrets)[0], key=lambda signed: bool(signed[0].header_names))

    def _check_with(self, secrets: Sequence[str], tolerance: int | None) -> Check:
        groups = [
            [part._check(its_secrets, tolerance) for part, its_secrets in group]
            for group in self._groups(secrets)
        ]

        def check(request: Request, now: datetime) -> None:
            reasons: list[ValueError] = []
            for group in groups:
                try:
                    for each in group:
                        each(request, now)
                except ValueError as reason:
                    reasons.append(reason)
                else:
                    return
            raise _joined(reasons)

        return check


PRECEDENCE = (
    AuthFailure.STALE,
    AuthFailure.MISMATCH,
    AuthFailure.MALFORMED,
    AuthFailure.MISSING,
    AuthFailure.CONFIGURATION,
)
"""Of several failures, the one of the nearest match is the most useful."""


def _joined(reasons: Sequence[ValueError]) -> AuthFailureError:
    failures = {
        reason.failure if isinstance(reason, AuthFailureError) else AuthFailure.MALFORMED
        for reason in reasons
    }
    return AuthFailureError(min(failures, key=PRECEDENCE.index), " ".join(dict.fromkeys(map(str, reasons))))
