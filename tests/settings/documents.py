"""A valid bridge.toml that a test changes, and the sentences that it then expects."""

import tomllib

import pytest

from bridge import settings as configuration
from bridge.errors import ConfigurationError
from bridge.settings import Settings

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

IANA = "expected an IANA time zone"
PORT = "expected a port from 1 to 65535, without quotes"
TOKEN = "expected the API token that Propexo gave you"
PMS = 'expected the name of the property-management system, such as "ENTRATA"'
INTEGRATION = "expected the Propexo id of the integration, in quotes"


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
