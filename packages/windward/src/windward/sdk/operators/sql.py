"""Operators that run SQL: `SqlOperator`, and `SQLExecuteQueryOperator` with Airflow's arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from windward.sdk.exceptions import AirflowException
from windward.sdk.operator import BaseOperator
from windward.sdk.operators.sql_session import (
    Handler,
    SqlSession,
    checked_url,
    fetch_all_handler,
    fetch_one_handler,
    url_of_connection,
)
from windward.sdk.operators.sql_text import parameter_sets

__all__ = [
    "SQLExecuteQueryOperator",
    "SqlOperator",
    "default_output_processor",
    "fetch_all_handler",
    "fetch_one_handler",
]


def default_output_processor(results: list[Any], descriptions: list[Any]) -> list[Any]:
    """Return the results as they are."""
    del descriptions
    return results


class SQLExecuteQueryOperator(BaseOperator):
    """Run SQL on the database of a connection; rows of the last statement are the XCom.

    `sql` is a text, a list of texts, or names of `.sql` files. All of it is one transaction unless `autocommit`.
    `parameters` are bound by the driver: a dict for `:name` and `%(name)s`, a sequence for `?` and `%s`.
    A text of several statements is split unless `split_statements=False`; `return_last=False` returns what each
    statement gave.
    """

    preloads: Sequence[str] = ("sqlalchemy", "sqlalchemy.dialects.sqlite")
    template_fields: Sequence[str] = ("conn_id", "sql", "parameters", "hook_params", "database")
    template_ext: Sequence[str] = (".sql", ".json")
    template_fields_renderers = {"sql": "sql", "parameters": "json"}  # noqa: RUF012 - Airflow's form
    ui_color = "#cdaaed"
    conn_id_field = "conn_id"
    default_conn_id: str | None = None
    do_xcom_push: bool

    def __init__(
        self,
        *,
        sql: str | list[str],
        autocommit: bool = False,
        parameters: Mapping[str, Any] | Iterable[Any] | None = None,
        handler: Handler | None = fetch_all_handler,
        output_processor: Callable[[list[Any], list[Any]], Any] | None = None,
        conn_id: str | None = None,
        database: str | None = None,
        split_statements: bool | None = None,
        return_last: bool = True,
        show_return_value_in_logs: bool = False,
        requires_result_fetch: bool = False,
        hook_params: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sql: Any = sql
        self.autocommit = autocommit
        self.parameters: Any = parameters
        self.handler = handler
        self.output_processor = output_processor or default_output_processor
        self.conn_id = conn_id
        self.database = database
        self.split_statements = split_statements
        self.return_last = return_last
        self.show_return_value_in_logs = show_return_value_in_logs
        self.requires_result_fetch = requires_result_fetch
        self.hook_params = hook_params or {}

    def execute(self, context: Any) -> Any:
        """Run the SQL and return the rows."""
        del context
        scripts = [self.sql] if isinstance(self.sql, str) else list(self.sql)
        handler = self.handler if self.do_xcom_push or self.requires_result_fetch else None
        url = self.database_url()
        if url is None:
            return self._run_by_hook(handler)
        self._session = SqlSession(url, self.log)
        results = self._session.run(
            scripts,
            parameters=parameter_sets(self.parameters),
            autocommit=self.autocommit,
            split=self.split_statements,
            handler=handler,
        )
        return self._output(results, self._session.descriptions)

    def database_url(self) -> Any:
        """Return the SQLAlchemy URL to use; None when the connection's type has a hook of its own."""
        return url_of_connection(self._found_connection(), database=self.database)

    def get_db_hook(self) -> Any:
        """Return the hook of the connection's type, from the provider package that brings it."""
        return self._found_connection().get_hook(hook_params=self.hook_params)

    def _found_connection(self) -> Any:
        from windward.sdk.connection import read  # a running task needs it, a declared one does not

        if not self.conn_id:
            raise AirflowException(
                f"task `{self.task_id}` names no database\n\nhint: Give it `conn_id=`, or use `SqlOperator(url=…)`."
            )
        return read(self.conn_id)

    def _run_by_hook(self, handler: Handler | None) -> Any:
        hook = self.get_db_hook()
        if self.database:
            hook.schema = self.database
        extra = {} if self.split_statements is None else {"split_statements": self.split_statements}
        output = hook.run(
            sql=self.sql,
            autocommit=self.autocommit,
            parameters=self.parameters,
            handler=handler,
            return_last=self.return_last,
            **extra,
        )
        if handler is None:
            return None
        single = isinstance(self.sql, str) and (self.return_last or not self.split_statements)
        processed = self.output_processor([output] if single else output, hook.descriptions)
        return processed[-1] if single else processed

    def _output(self, results: list[list[Any]], descriptions: list[Any]) -> Any:
        """Return one result for a text, one for each text of a list; all of a text's with `return_last=False`."""
        if isinstance(self.sql, str) and not self.return_last and self.split_statements is not False:
            processed = self.output_processor(results[0], descriptions)
        else:
            last = [part[-1] if part else None for part in results]
            processed = self.output_processor(last, descriptions)
            if isinstance(self.sql, str):
                processed = processed[-1]
        if self.show_return_value_in_logs:
            self.log.info("Operator output is: %s", processed)
        return processed

    def on_kill(self) -> None:
        """Ask the database to stop what runs."""
        session = self.__dict__.get("_session")
        if session is not None:
            session.cancel()


class SqlOperator(SQLExecuteQueryOperator):
    """Run SQL on the database of a `url` (any that SQLAlchemy knows) or of a connection, `conn_id`."""

    template_fields: Sequence[str] = ("url", *SQLExecuteQueryOperator.template_fields)

    def __init__(self, *, url: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if url is not None and kwargs.get("conn_id"):
            raise AirflowException(f"task `{self.task_id}` has both `url` and `conn_id`; keep one")
        self.url = url

    def database_url(self) -> Any:
        """Return the SQLAlchemy URL to use."""
        return checked_url(self.url) if self.url is not None else super().database_url()
