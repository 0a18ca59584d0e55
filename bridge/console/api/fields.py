"""The field types of the API. They are strict: an unclear value is refused instead of guessed."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from bridge.console.queries.paging import LIMIT, MOST
from bridge.keys import sanitise

LARGEST = 2**63 - 1


def text_or_null() -> fields.String:
    """A text of an answer that may be absent."""
    return fields.String(allow_none=True)


class TextField(fields.String):
    """A text, without what PostgreSQL cannot store."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return sanitise(super()._deserialize(value, attr, data, **kwargs))


class WholeNumber(fields.Integer):
    """A whole number of JSON, which may be written as 3.0, and no text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if isinstance(value, bool | str) or (isinstance(value, float) and not value.is_integer()):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class YesNo(fields.Boolean):
    """true or false, and no other word for them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class MomentField(fields.AwareDateTime):
    """An ISO 8601 date and time with an offset."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, str) or not value[:4].isdigit():
            raise self.make_error("invalid", input=value, obj_type="datetime")
        return super()._deserialize(value, attr, data, **kwargs)


def identity() -> fields.Integer:
    """The id of a row."""
    return WholeNumber(required=True, validate=validate.Range(1, LARGEST))


def ids(most: int) -> fields.List[int]:
    """Some ids, each once."""
    unique = {"uniqueItems": True}
    return fields.List(
        identity(), required=True, validate=[validate.Length(1, most), _each_once], metadata=unique
    )


def _each_once(values: list[Any]) -> None:
    if len(set(values)) < len(values):
        raise ValidationError("Name each only once.")


class PageArguments(Schema):
    """Which page of a list."""

    cursor = TextField(metadata={"description": "`next` of the page before."})
    limit = fields.Integer(load_default=LIMIT, validate=validate.Range(1, MOST))
