"""Why a task waits, was skipped, failed: the reasons agree with what decides, and lead to the cause."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.building import (
    FINISHED_STATES,
    T0,
    advance_once,
    at,
    graphs,
    plan_of,
    record_of,
    run_of,
    task,
    view_of,
)
from windward.core.admission import Limits, ReadyQueue, Usage
from windward.core.blockers import blockers
from windward.core.explain import DEPTH_MAX, Reason, Surroundings, explain_task, in_words
from windward.core.explain_runs import DagSurroundings, explain_dag
from windward.core.past import previous_of
from windward.core.view import RunView
from windward.document import DagDocument, TaskDocument
from windward.document.expansion import Expansion, XComLength
from windward.model.ids import TaskKey
from windward.model.records import DagRecord
from windward.model.states import RunState, Semantics, TaskState, TriggerRule

S = TaskState
READY = "gets its slot in the scheduler's next pass"


def around(*, parallelism: int = 32, in_flight: dict[str, int] | None = None, **fields: Any) -> Surroundings:
    pools = fields.pop("pools", {"default_pool": 128})
    usage = Usage()
    for pool, count in (in_flight or {}).items():
        usage.total += count
        usage.pools[pool] = count
    return Surroundings(usage=usage, limits=Limits(parallelism=parallelism, pools=pools), **fields)


def reason_of(view: RunView, task_id: str, map_index: int = -1, **fields: Any) -> Reason:
    record = view.find(task_id, map_index)
    assert record is not None
    return explain_task(view, record, around(**fields), now=T0)


def depth_of(reason: Reason) -> int:
    return 1 + max(map(depth_of, reason.parts), default=0)


def texts_of(reason: Reason) -> list[str]:
    return [reason.sentence, *(text for part in reason.parts for text in texts_of(part))]


def draw_task(draw: st.DrawFn, task_id: str, *upstream: str) -> TaskDocument:
    return task(task_id, *upstream, trigger_rule=draw(st.sampled_from(TriggerRule)))


@given(graphs(draw_task), st.data())
def test_what_is_ready_is_said_to_be_ready_and_what_waits_to_wait(
    tasks: tuple[TaskDocument, ...], data: st.DataObject
) -> None:
    begun = [*FINISHED_STATES, S.RUNNING]
    states = {item.task_id: data.draw(st.sampled_from([S.NONE, *begun]), item.task_id) for item in tasks}
    view = view_of(plan_of(*tasks), states)
    _, ready = advance_once(view)

    for item in tasks:
        record = view.find(item.task_id, -1)
        assert record is not None
        if record.state is S.NONE:
            said = reason_of(view, item.task_id).sentence
            assert (READY in said) == (item.task_id in ready), said


@given(
    st.sampled_from(Semantics),
    st.integers(1, 3),
    st.integers(-1, 3),
    st.integers(1, 2),
    st.integers(0, 3),
    st.integers(1, 4),
    st.booleans(),
)
def test_a_limit_is_named_exactly_when_it_keeps_a_ready_task_from_its_slot(
    semantics: Semantics,
    active_max: int,
    pool_slots: int,
    slots_wanted: int,
    running: int,
    parallelism: int,
    is_paused: bool,
) -> None:
    others = [task(f"r{number}", pool="p") for number in range(running)]
    wanted = task("wanted", pool="p", pool_slots=slots_wanted, max_active_tis_per_dag=active_max)
    plan = plan_of(*others, wanted, semantics=semantics, max_active_tasks=active_max)
    view = view_of(plan, {f"r{number}": S.RUNNING for number in range(running)})
    usage = Usage()
    for record in view.all_instances():
        usage.count(view, record, 1)
    limits = Limits(parallelism=parallelism, pools={"p": pool_slots})
    queue = ReadyQueue()
    queue.add(view, TaskKey(1, "wanted"))

    admitted = queue.admit(
        usage,
        limits,
        capacity=100,
        check=lambda _: ("paused", "sales") if is_paused else True,
        admitted_max=10,
    )
    ready = view.find("wanted", -1)
    assert ready is not None
    said = explain_task(view, ready, Surroundings(is_paused=is_paused, usage=usage, limits=limits), now=T0)

    assert bool(admitted) == (READY in said.sentence), said


@given(graphs(most=12), st.data())
def test_a_tree_is_bounded_and_each_name_in_it_is_of_the_run(
    tasks: tuple[TaskDocument, ...], data: st.DataObject
) -> None:
    states = {item.task_id: data.draw(st.sampled_from(TaskState), item.task_id) for item in tasks}
    view = view_of(plan_of(*tasks), states)
    for item in tasks:
        reason = reason_of(view, item.task_id)
        assert depth_of(reason) <= DEPTH_MAX + 2
        assert f"`{item.task_id}`" in reason.sentence
        assert all(text == text.strip() and text for text in texts_of(reason))


def test_an_inherited_failure_leads_to_the_task_that_failed() -> None:
    view = view_of(
        plan_of(task("load"), task("clean", "load"), task("report", "clean")),
        records=[
            record_of("load", S.FAILED, reason="exit code 3", try_number=2, end_date=T0),
            record_of("clean", S.UPSTREAM_FAILED, reason="all_success: 1 failed of 1 upstream"),
            record_of("report", S.UPSTREAM_FAILED, reason="all_success: 1 upstream_failed of 1 upstream"),
        ],
    )

    reason = reason_of(view, "report")

    assert reason.sentence.startswith("`report` is upstream_failed: all_success")
    cause = reason.parts[0].parts[0]
    assert cause.sentence == "`load` is failed at 2026-03-29 00:30:00 UTC after 2 tries: exit code 3"


def test_a_waiting_task_names_what_it_waits_for_down_to_what_runs() -> None:
    view = view_of(plan_of(task("load"), task("clean", "load"), task("report", "clean")), {"load": S.RUNNING})

    reason = reason_of(view, "report")

    assert (
        reason.sentence == "`report` waits for tasks before it, by its rule all_success: none of 1 upstream"
    )
    assert reason.parts[0].sentence == "`clean` has not begun"
    assert reason.parts[0].parts[0].sentence == "`load` is running"


def test_many_upstreams_are_counted_instead_of_listed() -> None:
    names = [f"t{number}" for number in range(9)]
    view = view_of(plan_of(*map(task, names), task("last", *names)), dict.fromkeys(names, S.RUNNING))

    parts = reason_of(view, "last").parts

    assert [part.sentence for part in parts] == [*(f"`t{n}` is running" for n in range(5)), "… and 4 more"]


def test_a_branch_is_named_by_what_it_left_out() -> None:
    view = view_of(
        plan_of(task("branch"), task("a", "branch")),
        {"branch": S.SUCCESS},
        records=[
            record_of("branch", S.SUCCESS),
            record_of("a", S.SKIPPED, skip_by="branch", reason="`branch` chose others"),
        ],
    )

    assert reason_of(view, "a") == Reason("`a` is skipped by branch `branch`: `branch` chose others")


def test_each_state_of_a_begun_instance_says_what_comes_next() -> None:
    plan = plan_of(task("t", retries=2))
    soon = T0 + timedelta(minutes=5)
    begun = {"try_number": 1, "max_tries": 2, "start_date": at(-90), "queued_at": at(-3)}

    def said(state: TaskState, **fields: Any) -> str:
        return reason_of(view_of(plan, records=[record_of("t", state, **begun, **fields)]), "t").sentence

    assert said(S.RUNNING, owner="h1") == "`t` runs for 1 min 30 s on host `h1`, try 1 of 3"
    assert said(S.QUEUED) == "`t` has its slot for 3 s, and waits for a worker to start it"
    assert said(S.UP_FOR_RETRY, due_at=soon) == (
        "`t` tries again in 5 min, at 2026-03-29 00:35:00 UTC, after try 1 of 3"
    )
    assert said(S.UP_FOR_RESCHEDULE, due_at=soon).startswith("`t` is a sensor that looks again in 5 min")
    assert said(S.DEFERRED, trigger_class="a.b.DateTimeTrigger", due_at=soon) == (
        "`t` is deferred: it holds no slot and waits for its trigger `DateTimeTrigger`, "
        "at most until 2026-03-29 00:35:00 UTC"
    )
    assert said(S.AWAITING_INPUT) == "`t` waits for the answer of a person"
    assert said(S.RESTARTING).startswith("`t` was cleared while it ran")
    assert READY in said(S.UP_FOR_RETRY, due_at=at(-1)), "its time has come: only a slot is missing"


def test_what_stands_outside_of_the_run_is_named() -> None:
    plan = plan_of(task("t"))
    view = view_of(plan)

    assert "a scheduler: none has given" in reason_of(view, "t", has_scheduler=False).sentence
    assert "to be unpaused" in reason_of(view, "t", is_paused=True).sentence
    assert "does not exist" in reason_of(view, "t", pools={}).sentence
    assert (
        "3 of 3 are taken"
        in reason_of(view, "t", pools={"default_pool": 3}, in_flight={"default_pool": 3}).sentence
    )
    assert (
        "2 attempts for 2 places" in reason_of(view, "t", in_flight={"default_pool": 2}, capacity=2).sentence
    )
    queued = view_of(plan, run=run_of(state=RunState.QUEUED, reason="due by its schedule"))
    assert reason_of(queued, "t").sentence == "`t` waits for its run to start"
    over = view_of(plan, run=run_of(state=RunState.FAILED, reason="marked failed"))
    assert reason_of(over, "t").sentence == "`t` never began: the run is failed"
    idle = view_of(plan, run=run_of(is_idle_class=True))
    assert "until no scheduled or manual task waits" in reason_of(idle, "t").sentence


def test_a_mapped_task_says_that_it_waits_to_be_expanded() -> None:
    expansion = Expansion(style="product", arguments=(("x", XComLength(task_id="list")),))
    plan = plan_of(task("list"), task("each", "list", expansion=expansion, trigger_rule=TriggerRule.ALWAYS))

    reason = reason_of(view_of(plan, {"list": S.RUNNING}), "each")

    assert (
        reason.sentence == "`each` waits to be expanded: task `list`, which it expands over, has not finished"
    )


def test_spans_are_said_in_two_units() -> None:
    spans = (0, 59, 60, 3_661, 90_061, -5)
    assert [in_words(timedelta(seconds=span)) for span in spans] == [
        "0 s",
        "59 s",
        "1 min",
        "1 h 1 min",
        "1 d 1 h",
        "0 s",
    ]


def test_what_waits_for_the_past_names_the_run_before_and_what_may_become_of_it() -> None:
    plan = plan_of(task("t", depends_on_past=True), timezone="Europe/Berlin")
    view = view_of(plan)
    view.is_first, view.previous = (
        False,
        previous_of(view_of(plan, records=[record_of("t", S.FAILED)]), plan),
    )
    failed = run_of(run_pk=2, run_id="before", state=RunState.FAILED)

    lasting = reason_of(view, "t", previous=failed)
    passing = reason_of(view, "t", previous=msgspec.structs.replace(failed, recover_at=at(60)))

    assert lasting.sentence == "`t` waits for the previous run: `t` is failed in the previous run"
    (which,) = lasting.parts
    assert which.sentence == "that is run `before`, which is failed"
    assert "--run-id before --only-failed" in which.parts[0].sentence
    assert texts_of(passing)[-1] == (
        "its failed tasks run again on their own, not before "
        "2026-03-29 00:31:00 UTC (2026-03-29 01:31:00 Europe/Berlin)"
    )


@given(graphs(draw_task), st.data())
def test_what_is_about_to_get_its_slot_is_blocked_by_nothing_and_what_waits_by_something(
    tasks: tuple[TaskDocument, ...], data: st.DataObject
) -> None:
    begun = [*FINISHED_STATES, S.RUNNING]
    states = {item.task_id: data.draw(st.sampled_from([S.NONE, *begun]), item.task_id) for item in tasks}
    view = view_of(plan_of(*tasks), states)
    _, ready = advance_once(view)
    for record in view.all_instances():
        names = [blocker.name for blocker in blockers(view, record, around())]
        if record.state is not S.NONE or record.task_id in ready:
            assert names == []
        else:
            assert names == ["Trigger Rule"]


def test_all_that_blocks_an_instance_is_listed_by_name() -> None:
    plan = plan_of(task("a"), task("b", "a", pool="gone", depends_on_past=True, max_active_tis_per_dagrun=0))
    view = view_of(plan, run=run_of(state=RunState.QUEUED))
    view.is_first, view.previous = False, None
    record = view.find("b", -1)
    assert record is not None
    found = blockers(view, record, around(parallelism=0, is_paused=True, has_scheduler=False))
    assert [blocker.name for blocker in found] == [
        "Dag Not Paused", "Dagrun Running", "Parallelism", "Pool Slots Available", "Scheduler", "Task Concurrency",
        "Trigger Rule",
    ]  # fmt: skip
    resumed = msgspec.structs.replace(record, state=S.SCHEDULED)
    assert "Trigger Rule" not in [blocker.name for blocker in blockers(view, resumed, around())]


WRITTEN = "when the assets that it waits for were written"


@pytest.mark.parametrize(
    ("has_time", "is_paused", "sentence"),
    [
        (False, False, f"DAG `sales` runs {WRITTEN}"),
        (False, True, f"DAG `sales` is paused; it would run {WRITTEN}"),
        (True, False, f"DAG `sales` runs next in 1 h, at 2026-03-29 01:30:00 UTC, or {WRITTEN}"),
        (True, True, "DAG `sales` is paused; it would run next at 2026-03-29 01:30:00 UTC"),
    ],
)
def test_a_dag_of_assets_names_its_next_time_and_its_pause_too(
    *, has_time: bool, is_paused: bool, sentence: str
) -> None:
    around = DagSurroundings(
        dag=DagRecord(dag_id="sales", document_hash="0" * 32, is_paused=is_paused),
        next_run=T0 + timedelta(hours=1) if has_time else None,
        missing_assets=("orders",),
    )
    reason = explain_dag(DagDocument(dag_id="sales", fileloc="sales.py", tasks=()), around, now=T0)
    assert reason.sentence == sentence
