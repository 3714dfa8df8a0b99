"""Catchup while the DAG changes: switched on and off, with another start date, with another schedule."""

from datetime import UTC, datetime
from typing import Any

from tests.engine.building import World, dag, task
from windward.document import DagDocument
from windward.model.states import RunState
from windward.timetable import CronSchedule, ScheduleKind


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 1, number, hour, tzinfo=UTC)


def daily(**fields: Any) -> DagDocument:
    """It is the tenth, six in the morning."""
    schedule = CronSchedule("0 0 * * *", "UTC", ScheduleKind.TRIGGER)
    values = {"schedule": schedule, "start_date": day(5), "catchup": True}
    return dag(task("a"), **{**values, **fields})


def served(world: World, document: DagDocument) -> list[datetime]:
    world.put(document)
    world.hello()
    world.serve()
    return dates(world)


def dates(world: World) -> list[datetime]:
    return [run.logical_date for run in world.runs() if run.logical_date is not None]


def test_switched_on_it_makes_up_for_what_came_after_the_last_run(world: World) -> None:
    assert served(world, daily(catchup=False)) == [day(10)]
    world.pause("sales", paused=True)
    world.clock.time = day(14, 6)
    assert served(world, daily(catchup=True)) == [day(10)]
    world.pause("sales", paused=False)
    world.serve()
    assert dates(world) == [day(10), day(11), day(12), day(13), day(14)]


def test_switched_off_it_leaves_out_what_was_not_made_yet_but_for_the_latest(world: World) -> None:
    world.put(daily(max_active_runs=1))
    world.settle()
    assert dates(world) == [day(5)]
    assert served(world, daily(max_active_runs=1, catchup=False)) == [day(5), day(10)]


def test_a_start_date_that_moves_back_brings_nothing_back(world: World) -> None:
    assert served(world, daily(start_date=day(9))) == [day(9), day(10)]
    assert served(world, daily(start_date=day(2))) == [day(9), day(10)]


def test_a_start_date_that_moves_forward_leaves_out_intervals_that_lie_before_it(world: World) -> None:
    intervals = CronSchedule("0 0 * * *", "UTC", ScheduleKind.DATA_INTERVAL)
    world.put(daily(max_active_runs=1, schedule=intervals))
    world.settle()
    later = daily(max_active_runs=1, schedule=intervals, start_date=day(8))
    assert served(world, later) == [day(5), day(8), day(9)]


def test_another_schedule_counts_from_the_last_run(world: World) -> None:
    assert served(world, daily(start_date=day(8))) == [day(8), day(9), day(10)]
    half_days = CronSchedule("0 */3 * * *", "UTC", ScheduleKind.TRIGGER)
    assert served(world, daily(start_date=day(8), schedule=half_days)) == [
        day(8), day(9), day(10), day(10, 3), day(10, 6),
    ]  # fmt: skip


def test_what_is_due_now_goes_before_what_was_missed(world: World) -> None:
    world.put(daily())
    world.settle()
    assert [(run.logical_date, run.is_idle_class) for run in world.runs()] == [
        *((day(number), True) for number in range(5, 10)),
        (day(10), False),
    ]
    order = [world.run(ref.run_pk).logical_date for ref in world.submitted()[:6]]
    assert order == [day(10), *map(day, range(5, 10))]


def test_depends_on_past_holds_between_the_schedule_and_what_it_makes_up_for(world: World) -> None:
    document = dag(
        task("a", depends_on_past=True),
        schedule=CronSchedule("0 0 * * *", "UTC", ScheduleKind.TRIGGER),
        start_date=day(8),
        catchup=True,
    )
    world.put(document)
    world.hello()
    world.serve()
    ended = sorted(world.runs(), key=lambda run: run.end_date or day(31))
    assert [run.logical_date for run in ended] == [day(8), day(9), day(10)]
    assert {run.state for run in ended} == {RunState.SUCCESS}
