"""What the client does with pools, variables, connections and their tests, and with the installation itself."""

from airflow_client.client.api.config_api import ConfigApi
from airflow_client.client.api.connection_api import ConnectionApi
from airflow_client.client.api.event_log_api import EventLogApi
from airflow_client.client.api.job_api import JobApi
from airflow_client.client.api.login_api import LoginApi
from airflow_client.client.api.monitor_api import MonitorApi
from airflow_client.client.api.plugin_api import PluginApi
from airflow_client.client.api.pool_api import PoolApi
from airflow_client.client.api.provider_api import ProviderApi
from airflow_client.client.api.variable_api import VariableApi
from airflow_client.client.api.version_api import VersionApi
from airflow_client.client.models.bulk_body_connection_body import BulkBodyConnectionBody
from airflow_client.client.models.bulk_body_pool_body import BulkBodyPoolBody
from airflow_client.client.models.bulk_body_variable_body import BulkBodyVariableBody
from airflow_client.client.models.connection_body import ConnectionBody
from airflow_client.client.models.connection_test_request_body import ConnectionTestRequestBody
from airflow_client.client.models.pool_body import PoolBody
from airflow_client.client.models.pool_patch_body import PoolPatchBody
from airflow_client.client.models.variable_body import VariableBody

from tests.api_client.world import World, exercises, made

# Pools.


def new_pool(world: World) -> str:
    name = world.name("pool")
    world.api(PoolApi).post_pool(PoolBody(name=name, slots=3, description="few", include_deferred=False))
    return name


@exercises.of(PoolApi)
def post_pool(world: World) -> None:
    name = new_pool(world)
    assert world.api(PoolApi).get_pool(name).description == "few"


@exercises.of(PoolApi)
def get_pool(world: World) -> None:
    pool = world.api(PoolApi).get_pool("default_pool")
    assert (pool.name, pool.open_slots + pool.occupied_slots) == ("default_pool", pool.slots)


@exercises.of(PoolApi)
def get_pools(world: World) -> None:
    name = new_pool(world)
    found = world.api(PoolApi).get_pools(limit=1, order_by=["-name"], pool_name_pattern=name)
    assert [one.name for one in found.pools] == [name]


@exercises.of(PoolApi)
def patch_pool(world: World) -> None:
    name = new_pool(world)
    body = made(PoolPatchBody, {"slots": 7, "description": "ignored"})
    changed = world.api(PoolApi).patch_pool(name, body, update_mask=["slots"])
    assert (changed.slots, changed.description) == (7, "few")


@exercises.of(PoolApi)
def delete_pool(world: World) -> None:
    name = new_pool(world)
    world.api(PoolApi).delete_pool(name)
    assert not world.api(PoolApi).get_pools(pool_name_pattern=name).pools


@exercises.of(PoolApi)
def bulk_pools(world: World) -> None:
    name, other = world.name("pool"), new_pool(world)
    pool = {"name": name, "slots": 1, "include_deferred": True}
    actions = [
        {"action": "create", "entities": [pool]},
        {"action": "update", "entities": [{**pool, "slots": 2}]},
        {"action": "delete", "entities": [other]},
    ]
    done = world.api(PoolApi).bulk_pools(made(BulkBodyPoolBody, {"actions": actions}))
    assert done.create is not None
    assert done.create.success == [name]
    assert done.update is not None
    assert done.update.success == [name]
    assert done.delete is not None
    assert done.delete.success == [other]


# Variables.


def new_variable(world: World, value: object = "north") -> str:
    key = world.name("variable")
    world.api(VariableApi).post_variable(VariableBody(key=key, value=value, description="where"))
    return key


@exercises.of(VariableApi)
def post_variable(world: World) -> None:
    key = new_variable(world, {"a": [1]})
    assert world.api(VariableApi).get_variable(key).value == '{\n  "a": [\n    1\n  ]\n}'


@exercises.of(VariableApi)
def get_variable(world: World) -> None:
    found = world.api(VariableApi).get_variable(new_variable(world))
    assert (found.value, found.description) == ("north", "where")


@exercises.of(VariableApi)
def get_variables(world: World) -> None:
    key = new_variable(world)
    found = world.api(VariableApi).get_variables(variable_key_pattern=key, order_by=["-key"], limit=5)
    assert [one.key for one in found.variables] == [key]


@exercises.of(VariableApi)
def patch_variable(world: World) -> None:
    key = new_variable(world)
    body = VariableBody(key=key, value="south")
    changed = world.api(VariableApi).patch_variable(key, body, update_mask=["value"])
    assert (changed.value, changed.description) == ("south", "where")


@exercises.of(VariableApi)
def delete_variable(world: World) -> None:
    key = new_variable(world)
    world.api(VariableApi).delete_variable(key)
    assert not world.api(VariableApi).get_variables(variable_key_pattern=key).variables


@exercises.of(VariableApi)
def bulk_variables(world: World) -> None:
    key, other = world.name("variable"), new_variable(world)
    actions = [
        {"action": "create", "action_on_existence": "overwrite", "entities": [{"key": key, "value": "1"}]},
        {"action": "delete", "action_on_non_existence": "skip", "entities": [other, "never"]},
    ]
    done = world.api(VariableApi).bulk_variables(made(BulkBodyVariableBody, {"actions": actions}))
    assert done.create is not None
    assert done.create.success == [key]
    assert done.delete is not None
    assert done.delete.success == [other]


# Connections.


def new_connection(world: World) -> str:
    name = world.name("connection")
    world.api(ConnectionApi).post_connection(
        ConnectionBody(
            connection_id=name, conn_type="postgres", host="db.test", password="secret-1", schema="shop"
        )
    )
    return name


@exercises.of(ConnectionApi)
def post_connection(world: World) -> None:
    assert world.api(ConnectionApi).get_connection(new_connection(world)).var_schema == "shop"


@exercises.of(ConnectionApi)
def get_connection(world: World) -> None:
    found = world.api(ConnectionApi).get_connection(new_connection(world))
    assert (found.host, found.password) == ("db.test", "***")


@exercises.of(ConnectionApi)
def get_connections(world: World) -> None:
    name = new_connection(world)
    found = world.api(ConnectionApi).get_connections(
        connection_id_prefix_pattern=name, order_by=["conn_type"]
    )
    assert [one.connection_id for one in found.connections] == [name]


@exercises.of(ConnectionApi)
def patch_connection(world: World) -> None:
    name = new_connection(world)
    body = ConnectionBody(connection_id=name, conn_type="mysql", port=3306)
    changed = world.api(ConnectionApi).patch_connection(name, body, update_mask=["port"])
    assert (changed.port, changed.conn_type, changed.host) == (3306, "postgres", "db.test")


@exercises.of(ConnectionApi)
def delete_connection(world: World) -> None:
    name = new_connection(world)
    world.api(ConnectionApi).delete_connection(name)
    assert not world.api(ConnectionApi).get_connections(connection_id_pattern=name).connections


@exercises.of(ConnectionApi)
def bulk_connections(world: World) -> None:
    name, other = world.name("connection"), new_connection(world)
    actions = [
        {"action": "create", "entities": [{"connection_id": name, "conn_type": "http"}]},
        {"action": "delete", "entities": [other]},
    ]
    done = world.api(ConnectionApi).bulk_connections(made(BulkBodyConnectionBody, {"actions": actions}))
    assert done.create is not None
    assert done.create.success == [name]
    assert done.delete is not None
    assert done.delete.success == [other]


@exercises.of(ConnectionApi)
def create_default_connections(world: World) -> None:
    world.api(ConnectionApi).create_default_connections()
    assert world.api(ConnectionApi).get_connection("http_default").conn_type == "http"


@exercises.of(ConnectionApi)
def test_connection(world: World) -> None:
    body = ConnectionBody(connection_id=world.name("connection"), conn_type="fs")
    assert world.api(ConnectionApi).test_connection(body).message


def enqueued(world: World) -> str:
    body = ConnectionTestRequestBody(connection_id=world.name("connection"), conn_type="fs")
    token = world.api(ConnectionApi).enqueue_connection_test(body).token
    assert isinstance(token, str)
    return token


@exercises.of(ConnectionApi)
def enqueue_connection_test(world: World) -> None:
    assert enqueued(world)


@exercises.of(ConnectionApi)
def get_connection_test(world: World) -> None:
    token, api = enqueued(world), world.api(ConnectionApi)
    world.wait(lambda: api.get_connection_test(token).state in {"success", "failed"})


# The installation.


@exercises.of(ConfigApi)
def get_config(world: World) -> None:
    (section,) = world.api(ConfigApi).get_config(section="core", accept="application/json").sections
    assert section.name == "core"


@exercises.of(ConfigApi)
def get_config_value(world: World) -> None:
    (section,) = world.api(ConfigApi).get_config_value("core", "parallelism").sections
    assert [one.key for one in section.options] == ["parallelism"]


@exercises.of(JobApi)
def get_jobs(world: World) -> None:
    found = world.api(JobApi).get_jobs(job_type="SchedulerJob", is_alive=True)
    assert {one.job_type for one in found.jobs} == {"SchedulerJob"}


@exercises.of(PluginApi)
def get_plugins(world: World) -> None:
    assert world.api(PluginApi).get_plugins(limit=5).total_entries >= 0


@exercises.of(PluginApi)
def import_errors(world: World) -> None:
    assert world.api(PluginApi).import_errors().import_errors == []


@exercises.of(ProviderApi)
def get_providers(world: World) -> None:
    assert world.api(ProviderApi).get_providers(limit=2).total_entries >= 0


@exercises.of(MonitorApi)
def get_health(world: World) -> None:
    health = world.api(MonitorApi).get_health()
    assert (health.scheduler.status, health.metadatabase.status) == ("healthy", "healthy")


@exercises.of(VersionApi)
def get_version(world: World) -> None:
    assert world.api(VersionApi).get_version().version


@exercises.of(EventLogApi)
def get_event_logs(world: World) -> None:
    new_pool(world)
    found = world.api(EventLogApi).get_event_logs(event="post_pool", limit=1, order_by=["-event_log_id"])
    assert [one.event for one in found.event_logs] == ["post_pool"]


@exercises.of(EventLogApi)
def get_event_log(world: World) -> None:
    new_pool(world)
    (listed,) = world.api(EventLogApi).get_event_logs(limit=1, order_by=["-event_log_id"]).event_logs
    assert world.api(EventLogApi).get_event_log(listed.event_log_id) == listed


# Signing in and out: addresses for browsers, which answer with pages, so that the client is asked for raw answers.


@exercises.of(LoginApi)
def login(world: World) -> None:
    answer = world.api(LoginApi).login_without_preload_content(next="/")
    assert b"<form" in answer.data


@exercises.of(LoginApi)
def logout(world: World) -> None:
    answer = world.api(LoginApi).logout_without_preload_content()
    assert b"<form" in answer.data
