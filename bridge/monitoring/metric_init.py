"""Initialises every metric with all values of its labels, so that what never happened is 0 and not missing."""

from collections.abc import Iterable

from bridge import metrics
from bridge.delivery.perform import KINDS
from bridge.errors import AuthFailure, RefusedRequestError
from bridge.models import Status
from bridge.propexo.errors import Outcome

OTHER_CODES = ("internal_error", "http_error")
"""Of answers that are no RefusedRequestError: a defect of ours, and Flask's own, such as an unknown address."""


def begin(sources: Iterable[str]) -> None:
    """Initialise all metrics of this process, for these sources. Call it when everything is imported."""
    for source in sources:
        metrics.RECEIVED.labels(source)
        metrics.DUPLICATES.labels(source)
        for failure in AuthFailure:
            metrics.VERIFICATION_FAILURES.labels(source, failure)
    for code in (*refusal_codes(RefusedRequestError), *OTHER_CODES):
        metrics.REFUSED.labels(code)
    for kind in KINDS:
        for outcome in Outcome:
            metrics.ATTEMPTS.labels(kind, outcome)
    for tool in metrics.TOOLS:
        for tool_outcome in metrics.TOOL_OUTCOMES:
            metrics.TOOL_CALLS.labels(tool, tool_outcome)
    for status in Status:
        if status.ended:
            metrics.ENDED.labels(status)


def refusal_codes(kind: type[RefusedRequestError]) -> set[str]:
    """The codes of all refusals there are."""
    return {kind.code}.union(*map(refusal_codes, kind.__subclasses__()))
