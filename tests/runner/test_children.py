"""What becomes of children: killed, cancelled, warm, spare; and of what they print. Real processes."""

import contextlib
import json
import os
import signal
from pathlib import Path

import msgspec

from tests.runner.conftest import StartHost
from tests.runner.fake_scheduler import callback_context, submission
from tests.runner.marking import BODY, HEAD, Bench
from windward.model.states import Isolation
from windward.protocol.messages import Cancel, Heartbeat
from windward.protocol.outcomes import Failed, Succeeded
from windward.protocol.work import AttemptRef, Submission
from windward.runner.linux import IDLE_CLASS_NICE

CALLS_BACK = """
from datetime import datetime
from windward.sdk.dag import DAG
with DAG("d", schedule=None, start_date=datetime(2026, 1, 1), on_failure_callback=lambda _: print("called back")):
    pass
"""


def test_a_killed_child_is_reported_with_its_signal(bench: Bench) -> None:
    work = bench.work("wait")
    os.kill(bench.begin(work), signal.SIGKILL)
    ending = bench.ended(work.ref)
    assert (ending.exit.kind, ending.exit.signal) == ("signal", signal.SIGKILL)
    assert ending.outcome == Failed()
    assert "SIGKILL" in bench.host.log(work.ref)


def test_a_killed_template_loses_its_attempts_without_using_up_retries(bench: Bench) -> None:
    work = bench.work("wait")
    child = bench.begin(work)
    [template] = bench.host.templates()
    os.kill(template, signal.SIGKILL)
    ending = bench.ended(work.ref)
    assert ending.exit.kind == "lost"
    assert ending.outcome == Failed(is_infrastructure=True)
    assert bench.gone(child)
    [again] = bench.host.run(bench.work("quick"))
    assert isinstance(again.outcome, Succeeded)


def test_children_and_templates_die_with_their_host(bench: Bench) -> None:
    child = bench.begin(bench.work("wait"))
    [template] = bench.host.templates()
    bench.host.process.kill()
    assert bench.gone(child)
    assert bench.gone(template)


def test_cancelling_runs_on_kill_and_says_why(bench: Bench) -> None:
    work = bench.work("wait")
    bench.begin(work)
    bench.scheduler.send(Cancel(refs=(work.ref,), reason="marked as failed"))
    ending = bench.ended(work.ref)
    assert (ending.exit.kind, ending.exit.message) == ("cancelled", "marked as failed")
    assert (bench.marks / "on_kill").exists()


def test_a_task_that_swallows_its_stop_has_not_succeeded(bench: Bench) -> None:
    work = bench.work("swallows")
    bench.begin(work)
    bench.scheduler.send(Cancel(refs=(work.ref,), reason="cleared"))
    ending = bench.ended(work.ref)
    assert isinstance(ending.outcome, Failed)
    assert ending.exit.kind == "cancelled"


def test_a_task_that_ignores_sigterm_is_killed_with_its_grandchildren(start_host: StartHost) -> None:
    host = start_host("--kill-grace", "3", "--spare", "0")
    bench = Bench(host, host.home / "marks")
    work = bench.work("stubborn")
    bench.begin(work)
    grandchild = bench.pid_in("grandchild")
    bench.scheduler.send(Cancel(refs=(work.ref,), reason="cleared"))
    ending = bench.ended(work.ref)
    assert (bench.marks / "asked").exists()
    assert (ending.exit.kind, ending.exit.signal) == ("cancelled", signal.SIGKILL)
    assert bench.gone(grandchild)


def test_a_cancelled_warm_child_is_replaced(bench: Bench) -> None:
    first = bench.work("wait", isolation=Isolation.WARM)
    pid = bench.begin(first)
    bench.scheduler.send(Cancel(refs=(first.ref,), reason="cleared"))
    assert bench.ended(first.ref).exit.kind == "cancelled"
    second = bench.work("quick", isolation=Isolation.WARM)
    [ending] = bench.host.run(second)
    assert isinstance(ending.outcome, Succeeded)
    assert bench.pid_in("quick.1") != pid
    assert bench.gone(pid)


def test_a_warm_child_is_replaced_after_its_number_of_attempts(start_host: StartHost) -> None:
    host = start_host("--warm-attempts", "2", "--warm-children", "1")
    bench = Bench(host, host.home / "marks")
    pids = []
    for fence in range(1, 5):
        bench.host.run(bench.work("quick", fence=fence, isolation=Isolation.WARM))
        pids.append(bench.pid_in(f"quick.{fence}"))
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_warm_attempts_wait_for_a_child_when_there_are_enough(start_host: StartHost) -> None:
    bench = Bench(host := start_host("--warm-children", "1"), host.home / "marks")
    other = host.write("g.py", HEAD.format(marks=os.fspath(bench.marks)) + BODY)
    works = [bench.work("wait", fence=number, isolation=Isolation.WARM) for number in (1, 2)]
    works.append(submission(other, "wait", fence=3, isolation=Isolation.WARM))
    bench.begin(works[0])
    bench.scheduler.submit(*works[1:])
    bench.host.run(bench.work("quick"))
    assert len(list(bench.marks.glob("wait.*"))) == 1
    bench.go()
    bench.scheduler.until(lambda: {work.ref for work in works} <= bench.scheduler.endings.keys())
    assert all(isinstance(bench.scheduler.endings[work.ref].outcome, Succeeded) for work in works)


def test_nothing_is_left_behind_after_many_attempts(bench: Bench) -> None:
    def children() -> list[int]:
        [template] = bench.host.templates()
        return bench.host.children_of(template)

    bench.host.run(*[bench.work("quick", fence=number) for number in range(1, 11)])
    bench.scheduler.until(lambda: not children())
    [template] = bench.host.templates()

    def descriptors() -> tuple[int, int]:
        return bench.host.descriptors(), len(list(Path(f"/proc/{template}/fd").iterdir()))

    before = descriptors()
    bench.host.run(*[bench.work("quick", fence=number) for number in range(11, 311)])
    bench.scheduler.until(lambda: not children())
    # The host closes what it had of a child a moment after the child is gone: of the last ones before, and now.
    bench.scheduler.until(lambda: all(now <= then for now, then in zip(descriptors(), before, strict=True)))


def test_a_child_is_forked_ahead_of_the_next_attempt_and_let_go_when_the_host_stops(
    start_host: StartHost,
) -> None:
    bench = Bench(host := start_host(), host.home / "marks")
    bench.host.run(bench.work("quick"))
    [template] = host.templates()
    before = bench.pid_in("quick.1")

    def only_spare() -> int | None:
        found = host.children_of(template)
        return found[0] if len(found) == 1 and found != [before] else None

    for fence in range(2, 12):
        spare = bench.scheduler.until(only_spare)
        bench.host.run(bench.work("quick", fence=fence))
        before = bench.pid_in(f"quick.{fence}")
        if before == spare:
            break  # it may be seen here before the host has heard of it, and then the host has another one made
    else:
        raise AssertionError("no child was there before its attempt")
    host.process.terminate()
    assert host.wait_exit() == 0


def test_a_spare_child_that_dies_is_no_loss(start_host: StartHost) -> None:
    bench = Bench(host := start_host(), host.home / "marks")
    bench.host.run(bench.work("quick"))
    [template] = host.templates()
    first = bench.pid_in("quick.1")
    bench.scheduler.until(lambda: [pid for pid in host.children_of(template) if pid != first])
    for pid in host.children_of(template):
        with contextlib.suppress(ProcessLookupError):  # the first one ends by itself
            os.kill(pid, signal.SIGKILL)
    [ending] = bench.host.run(bench.work("quick", fence=2))
    assert isinstance(ending.outcome, Succeeded)


def test_output_of_a_grandchild_that_outlives_the_task_is_still_collected(bench: Bench) -> None:
    text = """
class Daemon(Task):
    def work(self, context):
        if os.fork() == 0:
            os.setsid()
            while not MARKS.joinpath("go").exists():
                time.sleep(0.005)
            os.write(1, b"late\\n")
            os._exit(0)
with DAG("d", schedule=None, start_date=datetime(2026, 1, 1)) as d:
    Daemon(task_id="daemon")
"""
    fileloc = bench.host.write("daemon.py", HEAD.format(marks=os.fspath(bench.marks)) + text)
    work = submission(fileloc, "daemon")
    [ending] = bench.host.run(work)
    assert isinstance(ending.outcome, Succeeded)
    bench.go()
    bench.scheduler.until(lambda: '"late"' in bench.host.log(work.ref))


def test_a_long_burst_of_lines_arrives_whole_and_in_order(bench: Bench) -> None:
    text = """
class Burst(Task):
    def work(self, context):
        for number in range(5000):
            print("line", number)
with DAG("d", schedule=None, start_date=datetime(2026, 1, 1)) as d:
    Burst(task_id="burst")
"""
    fileloc = bench.host.write("burst.py", HEAD.format(marks=os.fspath(bench.marks)) + text)
    work = submission(fileloc, "burst")
    bench.host.run(work)
    bench.scheduler.until(lambda: "attempt ended" in bench.host.log(work.ref))
    events = [json.loads(line)["event"] for line in bench.host.log(work.ref).splitlines()]
    assert [event for event in events if event.startswith("line ")] == [f"line {n}" for n in range(5000)]


def test_a_last_line_without_a_successor_is_seen_while_the_task_runs(bench: Bench) -> None:
    text = """
class Chatty(Task):
    def work(self, context):
        for number in range(200):
            print("line", number)
        while not MARKS.joinpath("go").exists():
            time.sleep(0.005)
with DAG("d", schedule=None, start_date=datetime(2026, 1, 1)) as d:
    Chatty(task_id="chatty")
"""
    fileloc = bench.host.write("chatty.py", HEAD.format(marks=os.fspath(bench.marks)) + text)
    work = submission(fileloc, "chatty")
    bench.scheduler.submit(work)
    bench.scheduler.until(lambda: '"line 199"' in bench.host.log(work.ref))
    assert work.ref not in bench.scheduler.endings
    bench.go()
    bench.ended(work.ref)


def test_work_of_the_idle_class_leaves_the_processor_to_the_rest(bench: Bench) -> None:
    idle, usual = bench.work("wait"), bench.work("wait", fence=2)
    idle = msgspec.structs.replace(idle, is_idle_class=True)
    pids = [bench.begin(work) for work in (idle, usual)]
    own = os.getpriority(os.PRIO_PROCESS, 0)
    found = [os.getpriority(os.PRIO_PROCESS, pid) for pid in pids]
    assert found == [max(IDLE_CLASS_NICE, own), own]
    assert [os.sched_getscheduler(pid) for pid in pids] == [os.SCHED_IDLE, os.sched_getscheduler(0)]
    bench.go()
    assert isinstance(bench.ended(idle.ref).outcome, Succeeded)


def test_work_of_the_idle_class_is_placed_after_all_other(start_host: StartHost) -> None:
    host = start_host("--capacity", "1", "--spare", "0")
    bench = Bench(host, host.home / "marks")
    idle = [msgspec.structs.replace(bench.work("quick", fence=n), is_idle_class=True) for n in (2, 3)]
    bench.begin(bench.work("wait"))
    bench.scheduler.submit(*idle, bench.work("quick", fence=4))
    bench.go()
    bench.scheduler.until(lambda: len(bench.scheduler.endings) == 4)
    assert [ref.fence for ref in bench.scheduler.endings] == [1, 4, 2, 3]


def test_the_time_of_a_callback_begins_anew_with_the_process_that_runs_it(start_host: StartHost) -> None:
    host = start_host("--callback-limit", "3", "--heartbeat", "0.1", "--spare", "0")
    bench = Bench(host, host.home / "marks")
    name = host.write("calls_back.py", CALLS_BACK)
    ref = AttemptRef(1, "", -1, 1, callback_pk=5)
    bench.scheduler.contexts[ref] = callback_context("failure")
    bench.scheduler.grants_starts = False
    bench.scheduler.submit(Submission(ref=ref, dag_id="d", fileloc=name, code_hash=""))
    bench.scheduler.until(lambda: ref in bench.scheduler.asked)
    [template] = host.templates()
    [child] = bench.scheduler.until(lambda: host.children_of(template))
    os.kill(child, signal.SIGSTOP)
    bench.scheduler.grant(ref)
    beats = len(bench.scheduler.heard(Heartbeat))
    bench.scheduler.until(lambda: len(bench.scheduler.heard(Heartbeat)) > beats + 15)

    os.kill(child, signal.SIGKILL)  # it took no start: another one does

    assert isinstance(bench.ended(ref).outcome, Succeeded)
    beats = len(bench.scheduler.heard(Heartbeat))
    bench.scheduler.until(lambda: len(bench.scheduler.heard(Heartbeat)) > beats + 30)
    log = (host.home / "logs" / callback_context("failure").log_path).read_text()
    assert "called back" in log
    assert "takes too long" not in log
