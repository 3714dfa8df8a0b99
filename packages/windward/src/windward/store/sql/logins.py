"""What was given out to people and programs, on a database: sessions, tokens, tickets, and JWTs taken back.

And the wrong passwords that were tried, which all API servers count together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import exc

from windward.core.accounts import read_permission, shown_scopes
from windward.core.throttle import Allowance, Bucket, refilled, taken
from windward.errors import ConflictError, UserError
from windward.model.access import Permission
from windward.model.accounts import ApiToken, Session
from windward.store.sql.columns import storable, to_us
from windward.store.sql.database import Database, chunks, is_taken
from windward.store.sql.tables import (
    API_TOKEN,
    CONNECTION_TEST,
    LOGIN_SESSION,
    LOGIN_TICKET,
    LOGIN_TRY,
    REVOKED_JWT,
)
from windward.store.sql.transaction import Transaction

ADDRESS_MAX = 100
AGENT_MAX = 250


class SqlLogins:
    """Sessions, tokens, tickets, revocations."""

    def __init__(self, database: Database) -> None:
        self._logins = database

    def insert_session(self, session: Session, digest: str) -> None:
        """Insert a session."""
        row = {
            "session_id": session.session_id,
            "digest": digest,
            "user_id": session.user_id,
            "version": session.version,
            "created_at": session.created_at,
            "expires_at": session.expires_at,
            "last_seen_at": session.last_seen_at,
            "address": storable(session.address[:ADDRESS_MAX]),
            "user_agent": storable(session.user_agent[:AGENT_MAX]),
        }
        self._logins.write(lambda transaction: transaction.run(sa.insert(LOGIN_SESSION).values(**row)))

    def session_by_digest(self, digest: str) -> Session | None:
        """Return a session by what its cookie holds."""
        with self._logins.reading() as transaction:
            query = sa.select(LOGIN_SESSION).where(LOGIN_SESSION.c.digest == digest)
            row = transaction.run(query).one_or_none()
        return None if row is None else _session(row)

    def see_session(self, session_id: str, *, now: datetime) -> None:
        """Remember that a session is in use."""
        query = sa.update(LOGIN_SESSION).where(LOGIN_SESSION.c.session_id == session_id)
        self._logins.write(lambda transaction: transaction.run(query.values(last_seen_at=now)))

    def list_sessions(self, user_id: str) -> list[Session]:
        """Return a user's sessions, newest first."""
        table = LOGIN_SESSION
        query = sa.select(table).where(table.c.user_id == user_id)
        with self._logins.reading() as transaction:
            rows = transaction.run(query.order_by(table.c.created_at.desc(), table.c.session_id))
            return [_session(row) for row in rows]

    def delete_sessions(self, user_id: str, session_id: str | None = None) -> int:
        """Delete one session of a user, or all with the tickets that would begin further ones."""
        query = sa.delete(LOGIN_SESSION).where(LOGIN_SESSION.c.user_id == user_id)
        if session_id is not None:
            query = query.where(LOGIN_SESSION.c.session_id == session_id)

        def delete(transaction: Transaction) -> int:
            if session_id is None:
                transaction.run(sa.delete(LOGIN_TICKET).where(LOGIN_TICKET.c.user_id == user_id))
            return int(transaction.run(query).rowcount)

        return self._logins.write(delete)

    def insert_token(self, token: ApiToken, digest: str) -> None:
        """Insert a token."""
        row = {
            "token_id": token.token_id,
            "digest": digest,
            "user_id": token.user_id,
            "name": storable(token.name),
            "hint": token.hint,
            "scopes": shown_scopes(token.scopes),
            "created_at": token.created_at,
            "expires_at": token.expires_at,
        }
        try:
            self._logins.write(lambda transaction: transaction.run(sa.insert(API_TOKEN).values(**row)))
        except exc.IntegrityError as error:
            if is_taken(error):
                raise ConflictError(
                    f"there is a token `{token.name}` already",
                    hint="Give another name, or delete that token first.",
                ) from error
            raise

    def token_by_digest(self, digest: str) -> ApiToken | None:
        """Return a token by what a program sends."""
        with self._logins.reading() as transaction:
            row = transaction.run(sa.select(API_TOKEN).where(API_TOKEN.c.digest == digest)).one_or_none()
        return None if row is None else _token(row)

    def see_token(self, token_id: str, *, now: datetime) -> None:
        """Remember that a token is in use."""
        query = sa.update(API_TOKEN).where(API_TOKEN.c.token_id == token_id).values(last_used_at=now)
        self._logins.write(lambda transaction: transaction.run(query))

    def list_tokens(self, user_id: str) -> list[ApiToken]:
        """Return a user's tokens, newest first."""
        query = sa.select(API_TOKEN).where(API_TOKEN.c.user_id == user_id)
        with self._logins.reading() as transaction:
            rows = transaction.run(query.order_by(API_TOKEN.c.created_at.desc(), API_TOKEN.c.token_id))
            return [_token(row) for row in rows]

    def delete_token(self, user_id: str, token_id: str) -> bool:
        """Delete a token."""
        query = sa.delete(API_TOKEN).where(API_TOKEN.c.user_id == user_id, API_TOKEN.c.token_id == token_id)
        return self._logins.write(lambda transaction: transaction.run(query).rowcount > 0)

    def load_tries(self, keys: Collection[str]) -> dict[str, Bucket]:
        """Return what is left of tries."""
        with self._logins.reading() as transaction:
            return _tries(transaction, sorted(keys))

    def take_tries(self, allowances: Mapping[str, Allowance], *, now: datetime) -> None:
        """Take one try from the bucket of each key."""
        keys = sorted(allowances)
        touch = self._logins.dialect.upsert(
            "login_try", ("try_key",), ("expires_at",), kept=("tries_left", "counted_at")
        )

        def take(transaction: Transaction) -> None:
            # A row that is there is locked, one that is not is made: whoever comes at the same time waits.
            for key in keys:
                allowed = allowances[key]
                expires_at = now + timedelta(seconds=allowed.window_s)
                row = (key, to_us(expires_at), float(allowed.tries_max), to_us(now))
                transaction.upsert(touch, [row])
            found = _tries(transaction, keys)
            for key in keys:
                bucket = taken(refilled(found[key], allowances[key], now_s=now.timestamp()))
                counted_at = datetime.fromtimestamp(bucket.at_s, UTC)
                query = sa.update(LOGIN_TRY).where(LOGIN_TRY.c.try_key == key)
                transaction.run(query.values(tries_left=bucket.left, counted_at=counted_at))

        self._logins.write(take)

    def revoke_jwt(self, jti: str, *, expires_at: datetime) -> None:
        """Remember that a JWT does not count any more."""
        query = sa.insert(REVOKED_JWT).values(jti=jti, expires_at=expires_at)
        try:
            self._logins.write(lambda transaction: transaction.run(query))
        except exc.IntegrityError as error:
            if not is_taken(error):
                raise

    def is_jwt_revoked(self, jti: str) -> bool:
        """Whether a JWT does not count any more."""
        text = self._logins.dialect.sql("SELECT jti FROM revoked_jwt WHERE jti = ?")
        with self._logins.reading() as transaction:
            return bool(transaction.select(text, (jti,)))

    def insert_ticket(self, digest: str, user_id: str, *, expires_at: datetime) -> None:
        """Keep a ticket to sign in with, once."""
        query = sa.insert(LOGIN_TICKET).values(digest=digest, user_id=user_id, expires_at=expires_at)
        self._logins.write(lambda transaction: transaction.run(query))

    def take_ticket(self, digest: str, *, now: datetime) -> str | None:
        """Use a ticket up and return whose it was."""
        same = LOGIN_TICKET.c.digest == digest

        def take(transaction: Transaction) -> str | None:
            row = transaction.run(sa.select(LOGIN_TICKET).where(same)).one_or_none()
            # Of two who come at once, one deletes it.
            if row is None or not transaction.run(sa.delete(LOGIN_TICKET).where(same)).rowcount:
                return None
            return str(row.user_id) if row.expires_at > now else None

        return self._logins.write(take)


def _tries(transaction: Transaction, keys: Sequence[str]) -> dict[str, Bucket]:
    columns = (LOGIN_TRY.c.try_key, LOGIN_TRY.c.tries_left, LOGIN_TRY.c.counted_at)
    rows = transaction.run(sa.select(*columns).where(LOGIN_TRY.c.try_key.in_(keys)))
    return {key: Bucket(left=left, at_s=counted_at.timestamp()) for key, left, counted_at in rows}


def delete_expired(transaction: Transaction, *, before: datetime, limit: int) -> int:
    """Delete what expired before a time; return how many."""
    count = 0
    for table in (LOGIN_SESSION, API_TOKEN, REVOKED_JWT, LOGIN_TICKET, LOGIN_TRY, CONNECTION_TEST):
        (key,) = table.primary_key.columns
        query = sa.select(key).where(table.c.expires_at < before).limit(limit - count)
        gone = list(transaction.run(query).scalars())
        for part in chunks(gone):
            transaction.run(sa.delete(table).where(key.in_(part)))
        count += len(gone)
        if count >= limit:
            break
    return count


def _session(row: Any) -> Session:
    return Session(
        session_id=row.session_id,
        user_id=row.user_id,
        version=row.version,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_seen_at=row.last_seen_at,
        address=row.address,
        user_agent=row.user_agent,
    )


def _token(row: Any) -> ApiToken:
    return ApiToken(
        token_id=row.token_id,
        user_id=row.user_id,
        name=row.name,
        hint=row.hint,
        scopes=None if row.scopes is None else frozenset(_known(row.scopes)),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )


def _known(scopes: Iterable[str]) -> Iterator[Permission]:
    """Return the scopes that this version knows: one of a later version permits nothing here."""
    for text in scopes:
        try:
            yield read_permission(text)
        except UserError:
            continue
