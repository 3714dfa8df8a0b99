"""Read models of runs, DAGs, files and backfills: what their SQL finds, the same on every database."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.store.building import T0, at, create, document_of, put_dags, run_of
from windward.core.access import EVERYWHERE
from windward.core.actions import AddAssetEvent, CreateBackfill
from windward.model.access import DagReach
from windward.model.files import FileRecord
from windward.model.records import AssetEventRecord, BackfillRecord
from windward.model.states import RunState
from windward.ports.listings.dags import DagFilter, DagRow
from windward.ports.listings.page import Between, PageRequest, Pattern
from windward.ports.listings.runs import RunFilter
from windward.store.sql.open import SqlStore
from windward.timetable import AssetLeaf, AssetSchedule

PAGE = PageRequest()
COSTS = DagReach(dag_ids=frozenset({"costs"}))
TAGGED = DagReach(dag_ids=frozenset({"sales"}), tags=frozenset({'a "b"'}))
"""One DAG by its name, others by a tag that is hard to find in JSON."""


@pytest.fixture
def filled(sql_store: SqlStore) -> SqlStore:
    put_dags(sql_store, "sales", "Sales2", display_name="50% off", now=T0)
    put_dags(sql_store, "costs", fileloc="costs.py", tags=('a "b"', "é"), now=T0)
    asset = AssetSchedule(condition=AssetLeaf(name="orders", uri="s3://x"))
    put_dags(sql_store, "eager", fileloc="eager.py", schedule=asset, tags=("a",), now=T0)
    event = AssetEventRecord(event_pk=1, asset_key="0" * 32, name="Orders_1", uri="s3://x", at=T0)
    hash_of = {dag_id: document_of(dag_id)[0] for dag_id in ("sales",)}
    runs = [
        run_of(
            1, start_date=T0, end_date=at(10.5), state=RunState.SUCCESS, conf={"a": "b c"}, logical_date=T0
        ),
        run_of(
            2,
            start_date=at(60),
            state=RunState.RUNNING,
            triggering_user="Ada_L",
            document_hash=hash_of["sales"],
        ),
        run_of(3, dag_id="costs", queued_at=at(5)),
        run_of(4, dag_id="eager", start_date=at(1), end_date=at(2), state=RunState.FAILED),
    ]
    store = sql_store
    assert store.runs.apply([[AddAssetEvent(event=event, dag_ids=("eager",))]]).all
    changes: list[dict[str, Any]] = [{}, {}, {}, {"consumes": (1,)}]
    assert store.runs.apply(
        [[create(run, "load", **more)] for run, more in zip(runs, changes, strict=True)]
    ).all
    return store


def runs(store: SqlStore, page: PageRequest = PAGE, reach: DagReach = EVERYWHERE, **which: Any) -> list[int]:
    found = store.listings.runs.list(page, RunFilter(reach=reach, **which))
    assert found.total == len(found.rows) or page.limit < 50
    return [row.run.run_pk for row in found.rows]


def test_runs_are_counted_by_time_and_state(filled: SqlStore) -> None:
    more = [run_of(9, run_after=at(1), state=RunState.RUNNING), run_of(10, run_after=at(3600))]
    assert filled.runs.apply([[create(run, "load")] for run in more]).all

    def counts(**span: Any) -> list[tuple[Any, str, int]]:
        found = filled.listings.runs.counts("sales", **span)
        return [(one.at, str(one.state), one.count) for one in found]

    hour = timedelta(hours=1)
    first = T0.replace(minute=0, second=0, microsecond=0)
    assert counts(begin=T0, end=at(7200), step=hour) == [
        (first, "running", 2),
        (first, "success", 1),
        (first + hour, "queued", 1),
    ]
    assert counts(begin=at(2), end=at(3600), step=hour) == [(first, "running", 1)]


def test_runs_are_found_by_what_they_are(filled: SqlStore) -> None:
    assert runs(filled) == [1, 2, 3, 4]
    assert runs(filled, reach=TAGGED) == [1, 2, 3]
    assert runs(filled, reach=DagReach()) == []
    assert runs(filled, reach=msgspec.structs.replace(TAGGED, within=COSTS)) == [3]
    assert runs(filled, reach=msgspec.structs.replace(COSTS, within=TAGGED)) == [3]
    assert runs(filled, duration=Between(gt=10.4, lt=10.6)) == [1]
    assert runs(filled, duration=Between(lte=1.0)) == [4]
    assert runs(filled, start_date=Between(gte=at(1), lte=at(60))) == [2, 4]
    assert runs(filled, updated_at=Between(gt=at(2), lt=at(10))) == [3]
    assert runs(filled, conf_contains='"a": "b c"') == [1]
    assert runs(filled, conf_contains="B C") == []
    assert runs(filled, user=Pattern(contains="ada_")) == [2]
    assert runs(filled, user=Pattern(prefix="ada")) == []
    assert runs(filled, run_id=Pattern(contains="%_1|__4")) == [1, 4]
    assert runs(filled, run_id=Pattern(contains="\\")) == []
    assert runs(filled, dag_id=Pattern(prefix="co|ea")) == [3, 4]
    assert runs(filled, version_numbers=(1,)) == []
    assert runs(filled, consumes="orders_") == [4]
    assert runs(filled, consumes="orders%") == []
    assert runs(filled, states=(RunState.QUEUED, RunState.FAILED), dag_ids=("costs", "eager")) == [3, 4]


@pytest.mark.parametrize(("order", "expected"), [
    ("-start_date", [2, 4, 1, 3]), ("duration", [4, 1, 2, 3]), ("-updated_at", [2, 1, 3, 4]), ("conf", [1, 2, 3, 4]),
    ("-dag_id", [1, 2, 4, 3]), ("logical_date", [1, 2, 3, 4]), ("-state", [1, 2, 3, 4]),
])  # fmt: skip
def test_runs_are_ordered_with_what_is_not_known_last(
    filled: SqlStore, order: str, expected: list[int]
) -> None:
    assert runs(filled, PageRequest(order_by=(order,))) == expected
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = PageRequest(limit=1, order_by=(order,), cursor=cursor)
        found = filled.listings.runs.list(page, RunFilter(reach=EVERYWHERE))
        seen += [row.run.run_pk for row in found.rows]
        cursor = found.next_cursor
    assert seen == expected


def test_a_run_has_the_version_that_it_is_pinned_to(filled: SqlStore) -> None:
    known = document_of("sales", display_name="50% off")[0]
    run = run_of(9, document_hash=known, conf={"k": [1]})
    filled.runs.apply([[create(run, "load")]])
    row = filled.listings.runs.one("sales", run.run_id)
    assert row is not None
    assert (row.run, row.display_name) == (run, "50% off")
    assert row.version is not None
    assert (row.version.number, row.version.stored_at) == (1, T0)
    gone = filled.listings.runs.by_pks([1])[1]
    assert (gone.version, gone.display_name) == (None, "50% off")
    assert filled.listings.runs.one("costs", run.run_id) is None
    made = filled.listings.runs.made_of([1], reach=EVERYWHERE)
    assert [run.run_pk for run in made[1]] == [4]
    assert filled.listings.runs.made_of([1], reach=TAGGED) == {}


def dags(store: SqlStore, *order: str, reach: DagReach = EVERYWHERE, **which: Any) -> list[str]:
    def next_run(row: DagRow) -> Any:
        return T0 + timedelta(days=len(row.record.dag_id)) if row.record.dag_id != "costs" else None

    found = store.listings.dags.list(
        PageRequest(order_by=order), DagFilter(reach=reach, **which), next_run=next_run
    )
    assert found.total == len(found.rows)
    return [row.record.dag_id for row in found.rows]


def test_dags_are_found_by_what_they_are(filled: SqlStore) -> None:
    assert dags(filled) == ["Sales2", "costs", "eager", "sales"]
    assert dags(filled, reach=TAGGED) == ["costs", "sales"]
    assert dags(filled, tags=("a",)) == ["eager"]
    assert dags(filled, tags=('a "b"', "é"), needs_all_tags=True) == ["costs"]
    assert dags(filled, owners=("AD",)) == ["Sales2", "costs", "eager", "sales"]
    assert dags(filled, owners=("_d",)) == []
    assert dags(filled, display_name=Pattern(contains="50% O")) == ["Sales2", "sales"]
    assert dags(filled, last_run_states=(RunState.RUNNING, RunState.FAILED)) == ["eager", "sales"]
    assert dags(filled, last_run_end=Between(lte=at(2))) == ["eager"]
    assert dags(filled, has_asset_schedule=True) == ["eager"]
    assert dags(filled, asset="S3") == ["eager"]
    assert dags(filled, "-last_run_start_date") == ["sales", "eager", "Sales2", "costs"]
    assert dags(filled, "last_run_state") == ["eager", "costs", "sales", "Sales2"]
    assert dags(filled, "next_dagrun") == ["eager", "sales", "Sales2", "costs"]
    assert filled.listings.dags.ids(DagFilter(reach=TAGGED)) == ["costs", "sales"]


def test_favourites_counts_and_tags(filled: SqlStore) -> None:
    listings = filled.listings.dags
    filled.catalog.add_favorite("u", "costs", now=T0)
    assert dags(filled, favorite_of=("u", True)) == ["costs"]
    assert dags(filled, favorite_of=("v", True)) == []
    assert dags(filled, favorite_of=("u", False)) == ["Sales2", "eager", "sales"]
    assert listings.is_favorite("u", "costs")
    assert not listings.is_favorite("v", "costs")
    assert listings.running_count("sales") == 1
    assert listings.tags(PAGE, reach=EVERYWHERE).rows == ("a", 'a "b"', "é")
    assert listings.tags(PAGE, reach=TAGGED, name=Pattern(contains="A_")).rows == ('a "b"',)
    counted = {dag_id: counts for dag_id, _, counts in listings.counts(TAGGED, ())}
    assert counted == {"costs": {RunState.QUEUED: 1}, "sales": {RunState.SUCCESS: 1, RunState.RUNNING: 1}}


def test_errors_of_files_are_seen_by_whom_their_dags_are(filled: SqlStore) -> None:
    for fileloc, dag_ids in (("sales.py", ("sales", "Sales2")), ("eager.py", ("eager",)), ("new_1.py", ())):
        file = FileRecord(
            fileloc=fileloc, content_hash="x", dag_ids=dag_ids, error=f"{fileloc}!", parsed_at=T0
        )
        filled.catalog.put_file(file, [], paused_at_creation=False, now=T0)
    files = filled.listings.files
    assert [row.fileloc for row in files.errors(PAGE, reach=EVERYWHERE).rows] == [
        "eager.py",
        "new_1.py",
        "sales.py",
    ]
    [mine] = files.errors(PAGE, reach=TAGGED).rows
    assert (mine.fileloc, mine.is_whole) == ("sales.py", False)
    assert [
        row.fileloc for row in files.errors(PAGE, reach=EVERYWHERE, path=Pattern(contains="W_1")).rows
    ] == ["new_1.py"]
    assert files.dags_of("sales.py") == ["Sales2", "sales"]
    assert dags(filled, has_import_errors=True) == ["Sales2", "eager", "sales"]
    assert dags(filled, has_import_errors=False) == ["costs"]


def test_backfills_and_versions_are_seen_by_whom_their_dags_are(filled: SqlStore) -> None:
    for number, dag_id in enumerate(("sales", "eager"), 1):
        backfill = BackfillRecord(
            backfill_pk=number, dag_id=dag_id, from_date=T0, to_date=at(9), created_at=T0
        )
        assert filled.runs.apply([[CreateBackfill(backfill=backfill, slots=())]]).all
    listings = filled.listings.backfills
    [row] = listings.list(PAGE, reach=TAGGED, dag_id="sales").rows
    assert (row.backfill.backfill_pk, row.display_name) == (1, "50% off")
    assert listings.list(PAGE, reach=TAGGED, dag_id="eager").rows == ()
    assert listings.one(2, reach=TAGGED) is None
    assert listings.one(2, reach=EVERYWHERE) is not None
    versions = filled.listings.versions.list(PageRequest(order_by=("-version_number",)), reach=TAGGED)
    assert sorted(row.dag_id for row in versions.rows) == ["costs", "sales"]
