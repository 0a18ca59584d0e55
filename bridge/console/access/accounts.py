"""User accounts: those of bridge.toml, and those in the database."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bridge.console.access import passwords
from bridge.errors import BridgeError
from bridge.models import Role, SignIn, User
from bridge.settings import Settings


class UnknownUserError(BridgeError):
    """The database has no user with this name. Change users of bridge.toml there."""

    code = "unknown_user"


class MissingUserNameError(BridgeError):
    """Give the user a name."""

    code = "no_user_name"


class NameTakenError(BridgeError):
    """A user with this name already exists."""

    code = "name_taken"


@dataclass(frozen=True)
class Account:
    """A user who may sign in."""

    name: str
    role: Role
    user_id: int | None
    """`None`: the user is in bridge.toml."""


def authenticate(session: Session, settings: Settings, name: str, password: str) -> Account | None:
    """The account whose name and password these are; an unknown name takes as long as a wrong password."""
    name = name.strip().lower()
    configured = settings.users.get(name)
    if configured is not None:
        right = passwords.is_right(password, configured.password_hash)
        return Account(name, Role(configured.role), None) if right else None
    user = session.scalar(select(User).where(User.name == name, User.disabled_at.is_(None)))
    if not passwords.is_right(password, user.password_hash if user else None) or user is None:
        return None
    if passwords.is_outdated(user.password_hash or ""):
        user.password_hash = passwords.hashed(password)
    return Account(user.name, Role(user.role), user.id)


def is_anybody_there(session: Session, settings: Settings) -> bool:
    """Whether any user can sign in without a link."""
    return bool(settings.users) or session.scalar(select(User.id).limit(1)) is not None


def every_user(session: Session) -> list[User]:
    """Those in the database, by name."""
    return list(session.scalars(select(User).order_by(User.name)))


def add(session: Session, settings: Settings, name: str, role: Role, password: str, now: datetime) -> User:
    """Raises MissingUserNameError, NameTakenError, WeakPasswordError."""
    name = name.strip().lower()
    if not name:
        raise MissingUserNameError
    if name in settings.users or session.scalar(select(User.id).where(User.name == name)):
        raise NameTakenError(f'A user with the name "{name}" already exists.')
    user = User(name=name, role=role, password_hash=passwords.hashed(password), created_at=now)
    session.add(user)
    session.flush()
    return user


def named(session: Session, name: str) -> User:
    """A user of the database, locked. Raises UnknownUserError."""
    user = session.scalar(select(User).where(User.name == name.strip().lower()).with_for_update())
    if user is None:
        raise UnknownUserError
    return user


def set_password(session: Session, user: User, password: str) -> None:
    """Also ends all that the user has opened. Raises WeakPasswordError."""
    user.password_hash = passwords.hashed(password)
    sign_out(session, user)


def set_locale(session: Session, user_id: int | None, locale: str) -> bool:
    """Keep how a user wants dates and numbers; answers whether there is such a user."""
    user = session.get(User, user_id) if user_id is not None else None
    if user is not None:
        user.locale = locale
    return user is not None


def disable(session: Session, user: User, now: datetime) -> None:
    """The user cannot sign in any more, and what is open ends."""
    user.disabled_at = now
    sign_out(session, user)


def sign_out(session: Session, user: User) -> None:
    """End all sessions of a user."""
    session.execute(delete(SignIn).where(SignIn.user_id == user.id))
