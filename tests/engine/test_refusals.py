"""What a database does not take is no matter of other runs, and the scheduler comes to rest."""

from collections.abc import Callable, Hashable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.engine.building import World, dag, task
from windward.core.actions import Action, CreateRun, ExpectRun, MoveRun, MoveTask
from windward.core.people import decide_mark
from windward.core.plan import compile_plan
from windward.core.view import RunView
from windward.engine.contexts import key_of
from windward.engine.people.xcoms import json_value
from windward.engine.refusals import ALONE, REASON, TRIES_MAX
from windward.engine.scheduler import LEASE
from windward.model.states import RunState, TaskState
from windward.ports.store import Applied, Guard
from windward.protocol.calls import Done, SetXCom
from windward.protocol.messages import Accepted, CallAnswer, ChildCall
from windward.protocol.outcomes import Outcome, Succeeded, XComPut
from windward.protocol.work import AttemptRef
from windward.timetable import CronSchedule, ScheduleKind


def refuse(world: World, is_bad: Callable[[Action], bool]) -> list[Sequence[Action]]:
    """Let the database take no group with such an action; return those that it was asked to write."""
    apply, asked = world.store.runs.apply, list[Sequence[Action]]()

    def checked(
        groups: Sequence[Sequence[Action]], *, after: Sequence[Sequence[Action]] = (), **named: Any
    ) -> Applied:
        bad = [any(is_bad(action) for action in actions) for actions in (*groups, *after)]
        asked.extend(actions for actions, is_one in zip((*groups, *after), bad, strict=True) if is_one)
        never = [ExpectRun(run_pk=-1, revision=-1)]
        kept = [never if is_one else actions for actions, is_one in zip((*groups, *after), bad, strict=True)]
        applied = apply(kept[: len(groups)], after=kept[len(groups) :], **named)
        said = {place: "value too large" for place, is_one in enumerate(bad) if is_one}
        return Applied(results=applied.results, unwritable=said)

    world.store.runs.apply = checked  # type: ignore[method-assign]
    return asked


def gives(name: str, task_id: str) -> Callable[[AttemptRef], Outcome]:
    put = XComPut(key=name, value=json_value(1))
    return lambda ref: Succeeded(xcoms=(put,) if ref.task_id == task_id else ())


def holds(name: str) -> Callable[[Action], bool]:
    return lambda action: isinstance(action, MoveTask) and any(one.key == name for one in action.xcoms)


def test_a_run_fails_when_the_database_does_not_take_what_came_of_it(world: World) -> None:
    documents = [dag(task("a"), task("b", "a"), dag_id=name) for name in ("broken", "sound")]
    for document in documents:
        world.put(document)
    broken, sound = (world.trigger(document) for document in documents)
    asked = refuse(world, lambda action: holds("bad")(action) and action.key.run_pk == broken)  # type: ignore[union-attr]
    world.hello()
    world.serve(gives("bad", "a"))
    world.settle()
    assert len(asked) == 1
    assert (world.run(sound).state, set(world.tasks(sound).values())) == (RunState.SUCCESS, {"success"})
    assert (world.run(broken).state, world.run(broken).reason) == (RunState.FAILED, REASON)
    assert world.tasks(broken) == {"a": "skipped", "b": "skipped"}


def test_a_dag_whose_run_cannot_be_made_is_left_alone_for_a_while(world: World) -> None:
    hourly = CronSchedule("0 * * * *", "UTC", ScheduleKind.TRIGGER)
    now = world.clock.now()
    for name in ("broken", "sound"):
        world.put(dag(task("a"), dag_id=name, schedule=hourly, start_date=now + timedelta(minutes=1)))
    is_broken = [True]
    asked = refuse(
        world, lambda action: is_broken[0] and isinstance(action, CreateRun) and action.run.dag_id == "broken"
    )
    world.clock.pass_by(3601)
    world.serve()
    world.settle()
    assert len(asked) == 1
    assert (len(world.runs("sound")), len(world.runs("broken"))) == (1, 0)
    world.clock.pass_by(ALONE.total_seconds() + 1)
    world.settle()
    assert len(asked) == 2
    is_broken[0] = False
    world.clock.pass_by(ALONE.total_seconds() + 1)
    world.serve()
    assert (len(world.runs("sound")), len(world.runs("broken"))) == (1, 1)


def test_a_run_of_which_not_even_the_end_can_be_written_is_left_alone(world: World) -> None:
    document = dag(task("a"))
    world.put(document)
    run_pk = world.trigger(document)
    world.settle()
    asked = refuse(world, lambda action: isinstance(action, MoveRun) and action.run_pk == run_pk)
    world.serve()
    world.settle()
    assert len(asked) == 1 + TRIES_MAX
    assert world.run(run_pk).state is RunState.RUNNING


def one_pass(world: World, meanwhile: Callable[[], object]) -> frozenset[Hashable]:
    """Make a pass of what has come in; `meanwhile`, somebody else writes. Return what was refused."""
    inputs, world.workers.inbox = world.workers.inbox, []
    work = world.scheduler.load(inputs, world.clock.now())
    assert work is not None
    world.scheduler.decide(work)
    meanwhile()
    refused = world.scheduler.apply(work)
    world.scheduler.deliver(work, refused)
    return refused


@pytest.fixture
def two(world: World) -> tuple[int, AttemptRef, AttemptRef]:
    """A run of which two tasks are running: `a` pushes a value in the pass in which `b` ends."""
    document = dag(task("a"), task("b"))
    world.put(document)
    run_pk = world.trigger(document)
    world.hello()
    world.settle()
    a, b = world.submitted()
    world.start(a, b)
    world.end(b)
    world.say(ChildCall(ref=a, call_id=7, call=SetXCom(key="k", value=json_value(1))))
    return run_pk, a, b


def test_a_call_is_answered_although_its_run_is_to_be_read_again(
    world: World, two: tuple[int, AttemptRef, AttemptRef]
) -> None:
    run_pk, _, b = two

    def mark() -> None:
        run = world.run(run_pk)
        plan = compile_plan(dag(task("a"), task("b")), run.document_hash)
        view = RunView(run, plan, world.store.runs.load_tasks([run_pk]))
        actions = decide_mark(view, [key_of(b)], TaskState.FAILED, by="ada", now=world.clock.now())
        assert world.write(actions, run_pk=run_pk)

    assert one_pass(world, mark) == {run_pk}
    assert [said.answer for said in world.take(CallAnswer)] == [Done()]
    world.settle()
    assert world.tasks(run_pk) == {"a": "running", "b": "failed"}


def test_who_lost_the_lease_says_nothing_and_judges_everything_when_it_leads_again(
    world: World, two: tuple[int, AttemptRef, AttemptRef]
) -> None:
    run_pk, _, b = two
    other: list[Guard] = []

    def lead() -> None:
        world.clock.pass_by(world.settings.scheduler.lease_s + 1)
        now = world.clock.now()
        guard = world.store.leases.take_lease(LEASE, "two", now=now, until=now + timedelta(seconds=1))
        assert guard is not None
        other.append(guard)

    world.workers.sent = []
    assert run_pk in one_pass(world, lead)
    assert world.workers.sent == []
    world.store.leases.release_lease(other[0])
    world.settle()
    assert [said.answer for said in world.take(CallAnswer)] == [Done()]
    assert world.take(Accepted) == [Accepted(ref=b)]
    assert world.tasks(run_pk) == {"a": "running", "b": "success"}
