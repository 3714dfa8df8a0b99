"""Archives: copies of rows that a cleaning deletes, in tables of their own, until somebody drops them.

An archive is a table `archive__TABLE__STAMP` with the columns of `TABLE`, filled in the transaction that
deletes the rows. It has no keys and nobody reads it but an export.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from windward.store.sql.database import Database, translated
from windward.store.sql.transaction import Transaction

_NAME = re.compile(r"archive__([a-z_]+)__(\d{14}(?:\d{6})?)")
"""The stamps of older archives end with the second."""
ROWS_AT_ONCE = 1000


class Archive:
    """The archive tables that one cleaning fills."""

    def __init__(self, database: Database, *, at: datetime) -> None:
        """Name the archives after `at`, or, when another cleaning has taken that, after the next moment that is free."""
        self._database = database
        taken = {name.rpartition("__")[2] for name in names(database)}
        while (stamp := at.strftime("%Y%m%d%H%M%S%f")) in taken:
            at += timedelta(microseconds=1)
        self._stamp = stamp
        self._made: set[str] = set()

    def prepare(self, tables: Sequence[sa.Table]) -> None:
        """Make empty copies of tables; outside of any other transaction, which some databases would commit."""
        for table in tables:
            if table.name not in self._made:
                text = f"CREATE TABLE {self.name(table)} AS SELECT * FROM {table.name} WHERE 1 = 0"
                self._database.write(partial(_execute, text=text))
                self._made.add(table.name)

    def name(self, table: sa.Table) -> str:
        """Return the name of a table's archive."""
        return f"archive__{table.name}__{self._stamp}"

    def copy(self, transaction: Transaction, table: sa.Table, which: sa.ColumnElement[bool]) -> None:
        """Copy rows that are about to go."""
        target = sa.table(self.name(table), *(sa.column(column.name) for column in table.columns))
        names = [column.name for column in table.columns]
        transaction.run(sa.insert(target).from_select(names, sa.select(*table.columns).where(which)))

    def drop_empty(self) -> list[str]:
        """Drop those that nothing was put into; return the names of the others."""
        kept = []
        for name in sorted(self._made):
            archive = f"archive__{name}__{self._stamp}"
            with self._database.reading() as transaction:
                is_filled = transaction.run(
                    sa.select(sa.literal(1)).select_from(sa.table(archive)).limit(1)
                ).first()
            if is_filled is None:
                drop(self._database, [archive])
            else:
                kept.append(archive)
        return kept


def names(database: Database, *, tables: Sequence[str] = ()) -> list[str]:
    """Return the archives that there are, of these tables or of all."""
    with translated(), database.engine.connect() as connection:
        found = sa.inspect(connection).get_table_names()
    matches = [match for name in sorted(found) if (match := _NAME.fullmatch(name))]
    return [match[0] for match in matches if not tables or match[1] in tables]


def drop(database: Database, archives: Sequence[str]) -> None:
    """Drop archives."""
    for name in archives:
        assert _NAME.fullmatch(name), f"`{name}` is no archive"
        text = f"DROP TABLE {name}"
        database.write(partial(_execute, text=text))


def read(database: Database, archive: str) -> Iterator[list[Any]]:
    """Yield the names of an archive's columns, then its rows."""
    assert _NAME.fullmatch(archive), f"`{archive}` is no archive"
    with translated(), database.engine.connect() as connection:
        result = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(
            sa.select(sa.text("*")).select_from(sa.table(archive))
        )
        yield list(result.keys())
        for row in result:
            yield list(row)


def _execute(transaction: Transaction, *, text: str) -> None:
    transaction.connection.exec_driver_sql(text)
