"""Whole runs: from the trigger to the end, in how many passes, at what cost.

Longer than 400 lines because each of them is one world, and what it shows is told beside the others.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.core.building import calls_of
from tests.engine.building import World, dag, task
from windward.core.actions import Action
from windward.core.people import decide_clear, decide_mark, decide_mark_run
from windward.core.plan import compile_plan
from windward.core.view import RunView
from windward.document import DagDocument, Expansion, XComLength
from windward.engine.deciding import ADMITTED_PER_PASS_MAX
from windward.engine.loading import NOTES_MAX
from windward.engine.people.desk import Desk
from windward.engine.people.runs import RunChange, change_run
from windward.engine.people.xcoms import delete_xcom, json_value, write_xcom
from windward.model.ids import TaskKey
from windward.model.records import PoolRecord
from windward.model.states import RunState, Semantics, TaskState, TriggerRule
from windward.ports.executor import Woken
from windward.ports.store import Note
from windward.protocol.messages import StartGranted
from windward.protocol.outcomes import Failed, Outcome, Rescheduled, Skipped, Succeeded, XComPut
from windward.protocol.work import AttemptRef


def fails(*names: str) -> Callable[[AttemptRef], Outcome]:
    return lambda ref: Failed() if ref.task_id in names else Succeeded()


def view(world: World, document: DagDocument, run_pk: int) -> RunView:
    """What a person's command sees."""
    return RunView(world.run(run_pk), compile_plan(document, ""), world.store.runs.load_tasks([run_pk]))


def test_a_run_goes_from_its_trigger_to_success(world: World) -> None:
    document = dag(task("a"), task("b", "a"), task("c", "a"), task("d", "b", "c"))
    world.put(document)
    run_pk = world.trigger(document)
    world.serve()
    assert set(world.tasks(run_pk).values()) == {"success"}
    assert (world.run(run_pk).state, world.run(run_pk).reason) == (RunState.SUCCESS, "all tasks finished")


def test_a_failure_fails_the_run_and_what_is_below(world: World) -> None:
    document = dag(task("a"), task("b", "a"), task("c", trigger_rule=TriggerRule.ALL_DONE))
    world.put(document)
    run_pk = world.trigger(document)
    world.serve(fails("a"))
    assert world.tasks(run_pk) == {"a": "failed", "b": "upstream_failed", "c": "success"}
    assert world.run(run_pk).state is RunState.FAILED


def test_a_successor_is_queued_and_submitted_in_the_pass_and_transaction_of_the_end(world: World) -> None:
    document = dag(*(task(f"t{n}", *([f"t{n - 1}"] if n else [])) for n in range(20)))
    world.put(document)
    world.trigger(document)
    world.settle()
    (ref,) = world.submitted()
    for number in range(1, 20):
        world.start(ref)
        world.end(ref)
        before = world.counters()
        world.step()
        (ref,) = world.submitted()
        assert ref.task_id == f"t{number}"
        assert (world.counters() - before)["commits"] == 1


def test_a_trigger_leads_to_a_submission_in_one_pass(world: World) -> None:
    document = dag(task("a"))
    world.put(document)
    world.settle()
    world.trigger(document)
    world.step(2)
    assert [ref.task_id for ref in world.submitted()] == ["a"]


def _cost_of_an_end(world: World, count: int) -> dict[str, int]:
    """Rows and queries for one start and one end in a run of `count` instances."""
    document = dag(task("up"), *(task(f"t{n}", "up") for n in range(count)), task("end", "t0"))
    world.put(document)
    world.trigger(document)
    world.settle()
    (ref,) = world.submitted()
    world.start(ref)
    world.end(ref)
    world.settle()
    refs = {item.task_id: item for item in world.submitted()}
    world.start(*(refs[name] for name in ("t0", "t1")))
    world.take(StartGranted)
    before = world.counters()
    world.end(refs["t0"])
    world.step()
    assert [item.task_id for item in world.submitted()] == ["end"]
    return dict(world.counters() - before)


def test_an_end_costs_the_same_in_a_run_of_ten_and_of_two_thousand(make_world: Callable[..., World]) -> None:
    small, large = _cost_of_an_end(make_world(), 10), _cost_of_an_end(make_world(), 2_000)
    assert small == large
    assert small["rows"] <= 3
    assert small["queries"] <= 3


def _cost_of_a_mapped_end(world: World, count: int) -> tuple[dict[str, int], int]:
    """The same for instances of a mapped task, and how many functions were called for it."""
    expansion = Expansion(style="product", arguments=(("x", XComLength("up")),))
    document = dag(task("up"), task("m", "up", expansion=expansion), task("end", "m"))
    world.store.secrets.set_pool(PoolRecord(name="default_pool", slots=-1))
    world.put(document)
    world.trigger(document)
    world.settle()
    (ref,) = world.submitted()
    world.start(ref)
    world.end(ref, Succeeded(return_length=count))
    world.settle()
    refs = world.submitted()
    world.start(*refs)
    world.take(StartGranted)
    before = world.counters()
    world.end(refs[0])
    calls = calls_of(world.step)
    return dict(world.counters() - before), calls


def test_an_end_of_a_mapped_instance_costs_the_same_among_ten_and_a_thousand(
    make_world: Callable[..., World],
) -> None:
    small, large = _cost_of_a_mapped_end(make_world(), 10), _cost_of_a_mapped_end(make_world(), 1_000)
    assert small[0] == large[0]
    assert large[1] <= small[1] * 1.2


def test_a_task_costs_at_most_four_row_writes(make_world: Callable[..., World]) -> None:
    def rows(count: int) -> int:
        world = make_world()
        document = dag(*(task(f"t{n}") for n in range(count)))
        world.put(document)
        world.settle()
        before = world.counters()
        world.trigger(document)
        world.serve()
        return (world.counters() - before)["rows"]

    assert (rows(110) - rows(10)) / 100 <= 4


def test_nothing_is_asked_or_written_while_nothing_happens(world: World) -> None:
    document = dag(*(task(f"t{n}") for n in range(50)))
    world.put(document)
    world.trigger(document)
    world.serve()
    before = world.counters()
    for _ in range(60):
        world.clock.pass_by(1)
        world.beat()
        world.step()
    spent = world.counters() - before
    assert spent["queries"] <= 60
    assert spent["rows"] <= 20


def test_more_ready_tasks_than_one_pass_queues_wait_for_nothing_but_the_next_pass(world: World) -> None:
    world.store.secrets.set_pool(PoolRecord(name="default_pool", slots=-1))
    count = 2 * ADMITTED_PER_PASS_MAX + 1
    document = dag(*(task(f"t{n}") for n in range(count)))
    world.put(document)
    world.trigger(document)
    world.settle()
    assert len(world.submitted()) == count


def test_more_notes_than_one_pass_reads_wait_for_nothing_but_the_next_pass(world: World) -> None:
    document = dag(task("a"))
    world.put(document)
    world.settle()
    for _ in range(NOTES_MAX):
        world.store.runs.apply([], notes=[Note(kind="variable", subject="x")])
    world.trigger(document)
    world.settle()
    assert len(world.submitted()) == 1


# -- retries, mapping, limits ------------------------------------------------------------


def test_a_retry_begins_when_it_is_due_and_not_before(world: World) -> None:
    document = dag(task("a", retries=1, retry_delay_s=60.0))
    world.put(document)
    run_pk = world.trigger(document)
    world.serve(fails("a"))
    assert world.tasks(run_pk) == {"a": "up_for_retry"}
    world.clock.pass_by(59)
    world.beat()
    world.serve()
    assert world.tasks(run_pk) == {"a": "up_for_retry"}
    world.clock.pass_by(2)
    world.serve()
    assert (world.tasks(run_pk), world.task(run_pk, "a").try_number) == ({"a": "success"}, 2)


def test_a_retry_waits_in_the_queue_that_its_try_has(world: World) -> None:
    document = dag(task("a", retries=2, retry_delay_s=1.0, retry_queues=("patient",)))
    world.put(document)
    world.trigger(document)
    queues = []
    for _ in range(3):
        world.settle()
        (submission,) = world.workers.submitted
        queues.append(submission.queue)
        world.serve(fails("a"))
        world.clock.pass_by(2)
        world.beat()
    assert queues == ["default", "patient", "patient"]


def test_a_retry_goes_by_the_weight_that_its_try_has(world: World) -> None:
    document = dag(
        task(
            "a", retries=1, retry_delay_s=1.0, priority_weight=9, weight_rule="absolute", retry_weights=(1,)
        ),
        task("b", retries=1, retry_delay_s=1.0, priority_weight=5, weight_rule="absolute"),
        max_active_tasks=1,
    )
    world.put(document)
    world.trigger(document)
    order = list[str]()

    def failing(ref: AttemptRef) -> Outcome:
        order.append(ref.task_id)
        return Failed()

    world.serve(failing)
    world.clock.pass_by(2)
    world.beat()
    world.serve(failing)
    assert order == ["a", "b", "b", "a"]


def test_a_sensor_gives_its_slot_back_and_goes_on_in_its_try(world: World) -> None:
    document = dag(task("a"), task("b"), max_active_tasks=1)
    world.put(document)
    run_pk = world.trigger(document)
    outcomes: dict[str, Outcome] = {"a": Rescheduled(at=world.clock.now().replace(hour=7))}
    world.serve(lambda ref: outcomes.pop(ref.task_id, Succeeded()))
    assert world.tasks(run_pk) == {"a": "up_for_reschedule", "b": "success"}
    world.clock.pass_by(3_601)
    world.serve()
    record = world.task(run_pk, "a")
    assert (record.state, record.try_number) == (TaskState.SUCCESS, 1)


def test_a_mapped_task_expands_over_what_its_upstream_returned(world: World) -> None:
    expansion = Expansion(style="product", arguments=(("x", XComLength("a")),))
    document = dag(task("a"), task("m", "a", expansion=expansion), task("end", "m"))
    world.put(document)
    run_pk = world.trigger(document)
    world.serve(lambda ref: Succeeded(return_length=3) if ref.task_id == "a" else Succeeded())
    assert world.tasks(run_pk) == dict.fromkeys(("a", "m[0]", "m[1]", "m[2]", "end"), "success")


@pytest.mark.parametrize(("value", "instances"), [([1, 2, 3, 4], 4), ([], 1), (None, None)])
def test_a_mapped_task_expands_over_what_a_person_wrote_since(
    world: World, value: list[int] | None, instances: int | None
) -> None:
    expansion = Expansion(style="product", arguments=(("x", XComLength("a")),))
    document = dag(task("a"), task("b", "a"), task("m", "b", expansion=expansion))
    world.put(document)
    run_pk = world.trigger(document)
    world.settle()
    world.start(first := world.submitted()[0])
    world.end(
        first, Succeeded(return_length=2, xcoms=(XComPut(key="return_value", value=json_value([1, 2])),))
    )
    world.settle()

    desk = Desk(store=world.store, clock=world.clock, wakeup=FakeWakeup(), next_pk=world.ids.next_pk)
    run, record = world.run(run_pk), world.task(run_pk, "a")
    if value is None:
        delete_xcom(desk, run, record, "return_value")
    else:
        write_xcom(desk, run, record, "return_value", value, is_new=False, put_away=lambda stored, _: stored)
    world.serve()

    made = [name for name in world.tasks(run_pk) if name.startswith("m")]
    if instances is None:
        assert world.tasks(run_pk)["m"] == "upstream_failed" or world.run(run_pk).state is RunState.FAILED
    else:
        assert len(made) == instances


def test_a_run_that_changes_meanwhile_is_decided_again_and_alone(world: World) -> None:
    document = dag(task("a"))
    world.put(document)
    first, second = (
        world.trigger(document, run_id=name, logical_date=world.clock.now().replace(day=day))
        for day, name in ((1, "one"), (2, "two"))
    )
    world.settle()
    desk = Desk(store=world.store, clock=world.clock, wakeup=FakeWakeup(), next_pk=world.ids.next_pk)
    decided: list[str] = []

    def decide(view: RunView, now: datetime) -> list[Action]:
        decided.append(view.run.run_id)
        if decided == ["one", "two"]:
            change_run(desk, world.run(second), RunChange(state=RunState.FAILED), by="ann")
        return decide_mark_run(view, RunState.SUCCESS, by="bob", now=now)

    told: list[str] = []
    desk.change_each([world.run(first), world.run(second)], decide, lambda run, _: told.append(run.run_id))

    assert decided == ["one", "two", "two"]
    assert told == ["one", "two"]
    assert {world.run(run_pk).state for run_pk in (first, second)} == {RunState.SUCCESS}


class FakeWakeup:
    def wake(self) -> None:
        pass


def test_a_branch_and_a_skip_reach_the_end_of_the_run_in_the_pass_of_the_end(world: World) -> None:
    document = dag(task("a"), *(task(f"t{n}", "a" if not n else f"t{n - 1}") for n in range(50)))
    world.put(document)
    run_pk = world.trigger(document)
    world.settle()
    (ref,) = world.submitted()
    world.start(ref)
    world.end(ref, Skipped())
    world.step()
    assert set(world.tasks(run_pk).values()) == {"skipped"}
    assert world.run(run_pk).state is RunState.SUCCESS


@pytest.mark.parametrize(("semantics", "expected"), [(Semantics.AIRFLOW2, 2), (Semantics.AIRFLOW3, 4)])
def test_no_more_than_the_limit_is_in_flight(world: World, semantics: Semantics, expected: int) -> None:
    document = dag(*(task(f"t{n}") for n in range(5)), max_active_tasks=2, semantics=semantics)
    world.put(document)
    for number in range(2):
        world.trigger(document, run_id=f"r{number}", logical_date=world.clock.now().replace(minute=number))
    world.settle()
    assert len(world.submitted()) == expected


def test_a_pool_that_grows_lets_what_waits_go(world: World) -> None:
    world.store.secrets.set_pool(PoolRecord(name="red", slots=1))
    document = dag(*(task(f"t{n}", pool="red") for n in range(3)))
    world.put(document)
    world.trigger(document)
    world.settle()
    assert len(world.submitted()) == 1
    world.store.secrets.set_pool(PoolRecord(name="red", slots=2))
    world.workers.inbox.append(Woken())
    world.settle()
    assert len(world.submitted()) == 1


def test_runs_beyond_the_limit_wait_and_start_one_by_one(world: World) -> None:
    document = dag(task("a"), max_active_runs=1)
    world.put(document)
    pks = [
        world.trigger(document, run_id=f"r{n}", logical_date=world.clock.now().replace(minute=n))
        for n in range(3)
    ]
    world.settle()
    assert [world.run(pk).state.value for pk in pks] == ["running", "queued", "queued"]
    world.serve()
    assert [world.run(pk).state.value for pk in pks] == ["success"] * 3


# -- the past ----------------------------------------------------------------------------


def test_a_task_waits_for_its_own_past_and_goes_on_when_it_is_cleared_and_succeeds(world: World) -> None:
    document = dag(task("a", depends_on_past=True), task("b", "a"))
    world.put(document)
    first = world.trigger(document, run_id="one", logical_date=world.clock.now().replace(hour=1))
    second = world.trigger(document, run_id="two", logical_date=world.clock.now().replace(hour=2))
    world.serve(lambda ref: Failed() if ref.run_pk == first else Succeeded())
    assert world.tasks(second) == {"a": "none", "b": "none"}
    actions = decide_clear(
        view(world, document, first),
        [TaskKey(first, "a"), TaskKey(first, "b")],
        by="ada",
        now=world.clock.now(),
    )
    assert world.write(actions, run_pk=first)
    world.serve()
    assert [world.run(pk).state.value for pk in (first, second)] == ["success", "success"]


# -- people ------------------------------------------------------------------------------


def test_a_task_that_is_marked_while_it_runs_is_stopped_and_its_word_refused(world: World) -> None:
    document = dag(task("a"), task("b", "a"))
    world.put(document)
    run_pk = world.trigger(document)
    world.settle()
    (ref,) = world.submitted()
    world.start(ref)
    marks = decide_mark(
        view(world, document, run_pk),
        [TaskKey(run_pk, "a")],
        TaskState.SUCCESS,
        by="ada",
        now=world.clock.now(),
    )
    assert world.write(marks, run_pk=run_pk)
    world.settle()
    assert world.workers.cancelled == [ref]
    world.end(ref, Failed())
    world.settle()
    assert world.tasks(run_pk) == {"a": "success", "b": "queued"}


def test_a_task_that_is_cleared_while_it_runs_begins_anew_after_its_end(world: World) -> None:
    document = dag(task("a"))
    world.put(document)
    run_pk = world.trigger(document)
    world.settle()
    (ref,) = world.submitted()
    world.start(ref)
    clear = decide_clear(
        view(world, document, run_pk), [TaskKey(run_pk, "a")], by="ada", now=world.clock.now()
    )
    assert world.write(clear, run_pk=run_pk)
    world.settle()
    assert (world.tasks(run_pk), world.workers.cancelled, world.submitted()) == (
        {"a": "restarting"},
        [ref],
        [],
    )
    world.end(ref, Failed())
    world.serve()
    assert (world.tasks(run_pk), world.task(run_pk, "a").try_number) == ({"a": "success"}, 2)


def test_a_run_that_may_last_longer_than_the_calendar_runs_as_one_without_a_limit(world: World) -> None:
    limit_s = timedelta.max.total_seconds()
    document = dag(
        task("a", sla_s=limit_s, execution_timeout_s=limit_s),
        dagrun_timeout_s=limit_s,
        semantics=Semantics.AIRFLOW2,
    )
    world.put(document)
    run_pk = world.trigger(document)
    world.serve()
    assert world.run(run_pk).state is RunState.SUCCESS


def test_a_run_whose_time_is_up_fails_and_its_workers_are_stopped(world: World) -> None:
    document = dag(task("a"), task("b", "a"), dagrun_timeout_s=60.0, callbacks=("failure",))
    world.put(document)
    run_pk = world.trigger(document)
    world.settle()
    (ref,) = world.submitted()
    world.start(ref)
    world.clock.pass_by(25)
    world.beat(ref)
    world.settle()
    assert world.run(run_pk).state is RunState.RUNNING
    world.clock.pass_by(25)
    world.beat(ref)
    world.settle()
    world.clock.pass_by(10)
    world.settle()
    assert (world.run(run_pk).state, world.tasks(run_pk)) == (
        RunState.FAILED,
        {"a": "skipped", "b": "skipped"},
    )
    assert world.workers.cancelled == [ref]
    assert world.callback().kind == "failure"
