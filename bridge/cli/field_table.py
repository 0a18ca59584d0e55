"""Which field of a booking becomes which field of Propexo, and which PMS takes it: the table of mappings/README.md."""

from collections.abc import Iterator

from bridge.cli.markers import between
from bridge.propexo.pms import PROFILES, Profile

BEGIN, END = "<!-- fields: begin -->", "<!-- fields: end -->"
"""The table is between them."""
ROWS = (
    ("`starts_at`, `starts_at_local`", ("appointment_date", "appointment_time"), "-"),
    ("`duration_minutes`, `ends_at`", ("appointment_duration_minutes",), "`duration_minutes`"),
    ("`kind`", ("appointment_type",), "`appointment_type`; of each kind `appointment_types`"),
    ("`unit`", ("unit_id",), "`unit_id`"),
    ("`agent`", ("employee_id",), "`employee_id`"),
    ("`lead_source`", ("lead_source_id",), "`lead_source_id`; of a source `lead_source`"),
    ("`status`", ("status",), "`status`"),
    ("`priority`", ("priority",), "`priority`"),
    ("`title`", ("title",), "`title`"),
    ("`notes`", ("notes",), "`notes`"),
)
"""Fields of a booking, fields of an appointment at Propexo, and their keys in the `defaults` of a property."""


def table() -> str:
    """The table in Markdown."""
    lines = [
        "| field | at Propexo | default | new appointment | changed appointment | new lead |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {field} | {', '.join(f'`{name}`' for name in names)} | {default} | {' | '.join(_taken(names[0]))} |"
        for field, names, default in ROWS
    ]
    return "\n".join(lines)


def _taken(name: str) -> Iterator[str]:
    profiles = [profile for profile in PROFILES.values() if profile.create]
    yield _named([each for each in profiles if each.create and name in each.create.fields], profiles)
    yield _named([each for each in profiles if each.update and name in each.update.fields], profiles)
    of_leads = {"employee_id", "lead_source_id"}
    takers = [each for each in profiles if each.lead] if name == "lead_source_id" else []
    takers = takers or [each for each in profiles if each.lead and name in each.lead & of_leads]
    yield _named(takers, profiles)


def _named(takers: list[Profile], all_profiles: list[Profile]) -> str:
    if len(takers) == len(all_profiles):
        return "all"
    return ", ".join(profile.name for profile in takers) or "-"


def with_field_table(document: str) -> str:
    """The document with the table of today between its markers, if it has the first of them.

    Raises ValueError if the second is missing.
    """
    return between(document, BEGIN, END, table()) if BEGIN in document else document
