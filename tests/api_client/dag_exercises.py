"""What the client does with DAGs, their files, versions and tasks, with assets, and with backfills."""

from datetime import UTC, datetime

from airflow_client.client.api.asset_api import AssetApi
from airflow_client.client.api.asset_state_store_api import AssetStateStoreApi
from airflow_client.client.api.backfill_api import BackfillApi
from airflow_client.client.api.dag_api import DAGApi
from airflow_client.client.api.dag_parsing_api import DAGParsingApi
from airflow_client.client.api.dag_source_api import DagSourceApi
from airflow_client.client.api.dag_stats_api import DagStatsApi
from airflow_client.client.api.dag_version_api import DagVersionApi
from airflow_client.client.api.dag_warning_api import DagWarningApi
from airflow_client.client.api.import_error_api import ImportErrorApi
from airflow_client.client.api.task_api import TaskApi
from airflow_client.client.models.asset_state_store_body import AssetStateStoreBody
from airflow_client.client.models.backfill_post_body import BackfillPostBody
from airflow_client.client.models.backfill_response import BackfillResponse
from airflow_client.client.models.create_asset_events_body import CreateAssetEventsBody
from airflow_client.client.models.dag_patch_body import DAGPatchBody
from airflow_client.client.models.materialize_asset_body import MaterializeAssetBody

from tests.api_client.world import SHOP, World, exercises, made

# DAGs.


@exercises.of(DAGApi)
def get_dags(world: World) -> None:
    found = world.api(DAGApi).get_dags(tags=["sales", "daily"], tags_match_mode="all", order_by=["-dag_id"])
    assert [one.dag_id for one in found.dags] == [SHOP]
    assert {tag.name for tag in found.dags[0].tags} == {"sales", "daily"}


@exercises.of(DAGApi)
def get_dag(world: World) -> None:
    assert world.api(DAGApi).get_dag("nightly").timetable_summary == "0 0 * * *"


@exercises.of(DAGApi)
def get_dag_details(world: World) -> None:
    details = world.api(DAGApi).get_dag_details(SHOP)
    assert details.doc_md == "# The shop"
    assert details.params is not None
    assert details.owner_links == {"airflow": "https://team.test"}


@exercises.of(DAGApi)
def get_dag_tags(world: World) -> None:
    assert world.api(DAGApi).get_dag_tags(order_by=["-name"]).tags == ["sales", "daily"]


@exercises.of(DAGApi)
def patch_dag(world: World) -> None:
    api = world.api(DAGApi)
    assert api.patch_dag("naming", DAGPatchBody(is_paused=True), update_mask=["is_paused"]).is_paused
    assert not api.patch_dag("naming", DAGPatchBody(is_paused=False)).is_paused


@exercises.of(DAGApi)
def patch_dags(world: World) -> None:
    changed = world.api(DAGApi).patch_dags(DAGPatchBody(is_paused=False), dag_id_pattern="follower", limit=3)
    assert [(one.dag_id, one.is_paused) for one in changed.dags] == [("follower", False)]


@exercises.of(DAGApi)
def favorite_dag(world: World) -> None:
    world.api(DAGApi).favorite_dag(SHOP)
    assert world.api(DAGApi).get_dag_details(SHOP).is_favorite


@exercises.of(DAGApi)
def unfavorite_dag(world: World) -> None:
    world.api(DAGApi).favorite_dag("follower")
    world.api(DAGApi).unfavorite_dag("follower")
    assert not world.api(DAGApi).get_dag_details("follower").is_favorite


@exercises.of(DAGApi)
def delete_dag(world: World) -> None:
    (world.system.dags / "passing.py").unlink()
    api = world.api(DAGApi)
    world.wait(lambda: api.get_dag("passing").is_stale)
    api.delete_dag("passing")
    assert not api.get_dags(dag_id_pattern="passing", exclude_stale=False).dags


@exercises.of(DAGParsingApi)
def reparse_dag_file(world: World) -> None:
    token = world.api(DAGApi).get_dag(SHOP).file_token
    world.api(DAGParsingApi).reparse_dag_file(token)


@exercises.of(DagSourceApi)
def get_dag_source(world: World) -> None:
    source = world.api(DagSourceApi).get_dag_source(SHOP, accept="application/json")
    assert source.content is not None
    assert "three orders" in source.content


@exercises.of(DagStatsApi)
def get_dag_stats(world: World) -> None:
    (stats,) = world.api(DagStatsApi).get_dag_stats(dag_ids=[SHOP]).dags
    assert sum(one.count for one in stats.stats) >= 1


@exercises.of(DagVersionApi)
def get_dag_versions(world: World) -> None:
    found = world.api(DagVersionApi).get_dag_versions(SHOP, order_by=["-version_number"])
    assert found.total_entries == len(found.dag_versions) >= 1


@exercises.of(DagVersionApi)
def get_dag_version(world: World) -> None:
    (latest, *_) = world.api(DagVersionApi).get_dag_versions(SHOP, order_by=["-version_number"]).dag_versions
    assert world.api(DagVersionApi).get_dag_version(SHOP, latest.version_number).id == latest.id


@exercises.of(DagWarningApi)
def list_dag_warnings(world: World) -> None:
    found = world.api(DagWarningApi).list_dag_warnings(dag_id="nightly", limit=5)
    assert "no_such_pool" in found.dag_warnings[0].message


@exercises.of(ImportErrorApi)
def get_import_errors(world: World) -> None:
    api = world.api(ImportErrorApi)
    found = world.wait(
        lambda: api.get_import_errors(filename_pattern="broken", order_by=["-timestamp"]).import_errors
    )
    assert "this file cannot be read" in found[0].stack_trace


@exercises.of(ImportErrorApi)
def get_import_error(world: World) -> None:
    (listed,) = world.wait(lambda: world.api(ImportErrorApi).get_import_errors().import_errors)
    assert world.api(ImportErrorApi).get_import_error(listed.import_error_id) == listed


@exercises.of(TaskApi)
def get_tasks(world: World) -> None:
    found = world.api(TaskApi).get_tasks(SHOP, order_by="-task_id")
    assert [one.task_id for one in found.tasks] == ["work.double", "report", "flaky", "extract", "done"]


@exercises.of(TaskApi)
def get_task(world: World) -> None:
    task = world.api(TaskApi).get_task(SHOP, "flaky")
    assert (task.retries, task.downstream_task_ids) == (1, ["done"])


# Assets.


@exercises.of(AssetApi)
def get_assets(world: World) -> None:
    (orders,) = world.api(AssetApi).get_assets(uri_pattern="shop/orders", order_by=["-name"]).assets
    assert orders.extra == {"owner": "sales"}
    assert [one.task_id for one in orders.producing_tasks] == ["extract"]


@exercises.of(AssetApi)
def get_asset(world: World) -> None:
    assert world.api(AssetApi).get_asset(world.asset()).uri == "s3://shop/orders"


@exercises.of(AssetApi)
def get_asset_aliases(world: World) -> None:
    found = world.api(AssetApi).get_asset_aliases(name_pattern="fresh", order_by=["name"])
    assert [one.name for one in found.asset_aliases] == ["fresh"]


@exercises.of(AssetApi)
def get_asset_alias(world: World) -> None:
    (alias,) = world.api(AssetApi).get_asset_aliases().asset_aliases
    found = world.api(AssetApi).get_asset_alias(alias.id)
    assert isinstance(found, dict)
    assert found["name"] == "fresh"


@exercises.of(AssetApi)
def get_asset_events(world: World) -> None:
    found = world.api(AssetApi).get_asset_events(
        asset_id=world.asset(), source_dag_id=SHOP, source_task_id="extract", order_by=["-timestamp"]
    )
    assert found.asset_events[0].extra == {"rows": 3}


@exercises.of(AssetApi)
def create_asset_event(world: World) -> None:
    body = made(CreateAssetEventsBody, {"asset_id": world.asset(), "extra": {"by": "hand"}})
    event = world.api(AssetApi).create_asset_event(body)
    assert event.extra is not None
    assert event.extra["by"] == "hand"


@exercises.of(AssetApi)
def materialize_asset(world: World) -> None:
    body = made(MaterializeAssetBody, {"note": "made on wish"})
    run = world.api(AssetApi).materialize_asset(world.asset(), materialize_asset_body=body)
    assert run.dag_id == SHOP


def queued(world: World) -> int:
    """Return the id of an asset that a DAG has heard of, and that waits for another."""
    asset_id, api = world.asset(), world.api(AssetApi)
    api.create_asset_event(made(CreateAssetEventsBody, {"asset_id": asset_id}))
    world.wait(lambda: api.get_asset_queued_events(asset_id).queued_events)
    return asset_id


@exercises.of(AssetApi)
def get_asset_queued_events(world: World) -> None:
    assert world.api(AssetApi).get_asset_queued_events(queued(world)).queued_events[0].dag_id == "waiting"


@exercises.of(AssetApi)
def get_dag_asset_queued_events(world: World) -> None:
    asset_id = queued(world)
    found = world.api(AssetApi).get_dag_asset_queued_events("waiting")
    assert asset_id in {one.asset_id for one in found.queued_events}


@exercises.of(AssetApi)
def get_dag_asset_queued_event(world: World) -> None:
    asset_id = queued(world)
    assert world.api(AssetApi).get_dag_asset_queued_event("waiting", asset_id).asset_id == asset_id


@exercises.of(AssetApi)
def delete_asset_queued_events(world: World) -> None:
    world.api(AssetApi).delete_asset_queued_events(queued(world))


@exercises.of(AssetApi)
def delete_dag_asset_queued_events(world: World) -> None:
    queued(world)
    world.api(AssetApi).delete_dag_asset_queued_events("waiting")


@exercises.of(AssetApi)
def delete_dag_asset_queued_event(world: World) -> None:
    world.api(AssetApi).delete_dag_asset_queued_event("waiting", queued(world))


@exercises.of(AssetStateStoreApi)
def set_asset_state_store(world: World) -> None:
    api, asset_id = world.api(AssetStateStoreApi), world.asset()
    api.set_asset_state_store("mark/of/all", asset_id, AssetStateStoreBody(value={"at": 7}))
    assert api.get_asset_state_store("mark/of/all", asset_id).value == {"at": 7}


@exercises.of(AssetStateStoreApi)
def get_asset_state_store(world: World) -> None:
    api, asset_id, key = world.api(AssetStateStoreApi), world.asset(), world.name("mark")
    api.set_asset_state_store(key, asset_id, AssetStateStoreBody(value="x"))
    assert api.get_asset_state_store(key, asset_id).value == "x"


@exercises.of(AssetStateStoreApi)
def list_asset_state_store(world: World) -> None:
    api, asset_id, key = world.api(AssetStateStoreApi), world.asset(), world.name("mark")
    api.set_asset_state_store(key, asset_id, AssetStateStoreBody(value=1))
    assert key in {one.key for one in api.list_asset_state_store(asset_id, limit=50).asset_state_store}


@exercises.of(AssetStateStoreApi)
def delete_asset_state_store(world: World) -> None:
    api, asset_id, key = world.api(AssetStateStoreApi), world.asset(), world.name("mark")
    api.set_asset_state_store(key, asset_id, AssetStateStoreBody(value=1))
    api.delete_asset_state_store(key, asset_id)
    assert key not in {one.key for one in api.list_asset_state_store(asset_id).asset_state_store}


@exercises.of(AssetStateStoreApi)
def clear_asset_state_store(world: World) -> None:
    api, asset_id = world.api(AssetStateStoreApi), world.asset("customers")
    api.set_asset_state_store("a", asset_id, AssetStateStoreBody(value=1))
    api.clear_asset_state_store(asset_id)
    assert api.list_asset_state_store(asset_id).total_entries == 0


# Backfills.


def body_of(world: World) -> BackfillPostBody:
    day = datetime(2024, 1, 1 + int(world.name("")) % 28, tzinfo=UTC)
    return made(
        BackfillPostBody,
        {"dag_id": "nightly", "from_date": day, "to_date": day, "reprocess_behavior": "completed"},
    )


def backfill(world: World) -> BackfillResponse:
    """Make a backfill, of which there is one of a DAG at a time."""
    api = world.api(BackfillApi)
    for one in api.list_backfills("nightly").backfills:
        if one.completed_at is None:
            api.cancel_backfill(one.id)
    world.api(DAGApi).patch_dag(
        "nightly", DAGPatchBody(is_paused=True)
    )  # so that none ends before it is looked at
    return api.create_backfill(body_of(world))


@exercises.of(BackfillApi)
def create_backfill(world: World) -> None:
    assert backfill(world).dag_id == "nightly"


@exercises.of(BackfillApi)
def create_backfill_dry_run(world: World) -> None:
    assert world.api(BackfillApi).create_backfill_dry_run(body_of(world)).total_entries == 1


@exercises.of(BackfillApi)
def get_backfill(world: World) -> None:
    made_one = backfill(world)
    assert world.api(BackfillApi).get_backfill(made_one.id).from_date == made_one.from_date


@exercises.of(BackfillApi)
def list_backfills(world: World) -> None:
    made_one = backfill(world)
    found = world.api(BackfillApi).list_backfills("nightly", order_by=["-id"])
    assert found.backfills[0].id == made_one.id


@exercises.of(BackfillApi)
def pause_backfill(world: World) -> None:
    assert world.api(BackfillApi).pause_backfill(backfill(world).id).is_paused


@exercises.of(BackfillApi)
def unpause_backfill(world: World) -> None:
    one = backfill(world)
    world.api(BackfillApi).pause_backfill(one.id)
    assert not world.api(BackfillApi).unpause_backfill(one.id).is_paused


@exercises.of(BackfillApi)
def cancel_backfill(world: World) -> None:
    assert world.api(BackfillApi).cancel_backfill(backfill(world).id).completed_at is not None
