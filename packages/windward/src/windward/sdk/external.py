"""Looking at another DAG: how its tasks, one of its groups or its runs stand, and what that means for who waits.

What lives here: the question and the verdict that the sensor and its trigger share. What may not: waiting.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from windward.protocol.calls import FindRuns, Refused, RunsAnswer, TallyTasks, TaskTalliesAnswer
from windward.sdk.bridge import TaskBridge
from windward.sdk.exceptions import AirflowException


class Verdict(StrEnum):
    """What was seen means."""

    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    WAITING = "waiting"


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is waited for: some tasks, a task group, or (neither) the whole DAG."""

    dag_id: str
    task_ids: tuple[str, ...] | None = None
    group_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How it stands: for each run the states of each task's instances (of the run itself: under an empty task id)."""

    runs: dict[str, dict[str, frozenset[str]]]
    expected_runs: int
    expected_tasks: frozenset[str]
    """Tasks that each run must have; empty for a group and for a DAG: what the run has counts."""

    @property
    def is_complete(self) -> bool:
        """Whether there is a run for each date that was asked for."""
        return len(self.runs) >= self.expected_runs


def look(
    service: TaskBridge,
    target: Target,
    *,
    dates: Sequence[datetime] | None,
    run_ids: Sequence[str] | None = None,
) -> Seen:
    """Ask how the target stands in the runs of these dates or ids.

    Raises `AirflowException` when the DAG has no such group, or the question is refused.
    """
    where = {
        "run_ids": None if run_ids is None else tuple(run_ids),
        "logical_dates": None if dates is None else tuple(dict.fromkeys(dates)),
    }
    expected = len(where["run_ids"] or where["logical_dates"] or ())
    if target.task_ids is None and target.group_id is None:
        answer = service.call(FindRuns(dag_ids=(target.dag_id,), **where))  # type: ignore[arg-type]
        if not isinstance(answer, RunsAnswer):
            raise _refused(target, answer)
        states = {run.run_id: {"": frozenset({str(run.state)})} for run in answer.runs}
        return Seen(runs=states, expected_runs=expected, expected_tasks=frozenset({""}))
    answer = service.call(
        TallyTasks(dag_id=target.dag_id, task_ids=target.task_ids, group_id=target.group_id, **where)  # type: ignore[arg-type]
    )
    if not isinstance(answer, TaskTalliesAnswer):
        raise _refused(target, answer)
    found: dict[str, dict[str, set[str]]] = {}
    for item in answer.items:
        found.setdefault(item.run_id, {}).setdefault(item.task_id, set()).add(item.state)
    runs = {
        run_id: {task_id: frozenset(states) for task_id, states in tasks.items()}
        for run_id, tasks in found.items()
    }
    return Seen(runs=runs, expected_runs=expected, expected_tasks=frozenset(target.task_ids or ()))


def judge(
    seen: Seen, *, allowed: Collection[str], failed: Collection[str], skipped: Collection[str]
) -> Verdict:
    """Return the verdict: one failed instance fails, else one skipped one skips, else all must be allowed.

    A mapped task is in a state when all of its instances are, and must have at least one.
    """
    present = {state for tasks in seen.runs.values() for states in tasks.values() for state in states}
    if present.intersection(map(str, failed)):
        return Verdict.FAILED
    if present.intersection(map(str, skipped)):
        return Verdict.SKIPPED
    good = frozenset(map(str, allowed))
    is_over = seen.is_complete and all(
        tasks and seen.expected_tasks <= tasks.keys() and all(states <= good for states in tasks.values())
        for tasks in seen.runs.values()
    )
    return Verdict.SUCCESS if is_over else Verdict.WAITING


def _refused(target: Target, answer: object) -> AirflowException:
    message = answer.message if isinstance(answer, Refused) else str(answer)
    return AirflowException(f"DAG `{target.dag_id}` cannot be looked at: {message}")
