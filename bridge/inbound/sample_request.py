"""Sign a sample as its sender would, with the first secret of a source."""

from datetime import datetime
from urllib.parse import urlencode

from bridge.errors import BridgeError
from bridge.inbound.signatures import Request
from bridge.mapping.authentication import Authentication
from bridge.mapping.samples import Sample
from bridge.settings import Source


class SigningError(BridgeError):
    """This sample cannot be signed as the source requires."""

    code = "cannot_sign"


def sign_sample(
    sample: Sample,
    body: bytes,
    source: Source,
    signature: Authentication | None,
    public_url: str | None,
    now: datetime,
) -> Request:
    """Return the signed request that delivers `body` to a source, with the headers and the query of a sample.

    Its `url` is the one that the sender signs: below `public_url`, secrets in path or query included.

    Raises:
        SigningError: the source has no secret, or one of another kind.
        ConfigurationError: a file of the sample cannot be read.
    """
    query = f"?{urlencode(sample.query)}" if sample.query else ""
    request = Request(
        sample.headers, body, url=f"{public_url or 'http://localhost'}/hooks/{source.key}{query}"
    )
    if signature is None:
        return request.with_headers({"origin": source.origins[0]}) if source.origins else request
    if source.auth == "none":
        return request
    if not source.secrets:
        raise SigningError(f"sources.{source.key} has no secret to sign with.")
    try:
        prepared: Request = signature.sign_request(request, source.secrets, now)
    except ValueError as error:
        raise SigningError(f"sources.{source.key} cannot sign this sample. {error}") from error
    return prepared
