"""A scaffold as the text of a mapping file."""

import re
from collections.abc import Iterator

from bridge.mapping.paths import as_text
from bridge.mapping.scaffold import ANY_EVENT, Scaffold
from bridge.mapping.scaffold.payload_paths import literal, plain
from bridge.mapping.scaffold.signatures import written

WIDTH = 110  # columns of a line
TABLE_WIDTH, LONGEST_PATH = 140, 60
INDENT = "    "
ORDER = (
    "reference", "first_name", "last_name", "full_name", "email", "phone",
    "starts_at", "starts_at_local", "ends_at", "ends_at_local",
)  # fmt: skip
"""The fields of a scaffold, as they stand in the file."""
UNCERTAIN = {
    "reference": "the sender's id of the booking: it stays the same when the booking moves",
    "full_name": "the renter's name",
    "email": "the renter's e-mail address",
    "phone": "the renter's phone number",
    "starts_at": "the start; `starts_at_local = fields.LocalTime(...)` for a time without offset",
    "event": "what names the event",
    "delivery_id": "the id of a delivery, different for each event; without it, a hash of the body",
}
BY_HAND = {
    "property": ("String", "the property; without it, the `property` of the source"),
    "unit": ("String", "the apartment"),
    "kind": ("Choice", "in person, self-guided or virtual; `table=KINDS` of `bridge.mapping.canonical`"),
    "duration_minutes": ("Duration", "the length; or `ends_at`, the end"),
    "occurred_at": ("Instant", "when it happened, by the sender's clock; without it, when it arrived"),
    "notes": ("Lines", "what the agent should read"),
}
"""What no form of a value shows: the author reads it from the list."""
TO_DO = "a rule for this event, which is still to do"
"""What a rule expects until the author says what the event does: such an event is held, and the tests report it."""
NOT_CHOSEN = "choose"
"""The path of the reference until the author chooses one: it finds nothing, and the tests report that."""


def text_of(draft: Scaffold, name: str, docs: str | None) -> str:
    """The mapping file `<name>.py`. `docs` is the page on which the sender describes its payload."""
    lines = [
        *_imports(draft),
        "",
        "",
        *_head(name, docs),
        *_request(draft),
        "",
        *_fields(draft),
        "",
        "",
        *_table(draft),
    ]
    return "\n".join(lines) + "\n"


def _imports(draft: Scaffold) -> Iterator[str]:
    yield f"from bridge.inbound.signatures import {draft.signature.imports}"
    names = {"path"} if draft.event or draft.delivery_id else set()
    names |= {"header"} if draft.event_header else set()
    names |= {"constant"} if not (draft.event or draft.event_header) else set()
    names |= (
        {"answers"}
        if any("answers(" in code for code in [*draft.fields.values(), *_readers(draft)])
        else set()
    )
    actions = {action or "HOLD" for action in draft.rules.values()}
    yield f"from bridge.mapping import {', '.join([*sorted(actions), 'Mapping', 'When', *sorted(names | {'fields'})])}"


def _readers(draft: Scaffold) -> list[str]:
    return [row.path.code for row in (draft.event, draft.delivery_id) if row]


def class_name(name: str) -> str:
    """The name of the class in the mapping file `<name>.py`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _head(name: str, docs: str | None) -> Iterator[str]:
    words = name.replace("_", " ").strip()
    yield f"class {class_name(name)}(Mapping):"
    yield f'{INDENT}"""{words[:1].upper()}{words[1:]}'
    yield ""
    yield f"{INDENT}{docs or 'Link the page on which the sender documents its payload.'}"
    yield ""
    yield f"{INDENT}To do: five lines of the payload, and what to set up at the sender."
    yield f'{INDENT}"""'
    yield ""


def _request(draft: Scaffold) -> Iterator[str]:
    yield f"{INDENT}# To check: {draft.signature.check}."
    yield f"{INDENT}signature = {draft.signature.code}"
    if draft.event:
        yield f"{INDENT}event = path({draft.event.path.code})"
    elif draft.event_header:
        yield f'{INDENT}event = header("{written(draft.event_header)}")'
    else:
        yield from _uncertain(draft, "event")
        yield f"{INDENT}event = constant({literal(ANY_EVENT)})"
    if draft.delivery_id:
        yield f"{INDENT}delivery_id = path({draft.delivery_id.path.code})"
    elif draft.choices.get("delivery_id"):
        yield from _uncertain(draft, "delivery_id")
    yield ""
    yield f"{INDENT}actions = ["
    for event, action in draft.rules.items():
        then = action or f"HOLD({literal(TO_DO)})"
        yield f"{INDENT * 2}When(event={literal(event)}, then={then}),"
    yield f"{INDENT}]"


def _fields(draft: Scaffold) -> Iterator[str]:
    if "reference" not in draft.fields:
        yield from _uncertain(draft, "reference")
        yield f"{INDENT}reference = fields.String(path={literal(NOT_CHOSEN)}, required=True)"
    yield from (f"{INDENT}{name} = {draft.fields[name]}" for name in ORDER if name in draft.fields)
    yield ""
    yield f"{INDENT}# To do, from the list below:"
    for name in draft.choices:
        if name not in ("reference", "event", "delivery_id", "first_name", "last_name"):
            yield from _uncertain(draft, name)
    yield from (
        f"{INDENT}# {name} = fields.{kind}(path=...): {meaning}" for name, (kind, meaning) in BY_HAND.items()
    )


def _uncertain(draft: Scaffold, name: str) -> Iterator[str]:
    candidates = draft.choices.get(name, [])
    yield f"{INDENT}# To choose: {name}, {UNCERTAIN[name]}."
    yield from (f"{INDENT}#   perhaps {plain(code)[: WIDTH - 16]}" for code in candidates[:8])
    if name == "reference":
        yield f"{INDENT}#   More samples show it: of this booking, moved and cancelled, and of another booking."


def _table(draft: Scaffold) -> Iterator[str]:
    """Every path with its values side by side."""
    table = draft.table
    yield "# The samples side by side; `=` repeats the first value. Delete this list when you are done."
    yield "#"
    paths = [_shown(row.path.code) for row in table.rows]
    first = min(LONGEST_PATH, max(map(len, paths)))
    width = max(10, (TABLE_WIDTH - first) // len(table.names) - 3)
    yield _line("path", list(table.names), first, width)
    for path, row in zip(paths, table.rows, strict=True):
        cells = [_cell(value) for value in row.values]
        repeated = ["=" if cell and cell == cells[0] else cell for cell in cells[1:]]
        yield _line(path, [cells[0], *repeated], first, width)


def _shown(code: str) -> str:
    """A path without the quotes around it."""
    return plain(re.sub(r"\s+", " ", code[1:-1] if code[0] in "\"'" else code))


def _line(path: str, cells: list[str], first: int, width: int) -> str:
    columns = [cell if len(cell) <= width else f"{cell[: width - 3]}..." for cell in map(plain, cells)]
    return f"# {path:<{first}} | {' | '.join(f'{cell:<{width}}' for cell in columns)}".rstrip()


def _cell(value: object) -> str:
    return "" if value is None else " ".join((as_text(value) or "").split())
