"""What one DAG may ask about another: tasks of groups, and dates that its schedule never has."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import plan_of, task
from windward.core.external import mismatch, tasks_in_group
from windward.document import DagDocument, GroupDocument
from windward.timetable import CronSchedule, DeltaSchedule, NullSchedule, ScheduleKind
from windward.timetable.delta import delta_of

MIDNIGHT = datetime(2026, 1, 10, tzinfo=UTC)
DAILY = CronSchedule("0 0 * * *", "UTC", ScheduleKind.DATA_INTERVAL)


def document(**fields: Any) -> DagDocument:
    return plan_of(task("a"), **fields).document


def test_a_group_holds_the_tasks_of_the_groups_in_it_whatever_their_ids() -> None:
    groups = (
        GroupDocument(group_id="load"),
        GroupDocument(group_id="load.raw", parent="load"),
        GroupDocument(group_id="other"),
    )
    plan = plan_of(
        task("load.a", group_id="load"),
        task("b", group_id="load.raw"),
        task("other.c", group_id="other"),
        task("load_d"),
        groups=groups,
    )
    assert tasks_in_group(plan.document, "load") == ["load.a", "b"]
    assert tasks_in_group(plan.document, "other") == ["other.c"]
    assert tasks_in_group(plan.document, "gone") is None


def test_a_date_off_the_grid_is_told_with_the_dates_around_it() -> None:
    said = mismatch(
        document(schedule=DAILY, schedule_text="@daily"), [MIDNIGHT, MIDNIGHT + timedelta(hours=1)]
    )
    assert said == (
        "DAG `sales` runs by `@daily` and never has a run of 2026-01-10T01:00:00+00:00; "
        "its nearest logical dates are 2026-01-10T00:00:00+00:00 and 2026-01-11T00:00:00+00:00"
    )


def test_a_dag_without_a_schedule_is_told_as_such() -> None:
    assert "has no schedule" in mismatch(document(schedule=NullSchedule()), [MIDNIGHT])


@given(days=st.integers(-1000, 1000), seconds=st.integers(1, 86_399))
def test_only_dates_off_the_grid_are_told(days: int, seconds: int) -> None:
    on = MIDNIGHT + timedelta(days=days)
    assert mismatch(document(schedule=DAILY), [on]) == ""
    assert mismatch(document(schedule=DAILY), [on + timedelta(seconds=seconds)])


@given(seconds=st.integers(0, 10**6))
def test_a_schedule_by_distance_is_never_judged(seconds: int) -> None:
    schedule = DeltaSchedule(delta=delta_of(timedelta(minutes=7)), kind=ScheduleKind.DATA_INTERVAL)
    assert mismatch(document(schedule=schedule), [MIDNIGHT + timedelta(seconds=seconds)]) == ""
