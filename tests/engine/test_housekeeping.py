"""Housekeeping deletes what aged: in small batches, when nothing waits, and without hurting anyone."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.engine.house import DAY, HOUR_S, House
from windward.core.paths import log_path, run_log_folder
from windward.engine.housekeeping import (
    BATCH_EVERY,
    FIRST_LOOK,
    LOOK_EVERY,
    OBJECTS_MAX,
    XCOMS_MAX,
    Bins,
    Housekeeping,
)
from windward.errors import UnavailableError
from windward.model.accounts import AuditEvent
from windward.ports.retention import DeletedXComs
from windward.settings import ProcessorSettings, SchedulerSettings, XComSettings


def test_values_go_at_their_dags_age_and_never_while_their_run_goes_on(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.put_dag("sales")
    house.put_dag("short", days=1)
    house.put_dag("long", days=365)
    house.add_run(1, "sales", ended_ago=29 * DAY)
    house.add_run(2, "sales", ended_ago=31 * DAY)
    house.add_run(3, "short", ended_ago=2 * DAY)
    house.add_run(4, "long", ended_ago=31 * DAY)
    house.add_run(5, "long", ended_ago=366 * DAY)
    house.add_run(6, "short", ended_ago=None)

    house.live(HOUR_S)

    assert [pk for pk in range(1, 7) if house.values_of(pk)] == [1, 4, 6]
    assert len(house.store.reads.list_runs()) == 6


def test_values_are_kept_for_ever_when_nothing_says_otherwise(tmp_path: Path) -> None:
    house = House(tmp_path, xcom=XComSettings(retention_days=None))
    house.put_dag("short", days=1)
    house.add_run(1, "short", ended_ago=400 * DAY)
    house.add_run(2, "sales", ended_ago=40_000 * DAY)

    house.live(HOUR_S)

    assert [house.values_of(pk) for pk in (1, 2)] == [0, 1]


@pytest.mark.parametrize(("days", "left"), [(365.0, 1), (None, 3)])
def test_lines_of_the_audit_log_go_at_their_age(tmp_path: Path, days: float | None, left: int) -> None:
    house = House(tmp_path, scheduler=SchedulerSettings(audit_retention_days=days))
    lines = [
        AuditEvent(at=house.clock.now() - age * DAY, event="e", owner="o", status=200)
        for age in (400, 366, 1)
    ]
    house.store.audit.write_events(lines)

    house.live(HOUR_S)

    assert house.store.audit.events == lines[-left:]


def test_what_ages_later_and_what_a_dag_shortens_later_goes_too(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.put_dag("sales")
    house.put_dag("other", days=60)
    house.add_run(1, "sales", ended_ago=29.99 * DAY)
    house.add_run(2, "other", ended_ago=40 * DAY)
    house.live(HOUR_S)
    assert [house.values_of(pk) for pk in (1, 2)] == [0, 1]

    house.put_dag("other")
    house.live(HOUR_S)

    assert house.values_of(2) == 0


def test_batches_are_small_and_a_second_apart(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.add_run(1, ended_ago=31 * DAY, values=3 * XCOMS_MAX + 1)
    house.add_run(2, ended_ago=31 * DAY, values=XCOMS_MAX)
    left = [4 * XCOMS_MAX + 1]

    house.live(FIRST_LOOK.total_seconds())
    for _ in range(60):
        house.live(1)
        left.append(house.values_of(1) + house.values_of(2))

    assert left[-1] == 0
    assert max(before - after for before, after in pairwise(left)) <= XCOMS_MAX


def test_two_batches_never_come_within_a_second(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.add_run(1, ended_ago=31 * DAY, values=5 * XCOMS_MAX)
    times = []
    for _ in range(2000):
        before = house.store.tables.counters.queries
        house.keeper.step(house.clock.now(), is_idle=True)
        if house.store.tables.counters.queries != before:
            times.append(house.clock.now())
        house.clock.advance(0.05)

    assert len(times) > 5
    assert all(after - before >= BATCH_EVERY for before, after in pairwise(times))


def test_looks_come_a_minute_after_the_start_and_then_every_ten_minutes(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.put_dag("sales")
    start = house.clock.now()

    active = house.live(HOUR_S)

    firsts = [
        at
        for before, at in zip([datetime.min.replace(tzinfo=start.tzinfo), *active], active, strict=False)
        if at - before > 10 * BATCH_EVERY
    ]
    assert firsts[0] == start + FIRST_LOOK
    gaps = [after - before for before, after in pairwise(firsts)]
    assert all(LOOK_EVERY <= gap <= LOOK_EVERY + 10 * BATCH_EVERY for gap in gaps)
    assert len(firsts) in {5, 6}


def test_a_look_at_a_house_in_order_costs_few_queries(tmp_path: Path) -> None:
    house = House(tmp_path)
    for number in range(50):
        house.put_dag(f"dag_{number}")
        house.add_run(number + 1, f"dag_{number}", ended_ago=DAY)
    before = house.store.tables.counters.queries

    house.live(HOUR_S)

    assert house.store.tables.counters.queries - before < 60


def test_nothing_is_done_while_something_waits(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.add_run(1, ended_ago=31 * DAY)

    assert house.live(HOUR_S, is_idle=False) == []
    assert house.values_of(1) == 1

    house.live(30)
    assert house.values_of(1) == 0


def test_a_clock_that_was_put_back_delays_nothing_for_long(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.live(HOUR_S)
    house.clock.advance(-90 * 24 * HOUR_S)
    house.add_run(1, ended_ago=31 * DAY)

    house.live(2 * LOOK_EVERY.total_seconds())

    assert house.values_of(1) == 0


class Broken:
    """A part of a store whose first calls fail."""

    def __init__(self, inner: Any, errors: Sequence[Exception]) -> None:
        self._inner = inner
        self._errors = list(errors)

    def __getattr__(self, name: str) -> Any:
        if self._errors:
            error = self._errors.pop(0)

            def fail(*_: Any, **__: Any) -> DeletedXComs:
                raise error

            return fail
        return getattr(self._inner, name)


@pytest.mark.parametrize(
    "error", [UnavailableError("gone away"), ValueError("a bug"), AssertionError("a bug")]
)
def test_a_failure_is_logged_and_the_next_look_does_the_work(
    tmp_path: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path)
    house.add_run(1, ended_ago=31 * DAY)
    house.store.retention = Broken(house.store.retention, [error])  # type: ignore[assignment]
    house.keeper = Housekeeping(
        store=house.store, bins=Bins(objects=house.objects, logs=house.logs, snapshots=house.code),
        background=house.background, settings=house.settings,
    )  # fmt: skip

    house.live(LOOK_EVERY.total_seconds())
    assert house.values_of(1) == 1
    assert [record.levelname for record in caplog.records] == ["WARNING"]

    house.live(LOOK_EVERY.total_seconds())
    assert house.values_of(1) == 0


def test_objects_of_dead_values_go_and_are_forgotten(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.add_run(1, ended_ago=31 * DAY, values=250, large=True)
    house.add_run(2, ended_ago=DAY, values=3, large=True)

    house.live(120)

    assert len(house.objects.deleted) == 250
    assert all(location.startswith("file:///1/") for location in house.objects.deleted)
    assert house.store.tables.dead_objects == []


def test_an_unreachable_object_store_stops_nothing_else_and_loses_no_object(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.objects.is_down = True
    house.add_run(1, ended_ago=31 * DAY, large=True)
    house.live(120)
    assert house.values_of(1) == 0
    assert house.store.tables.dead_objects == ["file:///1/0"]

    house.objects.is_down = False
    house.live(LOOK_EVERY.total_seconds())

    assert house.objects.deleted == ["file:///1/0"]
    assert house.store.tables.dead_objects == []


def test_objects_of_another_store_do_not_stand_in_the_way(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path)
    house.objects.elsewhere.add("file:///1/0")
    house.add_run(1, ended_ago=31 * DAY, values=2, large=True)

    house.live(120)

    assert house.objects.deleted == ["file:///1/1"]
    assert house.store.tables.dead_objects == []
    assert "objects of another object store stay" in [record.message for record in caplog.records]


def test_an_object_that_cannot_be_deleted_keeps_none_behind_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path)
    house.add_run(1, ended_ago=31 * DAY, values=OBJECTS_MAX + 5, large=True)
    house.objects.stuck = {"file:///1/0", "file:///1/1"}
    house.live(120)
    assert len(house.objects.deleted) == OBJECTS_MAX + 3
    assert sorted(house.store.tables.dead_objects) == ["file:///1/0", "file:///1/1"]
    (told,) = [record for record in caplog.records if record.message == "objects cannot be deleted"]
    assert vars(told)["count"] == 2

    house.objects.stuck.clear()
    house.live(LOOK_EVERY.total_seconds())
    assert house.store.tables.dead_objects == []


def test_a_folder_of_logs_that_cannot_be_deleted_stops_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path, scheduler=SchedulerSettings(run_retention_days=60))
    logs = []
    for pk in (1, 2):
        house.add_run(pk, ended_ago=(70 - pk) * DAY, large=True, logical_date=None)
        path = log_path("sales", f"manual__{pk}", "load", -1, 1)
        house.logs.append(path, b"line")
        logs.append(house.logs.folder / path)
    house.add_run(3, ended_ago=None)
    house.logs.stuck = {run_log_folder("sales", "manual__1")}
    house.live(150)
    assert [log.exists() for log in logs] == [True, False]
    assert sorted(house.objects.deleted) == ["file:///1/0", "file:///2/0"]
    assert len(house.store.tables.dead_objects) == 1
    assert "folders of logs cannot be deleted" in [record.message for record in caplog.records]

    house.logs.stuck.clear()
    house.live(LOOK_EVERY.total_seconds())
    assert [log.exists() for log in logs] == [False, False]
    assert house.store.tables.dead_objects == []


def test_logs_that_cannot_be_reached_stop_no_deletion_of_objects(tmp_path: Path) -> None:
    house = House(tmp_path, scheduler=SchedulerSettings(run_retention_days=60))
    house.add_run(1, ended_ago=70 * DAY, large=True, logical_date=None)
    house.logs.is_down = True
    house.live(150)
    assert house.objects.deleted == ["file:///1/0"]
    assert len(house.store.tables.dead_objects) == 1


def test_a_slow_object_store_is_waited_for_without_a_query(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.add_run(1, ended_ago=31 * DAY, large=True)
    house.background.is_slow = True
    house.live(120)
    house.background.work()  # the list of snapshots
    house.live(20)

    assert house.live(60) == []
    house.background.work()
    house.live(5)

    assert house.store.tables.dead_objects == []


def test_a_job_that_never_ends_is_given_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    house = House(tmp_path)
    house.background.is_slow = True

    house.live(2 * HOUR_S)

    assert {record.message for record in caplog.records} == {"housekeeping interrupted, later again"}


def test_runs_and_logs_stay_for_ever_unless_a_setting_says_otherwise(tmp_path: Path) -> None:
    house = House(tmp_path)
    aged = House(tmp_path / "aged", scheduler=SchedulerSettings(run_retention_days=90))
    for one in (house, aged):
        for pk, days in ((1, 89), (2, 91), (3, 5000)):
            one.add_run(pk, ended_ago=days * DAY)
            one.logs.append(log_path("sales", f"manual__{pk}", "load", -1, 1), b"line\n")

        one.live(HOUR_S)

    def left(one: House) -> tuple[list[int], list[str]]:
        runs = sorted(run.run_pk for run in one.store.reads.list_runs())
        return runs, sorted(path.name for path in (one.logs.folder / "dag_id=sales").iterdir())

    assert left(house) == ([1, 2, 3], [f"run_id=manual__{pk}" for pk in (1, 2, 3)])
    assert left(aged) == ([1], ["run_id=manual__1"])


def test_snapshots_stay_while_a_dag_an_open_run_or_a_recent_run_needs_them(tmp_path: Path) -> None:
    house = House(tmp_path, processor=ProcessorSettings(snapshots_kept_max=0))
    saved = {
        name: house.code.save(tmp_path, {"sales.py": name.encode()})
        for name in ("open", "recent", "old", "nobody", "current")
    }
    for name in ("open", "recent", "old"):
        saved[f"document of {name}"] = house.put_dag("sales", code_hash=saved[name])
    house.put_dag("sales", code_hash=saved["current"])
    house.clock.advance(
        (datetime.now(house.clock.now().tzinfo) - house.clock.now() + 2 * DAY).total_seconds()
    )
    house.add_run(1, ended_ago=None, document_hash=saved["document of open"])
    house.add_run(2, ended_ago=29 * DAY, document_hash=saved["document of recent"])
    house.add_run(3, ended_ago=31 * DAY, document_hash=saved["document of old"])

    house.live(120)

    left = {code_hash for code_hash, _ in house.code.snapshots()}
    assert left == {saved["open"], saved["recent"], saved["current"]}
