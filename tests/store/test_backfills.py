"""Backfills, their dates and planned recoveries: every store answers alike, and writes only what is still so."""

from datetime import timedelta
from typing import Any

from tests.store.building import T0, AnyStore, at, create, put_dags, run_of
from windward.core.actions import CreateBackfill, MoveSlot, PlanRecovery, move_backfill, move_run
from windward.core.transitions import BackfillEvent, RunEvent
from windward.model.records import BackfillRecord, BackfillSlot
from windward.model.states import (
    BackfillState,
    Reprocess,
    RunState,
    RunType,
    SlotState,
    TriggeredBy,
)


def backfill_of(pk: int = 1, **fields: Any) -> BackfillRecord:
    values: dict[str, Any] = {
        "backfill_pk": pk, "dag_id": "sales", "from_date": T0, "to_date": at(60), "created_at": T0,
    }  # fmt: skip
    return BackfillRecord(**{**values, **fields})


def slots_of(pk: int, count: int) -> tuple[BackfillSlot, ...]:
    return tuple(
        BackfillSlot(
            backfill_pk=pk, ordinal=number, run_after=at(number), logical_date=at(number),
            interval_start=at(number), interval_end=at(number + 1),
        )
        for number in range(1, count + 1)
    )  # fmt: skip


def asked(store: AnyStore, pk: int = 1, count: int = 3, **fields: Any) -> bool:
    action = CreateBackfill(backfill=backfill_of(pk, **fields), slots=slots_of(pk, count))
    return store.runs.apply([[action]]).all


def moved(store: AnyStore, pk: int, event: BackfillEvent, reason: str = "by ada") -> bool:
    (record,) = store.backfills.load_backfills([pk])
    return store.runs.apply([[move_backfill(record, event, at=at(9), reason=reason)]]).all


def test_what_was_asked_for_is_what_is_read(store: AnyStore) -> None:
    whole = backfill_of(
        run_backwards=True, max_active_runs=3, reprocess=Reprocess.FAILED, conf={"size": [1, "Ä"]},
        is_latest_version=True, is_idle_class=False, created_by="ada", reason="asked for by ada",
    )  # fmt: skip
    assert store.runs.apply([[CreateBackfill(backfill=whole, slots=slots_of(1, 3))]]).all

    assert store.backfills.load_backfills([1, 2]) == [whole]
    assert store.backfills.load_open_backfills() == [whole]
    assert store.backfills.list_slots(1) == list(slots_of(1, 3))
    assert store.backfills.list_slots(1, offset=1, limit=1) == [slots_of(1, 3)[1]]
    assert store.backfills.load_waiting_slots(1, limit=2) == list(slots_of(1, 3)[:2])
    assert store.backfills.count_slots(1) == {"waiting": 3}


def test_a_dag_has_one_open_backfill_at_a_time(store: AnyStore) -> None:
    assert asked(store, 1)
    assert not asked(store, 1, dag_id="costs"), "the number is taken"
    assert not asked(store, 2), "the DAG has one"
    assert asked(store, 3, dag_id="costs")
    assert moved(store, 1, BackfillEvent.CANCEL)
    assert asked(store, 4)
    assert [one.backfill_pk for one in store.backfills.list_backfills()] == [4, 3, 1]
    assert [one.backfill_pk for one in store.backfills.list_backfills(dag_id="sales")] == [4, 1]
    assert [one.backfill_pk for one in store.backfills.list_backfills(open_only=True, limit=1)] == [4]


def test_a_move_is_made_from_the_state_that_it_was_decided_upon(store: AnyStore) -> None:
    asked(store)
    (record,) = store.backfills.load_backfills([1])
    pause = move_backfill(record, BackfillEvent.PAUSE, at=at(5), reason="paused by ada")
    assert store.runs.apply([[pause]]).all
    assert not store.runs.apply([[pause]]).all
    (paused,) = store.backfills.load_backfills([1])
    assert (paused.state, paused.reason, paused.completed_at) == (
        BackfillState.PAUSED, "paused by ada", None,
    )  # fmt: skip
    assert moved(store, 1, BackfillEvent.UNPAUSE)
    assert moved(store, 1, BackfillEvent.COMPLETE, reason="done")
    (done,) = store.backfills.load_backfills([1])
    assert (done.state, done.completed_at, done.reason) == (BackfillState.COMPLETED, at(9), "done")
    assert store.backfills.load_open_backfills() == []


def test_a_date_is_dealt_with_once_and_with_its_run_or_not_at_all(store: AnyStore) -> None:
    put_dags(store, "sales")
    asked(store)
    run = run_of(5, run_type=RunType.BACKFILL, backfill_pk=1, is_idle_class=True, logical_date=at(1))
    made = MoveSlot(backfill_pk=1, ordinal=1, state=SlotState.MADE, run_pk=5)
    assert store.runs.apply([[create(run, "load"), made]]).all
    again = run_of(6, run_id="other", backfill_pk=1, logical_date=at(2))
    assert not store.runs.apply([[create(again, "load"), made]]).all
    assert store.runs.load_runs([6]) == []

    skipped = MoveSlot(backfill_pk=1, ordinal=2, state=SlotState.SKIPPED, reason="it is running")
    other = MoveSlot(backfill_pk=1, ordinal=3, state=SlotState.CLEARED, run_pk=5)
    assert store.runs.apply([[skipped, other]]).all
    assert [(slot.state, slot.run_pk, slot.reason) for slot in store.backfills.list_slots(1)] == [
        (SlotState.MADE, 5, ""), (SlotState.SKIPPED, None, "it is running"), (SlotState.CLEARED, 5, ""),
    ]  # fmt: skip
    assert store.backfills.load_waiting_slots(1, limit=9) == []
    assert store.backfills.count_slots(1) == {"cleared": 1, "made": 1, "skipped": 1}
    (stored,) = store.runs.load_runs([5])
    assert (stored.backfill_pk, stored.is_idle_class) == (1, True)


def test_a_backfill_and_a_date_of_it_can_come_in_one_group(store: AnyStore) -> None:
    action = CreateBackfill(backfill=backfill_of(), slots=slots_of(1, 2))
    skip = MoveSlot(backfill_pk=1, ordinal=2, state=SlotState.SKIPPED)
    cancel = move_backfill(backfill_of(), BackfillEvent.CANCEL, at=at(1), reason="at once")
    assert store.runs.apply([[action, skip, cancel]]).all
    assert store.backfills.count_slots(1) == {"skipped": 1, "waiting": 1}


def test_a_deleted_dag_takes_its_backfills_along(store: AnyStore) -> None:
    put_dags(store, "sales")
    asked(store)
    store.catalog.delete_dag("sales")
    assert store.backfills.list_backfills() == []
    assert store.backfills.list_slots(1) == []


def test_runs_are_found_by_their_dates(store: AnyStore) -> None:
    put_dags(store, "sales", "costs")
    for number in (1, 2, 3):
        assert store.runs.apply([[create(run_of(number, logical_date=at(number)))]]).all
    assert store.runs.apply([[create(run_of(4, dag_id="costs", logical_date=at(1)))]]).all
    found = store.runs.find_runs_at("sales", [at(3), at(1), at(9)])
    assert [run.run_pk for run in found] == [1, 3]
    assert store.runs.find_runs_at("sales", []) == []


def test_a_cleared_run_carries_what_it_is_now(store: AnyStore) -> None:
    put_dags(store, "sales")
    store.runs.apply([[create(run_of(1, state=RunState.FAILED))]])
    (run,) = store.runs.load_runs([1])
    again = move_run(
        run, RunEvent.CLEAR, at=T0, run_type=RunType.BACKFILL, triggered_by=TriggeredBy.BACKFILL,
        is_idle_class=True, backfill_pk=7, recoveries=2, recover_at=None, is_recovery_stopped=True,
    )  # fmt: skip
    assert store.runs.apply([[again]]).all
    (run,) = store.runs.load_runs([1])
    assert (run.run_type, run.triggered_by, run.is_idle_class) == (
        RunType.BACKFILL,
        TriggeredBy.BACKFILL,
        True,
    )
    assert (run.backfill_pk, run.recoveries, run.recover_at, run.is_recovery_stopped) == (7, 2, None, True)


def test_planned_recoveries_are_found_by_their_time(store: AnyStore) -> None:
    put_dags(store, "sales")
    for number, minutes in ((1, 30), (2, 10), (3, 20), (4, 5)):
        store.runs.apply([[create(run_of(number))]])
        (run,) = store.runs.load_runs([number])
        if number != 4:
            due = T0 + timedelta(minutes=minutes)
            assert store.runs.apply([[move_run(run, RunEvent.FAIL, at=T0, recover_at=due)]]).all
    assert [run.run_pk for run in store.runs.load_recoverable_runs(limit=9)] == [2, 3, 1]
    assert [run.run_pk for run in store.runs.load_recoverable_runs(limit=1)] == [2]

    def stop(pk: int, state: RunState) -> PlanRecovery:
        return PlanRecovery(
            run_pk=pk, expect_state=state, recoveries=1, recover_at=None, is_recovery_stopped=True
        )

    assert not store.runs.apply([[stop(2, RunState.RUNNING)]]).all
    assert store.runs.apply([[stop(2, RunState.FAILED)]]).all
    assert [run.run_pk for run in store.runs.load_recoverable_runs(limit=9)] == [3, 1]
    (run,) = store.runs.load_runs([2])
    assert (run.recoveries, run.is_recovery_stopped) == (1, True)
