"""The reference of settings is complete, and what it says of a default is what bridge.toml would have to write."""

import json
import tomllib
from typing import Any

import pytest
from click.testing import CliRunner
from marshmallow import Schema
from marshmallow import fields as marshmallow_fields

from bridge import settings as configuration
from bridge.cli import main
from bridge.settings.fields import Setting
from bridge.settings.reference import DECLARED_BY, SettingRow, settings_reference, toml
from bridge.settings.schema import Document

ROWS = settings_reference()


def field_of(row: SettingRow) -> Setting:
    """The field of the schema that reads a setting."""
    schema: Schema = Document()
    for part in [part for part in row.table.split(".") if part not in {"", "<key>"}]:
        field: Any = schema.fields[part]
        schema = field.schema if isinstance(field, marshmallow_fields.Nested) else field.read_value.__self__
    found = schema.fields[row.key]
    assert isinstance(found, Setting)
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.variable)
def test_a_setting_says_what_it_does_and_its_default_is_what_the_file_would_say(row: SettingRow) -> None:
    assert row.description.endswith((".", "..."))
    assert row.type
    if row.default is not None:
        assert not row.required
        read = field_of(row).deserialize(tomllib.loads(f"key = {row.default}")["key"])
        assert toml(read) == row.default


def test_every_table_of_the_schema_is_listed() -> None:
    assert {row.table for row in ROWS} == DECLARED_BY.keys()
    assert len({row.variable for row in ROWS}) == len(ROWS)


def test_a_variable_of_the_reference_sets_its_setting() -> None:
    [row] = [row for row in ROWS if row.key == "pms_time"]
    assert row.variable == "BRIDGE_PROPERTIES__<KEY>__PMS_TIME"
    document = {
        "propexo": {"token": "t"},
        "properties": {
            "oak-wood": {
                "integration_id": "i",
                "property_id": "p",
                "pms": "MRI",
                "time_zone": "America/Chicago",
            }
        },
    }
    read = configuration.parse(document, {row.variable.replace("<KEY>", "OAK_WOOD"): "utc"})
    assert read.properties["oak-wood"].pms_time == "utc"


def test_the_command_lists_them_for_people_and_for_programs() -> None:
    answer = CliRunner().invoke(main, ["settings", "list"])
    assert "BRIDGE_SERVER__DRAIN" in answer.stdout
    listed = json.loads(CliRunner().invoke(main, ["settings", "list", "--json"]).stdout)["settings"]
    [drain] = [row for row in listed if row["key"] == "drain"]
    assert (drain["table"], drain["default"], drain["required"]) == ("server", "0.0", False)


def test_the_table_needs_its_markers(tmp_path: Any) -> None:
    document = tmp_path / "guide.md"
    document.write_text("no markers")
    answer = CliRunner().invoke(main, ["settings", "table", "--write", str(document)])
    assert answer.exit_code == 1
    assert "settings: begin" in answer.stderr
