"""Worker hosts and leaders: who is believed, what silence means, what a restart forgets (nothing)."""

from collections.abc import Callable

import pytest

from tests.engine.building import World, dag, task
from windward.core.people import decide_clear
from windward.core.plan import compile_plan
from windward.core.view import RunView
from windward.errors import UnavailableError
from windward.model.ids import TaskKey
from windward.model.states import RunState, TaskState
from windward.ports.executor import Envelope, HostGone, Woken
from windward.protocol.messages import (
    Accepted,
    Beat,
    Goodbye,
    Heartbeat,
    StartGranted,
    StartRefused,
    Unknown,
    Welcome,
)
from windward.protocol.outcomes import Failed, Succeeded
from windward.protocol.work import AttemptRef

DAG = dag(task("a"), task("b", "a"))


@pytest.fixture
def queued(world: World) -> AttemptRef:
    """Task `a` was submitted to `h`."""
    world.put(DAG)
    world.trigger(DAG)
    world.settle()
    (ref,) = world.submitted()
    return ref


@pytest.fixture
def running(world: World, queued: AttemptRef) -> AttemptRef:
    """Task `a` runs on `h`."""
    world.start(queued)
    assert [item.ref for item in world.take(StartGranted)] == [queued]
    return queued


def test_a_start_is_granted_once_and_again_only_to_who_has_it(world: World, running: AttemptRef) -> None:
    world.hello("other")
    world.start(running, host_id="other")
    assert len(world.take(StartRefused)) == 1
    world.start(running)
    assert [item.ref for item in world.take(StartGranted)] == [running]


def test_a_grant_carries_what_the_task_needs(world: World, queued: AttemptRef) -> None:
    world.start(queued)
    (granted,) = world.take(StartGranted)
    context = granted.context
    assert (context.dag_id, context.task_id, context.try_number, context.run.run_pk) == ("sales", "a", 1, 1)
    assert context.log_path.endswith("/task_id=a/attempt=1.log")


def test_an_end_is_accepted_once_and_after_that_as_stale(world: World, running: AttemptRef) -> None:
    world.end(running)
    world.end(running)
    world.settle()
    assert world.take(Accepted) == [Accepted(ref=running), Accepted(ref=running, is_stale=True)]


def test_a_host_that_nobody_knows_is_told_to_say_hello(world: World, queued: AttemptRef) -> None:
    for message in (Heartbeat(host_id="new"),):
        world.say(message, "new")
    world.ask_start(queued, host_id="new")
    world.settle()
    assert len(world.take(Unknown)) == 2
    assert world.take(StartGranted) == []
    world.hello("new")
    world.start(queued, host_id="new")
    assert [item.ref for item in world.take(StartGranted)] == [queued]


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
def test_an_attempt_whose_worker_is_gone_is_tried_again_without_using_up_retries(
    world: World, running: AttemptRef, goes: Callable[[World], None]
) -> None:
    goes(world)
    world.settle()
    record = world.task(1, "a")
    assert (record.state, record.try_number, record.max_tries) == (TaskState.QUEUED, 2, 1)
    world.end(running, Failed())
    world.settle()
    assert world.take(Accepted) == [Accepted(ref=running, is_stale=True)]
    assert world.task(1, "a").state is TaskState.QUEUED


def test_a_host_that_lost_its_connection_only_keeps_its_attempts(world: World, running: AttemptRef) -> None:
    world.workers.inbox.append(HostGone("h", is_dead=False))
    world.settle()
    world.hello(running=(running,))
    world.settle()
    assert world.take(Welcome)[-1].stale == ()
    assert world.task(1, "a").state is TaskState.RUNNING


def test_a_beating_host_is_not_late(world: World, running: AttemptRef) -> None:
    for _ in range(20):
        world.clock.pass_by(world.settings.scheduler.host_lease_s / 2)
        world.beat(running)
        world.settle()
    assert world.task(1, "a").state is TaskState.RUNNING
    assert {stale for beat in world.take(Beat) for stale in beat.stale} == set()


def test_a_host_hears_which_of_its_attempts_are_not_current(world: World, running: AttemptRef) -> None:
    old = AttemptRef(running.run_pk, running.task_id, running.map_index, running.fence - 1)
    world.beat(running, old)
    world.settle()
    assert world.take(Beat)[-1].stale == (old,)


def test_a_submission_that_was_lost_is_made_again_under_a_new_fence(world: World, queued: AttemptRef) -> None:
    for _ in range(int(world.settings.scheduler.task_queued_timeout_s // 20) + 1):
        world.clock.pass_by(20)
        world.beat()
        world.settle()
    (again,) = world.submitted()
    assert (again.task_id, again.fence) == ("a", queued.fence + 1)
    world.start(queued)
    assert len(world.take(StartRefused)) == 1


def test_a_host_that_says_hello_without_a_submission_gets_it_again(world: World, queued: AttemptRef) -> None:
    world.hello()
    world.settle()
    assert world.submitted() == [queued]


@pytest.fixture
def waiting(world: World) -> AttemptRef:
    """Task `a` waits for a host that serves its queue."""
    world.workers.goes_to = ""
    world.put(DAG)
    world.trigger(DAG)
    world.settle()
    (ref,) = world.submitted()
    world.hello()
    world.settle()
    assert world.submitted() == []
    return ref


@pytest.mark.parametrize("goes", [lambda world: world.hello(), lambda world: world.say(Goodbye(host_id="h"))])
def test_an_attempt_that_had_waited_outlives_the_host_it_went_to(
    world: World, waiting: AttemptRef, goes: Callable[[World], None]
) -> None:
    world.workers.has_placed = [(waiting, "h")]
    world.workers.inbox.append(Woken())
    world.settle()
    assert world.submitted() == []
    goes(world)
    world.hello()
    world.settle()
    assert [ref.task_id for ref in world.submitted()] == ["a"]


def test_an_attempt_that_had_waited_is_not_lost_with_a_host_that_is_gone_already(
    world: World, waiting: AttemptRef
) -> None:
    world.workers.has_placed = [(waiting, "unknown")]
    world.workers.inbox.append(Woken())
    world.settle()
    assert world.submitted() == [waiting]


def test_attempts_wait_for_the_first_worker(world: World) -> None:
    world.workers.slots = 0
    world.put(DAG)
    world.trigger(DAG)
    world.settle()
    assert world.submitted() == []
    world.hello()
    world.settle()
    assert [ref.task_id for ref in world.submitted()] == ["a"]


# -- restarts and leaders ----------------------------------------------------------------


def test_a_new_scheduler_takes_running_attempts_over(world: World, running: AttemptRef) -> None:
    world.restart()
    world.hello(running=(running,))
    world.settle()
    assert world.submitted() == []
    world.end(running)
    world.serve()
    assert world.run(1).state is RunState.SUCCESS


def test_a_new_scheduler_submits_again_what_was_queued(world: World, queued: AttemptRef) -> None:
    world.restart()
    world.settle()
    assert world.submitted() == [queued]


def test_attempts_of_a_host_that_does_not_come_back_are_lost_after_its_lease(
    world: World, running: AttemptRef
) -> None:
    world.restart()
    world.settle()
    assert world.task(1, "a").state is TaskState.RUNNING
    world.clock.pass_by(world.settings.scheduler.host_lease_s + 1)
    world.settle()
    assert world.task(1, "a").try_number == 2


def test_attempts_of_a_host_whose_row_is_gone_are_lost_at_once(world: World, running: AttemptRef) -> None:
    world.store.hosts.delete_host("h")
    world.restart()
    world.settle()
    assert world.task(1, "a").lost_count == 1


def test_one_scheduler_leads_and_the_other_takes_over_when_its_lease_ends(world: World) -> None:
    second = world.new_scheduler("two")
    second.step()
    assert (world.scheduler.is_leader, second.is_leader) == (True, False)
    world.clock.pass_by(world.settings.scheduler.lease_s + 1)
    second.step()
    assert second.is_leader
    world.step()
    assert not world.scheduler.is_leader


def test_a_leader_that_resigns_is_followed_at_once(world: World) -> None:
    world.scheduler.resign()
    second = world.new_scheduler("two")
    second.step()
    assert second.is_leader


def test_what_a_frozen_leader_decided_is_not_written_after_another_took_the_lease(
    world: World, running: AttemptRef
) -> None:
    world.end(running)
    inputs, world.workers.inbox = world.workers.inbox, []
    work = world.scheduler.load(inputs, world.clock.now())
    assert work is not None
    world.scheduler.decide(work)
    world.clock.pass_by(world.settings.scheduler.lease_s + 1)
    world.new_scheduler("two").step()
    refused = world.scheduler.apply(work)
    world.scheduler.deliver(work, refused)
    assert world.task(1, "a").state is TaskState.RUNNING
    assert world.take(Accepted) == []


def test_an_end_that_could_not_be_written_is_judged_again(world: World, running: AttemptRef) -> None:
    apply, failures = world.store.runs.apply, [UnavailableError("away")]

    def faulty(*args: object, **kwargs: object) -> object:
        if failures:
            raise failures.pop()
        return apply(*args, **kwargs)  # type: ignore[arg-type]

    world.store.runs.apply = faulty  # type: ignore[method-assign, assignment]
    world.end(running)
    world.step()
    assert world.take(Accepted) == []
    world.clock.pass_by(2)
    world.settle()
    assert world.take(Accepted) == [Accepted(ref=running)]
    assert world.task(1, "a").state is TaskState.SUCCESS


def test_an_end_that_came_twice_is_not_called_stale_when_the_first_was_refused(
    world: World, running: AttemptRef
) -> None:
    """A host that hears `Accepted` forgets the ending; what it led to was never written."""
    world.end(running)
    world.end(running)
    clear = decide_clear(
        RunView(world.run(1), compile_plan(DAG, ""), world.store.runs.load_tasks([1])),
        [TaskKey(1, "a")],
        by="ada",
        now=world.clock.now(),
    )
    assert world.store.runs.apply([clear]).all
    world.step()
    assert world.take(Accepted) == []
    world.settle()
    assert [(item.ref, item.is_stale) for item in world.take(Accepted)] == [(running, False), (running, True)]
    assert world.task(1, "a").try_number == 2


def test_an_end_is_not_forgotten_when_the_database_goes_away_twice(world: World, running: AttemptRef) -> None:
    """The second time it is away while everything is loaded again: the host believes that its word was heard."""
    apply, load = world.store.runs.apply, world.store.runs.load_open_runs
    failures = ["write", "read"]

    def faulty(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            if failures[:1] == [name]:
                failures.pop(0)
                raise UnavailableError("away")
            return function(*args, **kwargs)

        return call

    world.store.runs.apply = faulty("write", apply)  # type: ignore[method-assign,assignment]
    world.store.runs.load_open_runs = faulty("read", load)  # type: ignore[method-assign,assignment]
    world.end(running)
    world.step(2)
    assert failures == []
    world.clock.pass_by(2)
    world.settle()
    assert world.take(Accepted) == [Accepted(ref=running)]


def test_a_scheduler_that_was_stopped_reads_what_waited_before_it_judges_silence(
    world: World, running: AttemptRef
) -> None:
    wait = world.workers.wait

    def stopped(timeout_s: float) -> list[Envelope | HostGone | Woken]:
        world.workers.wait = wait  # type: ignore[method-assign]
        world.clock.pass_by(world.settings.scheduler.host_lease_s * 2)
        world.beat(running)
        return []  # an interrupted wait whose time is up does not look again

    world.settle()
    world.workers.wait = stopped  # type: ignore[method-assign]
    world.settle()
    assert world.task(running.run_pk, "a").state is TaskState.RUNNING
    assert world.workers.cancelled == []
    world.clock.pass_by(world.settings.scheduler.host_lease_s * 2)
    world.settle()
    assert world.task(running.run_pk, "a").state is not TaskState.RUNNING


def test_a_database_that_is_away_is_not_asked_in_a_hurry(world: World) -> None:
    def away(*args: object, **kwargs: object) -> object:
        raise UnavailableError("away")

    world.store.leases.take_lease = away  # type: ignore[method-assign, assignment]
    world.clock.pass_by(world.settings.scheduler.lease_s)
    world.end(AttemptRef(1, "a", -1, 1), Succeeded())
    world.step()
    assert 0.5 <= world.scheduler.wait_s() <= 5


def test_a_person_drains_a_host_and_the_next_leader_knows_of_it(world: World) -> None:
    world.hello()
    world.settle()
    assert world.workers.avoided == frozenset()
    assert world.store.hosts.set_draining("h", is_draining=True)
    world.workers.inbox.append(Woken())
    world.settle()
    assert world.workers.avoided == {"h"}
    world.scheduler = world.new_scheduler("two")
    world.workers.avoided = frozenset()
    world.clock.pass_by(world.settings.scheduler.lease_s + 1)
    world.beat()
    world.settle()
    assert world.workers.avoided == {"h"}
    assert world.store.hosts.set_draining("h", is_draining=False)
    world.workers.inbox.append(Woken())
    world.settle()
    assert world.workers.avoided == frozenset()


def test_a_try_that_no_worker_ever_starts_fails_at_last(world: World) -> None:
    world.hello()
    document = dag(task("a", retries=0))
    world.put(document)
    run_pk = world.trigger(document)
    world.settle()
    for times in range(world.settings.scheduler.queued_retries_max + 1):
        assert world.task(run_pk, "a").state == "queued", times
        world.clock.pass_by(world.settings.scheduler.task_queued_timeout_s + 1)
        world.beat()
        world.settle()
    assert world.task(run_pk, "a").state == "failed"
    assert "no worker started it" in world.task(run_pk, "a").reason
