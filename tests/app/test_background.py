"""The background thread does one job after another, hands over what became of it, and holds up no end."""

import threading

import pytest

from windward.app.background import BackgroundThread


def test_jobs_are_done_in_order_in_a_thread_that_begins_with_the_first() -> None:
    background = BackgroundThread("test-order")
    assert "test-order" not in {thread.name for thread in threading.enumerate()}

    futures = [background.submit(lambda n: (n, threading.current_thread().name), n) for n in range(5)]

    assert [future.result(timeout=60) for future in futures] == [(n, "test-order") for n in range(5)]
    background.shutdown()


def test_what_a_job_raises_reaches_who_asked_and_stops_no_other() -> None:
    background = BackgroundThread("test-raise")

    def fail() -> None:
        raise OSError("full")

    failing, following = background.submit(fail), background.submit(int, "7")

    with pytest.raises(OSError, match="full"):
        failing.result(timeout=60)
    assert following.result(timeout=60) == 7
    background.shutdown()


def test_a_shutdown_drops_what_waits_and_does_not_wait_for_what_hangs() -> None:
    background = BackgroundThread("test-end")
    begun, may_end = threading.Event(), threading.Event()

    def hang() -> bool:
        begun.set()
        return may_end.wait(60)

    hanging = background.submit(hang)
    assert begun.wait(60)
    waiting = background.submit(int)

    background.shutdown(wait=False, cancel_futures=True)

    assert waiting.cancelled()
    assert not hanging.done()
    (thread,) = (thread for thread in threading.enumerate() if thread.name == "test-end")
    assert thread.daemon
    may_end.set()
    thread.join(timeout=60)
    assert not thread.is_alive()
