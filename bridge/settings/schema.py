"""Which keys bridge.toml has, and how everything that is wrong with one becomes a sentence."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates, validates_schema

from bridge.errors import Problem
from bridge.settings.document import PREFIX, KeyPath, OutsideText
from bridge.settings.fields import (
    DID_YOU_MEAN,
    ApiAccess,
    BaseUrl,
    DatabaseUrl,
    EncryptionKey,
    OneOf,
    Origin,
    PhoneRegion,
    PmsTime,
    Port,
    Seconds,
    Switch,
    Table,
    Text,
    TextList,
    TimeZone,
    Vendor,
    Whole,
    did_you_mean,
)
from bridge.settings.records import PrivacySettings, same_name

KEY = re.compile(r"[a-z0-9][a-z0-9_-]*")
MAPPING = 'the name of a mapping, such as "calendly"'
HIDDEN = {"token", "secrets", "webhook_secrets", "database_url", "verify_tokens", "api", "encryption_keys"}
"""Keys whose values never reach a message."""
SHORTEST_WEBHOOK_SECRET = 10


class Sentence(str):
    """A message that is complete in itself; all others say only what is expected."""

    __slots__ = ()


class Section(Schema):
    """A table of bridge.toml. An unknown key is an error that offers the nearest known one."""

    error_messages = {"type": "a table of settings"}  # noqa: RUF012 - marshmallow declares it without ClassVar

    def known(self) -> list[str]:
        """What an unknown key is compared with."""
        return list(self.fields)

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> None:
        """Replaces marshmallow's words for unknown keys."""
        messages = error.messages_dict
        for key in messages.keys() - self.fields.keys() - {"_schema"}:
            messages[key] = [self._unknown(str(key), _override(data[key]))]

    def _unknown(self, key: str, override: str | None) -> Sentence:
        close = difflib.get_close_matches(key.lower(), self.known(), n=1)
        if override and "." in "".join(close):
            close = [PREFIX + close[0].replace(".", "__").upper()]
        hint = did_you_mean(*close) or f"; the known ones are {', '.join(self.fields)}"
        return Sentence(f"unknown key{f' (from {override})' if override else ''}{hint}")


class PropexoSection(Section):
    token = Text("the API token that Propexo gave you", required=True)
    base_url = BaseUrl()
    budget_per_minute = Whole()
    connect_timeout = Seconds()
    read_timeout = Seconds()
    organization_name = Text()
    webhook_secrets = TextList()

    @validates("webhook_secrets")
    def are_as_long_as_propexo_wants_them(self, secrets: tuple[str, ...], **_: Any) -> None:
        """Propexo takes none below ten characters: a shorter one is not what was registered."""
        short = [index for index, secret in enumerate(secrets) if len(secret) < SHORTEST_WEBHOOK_SECRET]
        if short:
            told = f"the secret of a webhook, of at least {SHORTEST_WEBHOOK_SECRET} characters"
            raise ValidationError({index: [told] for index in short})


class ServerSection(Section):
    host = Text()
    port = Port()
    workers = Whole()
    threads = Whole()
    body_limit = Whole()
    worker_concurrency = Whole()
    public_url = BaseUrl("the https address under which senders reach the bridge, without path")


class PrivacySection(Section):
    body_days = Whole()
    row_days = Whole()
    encryption_keys = TextList(EncryptionKey)

    @validates_schema
    def rows_outlive_bodies(self, data: dict[str, Any], **_: Any) -> None:
        """Of a row that is gone no body can be kept."""
        body_days = data.get("body_days", PrivacySettings.body_days)
        row_days = data.get("row_days", PrivacySettings.row_days)
        if row_days >= body_days:
            return
        if "row_days" in data:
            raise ValidationError({"row_days": [f"at least body_days, which is {body_days}"]})
        raise ValidationError({"body_days": [f"at most row_days, which is {row_days}"]})


class DefaultsSection(Section):
    employee_id = Text()
    lead_source_id = Text()
    lead_relationship_id = Text()
    unit_id = Text()
    duration_minutes = Whole()
    last_name = Text()
    title = Text()
    notes = Text()
    organization_name = Text()


class PropertySection(Section):
    integration_id = Text("the Propexo id of the integration, in quotes", required=True)
    property_id = Text("the Propexo id of the property, in quotes", required=True)
    pms = Vendor(required=True)
    time_zone = TimeZone(required=True)
    name = Text()
    aliases = TextList()
    pms_time = PmsTime()
    defaults = fields.Nested(DefaultsSection)
    units = Table(Text().read)
    agents = Table(Text().read)
    lead_sources = Table(Text().read)


class SourceSection(Section):
    mapping = Text(MAPPING)
    secrets = TextList()
    property = Text("the key of a configured property")
    enabled = Switch()
    origins = TextList(Origin)
    phone_region = PhoneRegion()
    lead_source = Text()
    tolerance = Whole()
    auth = OneOf("none")
    tenants = TextList()
    verify_tokens = TextList()
    api = ApiAccess()
    on_request = OneOf("book", "hold", "lead_only")
    reply_text = Text()
    ignore_changes_by = TextList()
    record = Switch()

    @validates_schema
    def has_a_mapping(self, data: dict[str, Any], **_: Any) -> None:
        """Only a source that records what comes can do without."""
        if "mapping" not in data and not data.get("record"):
            raise ValidationError({"mapping": [MAPPING]})

    @validates("secrets")
    def are_listed_once(self, secrets: tuple[str, ...], **_: Any) -> None:
        """A secret that is there twice is a copy that somebody forgot to change."""
        again = [index for index, secret in enumerate(secrets) if secret in secrets[:index]]
        if again:
            raise ValidationError({index: ["a secret that the list does not have yet"] for index in again})


class Document(Section):
    """The whole file."""

    propexo = fields.Nested(PropexoSection, required=True)
    server = fields.Nested(ServerSection)
    privacy = fields.Nested(PrivacySection)
    properties = Table(PropertySection().load)
    sources = Table(SourceSection().load)
    database_url = DatabaseUrl()
    data_dir = Text()
    mappings_dir = Text()

    def known(self) -> list[str]:
        tables = {"propexo": PropexoSection(), "server": ServerSection(), "privacy": PrivacySection()}
        inner = [f"{name}.{key}" for name, section in tables.items() for key in section.fields]
        return [*self.fields, *inner]

    @validates_schema(skip_on_field_errors=False)
    def names_fit_into_addresses(self, data: dict[str, Any], **_: Any) -> None:
        """The key of a source is part of its address, every key part of a variable's name."""
        wrong = Sentence(
            "expected a name of small letters, digits, - and _ that starts with a letter or digit"
        )
        errors = {
            table: {key: [wrong] for key in data.get(table, {}) if not KEY.fullmatch(key)}
            for table in ("properties", "sources")
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
        owners = {same_name(key): key for key in properties}
        errors: dict[str | int, Any] = {}
        for owner, values in properties.items():
            for at, text in _names(values):
                first = owners.setdefault(same_name(text), owner)
                if first != owner:
                    *tables, last = owner, *at
                    place = errors
                    for part in tables:
                        place = place.setdefault(part, {})
                    place[last] = [f"a name that no other property answers to; properties.{first} does"]
        if errors:
            raise ValidationError({"properties": errors})


def _names(values: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """What a property answers to besides its key, each with the place where it says so."""
    yield from (((field,), values[field]) for field in ("property_id", "name") if field in values)
    yield from ((("aliases", index), alias) for index, alias in enumerate(values.get("aliases", ())))


def problems(errors: Any, document: Any, at: KeyPath = ()) -> Iterator[tuple[KeyPath, Problem]]:
    """Turns marshmallow's tree of messages into one problem per message, with what stands in the document."""
    if isinstance(errors, dict):
        for key, inner in errors.items():
            yield from problems(inner, document, at if key == "_schema" else (*at, key))
        return
    for message in errors:
        sentence = message if isinstance(message, Sentence) else _compared(document, at, message)
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
        if isinstance(value, OutsideText):
            break  # a list with commas
        if isinstance(value, dict) and part not in value:
            return f"missing, expected {expected}"
        value = value[part]
    origin = f" (from {value.origin})" if isinstance(value, OutsideText) else ""
    if value != "" and (not HIDDEN.isdisjoint(at) or (isinstance(value, OutsideText) and value.hidden)):
        # The nearest valid value would tell something about the hidden one.
        return f"found a value that is not shown{origin}, expected {expected.partition(DID_YOU_MEAN)[0]}"
    return f"found {_shown(value)}{origin}, expected {expected}"


def _shown(value: Any) -> str:
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    return re.sub(r"//[^/@]*@", "//***@", json.dumps(value, ensure_ascii=False, default=str))


def _override(value: Any) -> str | None:
    """The variable that brought an unknown key, if one did."""
    if isinstance(value, dict):
        return next((name for name in map(_override, value.values()) if name), None)
    return value.origin if isinstance(value, OutsideText) and not value.hidden else None
