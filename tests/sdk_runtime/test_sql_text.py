"""Where statements end and where parameters stand."""

import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windward.errors import UserError
from windward.sdk.operators.sql_text import Dialect, bind, pieces, split_statements

ALL = list(Dialect)


@pytest.mark.parametrize(
    ("dialect", "script", "statements"),
    [
        *((each, "select 1; select 2;", ["select 1", "select 2"]) for each in ALL),
        *((each, " ;; -- nothing\n ; /* none; */ ", []) for each in ALL),
        *(
            (each, "select ';'; select \"a;b\", 'it''s; ok'", ["select ';'", "select \"a;b\", 'it''s; ok'"])
            for each in ALL
        ),
        *(
            (each, "select 1 -- one; two\n; select 2 /* x; */", ["select 1 -- one; two", "select 2 /* x; */"])
            for each in ALL
        ),
        (Dialect.MYSQL, r"select 'a\';b'; select 2", [r"select 'a\';b'", "select 2"]),
        (Dialect.POSTGRES, r"select 'a\'; select 2", [r"select 'a\'", "select 2"]),
        (Dialect.POSTGRES, r"select E'a\';b'; select 2", [r"select E'a\';b'", "select 2"]),
        (Dialect.MYSQL, "select 1 # x; y\n; select `a;b`", ["select 1 # x; y", "select `a;b`"]),
        (Dialect.MYSQL, "select 5--1; select 2", ["select 5--1", "select 2"]),
        (
            Dialect.POSTGRES,
            "select 1 /* a /* b; */ ; */; select 2",
            ["select 1 /* a /* b; */ ; */", "select 2"],
        ),
        (
            Dialect.POSTGRES,
            "create function f() returns int as $body$ begin; $x$ ; end $body$ language sql; select $$;$$; select 1",
            [
                "create function f() returns int as $body$ begin; $x$ ; end $body$ language sql",
                "select $$;$$",
                "select 1",
            ],
        ),
        (
            Dialect.SQLITE,
            "create trigger t after insert on a begin update b set x = 1; delete from c; end; select 1",
            ["create trigger t after insert on a begin update b set x = 1; delete from c; end", "select 1"],
        ),
        (
            Dialect.MYSQL,
            "DELIMITER //\ncreate procedure p() begin select 1; select 2; end//\nDELIMITER ;\nselect 3;",
            ["create procedure p() begin select 1; select 2; end", "select 3"],
        ),
    ],
)
def test_a_script_is_split_where_its_database_would(
    dialect: Dialect, script: str, statements: list[str]
) -> None:
    assert split_statements(script, dialect) == statements


@given(text=st.text("ab'\"`;-\n/*$#[]\\ "), dialect=st.sampled_from(ALL))
def test_pieces_put_together_are_the_text(text: str, dialect: Dialect) -> None:
    assert "".join(piece for piece, _ in pieces(text, dialect)) == text


BOUND = [
    ("select :a, :b, :a", {"a": 1, "b": 2}, [1, 2, 1]),
    ("select %(a)s, ':b', %(b)s", {"a": 1, "b": 2}, [1, 2]),
    ("select ?, '?', ? -- ?", [1, 2], [1, 2]),
    ("select %s, '%%s', %s", (1, 2), [1, 2]),
    ("select :a where 'x' like 'x%' -- :b", {"a": 1}, [1]),
]


@pytest.mark.parametrize(("statement", "parameters", "values"), BOUND)
@pytest.mark.parametrize("paramstyle", ["qmark", "named", "format", "pyformat", "numeric"])
def test_every_way_to_write_parameters_works_with_every_driver(
    statement: str, parameters: Any, values: list[int], paramstyle: str
) -> None:
    bound = bind(statement, parameters, dialect=Dialect.OTHER, paramstyle=paramstyle)
    given_values = bound.parameters
    assert (list(given_values.values()) if isinstance(given_values, dict) else list(given_values)) == values


@pytest.mark.parametrize(
    ("statement", "parameters", "row"),
    [
        ("select :a, ':a', 5 %% 3", {"a": 1}, None),
        ("select :a, ':a', 'x%'", {"a": 1}, (1, ":a", "x%")),
        ("select %(a)s, '100%%', '%(b)s'", {"a": 1}, (1, "100%", "%(b)s")),
        ("select ?, '?', 'x%'", [1], (1, "?", "x%")),
        ("select %s, 'a%%'", [1], (1, "a%")),
        ("select 'a%%', '?'", [], ("a%%", "?")),
    ],
)
def test_sqlite_gets_what_the_author_meant(statement: str, parameters: Any, row: Any) -> None:
    bound = bind(statement, parameters, dialect=Dialect.SQLITE, paramstyle="qmark")
    cursor = sqlite3.connect(":memory:").cursor()
    if row is None:
        with pytest.raises(sqlite3.OperationalError):
            cursor.execute(bound.statement, bound.parameters)
        return
    assert cursor.execute(bound.statement, bound.parameters or ()).fetchone() == row


def test_casts_and_assignments_are_no_parameters() -> None:
    bound = bind("select :a::int, @x := 1", {"a": "5"}, dialect=Dialect.POSTGRES, paramstyle="pyformat")
    assert bound.statement == "select %(p1)s::int, @x := 1"


def test_a_name_without_value_and_a_wrong_count_are_told() -> None:
    with pytest.raises(UserError, match="the parameter `b`, which has no value"):
        bind("select :a, :b", {"a": 1}, dialect=Dialect.SQLITE, paramstyle="qmark")
    with pytest.raises(UserError, match="has 1 places for parameters and gets 2 values"):
        bind("select ?", [1, 2], dialect=Dialect.SQLITE, paramstyle="qmark")


def test_a_statement_without_places_gets_no_parameters() -> None:
    bound = bind("create table t as select '%'", {"a": 1}, dialect=Dialect.MYSQL, paramstyle="pyformat")
    assert (bound.statement, bound.parameters) == ("create table t as select '%'", None)
