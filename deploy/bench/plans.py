"""How PostgreSQL carries out what console, API and retention ask of a large database, and what the tables take.

The database is that of `console.py`. Every statement of a request is explained again with its values;
shown is the slowest of each address: its time, the tables that it reads whole, and its plan from the top.
"""

from typing import Any

import click
from console import client_of, fill
from load import print_result
from sqlalchemy import event
from stage import Stage, stage

from bridge.privacy.retention import BATCH, STEPS

ADDRESSES = (
    "/api/v1/events",
    "/api/v1/events?status=parked",
    "/api/v1/events?source=source-3&property=property-8",
    "/api/v1/events?search=first17",
    "/api/v1/bookings?search=last42",
    "/api/v1/today",
    "/console",
    "/metrics",
)
SIZES = """
SELECT relname AS name, pg_table_size(oid) / 1000000 AS table_mb, pg_indexes_size(oid) / 1000000 AS indexes_mb
FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_total_relation_size(oid) > 1000000
ORDER BY pg_total_relation_size(oid) DESC
"""
RETENTION = {
    "over": ["written", "ignored", "dismissed"],
    "remove_before": "2100-01-01",
    "blank_before": "2100-01-01",
    "now": "2100-01-01",
}
DEPTH = 6
"""Levels of a plan that are shown."""


@click.command(help=__doc__)
@click.option("--events", default=1_000_000, show_default=True)
def plans(events: int) -> None:
    with stage() as here:
        fill(here, events)
        sizes = [dict(row._mapping) for row in here.rows(SIZES)]
        found = {address: slowest(here, asked) for address, asked in statements(here).items()}
        for step in STEPS[:2]:
            due = f"SELECT {step.key} {step.due} LIMIT {BATCH} FOR UPDATE SKIP LOCKED"
            batch = _named(f"WITH due AS ({due}){step.change}")
            found[f"retention, {BATCH} rows: {step.name}"] = explained(here, batch, RETENTION)
        print_result({"events": events, "sizes": sizes, "plans": found})


def statements(here: Stage) -> dict[str, list[tuple[str, Any]]]:
    """What each address asks of the database, with the values."""
    client = client_of(here)
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")) and "UPDATE" not in statement:
            asked.append((statement, values))

    event.listen(here.database.engine, "before_cursor_execute", note)
    by_address = {}
    for address in ADDRESSES:
        asked.clear()
        client.get(address, follow_redirects=True)
        by_address[address] = list(asked)
    event.remove(here.database.engine, "before_cursor_execute", note)
    return by_address


def slowest(here: Stage, asked: list[tuple[str, Any]]) -> dict[str, Any]:
    """The plan of the statement that takes longest, and the number of statements."""
    found = [explained(here, statement, values) for statement, values in asked]
    return {"statements": len(found), **max(found, key=lambda plan: plan["ms"], default={})}


def explained(here: Stage, statement: str, values: Any) -> dict[str, Any]:
    with here.database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw
        [[document]] = raw.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", values).fetchall()
        raw.rollback()
    plan = document[0]["Plan"]
    return {
        "ms": round(document[0]["Execution Time"], 1),
        "blocks": plan["Shared Hit Blocks"] + plan["Shared Read Blocks"],
        "reads_whole": sorted(whole(plan)),
        "plan": list(lines(plan)),
        "statement": " ".join(statement.split())[:300],
    }


def whole(plan: dict[str, Any]) -> set[str]:
    """Tables of which every row is read."""
    own = {plan["Relation Name"]} if plan["Node Type"] == "Seq Scan" else set()
    return own.union(*(whole(inner) for inner in plan.get("Plans", ())))


def lines(plan: dict[str, Any], depth: int = 0) -> Any:
    where = plan.get("Index Name") or plan.get("Relation Name") or ""
    yield f"{'  ' * depth}{plan['Node Type']} {where} rows {plan['Actual Rows']:.0f} x {plan['Actual Loops']:.0f}"
    if depth < DEPTH:
        for inner in plan.get("Plans", ()):
            yield from lines(inner, depth + 1)


def _named(statement: str) -> str:
    """As psycopg wants the names of values."""
    for name in RETENTION:
        statement = statement.replace(f":{name}", f"%({name})s")
    return statement


if __name__ == "__main__":
    plans()
