"""The OpenAPI document of the management API, as other programs read it. Pure, but for what it is made of."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from werkzeug.routing import Rule

from bridge.console.api import hooks
from bridge.console.api.idempotency import HEADER, KEY
from bridge.mapping.catalogue import Catalogue

PREFIX = "/api/v1/"
PROBLEM_JSON = "application/problem+json"
ONCE = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Makes the change once, however often it is sent within a day.",
    "schema": {"type": "string", "pattern": f"^{KEY.pattern}$", "minLength": 1, "maxLength": 255},
}
TAGS = {
    "Events": ("What senders posted: list, show, replay, edit and dismiss.", ("events", "action-needed")),
    "Tours": (
        "Bookings, appointments in the PMS, and free times.",
        ("bookings", "appointments", "availability", "calendar-feeds"),
    ),
    "Properties": ("Properties and the names that senders use for them.", ("properties", "aliases")),
    "Sources": ("Who sends, and how that is set up.", ("sources",)),
    "Mappings": ("How requests are read, and trying that out.", ("mappings", "translate", "compare")),
    "Integrations": ("The connections to PMSs: state, pause, resume.", ("integrations", "health")),
    "Monitoring": ("The figures of today, and current alerts.", ("today", "alerts")),
    "People": ("Users, tokens, and the audit log.", ("users", "tokens", "audit")),
    "Webhooks": ("What each sender posts to `/hooks/<source>`.", ()),
}
"""By name: what it is, and the first words of its paths. In the order of the console's navigation."""
TAG_OF = {word: tag for tag, (_, words) in TAGS.items() for word in words}
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def finished(
    document: dict[str, Any], rules: Iterable[Rule], catalogue: Catalogue, public_url: str | None
) -> dict[str, Any]:
    """The document of flask-smorest with operation ids, tags, servers, problem documents and the hooks."""
    operation_ids = dict(_operation_ids(rules))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            operation["operationId"] = operation_ids[path, method]
            operation["tags"] = [TAG_OF[path.removeprefix(PREFIX).partition("/")[0]]]
            if operation.pop("x-once", False):
                operation.setdefault("parameters", []).append(ONCE)
    document["webhooks"] = hooks.webhooks(catalogue)
    document["components"]["schemas"]["Stored"] = hooks.STORED
    for response in document["components"].get("responses", {}).values():
        content = response.get("content", {})
        if "application/json" in content:
            content[PROBLEM_JSON] = content.pop("application/json")
    document["tags"] = [{"name": name, "description": what} for name, (what, _) in TAGS.items()]
    document["servers"] = list(_servers(public_url))
    return document


def _operation_ids(rules: Iterable[Rule]) -> Iterator[tuple[tuple[str, str], str]]:
    """By path and method: the name of the view, which is that of the command or the page as well."""
    for rule in rules:
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        for method in rule.methods or ():
            yield (path, method.lower()), rule.endpoint.rpartition(".")[2]


def _servers(public_url: str | None) -> Iterator[dict[str, Any]]:
    yield {"url": "/", "description": "The bridge that this document comes from."}
    if public_url:
        yield {
            "url": public_url,
            "description": "`server.public_url`, unless `private_bind` keeps the API from it.",
        }


def readable_by_yaml(text: str) -> str:
    """JSON that a reader of YAML takes as well: what YAML does not allow as it is, is escaped."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
