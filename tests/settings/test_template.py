"""The template shows every setting and its default, and the records have exactly these settings."""

import re
import tomllib
from datetime import time

import pytest

from bridge import settings as configuration
from bridge.errors import ConfigurationError
from bridge.settings import (
    AlertSettings,
    ConfiguredUser,
    OpenIdSettings,
    PrivacySettings,
    Property,
    PropexoSettings,
    ServerSettings,
    Settings,
    Source,
    schema,
    sections,
)
from bridge.settings.tour_times import KindSettings, SlotSettings


def test_the_template_loads_once_its_variables_are_set():
    document = tomllib.loads(configuration.template())
    assert configuration.parse(document, {"PROPEXO_TOKEN": "x"}).propexo.token == "x"
    with pytest.raises(ConfigurationError) as caught:
        configuration.parse(document, {})
    assert [problem.key for problem in caught.value.problems] == ["propexo.token"]


def uncommented() -> dict:
    return tomllib.loads(re.sub(r"^#(?=\S)", "", configuration.template(), flags=re.MULTILINE))


def test_the_template_shows_every_setting():
    shown = uncommented()
    oakwood = shown["properties"]["oakwood"]
    from_sources = {key for source in shown["sources"].values() for key in source}
    assert list(shown.keys() ^ schema.Document().fields.keys()) == []
    assert shown["propexo"].keys() == sections.PropexoSection().fields.keys()
    assert shown["server"].keys() == sections.ServerSection().fields.keys()
    assert shown["privacy"].keys() == sections.PrivacySection().fields.keys()
    assert shown["users"]["maya"].keys() == sections.UserSection().fields.keys()
    assert shown["alerts"].keys() == sections.AlertsSection().fields.keys()
    assert oakwood.keys() == sections.PropertySection().fields.keys()
    assert oakwood["slots"].keys() == sections.SlotsSection().fields.keys()
    assert oakwood["slots"]["kinds"]["self_guided"].keys() == sections.KindSection().fields.keys()
    assert oakwood["defaults"].keys() == sections.DefaultsSection().fields.keys()
    assert from_sources == sections.SourceSection().fields.keys()


def test_the_commented_lines_are_valid_and_show_the_defaults():
    variables = dict.fromkeys(
        ("PROPEXO_TOKEN", "DATABASE_PASSWORD", "CALENDLY_SIGNING_KEY", "META_VERIFY_TOKEN", "EXAMPLE_TOKEN"),
        "x",
    )
    variables["PROPEXO_WEBHOOK_SECRET"] = "webhook-secret"
    variables["ENCRYPTION_KEY"] = "A" * 43 + "="
    variables["OPENID_CLIENT_SECRET"] = "x"
    variables["MAYA_PASSWORD_HASH"] = "$argon2id$"
    variables["ALERTS_URL"] = "json://example.com"
    settings = configuration.parse(uncommented(), variables)
    assert settings.privacy == PrivacySettings(encryption_keys=(variables["ENCRYPTION_KEY"],))
    assert settings.alerts == AlertSettings(urls=("json://example.com",), digest_at=time(7, 30))
    assert settings.server == ServerSettings(
        private_bind="127.0.0.1:8081",
        public_url="https://bridge.example.com",
        trusted_proxies=1,
        metrics_port=9464,
        security_contact="mailto:security@example.com",
    )
    assert settings.propexo == PropexoSettings(
        token="x", organization_name="Example Living", webhook_secrets=("webhook-secret",)
    )
    assert settings.data_dir == Settings.data_dir
    calendly, unset = settings.sources["calendly"], Source(key="calendly", mapping="calendly")
    assert (calendly.enabled, calendly.phone_region) == (unset.enabled, unset.phone_region)


def test_the_records_have_exactly_the_settings():
    pairs = [
        (PropexoSettings, sections.PropexoSection, set()),
        (ServerSettings, sections.ServerSection, set()),
        (PrivacySettings, sections.PrivacySection, set()),
        (OpenIdSettings, sections.OpenIdSection, set()),
        (ConfiguredUser, sections.UserSection, {"key"}),
        (AlertSettings, sections.AlertsSection, set()),
        (Property, sections.PropertySection, {"key"}),
        (SlotSettings, sections.SlotsSection, set()),
        (KindSettings, sections.KindSection, set()),
        (Source, sections.SourceSection, {"key", "live_since"}),
        (Settings, schema.Document, {"path"}),
    ]
    for record, section, besides in pairs:
        assert record.__dataclass_fields__.keys() == section().fields.keys() | besides
