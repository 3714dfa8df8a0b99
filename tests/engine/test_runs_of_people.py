"""Runs that people queue again or delete: the scheduler goes on as if it had been told at once."""

import pytest

from tests.engine.building import World, dag, task
from windward.core.people import decide_requeue
from windward.core.plan import compile_plan
from windward.core.view import RunView
from windward.document import DagDocument
from windward.model.states import RunState
from windward.ports.executor import Woken


def view(world: World, document: DagDocument, run_pk: int) -> RunView:
    """What a person's command sees."""
    return RunView(world.run(run_pk), compile_plan(document, ""), world.store.runs.load_tasks([run_pk]))


def test_a_queued_run_that_a_person_deletes_is_forgotten(world: World) -> None:
    document = dag(task("a"), max_active_runs=1)
    world.put(document)
    first = world.trigger(document)
    world.settle()
    world.clock.pass_by(1)
    second = world.trigger(document, run_id="second")
    world.clock.pass_by(1)
    third = world.trigger(document, run_id="third")
    world.settle()

    assert world.store.catalog.delete_run(second, states=[RunState.QUEUED])
    world.workers.inbox.append(Woken())
    world.serve()
    assert {pk: world.run(pk).state for pk in (first, third)} == dict.fromkeys(
        (first, third), RunState.SUCCESS
    )


def test_an_ended_run_that_is_queued_again_ends_again_and_runs_nothing_twice(world: World) -> None:
    document = dag(task("a"), task("b", "a"))
    world.put(document)
    run_pk = world.trigger(document)
    world.serve()

    asked = decide_requeue(view(world, document, run_pk), by="ada", now=world.clock.now())
    assert world.write(asked, run_pk=run_pk)
    assert world.run(run_pk).state is RunState.QUEUED
    assert decide_requeue(view(world, document, run_pk), by="ada", now=world.clock.now()) == []

    world.step()
    world.serve(lambda _ref: pytest.fail("nothing is left to run"))
    assert (world.run(run_pk).state, world.run(run_pk).clear_number) == (RunState.SUCCESS, 1)
    assert {record.try_number for record in world.store.runs.load_tasks([run_pk])} == {1}
