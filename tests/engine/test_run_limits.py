"""`max_active_runs` holds also while somebody changes what is just ending."""

from datetime import timedelta

from tests.engine.building import World, task
from tests.engine.test_backfills import FIRST, Backfilled, daily
from windward.core.people import decide_clear
from windward.core.plan import compile_plan
from windward.core.view import RunView
from windward.document import DagDocument
from windward.model.states import RunState
from windward.protocol.work import AttemptRef


def cleared_in_the_pass_of_its_end(world: World, document: DagDocument, ref: AttemptRef) -> None:
    """The run's last task ends, and before that is written a person clears the first, which has ended."""
    world.end(ref)
    inputs, world.workers.inbox = world.workers.inbox, []
    work = world.scheduler.load(inputs, world.clock.now())
    assert work is not None
    world.scheduler.decide(work)
    tasks = world.store.runs.load_tasks([ref.run_pk])
    view = RunView(world.run(ref.run_pk), compile_plan(document, ""), tasks)
    keys = [record.key for record in tasks if record.task_id == "first"]
    assert world.write(decide_clear(view, keys, by="ada", now=world.clock.now()), run_pk=ref.run_pk)
    world.scheduler.deliver(work, world.scheduler.apply(work))
    world.settle()


def at_its_last_task(world: World) -> AttemptRef:
    """Let the first task of the run end, and begin the last."""
    (first,) = world.submitted()
    world.start(first)
    world.end(first)
    world.settle()
    (last,) = world.submitted()
    world.start(last)
    return last


def test_no_run_takes_the_place_of_one_whose_end_was_refused(world: World) -> None:
    document = daily(
        of=(task("first"), task("last", "first")),
        start_date=FIRST,
        end_date=FIRST + timedelta(days=1),
        catchup=True,
        max_active_runs=1,
    )
    world.put(document)
    world.settle()
    cleared_in_the_pass_of_its_end(world, document, at_its_last_task(world))
    assert [run.state for run in world.runs()] == [RunState.RUNNING]
    world.serve()
    assert [run.state for run in world.runs()] == [RunState.SUCCESS] * 2


def test_no_run_of_a_backfill_takes_the_place_of_one_whose_end_was_refused(world: World) -> None:
    backfilled = Backfilled(world, of=(task("first"), task("last", "first")))
    backfilled.ask(2, max_active_runs=1)
    world.settle()
    cleared_in_the_pass_of_its_end(world, backfilled.document, at_its_last_task(world))
    assert backfilled.days() == [1]
    world.serve()
    assert backfilled.days() == [1, 2]
