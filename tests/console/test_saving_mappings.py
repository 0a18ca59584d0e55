"""What saving a mapping changes, who may, and that it counts without a restart."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bridge.console.workbench.changes import (
    FileChange,
    digest_of,
    file_changes,
    is_confirmed,
    refusal_to_save,
)
from bridge.console.workbench.columns import columns_of, compared_rows
from bridge.console.workbench.folder import files_of, refusal_of, write
from bridge.console.workbench.request_builder import FormPayload, Shown, name_problems, shown_request
from bridge.console.workbench.tasks import UnsavedPayload
from bridge.console.workbench.views import bench
from bridge.mapping.scaffold.skeleton import example_payloads, skeleton_of
from bridge.mapping_checks.recorded_requests import RecordedRequest
from bridge.models import AuditEntry, Role

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize(
    ("allowed", "edit_refusal", "folder_refusal", "why"),
    [
        (True, None, None, None),
        (False, None, None, "`save_mappings`"),
        (False, "not confined", None, "`save_mappings`"),
        (True, "not confined", "no folder", "not confined"),
        (True, None, "no folder", "no folder"),
    ],
)
def test_saving_needs_the_setting_an_admin_a_confined_run_and_a_folder(
    allowed: bool, edit_refusal: str | None, folder_refusal: str | None, why: str | None
) -> None:
    refused = refusal_to_save(allowed=allowed, edit_refusal=edit_refusal, folder_refusal=folder_refusal)
    assert refused is None if why is None else why in refused


@pytest.mark.parametrize(
    ("made", "why"), [(None, "set `mappings_dir`"), ("absent", "create it"), ("there", None)]
)
def test_the_folder_says_why_nothing_can_be_written(
    tmp_path: Path, made: str | None, why: str | None
) -> None:
    (tmp_path / "there").mkdir()
    refused = refusal_of(tmp_path / made if made else None)
    assert refused is None if why is None else why in refused


def payload(name: str, body: bytes = b"{}") -> UnsavedPayload:
    return UnsavedPayload(name, RecordedRequest(name, body, JSON, {}))


PRESENT = {
    "acme.py": b"old",
    "samples/acme/booked.json": b"{}",
    "samples/acme/booked.booking.json": b"1",
    "samples/acme/booked.headers.json": b"2",
}
SAMPLES = {"booked.json": b"{}", "booked.booking.json": b"1", "booked.headers.json": b"2"}


@pytest.mark.parametrize(
    ("case", "given", "expected"),
    [
        ("nothing", ("old", PRESENT, SAMPLES, [], [], {}), {}),
        ("the text", ("new", PRESENT, SAMPLES, [], [], {}), {"acme.py": b"new"}),
        ("a new mapping", ("new", {}, {}, [payload("a")], [{".booking.json": "3"}], {}),
         {"samples/acme/a.booking.json": b"3", "samples/acme/a.json": b"{}", "acme.py": b"new"}),
        ("a booking that is accepted", ("old", PRESENT, SAMPLES, [], [], {"booked": "4"}),
         {"samples/acme/booked.booking.json": b"4"}),
        ("a sample that lost its headers",
         ("old", PRESENT, SAMPLES, [payload("booked", b"[]")], [{".booking.json": "1"}], {}),
         {"samples/acme/booked.headers.json": None, "samples/acme/booked.json": b"[]"}),
        ("one that begins to replace the bridge's own", ("new", {}, SAMPLES, [], [], {}),
         {**{f"samples/acme/{name}": content for name, content in sorted(SAMPLES.items())}, "acme.py": b"new"}),
    ],
)  # fmt: skip
def test_what_is_saved_changes_these_files_the_mapping_last(
    case: str, given: tuple[Any, ...], expected: dict[str, bytes | None]
) -> None:
    changes = file_changes("acme", *given)
    assert {change.name: change.after for change in changes} == expected, case
    assert [change.name for change in changes[:-1] if change.name.endswith(".py")] == [], case


def test_what_exists_is_replaced_only_as_it_was_shown() -> None:
    new, old = FileChange("acme.py", None, b"1\n"), FileChange("acme.py", b"0\nsame\n", b"1\nsame\n")
    assert is_confirmed([new], "")
    assert not is_confirmed([new, old], "")
    assert is_confirmed([new, old], digest_of([new, old]))
    assert not is_confirmed([new, FileChange("acme.py", b"0\nsame\n", b"2\n")], digest_of([new, old]))
    assert not is_confirmed([FileChange("acme.py", b"0", None)], "")
    assert old.difference == [("@", "…"), ("-", "0"), ("+", "1"), (" ", "same")]
    long = FileChange("acme.py", None, b"x\n" * 1000).difference
    assert len(long) == 401
    assert long[-1] == ("@", "601 more lines")


def test_files_are_replaced_whole_and_keep_their_permissions(tmp_path: Path) -> None:
    (tmp_path / "acme.py").write_bytes(b"old")
    (tmp_path / "acme.py").chmod(0o640)
    (tmp_path / "samples" / "acme").mkdir(parents=True)
    (tmp_path / "samples" / "acme" / "gone.json").write_bytes(b"{}")
    names = {"samples/acme/gone.json": None, "samples/acme/booked.json": b"{}", "acme.py": b"new"}
    present = files_of(tmp_path, "acme")
    write(tmp_path, [FileChange(name, present.get(name), after) for name, after in names.items()])
    assert files_of(tmp_path, "acme") == {"samples/acme/booked.json": b"{}", "acme.py": b"new"}
    assert (tmp_path / "acme.py").stat().st_mode & 0o777 == 0o640
    assert [file.name for file in tmp_path.rglob(".*")] == []


@pytest.mark.parametrize(
    ("names", "problems"),
    [
        (["booked", "moved.2", "a-b_C"], 0),
        (["../booked"], 1),
        ([".hidden"], 1),
        ([""], 1),
        (["booked.booking"], 1),
        (["x" * 81], 1),
        (["booked", "booked"], 1),
    ],
)
def test_the_name_of_a_sample_is_that_of_a_file(names: list[str], problems: int) -> None:
    assert len(name_problems(names)) == problems


def test_a_request_stays_byte_for_byte_until_it_is_edited() -> None:
    original = RecordedRequest("booked", b'{"a":1}', {**JSON, "x-name": "v"}, {"q": "1"})
    shown = shown_request(original)
    as_sent = Shown(
        shown.body.replace("\n", "\r\n"), shown.content_type, shown.headers, shown.query, "", "booked"
    )
    assert FormPayload(as_sent, original).recorded().body == b'{"a":1}'
    edited = Shown('{"a": 2}', shown.content_type, shown.headers, shown.query, "", "booked")
    assert FormPayload(edited, original).recorded() == RecordedRequest(
        "booked", b'{"a": 2}', {**JSON, "x-name": "v"}, {"q": "1"}
    )
    assert not FormPayload(as_sent, original).is_sample
    assert FormPayload(Shown(*vars(as_sent).values())).recorded().body == shown.body.encode()


def event(**values: Any) -> dict[str, Any]:
    return {
        "event": "booked", "action": "book", "reason": None, "booking": None, "propexo": None, "errors": [],
        **values,
    }  # fmt: skip


def test_each_event_has_a_column_and_each_value_a_row() -> None:
    booking = {"action": "book", "reference": "7", "unit": None, "contact": {"email": "maya@example.com"}}
    error = {"field": None, "message": "no property"}
    results = [
        {"events": [event(booking=booking)]},
        {"events": [event(), event(action="ignore", reason="the move follows", errors=[error])]},
        {"problem": "RuntimeError: x (line 3)"},
    ]
    columns = columns_of(["a", "b", "c"], results)
    assert [column.name for column in columns] == ["a", "b (1 of 2)", "b (2 of 2)", "c"]
    assert [column.problems for column in columns] == [
        (),
        (),
        ("no property",),
        ("RuntimeError: x (line 3)",),
    ]
    assert {row.field: row.values for row in compared_rows(columns)} == {
        "event": ("booked", "booked", "booked", None),
        "action": ("book", "book", "ignore", None),
        "reference": ("7", None, None, None),
        "email": ("maya@example.com", None, None, None),
        "not forwarded": (None, None, "the move follows", None),
    }


def saved(**more: Any) -> dict[str, Any]:
    samples = [{"name": name, "body": body} for name, body in example_payloads().items()]
    return {"text": skeleton_of("acme", "https://acme.example/docs"), "samples": samples, **more}


@pytest.mark.processes
def test_a_mapping_is_saved_checked_confirmed_and_read_without_a_restart(
    world: Any, api: Any, signed_in: Any, tmp_path: Path
) -> None:
    client = api()
    assert client.put("/api/v1/mappings/acme", json=saved()).json["code"] == "saving_not_allowed"
    world.document["mappings_dir"] = str(tmp_path)
    world.document["console"] = {"save_mappings": True}
    world.restart()
    client = api()
    assert api(Role.OPERATOR).put("/api/v1/mappings/acme", json=saved()).status_code == 403
    assert client.put("/api/v1/mappings/Acme", json=saved()).status_code == 422

    begun = client.post("/api/v1/mappings", json={"name": "acme"}).json
    assert [sample["name"] for sample in begun["payloads"]] == ["booked", "moved", "cancelled"]
    refused = client.put("/api/v1/mappings/acme", json=saved(text=begun["text"]))
    assert refused.status_code == 422
    assert ["link the page" in finding for finding in refused.json["errors"]["findings"]] == [True]
    broken = client.put("/api/v1/mappings/acme", json=saved(text="class"))
    assert "SyntaxError" in broken.json["errors"]["findings"][0]
    assert list(tmp_path.iterdir()) == []

    first = client.put("/api/v1/mappings/acme", json=saved())
    assert first.status_code == 200, first.json
    assert first.json["changes"][-1] == {"name": "acme.py", "is_new": True}
    settings = {"property": "oakwood", "secrets": ["a-long-secret-word"]}
    world.store_source("acme", {"mapping": "acme", **settings})
    assert client.post("/api/v1/mappings", json={"name": "acme"}).json["code"] == "unusable_name"

    text = (
        saved()["text"].replace('path="tour_id"', 'path="tour_id || id"')
        + '    title = fields.String(path="community")\n'
    )
    shown = client.put("/api/v1/mappings/acme", json={"text": text, "accept": ["booked", "moved"]})
    assert ["expected" in finding for finding in shown.json["errors"]["findings"]] == [True], shown.json
    body = {"text": text, "accept": ["booked", "moved", "cancelled"]}
    shown = client.put("/api/v1/mappings/acme", json=body)
    assert (shown.status_code, shown.json["code"]) == (409, "files_replaced")
    assert "+    title" in shown.json["differences"]["acme.py"]
    replaced = client.put("/api/v1/mappings/acme", json={**body, "seen": shown.json["seen"]})
    assert replaced.json["read_at_once"] == ["acme"]
    sources = world.client.application.extensions["live_sources"].sources
    assert "title" in sources["acme"].mapping.fields
    own = client.get("/api/v1/mappings/standard_webhooks").json["text"]
    shown = client.put("/api/v1/mappings/standard_webhooks", json={"text": f"{own}# A remark.\n"})
    assert shown.json["code"] == "files_replaced", shown.json
    assert shown.json["differences"]["standard_webhooks.py"].splitlines()[-1] == "+# A remark."
    with world.database.session() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.object == "mapping")).all()
        assert [(entry.what, entry.object_id, bool(entry.before)) for entry in entries] == [
            ("saved", "acme", False),
            ("saved", "acme", True),
        ]

    browser = signed_in(Role.ADMIN)
    form = {"mapping": "acme", "text": text.replace('title = fields.String(path="community")', "")}
    assert "Accept these bookings" in browser.post("/console/workbench/save", form).text
    assert "Replace 4 files" in browser.post("/console/workbench/save", {**form, "accept": "1"}).text
    assert "title" in (tmp_path / "acme.py").read_text()
    assert signed_in(Role.OPERATOR).post("/console/workbench/save", form).status_code == 403
    bench.close()


@pytest.mark.processes
def test_the_api_knows_a_mapping_as_soon_as_any_process_has_saved_it(
    world: Any, api: Any, tmp_path: Path
) -> None:
    world.document |= {"mappings_dir": str(tmp_path), "console": {"save_mappings": True}}
    world.restart()
    client = api()
    assert client.get("/api/v1/mappings/acme").status_code == 404  # it has read the folder
    assert client.put("/api/v1/mappings/acme", json=saved()).status_code == 200
    assert client.get("/api/v1/mappings/acme").json["text"].strip() == saved()["text"].strip()
    assert "acme" in {mapping["name"] for mapping in client.get("/api/v1/mappings").json["mappings"]}
    source = {"name": "tours", "mapping": "acme", "secret": "a-long-secret-word"}
    assert client.post("/api/v1/sources", json=source).status_code == 201
    bench.close()
