"""`windward users` against a server, as far as whoever asks may give and take rights there."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from windward.cli.accounts_file import users_of
from windward.cli.columns import USER_COLUMNS
from windward.cli.files import dumped, format_of, write_text
from windward.cli.output import note, show_rows
from windward.cli.remote.asking import OWN, moment
from windward.cli.users import password_of, role_named
from windward.client.http import in_path
from windward.client.server import Json, Server
from windward.core.accounts import read_permission, shown_permission
from windward.errors import UserError

PLACE = f"{OWN}/users"
FIELDS = ("username", "email", "first_name", "last_name", "roles", "grants", "is_active")
NEVER = datetime.fromtimestamp(0, tz=UTC)


def list_users(args: Namespace, server: Server) -> int:
    """Print all users."""
    show_rows([_row(user) for user in _all(server)], output=args.output, columns=USER_COLUMNS)
    return 0


def create(args: Namespace, server: Server) -> int:
    """Make a user."""
    password = password_of(args)
    body = {
        "username": args.username,
        "password": password,
        "email": args.email,
        "first_name": args.firstname,
        "last_name": args.lastname,
        "roles": [role_named(name) for name in args.role or ["viewer"]],
    }
    made = server.send("POST", PLACE, body)
    show_rows([_row(made)], output=args.output, columns=USER_COLUMNS)
    if args.use_random_password:
        note(f"password {password} (shown once)")
    return 0


def delete(args: Namespace, server: Server) -> int:
    """Delete a user."""
    user = _found(args, server)
    server.send("DELETE", _place(user["username"]))
    note(f"deleted user {user['username']}")
    return 0


def add_role(args: Namespace, server: Server) -> int:
    """Give a user a role."""
    user, role = _found(args, server), role_named(args.role)
    return _edit(server, user, roles=list(dict.fromkeys([*user["roles"], role])))


def remove_role(args: Namespace, server: Server) -> int:
    """Take a role from a user."""
    user, role = _found(args, server), role_named(args.role)
    if role not in user["roles"]:
        has = ", ".join(user["roles"]) or "none"
        raise UserError(f"user `{user['username']}` has no role `{role}`", hint=f"The roles are: {has}.")
    return _edit(server, user, roles=[name for name in user["roles"] if name != role])


def reset_password(args: Namespace, server: Server) -> int:
    """Give a user another password."""
    password = password_of(args)
    user = server.send("PATCH", _place(_named(args, server)), {"password": password})
    note(f"user {user['username']} has another password; sessions and JWTs have ended")
    if args.use_random_password:
        note(f"password {password} (shown once)")
    return 0


def grant(args: Namespace, server: Server) -> int:
    """Permit a user something beyond the roles."""
    user = _found(args, server)
    return _edit(server, user, grants=sorted({*user["grants"], *_permissions(args.permission)}))


def revoke(args: Namespace, server: Server) -> int:
    """Take a permission beyond the roles from a user."""
    user = _found(args, server)
    return _edit(server, user, grants=sorted({*user["grants"]} - _permissions(args.permission)))


def disable(args: Namespace, server: Server) -> int:
    """Let a user in no more."""
    return _edit(server, _found(args, server), is_active=False)


def enable(args: Namespace, server: Server) -> int:
    """Let a user in again."""
    return _edit(server, _found(args, server), is_active=True)


def end_sessions(args: Namespace, server: Server) -> int:
    """End all sessions and JWTs of a user."""
    name = _named(args, server)
    server.send("DELETE", f"{_place(name)}/sessions")
    note(f"sessions and JWTs of user {name} have ended")
    return 0


def import_file(args: Namespace, server: Server) -> int:
    """Make or change the users of a file."""
    wanted, made = users_of(args.file, now=NEVER), 0
    known = {str(user["username"]).lower() for user in _all(server)}
    for user in wanted:
        body = {
            "email": user.email,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "roles": list(user.roles),
            "grants": sorted(map(shown_permission, user.grants)),
        }
        if user.username.lower() in known:
            server.send("PATCH", _place(user.username), body | {"is_active": user.is_active})
            continue
        server.send("POST", PLACE, body | {"username": user.username})
        if not user.is_active:
            server.send("PATCH", _place(user.username), {"is_active": False})
        made += 1
    note(
        f"imported {len(wanted)} users, {made} of them new; new ones get a password by `users reset-password`"
    )
    return 0


def export_file(args: Namespace, server: Server) -> int:
    """Write all users to a file, without their passwords."""
    users = [{name: user[name] for name in FIELDS} for user in _all(server)]
    write_text(args.file, dumped(users, form=format_of(args.file)))
    note(f"exported {len(users)} users")
    return 0


def _all(server: Server) -> list[Json]:
    return list(server.pages(PLACE, "users"))


def _place(name: str) -> str:
    return f"{PLACE}/{in_path(name)}"


def _found(args: Namespace, server: Server) -> Json:
    return server.get(_place(_named(args, server)))


def _named(args: Namespace, server: Server) -> str:
    """Return the name of the user that `-u` or `-e` names."""
    if args.username is not None:
        return str(args.username)
    found = [user["username"] for user in _all(server) if user["email"].lower() == args.email.lower()]
    if len(found) != 1:
        what = "no user has" if not found else "several users have"
        raise UserError(f"{what} the address `{args.email}`", hint="Name the user with `-u`.")
    return str(found[0])


def _permissions(texts: Iterable[str]) -> set[str]:
    """Return permissions as the server writes them."""
    return {shown_permission(read_permission(text)) for text in texts}


def _edit(server: Server, user: Json, **changes: Any) -> int:
    after = server.send("PATCH", _place(user["username"]), changes)
    state = "active" if after["is_active"] else "disabled"
    note(f"user {after['username']} is {state}, with roles {', '.join(after['roles']) or 'none'}")
    return 0


def _row(user: Json) -> dict[str, Any]:
    return {
        **{name: user[name] for name in FIELDS},
        "source": user["source"],
        "last_login_at": moment(user["last_login_at"]),
    }
