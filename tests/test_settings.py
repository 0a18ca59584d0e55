"""bridge.toml and the environment: every rule, and the sentence that says how to follow it."""

import re
import tomllib
from datetime import time
from pathlib import Path

import pytest

from bridge import settings as configuration
from bridge.errors import ConfigurationError
from bridge.settings import (
    AlertSettings,
    BusinessHours,
    ConfiguredUser,
    ConsoleSettings,
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

TOML = """
[propexo]
token = "t0ken"

[properties.oakwood]
integration_id = "int1"
property_id = "prop1"
pms = "entrata"
time_zone = "America/Chicago"
name = "Oakwood Flats"
aliases = ["oak", "https://api.calendly.com/event_types/AAA"]

[properties.elm-park]
integration_id = "int1"
property_id = "prop2"
pms = "YARDI"
time_zone = "US/Central"

[sources.calendly]
mapping = "calendly"
secrets = ["s1", "s2"]
property = "oakwood"
"""


def document(**changes):
    """The valid document with some values changed; `a__b` is the key `a.b`, None takes a key away."""
    result = tomllib.loads(TOML)
    for name, value in changes.items():
        *tables, last = name.split("__")
        table = result
        for key in tables:
            table = table.setdefault(key, {})
        table[last] = value
        if value is None:
            del table[last]
    return result


def parse(environ=None, path=None, **changes) -> Settings:
    return configuration.parse(document(**changes), environ or {}, path)


def problems_of(environ=None, path=None, **changes) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse(environ, path, **changes)
    return [str(problem) for problem in caught.value.problems]


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
            "workers": 3,
            "threads": 4,
            "body_limit": 10,
            "worker_concurrency": 1,
            "trusted_proxies": 2,
            "metrics_port": 5,
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
            "lead_source": "Web",
            "tolerance": 60,
            "auth": "NONE",
            "tenants": ["acme"],
            "verify_tokens": ["v"],
            "api": {"base_url": "https://api.example.com/", "token": "t"},
            "on_request": "lead_only",
            "reply_text": "Thank you.",
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
    assert settings.server == ServerSettings("0.0.0.0", 1, 3, 4, 10, 1, 2, 5, "https://bridge.example.com")
    assert settings.privacy == PrivacySettings(7, 14, ("-_" * 21 + "8=",))
    assert settings.console == ConsoleSettings(session_hours=2, workbench=False)
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
        lead_source="Web",
        tolerance=60,
        auth="none",
        tenants=("acme",),
        verify_tokens=("v",),
        api={"base_url": "https://api.example.com", "token": "t"},
        on_request="lead_only",
        reply_text="Thank you.",
        ignore_changes_by=("api",),
        silent_after=90,
        record=True,
    )
    assert settings.sources["new"] == Source(key="new", mapping="recorder", record=True)
    assert settings.mappings_dir == Path("own")


def without(key: str) -> dict[str, object]:
    return {key: None}


IANA = "expected an IANA time zone"
HTTPS = "expected an https address without path, such as https://api.propexo.com"
WEBSITE = "expected the scheme and host of a website, such as https://www.example.com"
TEXT = "expected a text in quotes that is not empty"
PORT = "expected a port from 1 to 65535, without quotes"
TOKEN = "expected the API token that Propexo gave you"
PMS = 'expected the name of the property-management system, such as "ENTRATA"'
INTEGRATION = "expected the Propexo id of the integration, in quotes"
ABBREVIATION = f"{IANA} and no abbreviation; did you mean"
COUNTRY = 'expected a country code of two letters, such as "US"'
COUNT = "expected a whole number above 0, without quotes"


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        # keys
        (
            {"properties__oakwood__timezone": "UTC"},
            'properties.oakwood.timezone: unknown key; did you mean "time_zone"?',
        ),
        ({"property": {}}, 'property: unknown key; did you mean "properties"?'),
        ({"propexo_token": "x"}, 'propexo_token: unknown key; did you mean "propexo.token"?'),
        (
            {"properties__oakwood__defaults": {"employe": "x"}},
            'properties.oakwood.defaults.employe: unknown key; did you mean "employee_id"?',
        ),
        (
            {"server": {"zzz": 1}},
            (
                "server.zzz: unknown key; the known ones are host, port, workers, threads, body_limit, "
                "worker_concurrency, trusted_proxies, metrics_port, public_url"
            ),
        ),
        (
            {"sources__Calendly West": {"mapping": "calendly"}},
            (
                'sources."Calendly West": expected a name of small letters, digits, - and _ '
                "that starts with a letter or digit"
            ),
        ),
        ({"server": 3}, "server: found 3, expected a table of settings"),
        ({"properties": [], "sources": {}}, "properties: found a list, expected a table"),
        ({"sources__calendly": "x"}, 'sources.calendly: found "x", expected a table of settings'),
        # required
        (without("propexo"), f"propexo.token: missing, {TOKEN}"),
        (without("properties__oakwood__time_zone"), f"properties.oakwood.time_zone: missing, {IANA}"),
        (
            without("properties__oakwood__integration_id"),
            f"properties.oakwood.integration_id: missing, {INTEGRATION}",
        ),
        (
            without("properties__oakwood__property_id"),
            "properties.oakwood.property_id: missing, expected the Propexo id of the property, in quotes",
        ),
        (
            without("sources__calendly__mapping"),
            'sources.calendly.mapping: missing, expected the name of a mapping, such as "calendly"',
        ),
        # texts
        ({"propexo__token": " "}, f"propexo.token: found a value that is not shown, {TOKEN}"),
        ({"propexo__token": ""}, f'propexo.token: found "", {TOKEN}'),
        (
            {"properties__oakwood__property_id": 12},
            "properties.oakwood.property_id: found 12, expected the Propexo id of the property, in quotes",
        ),
        (
            {"properties__oakwood__pms": ""},
            f'properties.oakwood.pms: found "", {PMS}',
        ),
        (
            {"properties__oakwood__units": {"2 BR": 7}},
            f'properties.oakwood.units."2 BR": found 7, {TEXT}',
        ),
        (
            {"properties__oakwood__aliases": "Oak, Wood"},
            'properties.oakwood.aliases: found "Oak, Wood", expected a list of texts, such as ["one", "two"]',
        ),
        (
            {"properties__oakwood__aliases": ["a", 5]},
            f"properties.oakwood.aliases[1]: found 5, {TEXT}",
        ),
        # time zones
        (
            {"properties__oakwood__time_zone": "Amerika/Chicago"},
            f'properties.oakwood.time_zone: found "Amerika/Chicago", {IANA}; did you mean "America/Chicago"?',
        ),
        (
            {"properties__oakwood__time_zone": "america/chicago"},
            f'properties.oakwood.time_zone: found "america/chicago", {IANA}; did you mean "America/Chicago"?',
        ),
        (
            {"properties__oakwood__time_zone": "CST"},
            f'properties.oakwood.time_zone: found "CST", {ABBREVIATION} "America/Chicago"?',
        ),
        (
            {"properties__oakwood__time_zone": "EST"},
            f'properties.oakwood.time_zone: found "EST", {ABBREVIATION} "America/New_York"?',
        ),
        (
            {"properties__oakwood__time_zone": "../etc/passwd"},
            f'properties.oakwood.time_zone: found "../etc/passwd", {IANA}',
        ),
        ({"properties__oakwood__time_zone": 6}, f"properties.oakwood.time_zone: found 6, {IANA}"),
        (
            {"properties__oakwood__pms_time": "local"},
            'properties.oakwood.pms_time: found "local", expected "property", "utc" or an IANA time zone',
        ),
        # addresses
        (
            {"propexo__base_url": "http://api.propexo.com"},
            (
                f'propexo.base_url: found "http://api.propexo.com", {HTTPS}'
                "; plain http would show secrets to the network"
            ),
        ),
        *[
            ({"propexo__base_url": url}, f'propexo.base_url: found "{url}", {HTTPS}')
            for url in (
                "https://api.propexo.com/v1",
                "https://x?y=1",
                "https://x#y",
                "api.propexo.com",
                "ftp://x",
                "https://",
                "https://x:port",
                "https://[x",
                "https://x:99999",
            )
        ],
        (
            {"propexo__base_url": "https://me:pw@x"},
            f'propexo.base_url: found "https://***@x", {HTTPS}',
        ),
        (
            {"database_url": "mysql://root:pw@db/bridge"},
            (
                "database_url: found a value that is not shown, expected an address that starts with "
                "postgresql:// (leave it out for the embedded database)"
            ),
        ),
        *[
            (
                {"sources__calendly__origins": [wrong]},
                f'sources.calendly.origins[0]: found "{wrong}", {WEBSITE}; did you mean "https://x.com"?',
            )
            for wrong in ("https://x.com/", "https://x.com/tour", "https://x.com:443")
        ],
        *[
            (
                {"sources__calendly__origins": [wrong]},
                f'sources.calendly.origins[0]: found "{wrong}", {WEBSITE}',
            )
            for wrong in ("*", "null", "x.com", "https://x.com?a", "file:///x")
        ],
        # numbers
        *[
            (
                {"server": {"port": found}},
                f"server.port: found {shown}, {PORT}",
            )
            for found, shown in (
                (0, "0"),
                (65536, "65536"),
                ("8080", '"8080"'),
                (True, "true"),
                (80.0, "80.0"),
            )
        ],
        *[
            ({"server": {name: 0}}, f"server.{name}: found 0, {COUNT}")
            for name in ("workers", "threads", "body_limit", "worker_concurrency")
        ],
        ({"propexo__budget_per_minute": -1}, f"propexo.budget_per_minute: found -1, {COUNT}"),
        ({"sources__calendly__tolerance": "300"}, f'sources.calendly.tolerance: found "300", {COUNT}'),
        (
            {"properties__oakwood__defaults": {"duration_minutes": "30"}},
            f'properties.oakwood.defaults.duration_minutes: found "30", {COUNT}',
        ),
        *[
            (
                {f"propexo__{name}": found},
                f"propexo.{name}: found {shown}, expected a number of seconds above 0, without quotes",
            )
            for name in ("connect_timeout", "read_timeout")
            for found, shown in ((0, "0"), ("5", '"5"'), (True, "true"), (float("inf"), "Infinity"))
        ],
        (
            {"sources__calendly__enabled": "yes"},
            'sources.calendly.enabled: found "yes", expected true or false, without quotes',
        ),
        (
            {"sources__calendly__enabled": 1},
            "sources.calendly.enabled: found 1, expected true or false, without quotes",
        ),
        # sources
        (
            {"sources__calendly__property": "oakwod"},
            (
                'sources.calendly.property: found "oakwod", expected the key of a configured property; '
                'did you mean "oakwood"?'
            ),
        ),
        (
            {"sources__calendly__secrets": ["a", "b", "a"]},
            (
                "sources.calendly.secrets[2]: found a value that is not shown, "
                "expected a secret that the list does not have yet"
            ),
        ),
        ({"sources__calendly__secrets": [""]}, f'sources.calendly.secrets[0]: found "", {TEXT}'),
        (
            {"sources__calendly__phone_region": "USA"},
            f'sources.calendly.phone_region: found "USA", {COUNTRY}',
        ),
        *[
            (
                {"privacy__encryption_keys": [key]},
                (
                    "privacy.encryption_keys[0]: found a value that is not shown, expected 32 bytes in base64, "
                    "as `openssl rand -base64 32` prints them"
                ),
            )
            for key in ("password", "A" * 42 + "==", "A" * 43 + "!", "A" * 43)
        ],
        (
            {"privacy__row_days": 7},
            "privacy.row_days: found 7, expected at least body_days, which is 30",
        ),
        (
            {"privacy__body_days": 120},
            "privacy.body_days: found 120, expected at most row_days, which is 90",
        ),
        # names of properties
        *[
            (
                {"properties__elm-park__aliases": ["elm", taken]},
                (
                    f'properties.elm-park.aliases[1]: found "{taken}", expected a name that no other '
                    "property answers to; properties.oakwood does"
                ),
            )
            for taken in ("Oak", "OAKWOOD", "Prop1", "oakwood flats")
        ],
        (
            {"properties__elm-park__name": "Oak"},
            (
                'properties.elm-park.name: found "Oak", expected a name that no other property '
                "answers to; properties.oakwood does"
            ),
        ),
        (
            {"properties__elm-park__property_id": "prop1"},
            (
                'properties.elm-park.property_id: found "prop1", expected a name that no other property '
                "answers to; properties.oakwood does"
            ),
        ),
    ],
)
def test_a_wrong_value_has_one_sentence(changes, problem):
    (found,) = problems_of(**changes)
    assert found == problem


def test_everything_wrong_is_told_at_once():
    assert problems_of(
        propexo__tokn="x",
        propexo__token="${PROPEXO_TOKEN}",
        properties__oakwood__time_zone="CST",
        properties__oakwood__pms=None,
        properties__elm__park__aliases=None,
        sources__calendly__property="beech",
        sources__calendly__secrets=["${KEY}", "ok", {"file": "/nowhere/secret"}],
        server={"port": "${PORT}"},
    ) == [
        "propexo.token: the environment variable PROPEXO_TOKEN is not set; set it and start again",
        "sources.calendly.secrets[0]: the environment variable KEY is not set; set it and start again",
        (
            'sources.calendly.secrets[2]: the file "/nowhere/secret" cannot be read (No such file or '
            "directory); correct its name or its rights"
        ),
        "server.port: the environment variable PORT is not set; set it and start again",
        'propexo.tokn: unknown key; did you mean "token"?',
        f"properties.oakwood.pms: missing, {PMS}",
        (
            'properties.oakwood.time_zone: found "CST", expected an IANA time zone and no abbreviation; '
            'did you mean "America/Chicago"?'
        ),
        f"properties.elm.integration_id: missing, {INTEGRATION}",
        "properties.elm.property_id: missing, expected the Propexo id of the property, in quotes",
        f"properties.elm.pms: missing, {PMS}",
        "properties.elm.time_zone: missing, expected an IANA time zone",
        (
            "properties.elm.park: unknown key; the known ones are integration_id, property_id, pms, "
            "time_zone, name, aliases, pms_time, defaults, units, agents, lead_sources"
        ),
        'sources.calendly.property: found "beech", expected the key of a configured property',
    ]


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_database_url_has_one_scheme(scheme):
    assert parse(database_url=f"{scheme}://me@db/bridge").database_url == "postgresql://me@db/bridge"


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_plain_http_stays_on_this_machine(host):
    assert parse(propexo__base_url=f"http://{host}").propexo.base_url == f"http://{host}"


@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://www.example.com", "https://x.com:8443"])
def test_origins_are_what_a_browser_sends(origin):
    assert parse(sources__calendly__origins=[origin]).sources["calendly"].origins == (origin,)


def test_a_text_may_contain_variables():
    settings = parse(
        {"PROPEXO_TOKEN": "secret ", "DB_PASSWORD": "pw", "PORT": "81", "ON": "off", "KEYS": "k1, k2"},
        propexo__token="${PROPEXO_TOKEN}",
        database_url="postgresql://me:${DB_PASSWORD}@db/bridge",
        server={"port": "${PORT}"},
        sources__calendly__enabled="${ON}",
        sources__calendly__secrets="${KEYS}",
    )
    assert settings.propexo.token == "secret"
    assert settings.database_url == "postgresql://me:pw@db/bridge"
    assert settings.server.port == 81
    assert settings.sources["calendly"].enabled is False
    assert settings.sources["calendly"].secrets == ("k1", "k2")
    assert type(settings.propexo.token) is str


def test_what_a_variable_contains_is_not_expanded_again():
    assert parse({"A": "${B}"}, propexo__token="${A}").propexo.token == "${B}"


def test_a_file_holds_a_secret(tmp_path):
    (tmp_path / "token").write_text("from file\n")
    for name in (str(tmp_path / "token"), "token", "${FOLDER}/token"):
        settings = parse({"FOLDER": str(tmp_path)}, tmp_path / "bridge.toml", propexo__token={"file": name})
        assert settings.propexo.token == "from file"


def test_a_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    (found,) = problems_of(path=tmp_path / "bridge.toml", propexo__token={"file": "token"})
    assert found == (
        'propexo.token: the file "token" cannot be read (it is not a text in UTF-8); '
        "correct its name or its rights"
    )


def test_the_content_of_a_reference_is_never_shown():
    found = problems_of({"X": "s3cret"}, properties__oakwood__time_zone="${X}", server={"port": "${X}"})
    assert found == [
        f"server.port: found a value that is not shown (from ${{X}}), {PORT}",
        f"properties.oakwood.time_zone: found a value that is not shown (from ${{X}}), {IANA}",
    ]


def test_repr_hides_secrets():
    shown = repr(parse(propexo__token="s3cret", database_url="postgresql://a:s3cret@db/x"))
    shown += repr(
        parse(sources__calendly__secrets=["s3cret"], privacy__encryption_keys=["s3cret" * 7 + "0="])
    )
    assert "s3cret" not in shown
    assert "America/Chicago" in shown


def test_the_environment_overrides_any_key():
    settings = parse(
        {
            "BRIDGE_PROPEXO__TOKEN": "${literal}",
            "bridge_server__port": "9000",
            "BRIDGE_PROPEXO__READ_TIMEOUT": "2.5",
            "BRIDGE_DATABASE_URL": "postgres://db/x",
            "BRIDGE_DATA_DIR": "/var/lib/bridge",
            "BRIDGE_SOURCES__CALENDLY__PROPERTY": "elm-park",
            "BRIDGE_SOURCES__CALENDLY__SECRETS": "a,b",
            "BRIDGE_SOURCES__CALENDLY__ENABLED": "False",
            "BRIDGE_PROPERTIES__ELM_PARK__ALIASES": "elm, Elm Park ",
            "BRIDGE_PROPERTIES__OAKWOOD__DEFAULTS__DURATION_MINUTES": "45",
            "BRIDGE_CONFIG": "ignored.toml",
            "BRIDGE_TEST_DATABASE": "ignored",
            "PATH": "/bin",
        },
        propexo__token="${PROPEXO_TOKEN}",
    )
    assert settings.propexo.token == "${literal}"
    assert settings.propexo.read_timeout == 2.5
    assert settings.server.port == 9000
    assert settings.database_url == "postgresql://db/x"
    assert settings.data_dir == Path("/var/lib/bridge")
    source = settings.sources["calendly"]
    assert (source.property, source.secrets, source.enabled) == ("elm-park", ("a", "b"), False)
    assert settings.properties["elm-park"].aliases == ("elm", "Elm Park")
    assert settings.properties["oakwood"].defaults == {"duration_minutes": 45}


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        (
            "BRIDGE_SERVER__PORT",
            "http",
            f'server.port: found "http" (from BRIDGE_SERVER__PORT), {PORT}',
        ),
        (
            "BRIDGE_PROPEXO__TOKN",
            "x",
            'propexo.tokn: unknown key (from BRIDGE_PROPEXO__TOKN); did you mean "token"?',
        ),
        (
            "BRIDGE_PROPEXO_TOKEN",
            "x",
            'propexo_token: unknown key (from BRIDGE_PROPEXO_TOKEN); did you mean "BRIDGE_PROPEXO__TOKEN"?',
        ),
        (
            "BRIDGE_SERVER_PORT",
            "80",
            'server_port: unknown key (from BRIDGE_SERVER_PORT); did you mean "BRIDGE_SERVER__PORT"?',
        ),
        (
            "BRIDGE_LOGS__LEVEL",
            "debug",
            (
                "logs: unknown key (from BRIDGE_LOGS__LEVEL); the known ones are "
                + ", ".join(schema.Document().fields)
            ),
        ),
        (
            "BRIDGE_PROPEXO",
            "x",
            'propexo: found "x" (from BRIDGE_PROPEXO), expected a table of settings',
        ),
        (
            "BRIDGE_SOURCES__CALENDLY__SECRETS",
            "a,b,a",
            (
                "sources.calendly.secrets[2]: found a value that is not shown "
                "(from BRIDGE_SOURCES__CALENDLY__SECRETS), expected a secret that the list does not have yet"
            ),
        ),
        (
            "BRIDGE_PROPEXO__TOKEN",
            "",
            f'propexo.token: found "" (from BRIDGE_PROPEXO__TOKEN), {TOKEN}',
        ),
    ],
)
def test_a_wrong_override_is_named(name, value, problem):
    assert problems_of({name: value}) == [problem]


def test_variables_of_kubernetes_are_not_settings():
    service = {
        "BRIDGE_SERVICE_HOST": "10.0.0.1",
        "BRIDGE_SERVICE_PORT": "80",
        "BRIDGE_SERVICE_PORT_HTTP": "80",
        "BRIDGE_PORT": "tcp://10.0.0.1:80",
        "BRIDGE_PORT_80_TCP": "tcp://10.0.0.1:80",
        "BRIDGE_PORT_80_TCP_ADDR": "10.0.0.1",
        "BRIDGE_WEB_SERVICE_HOST": "10.0.0.2",
        "BRIDGE_WEB_PORT": "tcp://10.0.0.2:80",
    }
    assert parse(service) == parse()


def test_the_environment_alone_is_enough(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = configuration.load(environ={"BRIDGE_PROPEXO__TOKEN": "x"})
    assert settings == Settings(propexo=PropexoSettings(token="x"))


def test_the_usual_files_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bridge.toml").write_text(TOML)
    assert configuration.load(environ={}).path == Path("bridge.toml")
    other = tmp_path / "etc" / "other.toml"
    other.parent.mkdir()
    other.write_text("\ufeff" + TOML, encoding="utf-8")
    settings = configuration.load(environ={"BRIDGE_CONFIG": str(other)})
    assert (settings.path, settings.data_dir) == (other, tmp_path / "etc" / "bridge-data")
    assert configuration.load(Path("bridge.toml"), {"BRIDGE_CONFIG": str(other)}).path == Path("bridge.toml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[propexo]\ntoken = x\n", "is not valid TOML: Invalid value (at line 2, column 9)"),
        (b"\xff", "is not a text in UTF-8; save it in that encoding"),
        (None, "there is no such file; `bridge init` writes one"),
    ],
)
def test_an_unreadable_file_is_one_problem(tmp_path, content, message):
    path = tmp_path / "bridge.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        configuration.load(path, {})
    assert str(caught.value) == f"{path}: {message}"


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(ConfigurationError, match=r"cannot be read \(Is a directory\); let this user read it"):
        configuration.load(tmp_path, {})


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
        public_url="https://bridge.example.com", trusted_proxies=1, metrics_port=9464
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
        (Source, sections.SourceSection, {"key"}),
        (Settings, schema.Document, {"path"}),
    ]
    for record, section, besides in pairs:
        assert record.__dataclass_fields__.keys() == section().fields.keys() | besides


def test_the_secret_of_a_webhook_is_one_that_propexo_takes():
    [problem] = problems_of(propexo__webhook_secrets=["long-enough-1", "short"])
    assert problem == (
        "propexo.webhook_secrets[1]: found a value that is not shown, expected the secret of a webhook, of at least "
        "10 characters"
    )
    assert "long-enough" not in repr(parse(propexo__webhook_secrets=["long-enough-1"]))


@pytest.mark.parametrize(
    ("written", "days", "hours"),
    [
        ("mon-sat 09:00-18:00", {0, 1, 2, 3, 4, 5}, (9, 18)),
        ("Sat-Mon 8:00-17:30", {5, 6, 0}, (8, 17)),
        ("wed 10:00-11:00", {2}, (10, 11)),
    ],
)
def test_business_hours_are_read_as_people_write_them(written, days, hours):
    told = parse(alerts__business_hours=written).alerts.business_hours
    assert (told.days, (told.opens.hour, told.closes.hour)) == (days, hours)


@pytest.mark.parametrize(
    "written", ["mon-sat", "9-5", "mon-sun 18:00-09:00", "mo-fr 09:00-17:00", "mon 24:00-25:00", 9]
)
def test_other_business_hours_are_refused_with_an_example(written):
    [problem] = problems_of(alerts__business_hours=written)
    assert problem.endswith('expected days and hours, such as "mon-sat 09:00-18:00"')
