"""Users and roles, as people change them. Who asks must hold whatever they give, so that no right grows by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from windward.core.access import BUILT_IN_ROLES
from windward.core.accounts import (
    ADMIN,
    check_password,
    check_role_name,
    check_text,
    check_username,
    folded,
    held_by,
    is_last_admin,
    may_give,
)
from windward.engine.people.changes import note_change
from windward.errors import ConflictError, NotFoundError, UserError
from windward.model.access import Permission, Principal
from windward.model.accounts import Role, User
from windward.ports.accounts import AccountStore, Known, Passwords


@dataclass(frozen=True, kw_only=True)
class AccountDesk:
    """Carries out wishes about accounts."""

    accounts: AccountStore
    passwords: Passwords
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    new_secret: Callable[[], str]
    """Returns 256 random bits as text."""


class NotYours(UserError):
    """Somebody would give, or take over, more than they hold themselves."""


OPERATOR = Principal(user_id="", name="operator", permissions=BUILT_IN_ROLES[ADMIN])
"""Whoever may run commands where the database's password is may do everything anyway."""


def all_roles(accounts: AccountStore) -> dict[str, frozenset[Permission]]:
    """Return what each role holds, by name."""
    return BUILT_IN_ROLES | {role.name: role.permissions for role in accounts.list_roles()}


def find_user(desk: AccountDesk, username: str) -> Known:
    """Return a user by name.

    Raises:
        NotFoundError: when there is none.
    """
    found = desk.accounts.known_by_name(username)
    if found is None:
        raise NotFoundError(f"there is no user `{username}`")
    return found[0]


def find_mine(desk: AccountDesk, username: str, *, by: Principal) -> User:
    """Return a user whom `by` may change.

    Raises:
        NotFoundError: when there is no such user.
        UserError: when `by` holds less than the user.
    """
    known = find_user(desk, username)
    _check_holds(by, held_by(known.user, known.custom_roles))
    return known.user


def check_user(desk: AccountDesk, user: User, *, by: Principal) -> None:
    """Check what a user is to be.

    Raises:
        UserError: when something of it cannot be, or gives more than `by` holds.
    """
    check_username(user.username)
    _check_words(user)
    _check_given(desk, user, by=by)


def create_user(desk: AccountDesk, user: User, password: str | None, *, by: Principal) -> User:
    """Make a user; without a password it comes in by other ways only. `user_id` and `created_at` are made here.

    Raises:
        UserError: when something of it cannot be, or gives more than `by` holds.
        ConflictError: when the name is taken.
    """
    if password is not None:
        check_password(password, username=user.username)
    check_user(desk, user, by=by)
    made = msgspec.structs.replace(user, user_id=desk.new_id(), created_at=desk.now(), version=0)
    desk.accounts.insert_user(made, desk.passwords.hash(password) if password is not None else None)
    note_change("user", made.username, after=shown_user(made))
    return made


def edit_user(desk: AccountDesk, username: str, changes: Mapping[str, Any], *, by: Principal) -> User:
    """Change fields of a user. What was given out to it is void when it may do less, or may not come in any more.

    Raises:
        NotFoundError: when there is no such user.
        UserError: when something cannot be, or `by` holds less than the user.
    """
    before = find_mine(desk, username, by=by)
    after: User = msgspec.structs.replace(before, **changes)
    check_user(desk, after, by=by)
    stays_admin = ADMIN in after.roles and after.is_active
    if not stays_admin and is_last_admin(before, desk.accounts.list_users()):
        raise _last_admin(username)
    if before.is_active and not after.is_active:
        after = msgspec.structs.replace(after, version=before.version + 1)
    desk.accounts.replace_user(after, expect=before)
    if not after.is_active:
        desk.accounts.delete_sessions(after.user_id)
    note_change("user", before.username, before=shown_user(before), after=shown_user(after))
    return after


def delete_user(desk: AccountDesk, username: str, *, by: Principal) -> User:
    """Delete a user with sessions and tokens.

    Raises:
        NotFoundError: when there is no such user.
        UserError: when nobody could administer any more, or `by` holds less than the user.
    """
    user = find_mine(desk, username, by=by)
    if is_last_admin(user, desk.accounts.list_users()):
        raise _last_admin(username)
    desk.accounts.delete_user(user.user_id)
    note_change("user", user.username, before=shown_user(user))
    return user


def reset_password(desk: AccountDesk, username: str, password: str, *, by: Principal) -> User:
    """Give a user another password, and end all of its sessions and JWTs.

    Raises:
        NotFoundError: when there is no such user.
        UserError: when the password cannot be one, or `by` holds less than the user.
    """
    user = find_mine(desk, username, by=by)
    _set_password(desk, user, password)
    return user


def change_password(desk: AccountDesk, username: str, *, current: str, new: str) -> User:
    """Let a user change the own password, and end all of its sessions and JWTs.

    Raises:
        NotFoundError: when there is no such user.
        UserError: when `current` is wrong, or `new` cannot be one.
    """
    found = desk.accounts.known_by_name(username)
    if found is None:
        raise NotFoundError(f"there is no user `{username}` with a password here")
    known, password_hash = found
    if password_hash is None:
        raise UserError("you have no password here", hint="Change it where you sign in.")
    if not desk.passwords.is_right(password_hash, current):
        raise UserError("the current password is another one", hint="Ask an administrator to reset it.")
    _set_password(desk, known.user, new)
    return known.user


def end_sessions(desk: AccountDesk, username: str, *, by: Principal) -> None:
    """End all sessions and JWTs of a user.

    Raises:
        NotFoundError: when there is no such user.
        UserError: when `by` holds less than the user.
    """
    before = find_mine(desk, username, by=by)
    after = msgspec.structs.replace(before, version=before.version + 1)
    desk.accounts.replace_user(after, expect=before)
    desk.accounts.delete_sessions(after.user_id)


def create_role(desk: AccountDesk, role: Role, *, by: Principal) -> None:
    """Make a role.

    Raises:
        UserError: when its name cannot be one, or it holds more than `by` does.
        ConflictError: when it exists, or one whose name differs in the case of letters only.
    """
    check_role_name(role.name)
    _check_holds(by, role.permissions)
    for other in desk.accounts.list_roles():
        if folded(other.name) == folded(role.name):
            raise ConflictError(f"there is a role `{other.name}` already")
    desk.accounts.put_role(role, is_new=True)
    note_change("role", role.name, after=shown_role(role))


def edit_role(desk: AccountDesk, name: str, permissions: frozenset[Permission], *, by: Principal) -> Role:
    """Replace what a role holds.

    Raises:
        UserError: when it is built in, or held or holds more than `by` does.
        NotFoundError: when there is none.
    """
    check_role_name(name)
    before = next((role for role in desk.accounts.list_roles() if role.name == name), None)
    if before is None:
        raise NotFoundError(f"there is no role `{name}`")
    _check_holds(by, before.permissions ^ permissions)
    after = Role(name=name, permissions=permissions)
    desk.accounts.put_role(after, is_new=False)
    note_change("role", name, before=shown_role(before), after=shown_role(after))
    return after


def delete_role(desk: AccountDesk, name: str, *, by: Principal) -> None:
    """Delete a role, and take it from its users.

    Raises:
        UserError: when it is built in, or holds more than `by` does.
        NotFoundError: when there is none.
    """
    check_role_name(name)
    before = next((role for role in desk.accounts.list_roles() if role.name == name), None)
    if before is None:
        raise NotFoundError(f"there is no role `{name}`")
    _check_holds(by, before.permissions)
    desk.accounts.delete_role(name)
    note_change("role", name, before=shown_role(before))


def shown_user(user: User) -> dict[str, Any]:
    """Return what the audit log says of a user."""
    from windward.core.accounts import shown_permission

    return {
        "username": user.username,
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "roles": list(user.roles),
        "grants": sorted(map(shown_permission, user.grants)),
        "is_active": user.is_active,
    }


def shown_role(role: Role) -> dict[str, Any]:
    """Return what the audit log says of a role."""
    from windward.core.accounts import shown_permission

    return {"name": role.name, "permissions": sorted(map(shown_permission, role.permissions))}


def _set_password(desk: AccountDesk, user: User, password: str) -> None:
    check_password(password, username=user.username)
    new_hash = desk.passwords.hash(password)
    if not desk.accounts.set_password_hash(user.user_id, new_hash):
        raise ConflictError(f"user `{user.username}` was deleted by someone else")
    desk.accounts.delete_sessions(user.user_id)
    note_change("user", user.username, before={"password": "***"}, after={"password": "***"})


def _check_words(user: User) -> None:
    for what, text in (
        ("e-mail address", user.email),
        ("first name", user.first_name),
        ("last name", user.last_name),
    ):
        check_text(what, text)


def _check_given(desk: AccountDesk, user: User, *, by: Principal) -> None:
    roles = all_roles(desk.accounts)
    for name in user.roles:
        if name not in roles:
            raise UserError(f"there is no role `{name}`", hint=f"Roles are {', '.join(sorted(roles))}.")
    of_files = desk.accounts.given_by_files(user.roles)
    held = {name: roles[name] | of_files.get(name, frozenset()) for name in user.roles}
    _check_holds(by, held_by(user, held))


def _check_holds(by: Principal, wanted: Iterable[Permission]) -> None:
    if not may_give(by, wanted):
        raise NotYours(
            "that is about more rights than you have yourself",
            hint="Somebody with those rights, such as an `admin`, can do it.",
        )


def _last_admin(username: str) -> UserError:
    return UserError(
        f"`{username}` is the last administrator", hint="Give somebody else the role `admin` first."
    )
