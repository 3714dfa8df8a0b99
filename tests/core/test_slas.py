"""Which tasks are late by their SLA, and when that is looked at."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import T0, at, plan_of, run_of, task
from windward.core.plan import DagPlan
from windward.core.slas import KEPT, MissSla, decide_sla, sla_times
from windward.model.ids import TaskKey
from windward.model.records import RunRecord, TaskRecord
from windward.model.states import RunType, Semantics, TaskState

STATES = st.sampled_from(sorted(TaskState))


def plan(**fields: Any) -> DagPlan:
    values: dict[str, Any] = {"semantics": Semantics.AIRFLOW2, **fields}
    return plan_of(task("a", sla_s=60.0), task("b", "a", sla_s=3600.0), task("c"), **values)


def run(**fields: Any) -> RunRecord:
    values: dict[str, Any] = {
        "run_type": RunType.SCHEDULED,
        "data_interval_start": T0 - timedelta(days=1),
        "data_interval_end": T0,
        **fields,
    }
    return run_of(**values)


def record(task_id: str, state: TaskState, map_index: int = -1) -> TaskRecord:
    return TaskRecord(run_pk=1, task_id=task_id, map_index=map_index, state=state)


def decide(seconds: float, *records: TaskRecord, recorded: tuple[str, ...] = (), **fields: Any) -> Any:
    dag = fields.pop("dag", {})
    return decide_sla(plan(**dag).document, run(**fields), records, recorded=recorded, now=at(seconds))


def late(found: MissSla | None) -> list[str]:
    return [miss.task_id for miss in found.misses] if found is not None else []


def test_an_sla_counts_from_the_end_of_the_slot() -> None:
    assert sla_times(plan().document, run()) == [at(60), at(3600)]
    assert late(decide(59.9, record("a", TaskState.RUNNING))) == []
    assert late(decide(60, record("a", TaskState.RUNNING))) == ["a"]
    assert late(decide(3601, record("a", TaskState.SUCCESS), record("b", TaskState.NONE))) == ["b"]


def test_an_sla_beyond_the_calendar_is_kept_by_whoever_does_whatever() -> None:
    document = plan_of(task("a", sla_s=timedelta.max.total_seconds()), semantics=Semantics.AIRFLOW2).document
    assert sla_times(document, run()) == []
    assert decide_sla(document, run(), [], recorded=(), now=at(3600)) is None


def test_a_run_that_has_not_begun_is_late_too() -> None:
    assert late(decide(61)) == ["a"]


@given(states=st.lists(STATES, min_size=1, max_size=4))
def test_a_task_keeps_its_sla_when_all_instances_have_ended_well(states: list[TaskState]) -> None:
    records = [record("a", state, index) for index, state in enumerate(states)]
    assert (late(decide(61, *records)) == []) == (set(states) <= KEPT)


@given(seconds=st.floats(0, 7200), recorded=st.sets(st.sampled_from(["a", "b"])))
def test_a_miss_is_told_once(seconds: float, recorded: set[str]) -> None:
    first = decide(seconds, recorded=tuple(recorded))
    again = decide(seconds, recorded=(*recorded, *late(first)))
    assert again is None
    assert recorded.isdisjoint(late(first))


@pytest.mark.parametrize(
    "fields",
    [
        {"run_type": RunType.MANUAL},
        {"run_type": RunType.BACKFILL},
        {"is_idle_class": True},
        {"clear_number": 1},
        {"data_interval_end": None},
        {"dag": {"semantics": Semantics.AIRFLOW3}},
    ],
    ids=str,
)
def test_only_runs_of_a_schedule_of_airflow_2_have_slas_and_only_once(fields: dict[str, Any]) -> None:
    assert decide(9999, **fields) is None
    dag = fields.pop("dag", {})
    assert sla_times(plan(**dag).document, run(**fields)) == []


def test_a_callback_is_put_into_the_outbox_when_somebody_wants_to_hear() -> None:
    assert decide(61).callback is None
    told = decide(61, dag={"callbacks": ("sla_miss",)})
    assert (told.callback, told.callback_task) == ("sla_miss", TaskKey(1, "a"))
    assert told.reason == "late by its SLA: `a`"
    mailed = decide_sla(
        plan_of(task("a", sla_s=60.0, email=("ada@x",)), semantics=Semantics.AIRFLOW2).document,
        run(),
        (),
        recorded=(),
        now=at(61),
    )
    assert mailed is not None
    assert mailed.callback == "sla_miss"
