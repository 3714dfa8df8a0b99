"""Accounts: what a name, a password, a scope and a grant may be, what a user holds, and who may give what. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import lru_cache

from windward.core.access import BUILT_IN_ROLES, without_the_covered
from windward.errors import UserError
from windward.model.access import OF_A_DAG, Credential, Permission, Principal, Resource, Verb
from windward.model.accounts import Scopes, User
from windward.model.ids import check_key

ADMIN = "admin"
TOKEN_PREFIX = "wnd_"
"""Scanners for leaked secrets know API tokens by it."""
PASSWORD_MIN = 8
PASSWORD_MAX = 1024
NAME_MAX = 250
TEXT_MAX = 250
HELD_MAX = 256
"""Sets of rights that are put together once."""
_USERNAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.@+-]{1,250}")
_ROLE = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_TAG = "tag:"
_DAG = "dag:"


def digest_of(secret: str) -> str:
    """Return what is kept of a random secret. It has too many bits to be guessed, so this may be quick."""
    return hashlib.sha256(secret.encode()).hexdigest()


def check_username(name: str) -> None:
    """Raise `UserError` unless `name` can be a user's."""
    if not _USERNAME.fullmatch(name):
        raise UserError(
            f"`{name[:40]}` cannot be the name of a user",
            hint="Use 1 to 250 letters, digits and `_ . @ + -`, and not only one dot or two.",
        )


def folded(name: str) -> str:
    """Return what two names have in common that nobody should take for two people."""
    return name.lower()


def check_password(password: str, *, username: str) -> None:
    """Raise `UserError` unless `password` may be one. Its length counts, not its kinds of characters."""
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise UserError(
            f"a password has {PASSWORD_MIN} to {PASSWORD_MAX} characters",
            hint="A few unrelated words are long enough, and easier to keep in mind than signs.",
        )
    if folded(password) == folded(username):
        raise UserError("a password cannot be the user's name", hint="Choose one that nobody can guess.")


def check_text(what: str, text: str) -> None:
    """Raise `UserError` unless `text` can be a name or an address of a person."""
    if len(text) > TEXT_MAX or not (text.isprintable() or not text):
        raise UserError(
            f"the {what} cannot be stored",
            hint=f"Use at most {TEXT_MAX} characters, without control characters.",
        )


def check_role_name(name: str) -> None:
    """Raise `UserError` unless `name` can be that of a role of one's own."""
    if not _ROLE.fullmatch(name):
        raise UserError(
            f"`{name[:40]}` cannot be the name of a role", hint="Use 1 to 100 letters, digits and `_ . -`."
        )
    if folded(name) in BUILT_IN_ROLES:
        raise UserError(
            f"`{name}` is a built-in role",
            hint="Built-in roles stay as they are; make a role of another name and give it what you want.",
        )


def permission_of(text: str, *, dag_id: str | None = None, tag: str | None = None) -> Permission:
    """Read `resource:verb`, such as `run:create`; for one DAG or the DAGs with a tag, where these are given.

    Raises:
        UserError: when there is no such thing, when it belongs to no DAG and is given for one, or when no DAG can have
            that id.
    """
    resource, _, verb = text.strip().partition(":")
    try:
        found = Permission(resource=Resource(resource), verb=Verb(verb), dag_id=dag_id, tag=tag)
    except ValueError:
        raise UserError(
            f"there is no permission `{text}`",
            hint=f"Write `RESOURCE:VERB`; verbs are {', '.join(Verb)}, resources are {', '.join(Resource)}.",
        ) from None
    if dag_id is not None and tag is not None:
        raise UserError("a permission is for a DAG or for a tag, not for both", hint="Give two permissions.")
    if dag_id is not None:
        check_key(dag_id, what="DAG")
    if (dag_id is not None or tag is not None) and found.resource not in OF_A_DAG:
        raise UserError(
            f"`{resource}` belongs to no DAG, so it cannot be permitted for some DAGs only",
            hint=f"For some DAGs, permit: {', '.join(sorted(OF_A_DAG))}.",
        )
    return found


def scopes_of(texts: Iterable[str] | None) -> Scopes | None:
    """Read what a token is limited to, each as `shown_permission` writes it; None for no limit.

    Raises:
        UserError: when one is not known, or when there is none at all.
    """
    if texts is None:
        return None
    found = frozenset(map(read_permission, texts))
    if not found:
        raise UserError(
            "a token without any scope may do nothing",
            hint="Name scopes such as `dag:read` or `run:create@dag:sales`, or leave them out.",
        )
    return found


def shown_permission(one: Permission) -> str:
    """Return a permission as people write it: `run:create`, `run:create@dag:sales`, `run:create@tag:shop`."""
    place = (
        f"@{_DAG}{one.dag_id}"
        if one.dag_id is not None
        else f"@{_TAG}{one.tag}"
        if one.tag is not None
        else ""
    )
    return f"{one.resource}:{one.verb}{place}"


def shown_scopes(scopes: Scopes | None) -> list[str] | None:
    """Return what a token is limited to as people write it, in order; None for no limit."""
    return None if scopes is None else sorted(map(shown_permission, scopes))


def read_permission(text: str) -> Permission:
    """Read what `shown_permission` writes.

    Raises:
        UserError: when it cannot be read.
    """
    permission, at, place = text.partition("@")
    if not at:
        return permission_of(permission)
    if place.startswith(_DAG) and place != _DAG:
        return permission_of(permission, dag_id=place.removeprefix(_DAG))
    if place.startswith(_TAG) and place != _TAG:
        return permission_of(permission, tag=place.removeprefix(_TAG))
    raise UserError(
        f"`{place}` names no DAG and no tag", hint="Write `run:create@dag:DAG_ID` or `run:create@tag:TAG`."
    )


def held_by(user: User, custom_roles: Mapping[str, Collection[Permission]]) -> frozenset[Permission]:
    """Return what a user may do: by roles and grants. A role that does not exist any more gives nothing."""
    given = [BUILT_IN_ROLES[name] for name in user.roles if name in BUILT_IN_ROLES]
    for name in user.roles:
        more = frozenset(custom_roles.get(name, ()))
        # A built-in role is what it is; DAG files may give it more of their own DAGs.
        given.append(_of_dags(more) if name in BUILT_IN_ROLES else more)
    return _held((user.grants, *given))


@lru_cache(maxsize=HELD_MAX)
def _of_dags(given: frozenset[Permission]) -> frozenset[Permission]:
    return frozenset(one for one in given if one.dag_id is not None)


@lru_cache(maxsize=HELD_MAX)
def _held(given: tuple[frozenset[Permission], ...]) -> frozenset[Permission]:
    return without_the_covered(frozenset().union(*given))


def principal_of(
    user: User,
    custom_roles: Mapping[str, Collection[Permission]],
    *,
    credential: Credential = Credential.OTHER,
) -> Principal:
    """Return the user as somebody who acts."""
    return Principal(
        user_id=user.user_id,
        name=user.username,
        roles=user.roles,
        permissions=held_by(user, custom_roles),
        credential=credential,
        version=user.version,
    )


def may_give(giver: Principal, given: Iterable[Permission]) -> bool:
    """Whether somebody may give `given` to others: nobody gives what they do not have, nor what their token lacks."""
    held, scopes = giver.permissions, giver.scopes
    for one in given:
        everywhere = Permission(resource=one.resource, verb=one.verb)
        if one not in held and everywhere not in held:
            return False
        if scopes is not None and one not in scopes and everywhere not in scopes:
            return False
    return True


def is_last_admin(user: User, users: Iterable[User]) -> bool:
    """Whether nobody else of `users` could administer any more without this user."""

    def administers(one: User) -> bool:
        return ADMIN in one.roles and one.is_active

    return administers(user) and not any(one.user_id != user.user_id and administers(one) for one in users)


def is_session_over(*, version: int, user: User, expires_at: datetime, now: datetime) -> bool:
    """Whether what was given out to a user at `version` does not count any more."""
    return version != user.version or not user.is_active or now >= expires_at
