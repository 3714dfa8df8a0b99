"""People whom somebody else vouches for: a proxy that is trusted, or an OIDC provider."""

from __future__ import annotations

import msgspec

from windward.core.accounts import check_username
from windward.engine.people.accounts import AccountDesk, all_roles, shown_user
from windward.engine.people.changes import note_change
from windward.errors import ConflictError, UserError
from windward.model.accounts import Source, User
from windward.ports.accounts import Known


class Vouched(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of a person."""

    username: str
    source: Source
    subject: str = ""
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    roles: tuple[str, ...] | None = None
    """Roles that follow from groups; None where groups say nothing."""


def vouched_user(desk: AccountDesk, said: Vouched, *, new_user_role: str) -> Known:
    """Return the user that somebody vouches for, made or brought up to date where that is set.

    A user of an OIDC provider is known by its subject only: a name that somebody has here already is not theirs.

    Raises:
        UserError: when such a user may not come in; the hint says who can change that.
    """
    known = _found(desk, said)
    if known is None:
        _make(desk, said, new_user_role=new_user_role)
        known = _found(desk, said)
        if known is None:
            raise ConflictError(f"user `{said.username}` was deleted by someone else")
    elif said.roles is not None and set(said.roles) != set(known.user.roles):
        changed = msgspec.structs.replace(known.user, roles=said.roles)
        desk.accounts.replace_user(changed, expect=known.user)
        note_change("user", changed.username, before=shown_user(known.user), after=shown_user(changed))
        known = _found(desk, said) or known
    if not known.user.is_active:
        raise UserError(f"user `{said.username}` may not sign in", hint="An administrator can change that.")
    return known


def _found(desk: AccountDesk, said: Vouched) -> Known | None:
    if said.subject:
        return desk.accounts.known_by_subject(said.subject)
    found = desk.accounts.known_by_name(said.username)
    return found and found[0]


def _make(desk: AccountDesk, said: Vouched, *, new_user_role: str) -> None:
    roles = said.roles if said.roles is not None else ((new_user_role,) if new_user_role else ())
    if not roles:
        raise UserError(
            f"user `{said.username[:40]}` is not known here",
            hint="An administrator can make this user, or set `[api_auth] new_user_role`.",
        )
    existing = all_roles(desk.accounts)
    if missing := [name for name in roles if name not in existing]:
        raise UserError(
            f"there is no role `{missing[0]}`", hint="Correct `[api_auth] new_user_role` or `oidc_roles`."
        )
    check_username(said.username)
    user = User(
        user_id=desk.new_id(),
        username=said.username,
        email=said.email[:250],
        first_name=said.first_name[:250],
        last_name=said.last_name[:250],
        roles=roles,
        source=said.source,
        subject=said.subject,
        created_at=desk.now(),
    )
    try:
        desk.accounts.insert_user(user, None)
    except ConflictError as error:
        if _found(desk, said) is not None:
            return  # two requests at once
        raise UserError(
            f"there is a user `{said.username}` here already, who is somebody else",
            hint="An administrator can rename or delete that user.",
        ) from error
    note_change("user", user.username, after=shown_user(user))
