"""How a sender signs, as far as the names and the values of its headers show."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

STANDARD = re.compile(r"(webhook|svix)-signature")
SIGNATURE = re.compile(r"signature|(^|-)(sig|sign|hmac|digest)(-|$)")
TIMESTAMP = re.compile(r"timestamp|-time$")
KEY = re.compile(r"(^|-)(api-?key|key|token|secret|auth)(-|$)")
OUR_KEYS = ("x-bridge-key",)
OF_CONNECTION = {"idempotency-key", "sec-websocket-key", "x-csrf-token", "x-xsrf-token"}
DIGESTS = {"digest", "content-digest", "repr-digest", "signature-input"}
"""What anybody can compute, or says nothing alone."""
BY_LENGTH = {20: "hmac-sha1", 32: "hmac-sha256"}
"""Algorithms by the bytes of a signature."""
ED25519 = 64
LIKE_NOTHING = "SharedSecret()"


@dataclass(frozen=True)
class SignatureDraft:
    """The source of `signature`."""

    code: str
    check: str
    """What the headers do not show."""

    @property
    def imports(self) -> str:
        """The scheme that it names."""
        return self.code.partition("(")[0]


def signature_of(headers: Mapping[str, str], query: Mapping[str, str]) -> SignatureDraft:
    """The scheme that the headers and the query show. `headers` by lower-case names; values may be missing."""
    names = sorted(headers)
    if standard := next((name for name in names if STANDARD.fullmatch(name)), None):
        return _standard(standard.removesuffix("-signature"))
    signed = [
        name for name in names if SIGNATURE.search(name) and not (TIMESTAMP.search(name) or name in DIGESTS)
    ]
    if signed:
        # Of an older and a newer signature the longer is the newer.
        return _signature(max(signed, key=lambda name: _bytes(_parsed(headers[name])[1])), headers)
    if "authorization" in headers:
        return _authorization(headers["authorization"])
    keys = [name for name in names if KEY.search(name) and name not in OF_CONNECTION]
    if keys and keys[0] not in OUR_KEYS:
        return SignatureDraft(f'Token(header="{written(keys[0])}")', "whether this header holds the secret")
    parameter = next((name for name in sorted(query) if re.search("token|key|secret|code|auth", name)), None)
    if parameter:
        return SignatureDraft(
            f'Token(query="{parameter}")', "whether this parameter of the address holds the secret"
        )
    return SignatureDraft(
        LIKE_NOTHING, "no header shows who sends; a secret of yours in a header or in the address"
    )


def written(header: str) -> str:
    """A header's name as senders write it."""
    return "-".join(part[:1].upper() + part[1:] for part in header.split("-"))


def _standard(prefix: str) -> SignatureDraft:
    options = [
        f'header="{prefix}-signature"',
        'parse="v1,{signature}"',
        'separator=" "',
        'signs="{id}.{t}.{body}"',
        f'id_header="{prefix}-id"',
        f'timestamp_header="{prefix}-timestamp"',
        'key="whsec"',
        'encoding="base64"',
    ]
    code = f"Signature({', '.join(options)})"
    return SignatureDraft(code, "nothing; these are the headers of Standard Webhooks")


def _signature(header: str, headers: Mapping[str, str]) -> SignatureDraft:
    parse, found = _parsed(headers[header])
    options = [f'header="{written(header)}"']
    if parse != "{signature}":
        options.append(f'parse="{parse}"')
    stamp = None if "{t}" in parse else _timestamp(header, headers)
    if "{t}" in parse or stamp:
        options.append('signs="{t}.{body}"')
    options += _look(found)
    if stamp:
        options.append(f'timestamp_header="{written(stamp)}"')
    moment = headers[stamp].strip() if stamp else _stamp_in(headers[header])
    if "{t}" in parse or stamp:
        options += _notation(moment)
    seen = "name and value of the header fit" if found else "how the signature is written does not show"
    unknown = (
        "what is signed, and what is between time and body" if "{t}" in parse or stamp else "what is signed"
    )
    return SignatureDraft(f"Signature({', '.join(options)})", f"{unknown}; {seen}")


def _parsed(text: str) -> tuple[str, str]:
    """How an item is written, and the signature in it; empty where it is not one that is known."""
    if "=" in text.strip("=") and re.search(r"(^|,)\s*t=\d", text):
        items = dict(item.strip().partition("=")[::2] for item in text.split(","))
        name = next((name for name, value in items.items() if name != "t" and _bytes(value)), None)
        return (f"t={{t}},{name}={{signature}}", items[name]) if name else ("{signature}", "")
    prefix = re.match(r"(?:sha\d+|v\d+|hmac-sha\d+)[=,]", text, re.IGNORECASE)
    start = prefix[0] if prefix else ""
    rest = text.strip()[len(start) :]
    return f"{start}{{signature}}", rest if _bytes(rest) else ""


def _bytes(text: str) -> int:
    """How many bytes a text encodes, in hex or base64; 0 for what is no signature."""
    text = text.strip()
    if re.fullmatch(r"([0-9a-fA-F]{2}){20,64}", text):
        return len(text) // 2
    try:
        count = len(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return 0
    return count if count in {*BY_LENGTH, ED25519} else 0


def _look(found: str) -> list[str]:
    """Algorithm and encoding, as far as they are not the usual ones."""
    count = _bytes(found)
    is_hex = bool(re.fullmatch("[0-9a-fA-F]+", found))
    if count == ED25519:
        return ['algorithm="ed25519"', *([] if is_hex else ['encoding="base64"']), 'key="pem"']
    algorithm = BY_LENGTH.get(count, "hmac-sha256")
    options = [] if algorithm == "hmac-sha256" else [f'algorithm="{algorithm}"']
    return options if is_hex or not found else [*options, 'encoding="base64"']


def _timestamp(signature: str, headers: Mapping[str, str]) -> str | None:
    """A header with a time that is called as the signature is."""
    brand = signature.removeprefix("x-").split("-")[0]
    stamps = [name for name in sorted(headers) if TIMESTAMP.search(name)]
    return next((name for name in stamps if brand in name), next(iter(stamps), None))


def _stamp_in(text: str) -> str:
    stamp = re.search(r"(?:^|,)\s*t=(\d+)", text)
    return stamp[1] if stamp else ""


def _notation(moment: str) -> list[str]:
    if re.fullmatch(r"\d{13}", moment):
        return ['timestamp="ms"', "tolerance=300"]
    if re.match(r"\d{4}-", moment):
        return ['timestamp="iso"', "tolerance=300"]
    return ["tolerance=300"]


def _authorization(value: str) -> SignatureDraft:
    scheme = value.partition(" ")[0].lower()
    if scheme == "bearer":
        return SignatureDraft(
            'Token(scheme="Bearer")', "whether the token is the secret that you get or choose"
        )
    if scheme == "basic":
        return SignatureDraft("Basic()", "user and password are those that you choose")
    return SignatureDraft(
        'SharedSecret("bearer", "basic")', "the kind of the Authorization header is not known"
    )
