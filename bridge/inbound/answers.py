"""The body of a 200: the bridge's own JSON, or what the sender wants to read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from flask import Response, current_app

from bridge.inbound.inbox import Stored
from bridge.mapping.booking import Action
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.replies import as_body
from bridge.mapping.sources import MappedSource


@dataclass(frozen=True)
class ChatAnswer:
    """The reply as text, and the same as data."""

    text: str | None = None
    """`None`: what the mapping's `reply` has."""
    is_silent: bool = False
    values: Mapping[str, Any] = field(
        default_factory=lambda: {"{situation}": "", "{start}": "", "{times}": []}
    )
    """Placeholders of a `reply`."""


class ChatConversation(Protocol):
    """One request of a chat, from before it is stored until it is answered."""

    received: DecodedRequest
    """The request, with the time that it chooses."""

    def answer(self, number: int, link: str) -> ChatAnswer:
        """What to answer to one of its events, once all are stored; `link` is the renter's."""


class ChatDesk(Protocol):
    """Answers chats; `current_app.extensions["replies"]`."""

    def begin(self, source: MappedSource, received: DecodedRequest) -> ChatConversation:
        """Read what a request asks or chooses."""


def begin(source: MappedSource, received: DecodedRequest) -> ChatConversation | None:
    """The conversation of a request, where its sender waits for an answer to it."""
    desk: ChatDesk | None = current_app.extensions.get("replies")
    is_chat = source.mapping.reply is not None and source.mapping.category == "chat"
    return desk.begin(source, received) if desk and is_chat else None


def response(
    source: MappedSource,
    stored: Sequence[Stored],
    receipt: Mapping[str, Any],
    received: DecodedRequest | None,
    conversation: ChatConversation | None,
) -> Response:
    """`{"id", "status"}` for one event; for a batch the same for each under `events`. Or what the sender wants.

    A visitor's form gets its `receipt` besides.
    """
    reply = source.mapping.reply
    if reply and stored:
        link = receipt.get("tour", {}).get("link", "")
        answers = [_answer(source, received, conversation, number, link) for number in range(len(stored))]
        items = _items(source, received, len(stored))
        documents = [
            reply.document(each.text, entry.id, ignored=each.is_silent, received=item, values=each.values)
            for each, entry, item in zip(answers, stored, items, strict=True)
        ]
        return Response(as_body(documents), reply.status, content_type=reply.content_type)
    values = [
        {"id": item.id, "status": item.status, **({"duplicate": True} if item.duplicate else {})}
        for item in stored
    ]
    document = {**values[0], **receipt} if len(values) == 1 else {"status": "received", "events": values}
    return Response(json.dumps(document), mimetype="application/json")


def _answer(
    source: MappedSource,
    received: DecodedRequest | None,
    conversation: ChatConversation | None,
    number: int,
    link: str,
) -> ChatAnswer:
    if conversation is not None:
        return conversation.answer(number, link)
    is_ignored = received is not None and source.mapping.decide(received).action is Action.IGNORE
    return ChatAnswer(source.settings.reply_text, is_ignored)


def _items(source: MappedSource, received: DecodedRequest | None, count: int) -> list[DecodedRequest | None]:
    """What each answer is made of: the item of a batch, or the whole request."""
    if received is None or count == 1:
        return [received] * count
    items = source.mapping.items(received.payload)
    if len(items) != count:
        return [received] * count  # some were of other accounts
    return [received.with_payload(item, is_part=True) for item in items]
