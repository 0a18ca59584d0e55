"""Add, change and disable users, and record their sign-ins."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.console import audit
from bridge.console.access import accounts, sessions
from bridge.console.actions.events import must_be
from bridge.console.actor import Actor, Via
from bridge.errors import BridgeError
from bridge.models import Role, User
from bridge.settings import Settings


class LastAdminError(BridgeError):
    """This is the last administrator. Make another user an administrator first."""

    code = "last_admin"


@dataclass(frozen=True)
class UserChange:
    """What is to be different; `None` stays as it is."""

    role: Role | None = None
    password: str | None = None
    enabled: bool | None = None


def add_user(
    session: Session, settings: Settings, actor: Actor, name: str, role: Role, password: str, now: datetime
) -> User:
    """Add a user. Raises NotAllowedError, MissingUserNameError, NameTakenError, WeakPasswordError."""
    must_be(actor, Role.ADMIN)
    user = accounts.add(session, settings, name, role, password, now)
    audit.record(session, actor, now, "added", ("user", user.name), after={"role": role})
    return user


def change_user(
    session: Session,
    actor: Actor,
    name: str,
    change: UserChange,
    now: datetime,
    settings: Settings | None = None,
) -> User:
    """Change a user of the database; what is open under an old password ends.

    Without `settings` the last administrator may go as well: at the command line there is always a link to sign in.

    Raises:
        NotAllowedError, UnknownUserError, WeakPasswordError, LastAdminError: nothing is changed.
    """
    must_be(actor, Role.ADMIN)
    user = accounts.named(session, name)
    goes = change.enabled is False or (change.role is not None and change.role != Role.ADMIN)
    if settings and goes and user.role == Role.ADMIN and not _is_other_admin(session, settings, user):
        raise LastAdminError
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


def change_own_password(session: Session, actor: Actor, password: str, now: datetime) -> User:
    """Give oneself another password; all that is open under the old one ends.

    Raises UnknownUserError, WeakPasswordError.
    """
    user = accounts.named(session, actor.name)
    accounts.set_password(session, user, password)
    audit.record(session, actor, now, "gave a new password to", ("user", user.name))
    return user


def _is_other_admin(session: Session, settings: Settings, user: User) -> bool:
    """Whether another user can sign in as administrator. The rows stay locked, so that two admins cannot both leave."""
    if any(configured.role == Role.ADMIN for configured in settings.users.values()):
        return True
    openid = settings.console.openid
    if openid is not None and Role.ADMIN in openid.roles.values():
        return True
    admins = select(User.id).where(User.role == Role.ADMIN, User.disabled_at.is_(None)).order_by(User.id)
    return any(id_ != user.id for id_ in session.scalars(admins.with_for_update()))


def make_sign_in_link(session: Session, actor: Actor, now: datetime) -> str:
    """Allow one sign-in as admin; returns the secret of the link. Raises NotAllowedError."""
    must_be(actor, Role.ADMIN)
    text = sessions.make_link(session, now)
    audit.record(session, actor, now, "made a sign-in link for", ("user", sessions.FIRST_ADMIN))
    return text


def record_sign_in(session: Session, name: str, role: Role, now: datetime) -> None:
    """Note in the audit log that a user has signed in."""
    audit.record(session, Actor(name, role, Via.CONSOLE), now, "signed in", ("user", name))
