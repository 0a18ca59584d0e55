"""The sandbox takes what the contract takes, refuses what it refuses, and answers as it documents."""

import json
from datetime import timedelta
from typing import Any

import pytest
from propexo_contract.cases import DAY, extra, good, properties, required, vendor_problems
from propexo_contract.contract import Operation, document, operation_of, operations, problems

VENDORS = ("APPFOLIO", "ENTRATA", "MRI", "REALPAGE_RPX", "RENTMANAGER", "RESMAN", "YARDI", "YARDI_REST")
LENIENT = {"ignore_unknown_fields": "true"}
PATHS = {
    "create": ("POST", "/v1/events/appointments/leads"),
    "update": ("PUT", "/v1/events/appointments/leads/{event_id}"),
    "cancel": ("POST", "/v1/events/appointments/leads/cancel"),
    "lead": ("POST", "/v1/leads/"),
    "lead update": ("PUT", "/v1/leads/{id}"),
}


def operation(name: str) -> Operation:
    found = operation_of(*PATHS[name])
    assert found is not None
    return found


def path_of(account: Any, name: str, vendor: str) -> tuple[str, str]:
    method, template = PATHS[name]
    return method, template.format(event_id=account.events[vendor], id=account.leads[vendor])


def read_body(account: Any, name: str, vendor: str) -> dict[str, Any]:
    """A body with every key of the generic schema."""
    body = {key: good(schema, key) for key, schema in properties(operation(name).body or {}).items()}
    known = {
        "integration_id": vendor,
        "property_id": f"{vendor}-property",
        "lead_id": account.leads[vendor],
        "event_id": account.events[vendor],
    }
    return {key: known.get(key, value) for key, value in body.items()}


def send(account: Any, name: str, vendor: str, body: Any, query: dict[str, str]) -> Any:
    method, path = path_of(account, name, vendor)
    return account.call(method, path, json=body, params=query)


@pytest.mark.parametrize("name", PATHS)
def test_takes_and_refuses_each_value_of_a_body_as_the_contract_does(account, name):
    """Every key of the generic schema, deprecated ones too, with good values, bad ones, and those at its limits."""
    schema = operation(name).body
    vendor = "ENTRATA" if name == "create" else "RENTMANAGER"
    whole = read_body(account, name, vendor)
    assert problems(schema, whole) == []
    assert send(account, name, vendor, whole, LENIENT).status_code == 200
    bodies = [{**whole, key: value} for key, of in properties(schema).items() for value in extra(of)]
    bodies += [{**whole, "foo": 1}, {**whole, "Notes": "x"}, [], "text", 5, [whole]]
    bodies += [{key: value for key, value in whole.items() if key != gone} for gone in required(schema)]
    tried = 0
    for body in bodies:
        is_named = isinstance(body, dict) and body.get("integration_id", vendor) == vendor
        expected = not problems(schema, body) and is_named
        if expected and {"lead_id", "event_id"} & body.keys() and body != whole:
            body |= {key: whole[key] for key in ("lead_id", "event_id") if key in whole}
        answer = send(account, name, vendor, body, LENIENT)
        assert (answer.status_code == 200) == expected, (body, answer.text)
        tried += 1
    assert tried > 20


KINDS = {
    "create": "lead-appointment-create",
    "update": "lead-appointment-update",
    "lead": "lead-create-required",
}


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("name", KINDS)
def test_takes_and_refuses_the_fields_of_a_pms_as_its_page_does(account, name, vendor):
    schemas = document()["x-vendor-schemas"][KINDS[name]]
    if vendor not in schemas:
        return
    whole = read_body(account, name, vendor) | {"first_name": "Ana", "last_name": "Diaz", "notes": "Ref 7."}
    whole = {key: value for key, value in whole.items() if key in properties(operation(name).body or {})}
    listed = properties({"$ref": schemas[vendor]}) if name != "lead" else whole
    usual = {key: value for key, value in whole.items() if key in listed}
    bodies = [usual, *({**usual, key: whole[key]} for key in whole.keys() - usual.keys())]
    bodies += [{key: value for key, value in usual.items() if key != gone} for gone in usual]
    for body in bodies:
        expected = not problems(operation(name).body, body) and not vendor_problems(KINDS[name], vendor, body)
        answer = send(account, name, vendor, body, {})
        assert (answer.status_code == 200) == expected, (body, answer.text)
        if answer.status_code != 200 and body.keys() >= usual.keys():
            assert send(account, name, vendor, body, LENIENT).status_code == 200, body


@pytest.mark.parametrize("vendor", VENDORS)
def test_cancels_where_the_contract_does(account, vendor):
    unsupported = document()["x-vendor-schemas"]["lead-appointment-cancel-unsupported-405"]
    undocumented = ["MRI", "YARDI_REST"]
    answer = send(account, "cancel", vendor, read_body(account, "cancel", vendor), {})
    assert answer.status_code == (405 if vendor in [*unsupported, *undocumented] else 200)


LISTS = [each for each in operations() if each.method == "GET" and "limit" in each.query]


@pytest.mark.parametrize("listing", LISTS, ids=lambda each: each.template)
def test_takes_and_refuses_the_filters_of_a_list_as_the_contract_does(account, listing):
    path = listing.template.format(integration_id="ENTRATA")
    shared = {"order-by": "created_at:desc", "phone_1": "5125550140", "is_active": "true"}
    pms = {"integration_id": "ENTRATA", "x_property_id": "1", "property_id": "ENTRATA-property"}
    queries: list[dict[str, str]] = [{}, {"name": "x"}, {"createdAt": "x"}]
    for name, schema in listing.query.items():
        value = shared.get(name) or str(good(schema, name))
        queries.append({name: value})
        queries.append({name: value, **{each: pms[each] for each in pms if each in listing.query}})
    queries += [{"limit": each} for each in ("0", "1", "100", "101", "250", "251", "-1", "ten", "1.5")]
    queries += [{"offset": each} for each in ("0", "3", "-3")]
    for query in queries:
        answer = account.call("GET", path, params=query)
        assert (answer.status_code == 200) == (not listing.request_problems(query, None)), (
            query,
            answer.text,
        )
    answers = [each for each in account.violations if " answer " in each]
    assert answers == []


def test_every_answer_is_as_documented(account):
    """Each read call, of each PMS, with records in every list."""
    for vendor in VENDORS:
        for listing in LISTS:
            query = {"integration_id": vendor} if "integration_id" in listing.query else {}
            answer = account.call("GET", listing.template.format(integration_id=vendor), params=query).json
            records = answer["results"]["logs"] if "logs" in listing.template else answer["results"]
            assert records, (listing.name, vendor)
        account.call("GET", f"/v1/leads/{account.leads[vendor]}")
        account.call("GET", f"/v1/events/{account.events[vendor]}")
        account.call("GET", f"/v1/admin/integrations/{vendor}/")
    account.call("GET", "/v1/admin/integrations/nobody/")
    assert account.violations == []


def test_writes_and_their_follow_up_are_as_documented(account):
    for wrapped in (False, True):
        account.sandbox.wrapped = wrapped
        body = read_body(account, "cancel", "ENTRATA")
        answer = send(account, "cancel", "ENTRATA", body, LENIENT).json
        job = answer.get("job_id") or answer["meta"]["job_id"]
        account.call("GET", f"/v1/admin/write-status/{job}")
    account.sandbox.fail(method="POST", path="/v1/leads/", write_status="FAILURE")
    person = {"integration_id": "MRI", "property_id": "MRI-property", "last_name": "Diaz"}
    account.sandbox.wrapped = False
    job = account.call("POST", "/v1/leads/", json=person).json["job_id"]
    account.call("GET", f"/v1/admin/write-status/{job}")
    account.call("POST", f"/v1/admin/retry-write/{job}", json={})
    slots = {"integration_id": "ENTRATA", "property_id": "ENTRATA-property", "availability_start_date": DAY,
             "availability_duration_days": 2}  # fmt: skip
    assert account.call("POST", "/v1/appointment-availability/", json=slots).json["result"]
    for asked in ({}, {"models_to_sync": ["events"]}, {"models_to_sync": ["leads", "events"]}):
        answer = account.call("POST", "/v1/admin/integrations/ENTRATA/manual-sync", json=asked)
        assert answer.json == {"result": {"success": True}}
    assert account.violations == []


@pytest.mark.parametrize(
    "asked", [{"models_to_sync": ["nonsense"]}, {"models_to_sync": "events"}, {"foo": 1}]
)
def test_refuses_a_sync_of_what_does_not_exist(account, asked):
    assert account.call("POST", "/v1/admin/integrations/ENTRATA/manual-sync", json=asked).status_code == 400


def test_takes_and_refuses_webhooks_as_the_contract_does(account):
    webhooks = operation_of("POST", "/v1/webhooks/")
    whole = {key: good(schema, key) for key, schema in properties(webhooks.body).items()}
    whole["secret"] = "0123456789"
    bodies = [whole, {**whole, "foo": 1}, {**whole, "model": "nonsense"}, {**whole, "url": "nowhere"}, None]
    bodies += [
        {**whole, key: value} for key, of in properties(webhooks.body).items() for value in (7, True, None)
    ]
    bodies += [{**whole, "triggers": []}, {**whole, "secret": "short"}, {**whole, "active": "yes"}]
    bodies += [{key: value for key, value in whole.items() if key != gone} for gone in whole]
    for body in bodies:
        answer = account.call("POST", "/v1/webhooks/", json=body)
        assert (answer.status_code == 200) == (not problems(webhooks.body, body)), (body, answer.text)
    assert [each for each in account.violations if " answer " in each] == []


HOOKS = {
    "WRITE_OPERATION_FAILURE": "HookWriteFailure",
    "DATA_NEW": "HookData",
    "DATA_UPDATE": "HookData",
    "SYNC_COMPLETE": "HookSync",
}


@pytest.mark.parametrize("wrapped", [True, False])
def test_webhooks_carry_what_is_documented(account, wrapped, monkeypatch):
    account.sandbox.wrapped = wrapped
    registered = {"url": "https://bridge.example.com/x", "triggers": [*HOOKS], "active": True}
    account.call("POST", "/v1/webhooks/", json=registered)
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(
        "bridge.sandbox.webhooks.WebhookDelivery.post",
        lambda delivery, session: sent.append(json.loads(delivery.body)) or True,
    )
    account.sandbox.fail(method="PUT", write_status="FAILURE")
    send(account, "update", "ENTRATA", {"notes": "x"}, {})
    send(account, "update", "RENTMANAGER", read_body(account, "update", "RENTMANAGER"), LENIENT)
    account.sandbox.add_lead("MRI", "MRI-property", last_name="Diaz")
    account.sandbox.sync("MRI")
    account.sandbox.deliver_webhooks()
    events = {(body["data"] if wrapped else body)["event"] for body in sent}
    assert events == HOOKS.keys()
    for body in sent:
        event = (body["data"] if wrapped else body)["event"]
        schema = {"$ref": f"#/components/schemas/{HOOKS[event]}"}
        if event == "WRITE_OPERATION_FAILURE" and not wrapped:
            body = {"trigger": event, "data": body}  # noqa: PLW2901 - only the wrapped form is documented
        assert problems(schema, body) == [], body


class TestSwitches:
    def read(self, account: Any, path: str, **query: str) -> list[dict[str, Any]]:
        return account.call("GET", path, params={"integration_id": "ENTRATA", **query}).json["results"]

    def test_what_is_not_synced_is_not_read(self, account):
        account.sandbox.switch("ENTRATA", models={"leads": False, "events": False, "units": False})
        account.sandbox.add_lead("ENTRATA", "ENTRATA-property", last_name="Roe", email_1="roe@example.com")
        account.sandbox.sync("ENTRATA")
        assert self.read(account, "/v1/leads/", email_1="roe@example.com") == []
        assert self.read(account, "/v1/units/") == []
        models = account.call("GET", "/v1/admin/integrations/ENTRATA/").json["results"]["models"]
        assert {name: each["enabled"] for name, each in models.items()} == {
            "properties": True, "units": False, "employees": True, "lead_sources": True, "timezones": True,
            "lead_relationships": True, "leads": False, "events": False, "leads_to_events": True,
        }  # fmt: skip
        assert account.violations == []

    def test_a_property_that_is_not_enabled(self, account):
        account.sandbox.switch("ENTRATA", properties={"ENTRATA-property": False})
        [switch] = results_of(account, "/v1/admin/integrations/ENTRATA/properties")
        assert (switch["property_id"], switch["enabled"]) == ("ENTRATA-property", False)
        account.sandbox.add_lead("ENTRATA", "ENTRATA-property", last_name="Roe", email_1="roe@example.com")
        assert self.read(account, "/v1/leads/", email_1="roe@example.com") == []
        assert self.read(account, "/v1/employees/") == []

    def test_an_interface_that_is_off_fails_the_write(self, account):
        account.sandbox.switch("ENTRATA", interfaces={"ENTRATA_CREATE_EVENT": False})
        body = read_body(account, "create", "ENTRATA")
        job = send(account, "create", "ENTRATA", body, LENIENT).json["job_id"]
        outcome = account.call("GET", f"/v1/admin/write-status/{job}").json
        assert outcome["write_status"] == "FAILURE"
        assert "ENTRATA_CREATE_EVENT" in outcome["errors"][0]

    def test_over_http(self, account):
        switches = {"models": {"leads": False}, "interfaces": {"MRI_BASE": False}, "properties": {}}
        assert account.call("POST", "/sandbox/integrations/MRI/switches", json=switches).json == switches
        wrong = {"properties": {"ENTRATA-property": False}}
        assert account.call("POST", "/sandbox/integrations/MRI/switches", json=wrong).status_code == 400
        found = account.call("GET", "/v1/admin/integrations/MRI/").json["results"]
        assert found["models"]["leads"]["enabled"] is False
        assert found["integration_interfaces"] == [
            {"interface_name": "MRI_BASE", "enabled": False, "version": None}
        ]


def results_of(account: Any, path: str) -> list[dict[str, Any]]:
    return account.call("GET", path).json["results"]


def test_a_taken_slot_can_be_refused(account):
    account.call("POST", "/sandbox/behaviour", json={"refuses_taken_slots": True})
    body = read_body(account, "create", "RENTMANAGER")
    outcomes = []
    for at in ("10:15:00", "10:30:00", "10:32:00"):
        job = send(account, "create", "RENTMANAGER", {**body, "appointment_time": at}, LENIENT).json["job_id"]
        outcomes.append(account.call("GET", f"/v1/admin/write-status/{job}").json)
    assert [each["write_status"] for each in outcomes] == ["FAILURE", "SUCCESS", "FAILURE"]
    assert "no longer available" in outcomes[0]["errors"][0]


@pytest.mark.parametrize("is_invalid", [True, False])
def test_unknown_ids_are_404_or_400(account, is_invalid):
    account.call("POST", "/sandbox/behaviour", json={"unknown_ids_are_invalid": is_invalid})
    status = 400 if is_invalid else 404
    for path in ("/v1/leads/nobody", "/v1/events/nobody", "/v1/admin/write-status/nobody"):
        assert account.call("GET", path).status_code == status
    change = read_body(account, "update", "RENTMANAGER")
    cancel = read_body(account, "cancel", "RENTMANAGER") | {"event_id": "nobody"}
    for method, path, body in (
        ("PUT", "/v1/events/appointments/leads/nobody", change),
        ("PUT", "/v1/leads/nobody", {"last_name": "Roe"}),
        ("POST", "/v1/events/appointments/leads/cancel", cancel),
    ):
        answer = account.call(method, path, json=body, params=LENIENT)
        assert answer.status_code == (400 if is_invalid else 200), path
    assert account.violations == []


def test_finds_an_address_only_as_the_pms_spells_it(account):
    for email, found in (("Ana@Example.com", 1), ("ana@example.com", 0), ("Ana@Example.co", 0)):
        query = {"integration_id": "MRI", "email_1": email}
        assert len(account.call("GET", "/v1/leads/", params=query).json["results"]) == found


def test_a_failure_may_have_been_written(account):
    reason = "The PMS did not answer within 60 s"
    account.sandbox.fail(method="POST", write_status="FAILURE", message=reason, is_written=True)
    before = len(account.sandbox.appointments)
    job = send(account, "create", "MRI", read_body(account, "create", "MRI"), LENIENT).json["job_id"]
    outcome = account.call("GET", f"/v1/admin/write-status/{job}").json
    assert (outcome["write_status"], reason in outcome["errors"][0]) == ("FAILURE", True)
    assert len(account.sandbox.appointments) == before + 1


def test_a_manual_sync_takes_its_time(account):
    account.sandbox.sync_seconds = 120
    lead_id = account.sandbox.add_lead("ENTRATA", "ENTRATA-property", synced=False, last_name="Roe")
    account.call("POST", "/v1/admin/integrations/ENTRATA/manual-sync", json={"models_to_sync": ["leads"]})
    account.clock.now += timedelta(seconds=119)
    assert account.call("GET", f"/v1/leads/{lead_id}").status_code == 404
    account.clock.now += timedelta(seconds=1)
    assert account.call("GET", f"/v1/leads/{lead_id}").status_code == 200
