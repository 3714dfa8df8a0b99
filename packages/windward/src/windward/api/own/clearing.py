"""What clearing runs would touch, counted: a few lines for hundreds of runs, before anybody says yes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated

import msgspec

from windward.api.contract.operation import Call, Needs, Nothing, Operation, Scope, operation
from windward.core.selection import Selection
from windward.engine.people import runs
from windward.model.access import Resource, Verb
from windward.model.records import TaskRecord

RUNS_MAX = 100
TASKS_MAX = 10_000
"""How many tasks a request may name."""
Id = Annotated[str, msgspec.Meta(max_length=250)]


class RunPlace(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A run, by its DAG and its id."""

    dag_id: Id
    dag_run_id: Id


class ForeseenBody(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Which runs, and what of each. `task_ids` None: every task; `include_downstream` adds what follows the named."""

    dag_runs: Annotated[list[RunPlace], msgspec.Meta(min_length=1, max_length=RUNS_MAX)]
    task_ids: Annotated[list[Id], msgspec.Meta(max_length=TASKS_MAX)] | None = None
    include_downstream: bool = False
    only_failed: bool = False


class ForeseenTask(msgspec.Struct, kw_only=True):
    """A task, in how many runs instances of it are touched, and how many these are by the state that they have now."""

    dag_id: str
    task_id: str
    runs: int
    states: dict[str, int]


class ForeseenResponse(msgspec.Struct, kw_only=True):
    """What is touched: `total_entries` instances in `runs` runs, by task in the order of the DAG."""

    tasks: list[ForeseenTask]
    runs: int
    total_entries: int


def post_foreseen(call: Call[Nothing, ForeseenBody]) -> ForeseenResponse:
    """Count what clearing some runs would run again."""
    body, desk = call.body, call.services.desk
    places = list(dict.fromkeys(body.dag_runs))
    for dag_id in {place.dag_id for place in places}:
        call.demand(Verb.EDIT, Resource.RUN, dag_id=dag_id)
    meant = Selection(
        task_ids=None if body.task_ids is None else tuple(body.task_ids),
        downstream=body.include_downstream,
        only_failed=body.only_failed,
    )
    named = runs.find_runs(desk, [(place.dag_id, place.dag_run_id) for place in places])
    found = runs.selected(desk, named, meant)
    return _counted(zip((run.dag_id for run in named), found, strict=True))


def _counted(found: Iterable[tuple[str, list[TaskRecord]]]) -> ForeseenResponse:
    """Return instances of runs as numbers."""
    states: dict[tuple[str, str], Counter[str]] = {}
    of_runs: Counter[tuple[str, str]] = Counter()
    touched = 0
    for dag_id, records in found:
        touched += bool(records)
        for record in records:
            states.setdefault((dag_id, record.task_id), Counter())[str(record.state)] += 1
        of_runs.update({(dag_id, record.task_id) for record in records})
    tasks = [
        ForeseenTask(dag_id=dag_id, task_id=task_id, runs=of_runs[dag_id, task_id], states=dict(counts))
        for (dag_id, task_id), counts in states.items()
    ]
    total = sum(counts.total() for counts in states.values())
    return ForeseenResponse(tasks=tasks, runs=touched, total_entries=total)


OPERATIONS: tuple[Operation, ...] = (
    operation(
        "POST",
        "/api/windward/v1/clearing/foreseen",
        name="post_foreseen",
        tag="Clearing",
        summary="Count what clearing some runs would run again; nothing is changed.",
        access=Needs(verb=Verb.EDIT, resource=Resource.RUN, scope=Scope.BODY),
        body=ForeseenBody,
        reply=ForeseenResponse,
        handler=post_foreseen,
        errors=[404],
    ),
)
