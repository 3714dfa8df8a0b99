"""Housekeeping finds what no row names: objects and half-written files of the dead, expired values, logs of deleted runs."""

from datetime import timedelta
from pathlib import Path

from tests.engine.house import DAY, HOUR_S, House
from windward.core.paths import log_path
from windward.core.retention import StoredObject
from windward.engine.housekeeping import LOOK_EVERY, STATES_MAX, SWEEP_PAGE, SWEEP_PAGES_MAX
from windward.model.ids import TaskKey


def lost(house: House, pk: int, *, age: timedelta, name: str = "k") -> str:
    """Put an object that no row names: what an attempt leaves that dies before it reports."""
    location = f"file:///sales/manual__{pk}/load/-1/{name}/r{pk}-00ff"
    house.objects.keep(StoredObject(location=location, written_at=house.clock.now() - age))
    return location


def test_an_object_that_no_row_names_goes_a_day_later_when_its_run_is_over(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.add_run(1, ended_ago=DAY)
    house.add_run(2, ended_ago=None)
    gone = lost(house, 1, age=1.1 * DAY)
    lost(house, 1, age=0.9 * DAY, name="being_written")
    lost(house, 2, age=9 * DAY, name="of_a_run_that_goes_on")
    lost(house, 3, age=9 * DAY, name="of_another_installation")
    house.objects.keep(StoredObject(location="file:///notes.txt", written_at=house.clock.now() - 9 * DAY))

    house.live(120)

    assert house.objects.deleted == [gone]

    house.live(25 * HOUR_S)
    assert [location.split("/")[-2] for location in house.objects.deleted] == ["k", "being_written"]


def test_a_value_that_a_row_names_is_no_orphan(tmp_path: Path) -> None:
    house = House(tmp_path)
    location = "file:///sales/manual__1/load/-1/k/r1-00ff"
    house.add_run(1, ended_ago=2 * DAY, location=location)
    house.objects.keep(StoredObject(location=location, written_at=house.clock.now() - 2 * DAY))

    house.live(120)

    assert (house.objects.deleted, house.values_of(1)) == ([], 1)


def test_what_a_dead_writer_left_half_written_goes_too(tmp_path: Path) -> None:
    house = House(tmp_path)
    for location, age in (("file:///a/.b.12345678", 2), ("file:///a/.c.12345678", 0.5)):
        written_at = house.clock.now() - age * DAY
        house.objects.keep(StoredObject(location=location, written_at=written_at, is_unfinished=True))

    house.live(120)

    assert house.objects.deleted == ["file:///a/.b.12345678"]


def test_a_search_for_orphans_goes_in_pages_over_several_looks_and_rests_for_a_day(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.add_run(1, ended_ago=2 * DAY)
    count = SWEEP_PAGE * (SWEEP_PAGES_MAX + 1)
    for number in range(count):
        lost(house, 1, age=2 * DAY, name=f"k{number}")

    house.live(LOOK_EVERY.total_seconds())
    assert len(house.objects.deleted) == SWEEP_PAGE * SWEEP_PAGES_MAX
    house.live(LOOK_EVERY.total_seconds() + 120)
    assert len(house.objects.deleted) == count

    late = lost(house, 1, age=2 * DAY, name="late")
    house.live(12 * HOUR_S)
    assert late not in house.objects.deleted
    house.live(13 * HOUR_S)
    assert late in house.objects.deleted


def test_a_search_that_breaks_off_begins_anew(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.add_run(1, ended_ago=2 * DAY)
    gone = lost(house, 1, age=2 * DAY)
    house.objects.is_down = True
    house.live(120)
    assert house.objects.deleted == []

    house.objects.is_down = False
    house.live(LOOK_EVERY.total_seconds())

    assert house.objects.deleted == [gone]


def test_values_that_tasks_kept_go_when_they_expire_and_others_stay(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.add_run(1, ended_ago=None)
    key, now = TaskKey(1, "load"), house.clock.now()
    (task,) = house.store.runs.load_tasks([1])
    for number in range(STATES_MAX + 3):
        expires_at = now + timedelta(hours=1 if number else 100)
        house.store.states.set_task_state(
            key, f"k{number}", "1", fence=task.fence, now=now, expires_at=expires_at
        )
    house.store.states.set_task_state(key, "for ever", "1", fence=task.fence, now=now, expires_at=None)
    house.live(120)
    assert len(house.store.tables.task_states) == STATES_MAX + 4

    house.live(2 * HOUR_S)

    assert sorted(name for _, name in house.store.tables.task_states) == ["for ever", "k0"]


def test_logs_of_a_run_that_somebody_deleted_go_unless_a_run_has_its_name_again(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.put_dag("sales")
    for pk in (1, 2):
        house.add_run(pk, ended_ago=DAY)
        house.logs.append(log_path("sales", f"manual__{pk}", "load", -1, 1), b"line\n")
    house.store.catalog.delete_dag("sales")
    house.add_run(3, ended_ago=None, run_id="manual__2")

    house.live(120)

    assert [path.name for path in (house.logs.folder / "dag_id=sales").iterdir()] == ["run_id=manual__2"]
    assert house.store.tables.dead_objects == []


def test_an_unreachable_object_store_keeps_no_logs(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.put_dag("sales")
    house.add_run(1, ended_ago=DAY, values=150, large=True)
    house.logs.append(log_path("sales", "manual__1", "load", -1, 1), b"line\n")
    house.objects.is_down = True
    house.store.catalog.delete_dag("sales")

    house.live(120)

    assert len(house.store.tables.dead_objects) == 150
    assert list(house.logs.folder.rglob("*.log")) == []
