"""What the scheduler tells of its work, and that telling nothing changes nothing."""

from pathlib import Path

import msgspec
import pytest

from tests.engine.building import World, dag, task
from tests.engine.waiting import DEFERRED, EVENT, defer, fire, hello, say
from windward.model.records import PoolRecord
from windward.ports.executor import HostGone
from windward.protocol.fired import Broken
from windward.protocol.messages import Heartbeat
from windward.protocol.outcomes import Failed, Succeeded
from windward.telemetry import names
from windward.telemetry.names import Metric
from windward.telemetry.registry import Registry, read_snapshot


class MeteredWorld(World):
    """A world whose scheduler measures."""

    def __init__(self, home: Path) -> None:
        self.metrics = Registry()
        super().__init__(home, metrics=self.metrics)
        self.step()
        self.hello()
        self.settle()

    def told(self, metric: Metric) -> dict[tuple[str, ...], float]:
        return {one.labels: one.value for one in read_snapshot(self.metrics.snapshot()).get(metric, [])}

    def counted(self, metric: Metric) -> dict[tuple[str, ...], int]:
        series = read_snapshot(self.metrics.snapshot()).get(metric, [])
        return {one.labels: sum(one.counts or ()) for one in series}


@pytest.fixture
def metered(tmp_path: Path) -> MeteredWorld:
    return MeteredWorld(tmp_path)


def test_each_attempt_is_counted_at_its_start_and_at_its_end(metered: MeteredWorld) -> None:
    document = dag(task("a"), task("b", "a"), task("c", "a"), task("d", "c"))
    metered.put(document)
    metered.trigger(document)
    metered.serve(lambda ref: Failed() if ref.task_id == "c" else Succeeded())
    assert metered.told(names.TI_START) == {("sales", one): 1 for one in "abc"}
    assert metered.told(names.TI_FINISH) == {
        ("sales", "a", "success"): 1, ("sales", "b", "success"): 1, ("sales", "c", "failed"): 1,
        ("sales", "d", "upstream_failed"): 1,
    }  # fmt: skip
    assert metered.told(names.TI_SUCCESSES) == {(): 2}
    assert metered.told(names.TI_FAILURES) == {(): 1}
    assert metered.counted(names.TASK_DURATION) == {("sales", one): 1 for one in "abc"}
    assert metered.counted(names.TASK_QUEUED) == {("sales", one): 1 for one in "abc"}
    assert metered.counted(names.RUN_FAILED) == {("sales",): 1}
    assert metered.counted(names.RUN_SUCCESS) == {}
    assert metered.counted(names.SCHEDULER_LOOP)[()] > 1


def test_durations_are_those_of_the_clock(metered: MeteredWorld) -> None:
    document = dag(task("a"))
    metered.put(document)
    metered.trigger(document)
    metered.settle()
    (ref,) = metered.submitted()
    metered.clock.pass_by(3)
    metered.start(ref)
    metered.clock.pass_by(7)
    metered.end(ref)
    metered.settle()
    assert metered.told(names.TASK_QUEUED) == {("sales", "a"): 3}
    assert metered.told(names.TASK_DURATION) == {("sales", "a"): 7}
    assert metered.told(names.RUN_SUCCESS) == {("sales",): 10}


def test_what_is_in_use_is_looked_at_now_and_then(metered: MeteredWorld) -> None:
    metered.store.secrets.set_pool(PoolRecord(name="small", slots=3))
    document = dag(*(task(f"t{number}", pool="small", pool_slots=1) for number in range(5)))
    metered.put(document)
    metered.trigger(document)
    metered.settle()
    first, *_ = metered.submitted()
    metered.start(first)
    metered.clock.pass_by(11)
    metered.step()
    small = ("small",)
    assert metered.told(names.POOL_RUNNING)[small] == 1
    assert metered.told(names.POOL_QUEUED)[small] == 2
    assert metered.told(names.POOL_OPEN)[small] == 0
    assert metered.told(names.POOL_STARVING)[small] == 2
    assert metered.told(names.TASKS_STARVING) == {(): 2}
    assert metered.told(names.EXECUTOR_RUNNING) == {(): 1}
    assert metered.told(names.EXECUTOR_QUEUED) == {(): 2}
    assert metered.told(names.RUNS_RUNNING) == {(): 1}
    assert metered.told(names.TASKS_EXECUTABLE) == {(): 3}


def test_what_was_refused_is_not_told(metered: MeteredWorld) -> None:
    document = dag(task("a"))
    metered.put(document)
    run_pk = metered.trigger(document)
    metered.settle()
    (ref,) = metered.submitted()
    metered.ask_start(ref)
    work = metered.scheduler.load(metered.workers.wait(0), metered.clock.now())
    assert work is not None
    metered.scheduler.decide(work)
    # Another writer takes the instance between what is decided and what is written.
    instances = metered.store.tables.tasks[run_pk]
    instances["a", -1] = msgspec.structs.replace(instances["a", -1], fence=ref.fence + 1)
    refused = metered.scheduler.apply(work)
    assert refused == {run_pk}
    meter = metered.scheduler.meter
    assert meter is not None
    meter.passed(work, refused, ended_at=metered.clock.now())
    assert metered.told(names.TI_START) == {}


def test_what_triggers_come_to_is_told_apart(metered: MeteredWorld) -> None:
    hello(metered)
    for run in range(3):
        ref = defer(metered, run_id=f"r{run}", logical_date=metered.clock.now().replace(day=run + 1))
        fire(metered, ref, Broken(error="late") if run == 1 else EVENT)
        fire(metered, ref)  # said again: stale by now
        metered.submitted()
    assert metered.told(names.TRIGGERS_SUCCEEDED) == {(): 2}
    assert metered.told(names.TRIGGERS_FAILED) == {(): 1}


def test_a_trigger_that_says_nothing_in_time_has_neither_fired_nor_failed(metered: MeteredWorld) -> None:
    hello(metered)
    defer(metered, deferred=msgspec.structs.replace(DEFERRED, timeout_s=3))
    metered.clock.pass_by(5)
    metered.settle()
    assert len(metered.submitted()) == 1
    assert metered.told(names.TRIGGERS_SUCCEEDED) == metered.told(names.TRIGGERS_FAILED) == {}


def test_each_sign_of_life_of_a_triggerer_counts_and_so_does_each_blocked_loop(metered: MeteredWorld) -> None:
    say(metered, Heartbeat(host_id="t"))  # nobody has heard of it
    hello(metered)
    for blocked in (0, 2, 1):
        say(metered, Heartbeat(host_id="t", blocked=blocked))
    assert metered.told(names.TRIGGERER_HEARTBEAT) == {(): 3}
    assert metered.told(names.TRIGGERS_BLOCKED) == {(): 3}


def test_a_machine_whose_triggerer_is_gone_runs_no_trigger(metered: MeteredWorld) -> None:
    hello(metered, capacity=5)
    defer(metered)
    metered.clock.pass_by(11)
    metered.step()
    assert metered.told(names.TRIGGERS_RUNNING) == {("t",): 1}
    assert metered.told(names.TRIGGERER_LEFT) == {("t",): 4}
    metered.workers.inbox.append(HostGone("t", True))
    metered.settle()
    metered.clock.pass_by(11)
    metered.step()
    assert metered.told(names.TRIGGERS_RUNNING) == {("t",): 0}
    assert metered.told(names.TRIGGERER_LEFT) == {("t",): 0}
