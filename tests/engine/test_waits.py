"""Limits on failure, deadlines, questions to people and owed callbacks, in passes of the real scheduler."""

from datetime import timedelta

import pytest

from tests.engine.building import T0, World, dag, task
from windward.core.human_input import decide_answer
from windward.document import DeadlineDocument, Expansion, XComLength
from windward.engine.callbacks import TRIES_MAX
from windward.model.states import RunState, TaskState
from windward.model.waits import InputRequest, Person
from windward.protocol.messages import AttemptEnded
from windward.protocol.outcomes import AwaitsInput, Ending, ExitFact, Failed, Outcome, Succeeded
from windward.protocol.work import AttemptRef

DEADLINE = DeadlineDocument(reference="queued_at", interval_s=60.0, name="soon")


def die(world: World, ref: AttemptRef) -> None:
    """The process of an attempt, or of a callback, is killed."""
    exit_fact = ExitFact(kind="signal", signal=9, message="killed")
    ending = Ending(outcome=Failed(), exit=exit_fact, at=world.clock.now(), owes_callbacks=True)
    world.say(AttemptEnded(ref=ref, ending=ending))


def start_all(world: World) -> list[AttemptRef]:
    world.settle()
    refs = world.submitted()
    world.start(*refs)
    return refs


# -- owed callbacks ----------------------------------------------------------------------


def test_the_callback_of_a_killed_task_is_tried_a_bounded_number_of_times(world: World) -> None:
    document = dag(task("a", callbacks=("failure",)))
    world.put(document)
    world.trigger(document)
    (ref,) = start_all(world)
    die(world, ref)
    for _ in range(TRIES_MAX):
        (callback,) = start_all(world)
        assert callback.callback_pk is not None
        die(world, callback)
    world.settle()
    assert world.submitted() == []
    row = world.callback()
    assert (row.kind, row.state, row.tries, row.try_number) == ("task_failure", "failed", TRIES_MAX, 1)


# -- limits on failure -------------------------------------------------------------------


def test_one_failure_ends_a_fail_fast_run_with_all_that_it_has(world: World) -> None:
    document = dag(task("a"), task("b"), task("c", "b"), task("d", "c"), fail_fast=True)
    world.put(document)
    run = world.trigger(document)
    refs = {ref.task_id: ref for ref in start_all(world)}
    world.end(refs["a"], Failed())
    world.settle()
    assert world.tasks(run) == {"a": "failed", "b": "failed", "c": "skipped", "d": "skipped"}
    assert world.run(run).state == "failed"
    assert world.workers.cancelled == [refs["b"]]


def test_a_failure_that_the_scheduler_itself_decides_brings_the_rest_down_too(world: World) -> None:
    """Found by the simulator: what was brought down was put between the parts of the decision that failed."""
    over = Expansion(style="product", arguments=(("x", XComLength("a")),))
    document = dag(task("a"), task("b", "a", expansion=over), task("c", "b"), task("d", "c"), fail_fast=True)
    world.put(document)
    run = world.trigger(document)
    (ref,) = start_all(world)
    world.end(ref, Succeeded(return_length=None))
    world.settle()
    assert world.tasks(run)["b"] in {"failed", "upstream_failed"}
    assert world.run(run).state == "failed"


def test_a_dag_is_paused_after_so_many_failed_runs_and_begins_anew_when_it_is_let_go(world: World) -> None:
    document = dag(task("a"), max_consecutive_failed_dag_runs=2)
    world.put(document)
    for _ in range(2):
        world.trigger(document)
        (ref,) = start_all(world)
        world.end(ref, Failed())
        world.settle()
        world.clock.pass_by(1)
    stored = world.store.catalog.load_dag("sales")
    assert stored is not None
    assert (stored.is_paused, stored.failed_in_a_row) == (True, 2)
    world.pause("sales", paused=False)
    world.trigger(document)
    (ref,) = start_all(world)
    world.end(ref, Failed())
    world.settle()
    stored = world.store.catalog.load_dag("sales")
    assert stored is not None
    assert (stored.is_paused, stored.failed_in_a_row) == (False, 1)


# -- deadlines ---------------------------------------------------------------------------


@pytest.mark.parametrize("restarts", [False, True])
def test_a_deadline_is_missed_once_whoever_leads(world: World, *, restarts: bool) -> None:
    document = dag(task("a"), deadlines=(DEADLINE,))
    world.put(document)
    run = world.trigger(document)
    start_all(world)
    world.clock.pass_by(30)
    world.settle()
    assert world.store.tables.callbacks == {}
    if restarts:
        world.restart("two")
    world.clock.pass_by(31)
    world.beat()
    world.settle()
    world.settle()
    row = world.callback()
    assert (row.kind, row.deadline_number, row.run_pk) == ("deadline", 0, run)
    (deadline,) = world.store.waits.load_deadlines([run])
    assert (deadline.due_at, deadline.missed_at) == (T0 + timedelta(seconds=60), world.clock.now())


def test_a_run_that_is_over_in_time_calls_nobody(world: World) -> None:
    document = dag(task("a"), deadlines=(DEADLINE,))
    world.put(document)
    run = world.trigger(document)
    world.serve()
    world.clock.pass_by(100)
    world.settle()
    assert world.store.tables.callbacks == {}
    (deadline,) = world.store.waits.load_deadlines([run])
    assert deadline.missed_at is None


CUSTOM = DeadlineDocument(reference="custom", interval_s=60.0, name="own")


def say_from(world: World, ref: AttemptRef) -> None:
    """A worker tells what an author's reference has said: the time that it is."""
    outcome = Succeeded(deadline_from=world.clock.now())
    world.say(AttemptEnded(ref=ref, ending=Ending(outcome=outcome, exit=ExitFact(kind="ok"), at=T0)))


@pytest.mark.parametrize("restarts", [False, True])
def test_an_authors_reference_is_asked_on_a_worker_whoever_leads(world: World, *, restarts: bool) -> None:
    document = dag(task("a"), deadlines=(CUSTOM,))
    world.put(document)
    run = world.trigger(document)
    refs = start_all(world)
    (question,) = [ref for ref in refs if ref.callback_pk is not None]
    world.clock.pass_by(20)
    if restarts:
        world.restart("two")
        world.hello(running=tuple(refs))
        world.settle()
    say_from(world, question)
    world.settle()
    (deadline,) = world.store.waits.load_deadlines([run])
    assert deadline.due_at == T0 + timedelta(seconds=80)
    assert len(world.store.tables.callbacks) == 1, "it is asked once"
    world.clock.pass_by(61)
    world.beat()
    world.settle()
    (deadline,) = world.store.waits.load_deadlines([run])
    assert deadline.missed_at == world.clock.now()


def test_what_a_reference_says_after_the_run_is_over_waits_for_whoever_clears_it(world: World) -> None:
    document = dag(task("a"), deadlines=(CUSTOM,))
    world.put(document)
    run = world.trigger(document)
    refs = start_all(world)
    (question,) = [ref for ref in refs if ref.callback_pk is not None]
    (a,) = [ref for ref in refs if ref.callback_pk is None]
    world.end(a)
    world.settle()
    assert world.run(run).state is RunState.SUCCESS
    say_from(world, question)
    world.settle()
    (deadline,) = world.store.waits.load_deadlines([run])
    assert (deadline.due_at, world.callback().state) == (T0 + timedelta(seconds=60), "done")
    world.clock.pass_by(61)
    world.beat()
    world.settle()
    (deadline,) = world.store.waits.load_deadlines([run])
    assert deadline.missed_at is None


def test_a_reference_that_fails_gives_no_deadline(world: World) -> None:
    document = dag(task("a"), deadlines=(CUSTOM,))
    world.put(document)
    run = world.trigger(document)
    (question,) = [ref for ref in start_all(world) if ref.callback_pk is not None]
    world.end(question, Failed(may_retry=False))
    world.settle()
    assert world.store.waits.load_deadlines([run]) == []
    assert world.callback().state == "failed"


def test_a_dag_without_deadlines_costs_no_question(world: World) -> None:
    world.put(dag(task("a")))
    world.trigger(dag(task("a")))
    world.serve()
    assert world.store.tables.deadlines == {}


# -- questions ---------------------------------------------------------------------------


def asking(*, timeout_s: float | None = None, defaults: tuple[str, ...] | None = None) -> Outcome:
    request = InputRequest(subject="?", options=("Yes", "No"), defaults=defaults)
    return AwaitsInput(request=request, next_method="go_on", next_kwargs=b"", timeout_s=timeout_s)


def test_an_answer_lets_the_task_go_on_within_its_try(world: World) -> None:
    document = dag(task("a"))
    world.put(document)
    run = world.trigger(document)
    (ref,) = start_all(world)
    world.end(ref, asking())
    world.settle()
    record = world.task(run, "a")
    assert record.state is TaskState.AWAITING_INPUT
    (question,) = world.store.waits.list_inputs(open_only=True, limit=9)
    actions = decide_answer(
        record,
        question,
        chosen=["Yes"],
        params_input={},
        by=Person(id="ana", name="Ana"),
        now=world.clock.now(),
    )
    assert world.write(actions, run_pk=run)
    assert not world.write(actions, run_pk=run)
    world.settle()
    (again,) = world.submitted()
    world.start(again)
    record = world.task(run, "a")
    assert (record.state, record.try_number) == (TaskState.RUNNING, 1)
    world.end(again)
    world.settle()
    assert world.run(run).state == "success"


def test_a_question_whose_time_is_up_goes_on_by_the_clock(world: World) -> None:
    document = dag(task("a"))
    world.put(document)
    world.trigger(document)
    (ref,) = start_all(world)
    world.end(ref, asking(timeout_s=20, defaults=("No",)))
    world.settle()
    assert world.submitted() == []
    world.clock.pass_by(20)
    world.settle()
    assert [one.task_id for one in world.submitted()] == ["a"]
    (question,) = world.store.waits.list_inputs(open_only=False, limit=9)
    assert (question.chosen, question.is_timeout) == (("No",), True)
