"""Runs that tasks trigger, and what tasks see of other DAGs, through the scheduler's execution service."""

from datetime import timedelta
from typing import Any

import pytest

from tests.engine.building import T0, World, dag, task
from windward.document import GroupDocument
from windward.model.ids import TaskKey
from windward.model.states import RunType, Semantics
from windward.protocol import calls as c
from windward.protocol.outcomes import Failed
from windward.protocol.work import AttemptRef, RunContext
from windward.timetable import CronSchedule, ScheduleKind

DAG = dag(task("a", retries=2))
OTHER = dag(
    task("load.x", group_id="load"),
    task("y", "load.x"),
    dag_id="other",
    groups=(GroupDocument(group_id="load"),),
    schedule=CronSchedule("0 0 * * *", "UTC", ScheduleKind.DATA_INTERVAL),
    schedule_text="@daily",
)


@pytest.fixture
def ref(world: World) -> AttemptRef:
    """Task `a` of the run `mine` is running; another DAG exists, and its schedule has not begun."""
    world.put(DAG)
    world.put(OTHER, paused=True)
    world.trigger(DAG, run_id="mine")
    world.settle()
    (found,) = world.submitted()
    world.start(found)
    return found


def wish(world: World, ref: AttemptRef, **fields: Any) -> c.TriggerRun:
    since = world.task(ref.run_pk, ref.task_id).first_start_date
    return c.TriggerRun(**{"dag_id": "other", "since": since, **fields})


def trigger(world: World, ref: AttemptRef, **fields: Any) -> RunContext:
    answer = world.call(ref, wish(world, ref, **fields))
    assert isinstance(answer, c.RunAnswer), answer
    assert answer.run is not None
    return answer.run


def next_attempt(world: World, ref: AttemptRef) -> AttemptRef:
    """Fail the attempt and start the next one of the instance."""
    world.end(ref, Failed())
    world.settle()
    world.clock.pass_by(400)
    world.beat()
    world.settle()
    (found,) = [other for other in world.submitted() if other.task_id == ref.task_id]
    world.start(found)
    return found


def test_a_retry_finds_the_run_that_the_attempt_before_triggered(world: World, ref: AttemptRef) -> None:
    first = trigger(world, ref)
    again = trigger(world, next_attempt(world, ref))
    assert again.run_id == first.run_id
    assert len(world.runs("other")) == 1


def test_an_attempt_that_triggers_several_runs_finds_each_of_them_again(
    world: World, ref: AttemptRef
) -> None:
    first = [trigger(world, ref, place=place).run_id for place in range(3)]
    assert len(set(first)) == 3
    later = next_attempt(world, ref)
    assert [trigger(world, later, place=place).run_id for place in range(3)] == first


def test_a_retry_triggers_another_run_when_it_waited_for_one_that_failed(
    world: World, ref: AttemptRef
) -> None:
    world.pause("other", paused=False)
    first = trigger(world, ref, again_after=("failed",))
    world.settle()
    (theirs,) = [other for other in world.submitted() if other.run_pk == first.run_pk]
    world.start(theirs)
    world.end(theirs, Failed())
    world.settle()
    assert world.run(first.run_pk).state == "failed"
    second = trigger(world, next_attempt(world, ref), again_after=("failed",))
    assert second.run_id != first.run_id


def test_a_cleared_task_triggers_another_run(world: World, ref: AttemptRef) -> None:
    first = trigger(world, ref)
    world.clock.pass_by(1)
    answer = world.call(ref, wish(world, ref, since=world.clock.now()))
    assert isinstance(answer, c.RunAnswer)
    assert answer.run is not None
    assert answer.run.run_id != first.run_id


def test_runs_that_are_asked_for_in_one_moment_do_not_collide(world: World, ref: AttemptRef) -> None:
    runs = [trigger(world, ref, place=place) for place in range(5)]
    assert len({run.logical_date for run in runs}) == 5
    assert len({run.run_id for run in runs}) == 5


def test_the_child_knows_its_parent_for_as_long_as_it_lives(world: World, ref: AttemptRef) -> None:
    run = trigger(world, ref)
    parent = world.store.reads.run_parent(run.run_pk)
    assert parent is not None
    assert (parent.dag_id, parent.run_id, parent.task_id, parent.map_index) == ("sales", "mine", "a", -1)
    assert world.store.reads.run_parent(ref.run_pk) is None
    world.store.catalog.delete_dag("other")
    assert world.store.reads.run_parent(run.run_pk) is None


def test_a_reset_runs_an_existing_run_again_once_for_all_attempts(world: World, ref: AttemptRef) -> None:
    world.pause("other", paused=False)
    run_pk = world.trigger(OTHER, run_id="theirs", conf={"k": 1})
    world.serve(lambda _ref: Failed())
    assert world.run(run_pk).state == "failed"
    world.hello()
    world.trigger(DAG, run_id="second", logical_date=T0 + timedelta(hours=9))
    world.settle()
    (caller,) = [other for other in world.submitted() if other.task_id == "a"]
    world.start(caller)
    again = trigger(world, caller, run_id="theirs", reset=True)
    assert again.run_pk == run_pk
    world.settle()
    (theirs,) = [other for other in world.submitted() if other.task_id == "load.x"]
    assert (theirs.run_pk, world.run(run_pk).conf) == (run_pk, {"k": 1})
    trigger(world, caller, run_id="theirs", reset=True)
    world.settle()
    assert world.submitted() == []


def test_a_dag_may_trigger_itself(world: World, ref: AttemptRef) -> None:
    trigger(world, ref, dag_id="sales")
    world.settle()
    assert [run.run_type for run in world.runs()] == [RunType.MANUAL, RunType.OPERATOR_TRIGGERED]
    refused = world.call(ref, wish(world, ref, dag_id="sales", run_id="mine", reset=True, place=1))
    assert isinstance(refused, c.Refused)
    assert "for ever" in refused.message


def test_a_run_of_a_paused_dag_waits_or_is_refused(world: World, ref: AttemptRef) -> None:
    refused = world.call(ref, wish(world, ref, needs_unpaused=True))
    assert isinstance(refused, c.Refused)
    assert refused.code == "paused"
    run = trigger(world, ref)
    world.settle()
    assert world.run(run.run_pk).state == "queued"


def test_a_run_after_a_moment_starts_then(world: World, ref: AttemptRef) -> None:
    world.pause("other", paused=False)
    moment = world.clock.now() + timedelta(seconds=90)
    run = trigger(world, ref, run_after=moment, has_no_date=True)
    world.settle()
    assert (world.run(run.run_pk).state, run.logical_date) == ("queued", None)
    world.clock.pass_by(90)
    world.beat()
    world.settle()
    assert world.run(run.run_pk).state == "running"


def test_a_dag_of_airflow_2_is_triggered_by_hand_as_far_as_it_can_tell(world: World, ref: AttemptRef) -> None:
    world.put(dag(task("z"), dag_id="old", semantics=Semantics.AIRFLOW2))
    assert trigger(world, ref, dag_id="old").run_type is RunType.MANUAL


# -- looking at other DAGs ---------------------------------------------------------------


def test_instances_of_a_group_are_counted_by_state(world: World, ref: AttemptRef) -> None:
    world.trigger(OTHER, run_id="theirs", logical_date=T0)
    answer = world.call(ref, c.TallyTasks(dag_id="other", group_id="load", logical_dates=(T0,)))
    assert answer == c.TaskTalliesAnswer(
        items=(
            c.TaskTally(run_id="theirs", logical_date=T0, task_id="load.x", state="none", count=1),
        ),
        task_ids=("load.x",),
    )  # fmt: skip
    refused = world.call(ref, c.TallyTasks(dag_id="other", group_id="gone", logical_dates=(T0,)))
    assert isinstance(refused, c.Refused)
    assert (refused.code, refused.message) == ("not_found", "DAG `other` has no task group `gone`")


def test_runs_are_found_by_dates_states_and_types(world: World, ref: AttemptRef) -> None:
    for hours in (2, 1):
        world.trigger(OTHER, run_id=f"r{hours}", logical_date=T0 + timedelta(hours=hours))

    def found(**fields: Any) -> list[str]:
        answer = world.call(ref, c.FindRuns(dag_ids=("other", "sales"), **fields))
        assert isinstance(answer, c.RunsAnswer)
        return [run.run_id for run in answer.runs]

    assert found() == ["mine", "r1", "r2"]
    assert found(states=("queued",)) == ["r1", "r2"]
    assert found(date_from=T0 + timedelta(hours=2)) == ["r2"]
    assert found(date_to=T0) == ["mine"]
    assert found(run_types=("scheduled",)) == []
    assert found(run_ids=("r1", "mine"), limit=1) == ["mine"]


def test_a_dag_is_known_with_its_tasks_and_what_its_schedule_never_makes(
    world: World, ref: AttemptRef
) -> None:
    answer = world.call(ref, c.FindDag(dag_id="other", logical_dates=(T0,)))
    assert isinstance(answer, c.DagAnswer)
    assert (answer.is_known, answer.is_paused, answer.task_ids, answer.group_ids) == (
        True,
        True,
        ("load.x", "y"),
        ("load",),
    )
    assert "never has a run of 2026-01-10T06:00:00+00:00" in answer.mismatch
    assert world.call(ref, c.FindDag(dag_id="gone")) == c.DagAnswer(is_known=False)


def test_states_of_a_group_are_those_of_its_tasks_not_of_ids_that_look_alike(
    world: World, ref: AttemptRef
) -> None:
    pk = world.trigger(OTHER, run_id="theirs", logical_date=T0)
    answer = world.call(ref, c.GetTaskStates(dag_id="other", group_id="load"))
    assert isinstance(answer, c.TaskStatesAnswer)
    assert [TaskKey(pk, item.task_id) for item in answer.items] == [TaskKey(pk, "load.x")]
