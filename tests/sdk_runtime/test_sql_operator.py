"""SQL on SQLite, PostgreSQL and MariaDB: bound, split, in one transaction, its rows as XCom."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sdk_runtime.fakes import FakeBridge, running
from windward.sdk import serde
from windward.sdk.dag import DAG
from windward.sdk.exceptions import AirflowException
from windward.sdk.operators.sql import SQLExecuteQueryOperator, SqlOperator, fetch_one_handler


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'data.db'}"


@pytest.fixture(
    params=[
        "sqlite_url",
        pytest.param("postgres_url", marks=pytest.mark.postgres),
        pytest.param("mariadb_url", marks=pytest.mark.mariadb),
    ]
)
def url(request: pytest.FixtureRequest) -> str:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, str)
    ran(
        SqlOperator,
        url=found,
        sql="drop table if exists t; create table t (n integer primary key, s varchar(20))",
    )
    return found


def ran(kind: Any, *, bridge: FakeBridge | None = None, dag: DAG | None = None, **kwargs: Any) -> Any:
    dag = dag or DAG("dag", schedule=None)
    operator = kind(task_id="sql", dag=dag, **kwargs).prepare_for_execution()
    with running(operator, bridge=bridge) as (context, _):
        operator.render_template_fields(context)
        return operator.execute(context)


def rows(url: str) -> Any:
    return ran(SqlOperator, url=url, sql="select n, s from t order by n")


def listed(found: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in found]


def test_rows_of_the_last_statement_are_the_result(url: str) -> None:
    result = ran(SqlOperator, url=url, sql="insert into t values (1, '{{ ds }}'); select n, s from t;")
    assert listed(result) == [(1, "2024-03-09")]
    assert serde.encode(result, name="x").encoding == "tagged"


@pytest.mark.parametrize(
    ("values", "parameters"),
    [
        (":n, :s", {"n": 7, "s": "it's 100% ;"}),
        ("%(n)s, %(s)s", {"n": 7, "s": "it's 100% ;"}),
        ("?, ?", [7, "it's 100% ;"]),
        ("%s, %s", (7, "it's 100% ;")),
    ],
)
def test_parameters_are_bound_however_they_are_written(url: str, values: str, parameters: Any) -> None:
    ran(SqlOperator, url=url, sql=f"insert into t values ({values})", parameters=parameters)
    assert listed(rows(url)) == [(7, "it's 100% ;")]


def test_a_parameter_may_be_a_template(url: str) -> None:
    ran(SqlOperator, url=url, sql="insert into t values (1, :d)", parameters={"d": "{{ ds_nodash }}"})
    assert listed(rows(url)) == [(1, "20240309")]


def test_a_failure_leaves_nothing_of_the_transaction(url: str) -> None:
    ran(SqlOperator, url=url, sql="insert into t values (1, 'before')")
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        ran(
            SqlOperator,
            url=url,
            sql=["delete from t", "insert into t values (2, 'x'); insert into t values (2, 'y')"],
        )
    assert listed(rows(url)) == [(1, "before")]


def test_with_autocommit_each_statement_stands(url: str) -> None:
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        ran(
            SqlOperator,
            url=url,
            autocommit=True,
            sql="insert into t values (2, 'x'); insert into t values (2, 'y')",
        )
    assert listed(rows(url)) == [(2, "x")]


def test_tables_too_are_part_of_the_transaction_on_sqlite(sqlite_url: str) -> None:
    with pytest.raises(Exception, match="syntax"):
        ran(SqlOperator, url=sqlite_url, sql="create table made (n integer); nonsense")
    assert ran(SqlOperator, url=sqlite_url, sql="select name from sqlite_master") == []


def test_scripts_with_their_own_transaction_or_pragma_run(sqlite_url: str) -> None:
    script = "begin; create table t (n); insert into t values (1); commit; select n from t"
    assert listed(ran(SqlOperator, url=sqlite_url, sql=script)) == [(1,)]
    ran(SqlOperator, url=sqlite_url, sql="pragma journal_mode = wal")


def test_each_text_of_a_list_gives_a_result(url: str) -> None:
    result = ran(
        SqlOperator, url=url, sql=["insert into t values (1, 'a')", "select n from t", "select s from t"]
    )
    assert [found and listed(found) for found in result] == [None, [(1,)], [("a",)]]


def test_each_statement_gives_a_result_when_asked(url: str) -> None:
    result = ran(SqlOperator, url=url, sql="select 1; select 2", return_last=False)
    assert [listed(found) for found in result] == [[(1,)], [(2,)]]


def test_a_handler_and_a_processor_make_the_result(url: str) -> None:
    result = ran(
        SqlOperator,
        url=url,
        sql="select 5 as five",
        handler=fetch_one_handler,
        output_processor=lambda results, descriptions: [{descriptions[0][0][0]: results[0][0]}],
    )
    assert result == {"five": 5}


def test_files_come_from_the_search_path(url: str, tmp_path: Path) -> None:
    (tmp_path / "load.sql").write_text("insert into t values (:n, '{{ ds }}');\n-- done;\n")
    dag = DAG("dag", schedule=None, template_searchpath=[str(tmp_path)])
    ran(SqlOperator, dag=dag, url=url, sql="load.sql", parameters={"n": 3})
    assert listed(rows(url)) == [(3, "2024-03-09")]


def test_nothing_is_fetched_that_nobody_reads(url: str) -> None:
    assert ran(SqlOperator, url=url, sql="select 1", do_xcom_push=False) is None


def test_a_connection_names_the_database(url: str) -> None:
    from sqlalchemy import make_url

    parts = make_url(url)
    bridge = FakeBridge()
    kind = {"postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite"}[parts.get_backend_name()]
    bridge.connections["db"] = {
        "conn_type": kind, "host": parts.database if kind == "sqlite" else parts.host, "login": parts.username,
        "password": parts.password, "port": parts.port, "schema": None if kind == "sqlite" else parts.database,
    }  # fmt: skip
    result = ran(SQLExecuteQueryOperator, bridge=bridge, conn_id="db", sql="select count(*) from t")
    assert listed(result) == [(0,)]


def test_a_type_without_url_is_left_to_its_hook() -> None:
    from windward.sdk.hook import register_hook

    register_hook("oddbase", f"{__name__}.OddHook")
    bridge = FakeBridge()
    bridge.connections["db"] = {"conn_type": "oddbase", "host": "h"}
    assert ran(SQLExecuteQueryOperator, bridge=bridge, conn_id="db", sql="select 1") == ["select 1", True]


class OddHook:
    conn_name_attr = "odd_conn_id"
    descriptions: Any = None

    def __init__(self, odd_conn_id: str) -> None:
        self.conn_id = odd_conn_id

    def run(self, sql: str, *, return_last: bool, **_more: Any) -> list[Any]:
        return [sql, return_last]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "names no database"),
        ({"url": "nonsense"}, "no database URL"),
    ],
)
def test_a_missing_or_broken_database_is_told(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(AirflowException, match=message):
        ran(SqlOperator, sql="select 1", **arguments)


def test_declaring_sql_imports_no_sqlalchemy() -> None:
    script = (
        "import sys; from windward.sdk.operators.sql import SqlOperator;"
        "SqlOperator(task_id='t', url='sqlite://', sql='select 1'); print('sqlalchemy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
