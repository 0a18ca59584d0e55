"""Everything wrong is told at once, and no secret is shown."""

from settings.documents import IANA, INTEGRATION, PMS, PORT, parse, problems_of


def test_everything_wrong_is_reported_at_once():
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
            "time_zone, name, address, phone, move_notice, cancel_notice, aliases, pms_time, tour_hours, slots, "
            "defaults, units, agents, lead_sources"
        ),
        'sources.calendly.property: found "beech", expected the key of a configured property',
    ]


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
