"""The links of the menu, for each role."""

from dataclasses import dataclass

from bridge.console.actor import Actor
from bridge.models import Role


@dataclass(frozen=True)
class MenuLink:
    """A page in the menu."""

    role: Role
    """The least role that sees the link."""
    path: str
    words: str
    icon: str
    """Of templates/icons.html."""


@dataclass(frozen=True)
class MenuGroup:
    """Links under one heading; the first group has none."""

    heading: str
    links: tuple[MenuLink, ...]


MENU = (
    MenuGroup("", (
        MenuLink(Role.VIEWER, "/console", "Today", "today"),
        MenuLink(Role.VIEWER, "/console/action-needed", "Action needed", "inbox"),
        MenuLink(Role.VIEWER, "/console/bookings", "Tours", "calendar"),
        MenuLink(Role.VIEWER, "/console/events", "Events", "list"),
        MenuLink(Role.VIEWER, "/console/appointments", "Appointments", "book"),
        MenuLink(Role.VIEWER, "/console/availability", "Free times", "clock"),
    )),
    MenuGroup("Set-up", (
        MenuLink(Role.VIEWER, "/console/properties", "Properties", "building"),
        MenuLink(Role.VIEWER, "/console/sources", "Sources", "source"),
        MenuLink(Role.VIEWER, "/console/health", "Integrations", "plug"),
        MenuLink(Role.VIEWER, "/console/alerts", "Alerts", "bell"),
        MenuLink(Role.OPERATOR, "/console/workbench", "Workbench", "flask"),
    )),
    MenuGroup("Administration", (
        MenuLink(Role.ADMIN, "/console/users", "Users", "people"),
        MenuLink(Role.ADMIN, "/console/tokens", "API tokens", "key"),
        MenuLink(Role.ADMIN, "/console/audit", "Audit log", "page"),
    )),
)  # fmt: skip


def menu_of(actor: Actor) -> list[MenuGroup]:
    """The groups that have links for this actor, with these links only."""
    groups = [
        MenuGroup(group.heading, tuple(link for link in group.links if actor.may(link.role)))
        for group in MENU
    ]
    return [group for group in groups if group.links]
