"""Deferrals on a database: what a move writes of them, and their loads. What user code gave is encrypted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa
from msgspec import UNSET

from windward.core.actions import MoveTask
from windward.model.ids import TaskKey
from windward.model.records import TriggerRecord
from windward.store.sql.columns import storable
from windward.store.sql.database import Database, chunks
from windward.store.sql.dialect import Dialect
from windward.store.sql.tables import DEFERRAL
from windward.store.sql.transaction import Row, Transaction

if TYPE_CHECKING:
    # `secrets` needs the statements.
    from windward.store.sql.cipher import Cipher

_INSTANCE = ("run_pk", "task_id", "map_index")
_WHERE = "run_pk = ? AND task_id = ? AND map_index = ?"
_COLUMNS = ("fence", "class_path", "arguments", "next_method", "resumed")

KEYS_PER_STATEMENT_MAX = 100
"""A longer condition is too deep for SQLite."""
Expect = Callable[[Transaction, str, list[Row]], None]
"""Run a statement for each row, and refuse the batch unless each wrote one."""


class _Arguments(msgspec.Struct, frozen=True):
    kwargs: bytes
    next_kwargs: bytes


_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(_Arguments).decode


class DeferralTexts:
    """The statements of one dialect, and what encrypts their values."""

    def __init__(self, dialect: Dialect, cipher: Cipher) -> None:
        self.cipher = cipher
        self.put = dialect.upsert("deferral", _INSTANCE, _COLUMNS)
        self.resume = dialect.sql(f"UPDATE deferral SET resumed = ? WHERE {_WHERE}")
        self.delete = dialect.sql(f"DELETE FROM deferral WHERE {_WHERE}")


class DeferralStage:
    """What the moves of one stage write of deferrals; no two of them are about one instance."""

    def __init__(self) -> None:
        self._put: list[TriggerRecord] = []
        self._resumed: list[tuple[bytes, TaskKey]] = []
        self._dropped: list[Row] = []

    def add(self, action: MoveTask) -> None:
        """Note what a move says of its instance's deferral."""
        if action.resumed is not UNSET:
            self._resumed.append((action.resumed, action.key))
        if action.deferral is None:
            self._dropped.append(tuple(action.key))
        elif action.deferral is not UNSET:
            self._put.append(action.deferral)

    def write(self, transaction: Transaction, texts: DeferralTexts, expect: Expect) -> None:
        """Write it; a trigger's word is refused when its deferral is gone."""
        if self._dropped:
            transaction.many(texts.delete, self._dropped)
        if self._resumed:
            seal = texts.cipher.seal
            expect(transaction, texts.resume, [(seal(word.decode()), *key) for word, key in self._resumed])
        if self._put:
            transaction.upsert(texts.put, [_row(deferral, texts.cipher) for deferral in self._put])


def _row(deferral: TriggerRecord, cipher: Cipher) -> Row:
    arguments = _ENCODE(_Arguments(deferral.kwargs, deferral.next_kwargs)).decode()
    return (
        *deferral.key,
        deferral.fence,
        storable(deferral.class_path),
        cipher.seal(arguments),
        storable(deferral.next_method),
        None if deferral.resumed is None else cipher.seal(deferral.resumed.decode()),
    )


class SqlDeferrals:
    """Reads of deferrals."""

    def __init__(self, database: Database, cipher: Cipher) -> None:
        self._database = database
        self._cipher = cipher

    def load_deferrals(self, keys: Sequence[TaskKey]) -> dict[TaskKey, TriggerRecord]:
        """Return the deferrals of these instances."""
        found = {}
        columns = ", ".join((*_INSTANCE, *_COLUMNS))
        with self._database.reading() as transaction:
            for part in chunks(sorted(set(keys)), KEYS_PER_STATEMENT_MAX):
                where = " OR ".join([f"({_WHERE})"] * len(part))
                sql = self._database.dialect.sql(f"SELECT {columns} FROM deferral WHERE {where}")
                for row in transaction.select(sql, tuple(value for key in part for value in key)):
                    deferral = self._of(row)
                    found[deferral.key] = deferral
        return found

    def _of(self, row: Row) -> TriggerRecord:
        arguments = _DECODE(str(self._cipher.open(row[5])))
        resumed = self._cipher.open(row[7])
        return TriggerRecord(
            run_pk=row[0],
            task_id=row[1],
            map_index=row[2],
            fence=row[3],
            class_path=row[4],
            kwargs=arguments.kwargs,
            next_method=row[6],
            next_kwargs=arguments.next_kwargs,
            resumed=None if resumed is None else resumed.encode(),
        )


def renew_deferrals(transaction: Transaction, cipher: Cipher) -> int:
    """Encrypt everything again with the first key; return how many values."""
    count = 0
    for row in transaction.run(sa.select(DEFERRAL).with_for_update()).mappings().fetchall():
        tokens = {name: cipher.renew(row[name]) for name in ("arguments", "resumed") if row[name] is not None}
        place = sa.and_(*(DEFERRAL.c[name] == row[name] for name in _INSTANCE))
        transaction.run(sa.update(DEFERRAL).where(place).values(tokens))
        count += len(tokens)
    return count
