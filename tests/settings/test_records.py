"""A document becomes records: every setting reaches its own, and a property answers to its names."""

from datetime import time
from pathlib import Path

import pytest
from settings.documents import document, parse

from bridge import settings as configuration
from bridge.settings import (
    AlertSettings,
    BusinessHours,
    ConsoleSettings,
    PrivacySettings,
    Property,
    PropexoSettings,
    ServerSettings,
    Settings,
    Source,
    Workbench,
)


def test_a_document_becomes_records():
    settings = parse()
    assert settings == Settings(
        propexo=PropexoSettings(token="t0ken"),
        server=ServerSettings(),
        properties={
            "oakwood": Property(
                key="oakwood",
                integration_id="int1",
                property_id="prop1",
                pms="ENTRATA",
                time_zone="America/Chicago",
                name="Oakwood Flats",
                aliases=("oak", "https://api.calendly.com/event_types/AAA"),
            ),
            "elm-park": Property(
                key="elm-park",
                integration_id="int1",
                property_id="prop2",
                pms="YARDI",
                time_zone="US/Central",
            ),
        },
        sources={
            "calendly": Source(key="calendly", mapping="calendly", secrets=("s1", "s2"), property="oakwood")
        },
        database_url=None,
        data_dir=Path("bridge-data"),
        mappings_dir=None,
        path=None,
    )


def test_every_setting_reaches_its_record():
    settings = parse(
        propexo={
            "token": "x",
            "base_url": "http://127.0.0.1:8000/",
            "budget_per_minute": 60,
            "connect_timeout": 5,
            "read_timeout": 7.5,
            "organization_name": "Example",
            "webhook_secrets": ["webhook-secret-1", "webhook-secret-2"],
        },
        server={
            "host": "0.0.0.0",
            "port": 1,
            "private_bind": "127.0.0.1:2",
            "workers": 3,
            "threads": 4,
            "body_limit": 10,
            "request_timeout": 2.5,
            "drain": 1.5,
            "worker_concurrency": 1,
            "trusted_proxies": 2,
            "metrics_port": 5,
            "security_contact": "mailto:security@example.com",
            "public_url": "https://bridge.example.com/",
        },
        privacy={"body_days": 7, "row_days": 14, "encryption_keys": ["+/" * 21 + "8="]},
        console={"workbench": False, "session_hours": 2},
        users__ola={"role": "viewer", "password_hash": "$argon2id$"},
        alerts={
            "urls": ["json://example.com"],
            "time_zone": "America/Chicago",
            "business_hours": "mon 9:00-10:00",
            "silent_after": 2,
            "unsent_before": 30,
            "digest_at": "7:30",
        },
        properties__oakwood__pms_time="UTC",
        properties__oakwood__defaults={"employee_id": "e", "duration_minutes": 30},
        properties__oakwood__units={"2 bedrooms": "u"},
        properties__oakwood__agents={"jane@example.com": "a"},
        properties__oakwood__lead_sources={"Web": "l"},
        sources__form={
            "mapping": "website_form",
            "enabled": False,
            "origins": ["https://Example.com"],
            "phone_region": "gb",
            "date_order": "day_first",
            "agent_time_zone": "Europe/Madrid",
            "lead_source": "Web",
            "tolerance": 60,
            "auth": "NONE",
            "tenants": ["acme"],
            "verify_tokens": ["v"],
            "api": {"base_url": "https://api.example.com/", "token": "t"},
            "on_request": "lead_only",
            "same_day": "move",
            "reply_text": "Thank you.",
            "reply_language": "ES",
            "replies": {"es": {"booked": "Hecho: {when}"}},
            "ignore_changes_by": ["api"],
            "silent_after": 90,
            "record": True,
        },
        sources__new={"record": True},
        mappings_dir="own",
    )
    assert settings.propexo == PropexoSettings(
        token="x",
        base_url="http://127.0.0.1:8000",
        budget_per_minute=60,
        connect_timeout=5.0,
        read_timeout=7.5,
        organization_name="Example",
        webhook_secrets=("webhook-secret-1", "webhook-secret-2"),
    )
    assert settings.server == ServerSettings(
        "0.0.0.0",
        1,
        "127.0.0.1:2",
        3,
        4,
        10,
        2.5,
        1.5,
        1,
        2,
        5,
        "mailto:security@example.com",
        "https://bridge.example.com",
    )
    assert settings.privacy == PrivacySettings(7, 14, ("-_" * 21 + "8=",))
    assert settings.console == ConsoleSettings(session_hours=2, workbench=Workbench.OFF)
    assert settings.alerts == AlertSettings(
        ("json://example.com",),
        "America/Chicago",
        BusinessHours(frozenset({0}), time(9), time(10)),
        2,
        30,
        time(7, 30),
    )
    oakwood = settings.properties["oakwood"]
    assert (oakwood.pms_time, oakwood.defaults) == ("utc", {"employee_id": "e", "duration_minutes": 30})
    assert (oakwood.units, oakwood.agents) == ({"2 bedrooms": "u"}, {"jane@example.com": "a"})
    assert oakwood.lead_sources == {"Web": "l"}
    assert settings.sources["form"] == Source(
        key="form",
        mapping="website_form",
        enabled=False,
        origins=("https://example.com",),
        phone_region="GB",
        date_order="day_first",
        agent_time_zone="Europe/Madrid",
        lead_source="Web",
        tolerance=60,
        auth="none",
        tenants=("acme",),
        verify_tokens=("v",),
        api={"base_url": "https://api.example.com", "token": "t"},
        on_request="lead_only",
        same_day="move",
        reply_text="Thank you.",
        reply_language="es",
        replies={"es": {"booked": "Hecho: {when}"}},
        ignore_changes_by=("api",),
        silent_after=90,
        record=True,
    )
    assert settings.sources["new"] == Source(key="new", mapping="recorder", record=True)
    assert settings.mappings_dir == Path("own")


def test_the_document_is_left_as_it_was():
    given = document()
    configuration.parse(
        given, {"BRIDGE_PROPEXO__TOKEN": "y", "BRIDGE_SOURCES__CALENDLY__PROPERTY": "elm-park"}
    )
    assert given == document()


@pytest.mark.parametrize(
    "text",
    [
        "oakwood",
        " OakWood\n",
        "PROP1",
        "oakwood flats",
        "OAK",
        "https://api.calendly.com/event_types/aaa",
        "property:oakwood",
        "Property: Oakwood Flats",
    ],
)
def test_a_property_answers_to_its_names(text):
    settings = parse()
    assert settings.property_named(text) is settings.properties["oakwood"]


@pytest.mark.parametrize("text", ["", "property:", "oakwood2", "flats", "properties:oakwood"])
def test_nobody_answers_to_another_name(text):
    assert parse().property_named(text) is None
