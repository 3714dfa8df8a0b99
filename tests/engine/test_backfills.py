"""Backfills in the loop: runs as far as there is room, behind everything else, through crashes and cancellation."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.engine.building import T0, World, dag, settings_of, task
from windward.core.actions import PauseDag, move_backfill
from windward.core.backfill import BackfillRequest, decide_backfill, decide_backfill_change
from windward.core.people import decide_clear
from windward.core.plan import compile_plan
from windward.core.transitions import BackfillEvent
from windward.core.view import RunView
from windward.document import DagDocument
from windward.model.records import BackfillRecord, BackfillSlot, RunRecord
from windward.model.states import BackfillState, Reprocess, RunState, RunType, SlotState, TriggeredBy
from windward.ports.executor import Woken
from windward.ports.store import Note
from windward.protocol.outcomes import Failed, Outcome, Succeeded
from windward.protocol.work import AttemptRef
from windward.timetable import CronSchedule, ScheduleKind

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


def daily(**fields: Any) -> DagDocument:
    """A DAG that is due every midnight, and whose own schedule begins tomorrow."""
    schedule = CronSchedule("0 0 * * *", "UTC", ScheduleKind.TRIGGER)
    values = {"schedule": schedule, "start_date": T0 + timedelta(days=1)}
    return dag(*fields.pop("of", (task("a"),)), **{**values, **fields})


class Backfilled:
    """A world with one DAG, and the backfills that people ask for."""

    def __init__(self, world: World, **fields: Any) -> None:
        self.world = world
        self.document = daily(**fields)
        world.put(self.document)
        world.hello()
        world.settle()

    def ask(self, days: int = 5, **request: Any) -> int:
        """Ask for the first days of January."""
        asked = BackfillRequest(FIRST, FIRST + timedelta(days=days - 1), **request)
        pk = len(self.world.store.tables.backfills) + 1
        now = self.world.clock.now()
        action = decide_backfill(self.document, asked, backfill_pk=pk, now=now, by="ada")
        note = Note(kind="backfill", subject=str(pk))
        assert self.world.store.runs.apply([[action]], notes=[note]).all
        self.world.workers.inbox.append(Woken())
        return pk

    def change(self, pk: int, event: BackfillEvent) -> None:
        action = decide_backfill_change(self.record(pk), event, by="ada", now=self.world.clock.now())
        assert action is not None
        note = Note(kind="backfill", subject=str(pk))
        assert self.world.store.runs.apply([[action]], notes=[note]).all
        self.world.workers.inbox.append(Woken())

    def record(self, pk: int = 1) -> BackfillRecord:
        return self.world.store.tables.backfills[pk]

    def slots(self, pk: int = 1) -> list[BackfillSlot]:
        return self.world.store.backfills.list_slots(pk)

    def runs(self) -> list[RunRecord]:
        return self.world.runs()

    def days(self) -> list[int]:
        made = sorted(self.runs(), key=lambda run: run.run_pk)
        return [run.logical_date.day for run in made if run.logical_date is not None]


@pytest.fixture
def backfilled(world: World) -> Backfilled:
    return Backfilled(world)


def failing(task_id: str = "a") -> Callable[[AttemptRef], Outcome]:
    return lambda ref: Failed(may_retry=False) if ref.task_id == task_id else Succeeded()


def test_a_backfill_makes_a_run_of_every_date_and_is_over_then(backfilled: Backfilled) -> None:
    backfilled.ask(5)
    backfilled.world.serve()

    assert backfilled.days() == [1, 2, 3, 4, 5]
    (first, *_) = backfilled.runs()
    assert (first.run_type, first.triggered_by, first.triggering_user) == (
        RunType.BACKFILL,
        TriggeredBy.BACKFILL,
        "ada",
    )
    assert {run.state for run in backfilled.runs()} == {RunState.SUCCESS}
    assert {slot.state for slot in backfilled.slots()} == {SlotState.MADE}
    assert backfilled.record().state is BackfillState.COMPLETED


def test_backwards_the_newest_date_comes_first(backfilled: Backfilled) -> None:
    backfilled.ask(4, run_backwards=True, max_active_runs=1)
    backfilled.world.serve()
    assert backfilled.days() == [4, 3, 2, 1]


def test_its_own_limit_counts_and_not_the_limit_of_the_dag(world: World) -> None:
    backfilled = Backfilled(world, max_active_runs=1)
    backfilled.ask(8, max_active_runs=3)
    world.settle()
    assert [run.state for run in backfilled.runs()] == [RunState.RUNNING] * 3

    manual = world.trigger(backfilled.document, logical_date=T0)
    world.settle()

    assert world.run(manual).state is RunState.RUNNING, "the backfill takes nothing from the DAG's own limit"
    world.serve()
    assert backfilled.record().state is BackfillState.COMPLETED


def test_runs_are_made_one_after_the_other_and_more_dates_than_a_page_are_no_matter(world: World) -> None:
    backfilled = Backfilled(world, start_date=FIRST + timedelta(days=300))
    world.clock.time = FIRST + timedelta(days=260)
    backfilled.ask(250, max_active_runs=4)
    world.settle()
    assert len(backfilled.runs()) == 4
    world.serve()
    assert len(backfilled.runs()) == 250
    assert backfilled.record().state is BackfillState.COMPLETED


@pytest.mark.parametrize(
    ("reprocess", "expected"),
    [
        (Reprocess.NONE, (SlotState.SKIPPED, SlotState.SKIPPED, 1)),
        (Reprocess.FAILED, (SlotState.CLEARED, SlotState.SKIPPED, 2)),
        (Reprocess.COMPLETED, (SlotState.CLEARED, SlotState.CLEARED, 2)),
    ],
)
def test_runs_that_exist_are_passed_over_or_run_again(
    backfilled: Backfilled, reprocess: Reprocess, expected: tuple[SlotState, SlotState, int]
) -> None:
    world = backfilled.world
    failed = world.trigger(backfilled.document, logical_date=FIRST)
    world.serve(failing())
    good = world.trigger(backfilled.document, logical_date=FIRST + timedelta(days=1), run_id="good")
    world.serve()

    backfilled.ask(3, reprocess=reprocess)
    world.serve()

    one, two, three = backfilled.slots()
    assert (one.state, two.state, world.task(failed, "a").try_number) == expected
    assert (one.run_pk, two.run_pk, three.state) == (failed, good, SlotState.MADE)
    assert "failed" in one.reason
    assert world.run(failed).state is (
        RunState.SUCCESS if one.state is SlotState.CLEARED else RunState.FAILED
    )
    if one.state is SlotState.CLEARED:
        assert (world.run(failed).run_type, world.run(failed).backfill_pk) == (RunType.BACKFILL, 1)
    assert backfilled.record().state is BackfillState.COMPLETED


def test_a_run_in_progress_is_never_touched(backfilled: Backfilled) -> None:
    world = backfilled.world
    run_pk = world.trigger(backfilled.document, logical_date=FIRST)
    world.settle()
    backfilled.ask(1, reprocess=Reprocess.COMPLETED)
    world.settle()
    (slot,) = backfilled.slots()
    assert (slot.state, slot.run_pk) == (SlotState.SKIPPED, run_pk)
    assert "running" in slot.reason
    assert world.task(run_pk, "a").try_number == 1


def test_a_paused_backfill_begins_nothing_until_it_goes_on(backfilled: Backfilled) -> None:
    world = backfilled.world
    pk = backfilled.ask(5, max_active_runs=2)
    world.settle()
    backfilled.change(pk, BackfillEvent.PAUSE)
    world.serve()
    assert [run.state for run in backfilled.runs()] == [RunState.SUCCESS] * 2
    assert backfilled.record().state is BackfillState.PAUSED

    backfilled.change(pk, BackfillEvent.UNPAUSE)
    world.serve()
    assert len(backfilled.runs()) == 5
    assert backfilled.record().state is BackfillState.COMPLETED


def test_a_backfill_of_a_paused_dag_waits(backfilled: Backfilled) -> None:
    world = backfilled.world
    world.pause("sales", paused=True)
    backfilled.ask(2)
    world.settle()
    assert backfilled.runs() == []
    world.pause("sales", paused=False)
    world.serve()
    assert backfilled.days() == [1, 2]


def test_cancelling_ends_what_has_not_begun_and_leaves_what_runs(backfilled: Backfilled) -> None:
    world = backfilled.world
    pk = backfilled.ask(5, max_active_runs=2)
    world.settle()
    (slow, other) = backfilled.runs()
    backfilled.change(pk, BackfillEvent.PAUSE)
    world.settle()
    # A run of a paused backfill that is queued: a reprocessed one, or one that a crash left so.
    queued = RunRecord(
        run_pk=world.ids.next_pk(), dag_id="sales", run_id="left", run_type=RunType.BACKFILL,
        state=RunState.QUEUED, document_hash=slow.document_hash, run_after=FIRST, backfill_pk=pk,
        logical_date=FIRST + timedelta(days=3), is_idle_class=True,
    )  # fmt: skip
    from windward.core.actions import CreateRun
    from windward.core.runs import new_tasks

    made = CreateRun(run=queued, tasks=new_tasks(backfilled.document, run_pk=queued.run_pk), at=T0)
    assert world.write([made], run_pk=queued.run_pk)
    world.settle()
    assert world.run(queued.run_pk).state is RunState.QUEUED

    backfilled.change(pk, BackfillEvent.CANCEL)
    world.settle()

    ended = world.run(queued.run_pk)
    assert (ended.state, world.tasks(queued.run_pk)) == (RunState.FAILED, {"a": "skipped"})
    assert "cancelled by ada" in ended.reason
    assert {world.run(one.run_pk).state for one in (slow, other)} == {RunState.RUNNING}
    world.serve()
    assert {world.run(one.run_pk).state for one in (slow, other)} == {RunState.SUCCESS}
    assert (len(backfilled.runs()), backfilled.record().state) == (3, BackfillState.CANCELLED)


def test_another_leader_goes_on_where_the_one_before_was(backfilled: Backfilled) -> None:
    world = backfilled.world
    backfilled.ask(6, max_active_runs=2)
    world.settle()
    for name in ("two", "three"):
        world.clock.pass_by(60)
        world.restart(name)
        world.hello()
        world.serve()
    assert backfilled.days() == [1, 2, 3, 4, 5, 6]
    assert backfilled.record().state is BackfillState.COMPLETED


def test_a_cancel_that_nobody_heard_of_is_found_by_the_next_leader(backfilled: Backfilled) -> None:
    world = backfilled.world
    pk = backfilled.ask(3, max_active_runs=1)
    backfilled.change(pk, BackfillEvent.PAUSE)
    world.settle()
    record = backfilled.record()
    cancel = move_backfill(record, BackfillEvent.CANCEL, at=T0, reason="cancelled by ada")
    assert world.store.runs.apply([[cancel]]).all
    world.clock.pass_by(60)
    world.restart("two")
    world.hello()
    world.serve()
    assert backfilled.runs() == []
    assert {slot.state for slot in backfilled.slots()} == {SlotState.WAITING}


def test_what_a_person_clears_leaves_its_backfill(backfilled: Backfilled) -> None:
    world = backfilled.world
    backfilled.ask(1)
    world.serve()
    (run,) = backfilled.runs()
    plan = compile_plan(backfilled.document, run.document_hash)
    view = RunView(run, plan, world.store.runs.load_tasks([run.run_pk]))
    keys = [record.key for record in view.all_instances()]
    assert world.write(decide_clear(view, keys, by="ada", now=T0), run_pk=run.run_pk)
    world.serve()
    again = world.run(run.run_pk)
    assert (again.state, again.backfill_pk, again.is_idle_class) == (RunState.SUCCESS, None, False)
    assert world.task(run.run_pk, "a").try_number == 2


def test_a_backfill_stands_behind_everything_else(world: World) -> None:
    """One slot: each of the DAG's own runs goes first, however long the backfill has waited."""
    world.settings = settings_of(world.settings.home)
    backfilled = Backfilled(world)
    backfilled.ask(4)
    world.hello(capacity=1)
    world.settle()
    order: list[str] = []

    def note(ref: AttemptRef) -> Outcome:
        run = world.run(ref.run_pk)
        order.append(run.run_type)
        if len(order) == 2:
            for minute in range(2):
                date = T0 + timedelta(minutes=minute)
                world.trigger(backfilled.document, logical_date=date, run_id=f"m{minute}")
        return Succeeded()

    world.serve(note)
    assert order == ["backfill", "backfill", "manual", "manual", "backfill", "backfill"]


def test_with_now_it_stands_in_line_by_date(world: World) -> None:
    backfilled = Backfilled(world)
    world.hello(capacity=1)
    backfilled.ask(2, is_idle_class=False)
    world.trigger(backfilled.document, logical_date=T0)
    order: list[str] = []

    def note(ref: AttemptRef) -> Outcome:
        order.append(world.run(ref.run_pk).run_type)
        return Succeeded()

    world.serve(note)
    assert order == ["backfill", "backfill", "manual"], "the oldest date first"


def test_depends_on_past_holds_across_a_backfill(world: World) -> None:
    backfilled = Backfilled(world, of=(task("a", depends_on_past=True),))
    backfilled.ask(3)
    first = FIRST

    def decide(ref: AttemptRef) -> Outcome:
        if world.run(ref.run_pk).logical_date == first:
            return Failed(may_retry=False)
        return Succeeded()

    world.serve(decide)
    assert [world.tasks(run.run_pk) for run in backfilled.runs()] == [
        {"a": "failed"}, {"a": "none"}, {"a": "none"},
    ]  # fmt: skip
    assert backfilled.record().state is BackfillState.RUNNING

    (run, *_) = backfilled.runs()
    plan = compile_plan(backfilled.document, run.document_hash)
    view = RunView(run, plan, world.store.runs.load_tasks([run.run_pk]))
    keys = [record.key for record in view.all_instances()]
    assert world.write(decide_clear(view, keys, by="ada", now=T0), run_pk=run.run_pk)
    world.serve()
    assert {run.state for run in backfilled.runs()} == {RunState.SUCCESS}
    assert backfilled.record().state is BackfillState.COMPLETED


def test_a_schedule_that_changes_does_not_change_the_dates(backfilled: Backfilled) -> None:
    world = backfilled.world
    backfilled.ask(4, max_active_runs=1)
    world.settle()
    world.put(daily(schedule=CronSchedule("0 3 * * 1", "UTC", ScheduleKind.TRIGGER)))
    world.serve()
    assert backfilled.days() == [1, 2, 3, 4]


def test_the_schedule_passes_over_dates_that_a_backfill_has_filled(world: World) -> None:
    document = daily(start_date=FIRST, catchup=True)
    backfilled = Backfilled(world, start_date=FIRST, catchup=True)
    world.store.runs.apply(
        [[PauseDag(dag_id="sales", is_paused=True, at=T0)]], notes=[Note(kind="dag", subject="sales")]
    )
    world.serve()
    assert backfilled.document == document
    dates = [run.logical_date for run in backfilled.runs()]
    assert len(dates) == len(set(dates))
