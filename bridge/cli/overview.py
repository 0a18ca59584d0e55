"""An overview of the mappings, as a list and as the table of mappings/README.md."""

from collections.abc import Iterable, Iterator
from typing import Any

from bridge.cli.markers import between
from bridge.clock import utc_now
from bridge.inbound.signatures import AllOf, AnyOf, Basic, FirstOf, Request, SharedSecret, Signature, Token
from bridge.mapping.authentication import Authentication
from bridge.mapping.base import Mapping
from bridge.mapping.booking import Action
from bridge.mapping.canonical import CanonicalPayload
from bridge.mapping.catalogue import MappingFile

HEADINGS = ("Mapping", "Sender", "Kind", "Authentication", "Events", "Maturity")
OWN_BODY = "the bridge's own body"
OWN_BODY_LINK = f"[{OWN_BODY}](#the-bridges-own-body)"
BEGIN, END = "<!-- mappings: begin -->", "<!-- mappings: end -->"
"""The table is between them."""

ALGORITHMS = {
    "hmac-sha256": "HMAC-SHA256",
    "hmac-sha1": "HMAC-SHA1",
    "sha256": "SHA-256 with the secret",
    "ed25519": "Ed25519",
    "rsa-pkcs1v15-sha256": "RSA-SHA256",
}


def row(file: MappingFile) -> dict[str, Any]:
    """One mapping, for programs."""
    schema = file.schema
    return {
        "name": file.name,
        "sender": schema.sender(),
        "category": schema.category,
        "authentication": authentication(schema.signature),
        "events": schema.event_names(),
        "maturity": schema.maturity,
        "samples": len(file.samples),
        "file": str(file.path),
    }


def cells(file: MappingFile) -> list[str]:
    """One mapping, for people: under `HEADINGS`."""
    schema = file.schema
    return [
        file.name,
        schema.sender(),
        schema.category,
        authentication(schema.signature),
        ", ".join(events(schema)),
        schema.maturity,
    ]


def events(schema: type[Mapping]) -> list[str]:
    """The first name of each rule that does something; those of the bridge's own body are one word."""
    own = CanonicalPayload.actions if issubclass(schema, CanonicalPayload) else ()
    rules = [rule for rule in schema.actions if rule not in own and rule.then.action is not Action.IGNORE]
    names = [rule.events[0] for rule in rules if rule.events]
    inherits = any(rule in own for rule in schema.actions)
    return list(dict.fromkeys([*([OWN_BODY] if inherits else []), *names]))


def authentication(scheme: Authentication | None) -> str:
    """How a sender authenticates, as a phrase."""
    if scheme is None:
        return "none: a form in a browser"
    return " or ".join(dict.fromkeys(_ways(scheme)))


def _ways(scheme: Authentication) -> Iterator[str]:
    if isinstance(scheme, Signature):
        own = ", with the sender's own key" if scheme.public_keys else ""
        yield f"{ALGORITHMS[scheme.algorithm]} in {scheme.header}{own}"
    elif isinstance(scheme, SharedSecret):
        yield f"a secret of yours in {_places(scheme)}"
    elif isinstance(scheme, Basic):
        yield "user and password (Basic)"
    elif isinstance(scheme, AllOf):
        yield " and ".join(authentication(part) for part in scheme.parts)
    elif isinstance(scheme, AnyOf | FirstOf):
        for part in scheme.parts:
            yield from _ways(part)
    elif isinstance(scheme, Token):
        yield f"a secret in {_place(scheme)}"
    else:
        yield ", ".join(scheme.header_names)


def _places(scheme: SharedSecret) -> str:
    in_address = [part for part in scheme.parts if not part.header_names]
    return " or ".join(
        [*(["a header"] if scheme.header_names else []), *(["the address"] if in_address else [])]
    )


def _place(token: Token) -> str:
    """Where the secret is; for a header also the word before it."""
    if not token.header_names:
        return token.where
    secret = "of-yours"  # noqa: S105 - a placeholder
    written = token.sign_request(Request({}, b""), [secret], utc_now()).header(token.where)
    word = written.removesuffix(secret).strip()
    return f"{token.where} ({word})" if word else token.where


def table(files: Iterable[MappingFile]) -> str:
    """The mappings as a table in Markdown."""
    rows = [_row(HEADINGS), "|---" * len(HEADINGS) + "|"]
    for file in files:
        name, *columns, _, maturity = cells(file)
        words = [OWN_BODY_LINK if event == OWN_BODY else f"`{event}`" for event in events(file.schema)]
        rows.append(_row([f"[`{name}`]({name}.py)", *columns, ", ".join(words), maturity]))
    return "\n".join(rows)


def _row(texts: Iterable[str]) -> str:
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |"


def with_table(document: str, files: Iterable[MappingFile]) -> str:
    """The document with the table of today between its markers.

    Raises:
        ValueError: it has no markers.
    """
    return between(document, BEGIN, END, table(files))
