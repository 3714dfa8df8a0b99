"""A child's channel to its host: what it says stays in step, whatever interrupts it."""

import select
import signal
import socket
import threading
from types import FrameType

import pytest

from windward.protocol.child import FromChild, Masked
from windward.protocol.framing import FrameReader
from windward.runner.child import HostChannel


class StoppedError(Exception):
    """What the signal of this test raises."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise StoppedError


def test_a_signal_that_raises_leaves_no_half_frame_in_the_stream() -> None:
    host, child = socket.socketpair()
    channel = HostChannel(child.fileno(), None)
    heard: list[FromChild] = []
    sender = threading.get_ident()

    def read() -> None:
        frames: FrameReader[FromChild] = FrameReader(FromChild)
        select.select([host], [], [])  # The frame has begun, and is larger than what the socket holds.
        signal.pthread_kill(sender, signal.SIGTERM)
        while data := host.recv(1 << 20):
            heard.extend(frames.feed(data))

    reader = threading.Thread(target=read)
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        with host, child:
            reader.start()
            with pytest.raises(StoppedError):
                channel.tell(Masked(secrets=("x" * 3_000_000,)))
            channel.tell(Masked(secrets=("next",)))
            child.shutdown(socket.SHUT_WR)
            reader.join()
    finally:
        signal.signal(signal.SIGTERM, before)

    assert [message.secrets[0][:4] for message in heard if isinstance(message, Masked)] == ["xxxx", "next"]
