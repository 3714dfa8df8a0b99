"""The idle class is heard a little at a time, and nobody behind it waits for more than that."""

from pathlib import Path

from tests.engine.building import World, dag, task
from tests.engine.test_backfills import Backfilled
from windward.engine.intake import Intake
from windward.engine.work import Input
from windward.errors import UnavailableError
from windward.model.states import RunState
from windward.ports.executor import Envelope, HostGone, Woken
from windward.protocol.calls import GetVariable
from windward.protocol.messages import Accepted, ChildCall, Heartbeat, StartGranted, StartRequest
from windward.protocol.work import AttemptRef

IDLE, USUAL = 1, 2


def ref(run_pk: int, task_id: str = "a") -> AttemptRef:
    return AttemptRef(run_pk, task_id, -1, 1)


def call(of: AttemptRef, number: int = 0) -> Envelope:
    return Envelope("h", ChildCall(ref=of, call_id=number, call=GetVariable(key="k")))


def numbers(inputs: list[Input]) -> list[int]:
    return [
        item.message.call_id
        for item in inputs
        if isinstance(item, Envelope) and isinstance(item.message, ChildCall)
    ]


def is_idle(run_pk: int) -> bool:
    return run_pk == IDLE


def test_other_work_is_judged_at_once_and_the_idle_class_a_little_at_a_time() -> None:
    intake = Intake(2)
    taken = intake.take([*(call(ref(IDLE, f"t{n}"), n) for n in range(5)), call(ref(USUAL), 9)], is_idle)
    assert numbers(taken) == [9, 0, 1]
    assert [numbers(intake.take([], is_idle)) for _ in range(3)] == [[2, 3], [4], []]


def test_a_request_for_many_starts_is_divided() -> None:
    intake = Intake(1)
    refs = (ref(IDLE, "a"), ref(USUAL), ref(IDLE, "b"))
    request = Envelope("h", StartRequest(refs=refs))
    first, second = intake.take([request], is_idle), intake.take([], is_idle)
    asked = [item.message.refs for item in first if isinstance(item, Envelope)]  # type: ignore[union-attr]
    assert asked == [(ref(USUAL),), (ref(IDLE, "a"),)]
    assert second == [Envelope("h", StartRequest(refs=(ref(IDLE, "b"),)))]


def test_what_an_attempt_says_keeps_its_order_when_its_run_leaves_the_idle_class() -> None:
    intake = Intake(1)
    intake.take([call(ref(IDLE), 0), call(ref(IDLE), 1)], is_idle)
    assert numbers(intake.take([call(ref(IDLE), 2)], lambda _run_pk: False)) == [1]
    assert numbers(intake.take([call(ref(IDLE), 3)], lambda _run_pk: False)) == [2]


def test_all_that_a_host_said_is_judged_before_what_becomes_of_it() -> None:
    intake = Intake(1)
    intake.take([call(ref(IDLE), number) for number in range(4)], is_idle)
    *before, gone = intake.take([HostGone("h", is_dead=True)], is_idle)
    assert (numbers(before), gone) == ([1, 2, 3], HostGone("h", is_dead=True))
    assert len(intake) == 0


def test_signs_of_life_and_wake_ups_never_wait() -> None:
    beat = Envelope("h", Heartbeat(host_id="h", running=(ref(IDLE),)))
    assert Intake(0).take([Woken(), beat], is_idle) == [Woken(), beat]


def running_backfill(tmp_path: Path, *, runs: int) -> tuple[Backfilled, list[AttemptRef]]:
    """A backfill whose runs all run, with two messages of the idle class judged in a pass."""
    world = World(tmp_path, idle_class_per_pass_max=2)
    backfilled = Backfilled(world)
    backfilled.ask(runs, max_active_runs=runs)
    world.settle()
    refs = world.submitted()
    world.start(*refs)
    world.take(StartGranted)
    return backfilled, refs


def test_a_task_that_ends_among_backfilled_ones_is_followed_in_the_first_pass(tmp_path: Path) -> None:
    backfilled, refs = running_backfill(tmp_path, runs=7)
    world = backfilled.world
    chain = dag(task("one"), task("two", "one"), dag_id="chain")
    world.put(chain)
    run_pk = world.trigger(chain)
    world.settle()
    (one,) = world.submitted()
    world.start(one)
    for each in refs:
        world.end(each)
    world.end(one)
    world.step()
    assert [each.task_id for each in world.submitted() if each.run_pk == run_pk] == ["two"]
    assert len(world.take(Accepted)) == 1 + 2
    world.settle()
    assert len(world.take(Accepted)) == 5
    assert {run.state for run in backfilled.runs()} == {RunState.SUCCESS}


def test_what_stands_in_line_outlives_an_unreachable_database(tmp_path: Path) -> None:
    backfilled, refs = running_backfill(tmp_path, runs=7)
    world = backfilled.world
    apply, failures = world.store.runs.apply, [UnavailableError("away")]

    def faulty(*args: object, **kwargs: object) -> object:
        if failures:
            raise failures.pop()
        return apply(*args, **kwargs)  # type: ignore[arg-type]

    world.store.runs.apply = faulty  # type: ignore[method-assign, assignment]
    for each in refs:
        world.end(each)
    world.step()
    world.clock.pass_by(2)
    world.settle()
    assert len(world.take(Accepted)) == len(refs)
    assert {run.state for run in backfilled.runs()} == {RunState.SUCCESS}


def test_slots_and_runs_of_the_idle_class_are_given_a_few_in_a_pass(tmp_path: Path) -> None:
    world = World(tmp_path, idle_class_per_pass_max=2)
    backfilled = Backfilled(world)
    backfilled.ask(7, max_active_runs=7)
    made, submitted = [], []
    for _ in range(7):
        world.step()
        made.append(len(backfilled.runs()))
        submitted.append(len(world.submitted()))
    assert max(after - before for before, after in zip([0, *made], made, strict=False)) == 2
    assert (max(submitted), sum(submitted)) == (2, 7)
