"""Which host gets which attempt, and what executors there are."""

from collections.abc import Callable

import msgspec
import pytest

from tests.executors.conftest import FakeHost, submission, wait_for
from windward.errors import SettingsError
from windward.executors.hub import Hub
from windward.executors.registry import make_executor
from windward.ports.clock import SystemClock
from windward.ports.executor import Envelope, HostGone
from windward.protocol.messages import AttemptEnded, Cancel, StartRefused, Submit, Welcome
from windward.protocol.outcomes import Ending, ExitFact, Succeeded

Connect = Callable[..., FakeHost]


def ending() -> Ending:
    return Ending(outcome=Succeeded(), exit=ExitFact(kind="ok"), at=SystemClock().now())


def submitted(host: FakeHost) -> list[str]:
    message = host.read()
    assert isinstance(message, Submit)
    return [one.ref.task_id for one in message.work]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("local", "local"),
        ("LocalExecutor", "local"),
        ("airflow.executors.local_executor.LocalExecutor", "local"),
        ("sequential", "sequential"),
        ("SequentialExecutor", "sequential"),
        ("airflow.executors.sequential_executor.SequentialExecutor", "sequential"),
    ],
)
def test_an_executor_has_our_name_and_those_of_airflow(hub: Hub, name: str, wanted: str) -> None:
    assert make_executor(name, hub).name == wanted


@pytest.mark.parametrize("name", ["celery", "CeleryExecutor", "kubernetes", "KubernetesExecutor", "nonsense"])
def test_an_executor_that_is_not_there_is_refused_with_those_that_are(hub: Hub, name: str) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        make_executor(name, hub)
    assert "`local`" in refused.value.hint
    assert "`sequential`" in refused.value.hint


def test_the_capacity_is_that_of_the_connected_hosts(hub: Hub, connect: Connect) -> None:
    executor = make_executor("local", hub)
    assert executor.capacity() == 0
    connect("a", capacity=3)
    leaving = connect("b", capacity=5)
    assert executor.capacity() == 8
    leaving.close()
    wait_for(hub, lambda event: isinstance(event, HostGone))
    assert executor.capacity() == 3


def test_a_host_that_is_avoided_is_given_nothing_new_and_keeps_what_it_has(
    hub: Hub, connect: Connect
) -> None:
    executor = make_executor("local", hub)
    one, other = connect("one", capacity=9), connect("other", capacity=2)
    assert executor.submit([submission(1)]) == ["one"]
    executor.avoid({"one"})
    assert executor.capacity() == 2
    assert executor.submit([submission(1), submission(2), submission(3)]) == ["one", "other", "other"]
    executor.avoid({"one", "other"})
    assert executor.capacity() == 0
    assert executor.submit([submission(4)]) == [""]
    executor.avoid({"other"})
    assert executor.placed() == [(submission(4).ref, "one")]
    hub.flush()
    assert [submitted(one), submitted(one), submitted(one)] == [["task1"], ["task1"], ["task4"]]
    assert submitted(other) == ["task2", "task3"]


def test_a_host_that_stops_is_given_nothing_new_on_the_connection_that_it_has(
    hub: Hub, connect: Connect
) -> None:
    executor = make_executor("local", hub)
    stopping, other = connect("stopping", capacity=9), connect("other", capacity=2)
    assert executor.submit([submission(1)]) == ["stopping"]

    hello = msgspec.structs.replace(stopping.hello, capacity=0, queues=(), running=(submission(1).ref,))
    stopping.say(hello)
    wait_for(hub, lambda event: isinstance(event, Envelope) and event.message == hello)

    assert executor.capacity() == 2
    assert executor.submit([submission(2), submission(3)]) == ["other", "other"]
    hub.flush()
    assert submitted(stopping) == ["task1"]
    assert submitted(other) == ["task2", "task3"]
    hub.send("stopping", Cancel(refs=(submission(1).ref,), reason="cleared"))
    assert isinstance(stopping.read(), Cancel)


def test_the_sequential_executor_takes_one_at_a_time(hub: Hub, connect: Connect) -> None:
    executor = make_executor("sequential", hub)
    assert executor.capacity() == 0
    connect("a", capacity=8)
    assert executor.capacity() == 1


def test_attempts_go_where_most_room_is(hub: Hub, connect: Connect) -> None:
    small, large = connect("small", capacity=2), connect("large", capacity=6)
    executor = make_executor("local", hub)
    placed = executor.submit([submission(number) for number in range(8)])
    assert (placed.count("small"), placed.count("large")) == (2, 6)
    assert len(submitted(small)) == 2
    assert len(submitted(large)) == 6


def test_an_ended_attempt_makes_room(hub: Hub, connect: Connect) -> None:
    host = connect("a", capacity=2)
    connect("b", capacity=2)
    executor = make_executor("local", hub)
    placed = executor.submit([submission(number) for number in range(4)])
    done = [submission(number).ref for number in range(4) if placed[number] == "a"]
    for ref in done:
        host.say(AttemptEnded(ref=ref, ending=ending()))
        wait_for(hub, lambda event: isinstance(event, Envelope) and isinstance(event.message, AttemptEnded))
    assert executor.submit([submission(5), submission(6)]) == ["a", "a"]


def test_a_refused_start_makes_room(hub: Hub, connect: Connect) -> None:
    connect("a", capacity=1)
    connect("b", capacity=1)
    executor = make_executor("local", hub)
    placed = executor.submit([submission(1), submission(2)])
    assert sorted(placed) == ["a", "b"]
    hub.send("b", StartRefused(ref=submission(1 + placed.index("b")).ref, reason="over"))
    assert executor.submit([submission(3)]) == ["b"]


def test_an_attempt_that_a_host_has_goes_to_no_other(hub: Hub, connect: Connect) -> None:
    connect("a", capacity=4)
    executor = make_executor("local", hub)
    executor.submit([submission(1)])
    connect("b", capacity=40)
    assert executor.submit([submission(1)]) == ["a"]


def test_an_attempt_goes_to_a_host_of_its_queue(hub: Hub, connect: Connect) -> None:
    connect("plain", capacity=40)
    connect("gpu", capacity=1, queues=("gpu",))
    executor = make_executor("local", hub)
    assert executor.submit([submission(1, queue="gpu"), submission(2)]) == ["gpu", "plain"]


def test_an_attempt_of_an_unserved_queue_waits_for_a_host_that_serves_it(hub: Hub, connect: Connect) -> None:
    plain = connect("plain")
    executor = make_executor("local", hub)
    assert executor.submit([submission(1, queue="gpu"), submission(2)]) == ["", "plain"]
    assert submitted(plain) == ["task2"]
    assert submitted(connect("gpu", queues=("gpu",))) == ["task1"]


def test_it_is_told_once_where_an_attempt_that_had_waited_went(hub: Hub, connect: Connect) -> None:
    connect("plain")
    executor = make_executor("local", hub)
    work = submission(1, queue="gpu")
    executor.submit([work, submission(2)])
    assert executor.placed() == []
    connect("gpu", queues=("gpu",))
    assert executor.placed() == [(work.ref, "gpu")]
    assert executor.placed() == []


def test_a_cancel_goes_to_the_host_that_has_the_attempt(hub: Hub, connect: Connect) -> None:
    hosts = {name: connect(name, capacity=1) for name in ("a", "b")}
    executor = make_executor("local", hub)
    placed = executor.submit([submission(1), submission(2)])
    executor.cancel([submission(1).ref], reason="cleared")
    hub.send("a", Welcome(lease_s=1))
    hub.send("b", Welcome(lease_s=1))
    for name, host in hosts.items():
        assert isinstance(host.read(), Submit)
        if name == placed[0]:
            assert host.read() == Cancel(refs=(submission(1).ref,), reason="cleared")
        assert host.read() == Welcome(lease_s=1)


def test_a_cancel_of_an_attempt_that_nobody_is_known_to_have_goes_to_all(hub: Hub, connect: Connect) -> None:
    hosts = [connect("a"), connect("b")]
    executor = make_executor("local", hub)
    executor.cancel([submission(1).ref], reason="cleared")
    for host in hosts:
        assert host.read() == Cancel(refs=(submission(1).ref,), reason="cleared")


def test_a_cancelled_attempt_that_waits_is_never_sent(hub: Hub, connect: Connect) -> None:
    executor = make_executor("local", hub)
    executor.submit([submission(1, queue="gpu"), submission(2, queue="gpu")])
    executor.cancel([submission(1, queue="gpu").ref], reason="cleared")
    assert submitted(connect("gpu", queues=("gpu",))) == ["task2"]
