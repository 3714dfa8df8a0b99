"""What a database does not take is no matter of other runs, and the scheduler comes to rest."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from tests.engine.building import World, dag, task
from windward.core.actions import Action, CreateRun, ExpectRun, MoveRun, MoveTask
from windward.engine.people.xcoms import json_value
from windward.engine.refusals import ALONE, REASON, TRIES_MAX
from windward.model.states import RunState
from windward.ports.store import Applied
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
