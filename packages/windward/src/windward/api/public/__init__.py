"""`/api/v2`: Airflow's public API, with its paths, bodies and names. One module for each of its resources.

What lives here: the shapes of bodies, and handlers that call a read model or the desk. What may not: SQL and decisions.
"""

from __future__ import annotations

from windward.api.contract.operation import Operation
from windward.api.public import (
    asset_queue,
    assets,
    backfills,
    config,
    connection_tests,
    connections,
    dag_run_bulk,
    dag_run_changes,
    dag_run_wait,
    dag_runs,
    dag_sources,
    dag_stats,
    dag_versions,
    dag_warnings,
    dags,
    event_logs,
    hitl,
    import_errors,
    installed,
    jobs,
    login,
    logs,
    monitor,
    pools,
    state_store,
    task_instance_bulk,
    task_instance_changes,
    task_instance_clear,
    task_instances,
    tasks,
    variables,
    xcoms,
)

OPERATIONS: tuple[Operation, ...] = (
    *config.OPERATIONS,
    *connection_tests.OPERATIONS,
    *connections.OPERATIONS,
    *assets.OPERATIONS,
    *asset_queue.OPERATIONS,
    *dag_runs.OPERATIONS,
    *dag_run_changes.OPERATIONS,
    *dag_run_bulk.OPERATIONS,
    *dag_run_wait.OPERATIONS,
    *dag_versions.OPERATIONS,
    *backfills.OPERATIONS,
    *dag_sources.OPERATIONS,
    *dag_stats.OPERATIONS,
    *dag_warnings.OPERATIONS,
    *dags.OPERATIONS,
    *import_errors.OPERATIONS,
    *tasks.OPERATIONS,
    *event_logs.OPERATIONS,
    *installed.OPERATIONS,
    *jobs.OPERATIONS,
    *login.OPERATIONS,
    *logs.OPERATIONS,
    *monitor.OPERATIONS,
    *pools.OPERATIONS,
    *xcoms.OPERATIONS,
    *state_store.OPERATIONS,
    *hitl.OPERATIONS,
    *variables.OPERATIONS,
    # Last: `…/taskInstances/{task_id}/{map_index}` would take what others have in the place of an index.
    *task_instances.OPERATIONS,
    *task_instance_clear.OPERATIONS,
    *task_instance_bulk.OPERATIONS,
    *task_instance_changes.OPERATIONS,
)
"""All of them. A path that is more special than another stands before it."""
