"""How runs are made, and which queued ones may start."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.core.building import T0, at, run_of, task
from windward.core.actions import CreateRun
from windward.core.runs import (
    decide_manual_run,
    decide_run_starts,
    decide_scheduled_run,
    is_newest_slot,
    new_tasks,
)
from windward.document import DagDocument
from windward.errors import InvalidIdError, UserError
from windward.model.records import DagRecord, RunRecord
from windward.model.states import RunState, RunType, Semantics, TaskState, TriggeredBy
from windward.timetable import (
    CronSchedule,
    CustomSchedule,
    DataInterval,
    NullSchedule,
    OnceSchedule,
    RunSlot,
    Schedule,
    ScheduleKind,
    Window,
    Windows,
)

NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DAILY = {kind: CronSchedule("0 0 * * *", "UTC", ScheduleKind(kind)) for kind in ("data_interval", "trigger")}
SLOT = RunSlot(
    run_after=datetime(2026, 3, 29, tzinfo=UTC),
    logical_date=datetime(2026, 3, 28, tzinfo=UTC),
    data_interval=DataInterval(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC)),
)


def document(**fields: object) -> DagDocument:
    tasks = (task("a", retries=2), task("b", "a"))
    return DagDocument(**{"dag_id": "sales", "fileloc": "sales.py", "tasks": tasks, **fields})  # type: ignore[arg-type]


def manual(doc: DagDocument | None = None, **fields: object) -> CreateRun:
    values = {"document_hash": "0" * 32, "run_pk": 255, "now": NOW, **fields}
    return decide_manual_run(doc or document(), **values)  # type: ignore[arg-type]


def scheduled(semantics: Semantics) -> CreateRun:
    dag = DagRecord(dag_id="sales", document_hash="0" * 32, last_run_after=at(-DAY.total_seconds()))
    return decide_scheduled_run(document(semantics=semantics), dag, SLOT, now=NOW, run_pk=7)


def test_a_new_run_begins_with_every_task_undecided_and_its_retries() -> None:
    found = [
        (item.task_id, item.map_index, item.state, item.max_tries) for item in new_tasks(document(), run_pk=7)
    ]
    assert found == [("a", -1, TaskState.NONE, 2), ("b", -1, TaskState.NONE, 0)]


@pytest.mark.parametrize(
    ("semantics", "run_id"),
    [
        (Semantics.AIRFLOW2, "scheduled__2026-03-28T00:00:00+00:00"),
        (Semantics.AIRFLOW3, "scheduled__2026-03-29T00:00:00+00:00"),
    ],
)
def test_a_scheduled_run_is_named_after_its_date_or_its_start_by_semantics(
    semantics: Semantics, run_id: str
) -> None:
    assert scheduled(semantics).run.run_id == run_id


def test_a_scheduled_run_takes_its_slot_and_moves_the_schedule_on_from_where_it_stood() -> None:
    action = scheduled(Semantics.AIRFLOW3)
    run = action.run
    assert (run.state, run.run_after, run.logical_date) == (
        RunState.QUEUED,
        SLOT.run_after,
        SLOT.logical_date,
    )
    assert (run.data_interval_start, run.data_interval_end) == (SLOT.logical_date, SLOT.run_after)
    assert (run.triggered_by, run.queued_at) == (TriggeredBy.TIMETABLE, NOW)
    assert (action.advance_schedule, action.expect_last_run_after) == (True, at(-DAY.total_seconds()))


def test_a_manual_run_does_not_move_the_schedule() -> None:
    assert manual().advance_schedule is False


@pytest.mark.parametrize("semantics", sorted(Semantics))
def test_a_manual_run_is_named_after_its_moment(semantics: Semantics) -> None:
    doc = document(semantics=semantics)
    assert manual(doc).run.run_id == "manual__2026-03-29T12:00:00+00:00"
    assert manual(doc, run_id="mine").run.run_id == "mine"


def test_a_triggered_run_for_an_earlier_date_is_named_by_semantics() -> None:
    ids = {item: manual(document(semantics=item), logical_date=NOW - DAY).run.run_id for item in Semantics}
    assert ids == {
        Semantics.AIRFLOW2: "manual__2026-03-28T12:00:00+00:00",
        Semantics.AIRFLOW3: "manual__2026-03-29T12:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("schedule", "start", "end"),
    [
        (NullSchedule(), NOW, NOW),
        (DAILY["trigger"], NOW, NOW),
        (DAILY["data_interval"], datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC)),
    ],
)
def test_the_interval_of_a_manual_run_is_the_one_its_schedule_gives(
    schedule: object, start: datetime, end: datetime
) -> None:
    run = manual(document(schedule=schedule)).run
    assert (run.data_interval_start, run.data_interval_end) == (start, end)
    assert run.logical_date == NOW


def test_a_manual_run_keeps_what_was_asked_for() -> None:
    run = manual(conf={"x": 1}, note="again", triggering_user="ada", run_type=RunType.MANUAL).run
    assert (run.conf, run.note, run.triggering_user, run.reason) == (
        {"x": 1},
        "again",
        "ada",
        "asked for by ada",
    )
    assert run.run_after == NOW


@pytest.mark.parametrize("run_id", ["", "a/b", "../x", "a b", "x" * 251, "né"])
def test_a_run_id_that_could_leave_its_folder_is_refused(run_id: str) -> None:
    with pytest.raises(InvalidIdError):
        manual(run_id=run_id)


def test_a_run_id_that_stands_for_every_run_is_refused() -> None:
    with pytest.raises(InvalidIdError):
        manual(run_id="~")
    assert manual(run_id="~1").run.run_id == "~1"


def test_a_type_of_run_that_the_dag_does_not_allow_is_refused_with_those_that_it_does() -> None:
    with pytest.raises(UserError) as error:
        manual(document(allowed_run_types=("scheduled", "backfill")))
    assert "manual" in error.value.message
    assert error.value.hint is not None
    assert "scheduled, backfill" in error.value.hint


# -- starting ----------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.integers(1, 99)), unique_by=lambda pair: pair[1]),
    st.integers(0, 5),
    st.integers(0, 5),
)
def test_the_oldest_due_runs_start_as_far_as_the_limit_allows(
    runs: list[tuple[int, int]], running: int, limit: int
) -> None:
    queued = [run_of(pk, state=RunState.QUEUED, run_after=at(after), start_date=None) for after, pk in runs]
    starts = decide_run_starts(queued, running=running, active_max=limit, now=T0)
    due = sorted(pair for pair in runs if pair[0] <= 0)
    assert [start.run_pk for start in starts] == [pk for _, pk in due][: max(0, limit - running)]
    assert all((start.state, start.start_date) == (RunState.RUNNING, T0) for start in starts)


def test_only_a_dag_that_wants_it_is_told_of_a_start() -> None:
    queued = [run_of(1, state=RunState.QUEUED, run_after=at(0), start_date=None)]
    told = [
        decide_run_starts(queued, running=0, active_max=1, now=T0, callbacks=callbacks)[0].callback
        for callbacks in ((), ("success",), ("success", "running"))
    ]
    assert told == [None, None, "running"]


def newest(
    schedule: Schedule, run: RunRecord, *, windows: Windows | None = None, last: datetime | None = None
) -> bool:
    record = DagRecord(dag_id="sales", document_hash="0" * 32, last_run_after=last)
    return is_newest_slot(document(schedule=schedule), record, run, windows, now=NOW)


@given(kind=st.sampled_from(sorted(DAILY)), days=st.integers(0, 40))
def test_a_run_is_the_newest_until_the_next_time_of_its_schedule(kind: str, days: int) -> None:
    # Whether the runs in between were made yet does not matter: making up for the past, they come one by one.
    end = SLOT.run_after - days * DAY
    start = end - DAY if kind == "data_interval" else end
    run = run_of(run_type=RunType.SCHEDULED, run_after=end, data_interval_start=start, data_interval_end=end)
    assert newest(DAILY[kind], run, last=end) is (days == 0)
    backfill = structs.replace(run, run_type=RunType.BACKFILL)
    assert newest(DAILY[kind], backfill, last=end) is (days == 0)


def test_a_run_without_an_interval_and_one_of_no_schedule_have_nothing_newer() -> None:
    assert newest(DAILY["trigger"], run_of(run_after=NOW - 9 * DAY))
    old = run_of(run_after=NOW - 9 * DAY, data_interval_start=NOW - 9 * DAY, data_interval_end=NOW - 9 * DAY)
    assert newest(NullSchedule(), old)
    assert newest(OnceSchedule(), old)


def test_a_run_of_a_timetable_of_ones_own_is_the_newest_by_what_was_made_and_what_was_published() -> None:
    schedule = CustomSchedule(timetable="own.Own")
    run = run_of(run_after=NOW - DAY, data_interval_start=NOW - DAY, data_interval_end=NOW - DAY)
    to_come = Windows(slots=(Window(NOW + DAY, NOW, NOW + DAY),))
    due = Windows(slots=(Window(NOW, NOW - DAY, NOW), *to_come.slots))
    assert newest(schedule, run, windows=to_come, last=NOW - DAY)
    assert newest(schedule, run)
    assert not newest(schedule, run, windows=due, last=NOW - DAY)
    assert not newest(schedule, run, windows=to_come, last=NOW)
