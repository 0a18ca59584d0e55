"""The answers that senders expect instead of the bridge's own JSON."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from bridge.mapping.paths import DecodedRequest, Path


@dataclass(frozen=True)
class Reply:
    """The answer to a request that was stored. One that is stored twice gets the same answer as the first time.

    `{text}` in it is what the person at the other end reads (see `bridge.replies`), `{situation}` the situation that it
    is for, `{start}` the start of the tour, `{times}` the free times, a list of `{"number", "start", "label"}`. `{id}`
    is the event's id.
    """

    body: str | Mapping[str, Any] | Path
    """Text, an object that becomes JSON, or a path that makes this object of the request; `{}` where it finds
    nothing. A path writes `'{text}'` as JMESPath writes a text."""
    content_type: str = "application/json"
    text: str | None = None
    """What is answered where nothing is known of a tour. `None`: each answer costs something, as a text message does;
    then only questions are answered, unless `reply_text`, `reply_language` or `replies` of the source is set."""
    status: int = 200
    """For a sender that takes another one for a success."""
    silent: str | Mapping[str, Any] | Path | None = None
    """The body if there is nothing to answer: the event is ignored, or there is no text. `None`: as `body`."""

    def render(
        self,
        text: str | None,
        event_id: int,
        *,
        ignored: bool,
        received: DecodedRequest | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> str:
        """The body of the answer to this request; `received` is `None` where it cannot be decoded."""
        return as_body([self.document(text, event_id, ignored=ignored, received=received, values=values)])

    def document(
        self,
        text: str | None,
        event_id: int,
        *,
        ignored: bool,
        received: DecodedRequest | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> Any:
        """The answer to one event: a text, or what becomes JSON.

        Args:
            values: more placeholders, such as `{times}`. One that is all of a text is replaced by its value as it is.
        """
        text = (text or "").replace("{id}", str(event_id)) or self.text
        quiet = self.silent is not None and (ignored or text is None)
        body = self.silent if quiet and self.silent is not None else self.body
        if isinstance(body, Path):
            found = body.search(received) if received else None
            body = found if found == "" else found or {}
        known = {**(values or {}), "{text}": text or "", "{id}": str(event_id)}
        if isinstance(body, str):
            return _replaced(body, {name: escape(str(value)) for name, value in known.items()})
        return _in_texts(body, known)


def as_body(documents: Sequence[Any]) -> str:
    """The answers to the events of one request as its body: lists of one name are joined, else the first counts."""
    first = documents[0]
    if isinstance(first, str):
        return first
    joined = dict(first) if isinstance(first, Mapping) else first
    for other in documents[1:]:
        if isinstance(joined, dict) and isinstance(other, Mapping):
            lists = {name: value for name, value in other.items() if isinstance(value, list)}
            joined |= {name: [*joined.get(name, []), *value] for name, value in lists.items()}
    return json.dumps(joined, ensure_ascii=False)


def _in_texts(template: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(template, str):
        return values[template] if template in values else _replaced(template, values)
    if isinstance(template, Mapping):
        return {name: _in_texts(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [_in_texts(value, values) for value in template]
    return template


def _replaced(template: str, values: Mapping[str, Any]) -> str:
    """Only what the template holds is replaced, never what a value brought."""
    pattern = "|".join(re.escape(name) for name in values)
    return re.sub(pattern, lambda found: str(values[found[0]]), template)
