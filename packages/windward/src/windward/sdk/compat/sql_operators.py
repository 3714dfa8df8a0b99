"""The SQL operators that 1.10 and 2.x had per database: `SQLExecuteQueryOperator` under other argument names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from windward.sdk.operators.sql import SQLExecuteQueryOperator


class PostgresOperator(SQLExecuteQueryOperator):
    """Run SQL on PostgreSQL; `runtime_parameters` are settings of the database session."""

    template_fields: Sequence[str] = ("sql", "parameters", "conn_id", "database", "hook_params")
    template_fields_renderers = {"sql": "postgresql", "parameters": "json"}  # noqa: RUF012 - Airflow's form

    def __init__(
        self,
        *,
        postgres_conn_id: str = "postgres_default",
        runtime_parameters: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if runtime_parameters:
            options = " ".join(f"-c {name}={value}" for name, value in runtime_parameters.items())
            kwargs["hook_params"] = {**(kwargs.get("hook_params") or {}), "options": options}
        kwargs.setdefault("conn_id", postgres_conn_id)
        super().__init__(**kwargs)

    def database_url(self) -> Any:
        """Return the SQLAlchemy URL to use, with the settings of the session."""
        url = super().database_url()
        options = self.hook_params.get("options")
        return url.update_query_dict({"options": options}) if url is not None and options else url

    @property
    def postgres_conn_id(self) -> str | None:
        """The connection, by its old name."""
        return self.conn_id


class MySqlOperator(SQLExecuteQueryOperator):
    """Run SQL on MySQL or MariaDB."""

    template_fields: Sequence[str] = ("sql", "parameters", "conn_id", "database")
    template_fields_renderers = {"sql": "mysql", "parameters": "json"}  # noqa: RUF012 - Airflow's form

    def __init__(self, *, mysql_conn_id: str = "mysql_default", **kwargs: Any) -> None:
        kwargs.setdefault("conn_id", mysql_conn_id)
        super().__init__(**kwargs)

    @property
    def mysql_conn_id(self) -> str | None:
        """The connection, by its old name."""
        return self.conn_id


class SqliteOperator(SQLExecuteQueryOperator):
    """Run SQL on SQLite."""

    template_fields: Sequence[str] = ("sql", "parameters", "conn_id")

    def __init__(self, *, sqlite_conn_id: str = "sqlite_default", **kwargs: Any) -> None:
        kwargs.setdefault("conn_id", sqlite_conn_id)
        super().__init__(**kwargs)

    @property
    def sqlite_conn_id(self) -> str | None:
        """The connection, by its old name."""
        return self.conn_id
