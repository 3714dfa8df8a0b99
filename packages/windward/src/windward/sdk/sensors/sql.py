"""`SqlSensor`: waits until a query gives something true."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from windward.sdk.exceptions import AirflowException
from windward.sdk.operators.sql import SQLExecuteQueryOperator, fetch_all_handler
from windward.sdk.sensor import BaseSensorOperator


class SqlSensor(BaseSensorOperator):
    """Run a query until the first cell of its first row is true.

    Args:
        conn_id: the connection of the database.
        sql: the query, or the name of a `.sql` file.
        parameters: values bound by the driver.
        success: says of the cell that the wait is over; without it any truth does.
        failure: says of the cell that the task fails.
        selector: picks the value out of the first row.
        fail_on_empty: fail when the query gives no row, instead of waiting on.
        hook_params: arguments of the connection's hook.
    """

    template_fields: Sequence[str] = ("sql", "hook_params", "parameters")
    template_ext: Sequence[str] = (".hql", ".sql")
    ui_color = "#7c7287"

    def __init__(
        self,
        *,
        conn_id: str,
        sql: str,
        parameters: Mapping[str, Any] | Iterable[Any] | None = None,
        success: Callable[[Any], bool] | None = None,
        failure: Callable[[Any], bool] | None = None,
        selector: Callable[[Sequence[Any]], Any] = itemgetter(0),
        fail_on_empty: bool = False,
        hook_params: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, function in (("success", success), ("failure", failure)):
            if function is not None and not callable(function):
                raise AirflowException(
                    f"`{name}` of sensor `{self.task_id}` is {function!r}; it is a function"
                )
        self.conn_id = conn_id
        self.sql = sql
        self.parameters: Any = parameters
        self.success = success
        self.failure = failure
        self.selector = selector
        self.fail_on_empty = fail_on_empty
        self.hook_params = dict(hook_params or {})

    def poke(self, context: Any) -> bool:
        """Ask once."""
        rows = self._rows(context)
        if not rows:
            if self.fail_on_empty:
                raise AirflowException("No rows returned, raising as per fail_on_empty flag")
            return False
        value = self.selector(rows[0])
        if self.failure is not None and self.failure(value):
            raise AirflowException(f"Failure criteria met. self.failure({value}) returned True")
        return bool(self.success(value) if self.success is not None else value)

    def _rows(self, context: Any) -> list[Any]:
        query = SQLExecuteQueryOperator(
            task_id=self.task_id,
            sql=self.sql,
            conn_id=self.conn_id,
            parameters=self.parameters,
            handler=fetch_all_handler,
            hook_params=self.hook_params,
            split_statements=False,
            dag=None,
        )
        found: list[Any] = query.execute(context) or []
        return found
