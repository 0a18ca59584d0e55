"""The actor of a request: a console user, an API token, or the command line."""

from dataclasses import dataclass
from enum import StrEnum

from bridge.models import Role


class Via(StrEnum):
    """The interface of an action."""

    CONSOLE = "console"
    API = "api"
    CLI = "cli"


@dataclass(frozen=True)
class Actor:
    """A user who looks at events or changes something; the audit log has the name."""

    name: str
    role: Role
    via: Via

    def may(self, role: Role) -> bool:
        """Whether they may do what this role may."""
        return self.role.includes(role)

    @property
    def sees_people(self) -> bool:
        """Whether names, addresses and numbers of renters are shown; else they are masked."""
        return self.may(Role.OPERATOR)
