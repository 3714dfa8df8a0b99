"""What running user code may ask: XComs, variables, connections, other runs; and what is refused."""

from datetime import timedelta
from typing import Any

import pytest

from tests.engine.building import T0, World, dag, task
from windward.document import ParamDocument
from windward.model.states import RunState, RunType
from windward.protocol import calls as c
from windward.protocol.outcomes import XComValue
from windward.protocol.states import GetState, SetState, StateAnswer
from windward.protocol.work import AttemptRef
from windward.timetable import CronSchedule, ScheduleKind

DAG = dag(task("a"), task("b", "a"))
OTHER = dag(
    task("x"),
    dag_id="other",
    params={"size": ParamDocument(has_default=True, default=1, schema={"type": "integer"})},
)


@pytest.fixture
def ref(world: World) -> AttemptRef:
    """Task `a` of the run `mine` is running; another DAG exists."""
    world.put(DAG)
    world.put(OTHER)
    world.trigger(DAG, run_id="mine", conf={"k": 1})
    world.settle()
    (found,) = world.submitted()
    world.start(found)
    return found


def value(text: str) -> XComValue:
    return XComValue(encoding="json", data=text.encode(), size_bytes=len(text))


def get_xcom(key: str = "k", **fields: Any) -> c.GetXCom:
    return c.GetXCom(**{"key": key, "dag_id": "sales", "run_id": "mine", "task_id": "a", **fields})


def test_a_value_may_be_kept_longer_than_the_calendar(world: World, ref: AttemptRef) -> None:
    call = SetState(key="k", value="1", keep_s=timedelta.max.total_seconds())
    assert world.call(ref, call) == c.Done()
    assert world.call(ref, GetState(key="k")) == StateAnswer(value="1")


@pytest.mark.parametrize("key", ["", "k" * 501, "a\0b"])
def test_a_key_that_no_database_holds_is_refused(world: World, ref: AttemptRef, key: str) -> None:
    answer = world.call(ref, c.SetXCom(key=key, value=value("1")))
    assert isinstance(answer, c.Refused)
    assert answer.code == "invalid"
    assert "XCom" in answer.message


def test_what_a_task_pushes_can_be_pulled_and_deleted(world: World, ref: AttemptRef) -> None:
    assert world.call(ref, c.SetXCom(key="k", value=value("1"))) == c.Done()
    assert world.call(ref, get_xcom()) == c.XComAnswer(value=value("1"))
    assert world.call(ref, get_xcom(task_id=None)) == c.XComAnswer(value=value("1"))
    assert world.call(ref, c.DeleteXComs(key="k")) == c.Done()
    assert world.call(ref, get_xcom()) == c.XComAnswer(value=None)


def test_values_of_several_tasks_come_in_pages(world: World, ref: AttemptRef) -> None:
    world.call(ref, c.SetXCom(key="k", value=value("1")))
    answer = world.call(ref, c.GetXComs(key="k", dag_id="sales", run_id="mine", task_ids=("a", "b"), limit=1))
    item = c.XComItem(task_id="a", map_index=-1, run_id="mine", value=value("1"))
    assert answer == c.XComsAnswer(items=(item,), total=1)


@pytest.mark.parametrize("number", [2**31, -(2**31), 2**63, 10**40])
def test_a_number_that_no_database_holds_is_refused_with_its_reason(
    world: World, ref: AttemptRef, number: int
) -> None:
    several: dict[str, Any] = {"key": "k", "dag_id": "sales", "run_id": "mine", "task_ids": ("a",)}
    for call in (
        get_xcom(map_index=number),
        c.GetXComs(map_indexes=(0, number), **several),
        c.GetXComs(offset=number, **several),
        c.GetXComs(limit=number, **several),
        c.GetAssetEvents(name="a", offset=number),
        c.FindRuns(dag_ids=("sales",), limit=number),
        c.TriggerRun(dag_id="other", place=number),
    ):
        answer = world.call(ref, call)
        assert isinstance(answer, c.Refused)
        assert answer.code == "invalid"


@pytest.mark.parametrize("number", [-1, -(2**31) + 1])
def test_nobody_counts_from_below_nothing(world: World, ref: AttemptRef, number: int) -> None:
    several: dict[str, Any] = {"key": "k", "dag_id": "sales", "run_id": "mine", "task_ids": ("a",)}
    for call in (
        c.GetXComs(offset=number, **several),
        c.GetXComs(limit=number, **several),
        c.GetAssetEvents(name="a", offset=number),
        c.FindRuns(dag_ids=("sales",), limit=number),
        c.TriggerRun(dag_id="other", place=number),
    ):
        answer = world.call(ref, call)
        assert isinstance(answer, c.Refused)
        assert (answer.code, "is negative" in answer.message) == ("invalid", True)


@pytest.mark.parametrize(
    "call",
    [
        c.SetVariable(key="n\0ul", value="x"),
        c.GetVariable(key="n\0ul"),
        c.ListVariables(prefix="n\0ul"),
        c.GetConnection(conn_id="n\0ul"),
        get_xcom(task_id="n\0ul"),
        c.GetXComs(key="k", dag_id="sales", run_id="mine", task_ids=("a", "n\0ul")),
        c.DeleteXComs(key="n\0ul"),
        c.GetRun(dag_id="n\0ul"),
        c.CountRuns(dag_id="sales", states=("n\0ul",)),
        c.GetAssetEvents(name="n\0ul"),
        c.SettleDeadXComs(purged=(2**63,)),
        SetState(key="n\0ul", value="1"),
    ],
)
def test_a_call_that_not_every_database_understands_is_refused_with_its_reason(
    world: World, ref: AttemptRef, call: c.Call
) -> None:
    answer = world.call(ref, call)
    assert isinstance(answer, c.Refused)
    assert (answer.code, "`" in answer.message) == ("invalid", True)


def test_texts_that_are_sealed_or_mended_may_hold_anything(world: World, ref: AttemptRef) -> None:
    assert world.call(ref, c.SetVariable(key="x", value="n\0ul", description="\0")) == c.Done()
    assert world.call(ref, c.GetVariable(key="x")) == c.VariableAnswer(value="n\0ul")


@pytest.mark.parametrize(
    "call",
    [
        c.SetXCom(key="k", value=value("1")),
        c.GetVariable(key="x"),
        get_xcom(),
        c.SetVariable(key="x", value="1"),
    ],
)
def test_an_attempt_that_was_superseded_is_refused_whatever_it_asks(
    world: World, ref: AttemptRef, call: c.Call
) -> None:
    old = AttemptRef(ref.run_pk, ref.task_id, ref.map_index, ref.fence - 1)
    answer = world.call(old, call)
    assert isinstance(answer, c.Refused)
    assert answer.code == "stale"
    assert world.store.secrets.get_variable("x") is None


def test_a_superseded_attempt_cannot_push_even_when_the_scheduler_does_not_know_yet(
    world: World, ref: AttemptRef
) -> None:
    """The store looks at the fence itself: a person's clear may not have been heard of."""
    from windward.core.people import decide_mark
    from windward.core.plan import compile_plan
    from windward.core.view import RunView
    from windward.model.ids import TaskKey
    from windward.model.states import TaskState

    view = RunView(world.run(1), compile_plan(DAG, ""), world.store.runs.load_tasks([1]))
    marks = decide_mark(view, [TaskKey(1, "a")], TaskState.FAILED, by="ada", now=world.clock.now())
    assert world.store.runs.apply([marks]).all
    answer = world.call(ref, c.SetXCom(key="k", value=value("1")))
    assert isinstance(answer, c.Refused)
    assert answer.code == "conflict"


def test_variables_are_kept_listed_and_deleted(world: World, ref: AttemptRef) -> None:
    assert world.call(ref, c.SetVariable(key="x", value="1", description="one")) == c.Done()
    assert world.call(ref, c.GetVariable(key="x")) == c.VariableAnswer(value="1")
    assert world.call(ref, c.DeleteVariable(key="x")) == c.Done()
    assert world.call(ref, c.GetVariable(key="x")) == c.VariableAnswer(value=None)


def test_a_connection_comes_with_all_its_fields_or_not_at_all(world: World, ref: AttemptRef) -> None:
    world.store.secrets.set_connection("db", {"conn_type": "postgres", "port": 5432})
    answer = world.call(ref, c.GetConnection(conn_id="db"))
    assert isinstance(answer, c.ConnectionAnswer)
    assert answer.fields is not None
    assert (answer.fields["conn_type"], answer.fields["port"], answer.fields["login"]) == (
        "postgres",
        5432,
        None,
    )
    assert world.call(ref, c.GetConnection(conn_id="gone")) == c.ConnectionAnswer(fields=None)


# -- runs --------------------------------------------------------------------------------


def test_a_run_is_found_by_its_id_or_its_date(world: World, ref: AttemptRef) -> None:
    by_id = world.call(ref, c.GetRun(dag_id="sales", run_id="mine"))
    by_date = world.call(ref, c.GetRun(dag_id="sales", logical_date=T0))
    assert isinstance(by_id, c.RunAnswer)
    assert by_id == by_date
    assert by_id.run is not None
    assert (by_id.run.run_id, by_id.run.state, by_id.run.conf) == ("mine", "running", {"k": 1})
    assert world.call(ref, c.GetRun(dag_id="sales", run_id="gone")) == c.RunAnswer(run=None)


def test_the_run_before_may_be_asked_for_by_its_state(world: World, ref: AttemptRef) -> None:
    world.trigger(DAG, run_id="later", logical_date=T0 + timedelta(hours=1))
    world.settle()
    answer = world.call(ref, c.GetPreviousRun(dag_id="sales", run_id="later"))
    assert isinstance(answer, c.RunAnswer)
    assert answer.run is not None
    assert answer.run.run_id == "mine"
    assert world.call(ref, c.GetPreviousRun(dag_id="sales", run_id="later", state="success")) == c.RunAnswer(
        run=None
    )


def test_runs_and_task_states_can_be_counted(world: World, ref: AttemptRef) -> None:
    assert world.call(ref, c.CountRuns(dag_id="sales", states=("running",))) == c.CountAnswer(count=1)
    assert world.call(ref, c.CountRuns(dag_id="sales", run_ids=("gone",))) == c.CountAnswer(count=0)
    answer = world.call(ref, c.GetTaskStates(dag_id="sales", run_ids=("mine",)))
    assert isinstance(answer, c.TaskStatesAnswer)
    assert [(item.task_id, item.state) for item in answer.items] == [("a", "running"), ("b", "none")]


def test_a_task_can_trigger_another_dag_which_starts_without_waiting_for_a_poll(
    world: World, ref: AttemptRef
) -> None:
    answer = world.call(ref, c.TriggerRun(dag_id="other", run_id="theirs", conf={"size": 3}))
    assert isinstance(answer, c.RunAnswer)
    (run,) = world.runs("other")
    assert (run.run_id, run.run_type, run.conf) == ("theirs", RunType.OPERATOR_TRIGGERED, {"size": 3})
    assert world.scheduler.wait_s() == 0
    world.settle()
    assert [item.task_id for item in world.submitted()] == ["x"]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (c.TriggerRun(dag_id="gone"), "not_found"),
        (c.TriggerRun(dag_id="other", run_id="a/b"), "invalid"),
        (c.TriggerRun(dag_id="other", conf={"size": "large"}), "invalid_params"),
        (c.TriggerRun(dag_id="sales", run_id="mine"), "conflict"),
        (c.TriggerRun(dag_id="sales", logical_date=T0, run_id="same_date"), "conflict"),
    ],
    ids=["no such DAG", "illegal id", "illegal conf", "same id", "same date"],
)
def test_a_trigger_that_cannot_be_is_refused_and_leaves_nothing(
    world: World, ref: AttemptRef, call: c.TriggerRun, code: str
) -> None:
    answer = world.call(ref, call)
    assert isinstance(answer, c.Refused)
    assert answer.code == code
    assert (len(world.runs("sales")), len(world.runs("other"))) == (1, 0)


def test_only_scheduled_runs_behind_the_newest_slot_are_not_the_latest(world: World) -> None:
    schedule = CronSchedule("0 0 * * *", "UTC", ScheduleKind.TRIGGER)
    document = dag(task("a"), schedule=schedule, start_date=T0 - timedelta(days=2), catchup=True)
    world.put(document)
    world.trigger(document, run_id="by_hand")
    world.settle()
    refs = world.submitted()
    world.start(*refs)
    found = {}
    for item in refs:
        run = world.run(item.run_pk)
        answer = world.call(item, c.LatestSlot(dag_id="sales", run_id=run.run_id))
        assert isinstance(answer, c.BoolAnswer)
        found[run.run_id] = answer.value
    assert found == {
        "by_hand": True,
        "scheduled__2026-01-09T00:00:00+00:00": False,
        "scheduled__2026-01-10T00:00:00+00:00": True,
    }


class BrokenXComs:
    """A part of a store that has a bug."""

    def get_xcom(self, *_: Any, **__: Any) -> Any:
        raise KeyError("a bug")


def test_a_bug_in_an_answer_is_told_to_the_task_and_stops_nobody(
    world: World, ref: AttemptRef, caplog: pytest.LogCaptureFixture
) -> None:
    whole, world.store.xcoms = world.store.xcoms, BrokenXComs()  # type: ignore[assignment]
    refused = world.call(ref, get_xcom())
    assert isinstance(refused, c.Refused)
    assert refused.code == "broken"
    assert "a call of user code failed" in caplog.text
    world.store.xcoms = whole
    assert world.call(ref, c.SetXCom(key="k", value=value("1"))) == c.Done()


def test_callbacks_of_an_end_are_answered_until_another_attempt_begins(world: World) -> None:
    document = dag(task("t"), dag_id="single")
    world.put(document)
    run_pk = world.trigger(document, run_id="r")
    world.settle()
    (ref,) = world.submitted()
    world.start(ref)
    world.end(ref)
    world.settle()
    assert world.run(run_pk).state is RunState.SUCCESS
    put = c.SetXCom(key="k", value=value("1"))
    assert world.call(ref, put) == c.Done()
    later = AttemptRef(ref.run_pk, ref.task_id, ref.map_index, ref.fence + 1)
    for other in (later, AttemptRef(ref.run_pk, "u", -1, 1), AttemptRef(9999, "t", -1, 1)):
        answer = world.call(other, put)
        assert isinstance(answer, c.Refused)
        assert answer.code == "stale"
