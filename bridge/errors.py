"""The errors that all parts of the bridge share; a module adds findings of its own as kinds of BridgeError.

    BridgeError
    ├── ConfigurationError            bridge.toml, a mapping file or the environment is wrong
    ├── SchemaOutdatedError           the database needs `bridge migrate`
    ├── SchemaTooNewError             the database is of a later version
    ├── WorkersRunningError           old workers have to stop before `bridge migrate`
    ├── DatabaseUnavailableError      (bridge.database) it cannot be reached
    ├── DecryptionError               (bridge.encryption) a stored value is encrypted with a key that is not listed
    ├── DecodingError                 the body is not what its content type says
    ├── MappingError                  the payload cannot be read as a booking
    ├── RefusedRequestError           answered to a sender as application/problem+json
    │   ├── NotAuthenticError         401
    │   ├── OriginNotAllowedError     403
    │   ├── InsecureConnectionError   403
    │   ├── NotSignedInError          401
    │   ├── NotAllowedError           403
    │   ├── NotFromThisPageError      403
    │   ├── UnknownSourceError        404
    │   ├── SubmissionReusedError     409
    │   ├── ProofOfWorkNeededError    429
    │   ├── TooManyFormsError         429
    │   ├── TimeNotFreeError          422
    │   ├── MalformedRequestError     400
    │   ├── RequestTimeoutError       408
    │   ├── BodyTooLargeError         413
    │   ├── HeadersTooLargeError      431
    │   ├── InvalidFormError          422
    │   ├── UnknownPropertyNameError  404
    │   ├── NoTourTimesError          404
    │   ├── UnknownTourKindError      422
    │   ├── InvalidDatesError         422
    │   ├── NotAcceptingError         503
    │   └── NotReadyError             503
    └── PropexoError                  (bridge.propexo.errors) an answer of Propexo that is not a success

The docstring of a class is the message that it has when it is raised without one.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from bridge import __version__


class BridgeError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"
    """A stable name for programs."""

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        super().__init__(self.message)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the configuration, and what to do about it."""

    key: str
    """Where: the path of the key (`properties.oakwood.time_zone`), a file or a service."""
    message: str
    """What was found, what is expected and what to do."""

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"


class ConfigurationError(BridgeError):
    """The configuration is not valid."""

    code = "configuration"

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))


class SchemaOutdatedError(BridgeError):
    """The database schema does not match this version. Run `bridge migrate`, then start again."""

    code = "schema_outdated"


class SchemaTooNewError(BridgeError):
    """The database has the tables of a later version, on which this one does not work. Start that version."""

    code = "schema_too_new"


class WorkersRunningError(BridgeError):
    """Workers of the previous version are still running. Stop them first; web processes may keep running."""

    code = "workers_running"


class DecodingError(BridgeError):
    """The body could not be decoded."""

    code = "undecodable"


@dataclass(frozen=True)
class FieldError:
    """Why one field of a payload could not be read."""

    field: str
    path: str
    """Where the mapping looked: a JMESPath expression, several joined by ` | `."""
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.field}: found {self.found} at `{self.path}`, expected {self.expected}"


class MappingError(BridgeError):
    """The payload cannot be read as a booking."""

    code = "unmappable"

    def __init__(self, errors: list[FieldError]) -> None:
        self.errors = errors
        super().__init__("; ".join(str(error) for error in errors))


class RefusedRequestError(BridgeError):
    """The request was refused."""

    status: ClassVar[int] = 400
    title: ClassVar[str] = "Bad request"
    retry_after: ClassVar[int | None] = None
    """Seconds after which the sender may try again; sent as `Retry-After`."""

    @property
    def members(self) -> dict[str, Any]:
        """What the problem document says besides."""
        return {}


class AuthFailure(StrEnum):
    """Why a request fails verification. Counted, but never revealed in the answer."""

    MISSING = "missing"
    """It has no signature, or no secret, where this sender puts it."""
    MALFORMED = "malformed"
    """Its proof cannot be read."""
    MISMATCH = "mismatch"
    """None of the secrets fits: a secret or the body was changed, or the request is forged."""
    STALE = "stale"
    """It was signed too long ago, or a clock is wrong."""
    CONFIGURATION = "configuration"
    """This side has no fit secret, or does not know the address that is signed."""
    OTHER_ACCOUNT = "other_account"
    """It is of an account of this sender that `tenants` does not list."""
    ORIGIN = "origin"
    """A form of a website that `origins` does not list."""


class NotAuthenticError(RefusedRequestError):
    """The request is not signed as this source's configuration requires."""

    # One text for all causes: the answer must not tell a forger how close he came.
    code, status, title = "not_authentic", 401, "Not authentic"

    def __init__(self, failure: AuthFailure) -> None:
        self.failure = failure
        super().__init__()


class OriginNotAllowedError(RefusedRequestError):
    """Forms from this website are not accepted here. Add its origin to `origins` of the source."""

    code, status, title = "origin_not_allowed", 403, "Origin not allowed"


class NotSignedInError(RefusedRequestError):
    """Sign in first; at the API, send `Authorization: Bearer <token>` with a token that is valid."""

    code, status, title = "not_signed_in", 401, "Not signed in"


class NotAllowedError(RefusedRequestError):
    """Your role does not allow this. Ask an administrator of the bridge."""

    code, status, title = "not_allowed", 403, "Not allowed"


class NotFromThisPageError(RefusedRequestError):
    """Only the console's own pages may change something here. Open the page at the console, and try it there."""

    code, status, title = "not_from_this_page", 403, "Not from this page"


class InsecureConnectionError(RefusedRequestError):
    """The console takes no password and no link over plain HTTP. Use https, or localhost through `ssh -L`."""

    code, status, title = "insecure_connection", 403, "Connection is not encrypted"


class UnknownSourceError(RefusedRequestError):
    """No source with this name is configured. Check the address that was pasted at the sender."""

    code, status, title = "unknown_source", 404, "Unknown source"


class SubmissionReusedError(RefusedRequestError):
    """Another form was sent under this submission id before. It was kept as it came first."""

    code, status, title = "submission_reused", 409, "Submission id used before"

    def __init__(self, receipt: dict[str, Any]) -> None:
        self.receipt = receipt
        super().__init__()

    @property
    def members(self) -> dict[str, Any]:
        return self.receipt


class ProofOfWorkNeededError(RefusedRequestError):
    """Many forms came from here. Send it again with the solution of `challenge` in the field `altcha`."""

    code, status, title = "proof_of_work_needed", 429, "Proof of work needed"

    def __init__(self, challenge: dict[str, Any]) -> None:
        self.challenge = challenge
        super().__init__()

    @property
    def members(self) -> dict[str, Any]:
        return {"challenge": self.challenge}


class TooManyFormsError(RefusedRequestError):
    """Too many forms came from here. Call the leasing office, or try again in an hour."""

    code, status, title = "too_many_forms", 429, "Too many forms"
    retry_after = 3600


class BodyTooLargeError(RefusedRequestError):
    """The body is larger than this server accepts."""

    code, status, title = "body_too_large", 413, "Body too large"


class MalformedRequestError(RefusedRequestError):
    """The length of the body is missing, or not given as HTTP/1.1 requires."""

    code, status, title = "malformed_request", 400, "Malformed request"


class RequestTimeoutError(RefusedRequestError):
    """The request did not arrive in time."""

    code, status, title = "request_timeout", 408, "Request timeout"


class HeadersTooLargeError(RefusedRequestError):
    """The headers are larger than this server accepts."""

    code, status, title = "headers_too_large", 431, "Headers too large"


class InvalidFormError(RefusedRequestError):
    """Please correct the marked fields."""

    code, status, title = "invalid_form", 422, "Invalid form"

    def __init__(self, errors: dict[str, list[str]]) -> None:
        self.errors = errors
        super().__init__()

    @property
    def members(self) -> dict[str, Any]:
        return {"errors": self.errors}


class UnknownPropertyNameError(RefusedRequestError):
    """No property of this name is configured. Check `property`, and the aliases in bridge.toml."""

    code, status, title = "unknown_property_name", 404, "Unknown property"


class NoTourTimesError(RefusedRequestError):
    """This property offers no times. Give it `tour_hours` of the week in bridge.toml."""

    code, status, title = "no_tour_times", 404, "No tour times"


class UnknownTourKindError(RefusedRequestError):
    """The property does not offer this kind of tour."""

    code, status, title = "unknown_tour_kind", 422, "Unknown kind of tour"

    def __init__(self, kinds: tuple[str, ...]) -> None:
        self.kinds = kinds
        super().__init__(f"The property does not offer this kind of tour. It offers {', '.join(kinds)}.")

    @property
    def members(self) -> dict[str, Any]:
        return {"kinds": list(self.kinds)}


class InvalidDatesError(RefusedRequestError):
    """`from` is a date such as 2026-12-03, `days` a number from 1 to 14."""

    code, status, title = "invalid_dates", 422, "Invalid dates"


class NotAcceptingError(RefusedRequestError):
    """The bridge cannot store this now. Send it again."""

    code, status, title = "not_accepting", 503, "Not accepting"
    retry_after = 30


class TimeNotFreeError(RefusedRequestError):
    """This time is not free. Choose another one."""

    code, status, title = "time_not_free", 422, "Time not free"

    def __init__(self, errors: dict[str, list[str]], nearest: list[dict[str, Any]]) -> None:
        self.errors, self.nearest = errors, nearest
        super().__init__()

    @property
    def members(self) -> dict[str, Any]:
        return {"errors": self.errors, "nearest": self.nearest}


class NotReadyError(RefusedRequestError):
    """This process takes no requests at the moment."""

    code, status, title = "not_ready", 503, "Not ready"

    def __init__(self, checks: dict[str, str]) -> None:
        self.checks = checks
        super().__init__()

    @property
    def members(self) -> dict[str, Any]:
        return {"version": __version__, "checks": self.checks}
