"""DAG-level callbacks: each runs once, whatever happens to schedulers and workers meanwhile."""

from collections.abc import Callable

import pytest

from tests.engine.building import World, dag, task
from windward.engine.callbacks import CALLBACKS_MAX, STARTED_WITHIN, TRIES_MAX
from windward.ports.executor import HostGone
from windward.protocol.calls import GetVariable, Refused, VariableAnswer
from windward.protocol.messages import Accepted, Beat, Goodbye, StartGranted, StartRefused, Welcome
from windward.protocol.outcomes import Failed
from windward.protocol.work import AttemptRef

DAG = dag(task("a"), callbacks=("success", "failure"))


@pytest.fixture
def submitted(world: World) -> AttemptRef:
    """A run has failed; its callback was submitted to `h`."""
    world.put(DAG)
    world.trigger(DAG)
    return _run_to_its_callback(world)


def _run_to_its_callback(world: World) -> AttemptRef:
    world.settle()
    (ref,) = world.submitted()
    world.start(ref)
    world.end(ref, Failed())
    world.settle()
    (callback,) = world.submitted()
    world.workers.sent = []
    return callback


@pytest.fixture
def started(world: World, submitted: AttemptRef) -> AttemptRef:
    """The callback was granted to `h`."""
    world.start(submitted)
    assert [item.ref for item in world.take(StartGranted)] == [submitted]
    return submitted


def test_who_wants_to_hear_of_the_beginning_of_a_run_does(world: World) -> None:
    document = dag(task("a"), callbacks=("running", "success"))
    world.put(document)
    run_pk = world.trigger(document)
    world.serve()
    told = [(row.run_pk, row.kind, row.state) for row in world.store.tables.callbacks.values()]
    assert told == [(run_pk, "running", "done"), (run_pk, "success", "done")]


def test_a_callback_is_submitted_with_the_fence_of_its_row(world: World, submitted: AttemptRef) -> None:
    row = world.callback()
    assert (submitted.callback_pk, submitted.fence, row.state, row.kind) == (
        row.callback_pk,
        0,
        "queued",
        "failure",
    )


def test_a_callback_gets_its_run_and_the_task_that_decided_it(world: World, submitted: AttemptRef) -> None:
    world.start(submitted)
    (granted,) = world.take(StartGranted)
    context = granted.context
    assert (context.kind, context.run.state, context.task_id, context.try_number) == (
        "failure",
        "failed",
        "a",
        1,
    )
    assert context.log_path.endswith("callback=failure/attempt=1.log")


@pytest.mark.parametrize("outcome", [None, Failed()])
def test_a_callback_that_ended_is_over_however_it_ended(
    world: World, started: AttemptRef, outcome: Failed | None
) -> None:
    world.end(started, outcome)
    world.settle()
    assert world.callback().state == ("done" if outcome is None else "failed")
    assert world.take(Accepted) == [Accepted(ref=started)]
    assert world.submitted() == []


def test_a_callback_is_granted_to_one_host_and_to_that_one_as_often_as_it_asks(
    world: World, started: AttemptRef
) -> None:
    world.hello("other")
    world.start(started, host_id="other")
    assert len(world.take(StartRefused)) == 1
    world.start(started)
    assert [item.ref for item in world.take(StartGranted)] == [started]
    assert world.callback().tries == 1


def test_a_callback_that_lasts_longer_than_a_heartbeat_is_left_alone(
    world: World, started: AttemptRef
) -> None:
    world.beat(started)
    world.hello(running=(started,))
    world.settle()
    assert world.take(Beat)[-1].stale == ()
    assert world.take(Welcome)[-1].stale == ()
    assert world.callback().state == "started"


def test_a_running_callback_may_ask_and_one_that_was_superseded_may_not(
    world: World, started: AttemptRef
) -> None:
    assert isinstance(world.call(started, GetVariable(key="x")), VariableAnswer)
    world.workers.inbox.append(HostGone("h", is_dead=True))
    world.settle()
    assert isinstance(world.call(started, GetVariable(key="x")), Refused)


def test_a_new_scheduler_lets_a_started_callback_go_on_and_takes_its_end(
    world: World, started: AttemptRef
) -> None:
    world.restart()
    world.hello(running=(started,))
    world.settle()
    assert world.take(Welcome)[-1].stale == ()
    assert world.submitted() == []
    world.end(started)
    world.settle()
    assert (world.callback().state, world.take(Accepted)) == ("done", [Accepted(ref=started)])


def test_a_new_scheduler_grants_again_what_the_old_one_granted_to_the_same_host(
    world: World, started: AttemptRef
) -> None:
    world.restart()
    world.hello(running=(started,))
    world.start(started)
    assert [item.ref for item in world.take(StartGranted)] == [started]


def test_a_new_scheduler_queues_again_what_went_to_a_host_that_nobody_knows(
    world: World, started: AttemptRef
) -> None:
    world.store.hosts.delete_host("h")
    world.restart()
    world.workers.slots = 1
    world.settle()
    (again,) = world.submitted()
    assert (again.callback_pk, again.fence) == (started.callback_pk, started.fence + 1)


def test_a_new_scheduler_gives_the_host_its_lease_before_it_queues_again(
    world: World, started: AttemptRef
) -> None:
    world.restart()
    world.workers.slots = 1
    world.settle()
    assert world.submitted() == []
    world.clock.pass_by(world.settings.scheduler.host_lease_s + 1)
    world.settle()
    assert [ref.fence for ref in world.submitted()] == [started.fence + 1]


def test_a_new_scheduler_submits_again_what_was_never_started(world: World, submitted: AttemptRef) -> None:
    world.restart()
    world.settle()
    assert world.submitted() == [submitted]


@pytest.mark.parametrize(
    "goes",
    [
        lambda world: world.workers.inbox.append(HostGone("h", is_dead=True)),
        lambda world: world.say(Goodbye(host_id="h")),
        lambda world: world.hello(),
        lambda world: world.clock.pass_by(world.settings.scheduler.host_lease_s + 1),
    ],
    ids=["dead", "stopped", "lost track", "silent"],
)
def test_a_callback_whose_worker_is_gone_runs_again_under_a_new_fence(
    world: World, started: AttemptRef, goes: Callable[[World], None]
) -> None:
    goes(world)
    world.settle()
    (again,) = world.submitted()
    assert again.fence == started.fence + 1
    world.end(started)
    world.settle()
    assert world.take(Accepted) == [Accepted(ref=started, is_stale=True)]
    assert world.callback().state == "queued"


def test_a_callback_is_given_up_after_a_bounded_number_of_tries(world: World, submitted: AttemptRef) -> None:
    refs, granted = [submitted], 0
    while refs:
        world.start(refs[-1])
        granted += len(world.take(StartGranted))
        world.workers.inbox.append(HostGone("h", is_dead=True))
        world.settle()
        world.hello()
        world.settle()
        refs = world.submitted()
    assert (granted, world.callback().state) == (TRIES_MAX, "failed")


def test_a_callback_that_cannot_even_begin_is_given_up_too(world: World, submitted: AttemptRef) -> None:
    refs = [submitted]
    while refs:
        world.end(refs.pop(), Failed())
        world.settle()
        refs = world.submitted()
    assert (world.callback().state, world.callback().tries) == ("failed", TRIES_MAX)


def test_a_submission_that_was_lost_is_made_again(world: World, submitted: AttemptRef) -> None:
    for _ in range(int(STARTED_WITHIN.total_seconds() // 20) + 1):
        world.clock.pass_by(20)
        world.beat()
        world.settle()
    assert world.submitted() == [submitted]


def test_a_callback_waits_for_the_first_worker(world: World, submitted: AttemptRef) -> None:
    world.workers.slots = 0
    world.restart()
    world.settle()
    assert world.submitted() == []
    world.hello()
    world.settle()
    assert world.submitted() == [submitted]


@pytest.mark.parametrize("count", [CALLBACKS_MAX + 5])
def test_more_callbacks_than_are_looked_at_once_all_run(world: World, count: int) -> None:
    document = dag(task("a", is_inline=True), callbacks=("success",), max_active_runs=count)
    world.put(document)
    for number in range(count):
        world.trigger(
            document, run_id=f"r{number}", logical_date=world.clock.now().replace(microsecond=number)
        )
    world.serve()
    assert {row.state for row in world.store.tables.callbacks.values()} == {"done"}
    assert len(world.store.tables.callbacks) == count
