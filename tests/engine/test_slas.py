"""SLAs of Airflow 2 in the scheduler: found by a timer, written down once, told once."""

from datetime import timedelta
from typing import Any

from tests.engine.building import T0, World, dag, task
from windward.model.states import Semantics
from windward.protocol.messages import StartGranted
from windward.protocol.outcomes import Failed
from windward.protocol.work import AttemptRef, CallbackContext
from windward.timetable import CronSchedule, ScheduleKind

HOUR_S = 3600.0


def late_dag(**fields: Any) -> Any:
    """Return a daily DAG `a >> b`: its newest slot ended at midnight, `a` has 7 hours from then and `b` 8."""
    values: dict[str, Any] = {
        "semantics": Semantics.AIRFLOW2,
        "schedule": CronSchedule("0 0 * * *", "UTC", ScheduleKind.DATA_INTERVAL),
        "start_date": T0 - timedelta(days=1, hours=6),
        "callbacks": ("sla_miss",),
        "catchup": True,
        **fields,
    }
    return dag(task("a", sla_s=7 * HOUR_S), task("b", "a", sla_s=8 * HOUR_S), **values)


def begin(world: World, **fields: Any) -> AttemptRef:
    world.put(late_dag(**fields))
    world.settle()
    (ref,) = world.submitted()
    world.start(ref)
    return ref


def wait(world: World, seconds: float, *running: AttemptRef) -> None:
    """Let time pass in steps that keep the worker's lease."""
    passed = 0.0
    while passed < seconds:
        world.clock.pass_by(min(10.0, seconds - passed))
        passed += 10.0
        world.beat(*running)
        world.settle()


def misses(world: World) -> list[str]:
    return [miss.task_id for miss in reversed(world.store.waits.list_sla_misses(limit=9))]


def told(world: World) -> list[CallbackContext]:
    """Start the callbacks that were handed out, and return what they are told."""
    refs = [ref for ref in world.submitted() if ref.callback_pk is not None]
    if refs:
        world.start(*refs)
    granted = [message for message in world.take(StartGranted) if message.ref.callback_pk is not None]
    for message in granted:
        world.end(message.ref)
    world.settle()
    return [message.context for message in granted]


def test_a_task_that_is_not_done_in_time_is_written_down_and_told(world: World) -> None:
    ref = begin(world)
    world.take(StartGranted)
    wait(world, HOUR_S - 10, ref)
    assert misses(world) == []
    wait(world, 10, ref)
    assert misses(world) == ["a"]
    (context,) = told(world)
    assert context.slas is not None
    assert (context.kind, [item.task_id for item in context.slas.misses]) == ("sla_miss", ["a"])
    assert [(late.task_id, late.state) for late in context.slas.blocking] == [("a", "running"), ("b", "none")]
    wait(world, HOUR_S, ref)
    assert misses(world) == ["a", "b"]
    (later,) = told(world)
    assert later.slas is not None
    assert [item.task_id for item in later.slas.misses] == ["b"]
    wait(world, 60, ref)
    assert told(world) == []


def test_a_task_that_is_done_in_time_is_not(world: World) -> None:
    ref = begin(world)
    world.end(ref)
    world.serve()
    world.clock.pass_by(3 * HOUR_S)
    world.hello()
    world.settle()
    assert misses(world) == []


def test_a_run_that_failed_before_its_time_is_late_at_its_time(world: World) -> None:
    ref = begin(world)
    world.end(ref, Failed())
    world.settle()
    assert world.run(ref.run_pk).state == "failed"
    assert misses(world) == []
    wait(world, HOUR_S + 10)
    assert misses(world) == ["a"]


def test_a_run_that_waits_for_its_turn_is_late_too(world: World) -> None:
    world.put(late_dag(), paused=True)
    world.settle()
    world.pause("sales", paused=False)
    world.scheduler.step()
    world.pause("sales", paused=True)
    world.settle()
    wait(world, HOUR_S)
    assert misses(world) == ["a"]


def test_a_new_leader_tells_nothing_twice(world: World) -> None:
    ref = begin(world)
    wait(world, HOUR_S + 10, ref)
    assert len(told(world)) == 1
    world.restart()
    world.hello(running=(ref,))
    world.settle()
    assert misses(world) == ["a"]
    assert len(world.store.tables.callbacks) == 1


def test_a_dag_without_slas_costs_nothing(world: World) -> None:
    document = dag(task("a"), semantics=Semantics.AIRFLOW2)
    world.put(document)
    world.trigger(document)
    world.settle()
    before = world.counters()["queries"]
    world.clock.pass_by(1)
    world.beat()
    world.step()
    assert world.counters()["queries"] - before <= 2
