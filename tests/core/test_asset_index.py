"""Which assets there are, told from documents."""

from typing import Any

from windward.core.asset_index import known_aliases, known_assets
from windward.document import AliasDocument, AssetDocument, DagDocument, TaskDocument
from windward.timetable import AliasLeaf, AnyOf, AssetLeaf, AssetSchedule

A, B = AssetLeaf("a", "s3://a"), AssetLeaf("b", "s3://b")


def document(dag_id: str, *assets: AssetDocument, **fields: Any) -> DagDocument:
    return DagDocument(dag_id=dag_id, fileloc=f"{dag_id}.py", assets=assets, **fields)


def task(**fields: Any) -> TaskDocument:
    return TaskDocument(task_id="t", operator="Operator", **fields)


ASSET_A = AssetDocument(name="a", uri="s3://a", group="tables", extra={"n": 1})
ASSET_B = AssetDocument(name="b", uri="s3://b")


def test_an_asset_knows_who_writes_reads_and_waits_for_it_also_by_reference() -> None:
    found = known_assets(
        [
            document("writer", ASSET_A, tasks=(task(outlets=(A, AliasLeaf("x"))),)),
            document("reader", tasks=(task(inlets=(AssetLeaf(name="a"),)),)),
            document("waiter", ASSET_B, schedule=AssetSchedule(AnyOf((AssetLeaf(uri="s3://a"), B)))),
        ]
    )

    first, second = found
    assert (first.name, first.group, first.extra) == ("a", "tables", {"n": 1})
    assert (first.producers, first.readers, first.consumers) == (
        [("writer", "t")],
        [("reader", "t")],
        ["waiter"],
    )
    assert (second.name, second.producers, second.consumers) == ("b", [], ["waiter"])


def test_an_asset_that_only_has_events_is_not_active() -> None:
    found = known_assets([document("d", ASSET_A)], written=[("a", "s3://a"), ("day", "s3://day")])

    assert [(one.name, one.is_active) for one in found] == [("a", True), ("day", False)]


def test_assets_of_one_name_or_one_uri_know_of_each_other() -> None:
    found = known_assets(
        [
            document("d1", ASSET_A),
            document("d2", AssetDocument(name="a", uri="s3://other")),
            document("d3", AssetDocument(name="c", uri="s3://a")),
            document("d4", ASSET_B),
        ]
    )

    conflicts = {(one.name, one.uri): one.conflicts for one in found}
    assert conflicts[("a", "s3://a")] == ["a (s3://other)", "c (s3://a)"]
    assert conflicts[("a", "s3://other")] == ["a (s3://a)"]
    assert conflicts[("b", "s3://b")] == []


def test_an_alias_knows_who_writes_through_it_and_who_waits_for_it() -> None:
    alias = (AliasDocument(name="x"),)
    found = known_aliases(
        [
            document("writer", aliases=alias, tasks=(task(outlets=(AliasLeaf("x"),)),)),
            document("waiter", aliases=alias, schedule=AssetSchedule(AliasLeaf("x"))),
        ]
    )

    assert found == {"x": (["writer.t"], ["waiter"])}
