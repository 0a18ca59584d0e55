"""Time rules and daylight saving, and what each PMS offers."""

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.propexo.pms import (
    PROFILES,
    RepeatedTimeError,
    SkippedTimeError,
    UnknownTimeRuleError,
    UnsupportedPmsError,
    from_wall_time,
    profile_of,
    time_zone,
    to_pms_time,
)

PLACES = ["America/New_York", "America/Chicago", "America/Denver", "America/Phoenix", "America/Los_Angeles",
          "America/Anchorage", "Pacific/Honolulu", "America/Puerto_Rico", "America/St_Johns", "Europe/London",
          "Australia/Lord_Howe"]  # fmt: skip
RULES = {
    "ENTRATA": "America/Denver",
    "REALPAGE_RPX": "property",
    "RENTMANAGER": "property",
    "RESMAN": "UTC",
    "APPFOLIO": "UTC",
    "YARDI": "property",
    "YARDI_REST": "property",
}


def changes(zone: str) -> list[datetime]:
    """The hours of 2026 and 2027 in which the clocks of a zone change."""
    start, there = datetime(2026, 1, 1, tzinfo=UTC), ZoneInfo(zone)
    hours = [start + timedelta(hours=count) for count in range(2 * 365 * 24)]
    pairs = pairwise(hours)
    return [
        later
        for now, later in pairs
        if now.astimezone(there).utcoffset() != later.astimezone(there).utcoffset()
    ]


@cache
def moments(zone: str) -> st.SearchStrategy[datetime]:
    minutes = st.integers(0, 9 * 365 * 24 * 60).map(lambda count: timedelta(minutes=count))
    anywhere = minutes.map(lambda later: datetime(2026, 1, 1, tzinfo=UTC) + later)
    near = changes(zone)
    if not near:
        return anywhere
    shifts = st.integers(-300, 300).map(lambda count: timedelta(minutes=count))
    return anywhere | st.builds(lambda moment, shift: moment + shift, st.sampled_from(near), shifts)


@pytest.mark.parametrize("vendor", RULES)
@given(data=st.data())
def test_date_and_time_denote_the_same_instant_in_the_zone_of_the_rule(
    vendor: str, data: st.DataObject
) -> None:
    place = data.draw(st.sampled_from(PLACES))
    zone = time_zone(profile_of(vendor), place, None)
    assert zone.key == (place if RULES[vendor] == "property" else RULES[vendor])
    starts_at = data.draw(moments(zone.key)).replace(microsecond=0)
    sender = ZoneInfo(data.draw(st.sampled_from(PLACES)))
    extra = [starts_at + timedelta(minutes=minutes) for minutes in (-60, -30, 30, 60)]
    wall = starts_at.astimezone(zone).replace(tzinfo=None)
    try:
        date, time = to_pms_time(starts_at.astimezone(sender), zone)
    except RepeatedTimeError:
        assert wall in [other.astimezone(zone).replace(tzinfo=None) for other in extra]
        return
    assert (len(date), len(time)) == (10, 8)
    read_by_pms = datetime.fromisoformat(f"{date}T{time}").replace(tzinfo=zone)
    assert read_by_pms.astimezone(UTC) == starts_at
    assert from_wall_time(wall, zone) == starts_at


@given(data=st.data(), place=st.sampled_from(PLACES))
def test_a_wall_time_is_an_instant_or_refused(data: st.DataObject, place: str) -> None:
    zone = ZoneInfo(place)
    near = data.draw(moments(place)).astimezone(zone).replace(tzinfo=None, fold=0)
    local = near + timedelta(minutes=data.draw(st.integers(-90, 90)))
    candidates = {
        moment
        for shift in range(-16 * 4, 16 * 4)
        if (moment := local.replace(tzinfo=UTC) + timedelta(minutes=15 * shift))
        .astimezone(zone)
        .replace(tzinfo=None)
        == local
    }
    try:
        assert {from_wall_time(local, zone)} == candidates
    except SkippedTimeError:
        assert not candidates
    except RepeatedTimeError:
        assert len(candidates) == 2


def test_a_late_tour_changes_its_day_in_mountain_time() -> None:
    starts_at = datetime(2026, 7, 2, 0, 30, tzinfo=ZoneInfo("America/New_York"))
    assert to_pms_time(starts_at, ZoneInfo("America/Denver")) == ("2026-07-01", "22:30:00")


def test_skipped_and_repeated_wall_times_say_what_to_do() -> None:
    chicago = ZoneInfo("America/Chicago")
    with pytest.raises(SkippedTimeError, match="2026-03-08 02:30 does not exist in America/Chicago"):
        from_wall_time(datetime(2026, 3, 8, 2, 30), chicago)  # noqa: DTZ001 - wall time
    with pytest.raises(RepeatedTimeError, match="2026-11-01 01:30 happens twice in America/Chicago"):
        from_wall_time(datetime(2026, 11, 1, 1, 30), chicago)  # noqa: DTZ001 - wall time
    with pytest.raises(RepeatedTimeError, match="by hand"):
        to_pms_time(datetime(2026, 11, 1, 6, 30, tzinfo=UTC), chicago)


def test_naive_and_aware_are_not_mixed_up() -> None:
    with pytest.raises(ValueError, match="aware"):
        to_pms_time(datetime(2026, 5, 1, 10), ZoneInfo("UTC"))  # noqa: DTZ001 - the point
    with pytest.raises(ValueError, match="naive"):
        from_wall_time(datetime(2026, 5, 1, 10, tzinfo=UTC), ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("override", "zone"),
    [
        ("property", "America/Chicago"),
        ("utc", "UTC"),
        ("UTC", "UTC"),
        ("America/New_York", "America/New_York"),
    ],
)
@pytest.mark.parametrize("vendor", [*RULES, "MRI"])
def test_the_operator_has_the_last_word(vendor: str, override: str, zone: str) -> None:
    assert time_zone(profile_of(vendor), "America/Chicago", override).key == zone


def test_mri_has_no_rule_and_says_so() -> None:
    with pytest.raises(UnknownTimeRuleError, match=r"MRI.*`pms_time`"):
        time_zone(profile_of("MRI"), "America/Chicago", None)


def test_a_zone_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError):
        time_zone(profile_of("MRI"), "America/Chicago", "Mountain")


def test_all_vendors_of_propexo_have_a_profile() -> None:
    assert sorted(PROFILES) == [
        "APPFOLIO", "BUILDIUM", "ELISEAI", "ENTRATA", "FUNNEL", "KNOCK", "MRI", "PROPERTYWARE",
        "PROPERTYWARE_REST",
        "REALPAGE", "REALPAGE_RPX", "RENTCAFE", "RENTMANAGER", "RENTVINE", "RESMAN", "YARDI", "YARDI_REST",
    ]  # fmt: skip


# vendor: create, update, cancel, new leads, appointment id at once, lead id at once
OFFERS = {
    "ENTRATA": "yyyy--",
    "REALPAGE_RPX": "yyyyy-",
    "RENTMANAGER": "yyyyyy",
    "RESMAN": "yy-yyy",
    "APPFOLIO": "yyyyyy",
    "MRI": "yy-y-y",
    "YARDI": "yyyy-y",
    "YARDI_REST": "yy----",
    "REALPAGE": "---y-y",
    "PROPERTYWARE": "---y-y",
    "PROPERTYWARE_REST": "------",
    "BUILDIUM": "------",
    "RENTVINE": "------",
    "RENTCAFE": "------",
    "ELISEAI": "------",
    "FUNNEL": "------",
    "KNOCK": "------",
}


@pytest.mark.parametrize(("vendor", "offers"), OFFERS.items())
def test_what_each_pms_offers(vendor: str, offers: str) -> None:
    profile = profile_of(vendor)
    held = [profile.create, profile.update, profile.cancel, profile.lead]
    found = [part is not None for part in held] + [profile.returns_appointment_id, profile.returns_lead_id]
    assert "".join("y" if offered else "-" for offered in found) == offers
    assert bool(profile.note) == (None in held)


def test_an_unknown_vendor_gets_close_matches() -> None:
    assert profile_of(" entrata ").vendor == "ENTRATA"
    with pytest.raises(UnsupportedPmsError, match=r"'ENTRADA'.*ENTRATA"):
        profile_of("ENTRADA")
    with pytest.raises(UnsupportedPmsError, match="APPFOLIO or BUILDIUM"):
        profile_of("?")
