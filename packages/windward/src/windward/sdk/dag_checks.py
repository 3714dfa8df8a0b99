"""What must hold of a DAG as a whole. Checked when its file has been imported, before it is serialized."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import TYPE_CHECKING, Any

from windward.core.file_grants import unknown_words
from windward.document import INSTANCES_MAX, LiteralLength
from windward.errors import DagImportError, InvalidParamError
from windward.model.states import Semantics
from windward.sdk.dag_access import access_of
from windward.sdk.dag_schedule import can_be_scheduled, catchup_of, max_active_runs_of, schedule_of
from windward.sdk.exceptions import FailFastDagInvalidTriggerRule
from windward.sdk.groups import MappedTaskGroup, TaskGroup
from windward.sdk.operator_meta import parameter_names
from windward.timetable import OnceSchedule

if TYPE_CHECKING:
    from windward.sdk.dag import DAG

# Keys of `default_args` that mean something though no operator takes them.
_KNOWN_DEFAULTS = frozenset({"start_date", "end_date", "params"})


def check_dag(dag: DAG, semantics: Semantics = Semantics.AIRFLOW3) -> None:
    """Raise a `UserError` for the first thing that is wrong with the DAG as a whole."""
    dag.check_cycle()
    schedule = schedule_of(dag, semantics)
    max_active_runs_of(dag, schedule)
    scheduled = can_be_scheduled(schedule)
    if scheduled and dag.catchup is True and not has_start(dag):
        raise DagImportError(
            f"DAG `{dag.dag_id}` has `catchup=True` and no start date: start_date is required when catchup=True",
            hint="Write `start_date=datetime(2026, 1, 31)`: the first interval to make up for begins there.",
        )
    if scheduled:
        _check_params(dag)
    _check_lengths(dag)
    for task in dag.tasks:
        FailFastDagInvalidTriggerRule.check(
            fail_fast=bool(dag.fail_fast), trigger_rule=str(task.trigger_rule)
        )


def _check_lengths(dag: DAG) -> None:
    """Lists in the file have their length already: too many instances need not wait for a run to be refused."""
    for what, node in _mapped_nodes(dag):
        tasks = len(list(node.iter_tasks())) if isinstance(node, TaskGroup) else 1
        lengths = [length for _, length in node.expand_input.expansion().arguments]
        known = [length.length for length in lengths if isinstance(length, LiteralLength)]
        instances = tasks * prod(known) if len(known) == len(lengths) else tasks * max(known, default=0)
        if instances > INSTANCES_MAX:
            raise DagImportError(
                f"{what} `{node.node_id}` of DAG `{dag.dag_id}` expands to {instances} instances, more than {INSTANCES_MAX}",
                hint="Expand over batches: a list of lists of items, and a loop over the items in the task.",
            )


def _mapped_nodes(dag: DAG) -> Iterator[tuple[str, Any]]:
    yield from (("task", task) for task in dag.tasks if task.is_mapped)
    yield from (
        ("task group", group) for group in dag.task_group.iter_groups() if isinstance(group, MappedTaskGroup)
    )


def has_start(dag: DAG) -> bool:
    """True when the DAG, or any task, says when it starts."""
    return dag.start_utc is not None or any(task.start_utc is not None for task in dag.tasks)


def warnings_of(dag: DAG, semantics: Semantics) -> tuple[str, ...]:
    """Return what the author should look at, sorted."""
    found = set(dag.author_warnings)
    taken: set[str] = set(_KNOWN_DEFAULTS)
    for cls in {task.operator_class for task in dag.tasks}:
        taken |= parameter_names(cls)
    unknown = sorted(set(dag.default_args) - taken) if dag.tasks else []
    if words := unknown_words(access_of(dag.access_control, dag_id=dag.dag_id)):
        found.add(f"`access_control` has words that give no right: {', '.join(words)}")
    found |= {f"`default_args` has `{name}`, which no task of the DAG takes" for name in unknown}
    for group in dag.task_group.iter_groups():
        if any(group.neighbours.values()) and not any(True for _ in group.iter_tasks()):
            found.add(f"task group `{group.node_id}` has no tasks; links through it join its neighbours")
    if semantics is not Semantics.AIRFLOW2 and (dag.sla_miss_callback or any(t.sla for t in dag.tasks)):
        found.add("SLAs have no effect in a DAG of Airflow 3; give the DAG a `deadline`")
    schedule = schedule_of(dag, semantics)
    needs_start = can_be_scheduled(schedule) and (
        catchup_of(dag, semantics) or isinstance(schedule, OnceSchedule)
    )
    if needs_start and not has_start(dag):
        found.add("the DAG has a schedule and no `start_date`; it starts when it is first seen")
    return tuple(sorted(found))


def _check_params(dag: DAG) -> None:
    """A run that comes by time has nobody to ask."""
    for key, param in dag.params.raw().items():
        try:
            dag.params.get_param(key).__copy__().resolve()
        except InvalidParamError as error:
            raise InvalidParamError(
                f"param `{key}` of DAG `{dag.dag_id}` has no default that fits its schema "
                f"({param.value!r}: {error.message}), but the DAG has a schedule",
                hint='Give it a default that fits, let it be null (`type=[…, "null"]`), or write `schedule=None`.',
            ) from error
