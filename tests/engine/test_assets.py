"""Events of assets in the scheduler: from the task that writes to the run that takes."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.building import T0, World, dag, task
from windward.core.actions import AddAssetEvent
from windward.core.assets import reported_event
from windward.document import DagDocument
from windward.model.records import RunRecord
from windward.model.states import RunState, RunType, Semantics
from windward.ports.store import Note
from windward.protocol.outcomes import AssetWrite, Failed, Succeeded
from windward.timetable import (
    AliasLeaf,
    AllOf,
    AnyOf,
    AssetLeaf,
    AssetOrTimeSchedule,
    AssetSchedule,
    Condition,
    from_author,
)

ORDERS = AssetLeaf("orders", "s3://b/orders")
PRICES = AssetLeaf("prices", "s3://b/prices")


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.put(dag(task("write"), dag_id="load"))
    world.hello()
    return world


def consumer(condition: Condition, dag_id: str = "report", **fields: Any) -> DagDocument:
    return dag(task("read"), dag_id=dag_id, schedule=AssetSchedule(condition), **fields)


def trigger(world: World) -> int:
    """Make a run of the DAG that writes, of a date of its own."""
    document = dag(task("write"), dag_id="load")
    count = world.ids.last
    return world.trigger(document, run_id=f"m{count}", logical_date=T0 + timedelta(seconds=count))


def write(world: World, *names: str, aliases: tuple[str, ...] = ()) -> int:
    """Run the DAG that writes these assets."""
    writes = tuple(AssetWrite(name=name, uri=f"s3://b/{name}", aliases=aliases) for name in names)
    run_pk = trigger(world)
    world.serve(lambda ref: Succeeded(assets=writes) if ref.run_pk == run_pk else Succeeded())
    return run_pk


def made(world: World, dag_id: str = "report") -> list[RunRecord]:
    return world.runs(dag_id)


def taken(world: World, dag_id: str = "report") -> list[list[str]]:
    return [
        [event.name for event in world.store.assets.consumed_events(run.run_pk)]
        for run in made(world, dag_id)
    ]


def test_a_written_asset_makes_a_run_of_the_dag_that_waits_for_it(world: World) -> None:
    world.put(consumer(ORDERS))

    write(world, "orders")

    (run,) = made(world)
    assert (run.run_type, run.state) == (RunType.ASSET_TRIGGERED, RunState.SUCCESS)
    (event,) = world.store.assets.consumed_events(run.run_pk)
    assert (event.source_dag_id, event.source_task_id, event.uri) == ("load", "write", "s3://b/orders")


def test_all_of_a_condition_has_to_be_written_and_any_is_enough(world: World) -> None:
    world.put(consumer(AllOf((ORDERS, PRICES)), "both"))
    world.put(consumer(AnyOf((ORDERS, PRICES)), "either"))

    write(world, "orders")
    write(world, "orders")
    assert taken(world, "both") == []
    assert taken(world, "either") == [["orders"], ["orders"]]

    write(world, "prices")
    assert taken(world, "both") == [["orders", "orders", "prices"]]
    assert taken(world, "either") == [["orders"], ["orders"], ["prices"]]


def test_a_task_that_fails_writes_nothing(world: World) -> None:
    world.put(consumer(ORDERS))
    run_pk = world.trigger(dag(task("write"), dag_id="load"))

    world.serve(lambda _ref: Failed())

    assert world.run(run_pk).state is RunState.FAILED
    assert made(world) == []
    assert world.store.assets.list_events() == []


def test_a_paused_dag_collects_and_makes_one_run_of_all_when_it_goes_on(world: World) -> None:
    world.put(consumer(ORDERS), paused=True)
    write(world, "orders")
    write(world, "orders")
    assert made(world) == []

    world.pause("report", paused=False)
    world.serve()

    assert taken(world) == [["orders", "orders"]]


def test_what_waits_is_known_to_the_next_scheduler(world: World) -> None:
    world.put(consumer(AllOf((ORDERS, PRICES))))
    write(world, "orders")

    world.restart()
    world.hello()
    write(world, "prices")

    assert taken(world) == [["orders", "prices"]]


def test_events_of_an_asset_that_the_schedule_names_no_longer_are_let_go(world: World) -> None:
    world.put(consumer(AllOf((ORDERS, PRICES))))
    write(world, "orders")

    world.put(consumer(PRICES))
    write(world, "prices")
    world.put(consumer(AllOf((ORDERS, PRICES))))
    write(world, "prices")

    assert taken(world) == [["prices"]]
    assert [event.name for event in world.store.assets.load_waiting()["report"]] == ["prices"]


def test_more_runs_than_may_be_active_wait_in_the_queue(world: World) -> None:
    world.put(consumer(ORDERS, max_active_runs=1))
    for _ in range(3):
        writes = (AssetWrite(name="orders", uri="s3://b/orders"),)
        trigger(world)
        world.settle()
        for ref in world.submitted():
            if ref.task_id == "write":
                world.start(ref)
                world.end(ref, Succeeded(assets=writes))
        world.settle()

    states = [run.state for run in made(world)]
    assert sorted(states) == [RunState.QUEUED, RunState.QUEUED, RunState.RUNNING]


@pytest.mark.parametrize(("semantics", "count"), [(Semantics.AIRFLOW2, 2), (Semantics.AIRFLOW3, 1)])
def test_an_alias_stands_for_what_is_written_through_it(
    semantics: Semantics, count: int, world: World
) -> None:
    world.put(consumer(AliasLeaf("daily"), semantics=semantics))

    write(world, "orders")
    assert made(world) == []
    write(world, "orders", aliases=("daily",))
    write(world, "orders")
    write(world, "prices")

    assert taken(world) == [["orders"]] * count


def test_a_reported_event_is_routed_by_the_scheduler_and_survives_it(world: World) -> None:
    world.put(consumer(ORDERS))
    world.settle()
    action: AddAssetEvent = reported_event(
        event_pk=world.ids.next_pk(),
        name="orders",
        uri="s3://b/orders",
        extra={"n": 1},
        now=world.clock.now(),
        by="ada",
    )
    assert world.store.runs.apply(
        [[action]], notes=[Note(kind="asset", subject=str(action.event.event_pk))]
    ).all
    world.restart()
    world.hello()

    world.serve()

    (run,) = made(world)
    (event,) = world.store.assets.consumed_events(run.run_pk)
    assert (event.reported_by, event.extra) == ("ada", {"n": 1})


def test_a_dag_by_assets_or_time_runs_by_both_and_time_takes_no_events(world: World) -> None:
    hourly = from_author("0 * * * *", timezone="UTC", semantics=Semantics.AIRFLOW3)
    schedule = AssetOrTimeSchedule(schedule=hourly, condition=AllOf((ORDERS, PRICES)))  # type: ignore[arg-type]
    world.put(dag(task("read"), dag_id="report", schedule=schedule))
    write(world, "orders")

    world.clock.pass_by(3600)
    world.serve()
    write(world, "prices")

    assert [run.run_type for run in made(world)] == [
        RunType.SCHEDULED,
        RunType.SCHEDULED,
        RunType.ASSET_TRIGGERED,
    ]
    assert taken(world)[-1] == ["orders", "prices"]


def test_two_runs_of_airflow2_at_one_moment_have_dates_of_their_own(world: World) -> None:
    world.put(consumer(ORDERS, semantics=Semantics.AIRFLOW2))

    write(world, "orders")
    write(world, "orders")

    dates = [run.logical_date for run in made(world)]
    assert len(dates) == len(set(dates)) == 2
    assert [run.state for run in made(world)] == [RunState.SUCCESS, RunState.SUCCESS]


def test_an_event_costs_a_row_and_one_for_each_dag_that_waits(world: World) -> None:
    def rows(*names: str) -> int:
        before = world.store.runs.counters.rows_written
        write(world, *names)
        return world.store.runs.counters.rows_written - before

    for _ in range(3):
        write(world)  # the worker has said hello, and the lease is written
    plain = rows()

    assert rows("orders") == plain + 1
    world.put(consumer(ORDERS), paused=True)
    world.settle()
    assert rows("orders") == plain + 2
