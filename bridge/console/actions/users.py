"""Who may sign in: added, changed, disabled; and who has signed in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from bridge.console import audit
from bridge.console.access import accounts, sessions
from bridge.console.actions.events import must_be
from bridge.console.actor import Actor, Via
from bridge.models import Role, User
from bridge.settings import Settings


@dataclass(frozen=True)
class UserChange:
    """What is to be different; `None` stays as it is."""

    role: Role | None = None
    password: str | None = None
    enabled: bool | None = None


def add_user(
    session: Session, settings: Settings, actor: Actor, name: str, role: Role, password: str, now: datetime
) -> User:
    """Let somebody sign in. Raises NotAllowedError, MissingUserNameError, NameTakenError, WeakPasswordError."""
    must_be(actor, Role.ADMIN)
    user = accounts.add(session, settings, name, role, password, now)
    audit.record(session, actor, now, "added", ("user", user.name), after={"role": role})
    return user


def change_user(session: Session, actor: Actor, name: str, change: UserChange, now: datetime) -> User:
    """Change a user of the database; what is open under an old password ends.

    Raises:
        NotAllowedError, UnknownUserError, WeakPasswordError: nothing is changed.
    """
    must_be(actor, Role.ADMIN)
    user = accounts.named(session, name)
    on = ("user", user.name)
    if change.role is not None:
        before, user.role = user.role, change.role
        audit.record(session, actor, now, "changed", on, before={"role": before}, after={"role": change.role})
    if change.password is not None:
        accounts.set_password(session, user, change.password)
        audit.record(session, actor, now, "gave a new password to", on)
    if change.enabled is True:
        user.disabled_at = None
        audit.record(session, actor, now, "enabled", on)
    elif change.enabled is False:
        accounts.disable(session, user, now)
        audit.record(session, actor, now, "disabled", on)
    return user


def make_sign_in_link(session: Session, actor: Actor, now: datetime) -> str:
    """Allow somebody to sign in once as admin; answers the secret of the link. Raises NotAllowedError."""
    must_be(actor, Role.ADMIN)
    text = sessions.make_link(session, now)
    audit.record(session, actor, now, "made a sign-in link for", ("user", sessions.FIRST_ADMIN))
    return text


def record_sign_in(session: Session, name: str, role: Role, now: datetime) -> None:
    """Note that somebody has opened the console."""
    audit.record(session, Actor(name, role, Via.CONSOLE), now, "signed in", ("user", name))
