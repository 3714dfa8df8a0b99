"""Triggerers: they share what is deferred, say it once, and lose nothing when they or the scheduler die."""

import pytest

from tests.engine.building import World, dag, task
from tests.engine.waiting import DAG, EVENT, defer, fire, hello, record, resumed, say, state, told, watched
from windward.core.people import decide_clear
from windward.core.plan import compile_plan
from windward.core.view import RunView
from windward.document import StartTrigger
from windward.engine.contexts import key_of
from windward.engine.triggerers import MISSED_FOR
from windward.model.ids import TaskKey
from windward.model.records import PoolRecord
from windward.model.states import RunState, TaskState
from windward.ports.executor import HostGone
from windward.protocol.fired import Broken, EndTask, Overdue
from windward.protocol.messages import (
    Accepted,
    Beat,
    Goodbye,
    Heartbeat,
    StartGranted,
    Unknown,
    Welcome,
)
from windward.protocol.outcomes import Deferred, Succeeded
from windward.protocol.triggers import (
    FiredAccepted,
    Unwatch,
)
from windward.protocol.work import TaskContext


def known(world: World) -> set[str]:
    """Return the triggerers that people are told of."""
    return {row["name"] for row in world.store.hosts.load_components() if row["kind"] == "triggerer"}


def test_a_trigger_goes_to_a_triggerer_with_all_that_it_needs(world: World) -> None:
    hello(world)
    ref = defer(world)

    ((host_id, work),) = watched(world)
    assert (host_id, work.ref, work.class_path, work.kwargs) == ("t", ref, "mine.Wait", b"k")
    assert (work.dag_id, work.try_number, work.log_path.endswith("attempt=1.log")) == ("sales", 1, True)
    assert state(world) is TaskState.DEFERRED


def test_a_deferred_task_holds_no_slot_and_takes_one_to_go_on(world: World) -> None:
    document = dag(task("a"), task("x"), max_active_tasks=1)
    hello(world)
    ref = defer(world, document)
    x = resumed(world)
    world.start(x)
    fire(world, ref)
    waiting = state(world)
    world.end(x, Succeeded())
    world.settle()

    assert x.task_id == "x"
    assert waiting is TaskState.SCHEDULED
    assert state(world) is TaskState.QUEUED


def test_a_deferred_task_keeps_its_slot_in_a_pool_that_says_so(world: World) -> None:
    world.store.secrets.set_pool(PoolRecord(name="one", slots=1, include_deferred=True))
    document = dag(task("a", pool="one", priority_weight=9), task("x", pool="one"))
    hello(world)
    ref = defer(world, document)
    meanwhile = world.submitted()
    fire(world, ref)

    assert meanwhile == []
    assert resumed(world).task_id == "a"


def test_a_resumed_attempt_is_told_where_to_go_on_and_what_happened(world: World) -> None:
    hello(world)
    ref = defer(world)
    fire(world, ref)
    again = resumed(world)
    world.take(StartGranted)
    world.start(again)

    (granted,) = world.take(StartGranted)
    assert isinstance(granted.context, TaskContext)
    resumption = granted.context.resumption
    assert resumption is not None
    assert (resumption.next_method, resumption.next_kwargs, resumption.resumed) == ("go_on", b"n", EVENT)
    assert granted.context.try_number == 1
    world.end(again, Succeeded())
    world.settle()
    assert state(world) is TaskState.SUCCESS
    assert world.store.tables.deferrals == {}


def test_an_event_is_acknowledged_each_time_and_counts_once(world: World) -> None:
    hello(world)
    ref = defer(world)
    fire(world, ref)
    fire(world, ref, Broken(error="late"))

    assert [
        message.ref for _, message in told(world, FiredAccepted) if isinstance(message, FiredAccepted)
    ] == [ref] * 2
    assert record(world).reason != "its trigger failed: late"
    assert len(world.submitted()) == 1


def test_triggers_are_shared_by_free_room(world: World) -> None:
    hello(world, "t", capacity=1)
    hello(world, "u", capacity=2)
    for run in range(4):
        defer(world, run_id=f"r{run}", logical_date=world.clock.now().replace(day=run + 1))

    hosts = sorted(host_id for host_id, _ in watched(world))
    assert hosts == ["t", "u", "u"]


def test_who_has_which_trigger_is_written_once_a_beat_and_only_when_it_is_new(world: World) -> None:
    hello(world, capacity=9)
    refs = [
        defer(world, run_id=f"r{run}", logical_date=world.clock.now().replace(day=run + 1))
        for run in range(3)
    ]
    before = world.store.hosts.load_held()
    beat = Heartbeat(host_id="t", running=tuple(refs))
    say(world, beat)
    ((held),) = world.store.hosts.load_held()
    rows = world.store.tables.counters.rows_written
    say(world, beat)
    same = world.store.tables.counters.rows_written - rows
    fire(world, refs[0])
    say(world, Heartbeat(host_id="t", running=tuple(refs[1:])))
    ((left),) = world.store.hosts.load_held()

    assert before == []
    assert held.keys == tuple(sorted(key_of(ref) for ref in refs))
    assert same == 0
    assert left.keys == tuple(sorted(key_of(ref) for ref in refs[1:]))


@pytest.mark.parametrize("is_dead", [True, False])
def test_what_a_triggerer_had_goes_to_another_when_it_is_gone(world: World, is_dead: bool) -> None:
    hello(world, "t")
    ref = defer(world)
    hello(world, "u")
    watched(world)
    world.workers.inbox.append(HostGone("t", is_dead))
    world.settle()
    at_once = watched(world)
    world.clock.pass_by(world.settings.scheduler.host_lease_s * 1.1)
    say(world, Heartbeat(host_id="u"), "u")
    world.settle()
    later = watched(world)

    assert [(host, work.ref) for host, work in (at_once if is_dead else later)] == [("u", ref)]
    assert bool(at_once) == is_dead


def test_a_triggerer_that_comes_back_keeps_what_it_has_and_gets_what_it_lost(world: World) -> None:
    hello(world)
    kept = defer(world, run_id="one")
    lost = defer(world, run_id="two", logical_date=world.clock.now().replace(day=2))
    watched(world)
    world.workers.inbox.append(HostGone("t", is_dead=False))
    world.settle()
    hello(world, "t", kept)

    assert [work.ref for _, work in watched(world)] == [lost]


def test_a_trigger_that_two_have_is_taken_from_the_one_that_came_later(world: World) -> None:
    hello(world, "t")
    ref = defer(world)
    told(world, Welcome)
    hello(world, "u", ref)

    assert [
        (host, message.stale) for host, message in told(world, Welcome) if isinstance(message, Welcome)
    ] == [("u", (ref,))]


def test_a_new_leader_waits_for_those_it_may_hear_of_before_it_gives_their_triggers_away(
    world: World,
) -> None:
    hello(world, "t")
    hello(world, "u")
    ref = defer(world)
    ((had, _),) = watched(world)
    other = "u" if had == "t" else "t"
    world.restart()
    world.settle()
    asked = sorted(host for host, _ in told(world, Unknown))
    hello(world, other)
    early = watched(world)
    hello(world, had, ref)

    assert asked == ["t", "u"]
    assert early == watched(world) == []
    fire(world, ref, host_id=had)
    assert state(world) is TaskState.SCHEDULED or state(world) is TaskState.QUEUED


def test_a_new_leader_gives_away_what_a_dead_triggerer_had(world: World) -> None:
    hello(world, "t")
    ref = defer(world)
    world.restart()
    world.settle()
    hello(world, "u")
    world.workers.inbox.append(HostGone("t", is_dead=True))
    world.settle()

    assert [(host, work.ref) for host, work in watched(world)] == [("u", ref)]


def test_a_cleared_task_stops_its_trigger_and_what_it_watches(world: World) -> None:
    hello(world)
    ref = defer(world)
    (run,) = world.store.runs.load_open_runs()
    plan = compile_plan(DAG, run.document_hash)
    view = RunView(run, plan, world.store.runs.load_tasks([run.run_pk]))
    world.write(
        decide_clear(view, [TaskKey(run.run_pk, "a")], by="ada", now=world.clock.now()), run_pk=run.run_pk
    )
    world.settle()

    ((_, message),) = told(world, Unwatch)
    assert message == Unwatch(refs=(ref,), kills=True)
    fire(world, ref)
    assert record(world).fence == ref.fence + 2
    say(world, Heartbeat(host_id="t", running=(ref,)))
    beats = [message for _, message in told(world, Beat) if isinstance(message, Beat)]
    assert beats[-1].stale == (ref,)


def test_a_wait_that_lasts_too_long_goes_on_with_that_word_and_stops_its_trigger(world: World) -> None:
    hello(world)
    deferred = Deferred(
        trigger_class="mine.Wait", trigger_kwargs=b"k", next_method="m", next_kwargs=b"", timeout_s=5
    )
    ref = defer(world, deferred=deferred)
    world.clock.pass_by(5)
    world.settle()
    again = resumed(world)
    world.take(StartGranted)
    world.start(again)

    (granted,) = world.take(StartGranted)
    assert isinstance(granted.context, TaskContext)
    assert granted.context.resumption is not None
    assert granted.context.resumption.resumed == Overdue()
    assert [message for _, message in told(world, Unwatch)] == [Unwatch(refs=(ref,))]


def test_a_trigger_may_end_its_task_without_a_worker(world: World) -> None:
    hello(world)
    ref = defer(world, dag(task("a")))
    fire(world, ref, EndTask(state="success"))

    assert [run.state for run in world.store.tables.runs.values()] == [RunState.SUCCESS]
    assert world.submitted() == []


def test_a_task_that_starts_in_a_trigger_needs_no_worker(world: World) -> None:
    start = StartTrigger(class_path="mine.Wait", next_method="go_on", kwargs=b"k", next_kwargs=b"n")
    document = dag(task("a", start_trigger=start, retries=1, retry_delay_s=5))
    world.workers.slots = 0
    hello(world)
    world.put(document)
    world.trigger(document)
    world.settle()
    ((_, work),) = watched(world)
    first = state(world)
    fire(world, work.ref, EndTask(state="success"))

    assert (first, work.try_number, work.kwargs) == (TaskState.DEFERRED, 1, b"k")
    assert state(world) is TaskState.SUCCESS
    assert world.submitted() == []


def test_a_task_of_a_paused_dag_does_not_start_in_its_trigger(world: World) -> None:
    start = StartTrigger(class_path="mine.Wait", next_method="go_on", kwargs=b"k", next_kwargs=b"n")
    document = dag(task("z"), task("a", "z", start_trigger=start))
    hello(world)
    world.put(document)
    world.trigger(document)
    world.settle()
    ref = resumed(world)
    world.start(ref)
    world.pause("sales", paused=True)
    world.end(ref, Succeeded())
    world.settle()
    paused = state(world)
    world.pause("sales", paused=False)
    world.settle()

    assert (paused, state(world)) == (TaskState.NONE, TaskState.DEFERRED)


def test_a_triggerer_is_asked_for_when_the_first_trigger_waits(world: World) -> None:
    before = world.triggerers_asked_for
    defer(world)
    assert (before, world.triggerers_asked_for) == (0, 1)
    hello(world)
    assert len(watched(world)) == 1


def test_the_end_of_a_deferred_attempt_that_is_sent_again_changes_nothing(world: World) -> None:
    hello(world)
    ref = defer(world)
    told(world, Accepted)
    world.end(ref, Succeeded())
    world.settle()

    assert state(world) is TaskState.DEFERRED
    assert [message.is_stale for _, message in told(world, Accepted) if isinstance(message, Accepted)] == [
        True
    ]


def test_a_triggerer_that_stops_in_order_hands_over_at_once(world: World) -> None:
    hello(world, "t")
    ref = defer(world)
    hello(world, "u")
    watched(world)
    say(world, Goodbye(host_id="t"), "t")

    assert [(host, work.ref) for host, work in watched(world)] == [("u", ref)]
    assert {row["kind"] for row in world.store.hosts.load_components()} >= {"triggerer"}


def test_a_triggerer_that_had_nothing_is_not_missed_when_it_is_gone(world: World) -> None:
    hello(world, "idle")
    hello(world, "busy", capacity=100)
    defer(world)
    (busy, _), *_ = watched(world)
    idle = ({"idle", "busy"} - {busy}).pop()
    assert known(world) == {idle, busy}
    world.clock.pass_by(world.settings.scheduler.host_lease_s * 1.1)
    world.beat()
    world.settle()
    assert known(world) == {busy}


def test_a_triggerer_that_died_is_forgotten_when_no_trigger_waits_for_one(world: World) -> None:
    hello(world, "t")
    defer(world)
    watched(world)
    world.workers.inbox.append(HostGone("t", is_dead=True))
    world.settle()
    world.clock.pass_by(MISSED_FOR.total_seconds() * 2)
    world.settle()
    while_it_is_missed = known(world)

    hello(world, "u")
    world.clock.pass_by(world.settings.scheduler.host_lease_s * 1.1)
    hello(world, "u")

    assert (while_it_is_missed, known(world)) == ({"t"}, {"u"})


def test_a_triggerer_that_died_before_the_scheduler_did_is_forgotten_by_the_next(world: World) -> None:
    hello(world, "t")
    ref = defer(world)
    watched(world)
    world.workers.inbox.append(HostGone("t", is_dead=True))
    world.settle()
    hello(world, "u")
    fire(world, ref, host_id="u")
    say(world, Goodbye(host_id="u"), "u")
    world.store.hosts.beat_component("scheduler", "here", hostname="here", pid=1, now=world.clock.now())
    world.restart()
    world.settle()
    at_first = known(world)
    world.clock.pass_by(MISSED_FOR.total_seconds() * 1.1)
    world.settle()

    assert (at_first, known(world)) == ({"t"}, set())
    assert [row["kind"] for row in world.store.hosts.load_components()] == ["scheduler"]
