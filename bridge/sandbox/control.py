"""The sandbox's switches over HTTP, for a demo in another process."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, request
from marshmallow import INCLUDE, Schema, ValidationError, fields, post_load, validate

from bridge.sandbox.faults import Fault
from bridge.sandbox.records import new_id
from bridge.sandbox.refusals import error_body
from bridge.sandbox.state import Sandbox


class PropertySchema(Schema):
    id = fields.String(load_default=new_id)
    name = fields.String(required=True)


class IntegrationSchema(Schema):
    id = fields.String(load_default=new_id)
    vendor = fields.String(required=True)
    properties = fields.List(fields.Nested(PropertySchema), load_default=list)


class SwitchesSchema(Schema):
    """What is on (true) and what is off."""

    models = fields.Dict(keys=fields.String(), values=fields.Boolean())
    interfaces = fields.Dict(keys=fields.String(), values=fields.Boolean())
    properties = fields.Dict(keys=fields.String(), values=fields.Boolean())


class BehaviourSchema(Schema):
    """Attributes of the sandbox."""

    refuses_taken_slots = fields.Boolean()
    unknown_ids_are_invalid = fields.Boolean()
    write_seconds = fields.Float(validate=validate.Range(min=0))
    sync_seconds = fields.Float(validate=validate.Range(min=0))


class StoredLeadSchema(Schema):
    class Meta:
        unknown = INCLUDE  # the fields of a lead, as in a write

    integration_id = fields.String(required=True)
    property_id = fields.String(required=True)
    synced = fields.Boolean(load_default=True)


class FaultSchema(Schema):
    method = fields.String()
    path = fields.String()
    times = fields.Integer(validate=validate.Range(min=1))
    status = fields.Integer(validate=validate.Range(min=100, max=599))
    after_write = fields.Boolean()
    delay = fields.Float(validate=validate.Range(min=0))
    drop = fields.String(validate=validate.OneOf(["before", "after"]))
    write_status = fields.String(validate=validate.OneOf(["FAILURE", "PARTIAL_SUCCESS"]))
    message = fields.String()
    is_written = fields.Boolean()
    no_job_id = fields.Boolean()
    headers = fields.Dict(keys=fields.String(), values=fields.String())
    body = fields.Raw(allow_none=True)

    @post_load
    def fault(self, data: dict[str, Any], **_: Any) -> Fault:
        return Fault(**data)


def create_control(sandbox: Sandbox) -> Blueprint:
    """The switches under `/sandbox`, which ask for no token and cost no budget."""
    control = Blueprint("control", __name__)
    control.register_error_handler(ValidationError, _refuse)

    @control.post("/sandbox/integrations")
    def add_integration() -> dict[str, Any]:
        asked = IntegrationSchema().load(request.get_json())
        sandbox.add_integration(asked["id"], asked["vendor"])
        for place in asked["properties"]:
            sandbox.add_property(asked["id"], place["id"], place["name"])
        return dict(asked)

    @control.post("/sandbox/leads")
    def add_lead() -> dict[str, str]:
        asked = StoredLeadSchema().load(request.get_json())
        try:
            return {"id": sandbox.add_lead(**asked)}
        except TypeError as unknown_field:
            raise ValidationError(str(unknown_field)) from None

    @control.post("/sandbox/sync/<integration_id>")
    def sync(integration_id: str) -> dict[str, Any]:
        sandbox.sync(integration_id)
        return {}

    @control.post("/sandbox/webhooks")
    def deliver_webhooks() -> dict[str, int]:
        return {"taken": sandbox.deliver_webhooks()}

    @control.post("/sandbox/faults")
    def add_fault() -> dict[str, Any]:
        fault = FaultSchema().load(request.get_json())
        sandbox.fail(**asdict(fault))
        return asdict(fault)

    _add_switches(control, sandbox)

    @control.delete("/sandbox/faults")
    def clear_faults() -> dict[str, Any]:
        sandbox.clear_faults()
        return {}

    @control.post("/sandbox/reset")
    def reset() -> dict[str, Any]:
        sandbox.reset()
        return {}

    return control


def _add_switches(control: Blueprint, sandbox: Sandbox) -> None:
    @control.post("/sandbox/integrations/<integration_id>/switches")
    def switch(integration_id: str) -> dict[str, Any]:
        switches = SwitchesSchema().load(request.get_json())
        sandbox.switch(integration_id, **switches)
        return dict(switches)

    @control.post("/sandbox/behaviour")
    def behave() -> dict[str, Any]:
        behaviour = BehaviourSchema().load(request.get_json())
        for name, value in behaviour.items():
            setattr(sandbox, name, value)
        return dict(behaviour)


def _refuse(error: ValidationError) -> tuple[dict[str, Any], int]:
    return error_body("invalid_request", "The switch does not know this body.", details=error.messages), 400
