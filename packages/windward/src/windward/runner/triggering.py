"""What a `DagRunTriggerException` asks for: a run of another DAG, and waiting for its end."""

from __future__ import annotations

import logging
from typing import Any

from windward.sdk.exceptions import DagRunTriggerException, TaskDeferred
from windward.sdk.triggering import RunRequest, ask_for_run, wait_for_run


def trigger_run(asked: DagRunTriggerException, ti: Any) -> None:
    """Create the run and, when asked to, wait for it. Raises what the task ends by, or that it is deferred."""
    request = RunRequest(
        dag_id=asked.trigger_dag_id,
        run_id=asked.dag_run_id,
        conf=dict(asked.conf or {}),
        logical_date=asked.logical_date,
        run_after=asked.run_after,
        note=asked.note,
        reset=bool(asked.reset_dag_run),
        skip_when_already_exists=bool(asked.skip_when_already_exists),
        waits=bool(asked.wait_for_completion),
        allowed_states=tuple(str(state) for state in asked.allowed_states or ("success",)),
        failed_states=tuple(str(state) for state in asked.failed_states or ()),
        poke_interval_s=float(asked.poke_interval),
    )
    run = ask_for_run(request, ti)
    log = logging.getLogger("airflow.task")
    log.info("Triggered run %s of DAG %s", run.run_id, run.dag_id)
    if not request.waits:
        return
    if asked.deferrable:
        from windward.sdk.triggers.external_task import DagStateTrigger  # only tasks that defer need it

        trigger = DagStateTrigger(
            dag_id=run.dag_id,
            states=[*request.allowed_states, *request.failed_states],
            run_ids=[run.run_id],
            poll_interval=request.poke_interval_s,
        )
        raise TaskDeferred(trigger=trigger, method_name="execute_complete")
    wait_for_run(run, request, log=log)
