"""Who waits for an event of an asset, and what run comes of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windward.core import assets
from windward.core.assets import Consumers, decide_asset_run, decide_forgotten, is_named, span_of, waits_for
from windward.document import DagDocument, TaskDocument
from windward.model.records import AssetEventRecord, DagRecord
from windward.model.states import RunType, Semantics, TriggeredBy
from windward.timetable import (
    AliasLeaf,
    AllOf,
    AnyOf,
    AssetLeaf,
    AssetSchedule,
    Condition,
    Leaf,
    NullSchedule,
    asset_key,
    holds,
    leaves,
    missing,
)

T0 = datetime(2026, 1, 10, 6, tzinfo=UTC)
DAG = DagRecord(dag_id="report", document_hash="d" * 32)
A, B, C = (AssetLeaf(name, name) for name in "abc")

LEAVES: st.SearchStrategy[Leaf] = st.sampled_from([A, B, C, AliasLeaf("x"), AliasLeaf("y")])
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    LEAVES,
    lambda parts: (
        st.builds(AllOf, st.lists(parts, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(parts, max_size=3).map(tuple))
    ),
    max_leaves=8,
)
THERE = st.frozensets(LEAVES)


def event(pk: int, name: str = "a", **fields: Any) -> AssetEventRecord:
    uri = fields.pop("uri", name)
    values = {"at": T0 + timedelta(seconds=pk), **fields}
    return AssetEventRecord(event_pk=pk, name=name, uri=uri, asset_key=asset_key(name, uri), **values)


def document(condition: Condition, **fields: Any) -> DagDocument:
    task = TaskDocument(task_id="t", operator="Operator")
    return DagDocument(
        dag_id="report", fileloc="r.py", schedule=AssetSchedule(condition), tasks=(task,), **fields
    )


def decide(condition: Condition, *waiting: AssetEventRecord, **fields: Any) -> Any:
    not_at = fields.pop("not_at", frozenset())
    return decide_asset_run(
        document(condition, **fields), DAG, waiting, members={}, now=T0, run_pk=255, not_at=not_at
    )


# -- conditions ---------------------------------------------------------------------------


@given(CONDITIONS, THERE, LEAVES)
def test_one_more_asset_never_takes_a_condition_back(
    condition: Condition, there: frozenset[Leaf], more: Leaf
) -> None:
    if holds(condition, there.__contains__):
        assert holds(condition, (there | {more}).__contains__)


@given(CONDITIONS)
def test_no_condition_holds_when_nothing_was_written(condition: Condition) -> None:
    assert not holds(condition, lambda _leaf: False)


@given(CONDITIONS, CONDITIONS, THERE)
def test_and_and_or_are_those_of_logic(one: Condition, other: Condition, there: frozenset[Leaf]) -> None:
    both = [holds(part, there.__contains__) for part in (one, other)]

    assert holds(AllOf((one, other)), there.__contains__) == all(both)
    assert holds(AnyOf((one, other)), there.__contains__) == any(both)


@given(CONDITIONS, THERE)
def test_a_condition_holds_exactly_when_nothing_is_missing_from_one_that_can(
    condition: Condition, there: frozenset[Leaf]
) -> None:
    left = missing(condition, there.__contains__)

    assert set(left) <= set(leaves(condition)) - there
    if holds(condition, there.__contains__):
        assert left == ()
    elif holds(condition, lambda _leaf: True):
        assert left
        assert holds(condition, (there | set(left)).__contains__)


# -- who waits ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("leaf", "expected"),
    [
        (AssetLeaf("a", "s3://a"), True),
        (AssetLeaf("a", "s3://b"), False),
        (AssetLeaf(name="a"), True),
        (AssetLeaf(uri="s3://a"), True),
        (AssetLeaf(name="s3://a"), False),
        (AssetLeaf(), False),
        (AliasLeaf("x"), True),
        (AliasLeaf("y"), True),
        (AliasLeaf("z"), False),
    ],
)
def test_a_leaf_names_an_asset_by_what_it_says_and_an_alias_all_that_came_through_it(
    leaf: Leaf, expected: bool
) -> None:
    written = event(1, "a", uri="s3://a", aliases=("x",))

    assert is_named(leaf, written, {"y": frozenset({written.asset_key})}) is expected


@given(st.dictionaries(st.sampled_from(["d1", "d2", "d3"]), CONDITIONS), st.sampled_from("abc"))
def test_an_event_waits_for_exactly_the_dags_that_name_it(
    conditions: dict[str, Condition], name: str
) -> None:
    consumers = Consumers()
    written = event(1, name, aliases=("x",))
    consumers.link("x", written.asset_key)
    for dag_id, condition in conditions.items():
        consumers.put(dag_id, condition)

    expected = {
        dag_id
        for dag_id, condition in conditions.items()
        if any(is_named(leaf, written, consumers.members) for leaf in leaves(condition))
    }
    assert set(consumers.of(written)) == expected


def test_an_asset_that_came_through_an_alias_once_counts_ever_after_for_dags_of_airflow_2() -> None:
    consumers = Consumers()
    consumers.put("report2", AliasLeaf("x"), follows_aliases=True)
    consumers.put("report3", AliasLeaf("x"))
    assert consumers.of(event(1)) == ()

    consumers.link("x", event(1).asset_key)

    assert consumers.of(event(2)) == ("report2",)
    assert consumers.of(event(3, aliases=("x",))) == ("report2", "report3")


def test_a_dag_that_changed_its_schedule_is_found_by_the_new_one_only() -> None:
    consumers = Consumers()
    consumers.put("report", A)

    consumers.put("report", B)

    assert (consumers.of(event(1, "a")), consumers.of(event(2, "b"))) == ((), ("report",))
    consumers.put("report", None)
    assert consumers.of(event(3, "b")) == ()


# -- the run ------------------------------------------------------------------------------


@given(CONDITIONS, st.lists(st.sampled_from("abc"), max_size=6))
def test_a_run_takes_all_that_waits_or_there_is_none(condition: Condition, names: list[str]) -> None:
    waiting = [event(pk, name) for pk, name in enumerate(names, 1)]

    made = decide(condition, *waiting)

    if waits_for(condition, waiting, {}) or not holds(condition, lambda leaf: leaf in (A, B, C)):
        assert made is None or set(made.consumes) == {one.event_pk for one in waiting}
    if made is not None:
        assert made.consumes == tuple(one.event_pk for one in waiting)
        assert waits_for(condition, waiting, {}) == ()


def test_with_airflow3_the_run_has_no_date_and_starts_after_its_latest_event() -> None:
    made = decide(AllOf((A, B)), event(2, "b"), event(1, "a"), semantics=Semantics.AIRFLOW3)

    assert made.run.run_type is RunType.ASSET_TRIGGERED
    assert made.run.triggered_by is TriggeredBy.ASSET
    assert (made.run.logical_date, made.run.data_interval_start) == (None, None)
    assert made.run.run_after == T0 + timedelta(seconds=2)
    assert made.run.run_id == "asset_triggered__2026-01-10T06:00:02+00:00_ff"
    assert made.run.reason == "written: `a`, `b`"
    assert [task.task_id for task in made.tasks] == ["t"]


def test_with_airflow2_the_run_spans_the_intervals_of_what_wrote_its_events() -> None:
    day = timedelta(days=1)
    waiting = (
        event(1, source_interval_start=T0 - 3 * day, source_interval_end=T0 - 2 * day),
        event(2, source_interval_start=T0 - day, source_interval_end=T0),
    )

    made = decide(A, *waiting, semantics=Semantics.AIRFLOW2)

    assert made.run.logical_date == T0 + timedelta(seconds=2)
    assert (made.run.data_interval_start, made.run.data_interval_end) == (T0 - 3 * day, T0)
    assert made.run.run_id == "dataset_triggered__2026-01-10T06:00:02+00:00"


def test_a_date_that_is_taken_is_passed_by_the_smallest_step() -> None:
    taken = frozenset({T0 + timedelta(seconds=1), T0 + timedelta(seconds=1, microseconds=1)})

    made = decide(A, event(1), semantics=Semantics.AIRFLOW2, not_at=taken)

    assert made.run.logical_date == T0 + timedelta(seconds=1, microseconds=2)


def test_an_event_without_run_spans_its_own_moment() -> None:
    span = span_of([event(1), event(5)])

    assert (span.start, span.end) == (T0 + timedelta(seconds=1), T0 + timedelta(seconds=5))


def test_a_run_takes_a_bounded_number_of_events_and_always_one_of_each_asset(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(assets, "EVENTS_PER_RUN_MAX", 3)
    waiting = [*(event(pk, "a") for pk in range(1, 7)), event(9, "b")]

    made = decide(AllOf((A, B)), *waiting)

    assert made.consumes == (1, 2, 9)


def test_a_schedule_without_assets_makes_no_run() -> None:
    plain = DagDocument(dag_id="report", fileloc="r.py", schedule=NullSchedule())

    assert decide_asset_run(plain, DAG, [event(1)], members={}, now=T0, run_pk=1) is None


@given(CONDITIONS, st.lists(st.sampled_from("abc"), max_size=6))
def test_what_is_forgotten_and_what_is_named_are_all_that_waits(
    condition: Condition, names: list[str]
) -> None:
    waiting = [event(pk, name) for pk, name in enumerate(names, 1)]

    gone = decide_forgotten(document(condition), waiting, {})

    forgotten = set(gone.event_pks) if gone is not None else set()
    named = {one.event_pk for one in waiting if any(is_named(leaf, one, {}) for leaf in leaves(condition))}
    assert forgotten | named == {one.event_pk for one in waiting}
    assert not forgotten & named
