"""Random DAG documents: small graphs that meet every rule, limit and kind of task often."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import msgspec

from tests.simulation.assets import with_assets
from tests.simulation.dice import START
from windward.document import (
    DagDocument,
    DeadlineDocument,
    Expansion,
    GroupDocument,
    LiteralLength,
    StartTrigger,
    TaskDocument,
    XComLength,
)
from windward.model.states import Semantics, TriggerRule
from windward.timetable import NullSchedule, Schedule, from_author

POOLS = {"default_pool": 128, "narrow": 2, "single": 1}
_RULES = [rule for rule in TriggerRule if rule is not TriggerRule.ALL_DONE_SETUP_SUCCESS]


_START = StartTrigger(
    class_path="dice.Start", next_method="go_on", kwargs=b"", next_kwargs=b"", timeout_s=50.0
)
_DEADLINES = (
    DeadlineDocument(reference="queued_at", interval_s=30.0),
    DeadlineDocument(reference="logical_date", interval_s=600.0),
    DeadlineDocument(reference="average_runtime", interval_s=10.0, runs_max=3, runs_min=1),
    DeadlineDocument(reference="custom", interval_s=20.0),
    DeadlineDocument(reference="custom", interval_s=40.0, is_asked_when_queued=True),
)


def random_dag(dice: Random, name: str) -> DagDocument:
    """Make a DAG of one to nine tasks."""
    count = dice.randint(1, 9)
    tasks: list[TaskDocument] = []
    for number in range(count):
        earlier = [task.task_id for task in tasks]
        upstream = tuple(sorted(dice.sample(earlier, min(len(earlier), dice.choice([0, 1, 1, 2, 3])))))
        tasks.append(_task(dice, f"t{number}", upstream, tasks))
    groups: tuple[GroupDocument, ...] = ()
    if dice.random() < 0.3:
        tasks, groups = _with_mapped_group(dice, tasks)
    if dice.random() < 0.2 and count > 2:
        tasks = _with_setup(tasks)
    is_scheduled = dice.random() < 0.6
    semantics = dice.choice(list(Semantics))
    schedule: Schedule = NullSchedule()
    if is_scheduled:
        text = dice.choice(["*/5 * * * *", "0 * * * *", "30 2 * * *", timedelta(minutes=7)])
        zone = dice.choice(["UTC", "America/New_York"])
        schedule = from_author(text, timezone=zone, semantics=semantics)
    schedule = with_assets(dice, schedule)
    document = DagDocument(
        dag_id=name,
        fileloc=f"{name}.py",
        code_hash="0" * 32,
        semantics=semantics,
        schedule=schedule,
        start_date=START - timedelta(hours=dice.choice([0, 1, 30])),
        catchup=dice.random() < 0.5,
        is_catchup_explicit=dice.random() < 0.5,
        max_active_runs=dice.choice([1, 2, 16]),
        max_active_tasks=dice.choice([1, 2, 16]),
        dagrun_timeout_s=dice.choice([None, None, None, 600.0]),
        fail_fast=dice.random() < 0.3,
        max_consecutive_failed_dag_runs=dice.choice([0, 0, 1, 2]),
        deadlines=dice.choice([(), (), _DEADLINES]),
        callbacks=dice.choice([(), ("failure", "success")]),
        tasks=tuple(tasks),
        groups=groups,
    )
    if (
        document.callbacks and document.dagrun_timeout_s is not None
    ):  # not by dice: worlds stay what they were
        return msgspec.structs.replace(document, callbacks=(*document.callbacks, "running"))
    return document


def _task(dice: Random, task_id: str, upstream: tuple[str, ...], earlier: list[TaskDocument]) -> TaskDocument:
    expansion = None
    if dice.random() < 0.2:
        plain = [task.task_id for task in earlier if task.task_id in upstream and not task.is_inline]
        source = dice.choice(plain) if plain and dice.random() < 0.6 else None
        length = XComLength(source) if source else LiteralLength(dice.choice([0, 1, 2, 3]))
        expansion = Expansion(style="product", arguments=(("x", length),))
    return TaskDocument(
        task_id=task_id,
        operator="Simulated",
        upstream=upstream,
        trigger_rule=dice.choice(_RULES) if dice.random() < 0.4 else TriggerRule.ALL_SUCCESS,
        retries=dice.choice([0, 0, 1, 2]),
        retry_delay_s=dice.choice([0.0, 5.0, 60.0]),
        retry_backoff=dice.choice([0.0, 2.0]),
        pool=dice.choice(["default_pool", "default_pool", "narrow", "single"]),
        priority_weight=dice.randint(1, 3),
        max_active_tis_per_dag=dice.choice([None, None, 1]),
        max_active_tis_per_dagrun=dice.choice([None, None, 1]),
        depends_on_past=dice.random() < 0.15,
        wait_for_downstream=dice.random() < 0.1,
        is_inline=expansion is None and dice.random() < 0.1,
        callbacks=dice.choice([(), ("failure", "retry")]),
        expansion=expansion,
        start_trigger=_START if expansion is None and dice.random() < 0.05 else None,
    )


def _with_mapped_group(
    dice: Random, tasks: list[TaskDocument]
) -> tuple[list[TaskDocument], tuple[GroupDocument, ...]]:
    """Put some of the tasks into a mapped group, over a literal or over what a task before all of them returns."""
    numbers = sorted(dice.sample(range(len(tasks)), dice.randint(1, len(tasks))))
    members = {tasks[number].task_id for number in numbers}
    earlier = [task.task_id for task in tasks[: numbers[0]] if not task.is_inline]
    source = dice.choice(earlier) if earlier and dice.random() < 0.6 else None
    length = XComLength(source) if source else LiteralLength(dice.choice([0, 1, 2, 3]))
    group = GroupDocument(group_id="g", expansion=Expansion(style="product", arguments=(("x", length),)))

    def joined(task: TaskDocument) -> TaskDocument:
        upstream = set(task.upstream)
        if source and not upstream & members:
            upstream.add(source)
        return msgspec.structs.replace(
            task, expansion=None, mapped_group="g", group_id="g", upstream=tuple(sorted(upstream))
        )

    found = [joined(task) if task.task_id in members else task for task in tasks]
    return found, (group,)


def _with_setup(tasks: list[TaskDocument]) -> list[TaskDocument]:
    """Make the first task a setup, and add a teardown behind it and the last task."""
    first = msgspec.structs.replace(tasks[0], is_setup=True, expansion=None, is_inline=False)
    teardown = TaskDocument(
        task_id="teardown",
        operator="Simulated",
        upstream=tuple(sorted({first.task_id, tasks[-1].task_id})),
        trigger_rule=TriggerRule.ALL_DONE_SETUP_SUCCESS,
        is_teardown=True,
    )
    return [first, *tasks[1:], teardown]
