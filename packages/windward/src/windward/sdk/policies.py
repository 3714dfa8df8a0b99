"""A deployment's policies, applied to what a file declares: rules for DAGs and tasks, and what tasks are told.

They are user code and run where DAG files are imported: in children of the processor, and in workers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from windward.sdk import extensions
from windward.sdk.exceptions import AirflowClusterPolicyError, AirflowClusterPolicySkipDag, AirflowException
from windward.sdk.mapping import ARGUMENT_DEFAULTS, MappedOperator
from windward.sdk.planned import TRIES_ASKED_MAX, planned_instance

_MUTABLE = ("queue", "pool", "pool_slots", "executor", "executor_config")
"""Columns of a task instance that `task_instance_mutation_hook` may set, which a task has by the same names."""


def hookimpl(function: Any = None, **_order: Any) -> Any:
    """Mark a hook, as pluggy has it: with or without arguments. Hooks are found by their names."""
    return function if function is not None else lambda marked: marked


def is_kept(dag: Any) -> bool:
    """Apply the policies to a DAG that was just declared; return False when one of them wants it left out.

    Raises:
        AirflowClusterPolicyViolation: when the DAG breaks a rule.
        AirflowClusterPolicyError: when a policy itself fails.
    """
    hooks = extensions.current().policies
    if not any(hooks.get(name) for name in ("dag_policy", "task_policy", "task_instance_mutation_hook")):
        return True
    try:
        for hook in hooks["dag_policy"]:
            _call(hook, dag, name="dag")
        for task in dag.tasks:
            for hook in hooks["task_policy"]:
                with_task(hook, task)
            for hook in hooks["task_instance_mutation_hook"]:
                _mutate(hook, dag, task)
    except AirflowClusterPolicySkipDag:
        return False
    except AirflowException:
        raise
    except Exception as error:
        raise AirflowClusterPolicyError(
            f"a policy failed for DAG `{dag.dag_id}`: {type(error).__name__}: {error}"
        ) from error
    return True


def with_task(hook: Callable[..., Any], task: Any) -> None:
    """Call a hook with a task; what it sets on a mapped one, the instances get too."""
    if not isinstance(task, MappedOperator):
        _call(hook, task, name="task")
        return
    before = {name: getattr(task, name, None) for name in ARGUMENT_DEFAULTS}
    _call(hook, task, name="task")
    for name, value in before.items():
        now = getattr(task, name, None)
        if now is not value:
            task.partial_kwargs[name] = now


def context_variables(context: Any) -> dict[str, str]:
    """Return the environment variables that the policies give to the task of a context.

    Raises:
        TypeError: when a name or a value is not a text.
    """
    found: dict[str, str] = {}
    for hook in extensions.current().policies.get("get_airflow_context_vars", ()):
        given = _call(hook, context, name="context") or {}
        if not isinstance(given, Mapping):
            raise TypeError(f"`get_airflow_context_vars` returns a dict, not a {type(given).__name__}")
        for name, value in given.items():
            if not isinstance(name, str) or not isinstance(value, str):
                raise TypeError(f"`get_airflow_context_vars` returns texts by texts, not {name!r}: {value!r}")
            found[name] = value
    return found


def import_timeout_s(path: str, default_s: float) -> float:
    """Return how long importing a file may take, in seconds; 0 is for ever.

    Raises:
        TypeError: when a policy gives no number.
    """
    for hook in extensions.current().policies.get("get_dagbag_import_timeout", ()):
        said = _call(hook, path, name="dag_file_path")
        if said is None:
            continue
        if isinstance(said, bool) or not isinstance(said, int | float):
            raise TypeError(f"`get_dagbag_import_timeout` returns a number, not a {type(said).__name__}")
        return max(0.0, float(said))
    return default_s


def _mutate(hook: Callable[..., Any], dag: Any, task: Any) -> None:
    """Call a hook of task instances for the instances that there will be, and keep what it set on the task.

    As Airflow has it, `try_number` counts the tries before this one. What is set for later tries counts for `queue`.
    """
    before = vars(_instance(dag, task, 0))
    first = _asked(hook, _instance(dag, task, 0))
    changes = {name: getattr(first, name) for name in _MUTABLE if getattr(first, name) != before[name]}
    if first.max_tries != before["max_tries"]:
        changes["retries"] = first.max_tries
    if first.priority_weight != before["priority_weight"]:
        changes |= {"priority_weight": first.priority_weight, "weight_rule": "absolute"}
    later = range(1, min(int(first.max_tries or 0), TRIES_ASKED_MAX) + 1)
    queues = tuple(_asked(hook, _instance(dag, task, number)).queue for number in later)
    if any(queue != first.queue for queue in queues):
        changes["retry_queues"] = queues
    for name, value in changes.items():
        setattr(task, name, value)
        if isinstance(task, MappedOperator) and name != "retry_queues":
            task.partial_kwargs[name] = value


def _asked(hook: Callable[..., Any], instance: SimpleNamespace) -> SimpleNamespace:
    _call(hook, instance, name="task_instance")
    return instance


def _instance(dag: Any, task: Any, tries_before: int) -> SimpleNamespace:
    return planned_instance(
        task,
        dag_id=dag.dag_id,
        tries_before=tries_before,
        executor=getattr(task, "executor", None),
        executor_config=getattr(task, "executor_config", None),
    )


def _call(hook: Callable[..., Any], value: Any, *, name: str) -> Any:
    """Call a hook by the name of its argument when it has that, as pluggy does, else by place; or without any."""
    try:
        parameters = inspect.signature(hook).parameters
    except (TypeError, ValueError):
        return hook(value)
    if name in parameters:
        return hook(**{name: value})
    return hook(value) if parameters else hook()
