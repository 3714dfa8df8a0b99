"""Pages of a query, by offset or by cursor, in any order that the resource allows.

Nulls come last, whichever way a column is ordered, on every database. A cursor holds the order and the last row's
values; it says nothing that the row did not say, and the filters are applied to its page as to the first. It is a part
of an address, which servers cut off: texts without a bound count by how they begin, and a name in an order once.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from windward.errors import UserError
from windward.model.numbers import SMALL_MAX, WIDE_MAX
from windward.ports.listings.page import TOTAL_MAX, Page, PageRequest, size_of
from windward.store.sql.columns import EPOCH, UtcTime, from_us
from windward.store.sql.database import Database
from windward.store.sql.transaction import Sent, Transaction

ORDERED_LETTERS_MAX = 250
"""Letters of a text without a bound, such as the conf of a run, that its order and cursors know."""
ORDERS_MAX = 100
"""Orders of a resource that are remembered."""
SENT_MAX = 500
"""Queries of a resource that are remembered as they were sent: each takes a few kilobytes."""
SENT_BYTES_MAX = 8 << 20
SENT_BYTES_EACH = SENT_BYTES_MAX // 10
"""What takes more is not remembered: somebody names thousands of things, and asks that once."""
Row = TypeVar("Row")
Key = tuple[sa.ColumnElement[Any], bool]
"""A column, and whether it descends."""
Columns = sa.ColumnElement[Any] | tuple[sa.ColumnElement[Any], ...]
"""What a name orders by: a column, or several in turn."""
ALIKE: Columns = ()
"""What a name orders by that is the same of all rows, and that Airflow's clients may order by all the same."""


class _Cursor(msgspec.Struct, frozen=True, array_like=True):
    """What a cursor says."""

    goes_back: bool
    order_by: tuple[str, ...]
    values: tuple[Any, ...]
    """A moment is a list of one number, its microseconds."""


def names_in_order(request: PageRequest) -> tuple[str, ...]:
    """Return the names that a page is ordered by, without their `-`; a cursor holds its own.

    Raises:
        UserError: when the cursor cannot be used.
    """
    order_by = _cursor_of(request).order_by if request.cursor else request.order_by
    return tuple(name.removeprefix("-") for name in order_by)


class SentBefore:
    """Queries by what they ask: SQLAlchemy takes several times as long to make one as SQLite to run it.

    Their columns have the driver's types. Safe to share between threads.
    """

    def __init__(self) -> None:
        self._sent: dict[Hashable, Sent] = {}
        self._bytes = 0

    def rows(
        self, transaction: Transaction, asked: Hashable, query: Callable[[], sa.Select[Any]]
    ) -> list[tuple[Any, ...]]:
        """Return all rows of the query of what is asked, which `query` makes where that was not asked before."""
        sent = self._sent.get(asked)
        if sent is not None:
            return transaction.send_again(sent)
        rows, sent = transaction.send(query())
        size = len(sent.text) + size_of(asked)
        if size > SENT_BYTES_EACH:
            return rows
        if len(self._sent) >= SENT_MAX or self._bytes + size > SENT_BYTES_MAX:
            self._sent.clear()
            self._bytes = 0
        self._sent[asked] = sent
        self._bytes += size
        return rows


class Paged:
    """How one resource is ordered: names that callers may order by, the order without any, and what makes it total."""

    def __init__(
        self,
        columns: Mapping[str, Columns],
        *,
        default: Sequence[str],
        unique: Sequence[str],
    ) -> None:
        self._columns = dict(columns)
        self._default = tuple(default)
        self._unique = tuple(unique)
        self._orders: dict[tuple[str, ...], Sequence[sa.ColumnElement[Any]]] = {}

    def page(
        self,
        database: Database,
        query: sa.Select[Any],
        request: PageRequest,
        make: Callable[[Any], Row],
        *,
        count: sa.Select[Any] | None = None,
    ) -> Page[Row]:
        """Return one page of `query`, which has its conditions already; `make` turns a mapping into a row.

        `count` is a cheaper query with as many rows, where there is one.

        Raises:
            UserError: when the order or the cursor cannot be used.
        """
        with database.reading() as transaction:
            if request.cursor is not None:
                return self._by_cursor(transaction, query, request, make, count=count)
            order = self._forwards(_once(request.order_by) or self._default)
            ordered = query.order_by(*order).limit(request.limit).offset(request.offset)
            rows = transaction.run(ordered).mappings().fetchall()
            if len(rows) < request.limit and (rows or not request.offset):  # this is the end of it
                return Page(rows=tuple(make(row) for row in rows), total=request.offset + len(rows))
            whole = sa.select(sa.func.count()).select_from((query if count is None else count).subquery())
            total = int(transaction.run(whole).scalar() or 0)
        return Page(rows=tuple(make(row) for row in rows), total=total)

    def plain_page(
        self,
        database: Database,
        query: Callable[[], sa.Select[Any]],
        request: PageRequest,
        *,
        asked: Hashable,
        sent: SentBefore,
        count: Callable[[], sa.Select[Any]] | None = None,
    ) -> Page[tuple[Any, ...]]:
        """Return one page of rows as the driver has them. `asked` is what `query` and `count` are made of, all of it.

        Raises:
            UserError: when the order or the cursor cannot be used.
        """
        if request.cursor is not None:
            made = query()
            width = len(made.selected_columns)
            return self.page(
                database,
                made,
                request,
                lambda row: tuple(row.values())[:width],
                count=count() if count is not None else None,
            )

        def ordered() -> sa.Select[Any]:
            order = self._forwards(_once(request.order_by) or self._default)
            return query().order_by(*order).limit(request.limit).offset(request.offset)

        def whole() -> sa.Select[Any]:
            return sa.select(sa.func.count()).select_from((query if count is None else count)().subquery())

        with database.reading() as transaction:
            rows = tuple(sent.rows(transaction, (asked, request), ordered))
            if len(rows) < request.limit and (rows or not request.offset):
                total = request.offset + len(rows)
            else:
                total = int(sent.rows(transaction, asked, whole)[0][0])
        return Page(rows=rows, total=total)

    def _by_cursor(
        self,
        transaction: Transaction,
        query: sa.Select[Any],
        request: PageRequest,
        make: Callable[[Any], Row],
        *,
        count: sa.Select[Any] | None,
    ) -> Page[Row]:
        cursor = _cursor_of(request) if request.cursor else None
        order_by = cursor.order_by if cursor else (_once(request.order_by) or self._default)
        keys, goes_back = self._keys(order_by), cursor is not None and cursor.goes_back
        labelled = query.add_columns(*(key.label(f"_key_{number}") for number, (key, _) in enumerate(keys)))
        if cursor is not None:
            if len(cursor.values) != len(keys):
                raise _unusable()
            labelled = labelled.where(_beyond(keys, cursor.values, goes_back=goes_back))
        labelled = labelled.order_by(*_order(keys, goes_back=goes_back)).limit(request.limit + 1)
        found = list(transaction.run(labelled).mappings())
        has_more, rows = len(found) > request.limit, found[: request.limit]
        if goes_back:
            rows.reverse()
        capped = (query if count is None else count).limit(TOTAL_MAX + 1).subquery()
        total = int(transaction.run(sa.select(sa.func.count()).select_from(capped)).scalar() or 0)
        has_next = bool(rows) and (has_more or goes_back)
        has_previous = bool(rows) and cursor is not None and (has_more or not goes_back)
        return Page(
            rows=tuple(make(row) for row in rows),
            total=min(total, TOTAL_MAX),
            next_cursor=_write(rows[-1], order_by, len(keys), goes_back=False) if has_next else None,
            previous_cursor=_write(rows[0], order_by, len(keys), goes_back=True) if has_previous else None,
        )

    def _forwards(self, order_by: tuple[str, ...]) -> Sequence[sa.ColumnElement[Any]]:
        """Return an order as it is asked for again and again: to make one takes as long as to run a small query."""
        known = self._orders.get(order_by)
        if known is None:
            known = _order(self._keys(order_by), goes_back=False)
            if len(self._orders) < ORDERS_MAX:
                self._orders[order_by] = known
        return known

    def _keys(self, order_by: Sequence[str]) -> list[Key]:
        keys: list[Key] = []
        named = [name.removeprefix("-") for name in order_by]
        for name in [*order_by, *(name for name in self._unique if name not in named)]:
            columns = self._columns.get(name.removeprefix("-"))
            if columns is None:
                raise UserError(
                    f"this list cannot be ordered by `{name.removeprefix('-')}`",
                    hint=f"Order it by one of: {', '.join(sorted(self._columns))}; a `-` in front turns it round.",
                )
            for column in columns if isinstance(columns, tuple) else (columns,):
                keys.append((_bounded(column), name.startswith("-")))
        return keys


def raw(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a column as the driver has it: records are made of that by hand, which is several times faster."""
    return sa.type_coerce(column, sa.BigInteger) if isinstance(column.type, UtcTime) else column


def _bounded(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return what a column orders by: of a text without a bound, how it begins."""
    if not isinstance(column.type, sa.Text):
        return column
    return sa.func.substr(column, 1, ORDERED_LETTERS_MAX, type_=column.type)


def _once(order_by: Sequence[str]) -> tuple[str, ...]:
    """Return an order without what it named before: that changes nothing any more."""
    first: dict[str, str] = {}
    for name in order_by:
        first.setdefault(name.removeprefix("-"), name)
    return tuple(first.values())


def _order(keys: Sequence[Key], *, goes_back: bool) -> list[sa.ColumnElement[Any]]:
    order: list[sa.ColumnElement[Any]] = []
    for column, descends in keys:
        is_null = sa.case((column.is_(None), 1), else_=0)
        if _is_nullable(column):
            order.append(is_null.desc() if goes_back else is_null.asc())
        order.append(column.desc() if descends != goes_back else column.asc())
    return order


def _is_nullable(column: sa.ColumnElement[Any]) -> bool:
    return bool(getattr(column, "nullable", True))


def _beyond(keys: Sequence[Key], values: Sequence[Any], *, goes_back: bool) -> sa.ColumnElement[bool]:
    """Return the condition that a row comes after (or before) the one with these values."""
    either: list[sa.ColumnElement[bool]] = []
    same: list[sa.ColumnElement[bool]] = []
    for (column, descends), stored in zip(keys, values, strict=True):
        value = _checked(column, stored)
        if value is None:
            step: sa.ColumnElement[bool] = column.is_not(None) if goes_back else sa.false()
        else:
            step = column < value if descends != goes_back else column > value
            if not goes_back and _is_nullable(column):
                step = sa.or_(step, column.is_(None))
        either.append(sa.and_(*same, step))
        same.append(column.is_(None) if value is None else column == value)
    return sa.or_(*either)


def _checked(column: sa.ColumnElement[Any], stored: Any) -> Any:
    """Return a value of a cursor as the column's type has it.

    Raises:
        UserError: when it has none of it: somebody wrote the cursor by hand.
    """
    match stored, column.type:
        case None, _:
            return None
        case [int() as microseconds], UtcTime():
            try:
                return from_us(microseconds)
            except OverflowError as error:
                raise _unusable() from error
        case bool(), sa.Boolean():
            return stored
        case bool(), _:
            raise _unusable()
        case str(), sa.String() if "\0" not in stored:
            return stored
        case int(), sa.BigInteger() | sa.Float() | sa.Numeric() if abs(stored) <= WIDE_MAX:
            return stored
        case int(), sa.Integer() if abs(stored) <= SMALL_MAX:
            return stored
        case float(), sa.Float() | sa.Numeric() | sa.Integer():
            return stored
    raise _unusable()


def _write(row: Any, order_by: Sequence[str], count: int, *, goes_back: bool) -> str:
    values = [row[f"_key_{number}"] for number in range(count)]
    packed = tuple(
        ((value - EPOCH) // timedelta(microseconds=1),) if isinstance(value, datetime) else value
        for value in values
    )
    raw = msgspec.json.encode(_Cursor(goes_back, tuple(order_by), packed))
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _cursor_of(request: PageRequest) -> _Cursor:
    """Return what the cursor of a request says; an order beside it is the one that the list was begun in."""
    assert request.cursor, "asked only of pages by cursor"
    cursor = _read(request.cursor)
    if request.order_by and _once(request.order_by) != cursor.order_by:
        raise UserError(
            f"this cursor is of a list by {', '.join(cursor.order_by)}, and `order_by` asks for another",
            hint="Leave `order_by` out or as it was for the page before, or begin anew with an empty cursor.",
        )
    return cursor


def _read(text: str) -> _Cursor:
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(raw, type=_Cursor)
    except (binascii.Error, msgspec.MsgspecError, UnicodeError, ValueError) as error:
        raise _unusable() from error


def _unusable() -> UserError:
    return UserError(
        "this cursor cannot be used",
        hint="Take `next_cursor` of the page before as it is, or begin with an empty one.",
    )
