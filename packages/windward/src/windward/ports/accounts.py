"""What is kept of accounts: users, roles, sessions, tokens, one-time tickets. Secrets come and go as digests only.

A digest is what the caller made of a secret with `windward.core.accounts.digest_of`; nobody gets it back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from windward.core.throttle import Allowance, Bucket
from windward.model.access import Permission
from windward.model.accounts import ApiToken, Role, Session, User


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A user with what its own roles hold, read at one moment."""

    user: User
    custom_roles: Mapping[str, Collection[Permission]]


class Passwords(Protocol):
    """Makes and checks what is kept of passwords. Slow on purpose."""

    def hash(self, password: str) -> str:
        """Return what is kept of a password."""

    def is_right(self, password_hash: str | None, password: str) -> bool:
        """Whether this is the password; takes as long when there is none."""


class AccountStore(Protocol):
    """Users and roles, and what was given out to them."""

    # -- users

    def insert_user(self, user: User, password_hash: str | None) -> None:
        """Insert; raise `ConflictError` when the name (whatever its case) or the subject is taken."""

    def replace_user(self, user: User, *, expect: User) -> None:
        """Replace all but the password and the last sign-in; raise `ConflictError` when it is not as expected, or the name is taken."""

    def set_password_hash(self, user_id: str, password_hash: str | None) -> bool:
        """Replace the hash of the password and raise the version; whether there is such a user."""

    def delete_user(self, user_id: str) -> bool:
        """Delete a user with sessions, tokens and grants; whether it existed."""

    def known(self, user_id: str) -> Known | None:
        """Return a user by id."""

    def known_by_name(self, username: str) -> tuple[Known, str | None] | None:
        """Return a user by name, whatever its case, and the hash of the password."""

    def known_by_subject(self, subject: str) -> Known | None:
        """Return a user by what an OIDC provider calls it."""

    def list_users(self) -> list[User]:
        """Return all users, by name."""

    def count_users(self) -> int:
        """Return how many there are."""

    def note_login(self, user_id: str, *, now: datetime) -> None:
        """Remember when a user signed in last."""

    # -- roles of one's own; the built-in ones are in the code

    def put_role(self, role: Role, *, is_new: bool) -> None:
        """Insert or replace; raise `ConflictError` when a new one exists, `NotFoundError` when one to replace does not."""

    def delete_role(self, name: str) -> bool:
        """Delete a role, and take it from its users; whether it existed."""

    def list_roles(self) -> list[Role]:
        """Return all roles of one's own, by name."""

    def given_by_files(self, roles: Collection[str]) -> dict[str, frozenset[Permission]]:
        """Return what DAG files give to these roles, by name; those that get nothing are left out."""

    # -- sessions

    def insert_session(self, session: Session, digest: str) -> None:
        """Insert."""

    def session_by_digest(self, digest: str) -> Session | None:
        """Return a session by what its cookie holds."""

    def see_session(self, session_id: str, *, now: datetime) -> None:
        """Remember that a session is in use."""

    def list_sessions(self, user_id: str) -> list[Session]:
        """Return a user's sessions, newest first."""

    def delete_sessions(self, user_id: str, session_id: str | None = None) -> int:
        """Delete one session of a user, or all and their tickets; return how many sessions there were."""

    # -- tokens of programs

    def insert_token(self, token: ApiToken, digest: str) -> None:
        """Insert; raise `ConflictError` when the user has one of that name."""

    def token_by_digest(self, digest: str) -> ApiToken | None:
        """Return a token by what a program sends."""

    def see_token(self, token_id: str, *, now: datetime) -> None:
        """Remember that a token is in use."""

    def list_tokens(self, user_id: str) -> list[ApiToken]:
        """Return a user's tokens, newest first."""

    def delete_token(self, user_id: str, token_id: str) -> bool:
        """Delete a token; whether the user had it."""

    # -- wrong passwords

    def load_tries(self, keys: Collection[str]) -> dict[str, Bucket]:
        """Return what is left of tries, by key; a key that was not counted lately has no bucket."""

    def take_tries(self, allowances: Mapping[str, Allowance], *, now: datetime) -> None:
        """Take one try from the bucket of each key; those are forgotten after their window."""

    # -- JWTs that were taken back, tickets that count once

    def revoke_jwt(self, jti: str, *, expires_at: datetime) -> None:
        """Remember that a JWT does not count any more."""

    def is_jwt_revoked(self, jti: str) -> bool:
        """Whether it does not."""

    def insert_ticket(self, digest: str, user_id: str, *, expires_at: datetime) -> None:
        """Keep a ticket to sign in with, once."""

    def take_ticket(self, digest: str, *, now: datetime) -> str | None:
        """Use a ticket up and return whose it was; None when it is not there, or not any more."""
