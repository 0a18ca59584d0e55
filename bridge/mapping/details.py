"""Enrichment, declared: what to ask a sender's API for when its hook carries ids only.

    api = Api("https://acuityscheduling.com", credentials=("user_id", "api_key"), basic="{user_id}:{api_key}",
              instead="let a Zapier step send the whole appointment (mapping `zapier`)")
    details = [Fetch(path="/api/v1/appointments/{id}", ids={"id": "id"}, into="appointment")]

The webhook endpoint never calls anybody: the worker asks, after the event is stored and before it is translated. The
answers
stand in the payload under the names given by `into`, where rules and fields find them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.mapping.paths import DecodedRequest, Path, as_text

ID = r"[A-Za-z0-9_-]{1,100}"
"""What an id may look like before it enters an address: nothing that means something there."""

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, kw_only=True)
class Login:
    """How to get a token that lasts for a while. It stays in the worker's memory until it is refused."""

    path: str
    at: str
    """The path (JMESPath) of the token in the answer."""
    base_url: str | None = None
    """If not that of the API; `login_url` under `[sources.<name>.api]` replaces it."""
    form: Mapping[str, str] | None = None
    json: Any = None
    """What is posted, made of credentials."""


@dataclass(frozen=True, kw_only=True)
class Api:
    """Where a sender answers questions, and what it wants to see for that."""

    base_url: str
    """Scheme and host as the vendor documents them; `base_url` under `[sources.<name>.api]` replaces it."""
    credentials: tuple[str, ...]
    """The keys that `[sources.<name>.api]` must give."""
    basic: str | None = None
    """`user:password` of HTTP Basic, made of credentials: `{user_id}:{api_key}`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Made of credentials: `{"Authorization": "Bearer {token}"}`; with `login`, `{token}` is what that brought."""
    login: Login | None = None
    instead: str
    """How to set up this sender without API access, as a clause: shown to operators without credentials."""

    def __post_init__(self) -> None:
        templates = [self.basic or "", *self.headers.values()]
        known = (*self.credentials, *(("token",) if self.login else ()))
        for name in (name for template in templates for name in _PLACEHOLDER.findall(template)):
            if name not in known:
                raise ValueError(f"`{{{name}}}` is none of the credentials {', '.join(self.credentials)}.")


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """One question to that API. Its answer (JSON) is merged into the payload under `into`."""

    path: str
    """After the host: `/v2/customers/{id}`; the placeholders are named in `ids`."""
    into: str
    ids: Mapping[str, str] = field(default_factory=dict)
    """Where in the payload (JMESPath) the value of each placeholder is; also in earlier answers."""
    where: str | None = None
    """Asked only if this path finds something."""
    method: str = "GET"
    json: Any = None
    """The body of a POST; texts in it may hold placeholders of `ids` and credentials."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers, made of `ids` and credentials."""
    id_form: str = ID
    """The regular expression that each id must match as a whole."""
    optional: bool = False
    """Whether the tour continues without an answer where the sender no longer knows the id (404, 410)."""

    def __post_init__(self) -> None:
        named = set(_PLACEHOLDER.findall(self.path))
        if unknown := sorted(named - self.ids.keys()):
            raise ValueError(f"`{self.path}` has {{{unknown[0]}}}, which `ids` does not name.")
        if not self.path.startswith("/"):
            raise ValueError(f"`{self.path}` has to begin with a slash: the host is in `api`.")
        for expression in (*self.ids.values(), *([self.where] if self.where else [])):
            Path(expression)

    def applies(self, received: DecodedRequest) -> bool:
        """Whether this event needs the answer and does not have it."""
        payload = received.payload
        lacks = isinstance(payload, dict) and self.into not in payload
        return lacks and (self.where is None or bool(Path(self.where).search(received)))

    @property
    def name(self) -> str:
        """The question in a message: `GET /v2/customers/{id}`, without its parameters."""
        return f"{self.method} {self.path.partition('?')[0]}"

    def values(self, received: DecodedRequest) -> dict[str, str]:
        """The ids by the names of their placeholders.

        Raises:
            ValueError: one is missing, or does not look like an id of this sender.
        """
        found = {name: as_text(Path(expression).search(received)) for name, expression in self.ids.items()}
        for name, value in found.items():
            if value is None:
                raise ValueError(f"found nothing at `{self.ids[name]}`, expected an id to ask the sender for")
            if not re.fullmatch(self.id_form, value):
                raise ValueError(f"found {value[:80]!r} at `{self.ids[name]}`, which is no id of this sender")
        return {name: value for name, value in found.items() if value is not None}


def with_details(received: DecodedRequest, answers: Mapping[str, Any]) -> DecodedRequest:
    """The request as rules and fields see it once the sender's API has answered."""
    if not answers or not isinstance(received.payload, dict):
        return received
    return received.with_payload({**received.payload, **answers})


def filled(template: Any, values: Mapping[str, str]) -> Any:
    """A template with its placeholders replaced, also inside lists and objects."""
    if isinstance(template, str):
        return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), template)
    if isinstance(template, Mapping):
        return {name: filled(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [filled(value, values) for value in template]
    return template
