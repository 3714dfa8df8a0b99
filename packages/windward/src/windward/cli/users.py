"""`windward users`: who may come in, and with which roles."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from windward.cli.arguments import Commands, Parser

if TYPE_CHECKING:
    from windward.app.session import Session
    from windward.model.accounts import User


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    commands.add("list", _list, "list users", output=True)
    create = commands.add("create", _create, "make a user", output=True)
    create.add_argument("-u", "--username", metavar="NAME", required=True, help="with which one signs in")
    create.add_argument("-e", "--email", metavar="EMAIL", default="", help="address")
    create.add_argument("-f", "--firstname", metavar="NAME", default="", help="first name")
    create.add_argument("-l", "--lastname", metavar="NAME", default="", help="last name")
    create.add_argument(
        "-r",
        "--role",
        action="append",
        default=[],
        metavar="ROLE",
        help="may be repeated; `viewer` if left out",
    )
    _add_password(create)
    _add_who(commands.add("delete", _delete, "delete a user, with sessions and tokens"))
    for name, run, text in (
        ("add-role", _add_role, "give a user a role"),
        ("remove-role", _remove_role, "take a role from a user"),
    ):
        command = commands.add(name, run, text)
        _add_who(command)
        command.add_argument("-r", "--role", metavar="ROLE", required=True, help="which one")
    reset = commands.add("reset-password", _reset, "set a user's password, and end sessions and JWTs")
    _add_who(reset)
    _add_password(reset)
    for name, run, text in (
        ("grant", _grant, "permit a user something beyond the roles"),
        ("revoke", _revoke, "take a permission beyond the roles from a user"),
    ):
        command = commands.add(name, run, text)
        _add_who(command)
        command.add_argument(
            "permission", metavar="PERMISSION", nargs="+",
            help="`run:create`, for one DAG `run:create@dag:DAG_ID`, for a tag `run:create@tag:TAG`",
        )  # fmt: skip
    for name, run, text in (
        ("disable", _disable, "let a user in no more"),
        ("enable", _enable, "let a user in again"),
        ("end-sessions", _end_sessions, "end all sessions and JWTs of a user"),
        ("login-link", _login_link, "print a link with which a user signs in once"),
    ):
        _add_who(commands.add(name, run, text))
    importing = commands.add("import", _import, "make or change the users of a file")
    importing.add_argument(
        "file", metavar="FILE", help="JSON or YAML: a list of users; `-` is standard input"
    )
    export = commands.add("export", _export, "write all users to a file, without their passwords")
    export.add_argument("file", metavar="FILE", help="`-` is standard output")


def _add_who(parser: Parser) -> None:
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("-u", "--username", metavar="NAME", help="the user, by name")
    who.add_argument("-e", "--email", metavar="EMAIL", help="the user, by address")


def _add_password(parser: Parser) -> None:
    how = parser.add_mutually_exclusive_group()
    how.add_argument("-p", "--password", metavar="PASSWORD", help="asked on the terminal when left out")
    how.add_argument("--use-random-password", action="store_true", help="make one, and print it once")


def _list(args: Namespace, session: Session) -> int:
    from windward.cli.columns import USER_COLUMNS
    from windward.cli.output import show_rows

    rows = [_row(user) for user in session.account_desk.accounts.list_users()]
    show_rows(rows, output=args.output, columns=USER_COLUMNS)
    return 0


def _create(args: Namespace, session: Session) -> int:
    from windward.cli.columns import USER_COLUMNS
    from windward.cli.output import note, show_rows
    from windward.engine.people.accounts import OPERATOR, create_user
    from windward.model.accounts import User

    password = password_of(args)
    user = User(
        user_id="",
        username=args.username,
        email=args.email,
        first_name=args.firstname,
        last_name=args.lastname,
        roles=tuple(role_named(name) for name in args.role or ["viewer"]),
        created_at=session.clock.now(),
    )
    made = create_user(session.account_desk, user, password, by=OPERATOR)
    show_rows([_row(made)], output=args.output, columns=USER_COLUMNS)
    if args.use_random_password:
        note(f"password {password} (shown once)")
    return 0


def _delete(args: Namespace, session: Session) -> int:
    from windward.cli.output import note
    from windward.engine.people.accounts import OPERATOR, delete_user

    user = delete_user(session.account_desk, _named(args, session), by=OPERATOR)
    note(f"deleted user {user.username}")
    return 0


def _add_role(args: Namespace, session: Session) -> int:
    user, role = _found(args, session), role_named(args.role)
    return _edit(session, user, roles=tuple(dict.fromkeys([*user.roles, role])))


def _remove_role(args: Namespace, session: Session) -> int:
    from windward.errors import UserError

    user, role = _found(args, session), role_named(args.role)
    if role not in user.roles:
        has = ", ".join(user.roles) or "none"
        raise UserError(f"user `{user.username}` has no role `{role}`", hint=f"The roles are: {has}.")
    return _edit(session, user, roles=tuple(name for name in user.roles if name != role))


def _reset(args: Namespace, session: Session) -> int:
    from windward.cli.output import note
    from windward.engine.people.accounts import OPERATOR, reset_password

    password = password_of(args)
    user = reset_password(session.account_desk, _named(args, session), password, by=OPERATOR)
    note(f"user {user.username} has another password; sessions and JWTs have ended")
    if args.use_random_password:
        note(f"password {password} (shown once)")
    return 0


def _grant(args: Namespace, session: Session) -> int:
    from windward.core.accounts import read_permission

    user = _found(args, session)
    return _edit(session, user, grants=user.grants | set(map(read_permission, args.permission)))


def _revoke(args: Namespace, session: Session) -> int:
    from windward.core.accounts import read_permission

    user = _found(args, session)
    return _edit(session, user, grants=user.grants - set(map(read_permission, args.permission)))


def _disable(args: Namespace, session: Session) -> int:
    return _edit(session, _found(args, session), is_active=False)


def _enable(args: Namespace, session: Session) -> int:
    return _edit(session, _found(args, session), is_active=True)


def _end_sessions(args: Namespace, session: Session) -> int:
    from windward.cli.output import note
    from windward.engine.people.accounts import OPERATOR, end_sessions

    name = _named(args, session)
    end_sessions(session.account_desk, name, by=OPERATOR)
    note(f"sessions and JWTs of user {name} have ended")
    return 0


def _login_link(args: Namespace, session: Session) -> int:
    from windward.app.first_user import make_ticket
    from windward.cli.output import note
    from windward.cli.server_address import server_address

    user, ticket_s = _found(args, session), session.settings.api_auth.ticket_lifetime_s
    ticket = make_ticket(session.account_desk, user.user_id, ticket_s=ticket_s)
    note(f"counts once, within {ticket_s / 60:.0f} minutes:")
    print(f"{server_address(session)}/login/link?ticket={ticket}")
    return 0


def _import(args: Namespace, session: Session) -> int:
    from windward.cli.accounts_file import users_of
    from windward.cli.output import note
    from windward.engine.people.accounts import OPERATOR, check_user, create_user, edit_user

    desk, made = session.account_desk, 0
    wanted = users_of(args.file, now=session.clock.now())
    for user in wanted:  # all of them first: a file with a mistake changes nothing
        check_user(desk, user, by=OPERATOR)
    for user in wanted:
        if desk.accounts.known_by_name(user.username) is None:
            create_user(desk, user, None, by=OPERATOR)
            made += 1
        else:
            fields = {
                "email": user.email, "first_name": user.first_name, "last_name": user.last_name,
                "roles": user.roles, "grants": user.grants, "is_active": user.is_active,
            }  # fmt: skip
            edit_user(desk, user.username, fields, by=OPERATOR)
    note(
        f"imported {len(wanted)} users, {made} of them new; new ones get a password by `users reset-password`"
    )
    return 0


def _export(args: Namespace, session: Session) -> int:
    from windward.cli.files import dumped, format_of, write_text
    from windward.cli.output import note
    from windward.engine.people.accounts import shown_user

    users = [shown_user(user) for user in session.account_desk.accounts.list_users()]
    write_text(args.file, dumped(users, form=format_of(args.file)))
    note(f"exported {len(users)} users")
    return 0


def _edit(session: Session, user: User, **changes: Any) -> int:
    from windward.cli.output import note
    from windward.engine.people.accounts import OPERATOR, edit_user

    after = edit_user(session.account_desk, user.username, changes, by=OPERATOR)
    state = "active" if after.is_active else "disabled"
    note(f"user {after.username} is {state}, with roles {', '.join(after.roles) or 'none'}")
    return 0


def _found(args: Namespace, session: Session) -> User:
    from windward.engine.people.accounts import find_user

    return find_user(session.account_desk, _named(args, session)).user


def _named(args: Namespace, session: Session) -> str:
    """Return the name of the user that `-u` or `-e` names."""
    from windward.errors import UserError

    if args.username is not None:
        return str(args.username)
    found = [
        one for one in session.account_desk.accounts.list_users() if one.email.lower() == args.email.lower()
    ]
    if len(found) != 1:
        what = "no user has" if not found else "several users have"
        raise UserError(f"{what} the address `{args.email}`", hint="Name the user with `-u`.")
    return found[0].username


def role_named(name: str) -> str:
    """Return a role's name; built-in ones may be written as Airflow writes them, such as `Admin`."""
    from windward.core.access import BUILT_IN_ROLES

    return name.lower() if name.lower() in BUILT_IN_ROLES else name


def password_of(args: Namespace) -> str:
    """Return the password that was given, or make one, or ask for it on the terminal."""
    from windward.app.credentials import new_password

    if args.use_random_password:
        return new_password()
    if args.password is not None:
        return str(args.password)
    return _asked()


def _asked() -> str:
    import sys

    from windward.errors import UserError

    if not sys.stdin.isatty():
        raise UserError("there is no password", hint="Give `--use-random-password`, or run it on a terminal.")
    from getpass import getpass

    password = getpass("Password: ")
    if getpass("Once more: ") != password:
        raise UserError("these are two different passwords", hint="Repeat the command.")
    return password


def _row(user: User) -> dict[str, Any]:
    from windward.engine.people.accounts import shown_user

    return {**shown_user(user), "source": user.source.value, "last_login_at": user.last_login_at}
