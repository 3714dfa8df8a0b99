"""The first user: made once, with a password and a link that are shown once.

Earlier versions kept it in a file of the home; such a file becomes a user of the database, and goes.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from windward.app.credentials import new_password
from windward.core.accounts import ADMIN, digest_of
from windward.engine.people.accounts import OPERATOR, AccountDesk, create_user
from windward.errors import ConflictError
from windward.model.accounts import User

log = logging.getLogger("windward.first_user")
NAME = "admin"
LEGACY_FILE = "first_user.json"


class FirstUser(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of the first user, once."""

    username: str
    password: str
    ticket: str


def make_first_user(desk: AccountDesk, home: Path, *, ticket_s: float) -> FirstUser | None:
    """Make an administrator unless there is any user; return what to show, or None when there was one."""
    if take_over_file(desk, home) or desk.accounts.count_users():
        return None
    password = new_password()
    try:
        user = create_user(desk, _admin(NAME, desk.now()), password, by=OPERATOR)
    except ConflictError:
        return None  # another process was first
    return FirstUser(
        username=user.username, password=password, ticket=make_ticket(desk, user.user_id, ticket_s=ticket_s)
    )


def make_ticket(desk: AccountDesk, user_id: str, *, ticket_s: float) -> str:
    """Return a ticket with which a user signs in once."""
    ticket = desk.new_secret()
    desk.accounts.insert_ticket(
        digest_of(ticket), user_id, expires_at=desk.now() + timedelta(seconds=ticket_s)
    )
    return ticket


def take_over_file(desk: AccountDesk, home: Path) -> bool:
    """Make the user of an earlier version's file one of the database; whether there was one."""
    path = home / LEGACY_FILE
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        name, stored = str(said["username"]), str(said["password_hash"])
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("file of the first user passed over", extra={"path": str(path), "error": str(error)})
        return False
    if not desk.accounts.count_users():
        try:
            user = msgspec.structs.replace(_admin(name, desk.now()), user_id=desk.new_id())
            desk.accounts.insert_user(user, stored)
        except ConflictError:
            pass  # another process was first
    path.unlink(missing_ok=True)
    log.info("the first user is in the database now", extra={"who": name})
    return True


def _admin(name: str, now: datetime) -> User:
    return User(user_id="", username=name, roles=(ADMIN,), created_at=now.astimezone(UTC))
