"""What a sender reads in the answer, where it is not the bridge's own JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from bridge.mapping.paths import Path, Received


@dataclass(frozen=True)
class Reply:
    """The answer to a request that was stored. One that is stored twice gets the same answer as the first time.

    `{text}` in it is what the person at the other end reads: `reply_text` of the source, else `text`. A bot that
    waits for the answer must say "received", never "confirmed": nothing is written yet. `{id}` is the event's id.
    """

    body: str | Mapping[str, Any] | Path
    """Text, an object that becomes JSON, or a path that makes this object of the request; `{}` where it finds
    nothing. A path writes `'{text}'` as JMESPath writes a text."""
    content_type: str = "application/json"
    text: str | None = None
    """`None`: without `reply_text` the sender gets `silent`."""
    status: int = 200
    """For a sender that takes another one for a success."""
    silent: str | Mapping[str, Any] | Path | None = None
    """The body where nothing is to be said: the event is ignored, or there is no text. `None`: as `body`."""

    def render(
        self, text: str | None, event_id: int, *, ignored: bool, received: Received | None = None
    ) -> str:
        """The body of the answer to this request; `received` is `None` where it cannot be decoded."""
        text = text or self.text
        quiet = self.silent is not None and (ignored or text is None)
        body = self.silent if quiet and self.silent is not None else self.body
        if isinstance(body, Path):
            body = (body.search(received) if received else None) or {}
        values = {"{text}": text or "", "{id}": str(event_id)}
        if isinstance(body, str):
            values = {name: escape(value) for name, value in values.items()}
            return _replaced(body, values)
        return json.dumps(_in_texts(body, values), ensure_ascii=False)


def _in_texts(template: Any, values: Mapping[str, str]) -> Any:
    if isinstance(template, str):
        return _replaced(template, values)
    if isinstance(template, Mapping):
        return {name: _in_texts(value, values) for name, value in template.items()}
    if isinstance(template, list):
        return [_in_texts(value, values) for value in template]
    return template


def _replaced(template: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        template = template.replace(name, value)
    return template
