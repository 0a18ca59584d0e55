"""A draft as the text of a mapping file."""

import textwrap
from collections.abc import Iterator, Sequence

from bridge.mapping.drafting import Draft
from bridge.mapping.drafting.guesses import Guess
from bridge.mapping.drafting.proofs import written
from bridge.mapping.drafting.roots import Batch

WIDTH = 110
"""Columns of a line."""
INDENT = "    "
ACTIONS = {
    "BOOK": "a new tour",
    "RESCHEDULE": "a tour that got another time",
    "CANCEL": "a tour that is off",
}
LACKING = {
    "full_name": ("PersonName", "the renter's name"),
    "email": ("Email", "the renter's e-mail address"),
    "phone": ("Phone", "the renter's phone number"),
    "starts_at": ("Instant", "the start; a time without offset is a `starts_at_local = fields.LocalTime`"),
    "property": ("String", "which property; without it `property` of the source counts"),
}
"""What a booking should have: where nothing was found, a line says what to look for."""
ANY_EVENT = "booked"
"""The name of the event, where the sender gives none."""


def text_of(draft: Draft, name: str, docs: str | None) -> str:
    """The mapping file `<name>.py`. `docs` is the page on which the sender describes its payload."""
    lines = [
        *_imports(draft),
        "",
        "",
        *_head(name, docs),
        *_request(draft),
        "",
        *_rules(draft),
        "",
        *_fields(draft),
    ]
    return "\n".join(lines) + "\n"


def _imports(draft: Draft) -> Iterator[str]:
    yield f"from bridge.inbound.signatures import {draft.proof.imports}"
    readers = {"path"} if draft.event and draft.event.place else set()
    readers |= {"header"} if draft.event and draft.event.header else set()
    readers |= {"constant"} if draft.event is None else set()
    readers |= {"path"} if draft.delivery else {"header"} if draft.delivery_header else set()
    names = [draft.then, "Mapping", "When", *sorted({"fields", *readers})]
    yield f"from bridge.mapping import {', '.join(names)}"
    if "kind" in draft.fields:
        yield "from bridge.mapping.own_body import KINDS"


def _head(name: str, docs: str | None) -> Iterator[str]:
    words = name.replace("_", " ").strip()
    yield f"class {''.join(part[:1].upper() + part[1:] for part in name.split('_'))}(Mapping):"
    yield f'{INDENT}"""{words[:1].upper()}{words[1:]}'
    yield ""
    yield f"{INDENT}{docs or 'Name here the page on which the sender describes its payload, with its address.'}"
    yield ""
    yield f"{INDENT}Set-up: say here what to do at the sender."
    yield f'{INDENT}"""'
    yield ""


def _request(draft: Draft) -> Iterator[str]:
    yield from _line("signature", draft.proof.code, draft.proof.why)
    if draft.batch.split:
        yield from _line("split", literal(draft.batch.split), "a list whose items are the events")
    event = draft.event
    if event is None:
        yield from _line("event", f'constant("{ANY_EVENT}")', "nothing names the event")
    elif event.header:
        yield from _line("event", f'header("{written(event.header)}")', event.why)
    elif event.place:
        yield from _line("event", f"path({literal(event.place.path)})", event.why)
    if draft.delivery:
        yield from _line("delivery_id", f"path({literal(draft.delivery.paths[0].path)})", draft.delivery.why)
    elif draft.delivery_header:
        yield from _line("delivery_id", f'header("{written(draft.delivery_header)}")', "its name")
    if draft.batch.root:
        yield from _line("root", literal(draft.batch.root), "most paths begin so")


def _rules(draft: Draft) -> Iterator[str]:
    name = draft.event.name if draft.event else ANY_EVENT
    yield f"{INDENT}actions = ["
    told = "the words of its name" if draft.event else "the only event that is known"
    if draft.then == "REQUEST":
        told += "; without a start it is a wish" if not _has_start(draft) else ""
    yield from _line("", f"When(event={literal(name)}, then={draft.then}),", told, indent=INDENT * 2)
    for then, meaning in ACTIONS.items():
        if then != draft.then:
            yield f"{INDENT * 2}# to fill in, if there is such an event: When(event=..., then={then}) for {meaning}"
    yield f"{INDENT}]"


def _fields(draft: Draft) -> Iterator[str]:
    for name, guess in draft.fields.items():
        yield from _line(name, _code(guess, draft.batch), guess.why)
    lacking = [name for name in LACKING if not _has(draft, name)]
    if lacking:
        yield ""
        yield f"{INDENT}# found nothing in this sample for:"
    for name in lacking:
        type_, meaning = LACKING[name]
        yield f"{INDENT}# - {name} = fields.{type_}(path=...): {meaning}"


def _has(draft: Draft, name: str) -> bool:
    others = {"full_name": ("first_name",), "starts_at": ("starts_at_local",)}
    return any(one in draft.fields for one in (name, *others.get(name, ())))


def _has_start(draft: Draft) -> bool:
    return _has(draft, "starts_at")


def _code(guess: Guess, batch: Batch) -> str:
    arguments = []
    paths = [batch.inner(place.path) for place in guess.paths] + [
        batch.inner(pairs.path) for pairs in guess.pairs
    ]
    if len(paths) == 1:
        arguments.append(f"path={literal(paths[0])}")
    elif paths:
        arguments.append(f"path=[{', '.join(map(literal, paths))}]")
    for name, part in (("date", guess.date), ("time", guess.time)):
        if part:
            arguments.append(f"{name}={literal(batch.inner(part.path))}")
    if guess.options:
        arguments.append(guess.options)
    return f"fields.{guess.type}({', '.join(arguments)})"


def _line(name: str, code: str, why: str, indent: str = INDENT) -> Iterator[str]:
    """An assignment with what speaks for it: behind it, or above where that is too long."""
    statement = f"{indent}{name} = {code}" if name else f"{indent}{code}"
    if len(f"{statement}  # guessed: {why}") <= WIDTH:
        yield f"{statement}  # guessed: {why}"
        return
    yield from textwrap.wrap(
        f"guessed: {why}", WIDTH, initial_indent=f"{indent}# ", subsequent_indent=f"{indent}# "
    )
    yield from [statement] if len(statement) <= WIDTH else _folded(statement, indent)


def _folded(statement: str, indent: str) -> Sequence[str]:
    """A call over several lines, as a formatter breaks it."""
    start, call, rest = statement.partition("(")
    if not call or not rest.endswith((")", "),")):  # a long text and nothing else
        return [statement]
    arguments = rest[: rest.rindex(")")]
    inner = f"{indent}{INDENT}{arguments}"
    after = rest[rest.rindex(")") :]
    if len(inner) <= WIDTH:
        return [f"{start}(", inner, f"{indent}{after}"]
    parts = _split_arguments(arguments)
    return [f"{start}(", *(f"{indent}{INDENT}{part}," for part in parts), f"{indent}{after}"]


def _split_arguments(arguments: str) -> list[str]:
    """The arguments of a call, apart: a comma inside a text or a list is none."""
    parts, depth, quote, start = [], 0, "", 0
    for index, char in enumerate(arguments):
        if quote:
            quote = "" if char == quote and arguments[index - 1] != "\\" else quote
        elif char in "\"'":
            quote = char
        elif char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(arguments[start:index].strip())
            start = index + 1
    return [*parts, arguments[start:].strip()]


def literal(text: str) -> str:
    """The text as Python writes it, with as few escapes as may be."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}").replace("\n", "\\n")
    return quote + "".join(_plain(char) for char in escaped) + quote


def _plain(char: str) -> str:
    """Letters as they are; signs that only look like others escaped."""
    if (char.isascii() and char.isprintable()) or char.isalpha():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"  # noqa: PLR2004 - Python's two notations
