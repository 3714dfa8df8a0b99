"""Users, roles and what belongs to them, on a database. Sessions, tokens and tickets: `logins`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import exc

from windward.core.accounts import folded
from windward.core.file_grants import permissions_of_word
from windward.errors import ConflictError, NotFoundError
from windward.model.access import Permission, Resource, Verb
from windward.model.accounts import Role, Source, User
from windward.ports.accounts import Known
from windward.store.sql.columns import from_us, storable, time_of
from windward.store.sql.database import Database, is_taken
from windward.store.sql.file_grants import KIND as FILE_GRANT
from windward.store.sql.logins import SqlLogins
from windward.store.sql.packed import packed, unpacked
from windward.store.sql.tables import (
    ACCESS_GRANT,
    ACCOUNT,
    ACCOUNT_ROLE,
    API_TOKEN,
    CUSTOM_ROLE,
    LOGIN_SESSION,
    LOGIN_TICKET,
)
from windward.store.sql.transaction import Transaction

USER, ROLE = "user", "role"
ANOTHER_USER = "Give another name; `windward users list` shows those that are taken."
ANOTHER_ROLE = "Give another name; `windward roles list` shows those that are taken."
REMEMBERED_MAX = 1024
_RESOURCES, _VERBS = frozenset(Resource), frozenset(Verb)
_Read = tuple[tuple[Any, ...], tuple[tuple[Any, ...], ...]]
"""A user's row, and rows of what it holds: packed on SQLite."""
_COLUMNS = tuple(column.name for column in ACCOUNT.columns)
_ACCOUNT = f"SELECT {', '.join(_COLUMNS)} FROM account WHERE {{name}} = ?"
_PARTS = (
    "SELECT kind, holder, resource, verb, dag_id, tag FROM access_grant WHERE kind = 'user' AND holder = ? "
    "UNION ALL SELECT g.kind, g.holder, g.resource, g.verb, g.dag_id, g.tag FROM account_role r "
    f"JOIN access_grant g ON g.kind IN ('role', '{FILE_GRANT}') AND g.holder = r.role WHERE r.user_id = ? "
    "UNION ALL SELECT 'has', role, NULL, NULL, NULL, NULL FROM account_role WHERE user_id = ?"
)
"""What a user holds: own grants, those of roles, what DAG files give to roles, and the roles. Asked for by every request."""
_HELD = packed("kind, holder, resource, verb, dag_id, tag", is_sqlite=True)
_PACKED = (
    f"SELECT {', '.join(_COLUMNS)}, (SELECT {_HELD} FROM ({_PARTS.replace('?', 'account.user_id')})) "
    "FROM account WHERE {name} = ?"
)
"""Both in one, on SQLite."""


class SqlAccounts(SqlLogins):
    """Users and roles; what was given out to them is inherited."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._database = database
        self._remembered: dict[str, tuple[_Read, tuple[Known, str | None]]] = {}

    def insert_user(self, user: User, password_hash: str | None) -> None:
        """Insert a user."""

        def insert(transaction: Transaction) -> None:
            row = {**_row(user), "user_id": user.user_id, "created_at": user.created_at}
            transaction.run(sa.insert(ACCOUNT).values(**row, password_hash=password_hash))
            _put_parts(transaction, user)

        self._write_unique(insert, f"there is a user `{user.username}` already", hint=ANOTHER_USER)

    def replace_user(self, user: User, *, expect: User) -> None:
        """Replace all but the password and the last sign-in, of a user that is as it was seen."""

        def replace(transaction: Transaction) -> None:
            same = ACCOUNT.c.user_id == user.user_id
            # Read and locked, not counted by the update: MySQL counts rows that changed, not those that were found.
            rows = transaction.run(sa.select(ACCOUNT).where(same).with_for_update()).mappings().fetchall()
            if not rows or _compared(_users(transaction, rows)[0]) != _compared(expect):
                raise ConflictError(f"user `{user.username}` was changed by someone else")
            row = _row(user)
            del row["last_login_at"]  # which no wish changes
            transaction.run(sa.update(ACCOUNT).where(same).values(**row))
            _put_parts(transaction, user)

        self._write_unique(replace, f"there is a user `{user.username}` already", hint=ANOTHER_USER)

    def set_password_hash(self, user_id: str, password_hash: str | None) -> bool:
        """Replace the hash and raise the version: of two who do so at once, each ends what the other let in."""
        query = sa.update(ACCOUNT).where(ACCOUNT.c.user_id == user_id)
        query = query.values(password_hash=password_hash, version=ACCOUNT.c.version + 1)
        return self._database.write(lambda transaction: transaction.run(query).rowcount > 0)

    def delete_user(self, user_id: str) -> bool:
        """Delete a user with all that belongs to it."""

        def delete(transaction: Transaction) -> bool:
            for table in (LOGIN_SESSION, API_TOKEN, LOGIN_TICKET, ACCOUNT_ROLE):
                transaction.run(sa.delete(table).where(table.c.user_id == user_id))
            transaction.run(sa.delete(ACCESS_GRANT).where(_held(USER, user_id)))
            return transaction.run(sa.delete(ACCOUNT).where(ACCOUNT.c.user_id == user_id)).rowcount > 0

        return self._database.write(delete)

    def known(self, user_id: str) -> Known | None:
        """Return a user by id."""
        found = self._known("user_id", user_id)
        return found and found[0]

    def known_by_name(self, username: str) -> tuple[Known, str | None] | None:
        """Return a user by name, and the hash of the password."""
        return self._known("folded_name", storable(folded(username)))

    def known_by_subject(self, subject: str) -> Known | None:
        """Return a user by what an OIDC provider calls it."""
        found = self._known("subject", storable(subject))
        return found and found[0]

    def _known(self, name: str, value: str) -> tuple[Known, str | None] | None:
        """Return the user in whose row a column has this value.

        Rows are read each time, so that what is taken from somebody is gone at once, whichever process took it; what
        they mean is remembered with them.
        """
        dialect = self._database.dialect
        with self._database.reading() as transaction:
            text = _PACKED if dialect.is_sqlite else _ACCOUNT
            rows = transaction.select(dialect.sql(text.format(name=name)), (value,))
            if not rows:
                return None
            (account,) = rows
            read: _Read
            if dialect.is_sqlite:
                read = (account[:-1], (account[-1:],))
            else:
                parts = transaction.select(dialect.sql(_PARTS), (account[0],) * 3)
                read = (tuple(account), tuple(map(tuple, parts)))
        kept = self._remembered.get(account[0])
        if kept is None or kept[0] != read:
            if len(self._remembered) >= REMEMBERED_MAX:
                self._remembered.clear()
            parts = unpacked(read[1], is_sqlite=dialect.is_sqlite)
            kept = self._remembered[account[0]] = (read, _meant(read[0], parts))
        return kept[1]

    def list_users(self) -> list[User]:
        """Return all users."""
        with self._database.reading() as transaction:
            rows = transaction.run(sa.select(ACCOUNT).order_by(ACCOUNT.c.folded_name)).mappings().fetchall()
            return _users(transaction, rows)

    def count_users(self) -> int:
        """Return how many users there are."""
        with self._database.reading() as transaction:
            return int(transaction.run(sa.select(sa.func.count()).select_from(ACCOUNT)).scalar_one())

    def note_login(self, user_id: str, *, now: datetime) -> None:
        """Remember when a user signed in last."""
        query = sa.update(ACCOUNT).where(ACCOUNT.c.user_id == user_id).values(last_login_at=now)
        self._database.write(lambda transaction: transaction.run(query))

    def put_role(self, role: Role, *, is_new: bool) -> None:
        """Insert or replace a role."""

        def put(transaction: Transaction) -> None:
            same = CUSTOM_ROLE.c.name == role.name
            if is_new:
                transaction.run(sa.insert(CUSTOM_ROLE).values(name=role.name))
            elif not transaction.run(sa.select(CUSTOM_ROLE.c.name).where(same).with_for_update()).scalar():
                raise NotFoundError(f"there is no role `{role.name}` of your own")
            _put_grants(transaction, ROLE, role.name, role.permissions)

        self._write_unique(put, f"there is a role `{role.name}` already", hint=ANOTHER_ROLE)

    def delete_role(self, name: str) -> bool:
        """Delete a role, and take it from its users."""

        def delete(transaction: Transaction) -> bool:
            transaction.run(sa.delete(ACCOUNT_ROLE).where(ACCOUNT_ROLE.c.role == name))
            transaction.run(sa.delete(ACCESS_GRANT).where(_held(ROLE, name)))
            return transaction.run(sa.delete(CUSTOM_ROLE).where(CUSTOM_ROLE.c.name == name)).rowcount > 0

        return self._database.write(delete)

    def list_roles(self) -> list[Role]:
        """Return all roles of one's own."""
        with self._database.reading() as transaction:
            names = list(
                transaction.run(sa.select(CUSTOM_ROLE.c.name).order_by(CUSTOM_ROLE.c.name)).scalars()
            )
            grants = _grants(transaction, ROLE, names)
        return [Role(name=name, permissions=grants.get(name, frozenset())) for name in names]

    def given_by_files(self, roles: Collection[str]) -> dict[str, frozenset[Permission]]:
        """Return what DAG files give to these roles."""
        columns = (ACCESS_GRANT.c[name] for name in ("holder", "resource", "verb", "dag_id", "tag"))
        query = sa.select(*columns).where(ACCESS_GRANT.c.kind == FILE_GRANT)
        query = query.where(ACCESS_GRANT.c.holder.in_(sorted(set(roles))))
        with self._database.reading() as transaction:
            return _given_by_files(map(tuple, transaction.run(query)))

    def _write_unique(self, work: Any, message: str, *, hint: str) -> None:
        try:
            self._database.write(work)
        except exc.IntegrityError as error:
            if is_taken(error):
                raise ConflictError(message, hint=hint) from error
            raise


def _row(user: User) -> dict[str, Any]:
    return {
        "username": storable(user.username),
        "folded_name": storable(folded(user.username)),
        "email": storable(user.email),
        "first_name": storable(user.first_name),
        "last_name": storable(user.last_name),
        "is_active": user.is_active,
        "source": user.source.value,
        "subject": storable(user.subject) or None,
        "version": user.version,
        "last_login_at": user.last_login_at,
    }


def _put_parts(transaction: Transaction, user: User) -> None:
    transaction.run(sa.delete(ACCOUNT_ROLE).where(ACCOUNT_ROLE.c.user_id == user.user_id))
    rows = [{"user_id": user.user_id, "role": name} for name in dict.fromkeys(user.roles)]
    if rows:
        transaction.run(sa.insert(ACCOUNT_ROLE), rows)
    _put_grants(transaction, USER, user.user_id, user.grants)


def _held(kind: str, holder: str) -> sa.ColumnElement[bool]:
    return (ACCESS_GRANT.c.kind == kind) & (ACCESS_GRANT.c.holder == holder)


def _put_grants(transaction: Transaction, kind: str, holder: str, grants: Iterable[Permission]) -> None:
    transaction.run(sa.delete(ACCESS_GRANT).where(_held(kind, holder)))
    rows = [
        {
            "kind": kind,
            "holder": holder,
            "resource": one.resource.value,
            "verb": one.verb.value,
            "dag_id": one.dag_id,
            "tag": one.tag,
        }
        for one in grants
    ]
    if rows:
        transaction.run(sa.insert(ACCESS_GRANT), rows)


def _grants(transaction: Transaction, kind: str, holders: Sequence[str]) -> dict[str, frozenset[Permission]]:
    query = sa.select(*(ACCESS_GRANT.c[name] for name in ("holder", "resource", "verb", "dag_id", "tag")))
    query = query.where(ACCESS_GRANT.c.kind == kind, ACCESS_GRANT.c.holder.in_(holders))
    return _granted(map(tuple, transaction.run(query)))


def _granted(rows: Iterable[tuple[Any, ...]]) -> dict[str, frozenset[Permission]]:
    """Return what holders were given, from rows of holder, resource, verb, DAG, tag."""
    found: dict[str, set[Permission]] = defaultdict(set)
    for holder, resource, verb, dag_id, tag in rows:
        # What a later version may permit is nothing here.
        if resource in _RESOURCES and verb in _VERBS:
            one = Permission(resource=Resource(resource), verb=Verb(verb), dag_id=dag_id, tag=tag)
            found[holder].add(one)
    return {holder: frozenset(grants) for holder, grants in found.items()}


def _given_by_files(rows: Iterable[tuple[Any, ...]]) -> dict[str, frozenset[Permission]]:
    found: dict[str, set[Permission]] = defaultdict(set)
    for role, thing, word, dag_id, _ in rows:
        found[role] |= permissions_of_word(thing, word, dag_id)
    return {role: frozenset(given) for role, given in found.items()}


def _meant(account: tuple[Any, ...], parts: Sequence[tuple[Any, ...]]) -> tuple[Known, str | None]:
    """Return a user of its row and of those of `_PARTS`, with the hash of the password."""
    row = dict(zip(_COLUMNS, account, strict=True))
    row["created_at"], row["last_login_at"] = time_of(row["created_at"]), from_us(row["last_login_at"])
    roles = sorted(part[1] for part in parts if part[0] == "has")
    own = _granted(part[1:] for part in parts if part[0] == USER)
    custom_roles = _granted(part[1:] for part in parts if part[0] == ROLE)
    for role, given in _given_by_files(part[1:] for part in parts if part[0] == FILE_GRANT).items():
        custom_roles[role] = custom_roles.get(role, frozenset()) | given
    user = _user(row, roles, own.get(row["user_id"], frozenset()))
    return Known(user=user, custom_roles=custom_roles), row["password_hash"]


def _compared(user: User) -> User:
    """Return what of a user must be as it was seen."""
    return msgspec.structs.replace(user, last_login_at=None, roles=tuple(sorted(user.roles)))


def _users(transaction: Transaction, rows: Sequence[sa.RowMapping]) -> list[User]:
    roles: dict[str, list[str]] = defaultdict(list)
    for one in transaction.run(sa.select(ACCOUNT_ROLE).order_by(ACCOUNT_ROLE.c.role)):
        roles[one.user_id].append(one.role)
    grants = _grants(transaction, USER, [row["user_id"] for row in rows])
    return [_user(row, roles[row["user_id"]], grants.get(row["user_id"], frozenset())) for row in rows]


def _user(
    row: Mapping[str, Any] | sa.RowMapping, roles: Sequence[str], grants: frozenset[Permission]
) -> User:
    return User(
        user_id=row["user_id"],
        username=row["username"],
        email=row["email"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        roles=tuple(roles),
        grants=grants,
        is_active=bool(row["is_active"]),
        source=Source(row["source"]),
        subject=row["subject"] or "",
        version=row["version"],
        created_at=row["created_at"],
        last_login_at=row["last_login_at"],
    )
