"""Failed runs that run again on their own: when nothing else waits, a bounded number of times, and not against a person."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.engine.building import T0, World, dag, task
from windward.core.people import decide_mark, decide_mark_run
from windward.core.plan import compile_plan
from windward.core.view import RunView
from windward.document import DagDocument
from windward.model.records import RunRecord
from windward.model.states import RunState, TaskState
from windward.protocol.outcomes import Failed, Outcome, Succeeded
from windward.protocol.work import AttemptRef
from windward.timetable import CronSchedule, ScheduleKind


def daily(**fields: Any) -> DagDocument:
    """A DAG of three tasks in a row that asks for catchup; it was due once, this midnight."""
    values = {
        "schedule": CronSchedule("0 0 * * *", "UTC", ScheduleKind.TRIGGER),
        "start_date": T0 - timedelta(hours=6),
        "catchup": True,
        "is_catchup_explicit": True,
    }
    tasks = fields.pop("of", (task("a"), task("b", "a"), task("c", "b")))
    return dag(*tasks, **{**values, **fields})


def until(good_try: int) -> Callable[[AttemptRef], Outcome]:
    """Let `b` fail until it has run so often."""
    tries = 0

    def decide(ref: AttemptRef) -> Outcome:
        nonlocal tries
        if ref.task_id != "b":
            return Succeeded()
        tries += 1
        return Succeeded() if tries >= good_try else Failed(may_retry=False)

    return decide


def only_run(world: World) -> RunRecord:
    (run,) = world.runs()
    return run


def view(world: World, document: DagDocument) -> RunView:
    run = only_run(world)
    return RunView(run, compile_plan(document, run.document_hash), world.store.runs.load_tasks([run.run_pk]))


def test_a_failed_run_runs_again_from_where_it_failed(world: World) -> None:
    decide = until(2)
    world.put(daily())
    world.hello()
    world.serve(decide)
    run = only_run(world)
    assert (run.state, run.recover_at) == (RunState.FAILED, T0 + timedelta(minutes=5))

    world.clock.pass_by(299)
    world.serve(decide)
    assert only_run(world).state is RunState.FAILED
    world.clock.pass_by(1)
    world.serve(decide)

    run = only_run(world)
    assert (run.state, run.recoveries, run.is_idle_class) == (RunState.SUCCESS, 1, True)
    tries = {name: world.task(run.run_pk, name).try_number for name in "abc"}
    assert tries == {"a": 1, "b": 2, "c": 1}
    reasons = [reason for _, event, reason in world.store.reads.run_trail(run.run_pk) if event == "clear"]
    assert reasons == ["recovery 1 of 5, while nothing else waits: task `b` had failed"]


def test_the_distance_grows_and_the_number_is_bounded(world: World) -> None:
    decide = until(99)
    world.put(daily(end_date=T0))
    world.hello()
    world.serve(decide)
    waits = []
    for _ in range(8):
        run = only_run(world)
        if run.recover_at is None:
            break
        waits.append((run.recover_at - world.clock.time).total_seconds())
        world.clock.time = run.recover_at
        world.serve(decide)
    assert waits == [300, 1200, 4800, 19200, 76800]
    run = only_run(world)
    assert (run.state, run.recoveries, run.recover_at) == (RunState.FAILED, 5, None)
    world.clock.pass_by(10 * 86_400)
    world.serve(decide)
    assert world.task(run.run_pk, "b").try_number == 6


@pytest.mark.parametrize(
    "fields",
    [
        {"is_catchup_explicit": False},
        {"catchup": False},
    ],
)
def test_only_dags_that_ask_for_catchup_themselves_are_kept_whole(
    world: World, fields: dict[str, Any]
) -> None:
    world.put(daily(**fields))
    world.hello()
    world.serve(until(9))
    assert (only_run(world).state, only_run(world).recover_at) == (RunState.FAILED, None)


def test_a_run_that_somebody_triggered_is_not_run_again(world: World) -> None:
    document = daily(start_date=T0 + timedelta(days=1))
    world.put(document)
    world.hello()
    world.trigger(document)
    world.serve(until(9))
    assert only_run(world).recover_at is None


def test_work_that_waits_goes_before_recovery(world: World) -> None:
    decide = until(2)
    world.put(daily())
    other = dag(task("x"), task("y"), dag_id="other")
    world.put(other)
    world.hello()
    world.serve(decide)
    failed = only_run(world)
    world.hello(capacity=1)
    busy = world.trigger(other)
    world.settle()
    world.clock.pass_by(3600)
    world.beat(*world.submitted())
    world.settle()
    assert world.run(failed.run_pk).state is RunState.FAILED, "a task of the other DAG waits for a slot"
    world.restart()
    world.hello()
    world.serve(decide)
    world.clock.pass_by(3600)
    world.hello()
    world.serve(decide)
    assert world.run(busy).state is RunState.SUCCESS
    assert world.run(failed.run_pk).state is RunState.SUCCESS


def test_a_person_who_marks_the_run_failed_stops_it(world: World) -> None:
    document = daily()
    world.put(document)
    world.hello()
    world.serve(until(9))
    run = only_run(world)
    actions = decide_mark_run(view(world, document), RunState.FAILED, by="ada", now=world.clock.now())
    assert world.write(actions, run_pk=run.run_pk)
    world.clock.pass_by(86_400 / 2)
    world.serve()
    run = only_run(world)
    assert (run.state, run.recoveries, run.recover_at) == (RunState.FAILED, 0, None)


def test_a_person_who_marks_a_task_failed_stops_it(world: World) -> None:
    document = daily()
    world.put(document)
    world.hello()
    world.settle()
    (ref,) = world.submitted()
    run = only_run(world)
    key = [record.key for record in view(world, document).all_instances() if record.task_id == ref.task_id]
    actions = decide_mark(view(world, document), key, TaskState.FAILED, by="ada", now=world.clock.now())
    assert world.write(actions, run_pk=run.run_pk)
    world.serve()
    world.clock.pass_by(86_400 / 2)
    world.serve()
    run = only_run(world)
    assert (run.state, run.recoveries, run.recover_at) == (RunState.FAILED, 0, None)


def test_a_new_leader_knows_what_is_planned(world: World) -> None:
    decide = until(2)
    world.put(daily())
    world.hello()
    world.serve(decide)
    world.clock.pass_by(600)
    world.restart("two")
    world.hello()
    world.serve(decide)
    assert only_run(world).state is RunState.SUCCESS


def test_it_runs_as_the_file_is_now(world: World) -> None:
    world.put(daily())
    world.hello()
    world.serve(until(9))
    run = only_run(world)
    newer = world.put(daily(of=(task("a"), task("b", "a"), task("d", "b"))))
    world.clock.pass_by(600)
    world.serve()
    run = only_run(world)
    assert (run.state, run.document_hash) == (RunState.SUCCESS, newer)
    assert world.tasks(run.run_pk) == {"a": "success", "b": "success", "c": "removed", "d": "success"}


def test_a_paused_dag_is_not_recovered_until_it_goes_on(world: World) -> None:
    world.put(daily())
    world.hello()
    world.serve(until(9))
    world.pause("sales", paused=True)
    world.clock.pass_by(600)
    world.serve()
    assert only_run(world).state is RunState.FAILED
    world.pause("sales", paused=False)
    world.serve()
    assert only_run(world).state is RunState.SUCCESS


def test_never_means_never(world: World) -> None:
    from tests.engine.building import settings_of

    world.settings = settings_of(world.settings.home, recover_failed_runs="never")
    world.restart()
    world.put(daily())
    world.hello()
    world.serve(until(9))
    assert only_run(world).recover_at is None
