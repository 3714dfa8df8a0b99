"""What lists show of assets, on every database; and that a schema of before learns what lists need."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from tests.store.building import at, create, put_dags, run_of, step
from tests.store.conftest import SQL_PARAMS
from windward.core.actions import AddAssetEvent
from windward.core.asset_index import asset_id
from windward.core.transitions import TaskEvent
from windward.core.waits import AnswerInput
from windward.document import AliasDocument, AssetDocument, TaskDocument
from windward.model.access import DagReach
from windward.model.ids import TaskKey
from windward.model.records import AssetEventRecord
from windward.model.waits import InputRequest, Person
from windward.ports.listings.assets import AssetEventFilter, AssetFilter
from windward.ports.listings.page import Between, PageRequest, Pattern
from windward.store.sql import schema
from windward.store.sql.engines import make_engine
from windward.store.sql.open import SqlStore
from windward.store.sql.tables import ALIAS, ASSET, ASSET_LINK, HUMAN_INPUT
from windward.timetable import AliasLeaf, AnyOf, AssetLeaf, AssetSchedule, asset_key

ALL = DagReach(is_all=True)
SALES = DagReach(tags=frozenset({"t"}))
URI = "s3://b/Größe"
KEY = asset_key("größe", URI)


def fill(store: SqlStore) -> SqlStore:
    assets = (
        AssetDocument(name="größe", uri=URI, group="g", extra={"a": [1]}),
        AssetDocument(name="x_y", uri="s3://b/x"),
    )
    outlets = (AssetLeaf(name="größe", uri=URI), AliasLeaf(name="daily"))
    write = TaskDocument(
        task_id="write", operator="X", owner="ada", outlets=outlets, inlets=(AssetLeaf(uri="s3://b/x"),)
    )
    put_dags(
        store, "sales", tags=("t",), assets=assets, tasks=(write,), aliases=(AliasDocument(name="daily"),)
    )
    condition = AnyOf(parts=(AssetLeaf(name="größe"), AliasLeaf(name="daily")))
    put_dags(store, "costs", fileloc="costs.py", schedule=AssetSchedule(condition=condition), now=at(5))
    assert store.runs.apply([[add(1), add(2, source_dag_id="costs"), add(3, "late", aliases=("daily",))]]).all
    return store


def add(pk: int, name: str = "größe", **fields: Any) -> AddAssetEvent:
    uri = URI if name == "größe" else f"s3://b/{name}"
    record = AssetEventRecord(
        event_pk=pk, asset_key=asset_key(name, uri), name=name, uri=uri, at=at(pk), **{"extra": {}, **fields}
    )
    return AddAssetEvent(event=record, dag_ids=("costs",))


def test_assets_are_listed_with_who_names_them(sql_store: SqlStore) -> None:
    listings = fill(sql_store).listings.assets
    page = listings.list(PageRequest(order_by=("name",)), AssetFilter(), dags=ALL)
    assert ([row.name for row in page.rows], page.total) == (["größe", "late", "x_y"], 3)
    first, late, second = page.rows
    assert (first.group, first.extra, first.last_event_pk, first.last_event_at) == ("g", {"a": [1]}, 2, at(2))
    assert [use.dag_id for use in first.scheduled] == ["costs"]
    assert [(use.dag_id, use.task_id) for use in first.producing] == [("sales", "write")]
    assert [(use.dag_id, use.task_id) for use in second.consuming] == [("sales", "write")]
    assert [alias.name for alias in late.aliases] == ["daily"]
    assert listings.one(asset_id(KEY), dags=ALL) == first
    seen = listings.one(asset_id(KEY), dags=SALES)
    assert seen is not None
    assert (seen.scheduled, len(seen.producing)) == ((), 1)


@pytest.mark.parametrize(("which", "dags", "expected"), [
    (AssetFilter(only_active=True), ALL, "größe x_y"),
    (AssetFilter(dag_ids=("costs",)), ALL, "größe"),
    (AssetFilter(dag_ids=("costs",)), SALES, ""),
    (AssetFilter(dag_ids=("sales",)), SALES, "größe x_y"),
    (AssetFilter(name=Pattern(contains="X/_|GR")), ALL, "größe"),
    (AssetFilter(uri=Pattern(prefix="s3://b/G")), ALL, "größe"),
])  # fmt: skip
def test_assets_are_filtered(sql_store: SqlStore, which: AssetFilter, dags: DagReach, expected: str) -> None:
    page = fill(sql_store).listings.assets.list(PageRequest(order_by=("name",)), which, dags=dags)
    assert " ".join(row.name for row in page.rows) == expected


def test_an_asset_is_as_old_as_its_first_declaration_and_as_new_as_its_last(sql_store: SqlStore) -> None:
    fill(sql_store)
    put_dags(sql_store, "more", fileloc="more.py", assets=(AssetDocument(name="größe", uri=URI),), now=at(9))
    row = sql_store.listings.assets.one(asset_id(KEY), dags=ALL)
    assert row is not None
    assert (row.created_at, row.updated_at) == (at(0), at(9))


def test_what_a_deleted_dag_said_is_forgotten(sql_store: SqlStore) -> None:
    fill(sql_store)
    sql_store.catalog.delete_dag("sales")
    row = sql_store.listings.assets.one(asset_id(KEY), dags=ALL)
    assert row is not None
    assert (row.producing, [use.dag_id for use in row.scheduled]) == ((), ["costs"])


@pytest.mark.parametrize(("which", "dags", "expected"), [
    (AssetEventFilter(), ALL, [1, 2, 3]),
    (AssetEventFilter(), SALES, [1, 3]),
    (AssetEventFilter(asset_id=asset_id(KEY)), ALL, [1, 2]),
    (AssetEventFilter(asset_id=asset_id(KEY) + 1), ALL, []),
    (AssetEventFilter(at=Between(gt=at(1), lt=at(3))), ALL, [2]),
])  # fmt: skip
def test_events_are_listed(
    sql_store: SqlStore, which: AssetEventFilter, dags: DagReach, expected: list[int]
) -> None:
    page = fill(sql_store).listings.assets.events(PageRequest(), which, dags=dags)
    assert [event.event_pk for event in page.rows] == expected


def test_what_waits_is_listed_by_dag_and_asset(sql_store: SqlStore) -> None:
    listings = fill(sql_store).listings.assets
    found = listings.queued(dags=ALL)
    assert {(row.dag_id, row.asset_key, row.since) for row in found} == {
        ("costs", KEY, at(1)), ("costs", asset_key("late", "s3://b/late"), at(3)),
    }  # fmt: skip
    assert [row.since for row in listings.queued(dags=ALL, asset_id=asset_id(KEY), before=at(2))] == [at(1)]
    assert listings.queued(dags=SALES) == []


@pytest.mark.parametrize("kind", SQL_PARAMS)
def test_a_schema_of_before_learns_which_assets_there_are_and_what_questions_say(
    open_sql: Callable[[str], SqlStore], kind: str
) -> None:
    store = fill(open_sql(kind))
    _ask(store)
    url = store.engine.url.render_as_string(hide_password=False)
    expected = _rows(store)
    assert all(expected)

    engine = make_engine(url)
    with engine.execution_options(windward_write=True).begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(schema.MIGRATIONS))
        config.set_main_option("path_separator", "os")
        config.attributes["connection"] = connection
        command.downgrade(config, "0004_after")
        command.upgrade(config, schema.REVISION_AFTER)
    engine.dispose()

    assert _rows(store) == expected


def _ask(store: SqlStore) -> None:
    """Let one task ask and be answered, and another ask only."""
    assert store.runs.apply([[create(run_of(7), "a", "b")]]).all
    for task_id in ("a", "b"):
        step(store, TaskKey(7, task_id), TaskEvent.QUEUE, try_number=1)
        step(store, TaskKey(7, task_id), TaskEvent.START, owner="h")
        request = InputRequest(subject=f"{task_id}?", options=("x",), body="why" if task_id == "a" else None)
        step(store, TaskKey(7, task_id), TaskEvent.AWAIT_INPUT, asks=request, asks_try=1)
    by = Person(id="7", name="Ada")
    answer = AnswerInput(key=TaskKey(7, "a"), try_number=1, at=at(5), by=by, chosen=("x",))
    assert store.runs.apply([[answer]]).all


def _rows(store: SqlStore) -> list[list[Any]]:
    """Return what is known of assets, but for when."""
    found = []
    with store.engine.connect() as connection:
        for table in (ASSET, ASSET_LINK, ALIAS, HUMAN_INPUT):
            columns = [column for column in table.columns if not column.name.endswith("_at")]
            rows = connection.execute(sa.select(*columns)).fetchall()
            found.append(sorted(tuple(map(str, row)) for row in rows))
    return found
