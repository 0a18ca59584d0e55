"""Days without times say why, on the ordinary page as in the answer that the script gets."""

import re
from datetime import datetime
from typing import Any

import pytest
from widget.conftest import Visitor


@pytest.fixture
def closed(website: Any, clock: Any) -> Visitor:
    """Tours take place on Wednesday and Friday; Thursday is closed."""
    clock.now = datetime.fromisoformat("2026-11-24T10:00:00-06:00")
    website.document["properties"]["oakwood"] |= {
        "tour_hours": ["wed 09:00-10:00", "fri 09:00-10:00"],
        "slots": {"horizon": 4},
    }
    website.restart()
    return Visitor(website)


@pytest.mark.parametrize(
    ("language", "reported"), [("en", "closed"), ("es", "cerrado"), ("de", "geschlossen")]
)
def test_a_day_between_others_says_why(closed: Visitor, language: str, reported: str) -> None:
    page = closed.get(f"/widget/website?property=oakwood&lang={language}").text
    (empty,) = re.findall(r'id="empty">([^<]*)</p>', page)
    assert "26" in empty
    assert empty.endswith(f": {reported}")


def test_without_any_time_each_day_says_why(closed: Visitor) -> None:
    page = closed.get("/widget/website?property=oakwood&from=2026-11-29").text
    assert "There are no free times at the moment." in page
    assert "Sun, Nov 29: not open for booking yet" in page
