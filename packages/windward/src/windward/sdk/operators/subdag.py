"""`SubDagOperator` of Airflow 1.10 and 2: the tasks of another DAG, as a task group of this one.

What lives here: what the operator's arguments mean for the group. How the tasks move is in `sdk.subdags`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from windward.model.states import TriggerRule
from windward.sdk import deprecations, scopes
from windward.sdk.exceptions import AirflowException
from windward.sdk.groups import TaskGroup
from windward.sdk.operator_arguments import trigger_rule_of
from windward.sdk.operators.empty import EmptyOperator
from windward.sdk.subdags import move_into

if TYPE_CHECKING:
    from windward.sdk.dag import DAG

LAST_TASK = "done"


class SkippedStatePropagationOptions(StrEnum):
    """When what comes after a sub-DAG is skipped: if all of its last tasks were skipped, or any of them."""

    ALL_LEAVES = "all_leaves"
    ANY_LEAF = "any_leaf"


_LAST_RULE = {
    None: TriggerRule.NONE_FAILED,
    SkippedStatePropagationOptions.ALL_LEAVES: TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
    SkippedStatePropagationOptions.ANY_LEAF: TriggerRule.ALL_SUCCESS,
}


class SubDagOperator:
    """Make the tasks of `subdag` a task group named `task_id`: `SubDagOperator(task_id="x", subdag=...)` returns it.

    The ids of its tasks get the prefix `task_id.`. One more task, `task_id.done`, ends as the sub-DAG would have: it
    succeeds when no last task failed, so that a skip inside is none outside. Of the sub-DAG the default arguments,
    params and macros count; its schedule, dates and limits do not. `trigger_rule` goes to its first tasks.
    """

    def __new__(  # type: ignore[misc] # a declaration of 2.x becomes a group; nobody needs the operator itself
        cls,
        *,
        task_id: str,
        subdag: DAG,
        dag: DAG | None = None,
        task_group: TaskGroup | None = None,
        trigger_rule: str = TriggerRule.ALL_SUCCESS,
        propagate_skipped_state: SkippedStatePropagationOptions | str | None = None,
        on_success_callback: Any = None,
        doc_md: str | None = None,
        **_ignored: Any,
    ) -> TaskGroup:
        """Move the tasks and return the group."""
        parent = dag if dag is not None else scopes.current_dag()
        if parent is None:
            raise AirflowException("Please pass in the `dag` param or call within a DAG context manager")
        if subdag.dag_id != f"{parent.dag_id}.{task_id}":
            raise AirflowException(
                "The subdag's dag_id should have the form '{parent_dag_id}.{this_task_id}'. Expected "
                f"'{parent.dag_id}.{task_id}'; received '{subdag.dag_id}'."
            )
        deprecations.warn(
            f"`SubDagOperator` `{task_id}` runs as a task group: its tasks are called `{task_id}.…`. "
            "Declare a `TaskGroup` instead."
        )
        group = TaskGroup(
            group_id=task_id,
            dag=parent,
            parent_group=task_group,
            tooltip=f"sub-DAG {subdag.dag_id}",
            doc_md=doc_md,
        )
        last_tasks = list(subdag.leaves)
        for first in subdag.roots:
            first.trigger_rule = trigger_rule_of(trigger_rule, f"of sub-DAG `{task_id}`")
        move_into(group, subdag)
        option = (
            None
            if propagate_skipped_state is None
            else SkippedStatePropagationOptions(propagate_skipped_state)
        )
        done = EmptyOperator(
            task_id=_free(LAST_TASK, group),
            dag=parent,
            task_group=group,
            trigger_rule=_LAST_RULE[option],
            on_success_callback=on_success_callback,
        )
        for last in last_tasks:
            last.set_downstream(done)
        return group


def _free(wanted: str, group: TaskGroup) -> str:
    number = 0
    name = wanted
    while group.child_id(name) in group.children:
        number += 1
        name = f"{wanted}__{number}"
    return name
