"""`task`: the decorator, and its kinds as attributes (`@task.branch`, `@task.bash`, …).

A kind is the import path of a factory, or of a `DecoratedOperator`; nothing is imported before it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, overload

from windward.sdk.decorators.conditions import run_if, skip_if
from windward.sdk.spelling import did_you_mean

if TYPE_CHECKING:
    from windward.sdk.decorators.factory import TaskDecorator

_STANDARD = "windward.sdk.decorators.standard"
_VIRTUALENV = "windward.sdk.decorators.virtualenv"
_KINDS: dict[str, str] = {
    "python": f"{_STANDARD}:PythonDecoratedOperator",
    "branch": f"{_STANDARD}:BranchPythonDecoratedOperator",
    "short_circuit": f"{_STANDARD}:ShortCircuitDecoratedOperator",
    "virtualenv": f"{_VIRTUALENV}:VirtualenvDecoratedOperator",
    "external_python": f"{_VIRTUALENV}:ExternalPythonDecoratedOperator",
    "branch_virtualenv": f"{_VIRTUALENV}:BranchVirtualenvDecoratedOperator",
    "branch_external_python": f"{_VIRTUALENV}:BranchExternalPythonDecoratedOperator",
    "bash": "windward.sdk.decorators.bash:BashDecoratedOperator",
    "sensor": "windward.sdk.decorators.sensor:SensorDecoratedOperator",
}


def register_task_decorator(name: str, path: str) -> None:
    """Make `@task.<name>` the factory or operator class at `path`, written `package.module:name`."""
    _KINDS[name] = path


class TaskKind(Protocol):
    """A decorator that makes tasks of functions, with and without brackets."""

    @overload
    def __call__(self, python_callable: Callable[..., Any], **kwargs: Any) -> TaskDecorator: ...
    @overload
    def __call__(
        self, python_callable: None = None, **kwargs: Any
    ) -> Callable[[Callable[..., Any]], TaskDecorator]: ...


class TaskDecoratorCollection:
    """The decorator `@task` with all its kinds."""

    run_if = staticmethod(run_if)
    skip_if = staticmethod(skip_if)

    @overload
    def __call__(self, python_callable: Callable[..., Any], **kwargs: Any) -> TaskDecorator: ...
    @overload
    def __call__(
        self, python_callable: None = None, **kwargs: Any
    ) -> Callable[[Callable[..., Any]], TaskDecorator]: ...
    def __call__(self, python_callable: Any = None, **kwargs: Any) -> Any:
        """Make a function a Python task: `@task`, or `@task(retries=3)`."""
        return self.python(python_callable, **kwargs)

    def __getattr__(self, name: str) -> TaskKind:
        """Return a kind of task decorator; raise AttributeError with a suggestion."""
        if name.startswith("_") or name not in _KINDS:
            raise AttributeError(
                f"there is no task decorator `@task.{name}`. {did_you_mean(name, _KINDS)}"
                "Decorators of a provider exist once its package is installed."
            )
        factory: TaskKind = _factory(_KINDS[name])
        self.__dict__[name] = factory
        return factory

    def __dir__(self) -> list[str]:
        return sorted({*_KINDS, "run_if", "skip_if"})


def _factory(path: str) -> Any:
    from windward.sdk.decorators.factory import task_decorator_factory  # only files with tasks need it

    module, _, name = path.partition(":")
    found = getattr(import_module(module), name)
    if not isinstance(found, type):
        return found

    def decorate(python_callable: Callable[..., Any] | None = None, **kwargs: Any) -> Any:
        return task_decorator_factory(python_callable, decorated_operator_class=found, **kwargs)

    decorate.__doc__ = found.__doc__
    return decorate


task = TaskDecoratorCollection()
