"""Tasks that begin in a trigger (`start_from_trigger`): what the document says of it, and where templates are rendered.

The arguments of the trigger that are called like template fields of the operator may hold templates. Where the text is
all that is needed, the triggerer renders them and no worker has the task before its trigger fires. A mapped task, an
argument that refers to another task, and a DAG whose templates need its own code (macros, filters, an environment)
begin on a worker, which hands the rendered wait over at once and never calls `execute`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, NoReturn

from windward.document import StartTrigger
from windward.errors import UserError
from windward.sdk.exceptions import TaskDeferred
from windward.sdk.mapping import MappedOperator
from windward.sdk.resolve import ResolveMixin
from windward.sdk.templating import has_templates, render_template
from windward.sdk.triggers.base import BaseTrigger, StartTriggerArgs, TriggerEvent

_OWN_CODE = ("user_defined_macros", "user_defined_filters", "jinja_environment_kwargs", "template_undefined")


class _Described(BaseTrigger):
    """A trigger of which class and arguments are known; it is made where it runs."""

    def __init__(self, class_path: str, arguments: dict[str, Any]) -> None:
        super().__init__()
        self._described = class_path, arguments

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return self._described

    def run(self) -> AsyncIterator[TriggerEvent]:
        raise NotImplementedError("this stands for a trigger and does not run")


def start_trigger_document(task: Any) -> StartTrigger | None:
    """Return the trigger in which a task begins; None when it begins on a worker. Raises `UserError`."""
    given = _given(task)
    if given is None or isinstance(task, MappedOperator):
        return None
    arguments = given.trigger_kwargs or {}
    _check(task, arguments)
    names = templated_names(task, arguments)
    if _refers(arguments) or (names and any(getattr(task.dag, name, None) for name in _OWN_CODE)):
        return None
    from windward.sdk import serde  # few tasks begin in a trigger

    what = f"start_trigger_args of task `{task.task_id}`"
    return StartTrigger(
        class_path=given.trigger_cls,
        next_method=given.next_method,
        kwargs=serde.pack(arguments, name=what),
        next_kwargs=serde.pack(given.next_kwargs or {}, name=what),
        timeout_s=None if given.timeout is None else given.timeout.total_seconds(),
        template_fields=names,
    )


def defer_at_start(operator: Any, context: Any) -> None:
    """Raise the deferral with which an operator begins on a worker; return when it begins in `execute`."""
    given = _given(operator)
    if given is not None:
        _defer(operator, given, context)


def _defer(operator: Any, given: StartTriggerArgs, context: Any) -> NoReturn:
    arguments = {
        name: render_template(operator, value, context)
        if name in operator.template_fields or _refers(value)
        else value
        for name, value in (given.trigger_kwargs or {}).items()
    }
    raise TaskDeferred(
        trigger=_Described(given.trigger_cls, arguments),
        method_name=given.next_method,
        kwargs=given.next_kwargs,
        timeout=given.timeout,
    )


def templated_names(task: Any, arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the arguments that are rendered: named like a template field, and with a template somewhere inside."""
    return tuple(
        name for name in task.template_fields if name in arguments and has_templates(arguments[name])
    )


def _given(task: Any) -> Any:
    if not getattr(task, "start_from_trigger", False):
        return None
    return getattr(task, "start_trigger_args", None)


def _refers(value: Any) -> bool:
    """Whether a value, or one inside of it, stands for another task's."""
    if isinstance(value, ResolveMixin):
        return True
    if isinstance(value, Mapping):
        return any(_refers(item) for item in value.values())
    return isinstance(value, list | tuple | set) and any(_refers(item) for item in value)


def _check(task: Any, arguments: Mapping[str, Any]) -> None:
    for name, value in arguments.items():
        if callable(value) and not isinstance(value, type):
            raise UserError(
                f"argument `{name}` in `start_trigger_args` of task `{task.task_id}` is a function",
                hint="The trigger is made from stored data: give it values only, and let its class have the code.",
            )
