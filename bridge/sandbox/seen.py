"""The sandbox's record of a request."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class SeenRequest:
    """One request to the API, as it came and as it was answered."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    """The JSON of the body; text when it is not JSON, `None` without one."""
    status: int | None
    """`None` when the connection was dropped instead of an answer."""
    at: datetime
