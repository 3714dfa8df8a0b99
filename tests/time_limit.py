"""No test runs for ever: an alarm fails the one that does, and shows where every thread stands.

Each phase of a test (set-up, call, tear-down) may take `DEFAULT_S` seconds, `SLOW_S` when it is marked `slow`, or what
its `time_limit(seconds)` marker says. The alarm rings again every `REPEAT_S` seconds until the phase gives up.
`tests/conftest.py` registers this module as a plugin.
"""

import signal
import sys
import threading
import traceback
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

DEFAULT_S = 180.0
SLOW_S = 600.0
"""Limits and no claims: for a machine that does much else."""
REPEAT_S = 10.0


class TimeLimitExceeded(BaseException):
    """Fail a test that hangs. Not an `Exception`, so that code under test which catches widely cannot swallow it."""


def limit_s(item: pytest.Item) -> float:
    """Return how many seconds each phase of `item` may take."""
    if marker := item.get_closest_marker("time_limit"):
        return float(marker.args[0])
    return SLOW_S if item.get_closest_marker("slow") else DEFAULT_S


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeLimitExceeded` in the main thread when the block takes longer than `seconds`."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ring(_signal: int, _frame: FrameType | None) -> None:
        raise TimeLimitExceeded(f"took longer than {seconds:g} s\n\n{_stacks_of_other_threads()}")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, REPEAT_S)
    try:
        yield
    except TimeLimitExceeded as late:
        # As words: it may have rung at an instruction that has no line, and pytest ends all tests of a frame without one.
        raise TimeLimitExceeded(f"{late}\n\n{traceback.format_exc()}") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _stacks_of_other_threads() -> str:
    frames = sys._current_frames()
    return "\n".join(
        f"thread `{thread.name}`:\n" + "".join(traceback.format_stack(frames[thread.ident]))
        for thread in threading.enumerate()
        if thread is not threading.main_thread() and thread.ident in frames
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    with time_limit(limit_s(item)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    with time_limit(limit_s(item)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    with time_limit(limit_s(item)):
        return (yield)
