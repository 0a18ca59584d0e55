"""What the schemes of authentication and the handshakes of senders have in common."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol


class Verifier(Protocol):
    """A proof with the secrets of one source, prepared once."""

    def verify(self, request: Any, now: datetime) -> None: ...


class Authentication(Protocol):
    """How a sender proves who it is; `bridge.inbound.signatures` has the schemes."""

    def secret_problems(self, secrets: Sequence[str]) -> list[str]: ...

    def verifier(self, secrets: Sequence[str], tolerance: int | None = None) -> Verifier: ...

    def verify(
        self, request: Any, secrets: Sequence[str], now: datetime, tolerance: int | None = None
    ) -> None: ...

    def sign_request(
        self, request: Any, secrets: Sequence[str], now: datetime, delivery_id: str | None = None
    ) -> Any: ...

    def signs_body(self, request: Any) -> bool: ...

    @property
    def header_names(self) -> tuple[str, ...]: ...

    @property
    def query_names(self) -> tuple[str, ...]: ...

    @property
    def body_secrets(self) -> tuple[str, ...]: ...

    @property
    def signs_url(self) -> bool: ...


class Handshake(Protocol):
    """What a sender asks before it sends; `bridge.inbound.handshakes` has them."""
