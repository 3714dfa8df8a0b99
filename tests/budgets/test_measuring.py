"""What measuring may cost the scheduler, in calls of functions: they are the same on every machine."""

import sys
from collections import Counter
from pathlib import Path
from types import FrameType

import pytest

from bench.engine import Clock, ObedientWorker, control_plane
from tests.budgets.test_control_plane import WIDTH, fan_out
from windward.ports.metrics import Metrics
from windward.telemetry.registry import Registry
from windward.telemetry.statsd import Statsd

CALLS_MAX = {"registry": 22, "statsd": 32}
"""For a task that is started, runs and ends. All that the scheduler does for it is nearly seven hundred."""


def calls_per_task(folder: Path, metrics: Metrics | None) -> float:
    """Return how many functions are called for a task of a run like one that was seen before."""
    counted = Counter[str]()

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        counted[event] += 1

    folder.mkdir()
    with control_plane(folder, ObedientWorker(Clock(), slots=32), metrics=metrics) as plane:
        document = fan_out()
        plane.put(document)
        plane.step_until_ended(plane.trigger(document))
        run_pks = plane.trigger(document)
        before = sys.getprofile()
        sys.setprofile(count)
        try:
            plane.step_until_ended(run_pks)
        finally:
            sys.setprofile(before)
    return (counted["call"] + counted["c_call"]) / (WIDTH + 2)


@pytest.mark.parametrize("way", list(CALLS_MAX))
def test_measuring_calls_few_functions_for_a_task(way: str, tmp_path: Path) -> None:
    metrics = (
        Registry() if way == "registry" else Statsd("127.0.0.1", 9, prefix="airflow", monotonic=lambda: 0.0)
    )
    off = calls_per_task(tmp_path / "off", None)
    on = calls_per_task(tmp_path / "on", metrics)
    metrics.close()
    assert 0 < on - off <= CALLS_MAX[way]


def test_what_is_off_calls_nothing(tmp_path: Path) -> None:
    called = set[str]()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            called.add(frame.f_code.co_filename)

    with control_plane(tmp_path, ObedientWorker(Clock(), slots=32)) as plane:
        document = fan_out()
        plane.put(document)
        before = sys.getprofile()
        sys.setprofile(note)
        try:
            plane.step_until_ended(plane.trigger(document))
        finally:
            sys.setprofile(before)
    assert any(path.endswith("engine/scheduler.py") for path in called)
    assert not [path for path in called if "/telemetry/" in path]
