"""`windward roles`: what roles permit, and roles of one's own."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from windward.cli.arguments import Commands, Parser

if TYPE_CHECKING:
    from windward.app.session import Session
    from windward.model.access import Permission
    from windward.model.accounts import Role


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    listing = commands.add("list", _list, "list roles", output=True)
    listing.add_argument("-p", "--permission", action="store_true", help="with what they permit")
    for name, run, text in (
        ("create", _create, "make roles that permit nothing yet"),
        ("delete", _delete, "delete roles, and take them from their users"),
    ):
        command = commands.add(name, run, text)
        command.add_argument("role", metavar="ROLE", nargs="+")
    for name, run, text in (
        ("add-perms", _add_perms, "let roles permit more"),
        ("del-perms", _del_perms, "let roles permit less"),
    ):
        command = commands.add(name, run, text)
        command.add_argument("role", metavar="ROLE", nargs="+")
        command.add_argument(
            "-r", "--resource", metavar="RESOURCE", nargs="+", required=True, help="of what, such as `run`"
        )
        command.add_argument(
            "-a", "--action", metavar="VERB", nargs="+", required=True, help="read, create, edit or delete"
        )
        place = command.add_mutually_exclusive_group()
        place.add_argument("--dag", metavar="DAG_ID", help="of this DAG only")
        place.add_argument("--tag", metavar="TAG", help="of DAGs with this tag only")
    importing = commands.add("import", _import, "make or replace the roles of a file")
    importing.add_argument(
        "file", metavar="FILE", help="JSON or YAML: a list of roles; `-` is standard input"
    )
    export = commands.add("export", _export, "write all roles of your own to a file")
    export.add_argument("file", metavar="FILE", help="`-` is standard output")


def _list(args: Namespace, session: Session) -> int:
    from windward.cli.output import show_rows
    from windward.core.access import BUILT_IN_ROLES
    from windward.core.accounts import shown_permission

    own = {role.name: role.permissions for role in session.account_desk.accounts.list_roles()}
    rows = [
        {
            "name": name,
            "is_built_in": name in BUILT_IN_ROLES,
            **({"permissions": sorted(map(shown_permission, held))} if args.permission else {}),
        }
        for name, held in {**BUILT_IN_ROLES, **own}.items()
    ]
    show_rows(rows, output=args.output)
    return 0


def _create(args: Namespace, session: Session) -> int:
    from windward.cli.output import note
    from windward.engine.people.accounts import OPERATOR, create_role
    from windward.model.accounts import Role

    for name in args.role:
        create_role(session.account_desk, Role(name=name), by=OPERATOR)
    note(f"made {', '.join(args.role)}; `windward roles add-perms` says what they permit")
    return 0


def _delete(args: Namespace, session: Session) -> int:
    from windward.cli.output import note
    from windward.engine.people.accounts import OPERATOR, delete_role

    for name in args.role:
        delete_role(session.account_desk, name, by=OPERATOR)
    note(f"deleted {', '.join(args.role)}")
    return 0


def _add_perms(args: Namespace, session: Session) -> int:
    given = permissions_of(args)
    for role in _roles(session, args.role):
        _put(session, role, role.permissions | given)
    return 0


def _del_perms(args: Namespace, session: Session) -> int:
    given = permissions_of(args)
    for role in _roles(session, args.role):
        _put(session, role, role.permissions - given)
    return 0


def _put(session: Session, role: Role, permissions: frozenset[Permission]) -> None:
    from windward.cli.output import note
    from windward.engine.people.accounts import OPERATOR, edit_role

    after = edit_role(session.account_desk, role.name, permissions, by=OPERATOR)
    note(f"role {after.name} permits {len(after.permissions)} things")


def permissions_of(args: Namespace) -> frozenset[Permission]:
    """Return what `--resource` and `--action` permit."""
    from windward.core.accounts import permission_of

    return frozenset(
        permission_of(f"{resource}:{verb.removeprefix('can_')}", dag_id=args.dag, tag=args.tag)
        for resource in args.resource
        for verb in args.action
    )


def _roles(session: Session, names: Sequence[str]) -> list[Role]:
    from windward.core.accounts import check_role_name
    from windward.errors import NotFoundError

    own = {role.name: role for role in session.account_desk.accounts.list_roles()}
    for name in names:
        check_role_name(name)
        if name not in own:
            raise NotFoundError(f"there is no role `{name}`")
    return [own[name] for name in names]


def _import(args: Namespace, session: Session) -> int:
    from windward.cli.accounts_file import roles_of
    from windward.cli.output import note
    from windward.engine.people.accounts import OPERATOR, create_role, edit_role

    desk = session.account_desk
    existing = {role.name for role in desk.accounts.list_roles()}
    roles = roles_of(args.file)
    for role in roles:
        if role.name in existing:
            edit_role(desk, role.name, role.permissions, by=OPERATOR)
        else:
            create_role(desk, role, by=OPERATOR)
    note(f"imported {len(roles)} roles")
    return 0


def _export(args: Namespace, session: Session) -> int:
    from windward.cli.files import dumped, format_of, write_text
    from windward.cli.output import note
    from windward.engine.people.accounts import shown_role

    roles = [shown_role(role) for role in session.account_desk.accounts.list_roles()]
    write_text(args.file, dumped(roles, form=format_of(args.file)))
    note(f"exported {len(roles)} roles")
    return 0
