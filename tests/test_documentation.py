"""The documentation is true: what it names is there, what is there is named, and its examples work."""

import importlib
import json
import pkgutil
import re
import shlex
import threading
import tomllib
import urllib.error
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner
from flask.testing import FlaskClient
from jmespath.functions import Functions
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.serving import WSGIRequestHandler, make_server

import bridge
from bridge import settings
from bridge.app import create_app
from bridge.cli import main
from bridge.cli.overview import with_table
from bridge.database import Database
from bridge.errors import BridgeError
from bridge.forwarding.outcomes import Reason
from bridge.inbound import signatures
from bridge.inbound.inbox import STORED_HEADERS
from bridge.mapping import Action, Api, Fetch, Mapping, fields
from bridge.mapping.base import BOOKING_FIELDS
from bridge.mapping.catalogue import Catalogue, load_file
from bridge.mapping.paths import Received
from bridge.metrics import GAUGES, Told

ROOT = Path(__file__).parents[1]
README, GUIDE, DEPLOY = ROOT / "README.md", ROOT / "mappings/README.md", ROOT / "deploy/README.md"
ERRORS, METRICS = ROOT / "deploy/errors.md", ROOT / "deploy/metrics.md"
DOCUMENTS = [README, GUIDE, DEPLOY, ERRORS, METRICS, ROOT / "tests/README.md", ROOT / "CHANGELOG.md"]
TEXTS = {document: document.read_text(encoding="utf-8") for document in DOCUMENTS}
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SITE = "https://www.example.com"
NO_GAUGE = Told("")


def blocks(document: Path, language: str) -> list[str]:
    """The fenced blocks of one language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", TEXTS[document], re.MULTILINE | re.DOTALL)
    return [text for told, text in fenced if told == language]


def block(language: str, words: str) -> str:
    """The one block of the guide to mappings that holds these words."""
    [found] = [text for text in blocks(GUIDE, language) if words in text]
    return found


def code_words(document: Path) -> set[str]:
    """What stands `like this`, outside blocks."""
    prose = re.sub(r"^```.*?^```", "", TEXTS[document], flags=re.MULTILINE | re.DOTALL)
    return {" ".join((two or one).split()) for two, one in re.findall(r"``(.+?)``|`([^`]+)`", prose)}


# Commands.


def commands(group: click.Group = main, *before: str) -> Iterator[tuple[str, ...]]:
    """Every command, also below groups, by its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
        else:
            yield (*before, name)


def command_lines() -> Iterator[tuple[str, str]]:
    """Each `bridge ...` in the documents, without what a shell would do besides."""
    for document in DOCUMENTS:
        in_blocks = [
            line
            for text in [*blocks(document, "sh"), *blocks(document, "")]
            for line in text.splitlines()
            if line.startswith("bridge ")
        ]
        for line in [
            *in_blocks,
            *(word for word in sorted(code_words(document)) if word.startswith("bridge ")),
        ]:
            yield document.parent.name, re.split(r" [#|&]", line)[0].strip()


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_every_command_is_named(command: tuple[str, ...]) -> None:
    line = re.compile(rf"\bbridge {' '.join(command)}\b")
    assert any(line.search(text) for text in TEXTS.values())


@pytest.mark.parametrize(("where", "line"), list(command_lines()))
def test_every_command_that_is_named_exists(where: str, line: str) -> None:
    command: click.Command = main
    words = shlex.split(line)[1:]
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None, line
        command = found
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    assert {word for word in words if word.startswith("--")} <= known


# Error codes.


def kinds_of(error: type[BridgeError]) -> Iterator[type[BridgeError]]:
    for kind in error.__subclasses__():
        yield kind
        yield from kinds_of(kind)


def test_every_error_code_is_documented_and_every_documented_one_exists() -> None:
    for module in pkgutil.walk_packages(bridge.__path__, "bridge."):
        if not module.name.startswith(("bridge.migrations", "bridge.__main__")):
            importlib.import_module(module.name)
    kinds = {kind.code: kind for kind in kinds_of(BridgeError) if kind.code != BridgeError.code}
    rows = {
        code: f"| `{code}` | {getattr(kind, 'status', '')} | {(kind.__doc__ or '').partition('.')[0]}. |"
        for code, kind in kinds.items()
    }
    rows["internal_error"] = "| `internal_error` | 500 | A defect of the bridge. |"
    told = dict(re.findall(r"^\| `(\w+)` \|\s*(\d*)\s*\|", TEXTS[ERRORS], re.MULTILINE))
    missing = [row for code, row in rows.items() if told.get(code) != row.split("|")[2].strip()]
    assert not missing, f"{ERRORS.name} needs\n" + "\n".join(missing)
    assert told.keys() <= rows.keys()


# Metrics.


def documented_metrics() -> dict[str, tuple[str, list[str]]]:
    """Type and labels of each metric in deploy/metrics.md."""
    rows = re.findall(r"^\| `(bridge_\w+)` \| (\w+) \| (.*?) ?\|", TEXTS[METRICS], re.MULTILINE)
    return {name: (kind, re.findall(r"`(\w+)`", labels)) for name, kind, labels in rows}


def test_the_table_of_metrics_is_what_a_scrape_tells(app: Any) -> None:
    scrape = text_string_to_metric_families(app.test_client().get("/metrics").text)
    found = {f"{family.name}_total" if family.type == "counter" else family.name: family for family in scrape}
    documented = documented_metrics()
    assert documented.keys() == found.keys()
    for name, (kind, labels) in documented.items():
        told = {label for sample in found[name].samples for label in sample.labels} - {"le"}
        assert (kind, set(labels)) == (found[name].type, told or set(GAUGES.get(name, NO_GAUGE).labels)), name


def test_metrics_have_a_prefix_base_units_and_help(app: Any) -> None:
    for family in text_string_to_metric_families(app.test_client().get("/metrics").text):
        assert family.name.startswith("bridge_")
        assert family.documentation.endswith((".", "never", "none"))
        assert not re.search(r"_(minutes|hours|ms|milliseconds|percent)(_|$)", family.name)


MONITORING = ROOT / "deploy/monitoring"


def expressions() -> Iterator[tuple[str, str]]:
    """Each expression of the rules and of the dashboard, with what it is for."""
    for group in yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"]["summary"].endswith(".")
            yield rule["alert"], rule["expr"]
    for panel in json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


@pytest.mark.parametrize(("what", "expression"), list(expressions()))
def test_rules_and_dashboard_ask_for_metrics_and_labels_that_exist(what: str, expression: str) -> None:
    known = documented_metrics()
    asked = re.findall(r"\bbridge_\w+", expression)
    assert asked
    names = {re.sub(r"_(bucket|sum|count)$", "", name) if name not in known else name for name in asked}
    assert names <= known.keys()
    labels = {label for name in names for label in known[name][1]} | {"le"}
    for found in re.findall(r"by \(([\w, ]+)\)", expression):
        assert set(found.split(", ")) <= labels
    for label in re.findall(r"[{,](\w+)[!=]", expression):
        assert label in labels
    assert expression.count("(") == expression.count(")")


def test_the_dashboard_shows_every_metric_or_a_rule_watches_it() -> None:
    text = " ".join(expression for _, expression in expressions())
    missing = [name for name in documented_metrics() if name not in text]
    assert missing == ["bridge_events_duplicate_total"]


# Settings.


def settings_shown() -> dict[str, Any]:
    """The template with all that it comments out."""
    return tomllib.loads(re.sub(r"^#(?=\S)", "", settings.template(), flags=re.MULTILINE))


def keys(table: dict[str, Any], *before: str) -> Iterator[tuple[str, ...]]:
    """The path of each key; names that the operator chooses are `*`."""
    for name, value in table.items():
        chosen = before in {("properties",), ("sources",)} or before[2:] in {
            ("units",),
            ("agents",),
            ("lead_sources",),
        }
        at = (*before, "*" if chosen else name)
        yield at
        if isinstance(value, dict):
            yield from keys(value, *at)


KEYS = set(keys(settings_shown()))


@pytest.mark.parametrize(
    "text", [text for document in DOCUMENTS for text in blocks(document, "toml")], ids=lambda text: text[:20]
)
def test_every_toml_example_has_keys_that_exist(text: str) -> None:
    assert set(keys(tomllib.loads(text))) <= KEYS


def test_every_setting_that_is_named_exists() -> None:
    names = {path[-1] for path in KEYS}
    for document in DOCUMENTS:
        for word in code_words(document):
            key = re.match(r"(\w+) = [\"\[{]", word)
            assert key is None or key[1] in names, word
            section = re.fullmatch(r"(propexo|server)\.(\w+)", word)
            assert section is None or section.groups() in KEYS, word
        for variable in re.findall(r"\bBRIDGE_(\w+__\w+)=", TEXTS[document]):
            assert tuple(variable.lower().split("__")) in KEYS, variable
    only_settings = {word for word in code_words(DEPLOY) if re.fullmatch(r"[a-z]+_[a-z_]+", word)}
    assert only_settings <= names


# Links.


def anchors(document: Path) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", TEXTS[document], re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_our_files_resolve(document: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", TEXTS[document]):
        name, _, anchor = target.partition("#")
        if "://" in target:
            continue
        file = (document.parent / name).resolve() if name else document
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_that_are_named_exist(document: Path) -> None:
    for word in code_words(document):
        if re.fullmatch(r"(bridge|tests|forwarding|propexo)/[\w/]+(\.py|/)?", word):
            assert (ROOT / word).exists() or (ROOT / "tests" / word).exists(), word


def test_every_folder_of_tests_is_described() -> None:
    folders = {file.parent.name for file in (ROOT / "tests").glob("*/test_*.py")}
    assert {f"{folder}/" for folder in folders} <= code_words(ROOT / "tests/README.md")


# What an author of mappings must know.


def test_the_table_of_the_mappings_is_true() -> None:
    """The guide ends in it; the README leads there."""
    files = Catalogue().all()
    told = f"Run `bridge mappings table --write {GUIDE.relative_to(ROOT)}`: a mapping has changed."
    assert with_table(TEXTS[GUIDE], files) == TEXTS[GUIDE], told
    assert {file.name for file in files} <= code_words(GUIDE)
    assert "](mappings/README.md" in TEXTS[README]


def test_every_booking_field_is_described() -> None:
    rows = [line.split("|")[1] for line in TEXTS[GUIDE].splitlines() if line.startswith("| ")]
    first_cells = {word for row in rows for word in re.findall(r"`(\w+)`", row)}
    assert first_cells >= BOOKING_FIELDS


def test_every_type_of_field_is_described() -> None:
    types = [
        name
        for name, value in vars(fields).items()
        if isinstance(value, type) and issubclass(value, fields.Field) and value is not fields.Field
    ]
    assert types
    for name in types:
        assert re.search(rf"`{name}\b", TEXTS[GUIDE]), name


def test_every_part_of_a_mapping_is_described() -> None:
    parts = {name for name in Mapping.__annotations__ if not name.startswith("_")}
    options = signatures.Signature.__dataclass_fields__.keys()
    of_api = {name for one in (Api, Fetch) for name in one.__dataclass_fields__}
    for name in parts | options | of_api:
        assert re.search(rf"\b{name}\b", TEXTS[GUIDE]), name


def test_every_function_of_a_path_is_described() -> None:
    outside = Received({}, {}).options.custom_functions
    named = [name.removeprefix("_func_") for name in dir(outside) if name.startswith("_func_")]
    ours = [name for name in named if not hasattr(Functions, f"_func_{name}")]
    assert len(ours) > 8
    for name in ours:
        assert re.search(rf"`{name}\(", TEXTS[GUIDE]), name


def test_every_action_is_described() -> None:
    for action in Action:
        assert re.search(rf"`{action.upper()}\b", TEXTS[GUIDE]), action


def test_the_stored_headers_are_named() -> None:
    named = {word.lower() for word in code_words(GUIDE)}
    assert set(STORED_HEADERS) <= named


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_its_advice(reason: Reason) -> None:
    assert reason.advice.endswith(".")


# The examples.


def run(*args: str) -> dict[str, Any]:
    result = CliRunner().invoke(main, list(args))
    assert result.exit_code == 0, result.stderr
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_the_mapping_to_copy_works(tmp_path: Path) -> None:
    samples = tmp_path / "samples/acme"
    samples.mkdir(parents=True)
    (tmp_path / "acme.py").write_text(block("python", "class Acme"))
    (samples / "booked.json").write_text(block("json", "evt_1"))
    [event] = run("translate", str(tmp_path / "acme.py"), "booked")["events"]
    booking = event["booking"]
    assert (booking["action"], booking["reference"], booking["property"]) == ("book", "7", "Oakwood Flats")
    assert booking["contact"] == {
        "first_name": "Maya", "last_name": "Okafor", "email": "maya@example.com", "phone": "+15125550142"
    }  # fmt: skip
    assert booking["starts_at"] == "2031-03-04T16:30:00Z"
    assert booking["notes"] == "Phone: (512) 555-0142\nMove-in: April"

    (samples / "booked.booking.json").write_text(json.dumps(booking))
    body = json.loads(block("json", "evt_1"))
    ignored = json.loads(next(word for word in code_words(GUIDE) if word.startswith('{"action": "ignore"')))
    for name, more in {"moved": {}, "cancelled": {}, "replaced": {"moved_to": 8}}.items():
        event_name = "cancelled" if name == "replaced" else name
        sample = {**body, "event": event_name, "data": {**body["data"], **more}}
        (samples / f"{name}.json").write_text(json.dumps(sample))
        [event] = run("translate", str(tmp_path / "acme.py"), name)["events"]
        expected = ignored if name == "replaced" else event["booking"]
        (samples / f"{name}.booking.json").write_text(json.dumps(expected))
    result = CliRunner().invoke(main, ["mappings", "test", str(tmp_path)])
    assert (result.exit_code, result.stderr) == (0, "")


def test_the_signatures_to_copy_can_be_declared() -> None:
    known = {name: getattr(signatures, name) for name in signatures.__all__}
    whole = {word for word in code_words(GUIDE) if re.match(rf"({'|'.join(known)})\(.*\)$", word)}
    options = re.findall(r"with `((?:parse|encoding|timestamp_header|algorithm|signs)=.*?)`", TEXTS[GUIDE])
    written = [*whole, *(f'Signature(header="X-Sign", {option})' for option in options)]
    assert len(written) >= 18
    for scheme in written:
        assert eval(scheme, known).where


@pytest.mark.parametrize("text", [text for text in blocks(GUIDE, "python") if "\n\n\nclass " in text])
def test_every_mapping_to_copy_can_be_loaded(text: str, tmp_path: Path) -> None:
    (tmp_path / "copied.py").write_text(text, encoding="utf-8")
    assert load_file(tmp_path / "copied.py").schema.event_names()


OWN_BODY = json.loads(block("json", "TB-55120"))


def translate(document: Any, mapping: str = "standard_webhooks") -> Any:
    return Catalogue().get(mapping).schema().translate(Received(document, {}))


def test_the_body_to_copy_is_read_whole() -> None:
    booking = translate(OWN_BODY).booking
    data = OWN_BODY["data"]
    assert (booking.reference, booking.property, booking.unit) == (
        data["booking_id"],
        data["property"],
        data["unit"],
    )
    assert (booking.agent, booking.lead_source) == (data["agent"], data["lead_source"])
    assert (booking.lead_id, booking.previous_reference) == (None, None)
    assert vars(booking.contact) == data["prospect"]
    tour = data["tour"]
    assert (booking.kind, booking.title, booking.notes) == (tour["type"], tour["title"], tour["notes"])
    assert (booking.starts_at.isoformat(), booking.duration_minutes) == ("2031-03-04T16:30:00+00:00", 30)
    assert booking.occurred_at.isoformat() == "2026-11-24T15:50:00+00:00"


def without(document: Any, path: str) -> Any:
    """The body without one of its keys."""
    copy = json.loads(json.dumps(document))
    *tables, last = path.split(".")
    inner = copy["data"]
    for table in tables:
        inner = inner[table]
    del inner[last]
    return copy


MINIMAL = {
    "tour.booked": {
        "booking_id": "B",
        "tour": {"start": "2031-03-04T10:30:00Z"},
        "prospect": {"email": "maya@example.com"},
    },
    "tour.rescheduled": {"booking_id": "B", "tour": {"start": "2031-03-04T10:30:00Z"}},
    "tour.cancelled": {"booking_id": "B"},
}


@pytest.mark.parametrize("kind", MINIMAL)
def test_the_table_names_what_each_type_needs(kind: str) -> None:
    [row] = re.findall(rf"^\| `{kind}` \|(.*)\|$", TEXTS[GUIDE], re.MULTILINE)
    named = re.findall(r"`([\w.]+)`", row)
    body = {"type": kind, "data": MINIMAL[kind]}
    assert translate(body).booking is not None
    for path in ("booking_id", "tour.start", "prospect.email"):
        if path.split(".")[0] in MINIMAL[kind]:
            assert path in named
            assert translate(without(body, path)).errors


# At the door.


class Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep the test output clean."""


@pytest.fixture
def app(database: Database) -> Any:
    """The web process, with the sources that the guide speaks of."""
    document = {
        "propexo": {"token": "t"},
        "properties": {
            "oakwood": {
                "integration_id": "i",
                "property_id": "p",
                "pms": "RENTMANAGER",
                "time_zone": "America/Chicago",
            }
        },
        "sources": {
            "own": {"mapping": "standard_webhooks", "secrets": [SECRET]},
            "website": {"mapping": "website_form", "origins": [SITE]},
        },
    }
    return create_app(settings.parse(document, {}), database)


@pytest.fixture
def address(app: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where it can be reached over HTTP."""
    monkeypatch.setenv("no_proxy", "*")
    server = make_server("127.0.0.1", 0, app, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hooks"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_signing_example_is_accepted(address: str) -> None:
    names: dict[str, Any] = {}
    exec(block("python", "def send"), names)
    send = names["send"]
    first = send(f"{address}/own", SECRET, "msg_1", OWN_BODY)
    assert first == {"id": first["id"], "status": "received"}
    assert send(f"{address}/own", SECRET, "msg_1", OWN_BODY) == {**first, "duplicate": True}
    batch = send(f"{address}/own", SECRET, "msg_2", [OWN_BODY, {**OWN_BODY, "type": "tour.cancelled"}])
    assert (batch["status"], len(batch["events"])) == ("received", 2)
    with pytest.raises(urllib.error.HTTPError) as refused:
        send(f"{address}/own", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "msg_3", OWN_BODY)
    assert refused.value.code == 401
    refused.value.close()


class Form(HTMLParser):
    """The fields of a form with something that a visitor may put in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        typed = {"email": "maya@example.com", "tel": "512-555-0142", "date": "2031-03-04", "time": "10:30"}
        name = given.get("name")
        if tag == "select":
            self._select = name or ""
        elif tag == "option":
            self.values.setdefault(self._select, given["value"] or "")
        elif tag in {"input", "textarea"} and name:
            self.values[name] = given.get("value") or typed.get(given.get("type") or "", "Maya")


def test_the_form_to_copy_is_accepted_with_its_script_and_without(app: Any) -> None:
    html = block("html", "<form")
    client: FlaskClient = app.test_client()
    values = Form(html).values
    booking = translate(values, "website_form").booking
    assert set(values) <= set(re.findall(r"[a-z_]+", " ".join(where for where in form_paths())))
    assert (booking.property, booking.kind, booking.notes) == ("oakwood", "in_person", "Maya")
    assert (booking.contact.phone, booking.starts_at_local.isoformat()) == (
        "+15125550142",
        "2031-03-04T10:30:00",
    )

    names = re.findall(r'"([A-Z][\w-]+)": "', html)
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": ", ".join(names)}
    allowed = client.options("/hooks/website", headers={"Origin": SITE, **asked})
    assert allowed.headers["Access-Control-Allow-Origin"] == SITE
    assert allowed.headers["Access-Control-Allow-Headers"].lower() == ", ".join(names).lower()
    as_json = client.post("/hooks/website", json=values, headers={"Origin": SITE})
    assert (as_json.status_code, as_json.headers["Access-Control-Allow-Origin"]) == (200, SITE)
    assert client.post("/hooks/website", data=values, headers={"Origin": SITE}).status_code == 200
    assert client.post("/hooks/website", json=values, headers={"Origin": "https://other"}).status_code == 403


def form_paths() -> list[str]:
    mapping = Catalogue().get("website_form").schema()
    return [field.where for _, field in mapping.paths()]


def test_the_form_has_no_other_fields_than_the_guide_names() -> None:
    section = TEXTS[GUIDE].partition("## A form on your website")[2]
    for path in {path for where in form_paths() for path in where.split(" | ")}:
        assert re.search(rf"\b{path}\b", section), path


def test_the_error_of_a_form_is_the_one_shown(app: Any) -> None:
    shown = json.loads(block("json", "invalid_form"))
    values = {**Form(block("html", "<form")).values, "email": "maya"}
    answer = app.test_client().post("/hooks/website", json=values, headers={"Origin": SITE})
    assert {name: answer.json[name] for name in shown} == shown
    answer = app.test_client().post(
        "/hooks/website", json={**values, "time": "late"}, headers={"Origin": SITE}
    )
    assert {"email", "date", "time"} <= answer.json["errors"].keys()
