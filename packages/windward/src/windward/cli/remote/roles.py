"""`windward roles` against a server, as far as whoever asks may give and take rights there."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence

from windward.cli.accounts_file import roles_of
from windward.cli.files import dumped, format_of, write_text
from windward.cli.output import note, show_rows
from windward.cli.remote.asking import OWN
from windward.cli.roles import permissions_of
from windward.client.http import in_path
from windward.client.server import Json, Server
from windward.core.accounts import check_role_name, shown_permission
from windward.errors import NotFoundError

PLACE = f"{OWN}/roles"


def list_roles(args: Namespace, server: Server) -> int:
    """Print roles."""
    fields = ("name", "is_built_in", *(("permissions",) if args.permission else ()))
    show_rows([{name: role[name] for name in fields} for role in _all(server)], output=args.output)
    return 0


def create(args: Namespace, server: Server) -> int:
    """Make roles that permit nothing yet."""
    for name in args.role:
        server.send("POST", PLACE, {"name": name, "permissions": []})
    note(f"made {', '.join(args.role)}; `windward roles add-perms` says what they permit")
    return 0


def delete(args: Namespace, server: Server) -> int:
    """Delete roles."""
    for name in args.role:
        server.send("DELETE", _place(name))
    note(f"deleted {', '.join(args.role)}")
    return 0


def add_perms(args: Namespace, server: Server) -> int:
    """Let roles permit more."""
    given = set(map(shown_permission, permissions_of(args)))
    for role in _own(server, args.role):
        _put(server, role, {*role["permissions"], *given})
    return 0


def del_perms(args: Namespace, server: Server) -> int:
    """Let roles permit less."""
    given = set(map(shown_permission, permissions_of(args)))
    for role in _own(server, args.role):
        _put(server, role, {*role["permissions"]} - given)
    return 0


def import_file(args: Namespace, server: Server) -> int:
    """Make or replace the roles of a file."""
    existing = {role["name"] for role in _all(server) if not role["is_built_in"]}
    roles = roles_of(args.file)
    for role in roles:
        body = {"permissions": sorted(map(shown_permission, role.permissions))}
        if role.name in existing:
            server.send("PATCH", _place(role.name), body)
        else:
            server.send("POST", PLACE, body | {"name": role.name})
    note(f"imported {len(roles)} roles")
    return 0


def export_file(args: Namespace, server: Server) -> int:
    """Write all roles of one's own to a file."""
    roles = [
        {"name": role["name"], "permissions": role["permissions"]}
        for role in _all(server)
        if not role["is_built_in"]
    ]
    write_text(args.file, dumped(roles, form=format_of(args.file)))
    note(f"exported {len(roles)} roles")
    return 0


def _all(server: Server) -> list[Json]:
    found: list[Json] = server.get(PLACE)["roles"]
    return found


def _own(server: Server, names: Sequence[str]) -> list[Json]:
    own = {role["name"]: role for role in _all(server)}
    for name in names:
        check_role_name(name)
        if name not in own:
            raise NotFoundError(f"there is no role `{name}`")
    return [own[name] for name in names]


def _put(server: Server, role: Json, permissions: set[str]) -> None:
    after = server.send("PATCH", _place(role["name"]), {"permissions": sorted(permissions)})
    note(f"role {after['name']} permits {len(after['permissions'])} things")


def _place(name: str) -> str:
    return f"{PLACE}/{in_path(name)}"
