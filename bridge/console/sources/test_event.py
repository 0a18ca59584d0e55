"""A test of a source: one of its sender's samples goes through the real endpoint, and no further."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask

from bridge.errors import BridgeError
from bridge.inbound.sample_request import sign_sample
from bridge.inbound.views import TEST
from bridge.mapping.samples import Sample
from bridge.mapping.sources import MappedSource
from bridge.settings import Settings


class UnknownSampleError(BridgeError):
    """The mapping of this source has no sample with this name."""

    code = "unknown_sample"


@dataclass(frozen=True)
class Trial:
    """What the webhook endpoint answered."""

    status: int
    answer: str
    event_id: int | None
    """Where the event is shown; `None`: nothing was stored."""

    @property
    def passed(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of successes


def try_out(app: Flask, settings: Settings, source: MappedSource, name: str, now: datetime) -> Trial:
    """Sign a sample as its sender would and post it to the webhook endpoint of this process, marked as a test.

    The mark is kept in the WSGI environment, which no sender can set: the webhook endpoint stores the event as
    ignored, without a
    job, and no replay forwards it.

    Raises:
        UnknownSampleError, SigningError: there is nothing to send.
    """
    sample = _sample(source, name)
    proof = source.file.schema.signature
    request = sign_sample(sample, sample.body, source.settings, proof, settings.server.public_url, now)
    path = request.url[request.url.index("/hooks/") :]
    answer = app.test_client().post(
        path, data=request.body, headers=dict(request.headers), environ_overrides={TEST: True}
    )
    return Trial(answer.status_code, answer.get_data(as_text=True), _event_of(answer.get_json(silent=True)))


def _sample(source: MappedSource, name: str) -> Sample:
    for sample in source.file.samples:
        if sample.name == name:
            return sample
    raise UnknownSampleError


def _event_of(document: Any) -> int | None:
    if not isinstance(document, dict):
        return None
    first_event = document.get("events", [document])[0] if document.get("events", [document]) else {}
    return first_event.get("id") if isinstance(first_event, dict) else None
