"""init_app(): the management API, its description at /openapi.json, and the page on which to try it."""

import copy
import threading
from functools import cached_property
from typing import Any

from flask import Blueprint, Flask, Response, current_app, json, render_template, request
from flask.json.provider import DefaultJSONProvider
from flask_smorest import Api
from flask_smorest import Blueprint as SmorestBlueprint

from bridge import __version__
from bridge.console.access.guard import require_role
from bridge.console.api import schemas
from bridge.console.api.action_needed import action_needed
from bridge.console.api.connections import connections
from bridge.console.api.description import finished, readable_by_yaml
from bridge.console.api.events import events
from bridge.console.api.limits import limit_requests
from bridge.console.api.mappings import mappings
from bridge.console.api.people import people
from bridge.console.api.postman import collection
from bridge.console.api.properties import properties
from bridge.console.api.source_setup import source_setup
from bridge.console.api.times import times
from bridge.console.api.tours import tours
from bridge.console.api.workbench import workbench
from bridge.mapping.catalogue import Catalogue
from bridge.models import Role

INFO = """Everything that the console can do. A token is made with `bridge tokens create` or at the console, and sent as
`Authorization: Bearer <token>`; its role says what it may do. Lists are paged: `next` of a page is the `cursor` of the
following one, and is in a `Link` header too. A change may carry an `Idempotency-Key`: sent again within a day with
the same key and content it is answered as before and made once; with other content it is refused (422), while the
first is still running it is not possible (409). Errors are problem documents (RFC 9457) with a stable `code`. A token
may send so many requests a minute (`RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset`); beyond that the answer
is 429 with `Retry-After`."""
BLUEPRINTS = (
    events,
    action_needed,
    times,
    tours,
    properties,
    connections,
    source_setup,
    mappings,
    workbench,
    people,
)
for each in BLUEPRINTS:
    limit_requests(each)


class ManagementApi(Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest's, whose errors are answered as all others of the bridge."""

    ERROR_SCHEMA = schemas.ProblemSchema

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self._undescribed: list[SmorestBlueprint] = []
        self._describing = threading.Lock()
        self._has_responses = False

    def register_blueprint(self, blueprint: SmorestBlueprint) -> None:
        """Register its routes. Its description is built when it is requested: it takes longer than all the rest."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blueprint.name] = self
        self._app.register_blueprint(blueprint)
        self._undescribed.append(blueprint)

    def described(self) -> dict[str, Any]:
        """The OpenAPI document of all routes."""
        with self._describing:
            if not self._has_responses:
                self._has_responses = True
                super()._register_responses()
            while self._undescribed:
                blueprint = self._undescribed.pop(0)
                blueprint.register_views_in_doc(
                    self, self._app, self.spec, name=blueprint.name, parameters=None
                )
            return copy.deepcopy(self.spec.to_dict())

    def _register_responses(self) -> None:
        """flask-smorest makes those of all status codes at start; here they are made with the first description."""

    def _register_error_handlers(self) -> None:
        """The application has its own."""


class Description:
    """The OpenAPI document. `build` makes it before the first request, where everybody may read it."""

    def __init__(self, app: Flask, api: ManagementApi, catalogue: Catalogue, public_url: str | None) -> None:
        self._app, self._api, self._catalogue, self._public_url = app, api, catalogue, public_url

    @cached_property
    def is_public(self) -> bool:
        """Whether all samples come with the bridge: those of own mappings may be recorded payloads of renters."""
        return not self._catalogue.own_paths

    def build(self) -> None:
        """Make the document. It takes half a second of processor, which no visitor may cause."""
        _ = self.text, self.postman  # both are kept from now on

    @cached_property
    def document(self) -> dict[str, Any]:
        """OpenAPI 3.1, with the hooks under `webhooks`."""
        rules = self._app.url_map.iter_rules()
        return finished(self._api.described(), rules, self._catalogue, self._public_url)

    @cached_property
    def text(self) -> str:
        return as_text(self.document)

    @cached_property
    def postman(self) -> str:
        """The collection for Postman."""
        return as_text(collection(self.document, self._public_url or "http://localhost:8080"))


description = Blueprint("api_description", __name__)


@description.get("/openapi.json")
def document() -> Response:
    """The description, for programs; with own mappings, only for operators."""
    return Response(_allowed_description().text, mimetype="application/json")


@description.get("/api/postman.json")
def postman() -> Response:
    """The calls as a collection for Postman; who may read the description may read this."""
    return Response(_allowed_description().postman, mimetype="application/json")


@description.get("/api/docs")
def page() -> str:
    """The page on which people read and try the calls; with own mappings, only for operators."""
    _allowed_description()
    return render_template("api/docs.html")


def _allowed_description() -> Description:
    """Raises NotSignedInError, NotAllowedError. A viewer reads no payloads, so no recorded ones either."""
    found: Description = current_app.extensions["api_description"]
    if not found.is_public:
        require_role(Role.OPERATOR)
    return found


def as_text(document: dict[str, Any]) -> str:
    """As JSON for programs that read JSON or YAML."""
    return readable_by_yaml(json.dumps(document, ensure_ascii=False, sort_keys=False))


def init_app(app: Flask, catalogue: Catalogue, public_url: str | None = None) -> Description:
    """Register everything below /api."""
    app.config |= {
        "API_TITLE": "Propexo bridge",
        "API_VERSION": __version__,
        "OPENAPI_VERSION": "3.1.0",
        "API_SPEC_OPTIONS": {
            "info": {"description": INFO},
            "security": [{"token": []}],
            "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        },
    }
    assert isinstance(app.json, DefaultJSONProvider)
    app.json.sort_keys = False  # a payload is shown in the order in which it came
    app.after_request(_name_version)
    api = ManagementApi(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(description)
    app.extensions["api_description"] = described = Description(app, api, catalogue, public_url)
    return described


def _name_version(response: Response) -> Response:
    """By it a program knows that a bridge answers, and which."""
    if request.path.startswith("/api/"):
        response.headers["X-Bridge-Version"] = __version__
    return response


def build(app: Flask) -> None:
    """Make the description before the first request, unless only operators may read it."""
    found: Description = app.extensions["api_description"]
    if found.is_public:
        with app.test_request_context("/api/docs"):
            found.build()
