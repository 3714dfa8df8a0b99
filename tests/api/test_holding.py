"""How long work holds its thread."""

import threading
import time

import pytest

from windward.api.contract import holding
from windward.api.contract.holding import Held


def compute() -> int:
    return sum(number * number for number in range(50_000))


def test_who_waits_is_measured_by_the_clock() -> None:
    held = Held()
    time.sleep(0.02)
    assert 0.02 <= held.held_s <= held.took_s


def test_waiting_for_a_lock_is_waiting() -> None:
    lock = threading.Lock()
    lock.acquire()
    held = Held()
    assert not lock.acquire(timeout=0.02)
    assert held.held_s >= 0.02


def test_who_computes_is_measured_by_what_was_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.monotonic
    held = Held()
    ran_s = time.thread_time()
    compute()
    ran_s = time.thread_time() - ran_s
    monkeypatch.setattr(time, "monotonic", lambda: real() + 60.0)  # others had the processor for a minute
    monkeypatch.setattr(holding, "_waits", lambda: held._waits)
    assert held.took_s >= 60.0
    assert ran_s <= held.held_s < 60.0


def test_where_threads_are_not_counted_by_themselves_the_clock_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(holding, "_OF_THREAD", None)
    held = Held()
    compute()
    before_s = held.took_s
    assert before_s <= held.held_s <= held.took_s
