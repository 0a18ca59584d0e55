"""Propexo's published contract (`contract.yaml`), and what of a request or an answer violates it.

It is read strictly: unknown keys, unknown filters and times longer than the pattern are violations.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

FILE = Path(__file__).with_name("contract.yaml")
WRITE_FLAG = "ignore_unknown_fields"
NEEDED_FILTERS = {"unit_number": {"property_id"}}
"""Beside the ids of a PMS, which need `integration_id` and `x_property_id` where a list has these filters."""


@cache
def document() -> dict[str, Any]:
    """The parsed contract."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(FILE.read_text(encoding="utf-8"), Loader=loader)


def resolve(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow `$ref`."""
    while "$ref" in schema:
        found: Any = document()
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


@cache
def _validator(text: str) -> Any:
    schema = {**json.loads(text), "components": document()["components"]}
    return jsonschema_rs.validator_for(schema, validate_formats=True)


def problems(schema: Mapping[str, Any], value: Any) -> list[str]:
    """What is wrong with a value, each with its place."""
    validator = _validator(json.dumps(schema))
    return [
        f"{'/'.join(map(str, e.instance_path)) or '.'}: {e.message}" for e in validator.iter_errors(value)
    ]


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    template: str
    definition: Mapping[str, Any]
    shared: tuple[Mapping[str, Any], ...]

    @property
    def name(self) -> str:
        return f"{self.method} {self.template}"

    @cached_property
    def query(self) -> dict[str, Mapping[str, Any]]:
        """The schemas of the query parameters."""
        parameters = map(resolve, (*self.shared, *self.definition.get("parameters", ())))
        return {each["name"]: each["schema"] for each in parameters if each["in"] == "query"}

    @property
    def body(self) -> Mapping[str, Any] | None:
        """The schema of the body."""
        content = resolve(self.definition.get("requestBody", {})).get("content", {})
        return content.get("application/json", {}).get("schema")

    def request_problems(self, query: Mapping[str, str], body: Any) -> list[str]:
        return [*self._query_problems(query), *self._body_problems(body)]

    def _query_problems(self, query: Mapping[str, str]) -> Iterator[str]:
        for name, value in query.items():
            if name not in self.query:
                yield f"query {name}: not in the contract"
                continue
            yield from (
                f"query {name}: {each}"
                for each in problems(self.query[name], _typed(self.query[name], value))
            )
            needed = {"integration_id", "x_property_id"} if name.startswith("x_") else set()
            needed = (needed | NEEDED_FILTERS.get(name, set())) & self.query.keys()
            if missing := needed - query.keys():
                yield f"query {name}: needs {', '.join(sorted(missing))}"

    def _body_problems(self, body: Any) -> Iterator[str]:
        if self.body is None:
            if body is not None:
                yield "a body where none is documented"
            return
        yield from (f"body {each}" for each in problems(self.body, body))

    def answer_problems(self, status: int, answer: Any) -> list[str]:
        """Only the statuses that are documented with a body have a schema."""
        described = resolve(self.definition["responses"].get(str(status), {}))
        schema = described.get("content", {}).get("application/json", {}).get("schema")
        if schema is None:
            return [f"status {status} is not documented"] if status < 400 else []
        return problems(schema, answer)


def _typed(schema: Mapping[str, Any], value: str) -> Any:
    """A text of a query as a value of the type that its schema names; a text that is none stays."""
    kinds = resolve(schema).get("type", "string")
    if "integer" in kinds and re.fullmatch(r"-?\d{1,9}", value):
        return int(value)
    return {"true": True, "false": False}.get(value, value) if "boolean" in kinds else value


@cache
def operations() -> tuple[Operation, ...]:
    return tuple(
        Operation(method.upper(), template, definition, tuple(item.get("parameters", ())))
        for template, item in document()["paths"].items()
        for method, definition in item.items()
        if method in {"get", "post", "put", "delete"}
    )


def operation_of(method: str, path: str) -> Operation | None:
    """The operation of a request; a path without a variable goes first."""
    for operation in sorted(operations(), key=lambda each: each.template.count("{")):
        pattern = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(operation.template))
        if operation.method == method and re.fullmatch(pattern, path):
            return operation
    return None


def exchange_problems(
    method: str, path: str, query: Mapping[str, str], body: Any, status: int | None, answer: Any
) -> list[str]:
    """What is wrong with one request and its answer. `status` None: it was not answered as the sandbox does."""
    operation = operation_of(method, path)
    if operation is None:
        return [f"{method} {path}: not in the contract"]
    found = operation.request_problems(query, body)
    if status is not None:
        found += [f"answer {status} {each}" for each in operation.answer_problems(status, answer)]
    return [f"{operation.name}: {each}" for each in found]
