"""Hosts of other machines, as the scheduler's mailbox sees them."""

from datetime import UTC, datetime

import pytest

from windward.errors import UnavailableError
from windward.executors.remote import RemoteHosts
from windward.protocol.messages import (
    Accepted,
    AttemptEnded,
    Beat,
    Goodbye,
    Heartbeat,
    Hello,
    Shutdown,
    StartRefused,
    StartRequest,
    Submit,
    Unknown,
    Welcome,
)
from windward.protocol.outcomes import Ending, ExitFact, Skipped
from windward.protocol.work import AttemptRef
from windward.store.memory import MemoryStore

NOW = datetime(2026, 3, 1, tzinfo=UTC)
REF = AttemptRef(1, "t", -1, 1)
HELLO = Hello(host_id="h", hostname="there", pid=1, capacity=4)


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hosts(store: MemoryStore, clock: Clock) -> RemoteHosts:
    return RemoteHosts(store.remote, lease_s=30, monotonic=clock)


def mail(store: MemoryStore) -> list[object]:
    return [item.message for item in store.remote.load_mail("h")]


def test_a_letter_is_read_once_and_stays_until_it_is_settled(store: MemoryStore, hosts: RemoteHosts) -> None:
    store.remote.post("h", [HELLO, StartRequest(refs=(REF,))])
    first = hosts.read()
    assert [envelope.message for envelope in first] == [HELLO, StartRequest(refs=(REF,))]
    assert hosts.read() == []
    hosts.settle([first[1]])
    assert [letter.message for letter in store.remote.load_letters()] == [StartRequest(refs=(REF,))]
    hosts.settle([])
    assert store.remote.load_letters() == []


def test_what_was_not_settled_is_read_again_by_who_leads_next(store: MemoryStore, hosts: RemoteHosts) -> None:
    store.remote.post("h", [HELLO])
    hosts.read()
    hosts.forget()
    assert [envelope.message for envelope in hosts.read()] == [HELLO]


def test_a_host_takes_attempts_from_its_hello_to_its_goodbye(store: MemoryStore, hosts: RemoteHosts) -> None:
    assert list(hosts.hosts()) == []
    store.remote.post("h", [HELLO])
    hosts.read()
    assert [(peer.host_id, peer.capacity) for peer in hosts.hosts()] == [("h", 4)]
    store.remote.post("h", [Goodbye(host_id="h")])
    hosts.read()
    assert list(hosts.hosts()) == []


def test_a_host_that_is_silent_for_its_lease_takes_no_more(
    store: MemoryStore, hosts: RemoteHosts, clock: Clock
) -> None:
    store.remote.post("h", [HELLO])
    hosts.read()
    clock.now_s = 29
    store.remote.post("h", [Heartbeat(host_id="h")])
    hosts.read()
    clock.now_s = 58
    assert len(list(hosts.hosts())) == 1
    clock.now_s = 60
    assert list(hosts.hosts()) == []


def test_a_host_that_an_earlier_scheduler_knew_is_asked_to_say_hello(
    store: MemoryStore, hosts: RemoteHosts
) -> None:
    store.remote.post("h", [Heartbeat(host_id="h")])
    hosts.read()
    hosts.flush()
    assert mail(store) == [Unknown()]


def test_only_what_an_api_server_cannot_say_by_itself_is_mailed(
    store: MemoryStore, hosts: RemoteHosts
) -> None:
    store.remote.post("h", [HELLO])
    hosts.read()
    for message in (Welcome(lease_s=30), Beat(), Accepted(ref=REF), Submit(work=()), Beat(stale=(REF,)),
                    StartRefused(ref=REF, reason="x"), Shutdown()):  # fmt: skip
        hosts.send("h", message)
    assert mail(store) == []
    hosts.flush()
    assert mail(store) == [Submit(work=()), Beat(stale=(REF,)), StartRefused(ref=REF, reason="x"), Shutdown()]


def test_an_attempt_is_held_until_it_ends(store: MemoryStore, hosts: RemoteHosts) -> None:
    store.remote.post("h", [HELLO])
    hosts.read()
    [peer] = hosts.hosts()
    peer.held.add(REF)
    ending = Ending(outcome=Skipped(), exit=ExitFact(kind="exit"), at=NOW)
    store.remote.post("h", [AttemptEnded(ref=REF, ending=ending)])
    hosts.read()
    assert peer.held == set()


class FaultyRemote:
    """Answers nothing."""

    def put_mail(self, _mail: object) -> None:
        raise UnavailableError("away")


def test_mail_is_kept_while_the_database_is_away(store: MemoryStore, hosts: RemoteHosts) -> None:
    working, hosts._store = hosts._store, FaultyRemote()  # type: ignore[assignment]
    hosts.send("h", Shutdown())
    hosts.flush()
    hosts._store = working
    hosts.flush()
    assert mail(store) == [Shutdown()]
