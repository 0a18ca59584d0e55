"""Every wrong value has one sentence, which says what was found and what is expected."""

import pytest
from settings.documents import IANA, INTEGRATION, PMS, PORT, TOKEN, problems_of

HTTPS = "expected an https address without path, such as https://api.propexo.com"
WEBSITE = "expected the scheme and host of a website, such as https://www.example.com"
TEXT = "expected a text in quotes that is not empty"
ABBREVIATION = f"{IANA} and no abbreviation; did you mean"
COUNTRY = 'expected a country code of two letters, such as "US"'
COUNT = "expected a whole number above 0, without quotes"


def without(key: str) -> dict[str, object]:
    return {key: None}


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
                "server.zzz: unknown key; the known ones are host, port, private_bind, workers, threads, "
                "body_limit, request_timeout, drain, worker_concurrency, trusted_proxies, metrics_port, "
                "security_contact, public_url"
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
            {"server": {"drain": -1}},
            "server.drain: found -1, expected a number of seconds, or 0, without quotes",
        ),
        (
            {"sources__calendly__enabled": "yes"},
            'sources.calendly.enabled: found "yes", expected true or false, without quotes',
        ),
        (
            {"sources__calendly__enabled": 1},
            "sources.calendly.enabled: found 1, expected true or false, without quotes",
        ),
        (
            {"console": {"workbench": "open"}},
            'console.workbench: found "open", expected true, false or "unconfined"',
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
