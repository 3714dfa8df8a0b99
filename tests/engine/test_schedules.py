"""Runs by schedule: which slots, how many at once, what a pause and a person's run change."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.engine.building import World, dag, task
from windward.document import DagDocument
from windward.model.states import RunState, RunType, Semantics
from windward.timetable import CronSchedule, DeltaSchedule, ScheduleKind

DAYS = {day: datetime(2026, 1, day, tzinfo=UTC) for day in range(1, 16)}


def daily(kind: ScheduleKind = ScheduleKind.TRIGGER, **fields: Any) -> DagDocument:
    """A daily DAG that began on the fifth; it is the tenth, six in the morning."""
    values = {
        "schedule": CronSchedule("0 0 * * *", "UTC", kind),
        "start_date": DAYS[5],
        "semantics": Semantics.AIRFLOW3,
    }
    return dag(fields.pop("of", task("a")), **{**values, **fields})


def days(world: World) -> list[int]:
    return [run.logical_date.day for run in world.runs() if run.logical_date is not None]


def test_catchup_makes_a_run_of_every_slot_since_the_start(world: World) -> None:
    world.put(daily(catchup=True))
    world.serve()
    assert days(world) == [5, 6, 7, 8, 9, 10]
    assert {run.state for run in world.runs()} == {RunState.SUCCESS}


def test_without_catchup_only_the_latest_slot_is_made(world: World) -> None:
    world.put(daily(catchup=False))
    world.serve()
    assert days(world) == [10]


def test_with_data_intervals_a_run_covers_the_interval_that_ended(world: World) -> None:
    world.put(daily(ScheduleKind.DATA_INTERVAL, catchup=False, semantics=Semantics.AIRFLOW2))
    world.serve()
    (run,) = world.runs()
    assert (run.data_interval_start, run.data_interval_end, run.run_after) == (DAYS[9], DAYS[10], DAYS[10])
    assert run.run_id == "scheduled__2026-01-09T00:00:00+00:00"


def test_the_next_run_is_made_when_its_time_has_come_and_not_before(world: World) -> None:
    world.put(daily(catchup=False))
    world.serve()
    world.clock.time = DAYS[11] - timedelta(microseconds=1)
    world.serve()
    assert days(world) == [10]
    world.clock.time = DAYS[11]
    world.serve()
    assert days(world) == [10, 11]


def test_the_schedule_stops_at_the_end_date(world: World) -> None:
    world.put(daily(catchup=True, end_date=DAYS[7]))
    world.serve()
    assert days(world) == [5, 6, 7]


def test_no_more_runs_are_made_than_may_be_active(world: World) -> None:
    world.put(daily(catchup=True, max_active_runs=2))
    world.settle()
    assert days(world) == [5, 6]
    world.serve()
    assert days(world) == [5, 6, 7, 8, 9, 10]


def test_a_slot_whose_date_a_person_took_is_passed_over(world: World) -> None:
    document = daily(catchup=True)
    world.put(document, paused=True)
    world.settle()
    world.trigger(document, logical_date=DAYS[7], run_id="mine")
    world.pause("sales", paused=False)
    world.serve()
    assert sorted(days(world)) == [5, 6, 7, 8, 9, 10]
    assert [run.run_id for run in world.runs() if run.run_type is RunType.MANUAL] == ["mine"]


def test_a_slot_whose_id_a_person_took_for_another_date_is_run_under_a_longer_id(world: World) -> None:
    document = daily(catchup=True)
    world.put(document, paused=True)
    world.settle()
    world.trigger(document, logical_date=DAYS[1], run_id="scheduled__2026-01-07T00:00:00+00:00")
    world.pause("sales", paused=False)
    world.serve()
    assert sorted(days(world)) == [1, 5, 6, 7, 8, 9, 10]
    (found,) = (run for run in world.runs() if run.logical_date == DAYS[7])
    assert found.run_id == f"scheduled__2026-01-07T00:00:00+00:00__{found.run_pk:x}"


def test_a_dag_goes_on_when_its_semantics_change_and_ids_meet(world: World) -> None:
    """By the one, a run is named after the end of its interval; by the other, the next one after its start."""
    world.put(daily(ScheduleKind.DATA_INTERVAL, catchup=False))
    world.serve()
    (first,) = world.runs()
    world.put(daily(ScheduleKind.DATA_INTERVAL, catchup=False, semantics=Semantics.AIRFLOW2))
    world.clock.pass_by(86_400)
    world.serve()
    second = world.runs()[-1]
    assert second.data_interval_start == first.data_interval_end
    assert second.run_id == f"{first.run_id}__{second.run_pk:x}"


def test_a_new_scheduler_goes_on_where_the_schedule_stood(world: World) -> None:
    world.put(daily(catchup=True, max_active_runs=2))
    world.settle()
    world.restart()
    world.hello()
    world.serve()
    assert days(world) == [5, 6, 7, 8, 9, 10]


def test_a_dag_that_is_changed_to_another_schedule_follows_it(world: World) -> None:
    world.put(daily(catchup=False))
    world.serve()
    hourly = CronSchedule("0 * * * *", "UTC", ScheduleKind.TRIGGER)
    world.put(daily(catchup=False, schedule=hourly))
    world.clock.pass_by(3_600)
    world.serve()
    assert world.runs()[-1].logical_date == world.clock.now()


# -- pauses ------------------------------------------------------------------------------


def test_a_paused_dag_makes_no_runs_and_starts_none_that_are_asked_for(world: World) -> None:
    document = daily(catchup=True)
    world.put(document, paused=True)
    run_pk = world.trigger(document)
    world.serve()
    assert [run.state for run in world.runs()] == [RunState.QUEUED]
    world.pause("sales", paused=False)
    world.serve()
    assert world.run(run_pk).state is RunState.SUCCESS


def test_a_dag_that_is_paused_begins_nothing_new_and_lets_what_runs_end(world: World) -> None:
    document = dag(task("a"), task("b", "a"))
    world.put(document)
    run_pk = world.trigger(document)
    world.settle()
    (ref,) = world.submitted()
    world.start(ref)
    world.pause("sales", paused=True)
    world.end(ref)
    world.settle()
    assert (world.tasks(run_pk), world.submitted()) == ({"a": "success", "b": "none"}, [])
    world.pause("sales", paused=False)
    world.serve()
    assert world.run(run_pk).state is RunState.SUCCESS


def test_a_dag_whose_file_is_gone_makes_no_runs_and_its_open_run_goes_on(world: World) -> None:
    document = daily(catchup=False, max_active_runs=3)
    world.put(document)
    world.settle()
    world.store.catalog.delete_file(document.fileloc, now=world.clock.now())
    world.clock.time = DAYS[12]
    world.hello()
    world.serve()
    assert [(run.logical_date.day, run.state.value) for run in world.runs() if run.logical_date] == [
        (10, "success")
    ]


def test_a_run_keeps_the_document_that_it_began_with(world: World) -> None:
    document = dag(task("a"), task("b", "a"))
    world.put(document)
    run_pk = world.trigger(document)
    world.settle()
    (ref,) = world.submitted()
    world.start(ref)
    world.put(dag(task("a"), task("other")))
    world.end(ref)
    world.serve()
    assert world.tasks(run_pk) == {"a": "success", "b": "success"}


@pytest.mark.parametrize("hours", [1, 48])
def test_a_run_that_is_asked_for_a_later_time_waits_for_it(world: World, hours: int) -> None:
    document = dag(task("a"))
    world.put(document)
    later = world.clock.now() + timedelta(hours=hours)
    run_pk = world.trigger(document)
    import msgspec

    kept = world.store.tables.runs[run_pk]
    world.store.tables.runs[run_pk] = msgspec.structs.replace(kept, run_after=later)
    world.serve()
    assert world.run(run_pk).state is RunState.QUEUED
    world.clock.time = later
    world.hello()
    world.serve()
    assert world.run(run_pk).state is RunState.SUCCESS


def test_a_schedule_by_distance_does_not_drift_by_the_delay_of_the_scheduler(world: World) -> None:
    world.put(
        dag(
            task("a"),
            schedule=DeltaSchedule(delta=60.0, kind=ScheduleKind.TRIGGER),
            start_date=DAYS[5],
            semantics=Semantics.AIRFLOW3,
            catchup=False,
        )
    )
    world.serve()
    for _ in range(3):
        world.clock.pass_by(60.007)
        world.serve()
    moments = [run.run_after for run in world.runs()]
    assert {later - earlier for earlier, later in pairwise(moments)} == {timedelta(seconds=60)}
