"""The SQL operators of 1.10 and 2.x run on the connections that their old arguments name."""

from typing import Any

import pytest

from windward.sdk.compat.sql_operators import MySqlOperator, PostgresOperator, SqliteOperator

OLD = [
    (PostgresOperator, "postgres_conn_id", "postgres_default"),
    (MySqlOperator, "mysql_conn_id", "mysql_default"),
    (SqliteOperator, "sqlite_conn_id", "sqlite_default"),
]


@pytest.mark.parametrize(("operator", "argument", "default"), OLD)
def test_the_old_argument_names_the_connection(operator: Any, argument: str, default: str) -> None:
    assert operator(task_id="load", sql="SELECT 1").conn_id == default
    task = operator(task_id="load", sql="SELECT 1", **{argument: "house"})
    assert (task.conn_id, getattr(task, argument)) == ("house", "house")
    assert operator(task_id="load", sql="SELECT 1", conn_id="garden").conn_id == "garden"


@pytest.mark.parametrize(("operator", "argument", "default"), OLD)
def test_default_args_name_the_connection(operator: Any, argument: str, default: str) -> None:
    task = operator(task_id="load", sql="SELECT 1", default_args={argument: "house"})
    assert task.conn_id == "house"


def test_sqlite_runs_the_statements(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SQLITE_DEFAULT", f"sqlite:///{tmp_path}/house.db")
    task = SqliteOperator(
        task_id="load",
        sql="CREATE TABLE rooms (n); INSERT INTO rooms VALUES (:n); SELECT n FROM rooms",
        parameters={"n": 3},
    )
    assert [tuple(row) for row in task.execute({})] == [(3,)]


@pytest.mark.postgres
def test_runtime_parameters_are_settings_of_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_HOUSE", "postgresql://postgres@127.0.0.1:5432/postgres")
    task = PostgresOperator(
        task_id="look",
        postgres_conn_id="house",
        sql="SHOW statement_timeout",
        runtime_parameters={"statement_timeout": "3000ms"},
    )
    assert [tuple(row) for row in task.execute({})] == [("3s",)]
