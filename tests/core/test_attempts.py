"""Attempts: made, granted once, ended, lost; what a stale message may do (nothing)."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tests.core.building import T0, at, plan_of, record_of, task, view_of
from windward.core.actions import MoveTask
from windward.core.attempts import QUEUEABLE, decide_end, decide_lost, decide_queue, decide_start
from windward.core.transitions import TaskEvent
from windward.core.view import RunView
from windward.document import TaskDocument
from windward.model.records import TaskRecord
from windward.model.states import TaskState
from windward.protocol.outcomes import (
    AssetWrite,
    Deferred,
    Ending,
    ExitFact,
    Failed,
    Outcome,
    Rescheduled,
    Skipped,
    Succeeded,
    XComPut,
    XComValue,
)

LOST_MAX = 3
OUTCOMES: list[Outcome] = [
    Succeeded(),
    Skipped(),
    Failed(),
    Rescheduled(at=at(60)),
    Deferred(trigger_class="t", trigger_kwargs=b"", next_method="m", next_kwargs=b""),
]
PUT = XComPut(key="return_value", value=XComValue(encoding="json", data=b"1"))


def running(state: TaskState = TaskState.RUNNING, **fields: Any) -> TaskRecord:
    values = {"fence": 5, "try_number": 1, "owner": "h", "start_date": T0, "queued_at": T0}
    return record_of("a", state, **{**values, **fields})


def around(record: TaskRecord, *others: TaskDocument, **fields: Any) -> RunView:
    fields.setdefault("retries", 0)
    return view_of(plan_of(task("a", **fields), *others), records=[record])


def end(
    record: TaskRecord,
    outcome: Outcome,
    *,
    fence: int = 5,
    fact: ExitFact | None = None,
    view: RunView | None = None,
    **ending: Any,
) -> list[MoveTask] | None:
    said = Ending(outcome=outcome, exit=fact or ExitFact(kind="ok"), at=at(9), **ending)
    return decide_end(
        view or around(record), record, said, fence=fence, now=at(10), lost_attempts_max=LOST_MAX
    )


def only(moves: list[MoveTask] | None) -> MoveTask:
    assert moves is not None
    (found,) = moves
    return found


# -- made --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", sorted(QUEUEABLE))
def test_an_attempt_has_a_new_fence_and_nothing_of_the_one_before(state: TaskState) -> None:
    record = record_of("a", state, fence=4, try_number=2, owner="h", start_date=T0, due_at=T0, exit_fact="{}")
    action = decide_queue(record, now=at(1))
    cleared = (action.owner, action.start_date, action.end_date, action.due_at, action.exit_fact)
    assert (action.fence, action.queued_at, cleared) == (5, at(1), (None,) * 5)


@pytest.mark.parametrize("state", sorted(QUEUEABLE))
def test_what_was_rescheduled_or_resumed_goes_on_in_its_try_and_all_else_begins_a_new_one(
    state: TaskState,
) -> None:
    action = decide_queue(record_of("a", state, try_number=2), now=T0)
    assert action.try_number == (2 if state in {TaskState.UP_FOR_RESCHEDULE, TaskState.SCHEDULED} else 3)


# -- granted -----------------------------------------------------------------------------


def test_a_start_is_granted_to_the_host_that_asks_with_the_fence() -> None:
    action = decide_start(
        record_of("a", TaskState.QUEUED, fence=5, try_number=1), fence=5, host_id="h", now=at(1)
    )
    assert isinstance(action, MoveTask)
    assert (action.state, action.owner, action.start_date) == (TaskState.RUNNING, "h", at(1))
    assert (action.first_start_date, action.drop_xcoms) == (at(1), False)


def test_a_later_try_keeps_the_first_start_and_drops_what_was_pushed() -> None:
    record = record_of("a", TaskState.QUEUED, fence=5, try_number=2, first_start_date=T0)
    action = decide_start(record, fence=5, host_id="h", now=at(1))
    assert isinstance(action, MoveTask)
    assert (action.first_start_date, action.drop_xcoms) == (T0, True)


def test_a_grant_whose_answer_was_lost_is_given_again_to_the_same_host_only() -> None:
    assert decide_start(running(), fence=5, host_id="h", now=T0) is None
    assert isinstance(decide_start(running(), fence=5, host_id="other", now=T0), str)


@pytest.mark.parametrize("state", sorted(set(TaskState) - {TaskState.QUEUED}))
def test_nothing_but_a_queued_attempt_is_granted(state: TaskState) -> None:
    assert isinstance(decide_start(record_of("a", state, fence=5), fence=5, host_id="h", now=T0), str)


@pytest.mark.parametrize("fence", [4, 6])
def test_a_start_under_another_fence_is_refused(fence: int) -> None:
    record = record_of("a", TaskState.QUEUED, fence=5)
    refusal = decide_start(record, fence=fence, host_id="h", now=T0)
    assert isinstance(refusal, str)
    assert "superseded" in refusal
    assert isinstance(decide_start(None, fence=fence, host_id="h", now=T0), str)


# -- ended -------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("fence", [4, 6])
def test_an_end_under_another_fence_changes_nothing(outcome: Outcome, fence: int) -> None:
    assert end(running(), outcome, fence=fence) is None


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize(
    "state", sorted(set(TaskState) - {TaskState.RUNNING, TaskState.QUEUED, TaskState.RESTARTING})
)
def test_an_instance_that_is_not_in_flight_is_not_ended(outcome: Outcome, state: TaskState) -> None:
    assert end(record_of("a", state, fence=5), outcome) is None


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_only_a_failure_may_end_an_attempt_that_was_never_granted(outcome: Outcome) -> None:
    moves = end(record_of("a", TaskState.QUEUED, fence=5, try_number=1), outcome)
    assert (moves is not None) == isinstance(outcome, Failed)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_cleared_attempt_begins_anew_however_it_ended(outcome: Outcome) -> None:
    action = only(end(running(state=TaskState.RESTARTING), outcome))
    assert (action.event, action.archives, action.owner) == (TaskEvent.RESTARTED, True, None)


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        (at(3), at(3)),
        (T0, T0),
        (at(10), at(10)),
        (at(11), at(10)),
        (datetime(9999, 1, 1, tzinfo=UTC), at(10)),
        (at(-1), T0),
        (datetime(1, 1, 1, tzinfo=UTC), T0),
    ],
)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_an_end_is_between_the_start_and_now_whatever_its_host_says(
    outcome: Outcome, said: datetime, counts: datetime
) -> None:
    ending = Ending(outcome=outcome, exit=ExitFact(kind="ok"), at=said)
    moves = decide_end(around(running()), running(), ending, fence=5, now=at(10), lost_attempts_max=LOST_MAX)
    assert only(moves).end_date == counts


def test_what_never_began_has_not_ended_before_it_was_queued() -> None:
    record = running(TaskState.QUEUED, start_date=None, queued_at=at(2))
    ending = Ending(outcome=Failed(), exit=ExitFact(kind="never_started"), at=datetime(1, 1, 1, tzinfo=UTC))
    moves = decide_end(around(record), record, ending, fence=5, now=at(10), lost_attempts_max=LOST_MAX)
    assert only(moves).end_date == at(2)


def test_success_stores_what_the_task_said() -> None:
    outcome = Succeeded(xcoms=(PUT,), return_length=3, map_label="Seoul")
    action = only(end(running(), outcome, rendered={"sql": "select 1"}))
    assert (action.state, action.end_date, action.xcoms) == (TaskState.SUCCESS, at(9), (PUT,))
    assert (action.return_length, action.map_label, action.rendered) == (3, "Seoul", '{"sql":"select 1"}')


@pytest.mark.parametrize("outcome", [Failed(), Failed(may_retry=False), Skipped(), Succeeded()])
def test_an_instance_keeps_its_name_however_it_ended(outcome: Outcome) -> None:
    assert only(end(running(), outcome, map_label="Seoul")).map_label == "Seoul"


@pytest.mark.parametrize("key", ["", "k" * 501, "a\0b"])
def test_a_success_with_a_key_that_no_database_holds_is_a_failure_that_says_so(key: str) -> None:
    fact = ExitFact(kind="ok", peak_rss_bytes=7)
    outcome = Succeeded(xcoms=(PUT, msgspec.structs.replace(PUT, key=key)), skip=("b",))
    failed = only(end(running(), outcome, fact=fact, map_label="Seoul"))
    assert (failed.state, failed.xcoms, failed.map_label) == (TaskState.FAILED, (), "Seoul")
    assert "XCom" in failed.reason
    stored = msgspec.json.decode(str(failed.exit_fact), type=ExitFact)
    assert (stored.kind, stored.peak_rss_bytes) == ("exception", 7)
    again = only(end(running(max_tries=1), outcome))
    assert again.state is TaskState.UP_FOR_RETRY


@pytest.mark.parametrize(
    "fields", [{"name": "n" * 501}, {"uri": "u" * 501}, {"aliases": ("short", "a" * 501)}]
)
def test_a_success_with_an_asset_that_no_database_holds_is_a_failure_that_says_so(
    fields: dict[str, Any],
) -> None:
    write = AssetWrite(**{"name": "n" * 500, "uri": "u", **fields})
    failed = only(end(running(), Succeeded(assets=(write,))))
    assert failed.state is TaskState.FAILED
    assert "asset" in failed.reason
    kept = AssetWrite(name="n" * 500, uri="u" * 500, aliases=("a" * 500,))
    assert only(end(running(), Succeeded(assets=(kept,)))).state is TaskState.SUCCESS


def test_a_skip_says_why() -> None:
    assert only(end(running(), Skipped(message="nothing new"))).reason == "nothing new"
    assert only(end(running(), Skipped())).state is TaskState.SKIPPED


def test_a_reschedule_waits_for_its_time() -> None:
    action = only(end(running(), Rescheduled(at=at(60))))
    assert (action.state, action.due_at) == (TaskState.UP_FOR_RESCHEDULE, at(60))


def test_a_branch_skips_what_it_did_not_choose_and_leaves_what_has_begun() -> None:
    plan = plan_of(task("a"), task("b", "a"), task("c", "a"), task("d", "a"))
    records = [
        running(),
        record_of("b"),
        record_of("c", TaskState.RUNNING),
        record_of("d", TaskState.SUCCESS),
    ]
    moves = end(running(), Succeeded(skip=("b", "c", "d", "gone")), view=view_of(plan, records=records))
    assert moves is not None
    assert [(action.key.task_id, action.state, action.skip_by) for action in moves[1:]] == [
        ("b", TaskState.SKIPPED, "a")
    ]


def test_a_branch_skips_every_waiting_instance_of_a_mapped_task() -> None:
    from tests.core.test_mapping import over
    from windward.document import LiteralLength

    plan = plan_of(task("a"), task("m", "a", expansion=over(LiteralLength(2))))
    records = [running(), record_of("m", map_index=0), record_of("m", TaskState.SUCCESS, map_index=1)]
    moves = end(running(), Succeeded(skip=("m",)), view=view_of(plan, records=records))
    assert moves is not None
    assert [action.key.map_index for action in moves[1:]] == [0]


# -- retries and losses ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("try_number", "max_tries", "state"),
    [
        (1, 0, TaskState.FAILED),
        (1, 1, TaskState.UP_FOR_RETRY),
        (2, 1, TaskState.FAILED),
        (3, 3, TaskState.UP_FOR_RETRY),
    ],
)
def test_a_failure_is_tried_again_while_tries_are_left(
    try_number: int, max_tries: int, state: TaskState
) -> None:
    record = running(try_number=try_number, max_tries=max_tries)
    action = only(
        end(record, Failed(), fact=ExitFact(kind="exception", error_type="ValueError", message="no"))
    )
    assert (action.state, action.reason) == (state, "ValueError: no")
    assert action.archives == (state is TaskState.UP_FOR_RETRY)


@pytest.mark.parametrize(
    ("message", "reason"),
    [("no row", "ValueError: no row"), ("ValueError", "ValueError"), ("", "ValueError")],
)
def test_the_reason_of_a_failure_names_the_error_once(message: str, reason: str) -> None:
    fact = ExitFact(kind="exception", error_type="ValueError", message=message)
    assert only(end(running(max_tries=0), Failed(), fact=fact)).reason == reason


def test_a_failure_that_forbids_it_is_not_tried_again() -> None:
    assert only(end(running(max_tries=5), Failed(may_retry=False))).state is TaskState.FAILED


def test_a_retry_is_due_after_the_delay_of_the_task_or_the_one_that_the_failure_asks_for() -> None:
    record = running(max_tries=1)
    view = around(record, retry_delay_s=30.0)
    assert only(end(record, Failed(), view=view)).due_at == at(40)
    assert only(end(record, Failed(retry_delay_s=7.0), view=view)).due_at == at(17)


def test_a_failure_of_ours_does_not_use_up_the_authors_retries() -> None:
    record = running(max_tries=1)
    action = only(end(record, Failed(is_infrastructure=True)))
    assert (action.event, action.max_tries, action.lost_count) == (TaskEvent.LOSE, 2, 1)
    assert (action.due_at, action.fence, action.archives) == (at(10), 6, True)


@pytest.mark.parametrize(("max_tries", "state"), [(9, TaskState.UP_FOR_RETRY), (0, TaskState.FAILED)])
def test_after_too_many_losses_the_authors_retries_count(max_tries: int, state: TaskState) -> None:
    record = running(max_tries=max_tries, lost_count=LOST_MAX)
    assert only(end(record, Failed(is_infrastructure=True))).state is state


def test_a_task_that_is_always_lost_fails_after_a_bounded_number_of_tries() -> None:
    record, tries = running(max_tries=2), 1
    while True:
        action = decide_lost(around(record), record, reason="gone", now=T0, lost_attempts_max=LOST_MAX)
        assert action is not None
        if action.state is TaskState.FAILED:
            break
        tries += 1
        values = {"max_tries": action.max_tries, "lost_count": action.lost_count}
        known = {name: value for name, value in values.items() if value is not msgspec.UNSET}
        record = msgspec.structs.replace(record, try_number=tries, **known)
    assert tries == 1 + 2 + LOST_MAX


@pytest.mark.parametrize("state", sorted(TaskState))
def test_what_a_lost_worker_means(state: TaskState) -> None:
    record = running(state=state)
    action = decide_lost(around(record), record, reason="gone", now=at(3), lost_attempts_max=LOST_MAX)
    expected = {
        TaskState.QUEUED: TaskEvent.REQUEUE,
        TaskState.RUNNING: TaskEvent.LOSE,
        TaskState.RESTARTING: TaskEvent.RESTARTED,
    }
    assert (action.event if action else None) == expected.get(state)
    if state is TaskState.RUNNING:
        assert action is not None
        assert msgspec.json.decode(str(action.exit_fact), type=ExitFact) == ExitFact(
            kind="lost", message="gone"
        )


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        (ExitFact(kind="signal", signal=9), "signal 9"),
        (ExitFact(kind="exit", exit_code=3), "exit code 3"),
        (ExitFact(kind="out_of_memory"), "memory"),
        (ExitFact(kind="timeout"), "execution_timeout"),
        (ExitFact(kind="exception", error_type="KeyError"), "KeyError"),
        (ExitFact(kind="never_started"), "never started"),
        (ExitFact(kind="cancelled", message="by hand"), "by hand"),
    ],
)
def test_the_reason_says_how_the_process_ended(fact: ExitFact, words: str) -> None:
    assert words in only(end(running(), Failed(), fact=fact)).reason
