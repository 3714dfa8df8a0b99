"""What a worker host does when things die, freeze, come late or come twice: real processes, real sockets."""

import os
import signal
from typing import Any

import pytest

from tests.runner.conftest import StartHost
from tests.runner.fake_scheduler import task_context
from tests.runner.marking import Bench, is_alive
from windward.protocol.calls import VariableAnswer
from windward.protocol.messages import (
    Cancel,
    ChildCall,
    Goodbye,
    Heartbeat,
    Hello,
    Shutdown,
    StartRequest,
    Submit,
)
from windward.protocol.outcomes import Failed, Succeeded
from windward.protocol.work import AttemptRef


def test_user_code_runs_only_after_the_grant(bench: Bench) -> None:
    bench.scheduler.grants_starts = False
    work = bench.work("quick")
    bench.scheduler.submit(work)
    bench.scheduler.until(lambda: work.ref in bench.scheduler.asked)
    [template] = bench.host.templates()
    bench.scheduler.until(lambda: bench.host.children_of(template))
    assert not (bench.marks / "quick.1").exists()
    bench.scheduler.grant(work.ref)
    assert isinstance(bench.ended(work.ref).outcome, Succeeded)


def test_an_attempt_that_is_submitted_and_granted_twice_runs_once(bench: Bench) -> None:
    work = bench.work("wait")
    bench.begin(work)
    bench.scheduler.submit(work)
    bench.scheduler.grant(work.ref)
    bench.go()
    bench.ended(work.ref)
    bench.host.run(bench.work("quick"))
    assert len(bench.scheduler.heard(StartRequest)) == 2
    assert bench.scheduler.endings_received.count(work.ref) == 1


def test_cancelling_before_the_grant_reports_that_nothing_was_started(bench: Bench) -> None:
    bench.scheduler.grants_starts = False
    work = bench.work("quick")
    bench.scheduler.submit(work)
    bench.scheduler.until(lambda: work.ref in bench.scheduler.asked)
    bench.scheduler.send(Cancel(refs=(work.ref,), reason="cleared"))
    assert bench.ended(work.ref).exit.kind == "never_started"
    assert not (bench.marks / "quick.1").exists()


def test_an_ending_is_sent_again_on_each_connection_until_it_is_accepted(bench: Bench) -> None:
    bench.scheduler.accepts_endings = False
    work = bench.work("quick")
    bench.host.run(work)
    bench.scheduler.disconnect()
    bench.scheduler.listen_again()
    bench.scheduler.until(lambda: bench.scheduler.endings_received.count(work.ref) == 2)
    assert work.ref in bench.scheduler.heard(Hello)[-1].running
    bench.scheduler.accepts_endings = True
    bench.scheduler.disconnect()
    bench.scheduler.listen_again()
    bench.scheduler.until(lambda: bench.scheduler.endings_received.count(work.ref) == 3)
    bench.scheduler.disconnect()
    bench.scheduler.listen_again()
    bench.scheduler.until(lambda: len(bench.scheduler.heard(Hello)) == 4)
    assert bench.scheduler.heard(Hello)[-1].running == ()


def test_tasks_go_on_while_no_scheduler_is_there(bench: Bench) -> None:
    work = bench.work("wait")
    child = bench.begin(work)
    bench.scheduler.disconnect()
    bench.go()
    bench.scheduler.until(lambda: not is_alive(child))
    bench.scheduler.listen_again()
    assert isinstance(bench.ended(work.ref).outcome, Succeeded)


def test_a_call_survives_the_death_of_the_scheduler(bench: Bench) -> None:
    asked: list[AttemptRef] = []

    def die(ref: AttemptRef, _call: object) -> Any:
        asked.append(ref)
        if len(asked) == 1:
            raise ConnectionAbortedError
        return VariableAnswer(value="blue")

    bench.scheduler.answer = die
    work = bench.work("asks")
    bench.scheduler.submit(work)
    with pytest.raises(ConnectionAbortedError):
        bench.scheduler.until(lambda: False)
    bench.scheduler.disconnect()
    bench.scheduler.listen_again()
    assert isinstance(bench.ended(work.ref).outcome, Succeeded)
    assert len(bench.scheduler.heard(ChildCall)) == 2


def test_starts_that_were_not_granted_are_asked_for_again(bench: Bench) -> None:
    bench.scheduler.grants_starts = False
    work = bench.work("quick")
    bench.scheduler.submit(work)
    bench.scheduler.until(lambda: work.ref in bench.scheduler.asked)
    bench.scheduler.disconnect()
    bench.scheduler.grants_starts = True
    bench.scheduler.listen_again()
    assert isinstance(bench.ended(work.ref).outcome, Succeeded)


def test_a_stale_attempt_is_killed_and_not_reported(bench: Bench) -> None:
    work = bench.work("wait")
    child = bench.begin(work)
    bench.scheduler.stale = (work.ref,)
    assert bench.gone(child)
    bench.host.run(bench.work("quick"))
    assert work.ref not in bench.scheduler.endings


def test_a_host_that_was_frozen_beyond_its_lease_starts_nothing_that_was_granted_before(
    start_host: StartHost,
) -> None:
    host = start_host("--heartbeat", "0.05", lease_s=3.0)
    bench = Bench(host, host.home / "marks")
    bench.host.run(bench.work("quick"))
    bench.scheduler.grants_starts = False
    work = bench.work("quick", fence=2)
    bench.scheduler.submit(work)
    bench.scheduler.until(lambda: work.ref in bench.scheduler.asked)
    os.kill(host.process.pid, signal.SIGSTOP)
    bench.scheduler.answers_beats = False
    bench.scheduler.grant(work.ref)
    wait_s(bench, 4.0)
    os.kill(host.process.pid, signal.SIGCONT)
    ending = bench.ended(work.ref)
    assert ending.exit.kind == "never_started"
    assert ending.outcome == Failed(is_infrastructure=True)
    assert not (bench.marks / "quick.2").exists()
    bench.scheduler.answers_beats = bench.scheduler.grants_starts = True
    bench.scheduler.disconnect()
    bench.scheduler.listen_again()
    bench.scheduler.until(lambda: len(bench.scheduler.heard(Hello)) == 2)
    [again] = bench.host.run(bench.work("quick", fence=3))
    assert isinstance(again.outcome, Succeeded)


def wait_s(bench: Bench, seconds: float) -> None:
    """Let a lease run out: the event that is waited for is the passing of time itself."""
    with pytest.raises(AssertionError, match="does not become true"):
        bench.scheduler.until(lambda: False, within_s=seconds)


def test_a_host_beats_within_its_lease_whatever_it_was_told_to(start_host: StartHost) -> None:
    host = start_host("--heartbeat", "3600", lease_s=0.3)
    host.scheduler.until(lambda: len(host.scheduler.heard(Heartbeat)) == 3)


def test_heartbeats_name_what_runs(bench: Bench) -> None:
    work = bench.work("wait")
    bench.begin(work)
    bench.scheduler.until(
        lambda: bench.scheduler.heard(Heartbeat)[-1:] and bench.scheduler.heard(Heartbeat)[-1].running
    )
    assert bench.scheduler.heard(Heartbeat)[-1].running == (work.ref,)


@pytest.mark.parametrize("how", ["message", "sigterm"])
def test_a_host_that_stops_stops_its_tasks_reports_them_and_says_goodbye(bench: Bench, how: str) -> None:
    work = bench.work("wait")
    child = bench.begin(work)
    if how == "message":
        bench.scheduler.send(Shutdown())
    else:
        bench.host.process.terminate()
    assert bench.host.wait_exit() == 0
    ending = bench.scheduler.endings[work.ref]
    assert ending.outcome == Failed(is_infrastructure=True)
    assert ending.exit.kind == "cancelled"
    assert (bench.marks / "on_kill").exists()
    assert not is_alive(child)
    bench.scheduler.until(lambda: bench.scheduler.heard(Goodbye))


def test_a_host_that_stops_takes_nothing_new(bench: Bench) -> None:
    bench.begin(bench.work("stubborn"))
    grandchild = bench.pid_in("grandchild")  # SIGTERM ends nothing here from now on
    bench.host.process.terminate()
    bench.scheduler.until((bench.marks / "asked").exists)

    late = bench.work("quick", fence=2)
    bench.scheduler.submit(late)
    bench.scheduler.until(lambda: bench.scheduler.heard(Hello)[-1].queues == ())
    beats = len(bench.scheduler.heard(Heartbeat))
    bench.scheduler.until(lambda: len(bench.scheduler.heard(Heartbeat)) > beats + 2)

    # The scheduler gives it to another worker: it is not among what the hello names.
    assert late.ref not in bench.scheduler.heard(Hello)[-1].running
    assert late.ref not in bench.scheduler.heard(Heartbeat)[-1].running
    assert late.ref not in bench.scheduler.asked
    os.kill(grandchild, signal.SIGKILL)


def test_a_host_that_stops_sends_no_call_twice(bench: Bench) -> None:
    asked: list[AttemptRef] = []

    def stop(ref: AttemptRef, _call: object) -> Any:
        asked.append(ref)
        bench.host.process.terminate()
        bench.scheduler.until(lambda: bench.scheduler.heard(Hello)[-1].queues == () or len(asked) > 1)
        return VariableAnswer(value="blue")

    bench.scheduler.answer = stop
    work = bench.work("asks")
    bench.scheduler.submit(work)
    bench.ended(work.ref)

    assert bench.host.wait_exit() == 0
    assert asked == [work.ref]


def test_a_host_takes_no_more_than_its_capacity_at_once(start_host: StartHost) -> None:
    host = start_host("--capacity", "2", "--kill-grace", "0.3")
    bench = Bench(host, host.home / "marks")
    works = [bench.work("wait", fence=number) for number in range(1, 5)]
    bench.scheduler.submit(*works)
    bench.scheduler.until(lambda: len(list(bench.marks.glob("wait.*"))) == 2)
    assert len(bench.scheduler.asked) == 2
    bench.go()
    bench.scheduler.until(lambda: {work.ref for work in works} <= bench.scheduler.endings.keys())


def test_a_large_context_reaches_its_task(bench: Bench) -> None:
    work = bench.work("quick")
    context = task_context(work.ref)
    run = type(context.run)(
        **{name: getattr(context.run, name) for name in context.run.__struct_fields__ if name != "conf"},
        conf={"blob": "x" * 3_000_000},
    )
    fields = {name: getattr(context, name) for name in context.__struct_fields__ if name != "run"}
    bench.scheduler.contexts[work.ref] = type(context)(run=run, **fields)
    [ending] = bench.host.run(work)
    assert isinstance(ending.outcome, Succeeded)


def test_an_empty_submission_is_nothing(bench: Bench) -> None:
    bench.scheduler.send(Submit(work=()))
    [ending] = bench.host.run(bench.work("quick"))
    assert isinstance(ending.outcome, Succeeded)
