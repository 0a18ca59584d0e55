"""The remote half of `bridge events`."""

from collections.abc import Iterator, Sequence
from typing import Any

from bridge.cli.remote import RemoteBridge
from bridge.clock import iso
from bridge.console.queries.paging import before_of, cursor_of
from bridge.events.query import Selection


def listed(
    remote: RemoteBridge, selection: Selection, limit: int, before: int | None
) -> tuple[list[dict[str, Any]], int | None]:
    """The newest events that are selected, and below which id the next page begins."""
    parameters = {**filters_of(selection), "request": selection.request_id, "cursor": cursor_of(before)}
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    for page, cursor in remote.pages("/events", "events", parameters, limit):  # noqa: B007 - the last one is read
        rows += [{**row, "detail": row["sentence"]} for row in page]
    return rows, before_of(cursor)


def selected(remote: RemoteBridge, selection: Selection) -> tuple[list[int], list[int]]:
    """The ids of what a replay of a selection takes, and of those that it leaves out."""
    given = {name: value for name, value in filters_of(selection).items() if value}
    chosen = remote.post("/events/select", given)
    return chosen["ids"], chosen["left_out"]


def replayed(remote: RemoteBridge, ids: Sequence[int], statuses: Sequence[str]) -> list[int]:
    """Run events again, all or none; with statuses only those that still have one of them."""
    body = {"ids": list(ids)} | ({"status": list(statuses)} if statuses else {})
    queued: list[int] = remote.post("/events/replay", body)["queued"]
    return queued


def dismissed(remote: RemoteBridge, ids: Sequence[int], note: str | None) -> list[int]:
    """Mark parked events as done, all or none."""
    done: list[int] = remote.post("/events/dismiss", {"ids": list(ids)} | ({"note": note} if note else {}))[
        "dismissed"
    ]
    return done


def dry_runs(remote: RemoteBridge, ids: Sequence[int]) -> Iterator[dict[str, Any]]:
    """What a replay of each would send."""
    yield from remote.post("/events/replay/dry-run", {"ids": list(ids)})["events"]


def filters_of(selection: Selection) -> dict[str, Any]:
    """As the API takes them."""
    return {
        "status": selection.statuses,
        "source": selection.sources,
        "reason": selection.reasons,
        "property": selection.property,
        "since": iso(selection.since),
        "until": iso(selection.until),
    }
