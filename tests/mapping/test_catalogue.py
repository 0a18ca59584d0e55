"""Mapping files are found by their names, and what is wrong with one is told with the file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.errors import ConfigurationError, UnknownSourceError
from bridge.mapping.catalogue import Catalogue, load_file
from bridge.mapping.paths import DecodedRequest
from bridge.mapping.sources import Sources
from bridge.settings import parse

SHIPPED = sorted(Catalogue().paths)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HEAD = """\
from bridge.inbound.signatures import Token
from bridge.mapping import BOOK, Mapping, When, fields, path

"""
OWN = (
    HEAD
    + """\
class Own(Mapping):
    '''Our own sender'''
    signature = Token()
    event = path("kind")
    actions = [When(then=BOOK)]
    reference = fields.String(path="id", required=True)
"""
)


def write(folder: Path, text: str, name: str = "own.py") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def problems(raised: pytest.ExceptionInfo[ConfigurationError]) -> list[str]:
    return [str(problem) for problem in raised.value.problems]


def test_the_shipped_mappings_are_found() -> None:
    files = {file.name: file for file in Catalogue().all()}
    assert list(files) == SHIPPED
    assert {"cal_com", "calendly", "standard_webhooks", "website_form"} <= files.keys()
    assert files["cal_com"].schema.sender() == "Cal.com"
    assert files["cal_com"].samples_folder.parts[-2:] == ("samples", "cal_com")


def test_a_file_in_the_operators_folder_is_a_mapping(tmp_path: Path) -> None:
    write(tmp_path, OWN)
    write(tmp_path, "no mapping", "_shared.py")
    write(tmp_path, "no mapping", "notes.txt")
    catalogue = Catalogue(tmp_path)
    assert sorted(catalogue.paths.keys() - SHIPPED) == ["own"]
    assert catalogue.get("own").schema.sender() == "Our own sender"
    assert catalogue.get("own") is catalogue.get("own")


def test_the_operators_file_wins(tmp_path: Path) -> None:
    file = write(tmp_path, OWN, "calendly.py")
    assert Catalogue(tmp_path).get("calendly").path == file


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("calendy", 'did you mean "calendly"?'),
        ("cal.com", 'did you mean "cal_com"?'),
        ("zzz", "`bridge mappings list` shows those that there are"),
        ("../calendly", 'did you mean "calendly"?'),
    ],
)
def test_an_unknown_name_is_reported_with_the_nearest(name: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        Catalogue().get(name)
    assert problems(raised) == [f"{name}: no mapping of this name; {hint}"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD, "holds 0 mappings; expected one class that extends Mapping"),
        (
            OWN + OWN.removeprefix(HEAD).replace("Own", "Two"),
            "holds 2 mappings; expected one class that extends Mapping",
        ),
        (
            OWN.replace("    signature = Token()\n", ""),
            "has no `signature`; set how this sender authenticates, or",
        ),
        (OWN.replace("    event =", "    kind ="), "has no `event`; set where the name of the event is"),
        (OWN.replace("    actions =", "    rules ="), "has no `actions`; add at least one rule"),
        (OWN.replace("[When(then=BOOK)]", "[]"), "has no `actions`; add at least one rule"),
        (
            OWN.replace("bridge.mapping", "bridge.maping"),
            "cannot be loaded: ModuleNotFoundError: No module named",
        ),
        (OWN + "    def", "cannot be loaded: SyntaxError: "),
        (
            OWN.replace('path="id"', 'path="id["'),
            "cannot be loaded: ValueError: `id[` is not a JMESPath expression",
        ),
        (
            OWN.replace("reference", "referense"),
            "cannot be loaded: TypeError: Own: a booking has no field `referense`; did",
        ),
        (OWN.replace("Token()", "Token(head='X')"), "cannot be loaded: TypeError: "),
    ],
)
def test_what_is_wrong_with_a_file_is_reported_with_its_path(tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as raised:
        load_file(file)
    assert [reported.startswith(f"{file}: {message}") for reported in problems(raised)] == [True], problems(
        raised
    )


@pytest.mark.parametrize("name", ["own.txt", "none.py"])
def test_a_file_that_is_no_python_is_reported(tmp_path: Path, name: str) -> None:
    if name == "own.txt":
        write(tmp_path, OWN, name)
    with pytest.raises(ConfigurationError, match=name):
        load_file(tmp_path / name)


def test_a_public_form_needs_no_signature(tmp_path: Path) -> None:
    file = write(tmp_path, OWN.replace("signature = Token()", "public = True"))
    assert load_file(file).schema.public


# Sources.


def sources(**configured: dict[str, Any]) -> Sources:
    return Sources(parse({"propexo": {"token": "t"}, "sources": configured}, {}), Catalogue())


def test_a_source_is_a_mapping_with_its_settings() -> None:
    found = sources(
        one={"mapping": "standard_webhooks", "secrets": [SECRET]},
        two={"mapping": "standard_webhooks", "secrets": [SECRET], "phone_region": "CH"},
    )
    assert [source.name for source in found] == ["one", "two"]
    assert found["one"].file is found["two"].file
    assert found["one"].mapping is not found["two"].mapping
    with pytest.raises(UnknownSourceError):
        found["three"]


def test_all_that_keeps_sources_from_working_is_reported_at_once() -> None:
    with pytest.raises(ConfigurationError) as raised:
        sources(
            a={"mapping": "calendy", "secrets": ["s"]},
            b={"mapping": "calendly"},
            c={"mapping": "standard_webhooks", "secrets": [SECRET, "not base64!"]},
            d={"mapping": "website_form"},
            e={"mapping": "calendly", "secrets": ["fine"]},
            f={"mapping": "calendly", "enabled": False},
        )
    reported = problems(raised)
    keys = [
        "sources.a.mapping",
        "sources.b.secrets",
        "sources.c.secrets",
        "sources.d.origins",
        "sources.f.secrets",
    ]
    assert [problem.split(":")[0] for problem in reported] == keys
    assert "Secret 2 of 2" in reported[2]
    assert "not base64!" not in repr(reported)


@pytest.mark.parametrize(
    ("zone", "given", "instant", "wall"),
    [
        (None, "2026-12-03T14:30:00+01:00", datetime(2026, 12, 3, 13, 30, tzinfo=UTC), None),
        ("Europe/Madrid", "2026-12-03T14:30:00+01:00", None, datetime(2026, 12, 3, 14, 30)),  # noqa: DTZ001 - wall time
        ("Europe/Madrid", "2026-12-03T14:30:00-06:00", datetime(2026, 12, 3, 20, 30, tzinfo=UTC), None),
        ("Europe/Madrid", "2026-12-03T14:30:00Z", datetime(2026, 12, 3, 14, 30, tzinfo=UTC), None),
    ],
)
def test_the_offset_of_a_bots_agent_counts_for_nothing(
    zone: str | None, given: str, instant: datetime | None, wall: datetime | None
) -> None:
    of_agent = {"agent_time_zone": zone} if zone else {}
    found = sources(bot={"mapping": "dialogflow_es", "secrets": ["user:password"], **of_agent})
    query = {
        "action": "tour.book",
        "allRequiredParamsPresent": True,
        "parameters": {"email": "maya@example.com", "date-time": given},
    }
    booking = (
        found["bot"].mapping.translate(DecodedRequest({"queryResult": query, "session": "s/1"}, {})).booking
    )
    assert booking is not None
    assert (booking.starts_at, booking.starts_at_local) == (instant, wall)


def test_only_a_bot_has_an_agents_zone() -> None:
    with pytest.raises(ConfigurationError) as raised:
        sources(one={"mapping": "standard_webhooks", "secrets": [SECRET], "agent_time_zone": "Europe/Madrid"})
    assert [problem.split(":")[0] for problem in problems(raised)] == ["sources.one.agent_time_zone"]
