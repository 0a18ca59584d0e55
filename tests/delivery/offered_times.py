"""Tours and requests at a property that offers times, and the times that they take."""

from world import World

from bridge.models import SlotClaim

HOURS = ["mon-sun 09:00-18:00"]
THREE = "2026-12-03T15:00:00-06:00"
FOUR = "2026-12-03T16:00:00-06:00"


def offer(world: World, **slots: object) -> None:
    """Let Oakwood offer times."""
    world.document["properties"]["oakwood"] |= {"tour_hours": HOURS, "slots": slots}
    world.restart()


def book(world: World, name: str, start: str = THREE, **more: object) -> int:
    return world.book(name, start=start, email=f"{name.lower()}@example.com", **more)


def claims(world: World) -> list[str]:
    """The times that are taken."""
    with world.database.session() as session:
        rows = session.query(SlotClaim).order_by(SlotClaim.starts_at)
        return [f"{row.starts_at:%H:%M}-{row.ends_at:%H:%M}" for row in rows]


def request(world: World, name: str, start: str = THREE) -> int:
    """A tour that is not confirmed yet; the mapping of these tests waits for it to be."""
    prospect = {"first_name": "Maya", "last_name": "Okafor", "email": f"{name.lower()}@example.com"}
    return world.send("requested", name, prospect=prospect, tour={"start": start})
