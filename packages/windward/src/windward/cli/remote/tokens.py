"""`windward tokens` against a server: one's own, and those of others as far as its administrators may."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from windward.cli.output import note, show_rows
from windward.cli.remote.asking import FORBIDDEN, OWN, moment
from windward.client.http import in_path
from windward.client.server import Json, RefusedHereError, Server
from windward.core.accounts import scopes_of
from windward.errors import UserError
from windward.model.access import Credential

MINE = f"{OWN}/me/tokens"
WITH_A_JWT = "Set `WINDWARD_TOKEN` to a JWT: `POST /auth/token` with name and password answers with one."


def list_tokens(args: Namespace, server: Server) -> int:
    """Print a user's tokens."""
    me = _me(server)
    place = MINE if _is_me(args, me) else _theirs(args)
    show_rows([_row(one) for one in server.get(place)["tokens"]], output=args.output)
    return 0


def create(args: Namespace, server: Server) -> int:
    """Make a token for oneself, and print it once."""
    me = _me(server)
    if not _is_me(args, me):
        raise UserError(
            f"a server makes tokens for whoever asks, and you are `{me['username']}`",
            hint=f"Let `{args.username}` ask, or run the command where the database is.",
        )
    if me["credential"] == Credential.API_TOKEN:
        raise UserError(
            "a server makes no token for a token",
            hint=WITH_A_JWT,
        )
    scopes_of(args.scope)
    made = server.send("POST", MINE, {"name": args.name, "days": args.days, "scopes": args.scope})
    until = moment(made["made"]["expires_at"])
    note(f"token {made['made']['token_id']} counts until {until:%Y-%m-%d %H:%M} UTC; it is shown once:")
    print(made["token"])
    return 0


def delete(args: Namespace, server: Server) -> int:
    """Delete a token."""
    me = _me(server)
    # A token may not delete its owner's by being the owner's; it may where the owner administers users.
    is_mine, is_by_token = _is_me(args, me), me["credential"] == Credential.API_TOKEN
    place = MINE if is_mine and not is_by_token else _theirs(args)
    try:
        server.send("DELETE", f"{place}/{in_path(args.token_id)}")
    except RefusedHereError as error:
        if error.status == FORBIDDEN and is_mine and is_by_token:
            raise UserError("an API token may not delete tokens of its owner", hint=WITH_A_JWT) from error
        raise
    note(f"deleted token {args.token_id}")
    return 0


def _me(server: Server) -> Json:
    return server.get(f"{OWN}/me")


def _is_me(args: Namespace, me: Json) -> bool:
    return bool(me["username"].lower() == args.username.lower())


def _theirs(args: Namespace) -> str:
    return f"{OWN}/users/{in_path(args.username)}/tokens"


def _row(token: Json) -> dict[str, Any]:
    return {
        "token_id": token["token_id"],
        "name": token["name"],
        "ends_with": token["hint"],
        "scopes": token["scopes"],
        "expires_at": moment(token["expires_at"]),
        "last_used_at": moment(token["last_used_at"]),
    }
