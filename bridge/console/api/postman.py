"""The management API as a collection for Postman (format 2.1), which other clients such as Bruno and Insomnia read."""

import json
from typing import Any

from bridge.console.api.description import TAGS

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
EXAMPLES = {"integer": 1, "number": 1, "boolean": True}
METHODS = ("get", "post", "put", "patch", "delete")


def collection(document: dict[str, Any], base_url: str) -> dict[str, Any]:
    """A folder for each tag, a request for each operation; `baseUrl` and `token` are variables."""
    requests: dict[str, list[dict[str, Any]]] = {tag: [] for tag in TAGS}
    for path, methods in document["paths"].items():
        shared = methods.get("parameters", [])
        for method in METHODS:
            if method in methods:
                operation = methods[method]
                found = _request(document, path, method, operation, shared)
                requests[operation["tags"][0]].append(found)
    return {
        "info": {
            "name": document["info"]["title"],
            "description": document["info"]["description"],
            "version": document["info"]["version"],
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "variable": [{"key": "baseUrl", "value": base_url}, {"key": "token", "value": ""}],
        "item": [
            {"name": tag, "description": TAGS[tag][0], "item": items}
            for tag, items in requests.items()
            if items
        ],
    }


def _request(
    document: dict[str, Any], path: str, method: str, operation: dict[str, Any], shared: list[Any]
) -> dict[str, Any]:
    parameters = [_resolved(document, each) for each in (*shared, *operation.get("parameters", []))]
    headers = [_parameter(each) for each in parameters if each["in"] == "header"]
    body = _body(document, operation)
    if body:
        headers.append({"key": "Content-Type", "value": "application/json"})
    return {
        "name": operation["operationId"],
        "request": {
            "method": method.upper(),
            "description": operation.get("summary", ""),
            "url": _url(path, parameters),
            "header": headers,
            **({"body": body} if body else {}),
        },
    }


def _url(path: str, parameters: list[dict[str, Any]]) -> dict[str, Any]:
    parts = [f":{part[1:-1]}" if part.startswith("{") else part for part in path.strip("/").split("/")]
    query = [_parameter(each) for each in parameters if each["in"] == "query"]
    named = [{"key": each["name"], "value": ""} for each in parameters if each["in"] == "path"]
    return {
        "raw": "{{baseUrl}}/" + "/".join(parts),
        "host": ["{{baseUrl}}"],
        "path": parts,
        "query": query,
        "variable": named,
    }


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    """Those that are not required are there, switched off."""
    return {
        "key": parameter["name"],
        "value": "",
        "description": parameter.get("description", ""),
        "disabled": not parameter.get("required", False),
    }


def _body(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any] | None:
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return None
    example = json.dumps(_example(document, schema), indent=2, ensure_ascii=False)
    return {"mode": "raw", "raw": example, "options": {"raw": {"language": "json"}}}


def _example(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """A value of the shape: what is required, with something in each place."""
    schema = _resolved(document, schema)
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        required = schema.get("required", ())
        properties = schema.get("properties", {})
        return {name: _example(document, each) for name, each in properties.items() if name in required}
    if kind == "array":
        return [_example(document, schema.get("items", {}))]
    usual = schema.get("enum", [EXAMPLES.get(kind, "")])[0]
    return schema.get("default", usual)


def _resolved(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    """What a `$ref` within the document names."""
    while "$ref" in value:
        found: Any = document
        for name in value["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        value = found
    return value
