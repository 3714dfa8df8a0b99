"""Pages by cursor: on every database, in every order, each row once, forwards and back."""

import base64
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from windward.errors import UserError
from windward.ports.listings.page import Page, PageRequest
from windward.store.sql.columns import UtcTime, key_type, long_text
from windward.store.sql.database import Database
from windward.store.sql.listings.paging import ORDERED_LETTERS_MAX, Paged
from windward.store.sql.open import SqlStore

TABLE = sa.Table(
    "paged",
    sa.MetaData(),
    sa.Column("name", key_type(), primary_key=True),
    sa.Column("slots", sa.Integer, nullable=False),
    sa.Column("at", UtcTime),
    sa.Column("conf", long_text()),
    mysql_collate="utf8mb4_bin",
)
X, Y = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)
# What makes an order hard: equals, and nulls.
# And texts that are longer than what a cursor holds, and differ behind that or before.
LONG = "\u00e4\x01" * 100_000
COLUMNS = ("name", "slots", "at", "conf")
ROWS = [
    ("a", 1, None, LONG), ("b", 2, X, None), ("c", 2, None, f"{LONG}b"), ("d", 2, Y, f"b{LONG}"), ("e", 3, X, "b"),
    ("f", 1, Y, f"{LONG}a"), ("g", 1, None, ""),
]  # fmt: skip
PAGED = Paged({name: TABLE.c[name] for name in COLUMNS}, default=("name",), unique=("name",))
ORDERS: list[tuple[str, ...]] = [
    (), ("slots",), ("-slots",), ("at",), ("-at", "slots"), ("slots", "-name"), ("-slots", "at"),
    ("conf",), ("-conf", "-name"), ("slots", "-conf"), ("slots", "-slots", "slots"),
]  # fmt: skip


@pytest.fixture
def database(sql_store: SqlStore) -> Iterator[Database]:
    TABLE.create(sql_store.engine)
    with sql_store.engine.begin() as connection:
        connection.execute(sa.insert(TABLE), [dict(zip(COLUMNS, row, strict=True)) for row in ROWS])
    yield Database(sql_store.engine)
    TABLE.drop(sql_store.engine)


def expected(order_by: Sequence[str]) -> list[str]:
    rows = sorted(ROWS)
    for name in reversed(order_by):
        column = COLUMNS.index(name.removeprefix("-"))
        rows.sort(key=lambda row: str(row[column])[:ORDERED_LETTERS_MAX], reverse=name.startswith("-"))
        rows.sort(key=lambda row: row[column] is None)
    return [row[0] for row in rows]


def page(database: Database, **request: Any) -> Page[str]:
    return PAGED.page(database, sa.select(TABLE), PageRequest(**request), lambda row: str(row["name"]))


@pytest.mark.parametrize("order_by", ORDERS)
def test_pages_hold_each_row_once_forwards_and_back(database: Database, order_by: tuple[str, ...]) -> None:
    wanted = expected(order_by)
    for limit in (1, 2, 3, 7, 10):
        last = page(database, limit=limit, order_by=order_by, cursor="")
        seen = list(last.rows)
        while last.next_cursor is not None:
            last = page(database, limit=limit, cursor=last.next_cursor)
            seen += last.rows
        assert (seen, last.total) == (wanted, len(ROWS))
        back = list(last.rows)
        while last.previous_cursor is not None:
            last = page(database, limit=limit, cursor=last.previous_cursor)
            back = [*last.rows, *back]
        assert back == wanted
        by_offset = [
            page(database, limit=limit, offset=at, order_by=order_by).rows for at in range(0, 7, limit)
        ]
        assert [row for rows in by_offset for row in rows] == wanted


def test_a_cursor_is_small_whatever_it_is_ordered_by(database: Database) -> None:
    for order_by in (("conf",), ("-conf", "conf") * 3000):
        first = page(database, limit=1, order_by=order_by, cursor="")
        assert first.next_cursor is not None
        assert len(first.next_cursor) < 4_000
        assert page(database, limit=1, order_by=order_by, cursor=first.next_cursor).rows == tuple(
            expected(order_by[:1])[1:2]
        )


def test_a_page_says_how_many_rows_there_are_and_does_not_count_what_it_holds_the_end_of(
    database: Database,
) -> None:
    for offset in range(9):
        for limit in (0, 1, 3, 7, 8):
            before = database.counters.queries
            found = page(database, limit=limit, offset=offset)
            assert (found.total, len(found.rows)) == (7, min(limit, max(0, 7 - offset)))
            is_end = len(found.rows) < limit and offset < 7
            assert database.counters.queries - before == (1 if is_end else 2)


@pytest.mark.parametrize(
    "cursor", ["x", "e30", "W10", "W2ZhbHNlLFsibmFtZSJdLFsxLDJdXQ", "W2ZhbHNlLFsicGFzc3dvcmQiXSxbMV1d"]
)
def test_a_cursor_that_nobody_gave_is_refused(database: Database, cursor: str) -> None:
    with pytest.raises(UserError):
        page(database, cursor=cursor)


@pytest.mark.parametrize("order_by", ORDERS)
def test_a_cursor_goes_on_in_its_own_order_and_refuses_another(
    database: Database, order_by: tuple[str, ...]
) -> None:
    cursor = page(database, limit=2, order_by=order_by, cursor="").next_cursor
    rows = page(database, limit=2, cursor=cursor).rows
    assert page(database, limit=2, order_by=order_by, cursor=cursor).rows == rows
    with pytest.raises(UserError, match="asks for another"):
        page(database, limit=2, order_by=("name", "slots"), cursor=cursor)


@pytest.mark.parametrize(
    "values",
    [
        {"slots": "x"}, {"slots": True}, {"slots": 1 << 63}, {"slots": [1]}, {"slots": {}}, {"name": 1}, {"name": "a\0"},
        {"name": []}, {"at": 1}, {"at": []}, {"at": ["x"]}, {"at": [1 << 62]}, {"at": [1, 2]}, {"at": "2026-01-01"},
    ],
)  # fmt: skip
def test_a_cursor_with_values_that_no_row_has_is_refused(database: Database, values: dict[str, Any]) -> None:
    (column,) = values
    row = {"name": "a", **values}
    order_by = ("name",) if column == "name" else (column, "name")
    said = [False, order_by, [row[name] for name in order_by]]
    cursor = base64.urlsafe_b64encode(msgspec.json.encode(said)).rstrip(b"=").decode()
    with pytest.raises(UserError):
        page(database, cursor=cursor)
