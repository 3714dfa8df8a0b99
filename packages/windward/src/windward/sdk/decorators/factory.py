"""How a function becomes a task each time it is called: the decorated object and the operator behind it.

Provider packages build their own decorators (`@task.docker`, …) from `task_decorator_factory` and `DecoratedOperator`.
"""

from __future__ import annotations

import functools
import inspect
import textwrap
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from windward.model.states import TriggerRule
from windward.sdk import scopes
from windward.sdk.decorators.signatures import (
    check_call,
    infer_multiple_outputs,
    name_of,
    source_without_decorators,
)
from windward.sdk.expand_input import ExpandInput, check_expand, check_expand_kwargs
from windward.sdk.mapping import MappedOperator, partial_of
from windward.sdk.operator import BaseOperator
from windward.sdk.operator_meta import AirflowTypeError
from windward.sdk.spelling import did_you_mean
from windward.sdk.xcom_arg import XComArg

if TYPE_CHECKING:
    from windward.sdk.dag import DAG
    from windward.sdk.groups import TaskGroup


def get_unique_task_id(task_id: str, dag: DAG | None = None, task_group: TaskGroup | None = None) -> str:
    """Return `task_id`, with `__1`, `__2`, … when the DAG (in this group) already has it."""
    dag = dag or (task_group.dag if task_group else None) or scopes.current_dag()
    if dag is None:
        return task_id
    group = task_group or scopes.current_group(dag)
    full = group.child_id if group is not None else str
    if full(task_id) not in dag.task_dict:
        return task_id
    base, _, number = task_id.rpartition("__")
    if not base or not number.isdigit():
        base = task_id
    counts = dag.__dict__.setdefault("_last_suffixes", {})
    suffix = counts.get(full(base), 0) + 1
    while full(f"{base}__{suffix}") in dag.task_dict:
        suffix += 1
    counts[full(base)] = suffix
    return f"{base}__{suffix}"


class DecoratedOperator(BaseOperator):
    """The part of an operator that calls a function; provider classes add the operator that it feeds."""

    template_fields: Collection[str] = ("op_args", "op_kwargs")
    template_fields_renderers: ClassVar[dict[str, str]] = {"op_args": "py", "op_kwargs": "py"}
    shallow_copy_attrs: Sequence[str] = ("python_callable",)
    custom_operator_name: str = "@task"

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        task_id: str,
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        kwargs_to_upstream: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if not self._from_mapped:
            task_id = get_unique_task_id(task_id, kwargs.get("dag"), kwargs.get("task_group"))
        self.python_callable = python_callable
        args, named = list(op_args or ()), dict(op_kwargs or {})
        check_call(python_callable, args, named)
        super().__init__(task_id=task_id, **(kwargs_to_upstream or {}), **kwargs)
        self.op_args = args
        self.op_kwargs = named

    def execute(self, context: Any) -> Any:
        """Call the function by way of the operator behind; return what it returned."""
        return super().execute(context)

    def get_python_source(self) -> str:
        """Return the function's source text without decorators, for tasks that run it in another interpreter."""
        return source_without_decorators(self.python_callable)


class TaskDecorator:
    """A function as a task: each call declares a task and returns a reference to what it will return."""

    _is_task_decorator = True
    _airflow_is_task_decorator = True

    def __init__(
        self,
        function: Callable[..., Any],
        operator_class: type[BaseOperator],
        *,
        multiple_outputs: bool | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        if isinstance(function, TaskDecorator):
            raise TypeError(
                f"`{name_of(function)}` is already a task; use `.override(...)` to change its arguments"
            )
        if not callable(function):
            raise TypeError(f"@task decorates functions, not `{function!r}`; give its arguments by keyword")
        self.function = function
        self.operator_class = operator_class
        self.kwargs = {"task_id": name_of(function), **(kwargs or {})}
        self.multiple_outputs = (
            infer_multiple_outputs(function) if multiple_outputs is None else bool(multiple_outputs)
        )
        self.is_setup = False
        self.is_teardown = False
        self.on_failure_fail_dagrun = False
        self.is_result = False
        first = next(iter(inspect.signature(function).parameters), None)
        if first == "self":
            raise TypeError(
                f"@{getattr(operator_class, 'custom_operator_name', 'task')} does not support methods"
            )
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> XComArg:
        """Declare a task of this function with these arguments; return a reference to what it will return."""
        options = self._options()
        named = {**options.pop("op_kwargs", {}), **kwargs}
        operator = self.operator_class(
            python_callable=self.function, op_args=args, op_kwargs=named, **options
        )
        return self._finish(operator)

    def override(self, **kwargs: Any) -> TaskDecorator:
        """Return the same function as a task with other operator arguments."""
        options = {**self.kwargs, **kwargs}
        return self._like(options, multiple_outputs=options.pop("multiple_outputs", self.multiple_outputs))

    def partial(self, **kwargs: Any) -> TaskDecorator:
        """Return the task with some arguments of the function fixed, to be expanded over others."""
        self._check_names("partial", kwargs)
        given = self.kwargs.get("op_kwargs", {})
        twice = sorted(given.keys() & kwargs.keys())
        if twice:
            raise AirflowTypeError(f"partial() got duplicate arguments: {', '.join(twice)}")
        options = {**self.kwargs, "op_kwargs": {**given, **kwargs}}
        return self._like(options, multiple_outputs=self.multiple_outputs)

    def expand(self, **mapped: Any) -> XComArg:
        """Declare one instance for each combination of the given lists, dicts and task outputs."""
        self._check_names("expand", mapped)
        return self._map(check_expand(mapped, what=f"{name_of(self.function)}.expand()"))

    def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> XComArg:
        """Declare one instance for each dict of arguments of the function."""
        expand_input = check_expand_kwargs(kwargs)
        if isinstance(expand_input.value, list | tuple):
            for item in expand_input.value:
                if isinstance(item, Mapping):
                    self._check_names("expand_kwargs", item)
                    twice = sorted(self.kwargs.get("op_kwargs", {}).keys() & item.keys())
                    if strict and twice:
                        raise AirflowTypeError(
                            f"unmappable or already specified argument{'s' if len(twice) > 1 else ''}: "
                            f"{', '.join(twice)}; give `strict=False` to let the expansion win"
                        )
        return self._map(expand_input)

    def _map(self, expand_input: ExpandInput) -> XComArg:
        options = self._options()
        if options.get("trigger_rule") == TriggerRule.ALWAYS and any(expand_input.iter_references()):
            raise ValueError(
                f"task `{options['task_id']}` expands over another task's output, which the trigger rule `always` "
                "does not wait for; use another trigger rule"
            )
        dag, group = options.get("dag"), options.get("task_group")
        options["task_id"] = get_unique_task_id(options["task_id"], dag, group)
        options["op_kwargs"] = options.get("op_kwargs", {})
        partial = partial_of(
            self.operator_class, {"python_callable": self.function, "op_args": (), **options}
        )
        partial.is_expanded = True
        mapped = MappedOperator(
            self.operator_class, partial.kwargs, expand_input, place=partial.place, into="op_kwargs"
        )
        return self._finish(mapped)

    def _options(self) -> dict[str, Any]:
        return {"multiple_outputs": self.multiple_outputs, **self.kwargs}

    def _like(self, kwargs: dict[str, Any], *, multiple_outputs: bool | None) -> TaskDecorator:
        other = type(self)(
            self.function, self.operator_class, multiple_outputs=multiple_outputs, kwargs=kwargs
        )
        other.is_setup, other.is_teardown, other.is_result = self.is_setup, self.is_teardown, self.is_result
        other.on_failure_fail_dagrun = self.on_failure_fail_dagrun
        return other

    def _finish(self, operator: Any) -> XComArg:
        if operator.doc_md is None and self.function.__doc__:
            operator.doc_md = textwrap.dedent(self.function.__doc__).strip()
        if self.is_setup:
            operator.as_setup()
        if self.is_teardown:
            operator.as_teardown(on_failure_fail_dagrun=self.on_failure_fail_dagrun)
        reference = XComArg(operator)
        if self.is_result and operator.has_dag():
            operator.dag.add_result(reference)
        return reference

    def _check_names(self, what: str, kwargs: Mapping[str, Any]) -> None:
        parameters = inspect.signature(self.function).parameters
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            return
        for name in kwargs:
            if name not in parameters:
                hint = did_you_mean(name, parameters)
                raise AirflowTypeError(
                    f"{what}() got an unexpected keyword argument '{name}' (function `{name_of(self.function)}`)"
                    + (f"\n\nhint: {hint.strip()}" if hint else "")
                )

    def __repr__(self) -> str:
        return f"<TaskDecorator: {name_of(self.function)}>"


def task_decorator_factory(
    python_callable: Callable[..., Any] | None = None,
    *,
    multiple_outputs: bool | None = None,
    decorated_operator_class: type[BaseOperator],
    **kwargs: Any,
) -> Any:
    """Return a decorated function, or a decorator when there is no function yet: with and without brackets."""
    if python_callable is None:
        return functools.partial(
            task_decorator_factory,
            multiple_outputs=multiple_outputs,
            decorated_operator_class=decorated_operator_class,
            **kwargs,
        )
    return TaskDecorator(
        python_callable, decorated_operator_class, multiple_outputs=multiple_outputs, kwargs=kwargs
    )
