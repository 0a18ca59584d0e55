"""Variables in a text, secrets from files, and the environment that overrides any key."""

from pathlib import Path

import pytest
from settings.documents import PORT, TOKEN, parse, problems_of

from bridge.settings import schema


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


def test_a_file_that_is_no_text_is_reported(tmp_path):
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    (found,) = problems_of(path=tmp_path / "bridge.toml", propexo__token={"file": "token"})
    assert found == (
        'propexo.token: the file "token" cannot be read (it is not a text in UTF-8); '
        "correct its name or its rights"
    )


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
