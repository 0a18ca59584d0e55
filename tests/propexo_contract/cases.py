"""Values that a schema of the contract takes, and bodies with one thing broken, made from the schema itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from propexo_contract.contract import document, problems, resolve

MOMENT = "2031-03-04T10:00:00Z"
DAY = "2031-03-04"
WRONG = (7, "x", True, [1], {"a": 1}, 1.5)


def good(schema: Mapping[str, Any], name: str = "") -> Any:
    """One value that the schema takes."""
    schema = resolve(schema)
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return good(schema["anyOf"][-1], name)
    kinds = schema.get("type", "object")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    if kind == "array":
        return [good(schema["items"], name)]
    if kind == "object":
        return {each: good(of, each) for each, of in schema.get("properties", {}).items()}
    if kind == "string":
        return _text(schema)
    return {"integer": 3, "number": 2.5, "boolean": True}[kind]


def _text(schema: Mapping[str, Any]) -> str:
    if schema.get("format") == "date-time":
        return MOMENT
    if schema.get("format") == "uri":
        return "https://bridge.example.com/x"
    pattern = schema.get("pattern", "")
    if ":" in pattern:
        return "10:00:00"
    if pattern:
        return DAY
    return "é" * min(max(schema.get("minLength", 1), 1), schema.get("maxLength", 99))


def extra(schema: Mapping[str, Any]) -> Iterator[Any]:
    """More values at the limits of the schema, good ones and bad ones."""
    schema = resolve(schema)
    yield from schema.get("enum", ())
    if "anyOf" in schema:
        yield from (DAY, MOMENT, "2031-03-04T10:00:00.123-05:00", "04.03.2031", "2031-3-4", "tomorrow")
    if limit := schema.get("maxLength"):
        yield from ("x" * limit, "x" * (limit + 1))
    if ":" in schema.get("pattern", ""):
        yield from ("00:00:00", "23:59:59", "24:00:00", "9:30", "09:60:00", "10:00:00Z")
    if schema.get("type") in ("integer", "number"):
        yield from (-5, 0, 1, 7, 8, 30, 30.0, 30.5)
    if limit := schema.get("maxItems"):
        yield from (["x"] * limit, ["x"] * (limit + 1))
    if "minItems" in schema:
        yield []
    if "enum" in schema:
        yield "NO_SUCH"
    yield None
    yield from WRONG


def properties(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The schema of each key, also of those that stand in an `allOf`; the later one is the narrower."""
    schema = resolve(schema)
    found: dict[str, Mapping[str, Any]] = {}
    for part in (*schema.get("allOf", ()), schema):
        whole = resolve(part)
        found |= whole.get("properties", {})
    return found


def required(schema: Mapping[str, Any]) -> set[str]:
    schema = resolve(schema)
    parts = [resolve(part) for part in (*schema.get("allOf", ()), schema)]
    return {name for part in parts for name in part.get("required", ())}


def vendor_problems(kind: str, vendor: str, body: Any) -> list[str]:
    """What the page of a PMS refuses of a body that the generic schema takes; `kind` is one of x-vendor-schemas."""
    found = document()["x-vendor-schemas"][kind][vendor]
    if isinstance(found, str):
        return problems({"$ref": found}, body)
    return [f"{name} is missing" for name in found if name not in body]
