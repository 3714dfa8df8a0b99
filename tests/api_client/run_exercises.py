"""What the client does with runs, and with what their tasks leave: values and states."""

import json

import pytest
from airflow_client.client.api.dag_run_api import DagRunApi
from airflow_client.client.api.experimental_api import ExperimentalApi
from airflow_client.client.api.task_state_store_api import TaskStateStoreApi
from airflow_client.client.api.x_com_api import XComApi
from airflow_client.client.exceptions import ApiException
from airflow_client.client.models.bulk_body_bulk_dag_run_body import BulkBodyBulkDAGRunBody
from airflow_client.client.models.bulk_dag_run_clear_body import BulkDAGRunClearBody
from airflow_client.client.models.clear_partitions_body import ClearPartitionsBody
from airflow_client.client.models.dag_run_clear_body import DAGRunClearBody
from airflow_client.client.models.dag_run_collection_response import DAGRunCollectionResponse
from airflow_client.client.models.dag_run_patch_body import DAGRunPatchBody
from airflow_client.client.models.dag_run_response import DAGRunResponse
from airflow_client.client.models.dag_runs_batch_body import DAGRunsBatchBody
from airflow_client.client.models.task_state_store_body import TaskStateStoreBody
from airflow_client.client.models.task_state_store_patch_body import TaskStateStorePatchBody
from airflow_client.client.models.trigger_dag_run_post_body import TriggerDAGRunPostBody
from airflow_client.client.models.x_com_create_body import XComCreateBody
from airflow_client.client.models.x_com_response_native import XComResponseNative
from airflow_client.client.models.x_com_update_body import XComUpdateBody

from tests.api_client.world import RUN, SHOP, World, exercises, made


@exercises.of(DagRunApi)
def trigger_dag_run(world: World) -> None:
    fields = {"dag_run_id": world.name("run"), "conf": {"region": "south"}, "note": "by hand"}
    run = world.api(DagRunApi).trigger_dag_run(SHOP, made(TriggerDAGRunPostBody, fields))
    assert (run.dag_run_id, run.note, run.run_type) == (fields["dag_run_id"], "by hand", "manual")
    assert run.triggering_user_name == "admin"


@exercises.of(DagRunApi)
def get_dag_run(world: World) -> None:
    run = world.api(DagRunApi).get_dag_run(SHOP, RUN)
    assert (run.state, len(run.dag_versions)) == ("success", 1)
    assert run.duration is not None


@exercises.of(DagRunApi)
def get_dag_runs(world: World) -> None:
    api = world.api(DagRunApi)
    world.run("naming")
    world.run("naming")
    first = api.get_dag_runs("naming", limit=1, cursor="", state=["success"])
    assert first.next_cursor is not None
    second = api.get_dag_runs("naming", limit=1, cursor=first.next_cursor, state=["success"])
    assert first.dag_runs[0].dag_run_id != second.dag_runs[0].dag_run_id
    everywhere = api.get_dag_runs("~", order_by=["-run_after"], run_id_prefix_pattern=RUN)
    assert (SHOP, RUN) in {(one.dag_id, one.dag_run_id) for one in everywhere.dag_runs}


@exercises.of(DagRunApi)
def get_list_dag_runs_batch(world: World) -> None:
    body = made(DAGRunsBatchBody, {"dag_ids": [SHOP], "states": ["success"], "page_limit": 5})
    found = world.api(DagRunApi).get_list_dag_runs_batch("~", body)
    assert {one.dag_id for one in found.dag_runs} == {SHOP}


@exercises.of(DagRunApi)
def patch_dag_run(world: World) -> None:
    run_id = world.run(state=None)
    body = made(DAGRunPatchBody, {"state": "failed", "note": "enough"})
    changed = world.api(DagRunApi).patch_dag_run(SHOP, run_id, body, update_mask=["state", "note"])
    assert (changed.state, changed.note) == ("failed", "enough")


@exercises.of(DagRunApi)
def delete_dag_run(world: World) -> None:
    run_id = world.run("naming")
    world.api(DagRunApi).delete_dag_run("naming", run_id)
    assert not world.api(DagRunApi).get_dag_runs("naming", run_id_pattern=run_id).dag_runs


@exercises.of(DagRunApi)
def clear_dag_run(world: World) -> None:
    api, run_id = world.api(DagRunApi), world.run("naming")
    # The client cannot tell a task instance from a new task, whose fields are some of its own, whoever answers.
    foreseen = api.clear_dag_run_without_preload_content("naming", run_id, DAGRunClearBody(dry_run=True))
    assert [one["task_id"] for one in json.loads(foreseen.data)["task_instances"]] == ["name"]
    done = api.clear_dag_run("naming", run_id, DAGRunClearBody(dry_run=False, note="again")).actual_instance
    assert isinstance(done, DAGRunResponse)
    assert (done.dag_run_id, done.note) == (run_id, "again")


@exercises.of(DagRunApi)
def clear_dag_runs(world: World) -> None:
    api, run_id = world.api(DagRunApi), world.run("naming")
    fields = {"dag_runs": [{"dag_run_id": run_id}], "dry_run": True}
    # Read raw for the reason that `clear_dag_run` gives.
    foreseen = api.clear_dag_runs_without_preload_content("naming", made(BulkDAGRunClearBody, fields))
    assert [one["task_id"] for one in json.loads(foreseen.data)["task_instances"]] == ["name"]
    fields["dry_run"] = False
    done = api.clear_dag_runs("naming", made(BulkDAGRunClearBody, fields)).actual_instance
    assert isinstance(done, DAGRunCollectionResponse)
    assert [one.dag_run_id for one in done.dag_runs] == [run_id]


@exercises.of(DagRunApi)
def clear_dag_run_partitions(world: World) -> None:
    """Needs what is not offered; the answer has to say so."""
    body = made(ClearPartitionsBody, {"partition_key": "north"})
    with pytest.raises(ApiException) as refused:
        world.api(DagRunApi).clear_dag_run_partitions(SHOP, body)
    assert isinstance(refused.value.body, str)
    assert json.loads(refused.value.body)["detail"]


@exercises.of(DagRunApi)
def bulk_dag_runs(world: World) -> None:
    run_id, other = world.run("naming"), world.run("naming")
    actions = [
        {"action": "update", "entities": [{"dag_run_id": run_id, "note": "seen"}], "update_mask": ["note"]},
        {"action": "delete", "entities": [other]},
    ]
    done = world.api(DagRunApi).bulk_dag_runs("naming", made(BulkBodyBulkDAGRunBody, {"actions": actions}))
    assert done.update is not None
    assert done.delete is not None
    assert (len(done.update.success or []), len(done.delete.success or [])) == (1, 1)
    assert world.api(DagRunApi).get_dag_run("naming", run_id).note == "seen"


@exercises.of(DagRunApi)
def get_upstream_asset_events(world: World) -> None:
    api = world.api(DagRunApi)
    (run, *_) = world.wait(lambda: api.get_dag_runs("follower").dag_runs)
    found = api.get_upstream_asset_events("follower", run.dag_run_id)
    assert found.asset_events[0].name == "orders"


@exercises.of(DagRunApi, ExperimentalApi)
def wait_dag_run_until_finished(world: World) -> None:
    runs, experimental = world.api(DagRunApi), world.api(ExperimentalApi)
    for wait in (runs.wait_dag_run_until_finished, experimental.wait_dag_run_until_finished):
        found = wait(SHOP, RUN, 1.0, result=["extract"])
        assert isinstance(found, dict)
        assert found["state"] == "success"


# XComs.


def new_xcom(world: World) -> str:
    key = world.name("key")
    body = XComCreateBody(key=key, value={"n": [1, None]}, map_index=-1)
    world.api(XComApi).create_xcom_entry(SHOP, "done", RUN, body)
    return key


@exercises.of(XComApi)
def create_xcom_entry(world: World) -> None:
    key = new_xcom(world)
    found = world.api(XComApi).get_xcom_entry(SHOP, "done", RUN, key, stringify=False).actual_instance
    assert isinstance(found, XComResponseNative)
    assert found.value == {"n": [1, None]}


@exercises.of(XComApi)
def get_xcom_entry(world: World) -> None:
    api = world.api(XComApi)
    found = api.get_xcom_entry(SHOP, "extract", RUN, "return_value", deserialize=True).actual_instance
    assert isinstance(found, XComResponseNative)
    assert found.value == [1, 2, 3]


@exercises.of(XComApi)
def get_xcom_entries(world: World) -> None:
    found = world.api(XComApi).get_xcom_entries(SHOP, RUN, "~", xcom_key_pattern="return_value", limit=50)
    assert {"extract", "work.double"} <= {one.task_id for one in found.xcom_entries}


@exercises.of(XComApi)
def update_xcom_entry(world: World) -> None:
    key, api = new_xcom(world), world.api(XComApi)
    assert api.update_xcom_entry(SHOP, "done", RUN, key, XComUpdateBody(value="new")).value in {
        "new",
        '"new"',
    }


@exercises.of(XComApi)
def delete_xcom_entry(world: World) -> None:
    key, api = new_xcom(world), world.api(XComApi)
    api.delete_xcom_entry(SHOP, "done", RUN, key, map_index=-1)
    assert not api.get_xcom_entries(SHOP, RUN, "done", xcom_key_pattern=key).xcom_entries


# States of tasks.

STATEFUL = (SHOP, RUN, "done")


def new_state(world: World) -> str:
    key = world.name("state")
    world.api(TaskStateStoreApi).set_task_state_store(
        key, *STATEFUL, made(TaskStateStoreBody, {"value": [1]})
    )
    return key


@exercises.of(TaskStateStoreApi)
def set_task_state_store(world: World) -> None:
    assert world.api(TaskStateStoreApi).get_task_state_store(new_state(world), *STATEFUL).value == [1]


@exercises.of(TaskStateStoreApi)
def get_task_state_store(world: World) -> None:
    key, api = new_state(world), world.api(TaskStateStoreApi)
    assert api.get_task_state_store(key, *STATEFUL, map_index=-1).key == key


@exercises.of(TaskStateStoreApi)
def list_task_state_store(world: World) -> None:
    key, api = new_state(world), world.api(TaskStateStoreApi)
    assert key in {one.key for one in api.list_task_state_store(*STATEFUL, limit=50).task_state_store}


@exercises.of(TaskStateStoreApi)
def patch_task_state_store(world: World) -> None:
    key, api = new_state(world), world.api(TaskStateStoreApi)
    api.patch_task_state_store(key, *STATEFUL, TaskStateStorePatchBody(value="b"))
    assert api.get_task_state_store(key, *STATEFUL).value == "b"


@exercises.of(TaskStateStoreApi)
def delete_task_state_store(world: World) -> None:
    key, api = new_state(world), world.api(TaskStateStoreApi)
    api.delete_task_state_store(key, *STATEFUL)
    assert key not in {one.key for one in api.list_task_state_store(*STATEFUL).task_state_store}


@exercises.of(TaskStateStoreApi)
def clear_task_state_store(world: World) -> None:
    api, task = world.api(TaskStateStoreApi), (SHOP, RUN, "report")
    api.set_task_state_store("a", *task, made(TaskStateStoreBody, {"value": 1}))
    api.clear_task_state_store(*task, all_map_indices=True)
    assert api.list_task_state_store(*task).total_entries == 0
