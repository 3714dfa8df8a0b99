"""`@task.run_if` and `@task.skip_if`: a task that looks at its context before it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from windward.sdk.exceptions import AirflowSkipException

if TYPE_CHECKING:
    from windward.sdk.decorators.factory import TaskDecorator

Condition = Callable[[Any], bool | tuple[bool, str | None]]


class ConditionHook:
    """A `pre_execute` hook that skips the task unless its condition holds, then runs the hook before it."""

    def __init__(self, condition: Condition, message: str | None, before: Any, *, run_when: bool) -> None:
        self._condition = condition
        self._message = message
        self._before = before
        self._run_when = run_when

    def __call__(self, context: Any) -> None:
        """Raise `AirflowSkipException` when the task is not to run."""
        answer = self._condition(context)
        holds, message = answer if isinstance(answer, tuple) else (answer, None)
        if bool(holds) is not self._run_when:
            raise AirflowSkipException(
                self._message or message or f"the condition of `{self._name()}` skips the task"
            )
        if self._before is not None:
            self._before(context)

    def _name(self) -> str:
        return "run_if" if self._run_when else "skip_if"


def run_if(condition: Condition, skip_message: str | None = None) -> Callable[[TaskDecorator], TaskDecorator]:
    """Run the decorated task only if `condition(context)` is true; stands above `@task`."""
    return _decorator(condition, skip_message, run_when=True)


def skip_if(
    condition: Condition, skip_message: str | None = None
) -> Callable[[TaskDecorator], TaskDecorator]:
    """Skip the decorated task if `condition(context)` is true; stands above `@task`."""
    return _decorator(condition, skip_message, run_when=False)


def _decorator(
    condition: Condition, message: str | None, *, run_when: bool
) -> Callable[[TaskDecorator], TaskDecorator]:
    name = "run_if" if run_when else "skip_if"

    def decorate(task: Any) -> Any:
        if not getattr(task, "_is_task_decorator", False):
            raise TypeError(
                f"@task.{name} stands above @task: the function under it has to be a task already"
            )
        before = task.kwargs.get("pre_execute")
        return task.override(pre_execute=ConditionHook(condition, message, before, run_when=run_when))

    return decorate
