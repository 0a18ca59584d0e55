"""The webhook endpoints as `webhooks` of the OpenAPI document: payloads and answers of each sender."""

import inspect
import json
from collections.abc import Iterator
from typing import Any

from bridge.mapping.catalogue import Catalogue, MappingFile

SAMPLES = 2
"""Of one mapping."""
PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def webhooks(catalogue: Catalogue) -> dict[str, Any]:
    """Every mapping's hook, by the name of the mapping."""
    return {file.name: {"post": _hook(file)} for file in catalogue.all()}


def _hook(file: MappingFile) -> dict[str, Any]:
    steps = inspect.cleandoc(file.schema.__doc__ or "")
    where = (
        "`POST /hooks/<source>`, where `<source>` is the name of a source of bridge.toml with this mapping."
    )
    return {
        "operationId": f"hook_{file.name}",
        "tags": ["Webhooks"],
        "summary": file.schema.sender(),
        "description": f"{where}\n\n{steps}",
        "security": [],
        "parameters": list(_headers(file)),
        "requestBody": {"required": True, "content": _content(file)},
        "responses": _responses(file),
    }


def _headers(file: MappingFile) -> Iterator[dict[str, Any]]:
    """Those that its samples have besides the content type, and that of its proof."""
    named = {name for sample in file.samples for name in sample.headers} - {"content-type"}
    proof = getattr(file.schema.signature, "header", None)
    for name in sorted({name.lower() for name in (*named, proof) if isinstance(name, str) and name}):
        yield {"name": name, "in": "header", "required": False, "schema": {"type": "string"}}


def _content(file: MappingFile) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for sample in file.samples:
        kind = sample.headers.get("content-type", "application/json").partition(";")[0]
        known = content.setdefault(kind, {"schema": {}, "examples": {}})
        if len(known["examples"]) < SAMPLES:
            known["examples"][sample.name] = {"value": _body(sample.body, kind)}
    return content or {"application/json": {"schema": {}}}


def _body(body: bytes, kind: str) -> Any:
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text) if kind.endswith("json") else text
    except ValueError:
        return text


def _responses(file: MappingFile) -> dict[str, Any]:
    taken = (
        "Verified and stored, or already known (`duplicate`). An unreadable event is stored too and parked."
    )
    refused = {
        "401": "The proof is missing, wrong or stale.",
        "404": "There is no such source.",
        "413": "The body is too large.",
        str(int(file.schema.busy_status)): "Not now: send it again later.",
    }
    if file.schema.public:
        refused |= {"403": "The site is not listed.", "422": "Values to be corrected, by field."}
    answer = {"application/json": {"schema": {"$ref": "#/components/schemas/Stored"}}}
    return {
        "200": {"description": taken, **({} if file.schema.reply else {"content": answer})},
        **{status: {"description": text, "content": PROBLEM} for status, text in sorted(refused.items())},
    }


STORED = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "status": {"type": "string"},
        "duplicate": {"type": "boolean"},
        "events": {"type": "array", "items": {"type": "object"}},
    },
}
"""The answer of a hook; `events` where one request holds several."""
