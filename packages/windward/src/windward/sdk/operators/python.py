"""Operators that call a Python function in the task's process: plain, branching, short-circuiting."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from typing import Any

from windward.sdk.async_operator import BaseAsyncOperator, run_coroutine
from windward.sdk.call_arguments import is_coroutine_function, is_generator_function, keyword_arguments
from windward.sdk.context import get_current_context
from windward.sdk.exceptions import AirflowException, DownstreamTasksSkipped
from windward.sdk.skip import BaseBranchOperator, SkipMixin

__all__ = [
    "BranchPythonOperator",
    "PythonOperator",
    "ShortCircuitOperator",
    "determine_kwargs",
    "get_current_context",
]


determine_kwargs = keyword_arguments
"""Airflow's name: the keyword arguments of a function's call, of those that the context has."""


class PythonOperator(BaseAsyncOperator):
    """Call a function. It gets `op_args`, `op_kwargs`, and every value of the context that its signature names."""

    template_fields: Sequence[str] = ("templates_dict", "op_args", "op_kwargs")
    template_fields_renderers = {"templates_dict": "json", "op_args": "py", "op_kwargs": "py"}  # noqa: RUF012 - Airflow's form
    ui_color = "#ffefeb"
    shallow_copy_attrs: Sequence[str] = ("python_callable", "op_kwargs")

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        templates_dict: dict[str, Any] | None = None,
        templates_exts: Sequence[str] | None = None,
        show_return_value_in_logs: bool = True,
        provide_context: bool | None = None,
        **kwargs: Any,
    ) -> None:
        if provide_context is not None:
            from windward.sdk.deprecations import warn  # few files have old arguments

            warn(
                "`provide_context` does nothing since Airflow 2: the context is passed by name. Leave it out."
            )
        super().__init__(**kwargs)
        if not callable(python_callable):
            raise AirflowException("`python_callable` param must be callable")
        self.python_callable = python_callable
        self.op_args: Any = op_args or ()
        self.op_kwargs: Any = op_kwargs or {}
        self.templates_dict = templates_dict
        if templates_exts:
            self.template_ext = templates_exts
        self.show_return_value_in_logs = show_return_value_in_logs

    @property
    def is_async(self) -> bool:
        """Whether the function is a coroutine function."""
        return is_coroutine_function(self.python_callable)

    def execute(self, context: Any) -> Any:
        """Call the function and return what it returns."""
        context.update(self.op_kwargs)
        if self.templates_dict is not None:
            context["templates_dict"] = self.templates_dict
        self.op_kwargs = self.determine_kwargs(context)
        result = self.execute_callable()
        if self.show_return_value_in_logs:
            if result is not None:
                self.log.info("Done. Returned value was: %s", result)
        else:
            self.log.info("Done. Returned value not shown")
        return result

    def determine_kwargs(self, context: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the keyword arguments of the call."""
        return keyword_arguments(self.python_callable, self.op_args, context, own=self.op_kwargs)

    def execute_callable(self) -> Any:
        """Call the function; a coroutine is run to its end."""
        if self.is_async:
            return run_coroutine(self.python_callable(*self.op_args, **self.op_kwargs))
        if is_generator_function(self.python_callable):
            return self._exhaust(self.python_callable(*self.op_args, **self.op_kwargs))
        return self.python_callable(*self.op_args, **self.op_kwargs)

    def _exhaust(self, values: Generator[Any, Any, Any]) -> Any:
        """Take what a generator function yields (`Metadata` of assets), and return what it returns."""
        from windward.sdk.asset_events import take_metadata  # few tasks yield

        events = get_current_context()["outlet_events"]
        while True:
            try:
                found = next(values)
            except StopIteration as stop:
                return stop.value
            if not take_metadata(found, events):
                self.log.warning("Ignoring unknown data of %r received from task", type(found))


class BranchPythonOperator(BaseBranchOperator, PythonOperator):
    """Follow the task ids or group ids that the function returns; the other tasks right after are skipped."""

    def choose_branch(self, context: Any) -> str | Iterable[str] | None:
        """Return what the function returns."""
        chosen: str | Iterable[str] | None = PythonOperator.execute(self, context)
        return chosen


class ShortCircuitOperator(PythonOperator, SkipMixin):
    """Go on only when the function returns something true; else skip what comes after.

    With `ignore_downstream_trigger_rules` (the default) everything after is skipped; without, the tasks right after,
    and the trigger rules of the others decide. Teardowns still run.
    """

    inherits_from_skipmixin = True
    _can_skip_downstream = True

    def __init__(self, *, ignore_downstream_trigger_rules: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ignore_downstream_trigger_rules = ignore_downstream_trigger_rules

    def execute(self, context: Any) -> Any:
        """Call the function and return what it returns, or skip."""
        condition = super().execute(context)
        self.log.info("Condition result is %s", condition)
        if condition:
            self.log.info("Proceeding with downstream tasks...")
            return condition
        if self.ignore_downstream_trigger_rules:
            after = self.get_flat_relatives(upstream=False)
        else:
            after = self.get_direct_relatives(upstream=False)
        tasks = [task for task in after if not task.is_teardown]
        self.log.info("Skipping downstream tasks")
        try:
            self.skip(ti=context["ti"], tasks=tasks)
        except DownstreamTasksSkipped as skip:
            skip.return_value = condition
            raise
        return condition
