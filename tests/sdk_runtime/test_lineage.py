"""Hooks tell what they read and write, and each attempt finds what its own hooks told."""

from typing import Any

import pytest

from tests.sdk_runtime.fakes import running
from windward.sdk.assets import Asset
from windward.sdk.compat.lineage import (
    ASSETS_MAX,
    HookLineageCollector,
    HookLineageReader,
    get_hook_lineage_collector,
)
from windward.sdk.dag import DAG
from windward.sdk.operators.empty import EmptyOperator


class Hook:
    """What a hook is to the collector: anything."""


def test_what_hooks_tell_is_kept_once_with_its_count() -> None:
    collector, hook = HookLineageCollector(), Hook()
    before = collector.has_collected
    for _ in range(3):
        collector.add_input_asset(hook, uri="s3://bucket/in")
    collector.add_input_asset(Hook(), uri="s3://bucket/in")
    collector.add_output_asset(hook, name="orders", asset_extra={"rows": 3})
    collector.add_output_asset(hook, name="orders", asset_extra={"rows": 4})
    collector.add_extra(hook, "query", "select 1")
    collector.add_extra(hook, "query", "")

    told = collector.collected_assets
    assert (before, collector.has_collected) == (False, True)
    assert [(one.asset.uri, one.count) for one in told.inputs] == [
        ("s3://bucket/in", 3),
        ("s3://bucket/in", 1),
    ]
    assert told.inputs[0].context is hook
    assert [(one.asset.name, one.asset.extra) for one in told.outputs] == [
        ("orders", {"rows": 3}), ("orders", {"rows": 4}),
    ]  # fmt: skip
    assert [(one.key, one.value, one.count) for one in told.extra] == [("query", "select 1", 1)]


def test_the_number_of_different_assets_is_bounded_and_the_bound_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    collector, hook = HookLineageCollector(), Hook()
    for _ in range(2):
        for number in range(ASSETS_MAX + 7):
            collector.add_input_asset(hook, uri=f"s3://bucket/{number}")
    told = collector.collected_assets.inputs
    assert (len(told), {one.count for one in told}) == (ASSETS_MAX, {2})
    assert [record.message for record in caplog.records] == ["no more lineage is collected"]


def test_a_scheme_asks_the_package_that_knows_it() -> None:
    def make(*, bucket: str, extra: Any) -> Asset:
        return Asset(uri=f"shelf://{bucket}", extra=extra)

    collector, hook = HookLineageCollector({"shelf": make}), Hook()
    collector.add_input_asset(hook, scheme="shelf", asset_kwargs={"bucket": "b"}, asset_extra={"a": 1})
    collector.add_input_dataset(hook, scheme="shelf", dataset_kwargs={"bucket": "c"})
    collector.add_input_asset(hook, scheme="shelf", asset_kwargs={"wrong": "b"})
    collector.add_input_asset(hook, scheme="unknown", asset_kwargs={"bucket": "b"})
    collector.add_input_asset(hook)
    assert [one.asset.uri for one in collector.collected_assets.inputs] == ["shelf://b", "shelf://c"]


def test_attempts_of_one_process_have_collectors_of_their_own(dag: DAG) -> None:
    task = EmptyOperator(task_id="task", dag=dag)
    for _ in range(2):
        with running(task):
            collector = get_hook_lineage_collector()
            assert collector is get_hook_lineage_collector()
            assert not collector.has_collected
            collector.add_output_asset(Hook(), uri="s3://bucket/out")
            assert HookLineageReader().retrieve_hook_lineage().outputs[0].asset.uri == "s3://bucket/out"
    assert not get_hook_lineage_collector().has_collected
