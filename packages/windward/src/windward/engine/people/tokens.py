"""API tokens, as people make them: shown once, limited in scope and time."""

from __future__ import annotations

from datetime import timedelta

from windward.core.accounts import TOKEN_PREFIX, digest_of, shown_scopes
from windward.engine.people.accounts import AccountDesk
from windward.engine.people.changes import note_change
from windward.errors import NotFoundError, UserError
from windward.model.accounts import ApiToken, Scopes

TOKENS_MAX = 100
NAME_MAX = 100
SCOPES_MAX = 500
HINT_LENGTH = 4


def create_token(
    desk: AccountDesk, user_id: str, name: str, *, scopes: Scopes | None, days: float, days_max: float
) -> tuple[ApiToken, str]:
    """Make a token; return it with what a program sends, which nobody sees again.

    Raises:
        UserError: when the name or the time cannot be, or there are too many.
        ConflictError: when the user has one of that name.
    """
    if not name.strip() or len(name) > NAME_MAX or not name.isprintable():
        raise UserError("that cannot be the name of a token", hint=f"Use 1 to {NAME_MAX} characters.")
    if not 0 < days <= days_max:
        raise UserError(f"a token cannot last {days:g} days", hint=f"Let it last {days_max:g} days at most.")
    if scopes is not None and len(scopes) > SCOPES_MAX:
        raise UserError(
            f"a token has {SCOPES_MAX} scopes at most, and not {len(scopes)}",
            hint="Name a tag instead of its DAGs, or make several tokens.",
        )
    if len(desk.accounts.list_tokens(user_id)) >= TOKENS_MAX:
        raise UserError(f"nobody has more than {TOKENS_MAX} tokens", hint="Delete those that are not used.")
    secret, now = TOKEN_PREFIX + desk.new_secret(), desk.now()
    token = ApiToken(
        token_id=desk.new_id(),
        user_id=user_id,
        name=name,
        hint=secret[-HINT_LENGTH:],
        scopes=scopes,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    desk.accounts.insert_token(token, digest_of(secret))
    note_change("api_token", name, after=_shown(token))
    return token, secret


def delete_token(desk: AccountDesk, user_id: str, token_id: str) -> None:
    """Delete a token.

    Raises:
        NotFoundError: when the user has none of that id.
    """
    before = next((one for one in desk.accounts.list_tokens(user_id) if one.token_id == token_id), None)
    if before is None or not desk.accounts.delete_token(user_id, token_id):
        raise NotFoundError(f"there is no token `{token_id}`")
    note_change("api_token", before.name, before=_shown(before))


def _shown(token: ApiToken) -> dict[str, object]:
    return {
        "id": token.token_id,
        "name": token.name,
        "scopes": shown_scopes(token.scopes),
        "expires_at": token.expires_at,
    }
