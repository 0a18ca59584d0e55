"""`bridge mappings`: what there is, and the beginning of one's own."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bridge.cli import main
from bridge.cli.overview import authentication
from bridge.inbound.signatures import AllOf, AnyOf, Basic, FirstOf, SharedSecret, Signature, Token
from bridge.mapping.catalogue import Catalogue, load_file

FILES = list(Catalogue().all())
BODY = {
    "event": "tour.booked", "tour_id": 7, "email": "maya@example.com", "name": "Maya Okafor",
    "start": "2031-03-04T16:00:00Z", "property": "oakwood",
}  # fmt: skip
MOVED = {**BODY, "event": "tour.moved", "start": "2031-03-05T16:00:00Z"}
DOCS = "https://acme.example/docs"


pytestmark = pytest.mark.usefixtures("empty_folder")


def call(*arguments: str) -> Result:
    result = CliRunner().invoke(main, ["mappings", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def samples() -> list[str]:
    """The options for two samples of one booking."""
    return ["--sample", written("booked.json", BODY), "--sample", written("moved.json", MOVED)]


def written(name: str, body: Any) -> str:
    """A file with a request's body."""
    text = body if isinstance(body, str) else json.dumps(body)
    Path(name).write_text(text, encoding="utf-8")
    return name


# list, table


def test_the_list_says_for_each_what_a_person_asks():
    rows = {row["name"]: row for row in json.loads(call("list", "--json").stdout)["mappings"]}
    assert list(rows) == [file.name for file in FILES]
    assert rows["calendly"] | {"file": "", "samples": 0, "events": []} == {
        "name": "calendly",
        "sender": "Calendly",
        "category": "scheduler",
        "authentication": "HMAC-SHA256 in Calendly-Webhook-Signature",
        "events": [],
        "maturity": "documented",
        "samples": 0,
        "file": "",
    }
    assert rows["rently"]["maturity"] == "inferred"
    table = call("list").stdout
    for file in FILES:
        assert file.schema.sender() in table


@pytest.mark.parametrize(
    ("scheme", "words"),
    [
        (None, "none: a form in a browser"),
        (Signature(header="X-Sign", algorithm="hmac-sha1"), "HMAC-SHA1 in X-Sign"),
        (Token(), "a secret in Authorization"),
        (Token(scheme="Bearer"), "a secret in Authorization (Bearer)"),
        (Token(query="code"), "a secret in the query parameter code"),
        (Token(body="secret_key"), "a secret in `secret_key` in the body"),
        (Basic(), "user and password (Basic)"),
        (SharedSecret(), "a secret of yours in a header or the address"),
        (SharedSecret("path", "query"), "a secret of yours in the address"),
        (SharedSecret("bearer"), "a secret of yours in a header"),
        (
            FirstOf(Signature(header="X-New"), SharedSecret("path")),
            "HMAC-SHA256 in X-New or a secret of yours in the address",
        ),
        (AnyOf(Basic(), Basic()), "user and password (Basic)"),
        (
            AllOf(Basic(), Signature(header="X-Sign")),
            "user and password (Basic) and HMAC-SHA256 in X-Sign",
        ),
    ],
)
def test_authentication_is_reported_in_words(scheme: Any, words: str):
    assert authentication(scheme) == words


def test_the_table_goes_between_its_markers():
    table = call("table").stdout
    assert len(table.splitlines()) == len(FILES) + 2
    Path("guide.md").write_text(
        "Before\n<!-- mappings: begin -->\nold\n<!-- mappings: end -->\nAfter\n", encoding="utf-8"
    )
    assert call("table", "--write", "guide.md").exit_code == 0
    text = Path("guide.md").read_text(encoding="utf-8")
    assert text == f"Before\n<!-- mappings: begin -->\n{table}<!-- mappings: end -->\nAfter\n"
    Path("other.md").write_text("no markers", encoding="utf-8")
    refused = call("table", "--write", "other.md")
    assert refused.exit_code == 1
    assert "<!-- mappings: begin -->" in refused.stderr


# test


def test_a_mapping_is_checked_by_its_name_its_file_or_its_folder():
    assert call("new", "acme", *samples(), "--docs", DOCS).exit_code == 0
    for what in ("mappings", "mappings/acme.py"):
        assert call("test", what).stdout == "acme: 2 samples, all passed\n"
    assert call("test", "website_form").stdout.startswith("website_form: ")
    Path("bridge.toml").write_text('mappings_dir = "mappings"\n[propexo]\ntoken = "t"\n', encoding="utf-8")
    assert call("test", "acme").stdout == "acme: 2 samples, all passed\n"


@pytest.mark.parametrize(
    ("what", "reported"),
    [
        ("calendy", 'did you mean "calendly"?'),
        ("none.py", "none.py: cannot be loaded"),
        (".", "There is no mapping file in ."),
    ],
)
def test_what_is_not_there_cannot_be_checked(what: str, reported: str):
    result = call("test", what)
    assert (result.exit_code, result.stdout) == (1, "")
    assert reported in result.stderr


# new


def test_a_mapping_is_written_with_its_samples_and_bookings():
    result = call("new", "acme", *samples())
    assert result.exit_code == 0
    folder = Path("mappings/samples/acme")
    names = ("booked.json", "moved.json", "booked.booking.json", "moved.booking.json")
    files = [Path("mappings/acme.py"), *(folder / name for name in names)]
    assert result.stdout.splitlines() == [str(file) for file in files]
    assert files[1].read_bytes() == Path("booked.json").read_bytes()
    booked, moved = (json.loads(file.read_text()) for file in files[3:])
    assert (booked["action"], booked["reference"]) == ("book", "7")
    assert (moved["action"], moved["reference"]) == ("reschedule", "7")
    assert "Still to do: Its docstring has to link the page" in result.stderr
    [finding] = call("test", "mappings").stderr.splitlines()
    assert "link the page" in finding


def test_what_one_sample_does_not_show_is_left_to_do():
    result = call("new", "acme", "--sample", written("booked.json", BODY), "--docs", DOCS)
    assert result.exit_code == 0
    assert "Still to do: booked.json: reference: found nothing at `choose`" in result.stderr
    text = Path("mappings/acme.py").read_text()
    assert '#   perhaps "tour_id"' in text
    Path("mappings/acme.py").write_text(text.replace('"choose"', '"tour_id"'), encoding="utf-8")
    accepted = call("test", "mappings", "--accept")
    assert accepted.stdout.splitlines() == [
        "mappings/samples/acme/booked.booking.json",
        "acme: 1 samples, all passed",
    ]


def test_samples_of_one_name_have_files_of_their_own():
    Path("other").mkdir()
    another = {**BODY, "tour_id": 8, "email": "jonas@example.com"}
    call("new", "acme", *samples(), "--sample", written("other/booked.json", another))
    folder = Path("mappings/samples/acme")
    assert json.loads((folder / "booked.2.json").read_text())["tour_id"] == 8
    assert json.loads((folder / "booked.2.booking.json").read_text())["reference"] == "8"


def test_nothing_is_replaced_unless_requested():
    sample = written("booked.json", BODY)
    call("new", "acme", "--sample", sample)
    Path("mappings/acme.py").write_text("mine", encoding="utf-8")
    refused = call("new", "acme", "--sample", sample)
    assert refused.exit_code == 1
    assert refused.stderr.splitlines() == [
        "mappings/acme.py already exists; use --force to replace it.",
        "mappings/samples/acme/booked.json already exists; use --force to replace it.",
    ]
    assert Path("mappings/acme.py").read_text() == "mine"
    assert call("new", "acme", "--sample", sample, "--force").exit_code == 0
    assert load_file(Path("mappings/acme.py")).schema.sender() == "Acme"


def test_it_goes_to_the_folder_of_the_configuration_or_the_one_that_is_named():
    sample = written("booked.json", BODY)
    Path("elsewhere.toml").write_text('mappings_dir = "own"\n[propexo]\ntoken = "t"\n', encoding="utf-8")
    assert call("new", "acme", "--sample", sample, "--config", "elsewhere.toml").exit_code == 0
    assert Path("own/acme.py").exists()
    assert call("new", "acme", "--sample", sample, "--folder", "third").exit_code == 0
    assert Path("third/samples/acme/booked.json").exists()


FORM = "event=booked&booking_id=7&email=maya%40example.com&tour_date=2031-03-04&tour_time=10%3A30"
XML = """\
<booking>
  <id>7</id> <event>booked</event> <start>2031-03-04T16:00:00Z</start> <email>m@example.com</email>
</booking>
"""
PARTS = {"event": "booked", "booking_id": "7", "email": "m@example.com", "start": "2031-03-04 10:30"}
MULTIPART = "".join(
    f'--xyz\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
    for name, value in PARTS.items()
)
MULTIPART += "--xyz--\r\n"


@pytest.mark.parametrize(
    ("name", "body", "ending"),
    [
        ("request.json", json.dumps(BODY), ".json"),
        ("request.txt", json.dumps(BODY), ".json"),
        ("request.form", FORM, ".form"),
        ("request", FORM, ".form"),
        ("request.xml", XML, ".xml"),
        ("request", XML, ".xml"),
        ("request.form", MULTIPART, ".form"),
        ("request", MULTIPART, ".form"),
    ],
)
def test_any_body_may_be_a_sample(name: str, body: str, ending: str):
    header = ("--header", "Content-Type: multipart/form-data; boundary=xyz") if body is MULTIPART else ()
    options = header if name.endswith(".form") else ()
    result = call("new", "acme", "--sample", written(name, body), "--docs", DOCS, *options)
    assert result.exit_code == 0, result.stderr
    assert Path(f"mappings/samples/acme/request{ending}").read_bytes() == Path(name).read_bytes()
    mapping = Path("mappings/acme.py")
    id_path = "booking.id" if ending == ".xml" else "tour_id" if ending == ".json" else "booking_id"
    mapping.write_text(mapping.read_text().replace('"choose"', f'"{id_path}"'), encoding="utf-8")
    assert call("test", "mappings", "--accept").stdout.endswith("acme: 1 samples, all passed\n")


def test_headers_that_the_mapping_reads_are_kept_and_secrets_are_not():
    sample = written("booked.json", {name: value for name, value in BODY.items() if name != "event"})
    moved = written("moved.json", {name: value for name, value in MOVED.items() if name != "event"})
    secret = "X-Acme-Signature: 5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd"
    given = ("--header", secret, "--header", "X-Topic: booked")
    call("new", "acme", "--sample", sample, "--sample", moved, "--docs", DOCS, *given)
    folder = Path("mappings/samples/acme")
    assert json.loads((folder / "booked.headers.json").read_text()) == {"x-topic": "booked"}
    assert b"5257a8" not in b"".join(
        file.read_bytes() for file in Path("mappings").rglob("*.*") if file.is_file()
    )
    assert 'Signature(header="X-Acme-Signature")' in Path("mappings/acme.py").read_text()


def test_an_event_whose_action_is_still_to_do_is_reported_and_not_accepted():
    payloads = {
        name: {k: v for k, v in body.items() if k != "event"}
        for name, body in (("booked", BODY), ("moved", MOVED))
    }
    given = [part for name, body in payloads.items() for part in ("--sample", written(f"{name}.json", body))]
    result = call("new", "acme", *given, "--docs", DOCS)
    assert "Still to do: booked.json: event: found 'booked'" in result.stderr
    accepted = call("test", "mappings", "--accept")
    assert accepted.exit_code == 1
    assert "expected a rule for this event, which is still to do" in accepted.stderr
    assert not list(Path("mappings/samples/acme").glob("*.booking.json"))


@pytest.mark.parametrize(
    ("arguments", "status", "reported"),
    [
        (["Acme"], 2, "use small letters"),
        (["../acme"], 2, "use small letters"),
        (["acme"], 2, "Give --sample FILE or --event ID"),
        (["acme", "--event", "1", "--sample", "bad.json"], 2, "Give --sample FILE or --event ID"),
        (["acme", "--sample", "none.json"], 2, "does not exist"),
        (
            ["acme", "--sample", "bad.json"],
            1,
            "There is nothing to write a mapping from. The body begins with",
        ),
        (["acme", "--sample", "list.json"], 1, "holds no object"),
    ],
)
def test_what_nothing_can_be_written_from_is_reported(arguments: list[str], status: int, reported: str):
    written("bad.json", "{")
    written("list.json", "[1, 2]")
    result = call("new", *arguments)
    assert result.exit_code == status
    assert reported in " ".join(result.stderr.split())
    assert not Path("mappings").exists()


def test_a_mapping_that_stands_in_for_one_of_the_bridge_is_reported():
    result = call("new", "calendly", "--sample", written("booked.json", BODY))
    assert "it replaces the bridge's own mapping calendly" in result.stderr
