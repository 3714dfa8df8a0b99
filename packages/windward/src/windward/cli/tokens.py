"""`windward tokens`: tokens with which programs come in."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from windward.cli.arguments import Commands, Parser

if TYPE_CHECKING:
    from windward.app.session import Session
    from windward.model.accounts import ApiToken

DAYS = 90.0


def add_commands(_name: str, parser: Parser) -> None:
    """Declare the commands of the group."""
    commands = Commands(parser)
    listing = commands.add("list", _list, "list a user's tokens", output=True)
    create = commands.add("create", _create, "make a token for a user, and print it once")
    delete = commands.add("delete", _delete, "delete a token")
    for command in (listing, create, delete):
        command.add_argument("-u", "--username", metavar="NAME", required=True, help="whose")
    create.add_argument("name", metavar="NAME", help="what it is for")
    create.add_argument("--days", type=float, default=DAYS, metavar="N", help="how long it counts")
    create.add_argument(
        "--scope", action="append", metavar="SCOPE",
        help="`dag:read`, `run:create@dag:sales`, `run:read@tag:shop` and such; may be repeated; "
        "all that the user may do if left out",
    )  # fmt: skip
    delete.add_argument("token_id", metavar="ID")


def _list(args: Namespace, session: Session) -> int:
    from windward.cli.output import show_rows

    show_rows([_row(one) for one in session.account_desk.accounts.list_tokens(_user_id(args, session))],
              output=args.output)  # fmt: skip
    return 0


def _create(args: Namespace, session: Session) -> int:
    from windward.cli.output import note
    from windward.core.accounts import scopes_of
    from windward.engine.people.tokens import create_token

    token, secret = create_token(
        session.account_desk,
        _user_id(args, session),
        args.name,
        scopes=scopes_of(args.scope),
        days=args.days,
        days_max=session.settings.api_auth.token_lifetime_days_max,
    )
    note(f"token {token.token_id} counts until {token.expires_at:%Y-%m-%d %H:%M} UTC; it is shown once:")
    print(secret)
    return 0


def _delete(args: Namespace, session: Session) -> int:
    from windward.cli.output import note
    from windward.engine.people.tokens import delete_token

    delete_token(session.account_desk, _user_id(args, session), args.token_id)
    note(f"deleted token {args.token_id}")
    return 0


def _user_id(args: Namespace, session: Session) -> str:
    from windward.engine.people.accounts import find_user

    return find_user(session.account_desk, args.username).user.user_id


def _row(token: ApiToken) -> dict[str, Any]:
    from windward.core.accounts import shown_scopes

    return {
        "token_id": token.token_id,
        "name": token.name,
        "ends_with": token.hint,
        "scopes": shown_scopes(token.scopes),
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
    }
