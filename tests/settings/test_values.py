"""How addresses, the secret of a webhook and business hours may be written."""

import pytest
from settings.documents import parse, problems_of


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_database_url_has_one_scheme(scheme):
    assert parse(database_url=f"{scheme}://me@db/bridge").database_url == "postgresql://me@db/bridge"


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_plain_http_stays_on_this_machine(host):
    assert parse(propexo__base_url=f"http://{host}").propexo.base_url == f"http://{host}"


@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://www.example.com", "https://x.com:8443"])
def test_origins_are_what_a_browser_sends(origin):
    assert parse(sources__calendly__origins=[origin]).sources["calendly"].origins == (origin,)


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
    reported = parse(alerts__business_hours=written).alerts.business_hours
    assert (reported.days, (reported.opens.hour, reported.closes.hour)) == (days, hours)


@pytest.mark.parametrize(
    "written", ["mon-sat", "9-5", "mon-sun 18:00-09:00", "mo-fr 09:00-17:00", "mon 24:00-25:00", 9]
)
def test_other_business_hours_are_refused_with_an_example(written):
    [problem] = problems_of(alerts__business_hours=written)
    assert problem.endswith('expected days and hours, such as "mon-sat 09:00-18:00"')
