"""What the client does with task instances: looking, marking, clearing, reading logs, answering questions."""

import pytest
from airflow_client.client.api.extra_links_api import ExtraLinksApi
from airflow_client.client.api.task_instance_api import TaskInstanceApi
from airflow_client.client.exceptions import BadRequestException
from airflow_client.client.models.bulk_body_bulk_task_instance_body import BulkBodyBulkTaskInstanceBody
from airflow_client.client.models.clear_task_instances_body import ClearTaskInstancesBody
from airflow_client.client.models.patch_task_instance_body import PatchTaskInstanceBody
from airflow_client.client.models.task_instances_batch_body import TaskInstancesBatchBody
from airflow_client.client.models.update_hitl_detail_payload import UpdateHITLDetailPayload

from tests.api_client.world import RUN, SHOP, World, exercises, made

MAPPED = (SHOP, RUN, "work.double")
FLAKY = (SHOP, RUN, "flaky")
instances = exercises.of(TaskInstanceApi)


def api_of(world: World) -> TaskInstanceApi:
    return world.api(TaskInstanceApi)


@instances
def get_task_instance(world: World) -> None:
    found = api_of(world).get_task_instance(*FLAKY)
    assert (found.state, found.try_number, found.max_tries) == ("success", 2, 1)
    assert found.dag_version is not None


@instances
def get_mapped_task_instance(world: World) -> None:
    found = api_of(world).get_mapped_task_instance(*MAPPED, 1)
    assert (found.map_index, found.rendered_map_index) == (1, "1")


@instances
def get_mapped_task_instances(world: World) -> None:
    found = api_of(world).get_mapped_task_instances(*MAPPED, order_by=["-map_index"], state=["success"])
    assert [one.map_index for one in found.task_instances] == [2, 1, 0]


@instances
def get_task_instances(world: World) -> None:
    api = api_of(world)
    page = api.get_task_instances(SHOP, RUN, cursor="", limit=4)
    assert page.next_cursor is not None
    rest = api.get_task_instances(SHOP, RUN, cursor=page.next_cursor, limit=4)
    ids = [one.id for one in (*page.task_instances, *rest.task_instances)]
    assert len(set(ids)) == len(ids) == 7
    everywhere = api.get_task_instances("~", "~", task_id="extract", state=["success"], run_id_pattern=RUN)
    assert {one.task_id for one in everywhere.task_instances} == {"extract"}


@instances
def get_task_instances_batch(world: World) -> None:
    fields = {"dag_ids": [SHOP], "dag_run_ids": [RUN], "state": ["success"], "page_limit": 2}
    found = api_of(world).get_task_instances_batch("~", "~", made(TaskInstancesBatchBody, fields))
    assert (len(found.task_instances), found.total_entries) == (2, 7)


@instances
def get_task_instance_dependencies(world: World) -> None:
    run_id = world.run("asking", state=None)
    api_of(world).get_task_instance_dependencies("asking", run_id, "ask")


@instances
def get_task_instance_dependencies_by_map_index(world: World) -> None:
    api_of(world).get_task_instance_dependencies_by_map_index(*MAPPED, 0)


@instances
def get_task_instance_tries(world: World) -> None:
    found = api_of(world).get_task_instance_tries(*FLAKY)
    tries = [(one.try_number, one.state) for one in found.task_instances]
    assert tries == [(1, "failed"), (2, "success")]


@instances
def get_mapped_task_instance_tries(world: World) -> None:
    found = api_of(world).get_mapped_task_instance_tries(*MAPPED, 2)
    assert [(one.try_number, one.map_index) for one in found.task_instances] == [(1, 2)]


@instances
def get_task_instance_try_details(world: World) -> None:
    assert api_of(world).get_task_instance_try_details(*FLAKY, 1).state == "failed"


@instances
def get_mapped_task_instance_try_details(world: World) -> None:
    assert api_of(world).get_mapped_task_instance_try_details(*MAPPED, 1, 2).map_index == 2


@instances
def get_log(world: World) -> None:
    found = api_of(world).get_log(SHOP, RUN, "extract", 1, full_content=True, accept="application/json")
    lines = found.content.actual_instance
    assert lines is not None
    assert any("three orders" in getattr(one, "event", one) for one in lines)


@instances
def get_external_log_url(world: World) -> None:
    """Refused, as by Airflow's own log stores, none of which has pages of its own."""
    with pytest.raises(BadRequestException):
        api_of(world).get_external_log_url(SHOP, RUN, "extract", 1)


@exercises.of(TaskInstanceApi, ExtraLinksApi)
def get_extra_links(world: World) -> None:
    for get_links in (api_of(world).get_extra_links, world.api(ExtraLinksApi).get_extra_links):
        found = get_links(SHOP, RUN, "report", map_index=-1)
        assert found.extra_links == {"Report": f"https://reports.test/{RUN}"}


# Changes. Each has a run of its own.


@instances
def patch_task_instance(world: World) -> None:
    run_id = world.run()
    body = made(PatchTaskInstanceBody, {"new_state": "failed", "note": "no good"})
    (changed,) = api_of(world).patch_task_instance(SHOP, run_id, "done", body).task_instances
    assert (changed.state, changed.note) == ("failed", "no good")


@instances
def patch_task_instance_by_map_index(world: World) -> None:
    run_id = world.run()
    body = made(PatchTaskInstanceBody, {"new_state": "failed"})
    found = api_of(world).patch_task_instance_by_map_index(
        SHOP, run_id, "work.double", 1, body, update_mask=["new_state"]
    )
    assert [(one.map_index, one.state) for one in found.task_instances] == [(1, "failed")]


@instances
def patch_task_instance_dry_run(world: World) -> None:
    body = made(PatchTaskInstanceBody, {"new_state": "failed"})
    found = api_of(world).patch_task_instance_dry_run(SHOP, RUN, "done", body)
    assert [one.task_id for one in found.task_instances] == ["done"]
    assert api_of(world).get_task_instance(SHOP, RUN, "done").state == "success"


@instances
def patch_task_instance_dry_run_by_map_index(world: World) -> None:
    body = made(PatchTaskInstanceBody, {"new_state": "failed"})
    found = api_of(world).patch_task_instance_dry_run_by_map_index(*MAPPED, 0, body)
    assert [one.map_index for one in found.task_instances] == [0]


@instances
def patch_task_group_instances(world: World) -> None:
    run_id = world.run()
    body = made(PatchTaskInstanceBody, {"new_state": "skipped"})
    found = api_of(world).patch_task_group_instances(SHOP, run_id, "work", body)
    assert {(one.task_id, one.state) for one in found.task_instances} == {("work.double", "skipped")}


@instances
def patch_task_group_instances_dry_run(world: World) -> None:
    body = made(PatchTaskInstanceBody, {"new_state": "skipped"})
    found = api_of(world).patch_task_group_instances_dry_run(SHOP, RUN, "work", body)
    assert len(found.task_instances) == 3


@instances
def bulk_task_instances(world: World) -> None:
    run_id = world.run()
    actions = [
        {"action": "update", "entities": [{"task_id": "done", "new_state": "failed"}]},
        {"action": "delete", "entities": [{"task_id": "report"}]},
    ]
    body = made(BulkBodyBulkTaskInstanceBody, {"actions": actions})
    done = api_of(world).bulk_task_instances(SHOP, run_id, body)
    assert done.update is not None
    assert done.delete is not None
    assert (len(done.update.success or []), len(done.delete.success or [])) == (1, 1)


@instances
def delete_task_instance(world: World) -> None:
    run_id = world.run()
    api_of(world).delete_task_instance(SHOP, run_id, "report")
    names = {one.task_id for one in api_of(world).get_task_instances(SHOP, run_id).task_instances}
    assert "report" not in names


@instances
def post_clear_task_instances(world: World) -> None:
    run_id = world.run()
    fields = {
        "dag_run_id": run_id,
        "task_ids": ["flaky", ["work.double", 1]],
        "only_failed": False,
        "dry_run": False,
    }
    found = api_of(world).post_clear_task_instances(SHOP, made(ClearTaskInstancesBody, fields))
    cleared = {(one.task_id, one.map_index) for one in found.task_instances}
    assert cleared == {("flaky", -1), ("work.double", 1)}


# Questions to people.


def asked(world: World) -> str:
    run_id = world.run("asking", state=None)
    world.wait(lambda: api_of(world).get_hitl_details("asking", run_id).hitl_details)
    return run_id


@instances
def get_hitl_details(world: World) -> None:
    run_id = asked(world)
    found = api_of(world).get_hitl_details("~", "~", response_received=False, order_by=["-created_at"])
    assert run_id in {one.task_instance.dag_run_id for one in found.hitl_details}


@instances
def get_hitl_detail(world: World) -> None:
    detail = api_of(world).get_hitl_detail("asking", asked(world), "ask", -1)
    assert (detail.subject, detail.options, detail.response_received) == ("Ship it?", ["Yes", "No"], False)


@instances
def update_hitl_detail(world: World) -> None:
    run_id = asked(world)
    body = made(UpdateHITLDetailPayload, {"chosen_options": ["Yes"], "params_input": {}})
    answer = api_of(world).update_hitl_detail("asking", run_id, "ask", -1, body)
    assert answer.chosen_options == ["Yes"]
    world.wait(lambda: api_of(world).get_task_instance("asking", run_id, "ask").state == "success")


@instances
def get_hitl_detail_try_detail(world: World) -> None:
    run_id = asked(world)
    assert api_of(world).get_hitl_detail_try_detail("asking", run_id, "ask", -1, 1).subject == "Ship it?"
