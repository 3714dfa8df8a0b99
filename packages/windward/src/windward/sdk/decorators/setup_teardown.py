"""`@setup`, `@teardown`, `@result`: marks on functions, tasks and task groups."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, overload

from windward.sdk.decorators.collection import task
from windward.sdk.decorators.factory import TaskDecorator
from windward.sdk.group_decorator import TaskGroupFactory


@overload
def setup(func: TaskGroupFactory) -> TaskGroupFactory: ...  # type: ignore[overload-overlap]
@overload
def setup(func: Callable[..., Any]) -> TaskDecorator: ...
def setup(func: Any) -> Any:
    """Make a function, task or task group a setup: what follows needs its success."""
    decorated = _as_task(func)
    decorated.is_setup = True
    return decorated


@overload
def teardown(  # type: ignore[overload-overlap]
    _func: TaskGroupFactory, *, on_failure_fail_dagrun: bool = ...
) -> TaskGroupFactory: ...
@overload
def teardown(_func: Callable[..., Any], *, on_failure_fail_dagrun: bool = ...) -> TaskDecorator: ...
@overload
def teardown(
    _func: None = None, *, on_failure_fail_dagrun: bool = ...
) -> Callable[[Callable[..., Any]], TaskDecorator]: ...
def teardown(_func: Any = None, *, on_failure_fail_dagrun: bool = False) -> Any:
    """Make a function, task or task group a teardown: it runs however the work before it ended."""

    def decorate(func: Callable[..., Any]) -> Any:
        decorated = _as_task(func)
        decorated.is_teardown = True
        decorated.on_failure_fail_dagrun = on_failure_fail_dagrun
        return decorated

    return decorate if _func is None else decorate(_func)


def result(t: Callable[..., Any]) -> TaskDecorator:
    """Make the value of a task the result of its run; stands above `@task`."""
    decorated: TaskDecorator = _as_task(t)
    decorated.is_result = True
    return decorated


def _as_task(func: Callable[..., Any]) -> Any:
    return copy.copy(func) if isinstance(func, TaskDecorator | TaskGroupFactory) else task(func)
