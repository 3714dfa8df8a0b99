"""SQL on the database of a connection or of a URL: bound parameters, several statements, rows as a value."""

import os
import tempfile
from datetime import datetime

from windward import DAG, SQLExecuteQueryOperator, task
from windward.sdk.operators.sql import SqlOperator

DATABASE = os.path.join(tempfile.gettempdir(), "windward-docs-example.sqlite")  # noqa: PTH118
os.environ.setdefault("WINDWARD_CONN_SHOP", f"sqlite:///{DATABASE}")

with DAG(dag_id="sql", schedule=None, start_date=datetime(2026, 1, 1)):
    prepare = SqlOperator(
        task_id="prepare",
        url=f"sqlite:///{DATABASE}",
        sql="""
            CREATE TABLE IF NOT EXISTS sale (day TEXT, amount INTEGER, UNIQUE (day, amount));
            DELETE FROM sale WHERE day = '{{ ds }}';
        """,
    )
    load = SQLExecuteQueryOperator(
        task_id="load",
        conn_id="shop",
        sql="INSERT INTO sale (day, amount) VALUES (:day, :amount)",
        parameters={"day": "{{ ds }}", "amount": 12},
    )
    read = SQLExecuteQueryOperator(
        task_id="read",
        conn_id="shop",
        sql="SELECT day, sum(amount) FROM sale WHERE day = :day GROUP BY day",
        parameters={"day": "{{ ds }}"},
    )

    @task
    def show(rows, ds=None):
        assert [tuple(row) for row in rows] == [(ds, 12)]

    prepare >> load >> read
    show(read.output)
