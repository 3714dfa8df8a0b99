"""`@task_group`: a function whose tasks form a group each time it is called."""

from __future__ import annotations

import functools
import inspect
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, overload

from windward.sdk.expand_input import ExpandInput, MappedArgument, check_expand, check_expand_kwargs
from windward.sdk.groups import MappedTaskGroup, TaskGroup
from windward.sdk.operator_meta import AirflowTypeError
from windward.sdk.spelling import did_you_mean


class TaskGroupFactory:
    """A function as a task group: each call makes one and returns what the function returns, else the group."""

    def __init__(
        self, function: Callable[..., Any], options: Mapping[str, Any], bound: Mapping[str, Any]
    ) -> None:
        self.function = function
        self.options = {"group_id": function.__name__, "add_suffix_on_collision": True, **options}
        self.bound = dict(bound)
        self.is_setup = False
        self.is_teardown = False
        self.on_failure_fail_dagrun = False
        if not self.options.get("tooltip") and not self.options.get("doc_md") and function.__doc__:
            self.options["tooltip"] = textwrap.dedent(function.__doc__).strip()
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Make a group; its tasks are those that the function declares."""
        return self._build(TaskGroup(**self.options), args, {**self.bound, **kwargs})

    def override(self, **options: Any) -> TaskGroupFactory:
        """Return the same function as a group with other arguments."""
        return self._like({**self.options, **options}, self.bound)

    def partial(self, **kwargs: Any) -> TaskGroupFactory:
        """Return the group with some arguments of the function fixed, to be expanded over others."""
        self._check_names("partial", kwargs)
        return self._like(self.options, {**self.bound, **kwargs})

    def expand(self, **mapped: Any) -> Any:
        """Make a group with one instance for each combination of the given lists, dicts and task outputs."""
        self._check_names("expand", mapped)
        twice = sorted(self.bound.keys() & mapped.keys())
        if twice:
            raise AirflowTypeError(f"unmappable or already specified argument: {', '.join(twice)}")
        expand_input = check_expand(mapped, what=f"{self.function.__name__}.expand()")
        return self._map(expand_input, list(mapped))

    def expand_kwargs(self, kwargs: Any, *, strict: bool = True) -> Any:
        """Make a group with one instance for each dict of arguments."""
        del strict
        expand_input = check_expand_kwargs(kwargs)
        parameters = inspect.signature(self.function).parameters.values()
        named = [p.name for p in parameters if p.kind not in {p.VAR_POSITIONAL, p.VAR_KEYWORD}]
        return self._map(expand_input, [name for name in named if name not in self.bound])

    def _map(self, expand_input: ExpandInput, names: list[str]) -> Any:
        group = MappedTaskGroup(expand_input=expand_input, **self.options)
        arguments = {name: MappedArgument(expand_input, name) for name in names}
        return self._build(group, (), {**self.bound, **arguments})

    def _build(self, group: TaskGroup, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        with group:
            value = self.function(*args, **kwargs)
        if self.is_setup:
            group.as_setup()
        if self.is_teardown:
            group.as_teardown(on_failure_fail_dagrun=self.on_failure_fail_dagrun)
        return group if value is None else value

    def _like(self, options: Mapping[str, Any], bound: Mapping[str, Any]) -> TaskGroupFactory:
        other = TaskGroupFactory(self.function, options, bound)
        other.is_setup, other.is_teardown = self.is_setup, self.is_teardown
        other.on_failure_fail_dagrun = self.on_failure_fail_dagrun
        return other

    def _check_names(self, what: str, kwargs: Mapping[str, Any]) -> None:
        parameters = inspect.signature(self.function).parameters
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            return
        for name in kwargs:
            if name not in parameters:
                hint = did_you_mean(name, parameters)
                raise AirflowTypeError(
                    f"{what}() got an unexpected keyword argument '{name}' (task group `{self.function.__name__}`)"
                    + (f"\n\nhint: {hint.strip()}" if hint else "")
                )


@overload
def task_group(python_callable: Callable[..., Any], **options: Any) -> TaskGroupFactory: ...
@overload
def task_group(
    python_callable: str | None = None, **options: Any
) -> Callable[[Callable[..., Any]], TaskGroupFactory]: ...
def task_group(python_callable: Any = None, **options: Any) -> Any:
    """Make a function a task group: `@task_group`, or `@task_group(group_id="load", tooltip="…")`."""
    if python_callable is None:
        return functools.partial(task_group, **options)
    if isinstance(python_callable, str):
        return functools.partial(task_group, **{"group_id": python_callable, **options})
    return TaskGroupFactory(python_callable, options, {})
