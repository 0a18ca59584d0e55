"""The whole of bridge.toml, and how everything that is wrong with it becomes a sentence."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from bridge.errors import ConfigurationError, Problem
from bridge.settings.derived import keys_of
from bridge.settings.document import KeyPath, UntypedText
from bridge.settings.fields import NamedTable
from bridge.settings.records import Settings, Source, normalise_name
from bridge.settings.section import FullMessage, Section
from bridge.settings.sections import (
    AlertsSection,
    ConsoleSection,
    FormsSection,
    PrivacySection,
    PropertySection,
    PropexoSection,
    ServerSection,
    SourceSection,
    UserSection,
)
from bridge.settings.spelling import DID_YOU_MEAN, did_you_mean

KEY = re.compile(r"[a-z0-9][a-z0-9_-]*")
NAME_EXPECTED = "expected a name of small letters, digits, - and _ that starts with a letter or digit"
HIDDEN = {
    "token",
    "secrets",
    "webhook_secrets",
    "database_url",
    "verify_tokens",
    "api",
    "encryption_keys",
    "urls",
}
"""Keys whose values never reach a message."""


class Document(Section):
    """The whole file."""

    class Meta:
        include = keys_of(
            Settings,
            propexo=fields.Nested(PropexoSection, required=True),
            server=fields.Nested(ServerSection),
            privacy=fields.Nested(PrivacySection),
            console=fields.Nested(ConsoleSection),
            alerts=fields.Nested(AlertsSection),
            forms=fields.Nested(FormsSection),
            properties=NamedTable(PropertySection().load),
            sources=NamedTable(SourceSection().load),
            users=NamedTable(UserSection().load),
        )

    def known(self) -> list[str]:
        tables = {
            name: field.schema for name, field in self.fields.items() if isinstance(field, fields.Nested)
        }
        inner = [f"{name}.{key}" for name, section in tables.items() for key in section.fields]
        return [*self.fields, *inner]

    @validates_schema(skip_on_field_errors=False)
    def names_fit_into_addresses(self, data: dict[str, Any], **_: Any) -> None:
        """The key of a source is part of its address, every key part of a variable's name."""
        wrong = FullMessage(NAME_EXPECTED)
        errors = {
            table: {key: [wrong] for key in data.get(table, {}) if not KEY.fullmatch(key)}
            for table in ("properties", "sources", "users")
        }
        if any(errors.values()):
            raise ValidationError(errors)

    @validates_schema(skip_on_field_errors=False)
    def sources_name_properties(self, data: dict[str, Any], **_: Any) -> None:
        """The default property of a source is one of those that are configured."""
        keys = list(data.get("properties", {}))
        errors = {}
        for name, source in data.get("sources", {}).items():
            chosen = source.get("property")
            if chosen is not None and chosen not in keys:
                hint = did_you_mean(*difflib.get_close_matches(chosen.lower(), keys, n=1))
                errors[name] = {"property": [f"the key of a configured property{hint}"]}
        if errors:
            raise ValidationError({"sources": errors})

    @validates_schema(skip_on_field_errors=False)
    def properties_answer_to_different_names(self, data: dict[str, Any], **_: Any) -> None:
        """No text may lead to two properties."""
        properties = data.get("properties", {})
        owners = {normalise_name(key): key for key in properties}
        errors: dict[str | int, Any] = {}
        for owner, values in properties.items():
            for at, text in _names(values):
                first = owners.setdefault(normalise_name(text), owner)
                if first != owner:
                    *tables, last = owner, *at
                    place = errors
                    for part in tables:
                        place = place.setdefault(part, {})
                    place[last] = [f"a name that no other property answers to; properties.{first} does"]
        if errors:
            raise ValidationError({"properties": errors})


def source_from(key: str, document: Mapping[str, Any], properties: Iterable[str]) -> Source:
    """A single source of a table such as bridge.toml's. Raises ConfigurationError with every problem there is."""
    whole = {"sources": {key: dict(document)}}
    found = []
    if not KEY.fullmatch(key):
        found.append(Problem(f"sources.{key}", NAME_EXPECTED))
    try:
        values = SourceSection().load(dict(document))
    except ValidationError as error:
        found += [problem for _, problem in problems({"sources": {key: error.messages}}, whole)]
        values = {}
    if values.get("property") not in (None, *properties):
        found.append(Problem(f"sources.{key}.property", "expected the key of a configured property"))
    if found:
        raise ConfigurationError(found)
    return Source(key=key, **values)


def _names(values: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """What a property answers to besides its key, each with the place where it says so."""
    yield from (((field,), values[field]) for field in ("property_id", "name") if field in values)
    yield from ((("aliases", index), alias) for index, alias in enumerate(values.get("aliases", ())))


def problems(errors: Any, document: Any, at: KeyPath = ()) -> Iterator[tuple[KeyPath, Problem]]:
    """Turns marshmallow's tree of messages into one problem per message, with the value from the document."""
    if isinstance(errors, dict):
        for key, inner in errors.items():
            yield from problems(inner, document, at if key == "_schema" else (*at, key))
        return
    for message in errors:
        sentence = message if isinstance(message, FullMessage) else _compared(document, at, message)
        yield at, Problem(dotted(at), sentence)


def dotted(at: KeyPath) -> str:
    """A key path as it is written in TOML: `properties.oakwood.aliases[0]`."""
    parts = [
        f"[{part}]" if isinstance(part, int)
        else f".{part}" if re.fullmatch(r"[\w-]+", part, re.ASCII)
        else f".{json.dumps(part, ensure_ascii=False)}"
        for part in at
    ]  # fmt: skip
    return "".join(parts).removeprefix(".")


def _compared(document: Any, at: KeyPath, expected: str) -> str:
    value = document
    for part in at:
        if isinstance(value, UntypedText):
            break  # a list with commas
        if isinstance(value, dict) and part not in value:
            return f"missing, expected {expected}"
        value = value[part]
    origin = f" (from {value.origin})" if isinstance(value, UntypedText) else ""
    if value != "" and (not HIDDEN.isdisjoint(at) or (isinstance(value, UntypedText) and value.hidden)):
        # The nearest valid value would reveal something about the hidden one.
        return f"found a value that is not shown{origin}, expected {expected.partition(DID_YOU_MEAN)[0]}"
    return f"found {_shown(value)}{origin}, expected {expected}"


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return re.sub(r"//[^/@]*@", "//***@", json.dumps(value, ensure_ascii=False, default=str))
