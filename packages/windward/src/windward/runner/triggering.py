"""Creating a run of another DAG for a task that asked for it by `DagRunTriggerException`, and waiting for its end."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from windward.errors import UserError
from windward.logs.writer import LogWriter
from windward.protocol.calls import GetRun, Refused, RunAnswer, TriggerRun
from windward.protocol.work import RunContext
from windward.sdk.bridge import TaskBridge
from windward.sdk.exceptions import AirflowException, AirflowSkipException, DagRunTriggerException

POLL_S_MIN = 0.1


def trigger_run(request: DagRunTriggerException, bridge: TaskBridge, *, log: LogWriter) -> Any:
    """Create the run, wait for it when asked to; return nothing. Raises what the task ends by."""
    run = _create(request, bridge)
    log.line("info", "run triggered", dag_id=run.dag_id, run_id=run.run_id)
    if not request.wait_for_completion:
        return
    allowed = {str(state) for state in request.allowed_states or ("success",)}
    failed = {str(state) for state in request.failed_states or ("failed",)}
    while True:
        time.sleep(max(POLL_S_MIN, float(request.poke_interval)))
        answer = bridge.call(GetRun(dag_id=run.dag_id, run_id=run.run_id))
        if not isinstance(answer, RunAnswer) or answer.run is None:
            raise AirflowException(
                f"the triggered run `{run.run_id}` of `{run.dag_id}` does not exist any more"
            )
        if answer.run.state in failed:
            raise AirflowException(
                f"the triggered run `{run.run_id}` of `{run.dag_id}` ended as {answer.run.state}"
            )
        if answer.run.state in allowed:
            log.line("info", "triggered run ended", run_id=run.run_id, state=answer.run.state)
            return


def _create(request: DagRunTriggerException, bridge: TaskBridge) -> RunContext:
    answer = bridge.call(
        TriggerRun(
            dag_id=request.trigger_dag_id,
            run_id=request.dag_run_id,
            logical_date=_aware(request.logical_date),
            conf=dict(request.conf or {}),
            note=getattr(request, "note", None),
            reset=bool(request.reset_dag_run),
        )
    )
    match answer:
        case RunAnswer(run=run) if run is not None:
            return run
        case Refused(code="conflict") if request.skip_when_already_exists:
            raise AirflowSkipException(f"a run like this of `{request.trigger_dag_id}` exists already")
        case Refused(message=message, hint=hint):
            raise UserError(message, hint=hint or f"Look at the runs of `{request.trigger_dag_id}`.")
    raise AirflowException(f"no run of `{request.trigger_dag_id}` was created")


def _aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
