"""The audit log reads as sentences, and an action on many events is one of them."""

import ast
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from bridge import console
from bridge.console import audit, audit_sentences
from bridge.console.actions import aliases, events
from bridge.console.actor import Actor, Via
from bridge.console.audit import BulkEntry
from bridge.console.audit_sentences import has_sentence, page_of, predicate_of
from bridge.models import AuditEntry, Event, Role

OLGA = Actor("olga", Role.OPERATOR, Via.CONSOLE)
PLACES = {"lakeside": "Lakeside"}
MANY: dict[str, Any] = {"ids": list(range(1, 20)), "sources": ["acme"]}
SENTENCES = [
    ("replayed", "event", "17", {"status": "parked", "reason": "unknown_property"}, None,
     "replayed event 17, which was parked (unknown property).", "/console/events/17"),
    ("replayed", "event", "17", {"status": "written", "reason": None}, None, "replayed event 17, which was written.",
     "/console/events/17"),
    ("replayed", "event", "17", None, None, "replayed event 17.", "/console/events/17"),
    ("dismissed", "event", "17", {"status": "parked", "reason": "no_contact"}, None,
     "marked as done event 17, which was parked (no contact).", "/console/events/17"),
    ("corrected", "event", "17", None, {"changed": ["start", "agent"]}, "corrected event 17: start, agent.",
     "/console/events/17"),
    ("replayed", "events", "1", {"status": "parked", "reason": "unknown_property"}, MANY,
     "replayed 19 events of acme, which were parked (unknown property).", None),
    ("replayed", "events", "1", None, {"ids": [1], "sources": ["acme", "calendly", "widget"]},
     "replayed 1 event of acme, calendly and widget.", None),
    ("dismissed", "events", "1", {"status": "parked"}, MANY,
     "marked as done 19 events of acme, which were parked.", None),
    ("corrected", "events", "1", {"status": "parked", "reason": "unknown_agent"}, {**MANY, "changed": ["agent"]},
     "corrected and replayed 19 events of acme, which were parked (unknown agent): agent.", None),
    ("added", "alias", "atlantis", None, {"name": "Atlantis", "property": "lakeside", **MANY},
     "replayed 19 events of acme: alias “Atlantis” -> Lakeside.", "/console/properties"),
    ("added", "alias", "atlantis", None, {"name": "Atlantis", "property": "lakeside"},
     "added the alias “Atlantis” for Lakeside.", "/console/properties"),
    ("added", "alias", "atlantis", None, {"property": "gone"}, "added the alias “atlantis” for gone.",
     "/console/properties"),
    ("removed", "alias", "atlantis", {"property": "lakeside"}, None, "removed the alias “atlantis” of Lakeside.",
     "/console/properties"),
    ("paused", "integration", "c1", None, {"reason": "The PMS is updated."},
     "paused the integration c1: The PMS is updated.", "/console/health"),
    ("paused", "integration", "c1", None, {"reason": "maintenance"}, "paused the integration c1: maintenance.",
     "/console/health"),
    ("resumed", "integration", "c1", None, None, "resumed the integration c1.", "/console/health"),
    ("added", "user", "maya", None, {"role": "operator"}, "added the user maya as an operator.", "/console/users"),
    ("changed", "user", "maya", {"role": "viewer"}, {"role": "admin"}, "changed the role of maya from viewer to admin.",
     "/console/users"),
    ("gave a new password to", "user", "maya", None, None, "gave maya a new password.", "/console/users"),
    ("enabled", "user", "maya", None, None, "let maya sign in again.", "/console/users"),
    ("disabled", "user", "maya", None, None, "disabled the user maya.", "/console/users"),
    ("made a sign-in link for", "user", "first sign-in", None, None,
     "made a link that signs in once, as first sign-in.", "/console/users"),
    ("signed in", "user", "olga", None, None, "signed in.", "/console/users"),
    ("created", "token", "3", None, {"name": "reports", "role": "viewer"},
     "created the API token “reports” for a viewer.", "/console/tokens"),
    ("revoked", "token", "3", {"name": "reports"}, None, "revoked the API token “reports”.", "/console/tokens"),
    ("revoked", "token", "3", None, None, "revoked the API token 3.", "/console/tokens"),
    ("created", "calendar feed", "2", None, {"property": "all"}, "created calendar feed 2 of all properties.",
     "/console/bookings#calendar"),
    ("revoked", "calendar feed", "2", None, {"property": "lakeside"}, "revoked calendar feed 2 of Lakeside.",
     "/console/bookings#calendar"),
    ("added", "source", "calendly", None, {"mapping": "calendly", "mode": "shadow"},
     "added the source calendly, read by the mapping calendly, in shadow mode.", "/console/sources/calendly"),
    ("changed", "source", "calendly", None, {"mapping": "calendly"},
     "changed the source calendly, read by the mapping calendly.", "/console/sources/calendly"),
    ("switched", "source", "calendly", {"mode": "shadow"}, {"mode": "live"}, "switched the source calendly live.",
     "/console/sources/calendly"),
    ("switched", "source", "calendly", {"mode": "live"}, {"mode": "shadow"},
     "switched the source calendly to shadow mode.", "/console/sources/calendly"),
    ("removed", "source", "calendly", None, None, "removed the source calendly. Its events stay.", None),
    ("tested", "source", "calendly", None, {"sample": "booked", "status": 200},
     "sent the source calendly a test: booked.", "/console/sources/calendly"),
    ("saved", "mapping", "acme", None, {"files": ["acme.py", "samples/acme/booked.json"], "sha256": "00"},
     "saved the mapping acme: acme.py, samples/acme/booked.json.", "/console/workbench?mapping=acme"),
    ("tested", "alerts", "urls", None, {"sent": 1, "of": 2}, "sent a test alert. It reached 1 of 2 addresses.",
     "/console/alerts"),
]  # fmt: skip


def entry_of(what: str, kind: str, name: str, before: Any = None, after: Any = None) -> AuditEntry:
    return AuditEntry(
        actor="olga", via="console", what=what, object=kind, object_id=name, before=before, after=after
    )


@pytest.mark.parametrize(("what", "kind", "name", "before", "after", "sentence", "page"), SENTENCES)
def test_an_entry_is_a_sentence_with_a_page(
    what: str, kind: str, name: str, before: Any, after: Any, sentence: str, page: str | None
) -> None:
    entry = entry_of(what, kind, name, before, after)
    assert (predicate_of(entry, PLACES), page_of(entry)) == (sentence, page)


def test_every_sentence_is_among_them_and_reads_without_any_field() -> None:
    kinds = {(what, kind) for what, kind, *_ in SENTENCES}
    assert kinds == set(audit_sentences._PREDICATES)
    for what, kind in kinds:
        bare = predicate_of(entry_of(what, kind, "7"), {})
        assert bare.endswith(".")
        assert "None" not in bare or (what, kind) == ("changed", "user")


def test_nothing_is_written_down_that_has_no_sentence() -> None:
    """Whatever calls `record` with another kind of change fails in its own test."""
    assert not has_sentence("painted", "event")
    with pytest.raises(LookupError, match="painted event"):
        audit.record(SimpleNamespace(), OLGA, datetime.now(UTC), "painted", ("event", 1))  # type: ignore[arg-type]


def test_every_change_that_the_code_names_has_a_sentence() -> None:
    named = set()
    for path in Path(console.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "audit.record":
                what, on = node.args[3], node.args[4]
                if (
                    isinstance(what, ast.Constant)
                    and isinstance(on, ast.Tuple)
                    and isinstance(on.elts[0], ast.Constant)
                ):
                    named.add((what.value, on.elts[0].value))
    assert len(named) > 10
    assert [pair for pair in named if not has_sentence(*pair)] == []


def test_an_entry_of_a_newer_version_reads_as_it_can() -> None:
    assert predicate_of(entry_of("painted", "fence", "7"), {}) == "painted fence 7."


# With the database.


@pytest.fixture
def lost(world: Any) -> list[int]:
    found = [world.book(f"B-{n}", property="Atlantis", email=f"{n}@example.com") for n in range(3)]
    world.run_due()
    return found


def entries(world: Any) -> list[AuditEntry]:
    with world.database.session() as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def test_what_an_alias_releases_is_part_of_its_entry(
    world: Any, lost: list[int], signed_in: Any, api: Any
) -> None:
    now = world.clock()
    with world.database.session() as session:
        event = session.get_one(Event, lost[0])
        chosen = aliases.choose_property(session, world.settings, OLGA, event, "Elm Court", now)
        for event_id in chosen.ids:
            events.replay(session, OLGA, [event_id], now, chosen.bulk)
    [entry] = entries(world)
    assert (entry.what, entry.object, entry.after["ids"]) == ("added", "alias", lost)
    sentence = "replayed 3 events of widget: alias “Atlantis” -> Elm Court."
    page = unescape(signed_in().get("/console/audit").text)
    assert f"<strong>olga</strong> {sentence}" in page
    assert f'href="/console/events/{lost[2]}"' in page
    [line] = api().get("/api/v1/audit").json["entries"][-1:]
    assert (line["sentence"], line["events"]) == (f"olga {sentence}", lost)


def test_a_go_of_many_requests_is_one_entry_and_nobody_elses(world: Any, lost: list[int]) -> None:
    now, bulk = world.clock(), BulkEntry()
    with world.database.session() as session:
        events.dismiss(session, OLGA, lost[:1], "By hand", now, bulk)
    with world.database.session() as session:
        events.dismiss(session, OLGA, lost[1:2], "By hand", now, BulkEntry(bulk.id))
    with world.database.session() as session:
        events.dismiss(
            session, Actor("noah", Role.OPERATOR, Via.CONSOLE), lost[2:], "", now, BulkEntry(bulk.id)
        )
    first, other = entries(world)
    assert (first.actor, first.object, first.after["ids"]) == ("olga", "events", lost[:2])
    assert first.before == {"status": "parked", "reason": "unknown_property"}
    assert (other.actor, other.after["ids"]) == ("noah", lost[2:])
    with world.database.session() as session:
        late = now + timedelta(hours=2)
        events.replay(session, OLGA, lost[:1], late, BulkEntry(bulk.id))
    assert len(entries(world)) == 3


def test_the_page_replays_many_as_one_entry(world: Any, lost: list[int], signed_in: Any) -> None:
    browser = signed_in(Role.OPERATOR)
    form = {"action": "replay", "ids": ",".join(map(str, lost)), "total": str(len(lost))}
    assert "3 of 3: 3 queued again." in " ".join(browser.post("/console/events/bulk/run", form).text.split())
    [entry] = entries(world)
    assert (entry.what, entry.object, entry.after["ids"]) == ("replayed", "events", lost)
