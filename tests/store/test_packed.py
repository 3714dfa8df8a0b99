"""Rows that come as one text are the rows that they would be."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from windward.store.sql.packed import packed, unpacked

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.none() | st.integers(-(2**63), 2**63 - 1) | TEXTS


@given(st.lists(st.tuples(VALUES, VALUES, VALUES), max_size=5))
def test_packed_rows_say_what_their_columns_say(rows: list[tuple[object, ...]]) -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.execute("CREATE TABLE t (a, b, c)")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        plain = connection.execute("SELECT a, b, c FROM t ORDER BY rowid").fetchall()
        columns = packed("a, b, c", is_sqlite=True)
        read = connection.execute(f"SELECT {columns} FROM (SELECT * FROM t ORDER BY rowid)").fetchall()

    assert [len(row) for row in read] == [1]
    assert unpacked(read, is_sqlite=True) == plain == rows


def test_other_databases_give_columns() -> None:
    assert packed("a, b", is_sqlite=False) == "a, b"
    assert unpacked([(1, "x")], is_sqlite=False) == [(1, "x")]
