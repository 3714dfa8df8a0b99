"""The hub: messages, hosts that are slow, frozen, mad or dead, wake-ups, and its sockets."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.executors.conftest import DEADLINE_S, FakeHost, submission, wait_for
from windward.errors import SettingsError
from windward.executors.doors import Doors, open_doors, scheduler_socket, wake_socket
from windward.executors.hub import Hub
from windward.ports.executor import Envelope, HostGone, Woken
from windward.protocol.messages import Goodbye, Heartbeat, Hello, Submit, Welcome

Connect = Callable[..., FakeHost]


def events_until_closed(hub: Hub, connection: socket.socket) -> list[object]:
    """Serve the hub until it has closed a connection without a word; return what it told meanwhile."""
    answers: list[bytes] = []
    reader = threading.Thread(target=lambda: answers.append(connection.recv(1)))
    reader.start()
    events: list[object] = []
    while reader.is_alive():
        events += hub.wait(0.05)
    assert answers == [b""]
    return events


def test_a_message_carries_the_id_that_the_host_said_hello_with(hub: Hub, connect: Connect) -> None:
    host = connect("h7")
    host.say(Heartbeat(host_id="somebody else"))
    event = wait_for(hub, lambda event: isinstance(event, Envelope))
    assert isinstance(event, Envelope)
    assert event.host_id == "h7"


def test_what_is_sent_arrives_in_order(hub: Hub, connect: Connect) -> None:
    host = connect()
    for number in range(50):
        hub.send("h1", Welcome(lease_s=float(number)))
    assert [host.read() for _ in range(50)] == [Welcome(lease_s=float(number)) for number in range(50)]


def test_a_message_to_nobody_is_dropped(hub: Hub) -> None:
    hub.send("nobody", Welcome(lease_s=1))
    assert hub.wait(0) == []


def test_a_host_that_does_not_read_delays_nobody(hub: Hub, connect: Connect) -> None:
    """Ten megabytes to a frozen host take no time, and a host beside it is served at once."""
    frozen = connect("frozen")
    lively = connect("lively")
    load = Submit(work=tuple(submission(number) for number in range(2000)))
    began = time.monotonic()
    for _ in range(60):
        hub.send("frozen", load)
    hub.send("lively", Welcome(lease_s=3))
    assert time.monotonic() - began < DEADLINE_S / 2
    assert lively.read() == Welcome(lease_s=3)

    received: list[object] = []
    reader = threading.Thread(target=lambda: received.extend(frozen.read() for _ in range(60)))
    reader.start()
    while reader.is_alive():
        hub.wait(0.05)
    assert received == [load] * 60


def test_a_host_that_never_reads_loses_its_connection_before_memory_does(hub: Hub, connect: Connect) -> None:
    connect("frozen")
    load = Submit(work=tuple(submission(number) for number in range(40_000)))
    for _ in range(100):
        hub.send("frozen", load)
        if hub.find("frozen") is None:
            break
    event = wait_for(hub, lambda event: isinstance(event, HostGone))
    assert event == HostGone("frozen", is_dead=False)


@pytest.mark.parametrize(
    "nonsense", [b"\xff\xff\xff\xff", b"\x00\x00\x00\x02\xc1\xc1", b"GET / HTTP/1.1\r\n\r\n" * 20]
)
def test_nonsense_costs_the_connection_and_nothing_else(
    hub: Hub, connect: Connect, run_folder: Path, nonsense: bytes
) -> None:
    connect("good")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stranger:
        stranger.settimeout(DEADLINE_S)
        stranger.connect(os.fspath(scheduler_socket(run_folder)))
        stranger.sendall(nonsense)
        assert events_until_closed(hub, stranger) == []
    assert hub.find("good") is not None


def test_a_message_before_the_hello_is_refused(hub: Hub, run_folder: Path) -> None:
    host = FakeHost(run_folder)
    host.say(Heartbeat(host_id="h1"))
    assert events_until_closed(hub, host.socket) == []
    host.close()


def test_a_host_of_another_version_is_refused(hub: Hub, run_folder: Path) -> None:
    host = FakeHost(run_folder)
    host.say(Hello(host_id="h1", hostname="here", pid=1, capacity=1, version=999))
    assert events_until_closed(hub, host.socket) == []
    host.close()


def test_a_killed_host_is_known_to_be_dead(hub: Hub, start_process: Callable[..., object]) -> None:
    process = start_process("p1")
    wait_for(hub, lambda event: isinstance(event, Envelope))
    os.kill(process.pid, signal.SIGKILL)  # type: ignore[attr-defined]
    # Its socket may be closed a moment before its process is gone, which is told as well.
    wait_for(hub, lambda event: event == HostGone("p1", is_dead=True))


def test_a_host_that_lost_its_connection_is_watched_until_it_dies(
    hub: Hub, start_process: Callable[..., object]
) -> None:
    process = start_process("p1")
    wait_for(hub, lambda event: isinstance(event, Envelope))
    process.stdin.write("hang up\n")  # type: ignore[attr-defined]
    process.stdin.flush()  # type: ignore[attr-defined]
    assert wait_for(hub, lambda event: isinstance(event, HostGone)) == HostGone("p1", is_dead=False)
    os.kill(process.pid, signal.SIGKILL)  # type: ignore[attr-defined]
    assert wait_for(hub, lambda event: isinstance(event, HostGone)) == HostGone("p1", is_dead=True)


def test_a_host_that_comes_back_replaces_its_old_connection_silently(hub: Hub, connect: Connect) -> None:
    old = connect("h1")
    new = connect("h1")
    old.close()
    hub.send("h1", Welcome(lease_s=9))
    assert new.read() == Welcome(lease_s=9)
    assert [event for event in hub.wait(0) if isinstance(event, HostGone)] == []


def test_a_host_that_says_goodbye_has_no_capacity_left(hub: Hub, connect: Connect) -> None:
    host = connect()
    host.say(Goodbye(host_id="h1"))
    wait_for(hub, lambda event: isinstance(event, Envelope) and isinstance(event.message, Goodbye))
    assert list(hub.hosts()) == []


def test_a_wake_up_ends_a_wait_at_once(hub: Hub, run_folder: Path) -> None:
    latencies = []
    for _ in range(20):
        sent: list[float] = []

        def send(moments: list[float] = sent) -> None:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                moments.append(time.monotonic())
                sender.sendto(b"w", os.fspath(wake_socket(run_folder)))

        thread = threading.Thread(target=send)
        thread.start()
        assert hub.wait(DEADLINE_S) == [Woken()]
        latencies.append(time.monotonic() - sent[0])
        thread.join()
    # Of a machine that does much else a quarter tells: who looked now and then only would fail all the same.
    assert sorted(latencies)[len(latencies) // 4] < 0.05


def test_many_wake_ups_are_one(hub: Hub) -> None:
    for _ in range(100):
        hub.wake()
    assert hub.wait(10) == [Woken()]
    assert hub.wait(0) == []


def test_a_signal_handler_can_end_a_wait(hub: Hub) -> None:
    before = signal.signal(signal.SIGUSR2, lambda _number, _frame: hub.interrupt())
    try:
        began = time.monotonic()
        threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGUSR2)).start()
        assert hub.wait(DEADLINE_S) == []
        assert time.monotonic() - began < DEADLINE_S / 2
    finally:
        signal.signal(signal.SIGUSR2, before)


def test_the_sockets_are_closed_to_other_users(hub: Hub, run_folder: Path) -> None:
    for path in (scheduler_socket(run_folder), wake_socket(run_folder)):
        assert path.stat().st_mode & 0o077 == 0


def test_a_second_scheduler_of_one_home_is_refused(hub: Hub, run_folder: Path) -> None:
    with pytest.raises(SettingsError, match="a scheduler runs on the home"):
        open_doors(run_folder)


def test_sockets_of_a_killed_scheduler_are_replaced(run_folder: Path) -> None:
    first = open_doors(run_folder)
    first.leave()
    second = open_doors(run_folder)
    FakeHost(run_folder).close()
    second.close()
    assert not scheduler_socket(run_folder).exists()


def test_a_home_that_lies_deep_gets_its_sockets_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a" * 30] * 4) / "run"
    doors = open_doors(deep)
    try:
        host = FakeHost(deep)
        host.close()
        assert scheduler_socket(deep).parent != deep
        assert scheduler_socket(deep).parent.stat().st_mode & 0o077 == 0
        assert scheduler_socket(deep) == scheduler_socket(deep)
    finally:
        doors.close()


def test_a_folder_that_others_may_enter_is_not_trusted_with_sockets(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a" * 30] * 4) / "run"
    planted = tmp_path / "planted"
    planted.mkdir(mode=0o777)
    planted.chmod(0o777)
    deep.mkdir(parents=True)
    (deep / "sockets").write_text(str(planted), encoding="utf-8")
    assert scheduler_socket(deep).parent != planted


def test_a_host_that_died_while_no_scheduler_ran_is_known_to_be_dead(
    doors: Doors, start_process: Callable[..., object]
) -> None:
    first = Hub(doors)
    process = start_process("p1")
    wait_for(first, lambda event: isinstance(event, Envelope))
    first.close()
    process.kill()  # type: ignore[attr-defined]
    process.wait()  # type: ignore[attr-defined]

    second = Hub(doors)
    assert second.wait(0) == [HostGone("p1", is_dead=True)]
    second.close()
    third = Hub(doors)
    assert third.wait(0) == []
    third.close()


def test_a_host_of_the_last_scheduler_is_watched_before_it_comes_back(
    doors: Doors, start_process: Callable[..., object]
) -> None:
    first = Hub(doors)
    process = start_process("p1")
    wait_for(first, lambda event: isinstance(event, Envelope))
    first.close()

    second = Hub(doors)
    assert second.wait(0) == []
    process.kill()  # type: ignore[attr-defined]
    assert second.wait(DEADLINE_S) == [HostGone("p1", is_dead=True)]
    second.close()


@pytest.mark.parametrize("text", ["", "[]", '{"boot": 1, "hosts": {"a": 1}}', "\0"])
def test_a_damaged_memory_of_hosts_is_no_memory(doors: Doors, run_folder: Path, text: str) -> None:
    (run_folder / "hosts.json").write_text(text, encoding="utf-8")
    hub = Hub(doors)
    assert hub.wait(0) == []
    hub.close()
