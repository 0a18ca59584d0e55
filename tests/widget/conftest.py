"""A website with the widget, and the bridge behind it."""

from typing import Any

import pytest
from world import World

SITE = "https://www.oakwood.example"
WEEK = ["mon-fri 09:00-18:00", "sat 10:00-16:00"]


def with_website(world: Any) -> Any:
    """The world with a public source and a property that offers times of two kinds."""
    world.document["sources"]["website"] = {
        "mapping": "website_form", "property": "oakwood", "origins": [SITE],
    }  # fmt: skip
    for key, name, street in (("oakwood", "Oakwood Flats", "Avenue"), ("elm", "Elm Court", "Street")):
        world.document["properties"][key] |= {
            "tour_hours": WEEK,
            "address": f"410 {name.split()[0]} {street}, Austin, TX",
            "phone": "+1 512-555-0134",
            "slots": {"minutes": 30, "kinds": {"in_person": {}, "self_guided": {"minutes": 45}}},
        }
    world.restart()
    return world


@pytest.fixture
def website(world: World) -> Any:
    return with_website(world)


class Visitor:
    """Somebody with a browser on that website."""

    def __init__(self, world: Any) -> None:
        self.world = world

    def get(self, path: str, **headers: str) -> Any:
        return self.world.client.get(path, headers={"Origin": SITE, **headers})

    def slots(self, **query: str) -> list[dict[str, Any]]:
        answer = self.get("/availability/website?days=7" + "".join(f"&{k}={v}" for k, v in query.items()))
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json["slots"]
        return found

    def form(self, **values: Any) -> dict[str, Any]:
        """What the script sends for a free time of the next days."""
        slot = [slot for slot in self.slots() if "in_person" in slot["kinds"]][10]
        return {
            "submission_id": "b8d0f7c2", "first_name": "Maya", "last_name": "Okafor", "email": "maya@example.com",
            "property": "oakwood", "tour_type": "in_person", "starts_at": slot["start"], "duration_minutes": 30,
            "lang": "en", **values,
        }  # fmt: skip

    def send(self, form: dict[str, Any], *, address: str = "203.0.113.7", origin: str = SITE) -> Any:
        return self.world.client.post(
            "/hooks/website", json=form, headers={"Origin": origin}, environ_base={"REMOTE_ADDR": address}
        )


@pytest.fixture
def visitor(website: Any) -> Visitor:
    return Visitor(website)
